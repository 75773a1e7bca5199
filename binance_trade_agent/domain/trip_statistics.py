"""Statistics of closed round trips, each net of all its fees. Money is exact; ratios are `Decimal`s of 28 digits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT, ZERO, total

#: Stands for a strategy where a person chose the side.
BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class ClosedTrip:
    """A round trip that is over, in quote currency.

    `realised` is net of fees paid in quote or base; `outside_fees` are those paid in another asset.
    `strategy` is that of the decision behind the order that opened it, `BY_HAND` where a person asked for that.
    """

    symbol: str
    strategy: str | None
    opened_at: datetime
    closed_at: datetime
    realised: Decimal
    outside_fees: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What it made: a win above 0, a loss below."""
        return EXACT.subtract(self.realised, self.outside_fees)


@dataclass(frozen=True, slots=True)
class TripStatistics:
    """What round trips made together.

    trips           how many closed
    wins, losses    those with a net result above and below 0; one of exactly 0 is neither
    net             sum of their net results
    won, lost       sum of the wins; sum of the losses, as a positive amount
    win_rate        wins / trips
    profit_factor   won / lost; None without a loss
    expectancy      net / trips: what one made on average
    average_win     won / wins
    average_loss    lost / losses, as a positive amount
    losing_streak   the most losses one after another, in the order they closed
    held_s          mean time from opening to close, in seconds
    """

    trips: int
    wins: int
    losses: int
    net: Decimal
    won: Decimal
    lost: Decimal
    win_rate: Decimal | None
    profit_factor: Decimal | None
    expectancy: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    losing_streak: int
    held_s: int | None


def trip_statistics(trips: Iterable[ClosedTrip]) -> TripStatistics:
    """The statistics of `trips`, in whatever order they come."""
    ordered = sorted(trips, key=lambda trip: trip.closed_at)
    results = [trip.net for trip in ordered]
    gains = [result for result in results if result > 0]
    losses = [-result for result in results if result < 0]
    net, won, lost = total(results), total(gains), total(losses)
    held_s = sum((trip.closed_at - trip.opened_at).total_seconds() for trip in ordered)
    return TripStatistics(
        trips=len(results),
        wins=len(gains),
        losses=len(losses),
        net=net,
        won=won,
        lost=lost,
        win_rate=_ratio(Decimal(len(gains)), len(results)),
        profit_factor=won / lost if lost else None,
        expectancy=_ratio(net, len(results)),
        average_win=_ratio(won, len(gains)),
        average_loss=_ratio(lost, len(losses)),
        losing_streak=_longest_streak(results),
        held_s=round(held_s / len(ordered)) if ordered else None,
    )


def _ratio(value: Decimal, count: int) -> Decimal | None:
    return value / count if count else None


def _longest_streak(results: Iterable[Decimal]) -> int:
    longest = current = 0
    for result in results:
        current = current + 1 if result < 0 else 0
        longest = max(longest, current)
    return longest
