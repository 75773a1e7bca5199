"""What moves on the page. A part is sent only when what it shows has changed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.exceptions import PreventUpdate

from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.interfaces.dashboard import charts, glance, outside, sections
from binance_trade_agent.interfaces.dashboard.formats import zone_named
from binance_trade_agent.interfaces.dashboard.snapshot import Snapshot, take_snapshot
from binance_trade_agent.interfaces.desks import DeskDoor

ACTOR = "dashboard"
_DEFAULT_REASON = "from the dashboard"
_MAX_REASON = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A property of an element: what it depends on, and how it is drawn."""

    element: str
    prop: str
    key: Callable[[Snapshot], object]
    draw: Callable[[Snapshot, ZoneInfo], Any]

    @property
    def name(self) -> str:
        """Its name among the fingerprints."""
        return f"{self.element}.{self.prop}"


PARTS: tuple[Part, ...] = (
    Part("pulse", "data", lambda s: glance.pulse(s.status), lambda s, _: glance.pulse(s.status)),
    Part("control", "children", lambda s: s.status.control, lambda s, _: glance.control(s.status)),
    Part("pause", "hidden", lambda s: s.status.control, lambda s, _: not glance.may_pause(s.status)),
    Part("resume", "hidden", lambda s: s.status.control, lambda s, _: glance.may_pause(s.status)),
    Part("plan", "children", lambda s: glance.plan(s.status), lambda s, _: glance.plan(s.status)),
    Part(
        "attention",
        "children",
        lambda s: (s.status.incidents, s.status.unresolved, s.status.unresolved_cancels),
        sections.attention,
    ),
    Part(
        "figures",
        "children",
        lambda s: (
            s.status.equity,
            s.status.profit,
            s.status.cycles,
            s.status.orders_by_status,
            s.open_positions,
        ),
        lambda s, _: glance.figures(s),
    ),
    Part("equity-graph", "figure", lambda s: s.equity, charts.equity_update),
    Part(
        "equity-graph",
        "style",
        lambda s: not s.equity,
        lambda s, _: {} if s.equity else {"display": "none"},
    ),
    Part("equity-empty", "hidden", lambda s: not s.equity, lambda s, _: bool(s.equity)),
    Part("positions", "children", lambda s: (s.positions, s.protections), sections.positions),
    Part("decisions", "children", lambda s: s.decisions, sections.decisions),
    Part("fills", "children", lambda s: s.fills, sections.fills),
    Part("orders", "children", lambda s: s.orders, sections.orders),
    Part("outside", "children", lambda s: (s.flows, s.foreign_orders), outside.cards),
)

Seen = dict[str, str]


def refresh(door: DeskDoor, seen: Seen, zone: ZoneInfo) -> tuple[list[Any], Seen]:
    """A value for each part (`no_update` where nothing changed), and the new fingerprints."""
    try:
        snapshot = take_snapshot(door.desk().watch)
    except (StorageError, ConfigurationError) as error:
        return _unreadable(str(error), seen)
    marks = {part.name: _fingerprint(part.key(snapshot), zone) for part in PARTS}
    values = [
        no_update if seen.get(part.name) == marks[part.name] else part.draw(snapshot, zone) for part in PARTS
    ]
    return values, marks


def act(door: DeskDoor, intent: str, reason: str | None) -> str:
    """Pause or resume; the sentence that says how it ended."""
    why = (reason or "").strip()[:_MAX_REASON] or _DEFAULT_REASON
    try:
        steering = door.desk().steering
        change = steering.pause if intent == "pause" else steering.resume
        control = change(why, actor=ACTOR, channel="dashboard")
    except (StorageError, ConfigurationError) as error:
        return f"Nothing was changed: {error}"
    if control.state.entries_allowed:
        return "Resumed: entries are allowed from the next cycle on."
    if intent == "pause" and control.reason == why:
        return "Paused: no new entries, exits go on. It stays so over restarts."
    return f"Nothing was changed: the state is {control.state.value}, set by {control.actor}."


def register(app: Dash, door: DeskDoor) -> None:
    """Connect page, clock and desk."""
    _register_browser_side(app)

    def on_tick(_: int, __: Any, zone_name: str | None, seen: Seen | None) -> list[Any]:
        seen = seen or {}
        values, marks = refresh(door, seen, zone_named(zone_name))
        if marks == seen:
            raise PreventUpdate
        return [*values, marks]

    def on_confirm(clicks: int | None, intent: str | None, reason: str | None) -> tuple[Any, Any]:
        if not clicks or intent not in ("pause", "resume"):
            raise PreventUpdate
        return act(door, intent, reason), clicks

    app.callback(
        *[Output(part.element, part.prop) for part in PARTS],
        Output("seen", "data"),
        Input("tick", "n_intervals"),
        Input("acted", "data"),
        Input("zone", "data"),
        State("seen", "data"),
        # a database slower than the interval would else keep every answer from being shown
        running=[(Output("tick", "disabled"), True, False)],
    )(on_tick)
    app.callback(
        Output("notice", "children"),
        Output("acted", "data"),
        Input("confirm-do", "n_clicks"),
        State("intent", "data"),
        State("reason", "value"),
        running=[(Output("confirm-do", "disabled"), True, False)],
        prevent_initial_call=True,
    )(on_confirm)


def _register_browser_side(app: Dash) -> None:
    connect: Any = app.clientside_callback  # Dash does not type it
    connect(
        ClientsideFunction("page", "clock"),
        Output("pill", "children"),
        Output("pill", "className"),
        Output("clock", "children"),
        Input("second", "n_intervals"),
        Input("pulse", "data"),
    )
    connect(ClientsideFunction("page", "zone"), Output("zone", "data"), Input("zone", "id"))
    connect(
        ClientsideFunction("page", "open"),
        Output("intent", "data"),
        Output("confirm-title", "children"),
        Output("confirm-text", "children"),
        Output("reason", "value"),
        Input("pause", "n_clicks"),
        Input("resume", "n_clicks"),
        prevent_initial_call=True,
    )
    connect(
        ClientsideFunction("page", "close"),
        Output("closed", "data"),
        Input("confirm-cancel", "n_clicks"),
        Input("confirm-do", "n_clicks"),
        prevent_initial_call=True,
    )


def _unreadable(text: str, seen: Seen) -> tuple[list[Any], Seen]:
    marks = {**seen, "attention.children": f"unreadable {text}", "pulse.data": "unreadable"}
    shown = {
        "attention.children": [
            sections.alert(
                "critical",
                f"The database cannot be read: {text}. What is shown below is from before; it is tried again.",
            )
        ],
        "pulse.data": glance.unreadable_pulse(),
    }
    return [shown.get(part.name, no_update) for part in PARTS], marks


def _fingerprint(key: object, zone: ZoneInfo) -> str:
    return hashlib.blake2b(repr((key, zone.key)).encode(), digest_size=8).hexdigest()
