"""One row a cycle, one row a symbol in it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decisions import (
    CycleOutcome,
    CycleReport,
    CycleStart,
    Decision,
    Outcome,
    Reason,
)
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.domain.records import Book
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.storage import models
from binance_trade_agent.storage.candles import latest_candles, store_candles
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_counts import count_finished
from binance_trade_agent.storage.decision_rows import add_decisions, finish_decision, progress_rows
from binance_trade_agent.storage.equity_days import day_of, digest_finished, forget_since
from binance_trade_agent.storage.interrupted import fail_interrupted_commands
from binance_trade_agent.storage.symbol_rules import NamedRules


class SqlDecisionLog:
    """`ports.DecisionLog` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id
        self._rules = NamedRules(database, book)

    def open_cycle(self, start: CycleStart, session_id: str) -> None:
        """Write the cycle before anything else happens in it; raises `StorageError` if it is written already."""
        row = models.Cycle(
            book_id=self._book_id,
            id=start.id,
            session_id=session_id,
            number=start.number,
            kind=start.kind.value,
            symbols=list(start.symbols),
            scheduled_at=start.scheduled_at,
            started_at=start.started_at,
            skipped_ticks=start.skipped_ticks,
            outcome=CycleOutcome.OPEN.value,
        )
        with self._database.write() as transaction:
            transaction.add(row)
            transaction.execute(
                update(models.Book).filter_by(id=self._book_id).values(cycles=models.Book.cycles + 1)
            )

    def close_cycle(
        self, report: CycleReport, candles: Mapping[str, tuple[CandleInterval, Sequence[Candle]]]
    ) -> None:
        """Write the missing decisions, finish those written with an intent, store new candles, equity and marks; close.

        Raises `StorageError` if the cycle is not open, or one of its symbols has no decision.
        """
        with self._database.write() as transaction:
            cycle = transaction.get(models.Cycle, (self._book_id, report.start.id))
            if cycle is None or cycle.outcome != CycleOutcome.OPEN:
                raise StorageError(f"cycle {report.start.id} is not open")
            written = self._decisions_of(transaction, cycle.id)
            missing = [decision for decision in report.decisions if decision.id not in written]
            undecided = set(cycle.symbols) - {
                *(decision.symbol for decision in missing),
                *(row.symbol for row in written.values()),
            }
            if undecided:
                raise StorageError(f"cycle {cycle.id} has no decision for {', '.join(sorted(undecided))}")
            for decision in report.decisions:
                if decision.id in written:
                    finish_decision(transaction, written[decision.id], decision)
            add_decisions(transaction, self._book_id, cycle.id, missing)
            if count_finished(transaction, self._book_id, cycle.started_at):
                digest_finished(transaction, self._book_id, cycle.started_at)
            store_candles(transaction, self._book_id, candles)
            if report.equity is not None:
                self._note_equity(transaction, cycle.id, report.equity)
            if report.marks is not None:
                transaction.merge(_marks_row(self._book_id, report.marks))
            cycle.outcome = report.outcome.value
            cycle.control_state = report.control.state.value
            cycle.finished_at = report.finished_at
            cycle.duration_s, cycle.own_ms = report.duration_s, report.own_ms
            cycle.unresolved = report.unresolved

    def close_interrupted(self, at: datetime) -> int:
        """Close cycles a killed process left open, with a decision for each symbol that has none; returns how many.

        A command that process had taken is finished as failed, but for a flatten: it goes on. To be called by the
        holder of the trading lease.
        """
        query = (
            select(models.Cycle)
            .filter_by(book_id=self._book_id, outcome=CycleOutcome.OPEN.value)
            .order_by(models.Cycle.started_at)
        )
        with self._database.write() as transaction:
            cycles = list(transaction.scalars(query))
            for cycle in cycles:
                decided = {row.symbol for row in self._decisions_of(transaction, cycle.id).values()}
                interrupted = [
                    _interrupted(cycle.id, symbol, at) for symbol in cycle.symbols if symbol not in decided
                ]
                add_decisions(transaction, self._book_id, cycle.id, interrupted)
                cycle.outcome, cycle.finished_at = CycleOutcome.INTERRUPTED.value, at
            fail_interrupted_commands(transaction, self._book_id, at)
            return len(cycles)

    def last_candles(self) -> dict[str, datetime]:
        """Symbol -> open time of the last candle a decision has seen."""
        with self._database.read() as transaction:
            rows = progress_rows(transaction, self._book_id)
            return {symbol: row.last_candle for symbol, row in rows.items() if row.last_candle}

    def stored_candles(self, symbol: str, interval: CandleInterval, limit: int) -> tuple[Candle, ...]:
        """The latest `limit` stored candles, rising."""
        with self._database.read() as transaction:
            return latest_candles(transaction, self._book_id, symbol, interval, limit)

    def note_rules(self, rules: Iterable[SymbolRules]) -> dict[str, str]:
        """Store rules that are not stored yet; returns symbol -> the name decisions refer to them by.

        Asks the database only about rules that this object has not seen before.
        """
        return self._rules.note(rules)

    def loss_marks(self) -> LossMarks | None:
        """Where losses are counted from, as the last closed cycle reported; None before the first."""
        with self._database.read() as transaction:
            return stored_marks(transaction, self._book_id)

    def last_entry_candles(self) -> dict[str, datetime]:
        """Symbol -> open time of the last candle on which an entry or exit was placed."""
        with self._database.read() as transaction:
            rows = progress_rows(transaction, self._book_id)
            return {symbol: row.last_entry_candle for symbol, row in rows.items() if row.last_entry_candle}

    def _note_equity(self, transaction: Session, cycle_id: str, equity: Equity) -> None:
        known = transaction.get_one(models.Book, self._book_id).counted_until
        if known is not None and equity.at < day_of(known):
            forget_since(transaction, self._book_id, equity.at)
        transaction.add(_snapshot_row(self._book_id, cycle_id, equity))

    def _decisions_of(self, transaction: Session, cycle_id: str) -> dict[str, models.Decision]:
        query = select(models.Decision).filter_by(book_id=self._book_id, cycle_id=cycle_id)
        return {row.id: row for row in transaction.scalars(query)}


def _interrupted(cycle_id: str, symbol: str, at: datetime) -> Decision:
    reason = Reason("interrupted", "the process ended in the middle of this cycle")
    return Decision(f"{cycle_id}-{symbol}-interrupted", symbol, at, Outcome.INTERRUPTED, reason)


def _snapshot_row(book_id: int, cycle_id: str, equity: Equity) -> models.EquitySnapshot:
    return models.EquitySnapshot(
        book_id=book_id,
        cycle_id=cycle_id,
        at=equity.at,
        quote=equity.quote,
        cash=equity.cash,
        positions_value=equity.positions_value,
        realised=equity.realised,
        unrealised=equity.unrealised,
        contributed=equity.contributed,
    )


def stored_marks(transaction: Session, book_id: int) -> LossMarks | None:
    """The loss marks of a book; None before its first closed cycle."""
    row = transaction.get(models.LossMarks, book_id)
    if row is None:
        return None
    return LossMarks(row.day, row.day_profit, row.day_equity, row.peak_profit, row.since, row.latched)


def _marks_row(book_id: int, marks: LossMarks) -> models.LossMarks:
    return models.LossMarks(
        book_id=book_id,
        day=marks.day,
        day_profit=marks.day_profit,
        day_equity=marks.day_equity,
        peak_profit=marks.peak_profit,
        since=marks.since,
        latched=marks.latched,
    )
