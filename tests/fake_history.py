"""A long history kept in memory: what it holds is what a test gives it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

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
    TripFilter,
    WeightUse,
)
from binance_trade_agent.domain.records import DecisionRow, EquityRow, OrderRow

_Row = TypeVar("_Row")


@dataclass
class FakeHistoryReads:
    """`ports.history.HistoryReads`; orders and decisions newest first, equity oldest first."""

    decision_rows: Callable[[], tuple[DecisionRow, ...]]
    order_rows: Callable[[], tuple[OrderRow, ...]]
    equity_rows: Callable[[], tuple[EquityRow, ...]] = tuple
    lives: dict[str, OrderLife] = field(default_factory=dict)
    account: AccountBook = field(default_factory=lambda: AccountBook(None, ()))
    trips: tuple[RoundTripRow, ...] = ()
    holdings: tuple[HoldPoint, ...] = ()
    days: tuple[DayProfit, ...] = ()
    database: DatabaseSize = field(default_factory=lambda: DatabaseSize(0, ()))
    used: tuple[WeightUse, ...] = ()

    def decisions(self, wanted: DecisionFilter, *, limit: int, cursor: str | None) -> Page[DecisionRow]:
        found = (
            row
            for row in self.decision_rows()
            if wanted.symbol in (None, row.symbol)
            and wanted.outcome in (None, row.outcome)
            and wanted.reason_code in (None, row.reason_code)
            and wanted.gate in (None, row.blocking_gate)
            and _within(row.decided_at, wanted.since, wanted.until)
        )
        return _page(found, limit, cursor)

    def orders(self, wanted: OrderFilter, *, limit: int, cursor: str | None) -> Page[OrderRow]:
        found = (
            row
            for row in self.order_rows()
            if wanted.symbol in (None, row.symbol)
            and wanted.status in (None, row.status)
            and wanted.purpose in (None, row.purpose)
            and _within(row.created_at, wanted.since, wanted.until)
        )
        return _page(found, limit, cursor)

    def order_life(self, client_order_id: str) -> OrderLife | None:
        """What a test gave for the id; without it the order alone."""
        order = next((row for row in self.order_rows() if row.client_order_id == client_order_id), None)
        alone = OrderLife(order, (), (), (), None) if order else None
        return self.lives.get(client_order_id, alone)

    def account_book(self) -> AccountBook:
        return self.account

    def round_trips(self, wanted: TripFilter, *, limit: int, cursor: str | None) -> Page[RoundTripRow]:
        found = (
            row
            for row in self.trips
            if wanted.symbol in (None, row.symbol) and _within(row.closed_at, wanted.since, wanted.until)
        )
        return _page(found, limit, cursor)

    def equity_curve(self, since: datetime, until: datetime, points: int) -> tuple[EquityBucket, ...]:
        return tuple(
            EquityBucket(row, row, row, row) for row in self.equity_rows() if _within(row.at, since, until)
        )

    def equity_before(self, at: datetime) -> EquityRow | None:
        before = (row for row in self.equity_rows()[::-1] if row.at < at and row.contributed is not None)
        return next(before, None)

    def against_holding(self, since: datetime, until: datetime, points: int) -> tuple[HoldPoint, ...]:
        return self.holdings

    def daily_profits(self, since: datetime, until: datetime) -> tuple[DayProfit, ...]:
        return self.days

    def size(self) -> DatabaseSize:
        return self.database

    def weights(self) -> tuple[WeightUse, ...]:
        return self.used


def _within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    return (since is None or at >= since) and (until is None or at < until)


def _page(found: Iterable[_Row], limit: int, cursor: str | None) -> Page[_Row]:
    if cursor is not None and not cursor.isdecimal():
        raise ConfigurationError(f"cursor {cursor!r}: expected the cursor of a page before")
    begin = int(cursor or 0)
    rows = list(found)[begin:]
    return Page(tuple(rows[:limit]), str(begin + limit) if len(rows) > limit else None)
