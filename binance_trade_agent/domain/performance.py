"""Performance figures: what people and programs are shown, made of equity snapshots, round trips and fills.

docs/performance.md states each figure with its source. Money is exact `Decimal` in quote currency; returns
and ratios of the equity curve are floats, shares of round trips `Decimal`s.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from statistics import fmean

from binance_trade_agent.domain.dealt_sums import NOTHING, Dealings, DealtSum, DealtSums, Naming, grouped
from binance_trade_agent.domain.equity_curve import EquityCurve
from binance_trade_agent.domain.money import EXACT, ZERO, total
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.domain.return_statistics import daily_returns, sharpe_ratio, sortino_ratio, yearly
from binance_trade_agent.domain.trip_statistics import ClosedTrip, TripStatistics


class Grouping(StrEnum):
    """What a breakdown is by. Weeks are ISO weeks; a strategy is that of the decision that opened the trip.

    Trips that a person opened, whoever it was, are together (`BY_HAND`).
    """

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    SYMBOL = "symbol"
    STRATEGY = "strategy"

    @property
    def is_of_time(self) -> bool:
        """Whether it cuts time into pieces."""
        return self in {Grouping.DAY, Grouping.WEEK, Grouping.MONTH}


@dataclass(frozen=True, slots=True)
class PerformanceRows:
    """What the figures are made of, as of one state of the database, for `[since, until)`.

    snapshots       those at the curve's beginning, at each day's end, and at both ends of its fall, by time
    trips           those that closed in the time
    first_prices    symbol -> price at the curve's beginning, of the symbols traded then
    last_prices     symbol -> newest price in the time, of the same symbols
    unpriced_fees   asset -> fees for which no price is stored
    fall_fees       fees in third assets that were paid during the curve's fall
    sums            of the same trips and dealings, where they are kept from one answer to the next
    from_opening    whether the curve begins with the book: then it is measured against what was put in
    """

    quote: str
    curve: EquityCurve | None
    snapshots: dict[datetime, EquityRow]
    from_opening: bool
    trips: tuple[ClosedTrip, ...]
    dealings: tuple[Dealings, ...]
    first_prices: dict[str, Decimal]
    last_prices: dict[str, Decimal]
    unpriced_fees: dict[str, Decimal]
    fall_fees: Decimal = ZERO
    sums: DealtSums | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The largest fall of the unit value. `amount` is the profit given up between its two ends."""

    share: float
    amount: Decimal
    from_at: datetime
    to_at: datetime
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True)
class EquityFigures:
    """What the equity curve tells; shares and ratios are floats, None where there are too few days.

    begin_at, end_at     first and last snapshot
    equity, cash, invested   at the end: cash + positions at their price then
    put_in               deposits less withdrawals in the time
    profit               change of equity - put_in - fees paid in third assets
    realised             of it: by sales, net of all fees
    unrealised           of it: change of what open positions are worth above their cost
    open_unrealised      what open positions are worth above their cost, at the end
    total_return         unit value at the end - 1 (time-weighted)
    buy_and_hold         mean over symbols of last price / first price, - 1
    excess               total_return - buy_and_hold
    yearly_return        (1 + total_return) ^ (365 / days) - 1
    sharpe               mean(r) / sample standard deviation(r) x sqrt(365), r the daily returns, risk-free 0
    sortino              mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(365)
    calmar               yearly_return / drawdown
    exposure             share of equity in positions, over time
    days                 how many daily returns there are
    """

    begin_at: datetime
    end_at: datetime
    equity: Decimal
    cash: Decimal
    invested: Decimal
    put_in: Decimal
    profit: Decimal
    realised: Decimal
    unrealised: Decimal
    open_unrealised: Decimal
    total_return: float
    buy_and_hold: float | None
    excess: float | None
    yearly_return: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown | None
    exposure: float | None
    days: int


