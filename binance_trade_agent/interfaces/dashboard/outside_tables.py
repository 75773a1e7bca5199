"""What others did with the account, as several pages show it."""

from collections.abc import Sequence

from dash.development.base_component import Component

from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, percent, price, quantity
from binance_trade_agent.interfaces.dashboard.components.states import Child
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment


def flows_table(identifier: str, rows: Sequence[FlowRow]) -> Component:
    """What moved the account from outside: transfers, others' trades, differences."""

    def signed(row: FlowRow) -> Child:
        text = quantity(row.amount)
        return badges.with_unit(f"+{text}" if row.amount > 0 else text, row.asset)

    columns: list[Column[FlowRow]] = [
        Column("Time", lambda f: moment(f.at), value=lambda f: f.at),
        Column("Kind", lambda f: badges.badge(f.kind, "warn" if f.kind == "difference" else "")),
        Column("Amount", signed, numeric=True, value=lambda f: f.amount),
        Column("Symbol", lambda f: f.symbol or ABSENT),
        Column("Reason", lambda f: f.reason, wide=True),
    ]
    return table(identifier, "Moved from outside", columns, rows, empty=html.Div())


def foreign_table(identifier: str, rows: Sequence[ForeignOrderRow]) -> Component:
    """Open orders of the account that are not ours."""
    columns: list[Column[ForeignOrderRow]] = [
        Column("First seen", lambda o: moment(o.seen_at), value=lambda o: o.seen_at),
        Column("Symbol", lambda o: html.Strong(o.symbol)),
        Column("Side", lambda o: badges.action(o.side)),
        Column("Type", lambda o: o.order_type.replace("_", " ").lower()),
        Column("Quantity", lambda o: quantity(o.quantity), numeric=True, value=lambda o: o.quantity),
        Column("Limit", lambda o: price(o.price) if o.price else ABSENT, numeric=True),
        Column("Executed", lambda o: percent(o.executed, o.quantity), numeric=True),
        Column("Id", lambda o: html.Span(str(o.exchange_order_id), title=o.client_order_id), numeric=True),
    ]
    return table(identifier, "Orders of others", columns, rows, empty=html.Div())
