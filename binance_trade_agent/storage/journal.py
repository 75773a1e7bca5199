"""The write-ahead record of orders.

An order's status follows from three facts that only ever grow: the furthest state the
exchange has reported, the executed quantity, and the fills that are booked. So reports
may come late, twice or in any order, and the row ends the same.
"""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decisions import Decision, Outcome, Reason
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import (
    ExchangeOrder,
    Fill,
    JournalOrder,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
)
from binance_trade_agent.domain.records import Book
from binance_trade_agent.ports import SeenCandles
from binance_trade_agent.storage import models
from binance_trade_agent.storage.candles import store_candles
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_rows import add_decisions, note_entry, set_outcome
from binance_trade_agent.storage.positions import base_asset, book_fills, booked_fills

#: Of a decision that saw no new candle.
NO_CANDLES: SeenCandles = MappingProxyType({})

_UNFINISHED = tuple(status.value for status in OrderStatus if not status.is_terminal)

#: How far a report of the exchange goes; one that goes less far is late.
_REACH = {
    OrderStatus.OPEN: 1,
    OrderStatus.PARTIALLY_FILLED: 2,
    OrderStatus.REJECTED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.CANCELED: 5,
    OrderStatus.FILLED: 6,
}


class SqlOrderJournal:
    """`ports.OrderJournal` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

    def write_intent(
        self, intent: OrderIntent, decision: Decision, cycle_id: str, candles: SeenCandles = NO_CANDLES
    ) -> None:
        """Commit the intent, its decision and the candles it saw for the first time, before anything is sent.

        Raises `StorageError` for a client order id, or a purpose of this decision, that is journalled already.
        """
        base_asset(intent.symbol, self._book)
        written = replace(decision, outcome=Outcome.UNKNOWN, client_order_id=intent.client_order_id)
        with self._database.write() as transaction:
            if transaction.get(models.Decision, (self._book.id, decision.id)) is None:
                add_decisions(transaction, self._book.id, cycle_id, [written])
            store_candles(transaction, self._book.id, candles)
            progress = transaction.get(models.SymbolProgress, (self._book.id, intent.symbol))
            row = _intent_row(self._book.id, intent, decision.id)
            # a decision that saw no new candle was made on the last one seen
            row.candle = decision.last_candle or (progress.last_candle if progress else None)
            transaction.add(row)

    def record(self, client_order_id: str, order: ExchangeOrder) -> JournalOrder:
        """Take over the exchange's word: state, fills not yet booked, positions and flows, in one transaction.

        Raises:
            KeyError: the journal does not hold the order.
            StorageError: the report, or one of its fills, is not of this order.
        """
        with self._database.write() as transaction:
            row = self._row(transaction, client_order_id)
            _check_report(row, order)
            adopted_late = row.status in {OrderStatus.REJECTED, OrderStatus.NOT_PLACED}
            book_fills(transaction, self._book, client_order_id, order.fills)
            fills = booked_fills(transaction, self._book.id, client_order_id=client_order_id)
            _take_over(row, order, fills)
            self._tell_decision(transaction, row, adopted_late)
            return self._order(transaction, row)

    def mark_unknown(self, client_order_id: str, reason: str) -> JournalOrder:
        """The outcome is not known. Changes nothing once the exchange has been heard. Raises `KeyError`."""
        with self._database.write() as transaction:
            row = self._row(transaction, client_order_id)
            if OrderStatus(row.status).is_unresolved:
                row.status, row.reason = OrderStatus.UNKNOWN.value, reason
                set_outcome(transaction, self._book.id, row.decision_id, Outcome.UNKNOWN, None)
            return self._order(transaction, row)

    def mark_rejected(self, client_order_id: str, reason: str) -> JournalOrder:
        """The exchange refused the order. Raises `KeyError`, and `StorageError` if the exchange had it."""
        return self._mark_absent(client_order_id, OrderStatus.REJECTED, Reason("rejected", reason))

    def mark_not_placed(self, client_order_id: str, reason: str) -> JournalOrder:
        """The order never reached the exchange. Raises `KeyError`, and `StorageError` if the exchange had it."""
        return self._mark_absent(client_order_id, OrderStatus.NOT_PLACED, Reason("not_placed", reason))

    def get(self, client_order_id: str) -> JournalOrder:
        """The order's row; raises `KeyError` for an id the journal does not hold."""
        with self._database.read() as transaction:
            return self._order(transaction, self._row(transaction, client_order_id))

    def unfinished(self) -> tuple[JournalOrder, ...]:
        """All rows of the book that are not terminal, oldest first."""
        query = (
            select(models.Order)
            .filter_by(book_id=self._book.id)
            .where(models.Order.status.in_(_UNFINISHED))
            .order_by(models.Order.created_at, models.Order.client_order_id)
        )
        with self._database.read() as transaction:
            return tuple(self._order(transaction, row) for row in transaction.scalars(query))

    def of_session(self, session_id: str) -> tuple[JournalOrder, ...]:
        """All rows that a session's decisions led to, oldest first."""
        query = (
            select(models.Order)
            .join(models.Decision, models.Order.decision_id == models.Decision.id)
            .join(models.Cycle, models.Decision.cycle_id == models.Cycle.id)
            .where(models.Order.book_id == self._book.id, models.Cycle.session_id == session_id)
            .order_by(models.Order.created_at, models.Order.client_order_id)
        )
        with self._database.read() as transaction:
            return tuple(self._order(transaction, row) for row in transaction.scalars(query))

    def symbols_seen(self) -> frozenset[str]:
        """Symbols that ever had an order in this book."""
        with self._database.read() as transaction:
            return frozenset(
                transaction.scalars(select(models.Order.symbol).filter_by(book_id=self._book.id).distinct())
            )

    def _order(self, transaction: Session, row: models.Order) -> JournalOrder:
        if OrderStatus(row.status).is_terminal or not row.executed:
            return _journal_order(row, row.executed)
        fills = booked_fills(transaction, self._book.id, client_order_id=row.client_order_id)
        return _journal_order(row, total([fill.quantity for fill in fills]))

    def _row(self, transaction: Session, client_order_id: str) -> models.Order:
        row = transaction.get(models.Order, (self._book.id, client_order_id))
        if row is None:
            raise KeyError(client_order_id)
        return row

    def _mark_absent(self, client_order_id: str, status: OrderStatus, reason: Reason) -> JournalOrder:
        with self._database.write() as transaction:
            row = self._row(transaction, client_order_id)
            if row.status == status:
                return self._order(transaction, row)
            if not OrderStatus(row.status).is_unresolved:
                raise StorageError(
                    f"{client_order_id} is {row.status} with {row.executed} executed: it cannot become {status}"
                )
            row.status, row.reason = status.value, reason.text
            set_outcome(transaction, self._book.id, row.decision_id, Outcome.REJECTED, reason)
            return self._order(transaction, row)

    def _tell_decision(self, transaction: Session, row: models.Order, adopted_late: bool) -> None:
        if row.status == OrderStatus.REJECTED:
            reason = Reason("rejected", "the exchange rejected the order")
            set_outcome(transaction, self._book.id, row.decision_id, Outcome.REJECTED, reason)
            return
        reason_now = Reason("placed", "the exchange has the order after all") if adopted_late else None
        set_outcome(transaction, self._book.id, row.decision_id, Outcome.PLACED, reason_now)
        note_entry(transaction, self._book.id, row.symbol, row.candle)


