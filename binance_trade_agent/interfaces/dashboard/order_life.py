"""The life of one order, from its intent to its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc
from dash.development.base_component import Component

from binance_trade_agent.domain.history_rows import OrderLife
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.records import FillRow
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card
from binance_trade_agent.interfaces.dashboard.components.numbers import amount, price, quantity
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.dashboard.order_acts import CANCEL, may_cancel
from binance_trade_agent.interfaces.dashboard.queries import address
from binance_trade_agent.interfaces.desks import Desk

RESOLVING = (
    "It is asked for by its id at every start and in every cycle, and nothing is sent for its symbol until then. What the"
    " exchange shows is taken over with its fills. Only when its request can no longer arrive (its window and 60 s), and"
    " neither orders, trades nor balances know it, it counts as not placed."
)
_PATH = "/orders"


@dataclass(frozen=True, slots=True)
class _Event:
    at: datetime
    what: Child
    detail: Child = ""


def life_card(desk: Desk, client_order_id: str, close: str) -> Component:
    """Everything that is known of an order; `close` is the address without it."""
    life = desk.history.order_life(client_order_id)
    shut = dcc.Link("Close", href=close, className="act small")
    if life is None:
        nobody = empty_state(
            f"There is no order {client_order_id[:40]}.", ["Its book may be another one than this."]
        )
        return card("Order", nobody, aside=[shut])
    order = life.order
    cancel = (
        [act_button(CANCEL, "Cancel order", target=order.client_order_id, style="small grave")]
        if may_cancel(order)
        else []
    )
    decision = dcc.Link(
        "Its decision", href=address("/decisions", {"id": order.decision_id}), className="act small"
    )
    body = [
        _facts(life),
        _timeline(life),
        *([_fills(life.fills, quote_of(desk.watch))] if life.fills else []),
    ]
    return card(
        f"{order.side} {order.symbol}, {order.purpose}",
        html.Div(body),
        aside=[*cancel, decision, shut],
    )


def _facts(life: OrderLife) -> Component:
    order = life.order
    facts: list[tuple[str, Child]] = [
        ("Status", badges.order_status(order)),
        ("Type", order.order_type.replace("_", " ").lower()),
        ("Quantity", quantity(order.quantity)),
        ("Executed", quantity(order.executed)),
        ("Average price", price(order.average_price)),
        ("At", badges.waits_for(order)),
        ("Our id", html.Code(order.client_order_id)),
        ("Id at the exchange", str(order.exchange_order_id or "")),
        ("Order list", html.Code(order.client_list_id) if order.client_list_id else ""),
        ("Took the place of", _link(life.replaces) if life.replaces else ""),
        *[(f"Its {leg.purpose}", _link(leg.client_order_id)) for leg in life.legs],
    ]
    return html.Dl(
        [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts if value != ""],
        className="values card-body",
    )


def _link(client_order_id: str) -> Component:
    return dcc.Link(client_order_id, href=address(_PATH, {"id": client_order_id}))


def _timeline(life: OrderLife) -> Component:
    events = sorted(_events(life), key=lambda event: event.at)
    steps = [
        html.Li([moment(event.at), html.Div([html.Strong(event.what), html.Small(event.detail)])])
        for event in events
    ]
    unresolved = OrderStatus(life.order.status).is_unresolved
    waits = [html.P(RESOLVING, className="card-body quiet-text")] if unresolved else []
    return html.Div([html.Ol(steps, className="timeline"), *waits])


def _events(life: OrderLife) -> list[_Event]:
    order = life.order
    events = [_Event(order.created_at, "Written", "with its decision, before it was sent")]
    traded = [fill.quantity for fill in life.fills]
    events += [
        _Event(
            fill.traded_at,
            f"Traded {quantity(fill.quantity)} at {price(fill.price)}",
            f"{number} of {len(traded)}" if len(traded) > 1 else "",
        )
        for number, fill in enumerate(life.fills, 1)
    ]
    for sent in life.cancels:
        to = f"to make room for {sent.replaced_by}" if sent.replaced_by else ""
        events.append(_Event(sent.created_at, "Cancel written", ": ".join(filter(None, (to, sent.reason)))))
        if sent.updated_at > sent.created_at:
            events.append(_Event(sent.updated_at, f"Cancel {sent.status.replace('_', ' ').lower()}"))
    status = OrderStatus(order.status)
    word = status.value.replace("_", " ").capitalize()
    events.append(
        _Event(order.updated_at, word if status.is_terminal else f"{word}, as last heard", order.reason)
    )
    return events


def _fills(rows: Sequence[FillRow], quote: str) -> Component:
    columns: list[Column[FillRow]] = [
        Column("Time", lambda f: moment(f.traded_at), value=lambda f: f.traded_at),
        Column("Trade", lambda f: str(f.trade_id), numeric=True, value=lambda f: f.trade_id),
        Column("Quantity", lambda f: quantity(f.quantity), numeric=True, value=lambda f: f.quantity),
        Column("Price", lambda f: price(f.price), numeric=True, value=lambda f: f.price),
        Column(
            "Total",
            lambda f: amount(f.quote_quantity, quote),
            numeric=True,
            unit=quote,
            value=lambda f: f.quote_quantity,
        ),
        Column(
            "Fee",
            lambda f: badges.with_unit(quantity(f.commission), f.commission_asset),
            numeric=True,
            value=lambda f: f.commission,
        ),
    ]
    return table("orders-fills", "Fills of this order", columns, rows, empty=html.Div())
