"""A symbol's history: the position and the round trips that fills and moves make, one after another."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT
from binance_trade_agent.domain.orders import Fill
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.round_trips import RoundTrip, trip_after, trip_without


class History:
    """Where a symbol stands: its position, and its round trips, of which at most the last is open."""

    def __init__(self, position: Position, trips: Iterable[RoundTrip] = ()) -> None:
        self.position = position
        self.trips = list(trips)

    def book(self, fill: Fill) -> None:
        """The next fill, by trade id."""
        before, self.position = self.position, self.position.after(fill)
        trip = self._open_trip()
        after = trip_after(trip, fill, before, self.position)
        if after is None:
            return
        if trip is None:
            self.trips.append(after)
        else:
            self.trips[-1] = after

    def move_out(self, quantity: Decimal, at: datetime) -> Decimal:
        """A part that someone else took away; returns what it had cost."""
        before, self.position = self.position, self.position.without(quantity)
        trip = self._open_trip()
        if trip is not None:
            self.trips[-1] = trip_without(trip, self.position, at)
        return EXACT.subtract(before.cost, self.position.cost)

    def _open_trip(self) -> RoundTrip | None:
        return self.trips[-1] if self.trips and self.trips[-1].closed_at is None else None
