"""System: what runs, how fast, on how much, and of which version."""

import platform
from collections.abc import Sequence
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from typing import Any

from dash import Dash, Input, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError
from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.history_rows import TableSize, WeightUse
from binance_trade_agent.domain.programs import ProgramState
from binance_trade_agent.domain.records import CycleRow, Heartbeat, Incident, Session
from binance_trade_agent.interfaces.dashboard import program_acts
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import badges, charts
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.bars import bar
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, attributes
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import chart_times, moment
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.desks import Desk
from binance_trade_agent.telemetry.health import TraderCondition

#: Programs come and go without a row of the database; asking supervisord takes a millisecond or two.
_PROGRAMS_EVERY_MS = 5000
_CYCLES, _SESSIONS = 200, 20
#: What Binance allows a minute and an address.
_WEIGHT_ALLOWED = Decimal(6000)
_MEGABYTE = Decimal(1_000_000)
_PACKAGES = ("binance-trade-agent", "dash", "python-binance", "SQLAlchemy", "supervisor", "mcp")
_TONES = {
    "RUNNING": ("●", "good"),
    "STARTING": ("…", "warn"),
    "STOPPING": ("…", "warn"),
    "STOPPED": ("■", "quiet"),
    "EXITED": ("■", "warn"),
    "BACKOFF": ("!", "bad"),
    "FATAL": ("✕", "bad"),
}
#: Conditions whose sentence is an age: it would stand still.
_COUNTED = frozenset(
    {TraderCondition.CYCLING, TraderCondition.NOT_CYCLING, TraderCondition.BLIND, TraderCondition.DEAD}
)
_CYCLES_LAYOUT = charts.layout(
    "cycles", yaxis=charts.axis(side="right", nticks=5, rangemode="tozero", ticksuffix=" s")
)


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading("System"),
            html.Div(id="system-incidents", className="notes"),
            html.Div(loading(), id="system-figures"),
            card("Programs", html.Div(loading(), id="system-programs")),
            dcc.Interval(id="system-tick", interval=_PROGRAMS_EVERY_MS),
            card(
                "Time that cycles took",
                html.Div(
                    [
                        charts.frame("system-cycles-frame", charts.chart("system-cycles", _CYCLES_LAYOUT)),
                        html.Div(id="system-cycles-empty"),
                    ]
                ),
                aside=[
                    html.Span(
                        [
                            html.Span("whole cycle", className="key"),
                            html.Span("our own part", className="key own"),
                        ],
                        className="legend",
                    )
                ],
            ),
            html.Div(
                [
                    card("Signs of life", html.Div(loading(), id="system-heartbeats")),
                    card("Requests to exchanges", html.Div(loading(), id="system-weights")),
                ],
                className="columns",
            ),
            card("Sessions", html.Div(loading(), id="system-sessions")),
            html.Div(
                [
                    card("Database", html.Div(loading(), id="system-database")),
                    card("Versions", html.Div(loading(), id="system-versions")),
                ],
                className="columns even",
            ),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    parts = (
        ("system-incidents", "children", (Topic.HEALTH,), incidents),
        ("system-figures", "children", (Topic.CYCLES, Topic.HEALTH), key_figures),
        ("system-cycles", "figure", (Topic.CYCLES,), cycles),
        ("system-cycles-frame", "className", (Topic.CYCLES,), cycles_style),
        ("system-cycles-empty", "children", (Topic.CYCLES,), cycles_empty),
        ("system-heartbeats", "children", (Topic.CYCLES, Topic.HEALTH), heartbeats),
        ("system-weights", "children", (Topic.CYCLES,), weights),
        ("system-sessions", "children", (Topic.HEALTH,), sessions),
        ("system-database", "children", (Topic.HEALTH,), database),
        ("system-versions", "children", (Topic.HEALTH,), versions),
    )
    for element, prop, topics, draw in parts:
        context.show(app, Output(element, prop), topics, draw)
    context.show(
        app,
        Output("system-programs", "children"),
        (Topic.CONTROL, Topic.HEALTH),
        lambda desk, _tick: programs(desk),
        inputs=[Input("system-tick", "n_intervals")],
    )


def incidents(desk: Desk) -> list[Component]:
    """What is open."""
    found: Sequence[Incident] = desk.watch.status().incidents
    return [note(one.severity, one.text, moment(one.opened_at), title=one.key) for one in found]


