"""What was dealt, summed up: by a piece of time, a symbol or a strategy. Money is exact, in quote currency."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.trip_statistics import ClosedTrip, TripStatistics, trip_statistics

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Dealings:
    """The fills of one symbol on one day, in quote currency: what was traded, and what it cost.

    `fees` holds all that have a price, `outside_fees` that part of them which is in no position's and no
    cash's figures, being paid from coins of a third asset.
    """

    day: date
    symbol: str
    fills: int
    turnover: Decimal
    fees: Decimal
    outside_fees: Decimal


@dataclass(frozen=True, slots=True)
class DealtSum:
    """Round trips and dealings together."""

    trips: TripStatistics
    fills: int
    turnover: Decimal
    fees: Decimal
    outside_fees: Decimal


@dataclass(frozen=True, slots=True)
class Naming:
    """What the group of a round trip and of dealings is called; None for dealings that are in no group."""

    of_trip: Callable[[ClosedTrip], str]
    of_dealings: Callable[[Dealings], str] | None


class DealtSums:
    """Sums of trips and dealings, each naming's made once: of a year they cost more than all other figures.

    May be shared by threads; `trips` and `dealings` never change.
    """

    def __init__(self, trips: tuple[ClosedTrip, ...], dealings: tuple[Dealings, ...]) -> None:
        self.trips = trips
        self.dealings = dealings
        self._made: dict[str, Mapping[str, DealtSum]] = {}

    def by(self, kind: str, naming: Naming) -> Mapping[str, DealtSum]:
        """Group -> its sum. `kind` stands for the naming: it must not be that of another."""
        if kind not in self._made:
            self._made[kind] = self._summed(naming)
        return self._made[kind]

    def _summed(self, naming: Naming) -> dict[str, DealtSum]:
        trips = grouped(self.trips, naming.of_trip)
        dealings = grouped(self.dealings, naming.of_dealings) if naming.of_dealings else {}
        return {
            name: summed(trips.get(name, []), dealings.get(name, []))
            for name in trips.keys() | dealings.keys()
        }


def summed(trips: Iterable[ClosedTrip], dealings: Iterable[Dealings]) -> DealtSum:
    """All of them together."""
    own = list(dealings)
    return DealtSum(
        trip_statistics(trips),
        sum(one.fills for one in own),
        total(one.turnover for one in own),
        total(one.fees for one in own),
        total(one.outside_fees for one in own),
    )


def grouped(rows: Iterable[_Row], name_of: Callable[[_Row], str]) -> dict[str, list[_Row]]:
    """Group -> its rows, in their order."""
    groups: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[name_of(row)].append(row)
    return dict(groups)


#: Where nothing was dealt.
NOTHING = summed((), ())
