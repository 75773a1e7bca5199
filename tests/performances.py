"""Rows that performance figures are made of."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.dealt_sums import Dealings
from binance_trade_agent.domain.equity_curve import Cost, CurvePoint, microseconds_of, trace
from binance_trade_agent.domain.performance import PerformanceRows
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.domain.trip_statistics import ClosedTrip

DAY = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)


def equity_row(hours: float, total: str, contributed: str, invested: str = "0") -> EquityRow:
    """A snapshot so many hours after `DAY`; what it made is realised."""
    whole, put_in, value = Decimal(total), Decimal(contributed), Decimal(invested)
    return EquityRow(
        DAY + hours * HOUR, "USDT", whole - value, value, whole - put_in, Decimal(0), whole, put_in
    )


def point(row: EquityRow) -> CurvePoint:
    return microseconds_of(row.at), float(row.total), float(row.positions_value), float(row.contributed or 0)


def trip(
    result: str,
    hours: float = 1,
    *,
    symbol: str = "BTCUSDT",
    strategy: str | None = "ema_cross",
    outside_fees: str = "0",
) -> ClosedTrip:
    """A round trip of an hour that closed so many hours after `DAY`."""
    closed_at = DAY + hours * HOUR
    return ClosedTrip(symbol, strategy, closed_at - HOUR, closed_at, Decimal(result), Decimal(outside_fees))


def dealt(
    day: int, turnover: str, fees: str = "0", outside: str = "0", *, symbol: str = "BTCUSDT"
) -> Dealings:
    return Dealings(
        (DAY + timedelta(days=day)).date(), symbol, 2, Decimal(turnover), Decimal(fees), Decimal(outside)
    )


def rows_of(
    snapshots: list[EquityRow],
    *,
    trips: tuple[ClosedTrip, ...] = (),
    dealings: tuple[Dealings, ...] = (),
    costs: tuple[Cost, ...] = (),
    first_prices: dict[str, Decimal] | None = None,
    last_prices: dict[str, Decimal] | None = None,
    unpriced_fees: dict[str, Decimal] | None = None,
    whole: bool = True,
) -> PerformanceRows:
    return PerformanceRows(
        quote="USDT",
        curve=trace(map(point, snapshots), costs, whole=whole),
        snapshots={row.at: row for row in snapshots},
        from_opening=whole,
        trips=trips,
        dealings=dealings,
        first_prices=first_prices or {},
        last_prices=last_prices or {},
        unpriced_fees=unpriced_fees or {},
    )


class RowsInMemory:
    """Answers with the same rows, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime, str | None]] = []

    def performance_rows(
        self, *, since: datetime, until: datetime, symbol: str | None = None
    ) -> PerformanceRows:
        self.asked.append((since, until, symbol))
        return rows_of(
            [equity_row(1, "1000", "1000"), equity_row(2, "1010", "1000")],
            trips=(trip("6", 1), trip("4", 2, symbol="ETHUSDT")),
            dealings=(dealt(0, "500", "0.5"),),
        )
