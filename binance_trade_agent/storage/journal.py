"""The write-ahead record of orders, order lists and cancels."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decisions import Decision, Outcome, Reason
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    JournalCancel,
    JournalOrder,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    Purpose,
)
from binance_trade_agent.domain.records import Book
from binance_trade_agent.ports import SeenCandles
from binance_trade_agent.storage import models
from binance_trade_agent.storage.cancels import cancel_row, journal_cancel, note_fate
from binance_trade_agent.storage.candles import store_candles
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_rows import (
    add_decisions,
    complete_with_order,
    note_entry,
    set_outcome,
)
from binance_trade_agent.storage.flows import base_asset
from binance_trade_agent.storage.order_rows import (
    check_report,
    journal_order,
    list_row,
    list_status,
    order_row,
    take_over,
)
from binance_trade_agent.storage.positions import book_fills, booked_fills
from binance_trade_agent.storage.remembered import Remembered

#: Of a decision that saw no new candle.
NO_CANDLES: SeenCandles = MappingProxyType({})


def no_check() -> None:
    """Of what needs nobody's leave."""


class SqlOrderJournal:
    """`ports.OrderJournal` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book
        self._unfinished = Remembered(database, self._read_unfinished)
        self._unfinished_cancels = Remembered(database, self._read_unfinished_cancels)

    def write_intent(
        self,
        intent: OrderIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles = NO_CANDLES,
        *,
        check: Callable[[], None] = no_check,
    ) -> None:
        """Commit the intent, its decision and the candles it saw for the first time, before anything is sent.

        `check` is asked when it is this transaction's turn to write, which no other process can between its answer
        and the commit; what it raises leaves here, and nothing is written.

        Raises `StorageError` for a client order id, or a purpose of this decision, that is journalled already.
        """
        with self._database.write() as transaction:
            check()
            self._add_intent(transaction, intent, decision, cycle_id, candles)

    def write_list(
        self,
        order_list: OrderListIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles = NO_CANDLES,
        *,
        check: Callable[[], None] = no_check,
    ) -> None:
        """The same for an order list: its row and a row for each leg. The decision's outcome stays as it is.

        Raises `StorageError` as `write_intent`, and for a leg that is not of this list.
        """
        for leg in order_list.legs:
            if (leg.client_list_id, leg.symbol) != (order_list.client_list_id, order_list.symbol):
                raise StorageError(f"{leg.client_order_id} is no leg of {order_list.client_list_id}")
        base_asset(order_list.symbol, self._book)
        with self._database.write() as transaction:
            check()
            self._add_decision(transaction, decision, cycle_id, candles)
            transaction.add(list_row(self._book.id, order_list, decision.id))
            transaction.flush()
            transaction.add_all(order_row(self._book.id, leg, decision.id) for leg in order_list.legs)

    def write_cancel(self, cancel: CancelIntent) -> None:
        """Commit a cancel before it is sent; raises `StorageError` if its target is not journalled."""
        with self._database.write() as transaction:
            transaction.add(cancel_row(self._book.id, cancel))

    def write_replacement(
        self,
        cancel: CancelIntent,
        intent: OrderIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles = NO_CANDLES,
        *,
        check: Callable[[], None] = no_check,
    ) -> None:
        """Commit both halves of a cancelReplace before it is sent; raises `StorageError` as each half would."""
        if (cancel.replaced_by, cancel.symbol) != (intent.client_order_id, intent.symbol):
            raise StorageError(f"{cancel.cancel_id} is not replaced by {intent.client_order_id}")
        with self._database.write() as transaction:
            check()
            self._add_intent(transaction, intent, decision, cycle_id, candles)
            transaction.flush()
            transaction.add(cancel_row(self._book.id, cancel))

    def record(self, client_order_id: str, order: ExchangeOrder) -> JournalOrder:
        """Take over the exchange's word: state, fills not yet booked, positions and flows, in one transaction.

        Raises:
            KeyError: the journal does not hold the order.
            StorageError: the report, or one of its fills, is not of this order.
        """
        with self._database.write() as transaction:
            return self._record(transaction, client_order_id, order)

    def record_all(self, orders: Sequence[ExchangeOrder]) -> tuple[JournalOrder, ...]:
        """`record` for several orders, by their client order ids: all or, if it raises, none."""
        with self._database.write() as transaction:
            for order in orders:
                self._record(transaction, order.client_order_id, order)
            return tuple(
                self._order(transaction, self._row(transaction, order.client_order_id)) for order in orders
            )

    def mark_unknown(self, client_order_id: str, reason: str) -> JournalOrder:
        """The outcome is not known. Changes nothing once the exchange has been heard. Raises `KeyError`."""
        with self._database.write() as transaction:
            row = self._row(transaction, client_order_id)
            if OrderStatus(row.status).is_unresolved:
                row.status, row.reason = OrderStatus.UNKNOWN.value, reason
                self._set_outcome(transaction, row, Outcome.UNKNOWN, None)
                self._follow_legs(transaction, row)
            return self._order(transaction, row)

    def mark_rejected(self, client_order_id: str, reason: str) -> JournalOrder:
        """The exchange refused the order. Raises `KeyError`, and `StorageError` if the exchange had it."""
        return self._mark_absent(client_order_id, OrderStatus.REJECTED, Reason("rejected", reason))

    def mark_not_placed(self, client_order_id: str, reason: str) -> JournalOrder:
        """The order never reached the exchange. Raises `KeyError`, and `StorageError` if the exchange had it."""
        return self._mark_absent(client_order_id, OrderStatus.NOT_PLACED, Reason("not_placed", reason))

    def mark_cancel(self, cancel_id: str, status: CancelStatus, reason: str) -> JournalCancel:
        """Note what became of a cancel, unless more is known already; raises `KeyError` for an unknown one."""
        with self._database.write() as transaction:
            row = transaction.get(models.Cancel, (self._book.id, cancel_id))
            if row is None:
                raise KeyError(cancel_id)
            note_fate(row, status, reason)
            return journal_cancel(row)

    def unfinished_cancels(self) -> tuple[JournalCancel, ...]:
        """Cancels whose fate is not known, oldest first."""
        return self._unfinished_cancels.get()

    def _read_unfinished_cancels(self) -> tuple[JournalCancel, ...]:
        query = (
            select(models.Cancel)
            .filter_by(book_id=self._book.id)
            .where(models.UNFINISHED_CANCEL)
            .order_by(models.Cancel.created_at, models.Cancel.cancel_id)
        )
        with self._database.read() as transaction:
            return tuple(journal_cancel(row) for row in transaction.scalars(query))

    def get(self, client_order_id: str) -> JournalOrder:
        """The order's row; raises `KeyError` for an id the journal does not hold."""
        with self._database.read() as transaction:
            return self._order(transaction, self._row(transaction, client_order_id))

    def find(self, client_order_id: str) -> JournalOrder | None:
        """The order's row, None if the journal does not hold it."""
        with self._database.read() as transaction:
            row = transaction.get(models.Order, (self._book.id, client_order_id))
            return None if row is None else self._order(transaction, row)

    def unfinished(self) -> tuple[JournalOrder, ...]:
        """All rows of the book that are not terminal, protection included, oldest first."""
        return self._unfinished.get()

    def _read_unfinished(self) -> tuple[JournalOrder, ...]:
        return self._orders(
            select(models.Order)
            .filter_by(book_id=self._book.id)
            .where(models.UNFINISHED_ORDER)
            .order_by(models.Order.created_at, models.Order.client_order_id)
        )

    def latest_known(self, limit: int) -> tuple[JournalOrder, ...]:
        """The latest rows that the exchange has accepted, newest first."""
        return self._orders(
            select(models.Order)
            .filter_by(book_id=self._book.id)
            .where(
                models.Order.exchange_order_id.is_not(None),
                models.Order.status != OrderStatus.REJECTED.value,
            )
            .order_by(models.Order.created_at.desc())
            .limit(limit)
        )

    def of_session(self, session_id: str) -> tuple[JournalOrder, ...]:
        """All rows that a session's decisions led to, oldest first."""
        decision, cycle = models.Decision, models.Cycle
        return self._orders(
            select(models.Order)
            .join(
                decision,
                (models.Order.book_id == decision.book_id) & (models.Order.decision_id == decision.id),
            )
            .join(cycle, (decision.book_id == cycle.book_id) & (decision.cycle_id == cycle.id))
            .where(models.Order.book_id == self._book.id, cycle.session_id == session_id)
            .order_by(models.Order.created_at, models.Order.client_order_id)
        )

    def symbols_seen(self) -> frozenset[str]:
        """Symbols that ever had an order in this book."""
        with self._database.read() as transaction:
            return frozenset(
                transaction.scalars(select(models.Order.symbol).filter_by(book_id=self._book.id).distinct())
            )

    def entries_since(self, at: datetime) -> int:
        """How many entries were begun (journalled) at or after `at`, whatever became of them."""
        entries = (
            select(func.count())
            .select_from(models.Order)
            .filter_by(book_id=self._book.id, purpose=Purpose.ENTRY.value)
            .where(models.Order.created_at >= at)
        )
        with self._database.read() as transaction:
            return transaction.scalar(entries) or 0

    def _orders(self, query: Select[models.Order]) -> tuple[JournalOrder, ...]:
        with self._database.read() as transaction:
            return tuple(self._order(transaction, row) for row in transaction.scalars(query))

    def _order(self, transaction: Session, row: models.Order) -> JournalOrder:
        if OrderStatus(row.status).is_terminal or not row.executed:
            return journal_order(row, row.executed)
        fills = booked_fills(transaction, self._book.id, client_order_id=row.client_order_id)
        return journal_order(row, total([fill.quantity for fill in fills]))

    def _row(self, transaction: Session, client_order_id: str) -> models.Order:
        row = transaction.get(models.Order, (self._book.id, client_order_id))
        if row is None:
            raise KeyError(client_order_id)
        return row

    def _add_intent(
        self,
        transaction: Session,
        intent: OrderIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
    ) -> None:
        base_asset(intent.symbol, self._book)
        if not intent.purpose.is_protective:
            decision = replace(decision, outcome=Outcome.UNKNOWN, client_order_id=intent.client_order_id)
        self._add_decision(transaction, decision, cycle_id, candles)
        progress = transaction.get(models.SymbolProgress, (self._book.id, intent.symbol))
        row = order_row(self._book.id, intent, decision.id)
        # a decision that saw no new candle was made on the last one seen
        row.candle = decision.last_candle or (progress.last_candle if progress else None)
        transaction.add(row)

    def _add_decision(
        self, transaction: Session, decision: Decision, cycle_id: str, candles: SeenCandles
    ) -> None:
        stored = transaction.get(models.Decision, (self._book.id, decision.id))
        if stored is None:
            add_decisions(transaction, self._book.id, cycle_id, [decision])
        elif decision.client_order_id is not None:
            complete_with_order(transaction, stored, decision)
        store_candles(transaction, self._book.id, candles)

    def _record(self, transaction: Session, client_order_id: str, order: ExchangeOrder) -> JournalOrder:
        row = self._row(transaction, client_order_id)
        check_report(row, order)
        adopted_late = row.status in {OrderStatus.REJECTED, OrderStatus.NOT_PLACED}
        book_fills(transaction, self._book, client_order_id, order.fills)
        fills = booked_fills(transaction, self._book.id, client_order_id=client_order_id)
        take_over(row, order, fills)
        self._follow_legs(transaction, row)
        self._tell_decision(transaction, row, adopted_late)
        return self._order(transaction, row)

    def _mark_absent(self, client_order_id: str, status: OrderStatus, reason: Reason) -> JournalOrder:
        with self._database.write() as transaction:
            row = self._row(transaction, client_order_id)
            if row.status in {OrderStatus.REJECTED, OrderStatus.NOT_PLACED}:
                # refused or never there: whoever found out first is believed
                return self._order(transaction, row)
            if not OrderStatus(row.status).is_unresolved:
                raise StorageError(
                    f"{client_order_id} is {row.status} with {row.executed} executed: it cannot become {status}"
                )
            row.status, row.reason = status.value, reason.text
            self._set_outcome(transaction, row, Outcome.REJECTED, reason)
            self._follow_legs(transaction, row)
            return self._order(transaction, row)

    def _tell_decision(self, transaction: Session, row: models.Order, adopted_late: bool) -> None:
        if Purpose(row.purpose).is_protective:
            return
        if row.status == OrderStatus.REJECTED:
            reason = Reason("rejected", "the exchange rejected the order")
            self._set_outcome(transaction, row, Outcome.REJECTED, reason)
            return
        reason_now = Reason("placed", "the exchange has the order after all") if adopted_late else None
        self._set_outcome(transaction, row, Outcome.PLACED, reason_now)
        note_entry(transaction, self._book.id, row.symbol, row.candle)

    def _set_outcome(
        self, transaction: Session, row: models.Order, outcome: Outcome, reason: Reason | None
    ) -> None:
        if not Purpose(row.purpose).is_protective:
            set_outcome(transaction, self._book.id, row.decision_id, outcome, reason)

    def _follow_legs(self, transaction: Session, row: models.Order) -> None:
        if row.client_list_id is None:
            return
        transaction.flush()
        legs = list(
            transaction.scalars(
                select(models.Order).filter_by(book_id=self._book.id, client_list_id=row.client_list_id)
            )
        )
        order_list = transaction.get_one(models.OrderList, (self._book.id, row.client_list_id))
        order_list.status = list_status(OrderStatus(leg.status) for leg in legs).value
        order_list.reason = next((leg.reason for leg in legs if leg.reason), "")
        order_list.updated_at = max(leg.updated_at for leg in legs)
