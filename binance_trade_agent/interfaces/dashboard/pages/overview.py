"""Overview: how it stands, what it holds, what it decided and did, and the acts that steer it."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.dashboard.components import badges, charts
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.bars import net_bar
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.choices import choices
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    attributes,
    direction,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.states import empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.equity_chart import EQUITY_LAYOUT, equity_data
from binance_trade_agent.interfaces.dashboard.held_tables import open_positions
from binance_trade_agent.interfaces.dashboard.holdings import Holding, besides, holdings, parted
from binance_trade_agent.interfaces.dashboard.live import STATES, Topic
from binance_trade_agent.interfaces.dashboard.outside_tables import flows_table, foreign_table
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.periods import whole_days
from binance_trade_agent.interfaces.dashboard.queries import QUERY, asked
from binance_trade_agent.interfaces.dashboard.recent_tables import decisions, fills, orders
from binance_trade_agent.interfaces.dashboard.steering_acts import steering_buttons
from binance_trade_agent.interfaces.dashboard.worth import worth_figure
from binance_trade_agent.interfaces.desks import Desk

_FLOWS, _DAYS = 15, 7
_USUAL_SPAN = "7d"
_SPAN = whole_days("span", _USUAL_SPAN, ("24h", "7d", "30d", "365d", "all"))
_LEGEND: list[Component] = [
    html.Span(name, className=f"key {name.lower().replace(' ', '-')}")
    for name in ("Equity", "Buy and hold", "Drawdown")
]
#: How early a status is named beside the number of orders; what is not resolved comes first.
_FIRST_STATUSES = ("UNKNOWN", "INTENT", "OPEN", "PARTIALLY_FILLED", "FILLED", "REJECTED")


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading("Overview"),
            html.Div(id="overview-alerts", className="notes"),
            html.Div(loading(), id="overview-figures"),
            html.Div(
                [
                    card(
                        "Equity",
                        html.Div(
                            [
                                charts.frame(
                                    "overview-equity-frame",
                                    charts.chart("overview-equity", EQUITY_LAYOUT, style="tall"),
                                ),
                                html.Div(id="overview-equity-empty"),
                            ]
                        ),
                        aside=[html.Span(_LEGEND, className="legend"), choices(_SPAN)],
                        style="wide",
                    ),
                    html.Div(
                        [
                            card("Steering", html.Div(loading(), id="overview-steering")),
                            card(
                                "Profit by day",
                                html.Div(loading(), id="overview-days"),
                                aside=[html.Small("UTC")],
                            ),
                        ],
                        className="stack",
                    ),
                ],
                className="columns lead",
            ),
            card(
                "Open positions",
                html.Div(loading(), id="overview-positions"),
                aside=_all("/positions", "Manage"),
            ),
            card("Recent decisions", html.Div(loading(), id="overview-decisions"), aside=_all("/decisions")),
            html.Div(
                [
                    card(
                        "Recent fills",
                        html.Div(loading(), id="overview-fills"),
                        aside=_all("/trades", "Trades"),
                    ),
                    card("Recent orders", html.Div(loading(), id="overview-orders"), aside=_all("/orders")),
                ],
                className="columns",
            ),
            html.Div(id="overview-outside", className="columns"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    everything = (Topic.CYCLES, Topic.ORDERS)
    parts = (
        ("overview-alerts", "children", (Topic.HEALTH, Topic.ORDERS), alerts),
        ("overview-figures", "children", everything, key_figures),
        ("overview-equity-frame", "className", (Topic.CYCLES,), equity_style),
        ("overview-equity-empty", "children", (Topic.CYCLES,), equity_empty),
        ("overview-steering", "children", (Topic.CONTROL, Topic.HEALTH), steering),
        ("overview-days", "children", (Topic.CYCLES,), days),
        ("overview-positions", "children", everything, open_positions),
        ("overview-decisions", "children", (Topic.CYCLES,), decisions),
        ("overview-fills", "children", (Topic.ORDERS,), fills),
        ("overview-orders", "children", (Topic.ORDERS,), orders),
        ("overview-outside", "children", everything, outside),
    )
    for element, prop, topics, draw in parts:
        context.show(app, Output(element, prop), topics, draw)
    context.show(app, Output("overview-equity", "figure"), (Topic.CYCLES,), equity, inputs=(QUERY,))


def key_figures(desk: Desk) -> Component:
    """The row of key figures."""
    status = desk.watch.status()
    names = {"Equity": "equity", "Profit": "profit", "Exposure": "exposure", "Cash": "cash"}
    worth = [worth_figure(label, name, status) for label, name in names.items()]
    return figures(*worth, *_counts(status, holdings(desk.watch)))


def _counts(status: AgentStatus, held: Sequence[Holding]) -> tuple[Component, ...]:
    """How many of what there are; dust is no position."""
    counted, dust = parted(held)
    symbols = ", ".join(holding.position.symbol for holding in counted)
    apart = status.unscheduled_decisions
    return (
        figure(
            "Open positions",
            str(len(counted)),
            note=" ".join(filter(None, (symbols, besides(len(dust))))),
            name="positions",
            value=len(counted),
        ),
        figure(
            "Cycles",
            f"{status.cycles:,}",
            note=f"{status.decisions:,} decisions" + (f", {apart:,} after fills or by hand" if apart else ""),
            name="cycles",
            value=status.cycles,
        ),
        figure(
            "Orders",
            f"{sum(status.orders_by_status.values()):,}",
            note=_by_status(status.orders_by_status),
            name="orders",
            value=sum(status.orders_by_status.values()),
        ),
    )


def equity(desk: Desk, search: str | None = None) -> Any:
    """New data for the chart; another span forgets the zoom."""
    return equity_data(desk, asked(search).get("span", _USUAL_SPAN))


def equity_style(desk: Desk) -> str:
    """Hidden before its first point."""
    return "" if desk.watch.equity(limit=1) else "gone"


def equity_empty(desk: Desk) -> Component | str:
    """What stands in for the chart."""
    if desk.watch.equity(limit=1):
        return ""
    return empty_state("No equity yet.", ["The first cycle that ends writes the first point."])


def steering(desk: Desk) -> Component:
    """The control state in full, what decides, and the buttons."""
    status = desk.watch.status()
    word, tone = STATES[status.control.state]
    control = status.control
    why = f"{control.reason} ({control.actor})" if control.reason else control.actor
    return html.Div(
        [
            html.P([badges.pill(word, tone), html.Span(" since "), moment(control.since)]),
            html.P(why, className="quiet-text"),
            html.P(plan(status), className="quiet-text"),
            html.Div(steering_buttons(status), className="buttons start"),
        ],
        className="card-body",
    )


def plan(status: AgentStatus) -> str:
    """What decides on what, and how often."""
    more = len(status.symbols) - 4
    symbols = ", ".join(status.symbols[:4]) + (f" and {more} more" if more > 0 else "")
    rule = f"{'by' if symbols else 'what fits'} {status.symbol_rule}" if status.symbol_rule else ""
    return f"{status.strategy} on {' '.join(filter(None, (symbols, rule)))}, every {status.interval_s:g} s"


def alerts(desk: Desk) -> list[Component]:
    """What a person must know now: incidents, unresolved orders and cancels; nothing when there is nothing."""
    status = desk.watch.status()
    notes = [note(i.severity, i.text, moment(i.opened_at), title=i.key) for i in status.incidents]
    notes += [
        note(
            "warning",
            f"{o.side} {quantity(o.quantity)} {o.symbol} is unresolved ({o.status}): it is being looked up at"
            f" the exchange, {o.symbol} waits until it is known.",
            moment(o.created_at),
            title=o.client_order_id,
        )
        for o in status.unresolved
    ]
    notes += [
        note(
            "warning",
            f"A cancel of {c.symbol} is unresolved ({c.status}): its order is being looked up at the exchange,"
            f" {c.symbol} waits until it is known.",
            moment(c.created_at),
            title=c.client_order_id,
        )
        for c in status.unresolved_cancels
    ]
    return notes


def days(desk: Desk) -> Component:
    """What each of the newest days made."""
    found = desk.history.daily_profits(_USUAL_SPAN)[::-1][:_DAYS]
    equity_row = desk.watch.status().equity
    if not found or equity_row is None:
        return empty_state("No day yet.", ["The first cycle begins one."])
    most, quote = max(abs(day.profit) for day in found), equity_row.quote
    rows = [
        html.Li(
            [
                html.Span(f"{day.day:%a %d %b}"),
                net_bar(day.profit, most),
                html.Span(
                    [
                        html.Span(signed_amount(day.profit, quote), className="value"),
                        html.Span(quote, className="unit"),
                    ],
                    className=direction(day.profit, quote),
                    **attributes(
                        data_day=day.day.isoformat(), data_value=to_wire(day.profit), data_live="today"
                    ),
                ),
            ]
        )
        for day in found
    ]
    return html.Ol(rows, className="days")


def outside(desk: Desk) -> list[Component]:
    """What others did with the account: cards that are there only when there is something to show."""
    flows, foreign = desk.watch.outside_flows(limit=_FLOWS), desk.watch.foreign_orders()
    shown: list[Component] = []
    if flows:
        aside = [html.Small("not profit or loss")]
        shown.append(card("Moved from outside", flows_table("overview-flows", flows), aside=aside))
    if foreign:
        aside = [html.Small("as last looked up; never touched")]
        shown.append(card("Orders of others", foreign_table("overview-foreign", foreign), aside=aside))
    return shown


def _all(path: str, word: str = "All") -> list[Component]:
    return [dcc.Link(word, href=path, className="act small")]


def _by_status(counts: Mapping[str, int]) -> str:
    names = [name for name in _FIRST_STATUSES if name in counts]
    names += sorted(counts.keys() - set(names))
    return " · ".join(f"{counts[name]:,} {name.replace('_', ' ').lower()}" for name in names[:3])


PAGE = Page("/", "Overview", "overview", 10, layout, register)
