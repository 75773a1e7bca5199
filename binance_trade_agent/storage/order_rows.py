"""An order as a row: from its intent, by the exchange's reports, and back.

An order's status follows from three facts that only ever grow: the furthest state the
exchange has reported, the executed quantity, and the fills that are booked. So reports
may come late, twice or in any order, and the row ends the same.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import (
    ExchangeOrder,
    Fill,
    JournalOrder,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
    TimeInForce,
)
from binance_trade_agent.storage import models

#: What an order list is for; unique together with its decision.
PROTECTION = "protection"

#: How far a report of the exchange goes; one that goes less far is late.
_REACH = {
    OrderStatus.OPEN: 1,
    OrderStatus.PARTIALLY_FILLED: 2,
    OrderStatus.REJECTED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.CANCELED: 5,
    OrderStatus.FILLED: 6,
}


class ListStatus(StrEnum):
    """An order list's state, which follows from its legs'."""

    INTENT = "INTENT"
    UNKNOWN = "UNKNOWN"
    EXECUTING = "EXECUTING"
    ALL_DONE = "ALL_DONE"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"


def order_row(book_id: int, intent: OrderIntent, decision_id: str) -> models.Order:
    """The row of an order that is about to be sent."""
    return models.Order(
        book_id=book_id,
        client_order_id=intent.client_order_id,
        decision_id=decision_id,
        purpose=intent.purpose.value,
        client_list_id=intent.client_list_id,
        symbol=intent.symbol,
        side=intent.side.value,
        order_type=intent.order_type.value,
        quantity=intent.quantity,
        price=intent.price,
        stop_price=intent.stop_price,
        time_in_force=intent.time_in_force.value if intent.time_in_force else None,
        expires_at=intent.expires_at,
        reference_price=intent.reference_price,
        timestamp_ms=intent.stamp.timestamp_ms,
        recv_window_ms=intent.stamp.recv_window_ms,
        status=OrderStatus.INTENT.value,
        executed=ZERO,
        quote_executed=ZERO,
        reason="",
        created_at=intent.created_at,
        updated_at=intent.created_at,
    )


def list_row(book_id: int, order_list: OrderListIntent, decision_id: str) -> models.OrderList:
    """The row of an order list that is about to be sent."""
    return models.OrderList(
        book_id=book_id,
        client_list_id=order_list.client_list_id,
        decision_id=decision_id,
        purpose=PROTECTION,
        symbol=order_list.symbol,
        status=ListStatus.INTENT.value,
        reason="",
        timestamp_ms=order_list.stamp.timestamp_ms,
        recv_window_ms=order_list.stamp.recv_window_ms,
        created_at=order_list.created_at,
        updated_at=order_list.created_at,
    )


def journal_order(row: models.Order, booked: Decimal) -> JournalOrder:
    """The order a row holds."""
    return JournalOrder(
        intent=OrderIntent(
            client_order_id=row.client_order_id,
            symbol=row.symbol,
            side=Side(row.side),
            order_type=OrderType(row.order_type),
            quantity=row.quantity,
            purpose=Purpose(row.purpose),
            stamp=RequestStamp(row.timestamp_ms, row.recv_window_ms),
            reference_price=row.reference_price,
            created_at=row.created_at,
            price=row.price,
            stop_price=row.stop_price,
            time_in_force=TimeInForce(row.time_in_force) if row.time_in_force else None,
            client_list_id=row.client_list_id,
            expires_at=row.expires_at,
        ),
        decision_id=row.decision_id,
        status=OrderStatus(row.status),
        exchange_order_id=row.exchange_order_id,
        executed=row.executed,
        quote_executed=row.quote_executed,
        reason=row.reason,
        updated_at=row.updated_at,
        booked=booked,
    )


def check_report(row: models.Order, order: ExchangeOrder) -> None:
    """Raise `StorageError` if the report, or one of its fills, is not of this order."""
    if order.status not in _REACH:
        raise StorageError(f"{order.status} is no state an exchange reports ({row.client_order_id})")
    if (order.symbol, order.side.value) != (row.symbol, row.side):
        raise StorageError(
            f"{row.client_order_id} is {row.side} {row.symbol}, not {order.side} {order.symbol}"
        )
    if row.exchange_order_id not in {None, order.exchange_order_id}:
        raise StorageError(
            f"{row.client_order_id} is order {row.exchange_order_id}, not {order.exchange_order_id}"
        )
    expected = (order.symbol, order.side, order.exchange_order_id)
    for fill in order.fills:
        if (fill.symbol, fill.side, fill.exchange_order_id) != expected:
            raise StorageError(f"trade {fill.trade_id} is not of order {row.client_order_id}")


def take_over(row: models.Order, order: ExchangeOrder, fills: list[Fill]) -> None:
    """Let a report and the order's booked `fills` reach its row."""
    booked = total([fill.quantity for fill in fills])
    booked_quote = total([fill.quote_quantity for fill in fills])
    row.exchange_order_id = order.exchange_order_id
    row.executed = max(row.executed, order.executed, booked)
    row.quote_executed = max(row.quote_executed, order.quote_executed, booked_quote)
    reported = OrderStatus(row.exchange_status) if row.exchange_status else order.status
    furthest = max(reported, order.status, key=lambda status: _REACH[status])
    row.exchange_status = furthest.value
    row.status = _status(furthest, row.quantity, row.executed, booked).value
    row.reason = (
        f"{furthest} at the exchange; fills of {booked} of {row.executed} are booked"
        if booked < row.executed
        else ""
    )
    row.updated_at = max(row.updated_at, order.updated_at)


def list_status(legs: Iterable[OrderStatus]) -> ListStatus:
    """What the legs make of their list: legs of an OCO are placed together, so one that was heard of stands for all."""
    found = set(legs)
    absent = {OrderStatus.REJECTED, OrderStatus.NOT_PLACED}
    if found <= absent:
        return ListStatus.REJECTED if OrderStatus.REJECTED in found else ListStatus.NOT_PLACED
    if all(status.is_terminal for status in found):
        return ListStatus.ALL_DONE
    if any(not status.is_unresolved for status in found - absent):
        return ListStatus.EXECUTING
    return ListStatus.UNKNOWN if found != {OrderStatus.INTENT} else ListStatus.INTENT


def _status(reported: OrderStatus, quantity: Decimal, executed: Decimal, booked: Decimal) -> OrderStatus:
    if booked < executed:
        return OrderStatus.PARTIALLY_FILLED if booked else OrderStatus.OPEN
    if reported.is_terminal:
        return reported
    if executed >= quantity:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed else OrderStatus.OPEN
