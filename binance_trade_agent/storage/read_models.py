"""Bounded, read-only queries for people and programs that watch."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Select, TextClause, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    Book,
    CancelRow,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Incident,
    OrderRow,
    ProtectionTerms,
    StoreStatus,
)
from binance_trade_agent.domain.records import Session as StoredSession
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.storage import models
from binance_trade_agent.storage.asked_levels import protection_terms
from binance_trade_agent.storage.asked_orders import asked_orders
from binance_trade_agent.storage.audit import audit_shown
from binance_trade_agent.storage.control_state import stored_control
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_log import stored_marks
from binance_trade_agent.storage.decision_rows import shown
from binance_trade_agent.storage.flows import put_in
from binance_trade_agent.storage.ledger import all_balances, all_positions
from binance_trade_agent.storage.sessions import latest_session, latest_sessions
from binance_trade_agent.storage.shown import (
    cancel_shown,
    cycle_shown,
    equity_shown,
    fill_shown,
    foreign_shown,
    order_shown,
)
from binance_trade_agent.storage.standing import (
    heartbeats,
    open_incidents,
    orders_by_status,
    unscheduled_decisions,
)
from binance_trade_agent.storage.summary import Span, summarise
from binance_trade_agent.storage.tool_calls import tool_calls

#: No answer is longer than this, whatever is asked.
MOST_ROWS = 10_000
_STATUS_ROWS = 100
#: Among so many newest decisions on a symbol a price is looked for.
_PRICES_SEEN = 1000
#: How many of several decisions that are meant alike are named.
_ALIKE = 5


class SqlReadModels:
    """`ports.ReadModels` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

    def status(self) -> StoreStatus:
        """All that a status page needs, as of one moment."""
        book_id = self._book.id
        with self._database.read() as transaction:
            counters = transaction.get_one(models.Book, book_id)
            cycles = self._cycles(transaction, 1)
            newest = self._equity(transaction, models.EquitySnapshot.at.desc(), 1)
            unresolved = models.Order.status.in_([OrderStatus.INTENT.value, OrderStatus.UNKNOWN.value])
            return StoreStatus(
                book=self._book,
                session=latest_session(transaction, book_id),
                control=stored_control(transaction, self._book),
                last_cycle=cycles[0] if cycles else None,
                cycles=counters.cycles,
                decisions=counters.decisions,
                unscheduled_decisions=unscheduled_decisions(transaction, book_id),
                orders_by_status=orders_by_status(transaction, book_id),
                unresolved=self._orders(transaction, _STATUS_ROWS, models.UNFINISHED_ORDER, unresolved),
                equity=newest[0] if newest else None,
                contributed=put_in(transaction, self._book),
                heartbeats=heartbeats(transaction, book_id),
                incidents=open_incidents(transaction, book_id),
                failed_starts=counters.failed_starts,
            )

    def book(self) -> Book | None:
        """The book all answers are of."""
        return self._book

    def sessions(self, *, limit: int = 50) -> tuple[StoredSession, ...]:
        """Runs of the trader, one-shot processes left out."""
        with self._database.read() as transaction:
            return latest_sessions(transaction, self._book.id, _bounded(limit))

    def positions(self) -> tuple[Position, ...]:
        """Positions by symbol, flat ones with history included."""
        with self._database.read() as transaction:
            return all_positions(transaction, self._book.id)

    def balances(self) -> dict[str, Decimal]:
        """Asset -> what the account must hold by our flows."""
        with self._database.read() as transaction:
            return all_balances(transaction, self._book.id)

    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]:
        """Orders, newest first."""
        with self._database.read() as transaction:
            return self._orders(transaction, limit, *_equal(models.Order.symbol, symbol))

    def entries(self, *, since: datetime) -> tuple[datetime, ...]:
        """When each entry since `since` was begun."""
        query = (
            select(models.Order.created_at)
            .filter_by(book_id=self._book.id, purpose=Purpose.ENTRY.value)
            .where(models.Order.created_at >= since)
            .order_by(models.Order.created_at.desc())
            .limit(MOST_ROWS)
        )
        with self._database.read() as transaction:
            return tuple(transaction.scalars(query))

    def order(self, client_order_id: str) -> OrderRow | None:
        """One order; None if there is none of the id."""
        with self._database.read() as transaction:
            found = self._orders(transaction, 1, models.Order.client_order_id == client_order_id)
            return found[0] if found else None

    def unfinished_orders(self) -> tuple[OrderRow, ...]:
        """Every order that is not terminal, newest first."""
        with self._database.read() as transaction:
            return self._orders(transaction, MOST_ROWS, models.UNFINISHED_ORDER)

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]:
        """Fills, newest first."""
        query = (
            select(models.Fill)
            .filter_by(book_id=self._book.id)
            .where(*_equal(models.Fill.symbol, symbol))
            .order_by(models.Fill.traded_at.desc())
            .limit(_bounded(limit))
        )
        with self._database.read() as transaction:
            return tuple(fill_shown(row) for row in transaction.scalars(query))

    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]:
        """Cycles, newest first."""
        with self._database.read() as transaction:
            return tuple(self._cycles(transaction, limit))

    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]:
        """Decisions, newest first."""
        chosen = (
            select(models.Decision)
            .filter_by(book_id=self._book.id)
            .where(*_equal(models.Decision.symbol, symbol), *_equal(models.Decision.outcome, outcome))
            .order_by(models.Decision.decided_at.desc())
            .limit(_bounded(limit))
        )
        with self._database.read() as transaction:
            rows = transaction.scalars(chosen).all()
            numbers = self._cycle_numbers(transaction, {row.cycle_id for row in rows})
            return tuple(shown(row, numbers[row.cycle_id]) for row in rows)

    def decision(self, reference: str) -> DecisionRow | None:
        """The decision whose id begins with `reference`, or the newest for `last`.

        Raises:
            ConfigurationError: several begin so.
        """
        if reference == "last":
            return next(iter(self.decisions(limit=1)), None)
        alike = (
            select(models.Decision)
            .filter_by(book_id=self._book.id)
            .where(
                # the range is looked up in the key, which LIKE is not; ids are hexadecimal
                models.Decision.id.between(reference, f"{reference}g"),
                models.Decision.id.startswith(reference, autoescape=True),
            )
            .order_by(models.Decision.id)
            .limit(_ALIKE)
        )
        with self._database.read() as transaction:
            # a whole id is found by its key; a beginning is looked for among all
            for found in self._with_ids(transaction, (reference,)):
                return found
            rows = list(transaction.scalars(alike))
            if len(rows) > 1:
                named = ", ".join(row.id for row in rows)
                raise ConfigurationError(f"several decisions begin with {reference!r}: {named}")
            numbers = self._cycle_numbers(transaction, {row.cycle_id for row in rows})
            return next((shown(row, numbers[row.cycle_id]) for row in rows), None)

    def decisions_with(self, ids: Collection[str]) -> dict[str, DecisionRow]:
        """id -> its decision, of those there are."""
        with self._database.read() as transaction:
            return {row.id: row for row in self._with_ids(transaction, ids)}

    def last_price(self, symbol: str) -> Decimal | None:
        """The price that the newest decision with one saw; while the exchange is silent, many have none."""
        with self._database.read() as transaction:
            # nearly always the very newest has one, and each that is looked at lies on a page of its own
            for seen in (1, _PRICES_SEEN):
                found = transaction.scalar(self._priced(symbol, seen))
                if found is not None:
                    return found
            return None

    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]:
        """The latest `limit` snapshots, rising in time."""
        with self._database.read() as transaction:
            return tuple(reversed(self._equity(transaction, models.EquitySnapshot.at.desc(), limit)))

    def incidents(self) -> tuple[Incident, ...]:
        """Open incidents, oldest first."""
        with self._database.read() as transaction:
            return open_incidents(transaction, self._book.id)

    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]:
        """Cancels, newest first."""
        query = (
            select(models.Cancel)
            .filter_by(book_id=self._book.id)
            .order_by(models.Cancel.created_at.desc())
            .limit(_bounded(limit))
        )
        with self._database.read() as transaction:
            return tuple(cancel_shown(row) for row in transaction.scalars(query))

    def audit(self, *, limit: int = 50, since: datetime | None = None) -> tuple[AuditRow, ...]:
        """Acts of people, agents and limits, newest first, not older than `since`."""
        query = (
            select(models.Audit)
            .filter_by(book_id=self._book.id)
            .order_by(models.Audit.at.desc(), models.Audit.id.desc())
            .limit(_bounded(limit))
        )
        if since is not None:
            query = query.where(models.Audit.at >= since)
        with self._database.read() as transaction:
            return tuple(audit_shown(row) for row in transaction.scalars(query))

    def tool_calls(
        self, *, limit: int = 50, caller: str | None = None, refused_only: bool = False
    ) -> tuple[ToolCall, ...]:
        """Calls over MCP, newest first."""
        with self._database.read() as transaction:
            return tool_calls(
                transaction, self._book.id, limit=_bounded(limit), caller=caller, refused_only=refused_only
            )

    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that no fill of ours made, newest first."""
        query = (
            select(models.Flow)
            .filter_by(book_id=self._book.id)
            .where(models.OUTSIDE)
            .order_by(models.Flow.at.desc(), models.Flow.id.desc())
            .limit(_bounded(limit))
        )
        with self._database.read() as transaction:
            return tuple(
                FlowRow(row.kind, row.asset, row.amount, row.symbol, row.reason, row.at)
                for row in transaction.scalars(query)
            )

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]:
        """Open orders of the account that are not ours, by symbol."""
        query = (
            select(models.ForeignOrder)
            .filter_by(book_id=self._book.id)
            .order_by(models.ForeignOrder.symbol, models.ForeignOrder.exchange_order_id)
            .limit(MOST_ROWS)
        )
        with self._database.read() as transaction:
            return tuple(foreign_shown(row) for row in transaction.scalars(query))

    def protection_terms(self, symbols: Collection[str]) -> ProtectionTerms:
        """What decides where the stops and targets of `symbols` lie."""
        with self._database.read() as transaction:
            return protection_terms(transaction, self._book.id, symbols)

    def asked_orders(self, actor: str, *, since: datetime) -> tuple[AskedOrder, ...]:
        """The workflows that `actor` asked for, oldest first."""
        with self._database.read() as transaction:
            return asked_orders(transaction, self._book.id, actor, since)

    def loss_marks(self) -> LossMarks | None:
        """Where losses are counted from; None before the first cycle."""
        with self._database.read() as transaction:
            return stored_marks(transaction, self._book.id)

    def summary(self, *, since: datetime, until: datetime, symbol: str | None = None) -> DecisionSummary:
        """All decisions of scheduled cycles in `[since, until)`, counted; bounded whatever the span."""
        with self._database.read() as transaction:
            return summarise(transaction, Span(self._book.id, since, until, symbol))

    def _orders(
        self, transaction: Session, limit: int, *where: ColumnElement[bool] | TextClause
    ) -> tuple[OrderRow, ...]:
        query: Select[models.Order] = (
            select(models.Order)
            .filter_by(book_id=self._book.id)
            .where(*where)
            .order_by(models.Order.created_at.desc())
            .limit(_bounded(limit))
        )
        return tuple(order_shown(row) for row in transaction.scalars(query))

    def _priced(self, symbol: str, seen: int) -> Select[Decimal | None]:
        """The newest price among the `seen` newest decisions on a symbol."""
        row = models.Decision
        newest = (
            select(row.price, row.decided_at)
            .where(row.book_id == self._book.id, row.symbol == symbol)
            .order_by(row.decided_at.desc())
            .limit(seen)
            .subquery()
        )
        priced = select(newest.c.price).where(newest.c.price.is_not(None))
        return priced.order_by(newest.c.decided_at.desc()).limit(1)

    def _cycles(self, transaction: Session, limit: int) -> list[CycleRow]:
        query = (
            select(models.Cycle)
            .filter_by(book_id=self._book.id)
            .order_by(models.Cycle.started_at.desc())
            .limit(_bounded(limit))
        )
        return [cycle_shown(row) for row in transaction.scalars(query)]

    def _with_ids(self, transaction: Session, ids: Collection[str]) -> Iterator[DecisionRow]:
        """Decisions by their key, each with its cycle's number."""
        cycle = (models.Cycle.book_id == models.Decision.book_id) & (
            models.Cycle.id == models.Decision.cycle_id
        )
        rows = (
            select(models.Decision, models.Cycle.number)
            .join(models.Cycle, cycle)
            .where(models.Decision.book_id == self._book.id, models.Decision.id.in_(ids))
        )
        return (shown(row, number) for row, number in transaction.execute(rows))

    def _cycle_numbers(self, transaction: Session, cycle_ids: set[str]) -> dict[str, int]:
        if not cycle_ids:
            return {}
        query = (
            select(models.Cycle.id, models.Cycle.number)
            .filter_by(book_id=self._book.id)
            .where(models.Cycle.id.in_(cycle_ids))
        )
        return dict(transaction.execute(query).all())

    def _equity(
        self, transaction: Session, order: ColumnElement[datetime], limit: int
    ) -> Sequence[EquityRow]:
        query = (
            select(models.EquitySnapshot)
            .filter_by(book_id=self._book.id)
            .order_by(order)
            .limit(_bounded(limit))
        )
        return [equity_shown(row) for row in transaction.scalars(query)]


def _bounded(limit: int) -> int:
    return max(0, min(limit, MOST_ROWS))


def _equal(column: InstrumentedAttribute[str], value: str | None) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]
