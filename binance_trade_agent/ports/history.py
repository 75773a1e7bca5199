"""Bounded queries over a long history. All raise `StorageError` when the database cannot be read."""

from datetime import datetime
from typing import Protocol

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


class HistoryReads(Protocol):
    """Pages hold at most `limit` rows, newest first; series rise in time.

    `cursor` is that of the page before; one that is none raises `ConfigurationError`.
    """

    def decisions(self, wanted: DecisionFilter, *, limit: int, cursor: str | None) -> Page[DecisionRow]: ...
    def orders(self, wanted: OrderFilter, *, limit: int, cursor: str | None) -> Page[OrderRow]: ...
    def order_life(self, client_order_id: str) -> OrderLife | None:
        """An order with its fills and cancels; None if there is none of the id."""
        ...

    def account_book(self) -> AccountBook: ...
    def round_trips(self, wanted: TripFilter, *, limit: int, cursor: str | None) -> Page[RoundTripRow]: ...
    def equity_curve(self, since: datetime, until: datetime, points: int) -> tuple[EquityBucket, ...]:
        """At most about `points` pieces of time; of spans over a week none is shorter than a day."""
        ...

    def equity_before(self, at: datetime) -> EquityRow | None:
        """The last snapshot before a moment that knows what was put in by then."""
        ...

    def against_holding(self, since: datetime, until: datetime, points: int) -> tuple[HoldPoint, ...]: ...
    def daily_profits(self, since: datetime, until: datetime) -> tuple[DayProfit, ...]: ...
    def size(self) -> DatabaseSize: ...
    def weights(self) -> tuple[WeightUse, ...]: ...
