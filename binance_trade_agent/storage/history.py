"""Bounded queries over a long history: pages of decisions, orders and round trips; sizes."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.history_rows import (
    AccountBook,
    DatabaseSize,
    DayProfit,
    DecisionFilter,
    EquityBucket,
    HoldPoint,
    OrderFilter,
    OrderLife,
    Page,
    RoundTripRow,
    TableSize,
    TripFilter,
    WeightUse,
)
from binance_trade_agent.domain.records import Book, DecisionRow, EquityRow, OrderRow
from binance_trade_agent.storage import models
from binance_trade_agent.storage.account_book import account_book
from binance_trade_agent.storage.column_types import EPOCH, MICROSECOND
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_rows import shown
from binance_trade_agent.storage.equity_series import against_holding, daily_profits, equity_curve
from binance_trade_agent.storage.kept_equity import KeptEquity
from binance_trade_agent.storage.order_life import order_life
from binance_trade_agent.storage.shown import equity_shown, order_shown
from binance_trade_agent.storage.trip_rows import trip_rows

MOST_ROWS = 1000
_MOST_POINTS = 2000
_MOST_HOLD_POINTS = 150
#: Rows of a table are counted up to so many.
_COUNTED = 100_000

_D, _O, _T, _E = models.Decision, models.Order, models.RoundTrip, models.EquitySnapshot
_Shown = TypeVar("_Shown")


class SqlHistory:
    """`ports.HistoryReads` of one book."""

    def __init__(self, database: Database, book: Book, kept: KeptEquity | None = None) -> None:
        self._database = database
        self._book = book
        self._kept = kept or KeptEquity(book.id)

    def decisions(self, wanted: DecisionFilter, *, limit: int, cursor: str | None) -> Page[DecisionRow]:
        """Decisions as asked for."""
        where = [
            *_equal(_D.symbol, wanted.symbol),
            *_equal(_D.outcome, wanted.outcome),
            *_equal(_D.reason_code, wanted.reason_code),
            *_equal(_D.blocking_gate, wanted.gate),
            *_within(_D.decided_at, wanted.since, wanted.until),
            *_after(cursor, _D.decided_at, _D.id),
        ]
        number = models.Cycle.number
        query = (
            select(_D, number)
            .join(models.Cycle, (models.Cycle.book_id == _D.book_id) & (models.Cycle.id == _D.cycle_id))
            .where(_D.book_id == self._book.id, *where)
            .order_by(_D.decided_at.desc(), _D.id.desc())
            .limit(_bounded(limit) + 1)
        )
        with self._database.read() as transaction:
            rows = transaction.execute(query).all()
            return _page(rows, limit, lambda row: shown(*row), lambda row: (row[0].decided_at, row[0].id))

    def orders(self, wanted: OrderFilter, *, limit: int, cursor: str | None) -> Page[OrderRow]:
        """Orders as asked for."""
        query = (
            select(_O)
            .where(
                _O.book_id == self._book.id,
                *_equal(_O.symbol, wanted.symbol),
                *_equal(_O.status, wanted.status),
                *_equal(_O.purpose, wanted.purpose),
                *_within(_O.created_at, wanted.since, wanted.until),
                *_after(cursor, _O.created_at, _O.client_order_id),
            )
            .order_by(_O.created_at.desc(), _O.client_order_id.desc())
            .limit(_bounded(limit) + 1)
        )
        with self._database.read() as transaction:
            rows = transaction.scalars(query).all()
            return _page(rows, limit, order_shown, lambda row: (row.created_at, row.client_order_id))

    def order_life(self, client_order_id: str) -> OrderLife | None:
        """An order with its fills and cancels."""
        with self._database.read() as transaction:
            return order_life(transaction, self._book.id, client_order_id)

    def account_book(self) -> AccountBook:
        """The ledger beside the exchange."""
        with self._database.read() as transaction:
            return account_book(transaction, self._book.id)

    def round_trips(self, wanted: TripFilter, *, limit: int, cursor: str | None) -> Page[RoundTripRow]:
        """Closed round trips as asked for."""
        query = (
            select(_T)
            .where(
                _T.book_id == self._book.id,
                _T.closed_at.is_not(None),
                *_equal(_T.symbol, wanted.symbol),
                *_within(_T.closed_at, wanted.since, wanted.until),
                *_after(cursor, _T.closed_at, _T.symbol),
            )
            .order_by(_T.closed_at.desc(), _T.symbol.desc())
            .limit(_bounded(limit) + 1)
        )
        with self._database.read() as transaction:
            rows = transaction.scalars(query).all()
            found = _page(rows, limit, lambda row: row, lambda row: (row.closed_at, row.symbol))
            return Page(trip_rows(transaction, self._book, found.rows), found.cursor)

    def equity_curve(self, since: datetime, until: datetime, points: int) -> tuple[EquityBucket, ...]:
        """Equity for a chart."""
        with self._database.read() as transaction:
            return equity_curve(transaction, self._kept, since, until, max(1, min(points, _MOST_POINTS)))

    def equity_before(self, at: datetime) -> EquityRow | None:
        """The last snapshot before a moment."""
        query = (
            select(_E)
            .where(_E.book_id == self._book.id, _E.at < at, _E.contributed.is_not(None))
            .order_by(_E.at.desc())
            .limit(1)
        )
        with self._database.read() as transaction:
            row = transaction.scalar(query)
            return None if row is None else equity_shown(row)

    def against_holding(self, since: datetime, until: datetime, points: int) -> tuple[HoldPoint, ...]:
        """Equity beside that of holding the symbols."""
        with self._database.read() as transaction:
            wanted = max(1, min(points, _MOST_HOLD_POINTS))
            return against_holding(transaction, self._kept, since, until, wanted)

    def daily_profits(self, since: datetime, until: datetime) -> tuple[DayProfit, ...]:
        """What each day made."""
        with self._database.read() as transaction:
            return daily_profits(transaction, self._kept, since, until)

    def size(self) -> DatabaseSize:
        """The database's size; rows are of all books."""
        with self._database.read() as transaction:
            tables = (_counted(transaction, name) for name in sorted(models.Base.metadata.tables))
            return DatabaseSize(_size_bytes(transaction), tuple(tables))

    def weights(self) -> tuple[WeightUse, ...]:
        """Request weight used last, by address."""
        query = select(models.RequestWeight).order_by(models.RequestWeight.address)
        with self._database.read() as transaction:
            return tuple(
                WeightUse(row.address, EPOCH + timedelta(minutes=row.minute), row.used)
                for row in transaction.scalars(query)
            )


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST_ROWS))


