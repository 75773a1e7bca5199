"""The newest decisions, fills and orders, as the overview shows them."""

from dash.development.base_component import Component

from binance_trade_agent.domain.records import DecisionRow, FillRow, OrderRow
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import amount, percent, price, quantity
from binance_trade_agent.interfaces.dashboard.components.states import empty_state
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.desks import Desk

_DECISIONS, _FILLS, _ORDERS = 20, 10, 15


def decisions(desk: Desk) -> Component:
    """Why it did or did not trade."""
    rows, quote = desk.watch.decisions(limit=_DECISIONS), quote_of(desk.watch)
    columns: list[Column[DecisionRow]] = [
        Column("Time", lambda d: moment(d.decided_at), value=lambda d: d.decided_at),
        Column("Symbol", lambda d: html.Strong(d.symbol), value=lambda d: d.symbol),
        Column("Signal", lambda d: badges.action(d.action)),
        Column("Outcome", lambda d: badges.outcome(d.outcome), value=lambda d: d.outcome),
        Column("Reason, and nearest miss", badges.reason, wide=True),
        Column("Price", lambda d: price(d.price), numeric=True, unit=quote, value=lambda d: d.price),
    ]
    empty = empty_state(
        "No decision yet.",
        [
            "Start the trader with ",
            html.Code("make up"),
            " or ",
            html.Code("binance-trade-agent start"),
            ". Each cycle then adds a row for each symbol, whether it trades or not.",
        ],
    )
    return table("overview-decisions", "Recent decisions", columns, rows, empty=empty)


def fills(desk: Desk) -> Component:
    """What was traded."""
    quote = quote_of(desk.watch)
    columns: list[Column[FillRow]] = [
        Column("Time", lambda f: moment(f.traded_at), value=lambda f: f.traded_at),
        Column("Symbol", lambda f: html.Strong(f.symbol), value=lambda f: f.symbol),
        Column("Side", lambda f: badges.action(f.side)),
        Column("Quantity", lambda f: quantity(f.quantity), numeric=True, value=lambda f: f.quantity),
        Column("Price", lambda f: price(f.price), numeric=True, unit=quote, value=lambda f: f.price),
        Column(
            "Total",
            lambda f: amount(f.quote_quantity, quote),
            numeric=True,
            unit=quote,
            value=lambda f: f.quote_quantity,
        ),
        Column("Fee", lambda f: badges.with_unit(quantity(f.commission), f.commission_asset), numeric=True),
    ]
    empty = empty_state(
        "No fill yet.", ["To trade once by hand: ", html.Code("binance-trade-agent trade BTCUSDT --side BUY")]
    )
    return table("overview-fills", "Recent fills", columns, desk.watch.fills(limit=_FILLS), empty=empty)


def orders(desk: Desk) -> Component:
    """What was asked of the exchange."""
    columns: list[Column[OrderRow]] = [
        Column("Time", lambda o: moment(o.created_at), value=lambda o: o.created_at),
        Column("Symbol", lambda o: html.Strong(o.symbol), value=lambda o: o.symbol),
        Column("Side", badges.side_and_purpose),
        Column("Quantity", lambda o: quantity(o.quantity), numeric=True, value=lambda o: o.quantity),
        Column("At", badges.waits_for, numeric=True, unit=quote_of(desk.watch)),
        Column("Executed", lambda o: percent(o.executed, o.quantity), numeric=True),
        Column("Status", badges.order_status, wide=True, value=lambda o: o.status),
    ]
    empty = empty_state("No order yet.", ["Each one is written here before it is sent to the exchange."])
    return table("overview-orders", "Recent orders", columns, desk.watch.orders(limit=_ORDERS), empty=empty)