@dataclass(frozen=True, slots=True)
class PerformanceSlice:
    """One row of a breakdown. Of symbols and strategies, what only all equity tells is None.

    Fills are known by time and symbol: of strategies `turnover` is None and `fees` too.
    """

    name: str
    equity: Decimal | None
    profit: Decimal | None
    total_return: float | None
    trips: TripStatistics
    turnover: Decimal | None
    fees: Decimal | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of `[since, until)`; `figures` is None for one symbol, and before the first snapshot.

    `turnover` is what was bought and sold; `turnover_share` is that in units of mean equity at days' ends.
    """

    since: datetime
    until: datetime
    symbol: str | None
    quote: str
    figures: EquityFigures | None
    trips: TripStatistics
    buy_and_hold: dict[str, float]
    fills: int
    turnover: Decimal
    turnover_share: Decimal | None
    fees: Decimal
    outside_fees: Decimal
    unpriced_fees: dict[str, Decimal]
    grouping: Grouping | None
    slices: tuple[PerformanceSlice, ...]


def measure(
    rows: PerformanceRows,
    *,
    since: datetime,
    until: datetime,
    symbol: str | None = None,
    grouping: Grouping | None = None,
) -> Performance:
    """The figures of `rows`, and their breakdown."""
    held = {
        name: rate(rows.last_prices[name], price)
        for name, price in rows.first_prices.items()
        if price and name in rows.last_prices
    }
    sums = rows.sums or DealtSums(rows.trips, rows.dealings)
    whole = sums.by("", _WHOLE).get("", NOTHING)
    mean_equity = _mean_equity(rows)
    return Performance(
        since=since,
        until=until,
        symbol=symbol,
        quote=rows.quote,
        figures=None if symbol else _figures(rows, whole, fmean(held.values()) if held else None),
        trips=whole.trips,
        buy_and_hold=held,
        fills=whole.fills,
        turnover=whole.turnover,
        turnover_share=whole.turnover / mean_equity if mean_equity and not symbol else None,
        fees=whole.fees,
        outside_fees=whole.outside_fees,
        unpriced_fees=rows.unpriced_fees,
        grouping=grouping,
        slices=_slices(rows, sums, grouping, symbol) if grouping else (),
    )


def rate(last: Decimal, first: Decimal) -> float:
    """`last / first - 1`, as a ratio."""
    return float(last / first - 1)


def _figures(rows: PerformanceRows, dealt: DealtSum, held: float | None) -> EquityFigures | None:
    curve = rows.curve
    if curve is None:
        return None
    end = rows.snapshots[curve.days[-1].at]
    begin = rows.snapshots[curve.begin_at]
    outside = dealt.outside_fees
    realised, unrealised = end.realised, end.unrealised
    if not rows.from_opening:
        realised = EXACT.subtract(realised, begin.realised)
        unrealised = EXACT.subtract(unrealised, begin.unrealised)
    put_in = ZERO if rows.from_opening else _put_in(begin)
    returns = daily_returns(curve)
    whole = curve.days[-1].unit - 1
    drawdown = _drawdown(rows, curve)
    year = yearly(whole, len(returns))
    return EquityFigures(
        begin_at=curve.begin_at,
        end_at=end.at,
        equity=end.total,
        cash=end.cash,
        invested=end.positions_value,
        put_in=EXACT.subtract(_put_in(end), put_in),
        profit=EXACT.subtract(EXACT.subtract(profit_of(end), _profit_before(rows)), outside),
        realised=EXACT.subtract(realised, outside),
        unrealised=unrealised,
        open_unrealised=end.unrealised,
        total_return=whole,
        buy_and_hold=held,
        excess=None if held is None else whole - held,
        yearly_return=year,
        sharpe=sharpe_ratio(returns),
        sortino=sortino_ratio(returns),
        calmar=year / drawdown.share if year is not None and drawdown else None,
        drawdown=drawdown,
        exposure=curve.exposure,
        days=len(returns),
    )


def profit_of(row: EquityRow) -> Decimal:
    """Equity less what was put in."""
    return EXACT.subtract(row.total, _put_in(row))


def _put_in(row: EquityRow) -> Decimal:
    return row.contributed if row.contributed is not None else ZERO


def _profit_before(rows: PerformanceRows) -> Decimal:
    """What had been made before the curve begins."""
    if rows.curve is None or rows.from_opening:
        return ZERO
    return profit_of(rows.snapshots[rows.curve.begin_at])


def _drawdown(rows: PerformanceRows, curve: EquityCurve) -> Drawdown | None:
    fall = curve.fall
    if fall is None:
        return None
    top = profit_of(rows.snapshots[fall.from_at])
    if rows.from_opening and fall.from_at == curve.begin_at:
        # the unit was 1 before the first snapshot
        top = max(top, ZERO)
    amount = EXACT.add(EXACT.subtract(top, profit_of(rows.snapshots[fall.to_at])), rows.fall_fees)
    return Drawdown(fall.share, amount, fall.from_at, fall.to_at, fall.recovered_at)


def _mean_equity(rows: PerformanceRows) -> Decimal | None:
    if rows.curve is None:
        return None
    ends = [rows.snapshots[end.at].total for end in rows.curve.days]
    return total(ends) / len(ends)


def _slices(
    rows: PerformanceRows, sums: DealtSums, grouping: Grouping, symbol: str | None
) -> tuple[PerformanceSlice, ...]:
    naming = _NAMINGS[grouping]
    dealt = sums.by(grouping, naming)
    if grouping.is_of_time:
        return _pieces_of_time(rows, dealt, _NAMES[grouping], is_whole=symbol is None)
    has_dealings = naming.of_dealings is not None
    slices = [
        PerformanceSlice(
            name or "unknown",
            None,
            None,
            None,
            own.trips,
            own.turnover if has_dealings else None,
            own.fees if has_dealings else None,
        )
        for name, own in dealt.items()
    ]
    return tuple(sorted(slices, key=lambda one: (-one.trips.net, one.name)))


def _pieces_of_time(
    rows: PerformanceRows, dealt: Mapping[str, DealtSum], name_of: Callable[[date], str], *, is_whole: bool
) -> tuple[PerformanceSlice, ...]:
    """Rising in time; what happened on days without a snapshot counts for the next that has one."""
    ends = grouped(rows.curve.days if rows.curve and is_whole else (), lambda end: name_of(end.day))
    profit_then, unit_then = _profit_before(rows), 1.0
    slices = []
    for name in sorted(dealt.keys() | ends.keys()):
        own = dealt.get(name, NOTHING)
        equity = profit = gained = None
        if name in ends:
            end = ends[name][-1]
            row = rows.snapshots[end.at]
            profit = EXACT.subtract(profit_of(row), profit_then)
            equity, gained = row.total, end.unit / unit_then - 1 if unit_then > 0 else 0.0
            profit_then, unit_then = profit_of(row), end.unit
        if is_whole and own.outside_fees:
            profit = EXACT.subtract(profit or ZERO, own.outside_fees)
        slices.append(PerformanceSlice(name, equity, profit, gained, own.trips, own.turnover, own.fees))
    return tuple(slices)


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def _by_time(name_of: Callable[[date], str]) -> Naming:
    return Naming(lambda trip: name_of(trip.closed_at.date()), lambda one: name_of(one.day))


_NAMES: dict[Grouping, Callable[[date], str]] = {
    Grouping.DAY: date.isoformat,
    Grouping.WEEK: _week,
    Grouping.MONTH: lambda day: f"{day:%Y-%m}",
}
_WHOLE = Naming(lambda trip: "", lambda one: "")
_NAMINGS: dict[Grouping, Naming] = {
    **{grouping: _by_time(name_of) for grouping, name_of in _NAMES.items()},
    Grouping.SYMBOL: Naming(lambda trip: trip.symbol, lambda one: one.symbol),
    Grouping.STRATEGY: Naming(lambda trip: trip.strategy or "", None),
}
