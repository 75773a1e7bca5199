"""The course of equity, freed of deposits and withdrawals: unit value, drawdown, exposure.

The unit value is what one unit of capital put in at the beginning is worth (a time-weighted return).
From one snapshot to the next it grows by

    (equity - fees) / (equity before + put in since)

where `fees` are those paid in the meantime out of coins that are not the book's. What is put in counts from
the snapshot before it, so neither a deposit nor a withdrawal is a gain or a loss. Unit values, shares and
statistics are ratios and floats; money is `Decimal` and not handled here.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import NamedTuple, TypeAlias, cast

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_NEVER_US = 1 << 62


#: A snapshot as the curve needs it: microseconds since 1970; equity, its part in positions, and what had been put in.
CurvePoint: TypeAlias = tuple[int, float, float, float]


class Cost(NamedTuple):
    """A fee paid out of coins that are not the book's, in quote currency."""

    at_us: int
    amount: float


@dataclass(frozen=True, slots=True)
class Fall:
    """The largest fall of the unit value from an earlier top, `share` in 0..1.

    `recovered_at` is when the top was reached again; None if it has not been.
    """

    share: float
    from_at: datetime
    to_at: datetime
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The last snapshot of a day (UTC), and the unit value then."""

    day: date
    at: datetime
    unit: float


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """`begin_at` is the snapshot at which the unit is 1, `days` are those with later snapshots, rising.

    `fall` is None if the unit value never fell. `exposure` is the share of equity in positions, each
    snapshot's weighted with the time to the next one; None for less than two snapshots.
    """

    begin_at: datetime
    days: tuple[DayEnd, ...]
    fall: Fall | None
    exposure: float | None


class DayDigest(NamedTuple):
    """The snapshots of one day (UTC) as a curve needs them; unit values are in units of the first snapshot's.

    growth      unit value of the last
    high, low   the largest (the last time it was reached) and the smallest (the first time)
    fall        the largest fall from an earlier top of the day, in 0..1
    invested_us the share of equity in positions, times the microseconds it was so
    """

    first: CurvePoint
    last: CurvePoint
    growth: float
    high: float
    high_us: int
    low: float
    low_us: int
    fall: float
    invested_us: float


def digest(points: Sequence[CurvePoint]) -> DayDigest:
    """What a day's snapshots, which rise in time, come to; raises `IndexError` without one."""
    tracer = _Tracer(points[0], (), whole=False)
    low, low_us = 1.0, points[0][0]
    for point in points[1:]:
        tracer.step(point)
        if tracer.unit < low:
            low, low_us = tracer.unit, point[0]
    high, high_us, fall, invested_us = tracer.extremes()
    return DayDigest(points[0], points[-1], tracer.unit, high, high_us, low, low_us, fall, invested_us)


def moment_of(at_us: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=at_us)


