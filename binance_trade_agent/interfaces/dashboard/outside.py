"""What others did with the account, as cards that are there only when there is something to show."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow
from binance_trade_agent.interfaces.dashboard.formats import ABSENT, percent, price, quantity, time_of_day
from binance_trade_agent.interfaces.dashboard.sections import action, with_unit
from binance_trade_agent.interfaces.dashboard.snapshot import Snapshot
from binance_trade_agent.interfaces.dashboard.tables import Column, card, table

_FLOW_STYLES = {"difference": "warn"}


def cards(snapshot: Snapshot, zone: ZoneInfo) -> list[Component]:
    """Flows and open orders of others."""
    shown: list[Component] = []
    if snapshot.flows:
        note = html.Small("not profit or loss")
        shown.append(card("Moved from outside", [note], _flows(snapshot, zone)))
    if snapshot.foreign_orders:
        note = html.Small("as last looked up; never touched")
        shown.append(card("Orders of others", [note], _foreign_orders(snapshot, zone)))
    return shown


def _flows(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    now = snapshot.status.as_of
    columns: list[Column[FlowRow]] = [
        Column("Time", lambda f: time_of_day(f.at, zone, now)),
        Column("Kind", lambda f: html.Span(f.kind, className=f"tag {_FLOW_STYLES.get(f.kind, '')}".strip())),
        Column("Amount", lambda f: with_unit(_signed(f.amount), f.asset), numeric=True),
        Column("Symbol", lambda f: f.symbol or ABSENT),
        Column("Reason", lambda f: f.reason, wide=True),
    ]
    return table("Moved from outside", columns, snapshot.flows, empty=[])


def _foreign_orders(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    now = snapshot.status.as_of
    columns: list[Column[ForeignOrderRow]] = [
        Column("First seen", lambda o: time_of_day(o.seen_at, zone, now)),
        Column("Symbol", lambda o: html.Strong(o.symbol)),
        Column("Side", lambda o: action(o.side)),
        Column("Type", lambda o: o.order_type.replace("_", " ").lower()),
        Column("Quantity", lambda o: quantity(o.quantity), numeric=True),
        Column("Limit", lambda o: price(o.price) if o.price else ABSENT, numeric=True, unit=snapshot.quote),
        Column("Executed", lambda o: percent(o.executed, o.quantity), numeric=True),
        Column("Id", lambda o: html.Span(str(o.exchange_order_id), title=o.client_order_id), numeric=True),
    ]
    return table("Orders of others", columns, snapshot.foreign_orders, empty=[])


def _signed(amount: Decimal) -> str:
    text = quantity(amount)
    return f"+{text}" if amount > 0 else text
