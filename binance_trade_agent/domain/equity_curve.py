"""The course of equity, freed of deposits and withdrawals: unit value, drawdown, exposure.

The unit value is what one unit of capital put in at the beginning is worth (a time-weighted return).
From one snapshot to the next it grows by

    (equity - fees) / (equity before + put in since)

where `fees` are those paid in the meantime out of coins that are not the book's. What is put in counts from
the snapshot before it, so neither a deposit nor a withdrawal is a gain or a loss. Unit values, shares and
statistics are ratios and floats; money is `Decimal` and not handled here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000


class CurvePoint(NamedTuple):
    """A snapshot as the curve needs it: microseconds since 1970, and amounts of quote currency."""

    at_us: int
    total: float
    invested: float
    contributed: float


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


def moment_of(at_us: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=at_us)


def microseconds_of(at: datetime) -> int:
    """A time as microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def trace(points: Iterable[CurvePoint], costs: Sequence[Cost], *, whole: bool) -> EquityCurve | None:
    """The curve of snapshots that rise in time, in one pass that keeps one point a day; None if there is none to tell.

    `costs` rise in time. With `whole` the first point is the book's own first: it is measured against
    what had been put in. Otherwise it is where the time begins: the unit is 1 there, and its day is not
    one of the curve.
    """
    tracer = None
    for point in points:
        if tracer is None:
            tracer = _Tracer(point, costs, whole=whole)
        else:
            tracer.step(point)
    return tracer.curve() if tracer and tracer.has_days else None


class _Tracer:
    """One pass over the snapshots."""

    def __init__(self, first: CurvePoint, costs: Sequence[Cost], *, whole: bool) -> None:
        self._begin_us = self._top_us = first.at_us
        self._costs = costs
        self._next_cost = 0
        self._unit = self._top = 1.0
        self._fall = 0.0
        self._fall_from = self._fall_to = first.at_us
        self._recovered: int | None = None
        self._invested_us = 0.0
        self._days: dict[int, tuple[int, float]] = {}
        self._last = first
        if whole:
            self._last = first._replace(total=first.contributed)
            self._grow(first)
        else:
            self._paid_until(first.at_us)
        self._last = first

    @property
    def has_days(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self._days)

    def step(self, point: CurvePoint) -> None:
        """The next snapshot."""
        before = self._last
        if before.total > 0:
            self._invested_us += before.invested / before.total * (point.at_us - before.at_us)
        self._grow(point)
        self._last = point

    def curve(self) -> EquityCurve:
        """What came of it."""
        days = [DayEnd(moment_of(at).date(), moment_of(at), unit) for at, unit in self._days.values()]
        fall = Fall(
            self._fall,
            moment_of(self._fall_from),
            moment_of(self._fall_to),
            None if self._recovered is None else moment_of(self._recovered),
        )
        span = self._last.at_us - self._begin_us
        return EquityCurve(
            begin_at=moment_of(self._begin_us),
            days=tuple(days),
            fall=fall if self._fall > 0 else None,
            exposure=self._invested_us / span if span else None,
        )

    def _grow(self, point: CurvePoint) -> None:
        capital = self._last.total + point.contributed - self._last.contributed
        paid = self._paid_until(point.at_us)
        if capital > 0:
            self._unit *= max(0.0, point.total - paid) / capital
        self._days[point.at_us // _DAY_US] = (point.at_us, self._unit)
        if self._unit >= self._top:
            if self._recovered is None and self._fall_from == self._top_us:
                self._recovered = point.at_us
            self._top, self._top_us = self._unit, point.at_us
            return
        fall = 1 - self._unit / self._top
        if fall > self._fall:
            self._fall, self._fall_from, self._fall_to = fall, self._top_us, point.at_us
            self._recovered = None

    def _paid_until(self, at_us: int) -> float:
        paid = 0.0
        costs, place = self._costs, self._next_cost
        while place < len(costs) and costs[place].at_us <= at_us:
            paid += costs[place].amount
            place += 1
        self._next_cost = place
        return paid
