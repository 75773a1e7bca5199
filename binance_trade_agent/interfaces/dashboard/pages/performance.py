"""Performance: what trading has earned, against holding, and at what risk."""

from typing import Any

from dash import Dash, Output
from dash.development.base_component import Component

from binance_trade_agent.control.performance import DEFAULT_PERIOD
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.performance import Grouping
from binance_trade_agent.interfaces.dashboard.components import charts
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.states import empty_state, loading
from binance_trade_agent.interfaces.dashboard.equity_chart import EQUITY_LAYOUT, equity_data
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.performance_figures import MOST_SLICES, breakdown, figure_cards
from binance_trade_agent.interfaces.dashboard.periods import whole_days
from binance_trade_agent.interfaces.dashboard.queries import QUERY, asked, symbol_of
from binance_trade_agent.interfaces.desks import Desk

_CHART = "performance-chart"


def layout() -> Component:
    """The skeleton."""
    chart = [
        charts.frame("performance-frame", charts.chart(_CHART, EQUITY_LAYOUT, style="tall")),
        html.Div(id="performance-empty"),
    ]
    legend = [
        html.Span(name, className=f"key {name.lower().replace(' ', '-')}")
        for name in ("Equity", "Buy and hold", "Drawdown")
    ]
    return html.Div(
        [
            heading("Performance", "Net of all fees. Days, weeks and months are UTC."),
            html.Div(id="performance-choices"),
            card("Equity", html.Div(chart), aside=[html.Span(legend, className="legend")]),
            html.Div(loading(), id="performance-figures", className="columns"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    context.show(app, Output("performance-choices", "children"), (Topic.HEALTH,), filters)
    for element, prop, draw in (
        (_CHART, "figure", figure_of),
        ("performance-frame", "className", style),
        ("performance-empty", "children", empty),
        ("performance-figures", "children", figures),
    ):
        context.show(app, Output(element, prop), (Topic.CYCLES,), draw, inputs=(QUERY,))


def filters(desk: Desk) -> Component:
    """Time, symbol and breakdown."""
    symbols = desk.watch.status().symbols
    by = [
        ("", Grouping.DAY.value),
        *((each.value, each.value) for each in Grouping if each is not Grouping.DAY),
    ]
    return choices(
        whole_days("period", DEFAULT_PERIOD),
        Choice("symbol", "Round trips of", [("", "All"), *((symbol, symbol) for symbol in symbols)]),
        Choice("by", "Broken down by", by),
    )


def figures(desk: Desk, search: str | None) -> list[Component]:
    """The figures and their breakdown."""
    query = asked(search)
    grouping = _grouping(query.get("by"))
    found = desk.performance.performance(_period(search), symbol_of(query), by=grouping)
    left_out = len(found.slices) - MOST_SLICES
    aside = (
        [html.Small(f"{left_out} earlier ones are left out: ask for weeks or months")] if left_out > 0 else []
    )
    split = card(f"By {grouping}", breakdown(found, grouping), aside=aside, style="all")
    return [*figure_cards(found), split]


def figure_of(desk: Desk, search: str | None) -> Any:
    """New data for the chart; another time forgets the zoom."""
    return equity_data(desk, _period(search))


def style(desk: Desk, search: str | None) -> str:
    """Hidden before the first point."""
    return "" if desk.watch.equity(limit=1) else "gone"


def empty(desk: Desk, search: str | None) -> Component | str:
    """What stands in for the chart."""
    if desk.watch.equity(limit=1):
        return ""
    return empty_state(
        "No equity yet.", ["Start the trader with ", html.Code("make up"), ": each cycle adds a point."]
    )


def _period(search: str | None) -> str:
    return asked(search).get("period", DEFAULT_PERIOD)


def _grouping(word: str | None) -> Grouping:
    try:
        return Grouping(word or Grouping.DAY)
    except ValueError:
        raise ConfigurationError(f"{word!r}: expected one of {', '.join(Grouping)}") from None


PAGE = Page("/performance", "Performance", "performance", 80, layout, register)