def key_figures(desk: Desk) -> Component:
    """How the trader stands, how long its cycles take, what it asks of the exchange."""
    status = desk.watch.status()
    rows = desk.watch.cycles(limit=_CYCLES)
    own = sorted(row.own_ms for row in rows if row.own_ms is not None)
    whole = sorted(row.duration_s for row in rows if row.duration_s is not None)
    used = desk.history.weights()
    most = max((one.used for one in used), default=None)
    late = sum(row.skipped_ticks for row in rows)
    return figures(
        _trader(status),
        figure(
            "Cycles",
            f"{status.cycles:,}",
            note=f"every {status.interval_s:g} s",
            name="cycles",
            value=status.cycles,
        ),
        figure(
            "A cycle takes up to",
            _seconds(_percentile(whole, 95)),
            note=f"95 % of the newest {len(whole)}" if whole else "none has ended yet",
        ),
        figure(
            "Our part of it up to",
            _seconds(_own_s(own)),
            note="without waiting for the exchange" if own else "",
        ),
        figure(
            "Cycles skipped",
            str(late) if rows else ABSENT,
            note=f"while others took too long, newest {len(rows)}" if rows else "",
            name="skipped",
            value=late,
        ),
        figure(
            "Request weight",
            f"{most:,}" if most is not None else ABSENT,
            note=f"of {_WEIGHT_ALLOWED:,} a minute",
            name="weight",
            value=most,
        ),
    )


def _trader(status: AgentStatus) -> Component:
    """Its condition; the browser counts how long ago its newest cycle began, as it does in the bar."""
    health, cycle = status.health, status.last_cycle
    said: Child = health.text
    if cycle is not None and health.condition in _COUNTED:
        said = html.Span([f"cycle {cycle.number} began ", moment(cycle.started_at, "ago")])
    return figure("Trader", health.condition.value.capitalize(), note=said)


def programs(desk: Desk) -> Component:
    """Each program with its state, and what can be done with it."""
    try:
        rows = desk.programs.all()
    except SupervisionError as error:
        return empty_state(
            "No program can be started or stopped from here.",
            [
                str(error).split(":", 1)[0],
                ". Start everything with ",
                html.Code("make up"),
                " or ",
                html.Code("binance-trade-agent supervise"),
                "; what is shown below comes from the database.",
            ],
        )
    columns: list[Column[ProgramState]] = [
        Column("Program", _program_name, value=lambda row: row.name),
        Column("State", lambda row: _program_state(row), value=lambda row: row.state),
        Column("Since", lambda row: moment(row.started_at), numeric=True, value=lambda row: row.started_at),
        Column("Process id", lambda row: str(row.pid or ABSENT), numeric=True, value=lambda row: row.pid),
        Column("", _program_buttons, wide=True),
    ]
    return table("system-programs", "Programs", columns, rows, empty=empty_state("No program is known."))


def cycles(desk: Desk) -> Any:
    """New data for the chart of the newest cycles."""
    rows = _ended(desk)
    runs = [list(run) for _, run in groupby(rows, key=lambda row: row.session_id)]
    return charts.new_data([trace for run in runs for trace in _times_taken(run)])


def cycles_style(desk: Desk) -> str:
    """Hidden before its first point."""
    return "" if _ended(desk) else "gone"


def cycles_empty(desk: Desk) -> Component | str:
    """What stands in for the chart."""
    return "" if _ended(desk) else empty_state("No cycle has ended yet.", ["Start the trader above."])


def heartbeats(desk: Desk) -> Component:
    """When each process last wrote, and last had data to work with."""
    columns: list[Column[Heartbeat]] = [
        Column("Process", lambda row: html.Strong(row.process), value=lambda row: row.process),
        Column("Process id", lambda row: str(row.pid), numeric=True, value=lambda row: row.pid),
        Column("Last sign", lambda row: moment(row.at, "ago"), numeric=True, value=lambda row: row.at),
        Column(
            "Last had data",
            lambda row: moment(row.useful_at, "ago"),
            numeric=True,
            value=lambda row: row.useful_at,
        ),
    ]
    empty = empty_state("No sign of life yet.", ["The trader writes one every 5 s."])
    return table("system-heartbeats", "Signs of life", columns, desk.watch.status().heartbeats, empty=empty)


def weights(desk: Desk) -> Component:
    """The request weight of the last minute that anything was asked in."""
    columns: list[Column[WeightUse]] = [
        Column("Address", lambda row: row.address, value=lambda row: row.address, wide=True),
        Column("Minute", lambda row: moment(row.minute), numeric=True, value=lambda row: row.minute),
        Column("Weight", lambda row: f"{row.used:,}", numeric=True, value=lambda row: row.used),
        Column("", lambda row: bar(f"Weight used at {row.address}", Decimal(row.used), _WEIGHT_ALLOWED)),
    ]
    empty = empty_state("Nothing was asked yet.")
    return table("system-weights", "Request weight", columns, desk.history.weights(), empty=empty)


