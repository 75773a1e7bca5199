"""Settings: every value with where it comes from, masked where it is a secret, and what may change at run time."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from dash import Dash, Output
from dash.development.base_component import Component

from binance_trade_agent.bootstrap.desk_settings import ShownSetting
from binance_trade_agent.interfaces.dashboard import setting_acts
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.notification_acts import TEST, notifications_card
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, asked
from binance_trade_agent.interfaces.desks import Desk

#: The key of an incident about a value that cannot be, before the setting's name.
_IGNORED = "override_ignored:"
_CHANGED, _CHANGEABLE = "changed", "changeable"
_CHOICES = (
    Choice(
        "show",
        "Show",
        [("", "all"), (_CHANGED, "not the default"), (_CHANGEABLE, "what may change at run time")],
    ),
    Choice("text", "With the text", hint="such as RISK or spread"),
)


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Settings",
                "As read when the dashboard started, with what was set at run time since. Others want a restart.",
            ),
            card("Set at run time", html.Div(loading(), id="settings-overrides")),
            html.Div(loading(), id="settings-notifications"),
            choices(*_CHOICES),
            html.Div(loading(), id="settings-groups", className="stack"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    moved = (Topic.CONTROL, Topic.HEALTH)
    context.show(app, Output("settings-overrides", "children"), moved, overrides)
    context.show(app, Output("settings-notifications", "children"), (Topic.CONTROL,), notifications_card)
    context.show(app, Output("settings-groups", "children"), (Topic.CONTROL,), groups, inputs=[QUERY])


def overrides(desk: Desk) -> Component:
    """What stands before environment and files, who set it, and what of it the trader ignores."""
    rows = [setting for setting in desk.settings.all() if setting.override is not None]
    ignored = {
        incident.key.removeprefix(_IGNORED): incident.text
        for incident in desk.watch.status().incidents
        if incident.key.startswith(_IGNORED)
    }
    columns: list[Column[ShownSetting]] = [
        Column("Setting", _name, value=lambda row: row.name),
        Column("Value", lambda row: _value(row.value), value=lambda row: row.value),
        Column("Instead of", lambda row: _value(row.configured), value=lambda row: row.configured),
        Column("Set by", _set_by),
        Column("", lambda row: _buttons(row), wide=True),
    ]
    empty = empty_state(
        "Nothing is set at run time.",
        ["What may change has a button below; the trader takes a change before its next cycle."],
    )
    notes = [note("critical", text, title=name) for name, text in sorted(ignored.items())]
    shown = table("settings-overrides", "Set at run time", columns, rows, empty=empty)
    return html.Div([html.Div(notes, className="notes"), shown])


def groups(desk: Desk, search: str | None) -> list[Component] | Component:
    """A card a group, with the settings that were asked for."""
    query = asked(search)
    wanted = [setting for setting in desk.settings.all() if _is_wanted(setting, query)]
    if not wanted:
        return empty_state("No setting fits.", ["Choose all, or take the text away."])
    return [_group(name, list(rows)) for name, rows in groupby(wanted, key=lambda setting: setting.group)]


def _group(name: str, rows: Sequence[ShownSetting]) -> Component:
    columns: list[Column[ShownSetting]] = [
        Column("Setting", _name, wide=True, value=lambda row: row.name),
        Column("Value", lambda row: _value(row.value), value=lambda row: row.value),
        Column("From", _origin, value=lambda row: row.override.origin if row.override else row.origin),
        Column("", _buttons),
    ]
    shown = table(f"settings-{name.split()[0].lower()}", name, columns, rows, empty=empty_state("None."))
    return card(name, shown, style="settings")


def _is_wanted(setting: ShownSetting, query: Mapping[str, str]) -> bool:
    text = query.get("text", "").lower()
    if text not in f"{setting.name} {setting.description}".lower():
        return False
    if query.get("show") == _CHANGEABLE:
        return setting.is_changeable
    if query.get("show") == _CHANGED:
        return setting.override is not None or not setting.origin.startswith("default")
    return True


def _name(row: ShownSetting) -> Component:
    return html.Span(
        [html.Code(row.name), html.Small(f"{row.description} ({row.allowed})", className="under quiet-text")]
    )


def _value(text: str) -> Child:
    return html.Span(text, className="setting-value") if text else html.Span("unset", className="quiet-text")


def _origin(row: ShownSetting) -> Child:
    return _set_by(row) if row.override else row.origin


def _set_by(row: ShownSetting) -> Component:
    if row.override is None:
        return html.Span(row.origin)
    return html.Span([f"{row.override.actor}, ", moment(row.override.at)])


def _buttons(row: ShownSetting) -> Child:
    if not row.is_changeable:
        return ""
    shown = [
        act_button(setting_acts.SET, "Change", target=row.name, style="small", name=f"Change {row.name}"),
    ]
    if row.override is not None:
        shown.append(
            act_button(
                setting_acts.UNSET, "Take back", target=row.name, style="small", name=f"Take back {row.name}"
            )
        )
    return html.Div(shown, className="row-buttons")


PAGE = Page("/settings", "Settings", "settings", 130, layout, register, acts=(*setting_acts.ALL, TEST))