def microseconds_of(at: datetime) -> int:
    """A time as microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def trace(
    points: Iterable[CurvePoint | DayDigest],
    costs: Sequence[Cost],
    *,
    whole: bool,
    points_of: Callable[[DayDigest], Iterable[CurvePoint]] | None = None,
) -> EquityCurve | None:
    """The curve of snapshots that rise in time, in one pass that keeps one point a day; None if there is none to tell.

    Days may come as digests; `points_of` gives the snapshots of one where it does not tell enough.

    `costs` rise in time. With `whole` the first point is the book's own first: it is measured against
    what had been put in. Otherwise it is where the time begins: the unit is 1 there, and its day is not
    one of the curve.
    """
    coming = iter(points)
    first = next(coming, None)
    if first is None:
        return None
    if isinstance(first, DayDigest):
        coming = chain(_all_points(first, points_of), coming)
        first = next(coming)
    tracer = _Tracer(cast("CurvePoint", first), costs, whole=whole)
    for point in coming:
        if not isinstance(point, DayDigest):
            tracer.step(point)
        elif tracer.can_take(point):
            tracer.step_day(point)
        else:
            for each in _all_points(point, points_of):
                tracer.step(each)
    return tracer.curve()


def _all_points(
    day: DayDigest, points_of: Callable[[DayDigest], Iterable[CurvePoint]] | None
) -> Iterator[CurvePoint]:
    if points_of is None:
        raise ValueError("the snapshots of a digest are not to be had")
    yield from points_of(day)


class _Tracer:
    """One pass over the snapshots. There are a quarter of a million a year, so a step does as little as it can."""

    __slots__ = (
        "_begin_us",
        "_costs",
        "_day_end_us",
        "_days",
        "_fall",
        "_fall_from",
        "_fall_to",
        "_invested_us",
        "_last",
        "_next_cost_us",
        "_recovered",
        "_top",
        "_top_us",
        "_unit",
    )

    def __init__(self, first: CurvePoint, costs: Sequence[Cost], *, whole: bool) -> None:
        at_us, total, _, contributed = first
        self._begin_us = self._top_us = at_us
        self._costs = deque(costs)
        self._next_cost_us = costs[0].at_us if costs else _NEVER_US
        self._unit = self._top = 1.0
        self._fall = 0.0
        self._fall_from = self._fall_to = at_us
        self._recovered: int | None = None
        self._invested_us = 0.0
        self._days: list[tuple[int, float]] = []
        self._last = first
        paid = self._paid_until(at_us)
        if whole:
            self._day_end_us = _day_end(at_us)
            self._grow(at_us, total - paid, contributed)
        else:
            # nothing to keep of its day
            self._day_end_us = 0

    def step(self, point: CurvePoint) -> None:
        """The next snapshot."""
        at_us, total, _, contributed = point
        before_us, before, invested, put_in = self._last
        if before > 0:
            self._invested_us += invested / before * (at_us - before_us)
        if at_us >= self._day_end_us:
            if self._day_end_us:
                self._days.append((before_us, self._unit))
            self._day_end_us = _day_end(at_us)
        if at_us >= self._next_cost_us:
            total -= self._paid_until(at_us)
        self._grow(at_us, total, before + contributed - put_in)
        self._last = point

    @property
    def unit(self) -> float:
        """The unit value now."""
        return self._unit

    def extremes(self) -> tuple[float, int, float, float]:
        """The top and when it was, the largest fall, and what was invested over the time."""
        return self._top, self._top_us, self._fall, self._invested_us

    def can_take(self, day: DayDigest) -> bool:
        """Whether the digest tells all that the curve needs of its day."""
        if day.last[0] >= self._next_cost_us:
            return False
        unit = self._unit_at(day.first)
        if unit * day.high < self._top:
            return True
        is_recovery = self._recovered is None and self._fall_from == self._top_us
        may_fall_more = max(day.fall, 1 - unit * day.low / self._top) >= self._fall
        return not is_recovery and not may_fall_more

    def step_day(self, day: DayDigest) -> None:
        """The snapshots of a day of which `can_take` is true."""
        self.step(day.first)
        begin = self._unit
        self._unit, self._last = begin * day.growth, day.last
        self._invested_us += day.invested_us
        if begin * day.high >= self._top:
            self._top, self._top_us = begin * day.high, day.high_us
        elif 1 - begin * day.low / self._top > self._fall:
            self._fall, self._fall_from = 1 - begin * day.low / self._top, self._top_us
            self._fall_to, self._recovered = day.low_us, None

    def _unit_at(self, point: CurvePoint) -> float:
        """What the unit value will be at the next snapshot, if no fee is paid until then."""
        _, before, _, put_in = self._last
        capital = before + point[3] - put_in
        return self._unit * (max(point[1], 0.0) / capital) if capital > 0 else self._unit

    def curve(self) -> EquityCurve | None:
        """What came of it."""
        if not self._day_end_us:
            return None
        last_us = self._last[0]
        ends = [(moment_of(at_us), unit) for at_us, unit in [*self._days, (last_us, self._unit)]]
        fall = Fall(
            self._fall,
            moment_of(self._fall_from),
            moment_of(self._fall_to),
            None if self._recovered is None else moment_of(self._recovered),
        )
        span = last_us - self._begin_us
        return EquityCurve(
            begin_at=moment_of(self._begin_us),
            days=tuple(DayEnd(at.date(), at, unit) for at, unit in ends),
            fall=fall if self._fall > 0 else None,
            exposure=self._invested_us / span if span else None,
        )

    def _grow(self, at_us: int, total: float, capital: float) -> None:
        """The unit value once `capital` has become `total`."""
        if capital > 0:
            self._unit *= total / capital if total > 0 else 0.0
        unit, top = self._unit, self._top
        if unit < top:
            if 1 - unit / top > self._fall:
                self._fall, self._fall_from, self._fall_to = 1 - unit / top, self._top_us, at_us
                self._recovered = None
            return
        if self._recovered is None and self._fall_from == self._top_us:
            self._recovered = at_us
        self._top, self._top_us = unit, at_us

    def _paid_until(self, at_us: int) -> float:
        """What was paid since it was last asked for."""
        paid, costs = 0.0, self._costs
        while costs and costs[0].at_us <= at_us:
            paid += costs.popleft().amount
        self._next_cost_us = costs[0].at_us if costs else _NEVER_US
        return paid


def _day_end(at_us: int) -> int:
    return (at_us // _DAY_US + 1) * _DAY_US