def sessions(desk: Desk) -> Component:
    """Runs of the trader: when, on what, and why they ended."""
    columns: list[Column[Session]] = [
        Column("Began", lambda row: moment(row.started_at), value=lambda row: row.started_at),
        Column("Ended", _ended_at, value=lambda row: row.ended_at),
        Column("Why it ended", _end_reason, wide=True),
        Column("Strategy", lambda row: row.strategy, wide=True, value=lambda row: row.strategy),
        Column(
            "Symbols", lambda row: str(len(row.symbols)), numeric=True, value=lambda row: len(row.symbols)
        ),
        Column("Until", lambda row: moment(row.deadline), numeric=True, value=lambda row: row.deadline),
        Column("Session", lambda row: html.Code(row.id[:8]), value=lambda row: row.id),
    ]
    empty = empty_state("The trader has not run yet.", ["Start it above."])
    rows = desk.watch.sessions(limit=_SESSIONS)
    return table("system-sessions", "Sessions", columns, rows, empty=empty)


def database(desk: Desk) -> Component:
    """How much there is, and how many rows of what."""
    columns: list[Column[TableSize]] = [
        Column("Rows of", lambda row: row.name.replace("_", " "), value=lambda row: row.name),
        Column("Number", _rows_number, numeric=True, value=lambda row: row.rows),
    ]
    size = desk.history.size()
    rows = sorted(size.tables, key=lambda row: -row.rows)
    whole = html.P(
        badges.with_unit(f"{size.size_bytes / _MEGABYTE:,.1f}", "MB in all"),
        className="card-body",
        **attributes(data_figure="database-bytes", data_value=str(size.size_bytes)),
    )
    shown = table("system-database", "Tables", columns, rows, empty=empty_state("The database is empty."))
    return html.Div([whole, shown])


def versions(desk: Desk) -> Component:
    """What runs here."""
    shown = {"Python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}
    facts = [part for name, text in shown.items() for part in (html.Dt(name), html.Dd(text))]
    return html.Dl(facts, className="facts card-body")


def _times_taken(run: Sequence[CycleRow]) -> list[dict[str, Any]]:
    """The lines of one session: between two there was no trader."""
    times = chart_times([row.started_at for row in run])
    return [
        charts.line("whole cycle", times, [row.duration_s or 0 for row in run], charts.BLUE),
        charts.line("our own part", times, [(row.own_ms or 0) / 1000 for row in run], charts.AMBER),
    ]


def _program_name(row: ProgramState) -> Component:
    return html.Span([html.Strong(program_acts.title_of(row.name)), html.Small(row.name, className="under")])


def _program_state(row: ProgramState) -> Component:
    glyph, tone = _TONES.get(row.state, ("", ""))
    ended = f"exit code {row.exit_code}" if row.exit_code is not None else ""
    return html.Span([badges.badge(row.state.lower(), tone, glyph), html.Small(ended, className="under")])


def _program_buttons(row: ProgramState) -> Child:
    if row.name == program_acts.DASHBOARD:
        return html.Span("draws this page", className="quiet-text")
    name = program_acts.title_of(row.name)
    if not row.is_up:
        shown = [
            act_button(
                program_acts.START, "Start", target=row.name, style="small primary", name=f"Start {name}"
            )
        ]
    else:
        shown = [
            act_button(
                program_acts.RESTART, "Restart", target=row.name, style="small", name=f"Restart {name}"
            ),
            act_button(program_acts.STOP, "Stop", target=row.name, style="small grave", name=f"Stop {name}"),
        ]
    return html.Div(shown, className="row-buttons")


def _ended(desk: Desk) -> list[CycleRow]:
    """The newest cycles that have ended, oldest first."""
    return [row for row in reversed(desk.watch.cycles(limit=_CYCLES)) if row.duration_s is not None]


def _ended_at(row: Session) -> Component:
    return badges.badge("runs", "good", "●") if row.ended_at is None else moment(row.ended_at)


def _end_reason(row: Session) -> str:
    if row.ended_at is None:
        return ""
    code = f" (exit code {row.exit_code})" if row.exit_code is not None else ""
    return f"{(row.end_reason or 'unknown').replace('_', ' ')}{code}"


def _rows_number(row: TableSize) -> str:
    return f"{row.rows:,}{' or more' if row.is_least else ''}"


def _percentile(values: Sequence[float], share: int) -> float | None:
    """Of sorted values; the greatest of few."""
    return values[min(len(values) * share // 100, len(values) - 1)] if values else None


def _seconds(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2f} s"


def _own_s(own_ms: Sequence[float]) -> float | None:
    slowest = _percentile(own_ms, 95)
    return None if slowest is None else slowest / 1000


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ABSENT


PAGE = Page("/system", "System", "system", 100, layout, register, acts=program_acts.ALL)
