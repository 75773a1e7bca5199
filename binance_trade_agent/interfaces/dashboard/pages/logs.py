"""Logs: what a program wrote last, and what it writes now."""

from collections.abc import Mapping
from typing import Any

from dash import Dash, Input, Output, State, dcc, no_update
from dash.development.base_component import Component

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.interfaces.dashboard import program_acts
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes
from binance_trade_agent.interfaces.dashboard.components.states import empty_state, loading
from binance_trade_agent.interfaces.dashboard.log_lines import log_line, parsed
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, asked
from binance_trade_agent.interfaces.desks import Desk

_EVERY_MS = 2000
_LINES = 200
_LEVELS: Mapping[str, tuple[str, ...]] = {
    "warning": ("warning", "error", "critical"),
    "error": ("error", "critical"),
}
_PROGRAMS = [(name, title) for name, (title, _) in program_acts.PROGRAMS.items()]
_CHOICES = (
    # the trader is what is looked at without a choice
    Choice("program", "Program", [("", "Trader"), *_PROGRAMS[1:], ("supervisord", "supervisord")]),
    Choice("level", "Level", [("", "all"), ("warning", "warnings and errors"), ("error", "errors")]),
    Choice("follow", "Follow", [("", "yes"), ("no", "no")]),
    Choice("text", "With the text", hint="such as an order's id"),
)


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Logs", f"The newest {_LINES} lines that fit, the newest first. Secrets are blotted out."
            ),
            choices(*_CHOICES),
            card("Lines", html.Div(loading(), id="logs-lines")),
            dcc.Interval(id="logs-tick", interval=_EVERY_MS),
            dcc.Store(id="logs-stamp"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Ask the file alone whether there is more; read it only then."""
    context.show(
        app,
        Output("logs-stamp", "data"),
        (),
        stamp,
        inputs=[Input("logs-tick", "n_intervals"), QUERY],
        states=[State("logs-stamp", "data")],
    )
    context.show(
        app,
        Output("logs-lines", "children"),
        (),
        lines,
        inputs=[Input("logs-stamp", "data")],
        states=[State("location", "search")],
    )


def stamp(desk: Desk, tick: int | None, search: str | None, before: str | None) -> Any:
    """What stands for the file's newest line; no change where nothing is followed."""
    query, logs = asked(search), desk.logs
    program = _program(query)
    asked_for = f"{search or ''} "
    now = asked_for + (logs.stamp(program) if program in logs.programs() else "none")
    is_followed = "follow" not in query or not (before or "").startswith(asked_for)
    return now if is_followed and now != before else no_update


def lines(desk: Desk, seen: str | None, search: str | None) -> Component:
    """The newest lines of the program asked for."""
    query = asked(search)
    program, logs = _program(query), desk.logs
    if program not in logs.programs():
        return empty_state(
            f"{program} has written no log yet.",
            [
                "Programs write one once they run: start them on System, or all with ",
                html.Code("make up"),
                ".",
            ],
        )
    found = logs.last(program, _LINES, query.get("text", ""), _LEVELS.get(query.get("level", ""), ()))
    if not found:
        return empty_state("No line fits.", ["Choose another level, or take the text away."])
    rows = html.Ol([log_line(parsed(line)) for line in reversed(found)], className="log")
    return html.Div(
        rows, className="log-scroll", tabIndex=0, role="region", **attributes(aria_label=f"Log of {program}")
    )


def _program(query: Mapping[str, str]) -> str:
    """Raises `ConfigurationError` for what is no program's name."""
    program = query.get("program", program_acts.TRADER)
    if not program.replace("_", "").isalpha():
        raise ConfigurationError(f"{program[:40]!r} is no program")
    return program


PAGE = Page("/logs", "Logs", "logs", 110, layout, register)
