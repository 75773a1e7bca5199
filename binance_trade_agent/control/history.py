"""What can be looked up in a long history: pages of rows, series for charts, the database's size."""

from datetime import datetime

from binance_trade_agent.control.performance import begin_of
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
from binance_trade_agent.ports import Clock
from binance_trade_agent.ports.history import HistoryReads

_ROWS, _POINTS, _HOLD_POINTS = 50, 400, 100


class History:
    """Pages and series, bounded whatever is asked. Raises `StorageError`.

    Pages come newest first; `cursor` is that of the page before. Periods are those of `performance.begin_of`;
    one that is none, like a cursor that is none, raises `ConfigurationError`.
    """

    def __init__(self, reads: HistoryReads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock

    def decisions(
        self, wanted: DecisionFilter, *, limit: int = _ROWS, cursor: str | None = None
    ) -> Page[DecisionRow]:
        """Decisions that are all of what is wanted."""
        return self._reads.decisions(wanted, limit=limit, cursor=cursor)

    def orders(self, wanted: OrderFilter, *, limit: int = _ROWS, cursor: str | None = None) -> Page[OrderRow]:
        """Orders that are all of what is wanted."""
        return self._reads.orders(wanted, limit=limit, cursor=cursor)

    def order_life(self, client_order_id: str) -> OrderLife | None:
        """An order with its legs, fills and cancels; None if there is none of the id."""
        return self._reads.order_life(client_order_id)

    def account_book(self) -> AccountBook:
        """The ledger beside the exchange: when they agreed last, and what moved each asset from outside."""
        return self._reads.account_book()

    def round_trips(
        self, wanted: TripFilter, *, limit: int = _ROWS, cursor: str | None = None
    ) -> Page[RoundTripRow]:
        """Closed round trips, by their close."""
        return self._reads.round_trips(wanted, limit=limit, cursor=cursor)

    def equity_curve(
        self, since: datetime, until: datetime, points: int = _POINTS
    ) -> tuple[EquityBucket, ...]:
        """Equity in at most about `points` pieces of time, none of whose peaks and troughs is lost."""
        return self._reads.equity_curve(since, until, points)

    def equity_before(self, at: datetime) -> EquityRow | None:
        """The last snapshot before a moment that knows what was put in by then; None before the first."""
        return self._reads.equity_before(at)

    def against_holding(self, period: str, points: int = _HOLD_POINTS) -> tuple[HoldPoint, ...]:
        """Equity beside that of holding the symbols in equal parts since the period began."""
        now = self._clock.now()
        return self._reads.against_holding(begin_of(period, now), now, points)

    def daily_profits(self, period: str) -> tuple[DayProfit, ...]:
        """What each day (UTC) of the period made."""
        now = self._clock.now()
        return self._reads.daily_profits(begin_of(period, now), now)

    def size(self) -> DatabaseSize:
        """The database's size and its tables; rows are of all books."""
        return self._reads.size()

    def weights(self) -> tuple[WeightUse, ...]:
        """Request weight that this machine used last, by exchange address."""
        return self._reads.weights()