def _equal(column: InstrumentedAttribute[Any], value: str | None) -> list[ColumnElement[bool]]:
    return [] if value is None else [column == value]


def _within(
    column: InstrumentedAttribute[Any], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    begun = [] if since is None else [column >= since]
    return begun if until is None else [*begun, column < until]


def _after(
    cursor: str | None, at: InstrumentedAttribute[Any], key: InstrumentedAttribute[str]
) -> list[ColumnElement[bool]]:
    """What follows the row that a cursor names, in falling order."""
    if cursor is None:
        return []
    moment_us, _, name = cursor.partition("-")
    if not (moment_us.isdecimal() and name):
        raise ConfigurationError(f"cursor {cursor!r}: expected the cursor of a page before")
    moment = EPOCH + int(moment_us) * MICROSECOND
    # the first is for the index: of either alone it would look at all rows
    return [at <= moment, or_(at < moment, and_(at == moment, key < name))]


def _page(
    rows: Iterable[Any],
    limit: int,
    show: Callable[[Any], _Shown],
    place: Callable[[Any], tuple[datetime, str]],
) -> Page[_Shown]:
    found = list(rows)
    told = found[: _bounded(limit)]
    cursor = None
    if len(found) > len(told):
        at, name = place(told[-1])
        cursor = f"{(at - EPOCH) // MICROSECOND}-{name}"
    return Page(tuple(show(row) for row in told), cursor)


def _counted(transaction: Session, name: str) -> TableSize:
    if name in {"decisions", "cycles"}:
        column = getattr(models.Book, name)
        return TableSize(
            name, int(transaction.scalar(select(func.coalesce(func.sum(column), 0))) or 0), False
        )
    table = models.Base.metadata.tables[name]
    first = select(literal(1)).select_from(table).limit(_COUNTED + 1).subquery()
    rows = transaction.scalar(select(func.count()).select_from(first)) or 0
    return TableSize(name, min(rows, _COUNTED), rows > _COUNTED)


def _size_bytes(transaction: Session) -> int:
    if transaction.get_bind().dialect.name == "postgresql":
        return transaction.scalar(text("SELECT pg_database_size(current_database())")) or 0
    pages = transaction.scalar(text("SELECT page_count FROM pragma_page_count")) or 0
    return pages * (transaction.scalar(text("SELECT page_size FROM pragma_page_size")) or 0)