def _check_report(row: models.Order, order: ExchangeOrder) -> None:
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


def _take_over(row: models.Order, order: ExchangeOrder, fills: list[Fill]) -> None:
    booked = total([fill.quantity for fill in fills])
    booked_quote = total([fill.quote_quantity for fill in fills])
    row.exchange_order_id = order.exchange_order_id
    row.executed = max(row.executed, order.executed, booked)
    row.quote_executed = max(row.quote_executed, order.quote_executed, booked_quote)
    reported = OrderStatus(row.exchange_status) if row.exchange_status else order.status
    furthest = max(reported, order.status, key=lambda status: _REACH[status])
    row.exchange_status = furthest.value
    status = _status(furthest, row.quantity, row.executed, booked)
    row.status = status.value
    row.reason = (
        f"{furthest} at the exchange; fills of {booked} of {row.executed} are booked"
        if booked < row.executed
        else ""
    )
    row.updated_at = max(row.updated_at, order.updated_at)


def _status(reported: OrderStatus, quantity: Decimal, executed: Decimal, booked: Decimal) -> OrderStatus:
    if booked < executed:
        return OrderStatus.PARTIALLY_FILLED if booked else OrderStatus.OPEN
    if reported.is_terminal:
        return reported
    if executed >= quantity:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed else OrderStatus.OPEN


def _intent_row(book_id: int, intent: OrderIntent, decision_id: str) -> models.Order:
    return models.Order(
        book_id=book_id,
        client_order_id=intent.client_order_id,
        decision_id=decision_id,
        purpose=intent.purpose.value,
        symbol=intent.symbol,
        side=intent.side.value,
        order_type=intent.order_type.value,
        quantity=intent.quantity,
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


def _journal_order(row: models.Order, booked: Decimal) -> JournalOrder:
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
