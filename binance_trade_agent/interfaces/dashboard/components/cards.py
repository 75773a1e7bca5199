"""Cards and key figures."""

from collections.abc import Sequence
from decimal import Decimal

from dash.development.base_component import Component

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, attributes
from binance_trade_agent.interfaces.dashboard.components.states import Child


def heading(title: str, note: Child = "", aside: Sequence[Child] = ()) -> Component:
    """The head of a page: what it is, and what can be done on it."""
    words = [html.P(note, className="page-note")] if note else []
    return html.Div(
        [html.Div([html.H1(title), *words]), html.Div(list(aside), className="page-aside")],
        className="page-head",
    )


def card(title: str, body: Child, *, aside: Sequence[Child] = (), style: str = "") -> Component:
    """A titled part of a page; `aside` stands at the end of its title."""
    return html.Section(
        [html.Div([html.H2(title), html.Div(list(aside), className="aside")], className="card-head"), body],
        className=f"card {style}".strip(),
        **attributes(aria_label=title),
    )


def figures(*shown: Component) -> Component:
    """A row of key figures."""
    return html.Dl(list(shown), className="figures")


def figure(
    label: Child | list[Child],
    text: str,
    *,
    unit: str = "",
    note: Child = "",
    tone: str = "",
    name: str = "",
    value: Decimal | int | None = None,
    live: str = "",
    live_note: bool = False,
) -> Component:
    """A key figure with its unit. `name` and `value` declare what it stands for, to the last digit.

    `live` is the figure of the pulse that it follows, where the bar is read for the same thing; with `live_note` its
    note does, too.
    """
    shown_unit = [html.Span(unit, className="unit")] if unit and text != ABSENT else []
    declared = {"data_figure": name} if name else {}
    if value is not None:
        declared["data_value"] = to_wire(value) if isinstance(value, Decimal) else str(value)
    if live:
        declared["data_live"] = live
    return html.Div(
        [
            html.Dt(label),
            html.Dd(
                [html.Span(text, className="value"), *shown_unit], className=tone, **attributes(**declared)
            ),
            html.Dd(
                note or "\u00a0",
                className="figure-note",
                title=note if isinstance(note, str) else "",
                **attributes(**({"data_note": "live"} if live_note else {})),
            ),
        ],
        className="figure",
    )
