"""Round trips: from the first fill that opened a position to the one that closed it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.portfolio import Position

#: A position of less than this share of its largest size is what a closing order left over.
_REMAINS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One position from its opening to its close. Prices are without fees; `realised` is net of them.

    `entries` and `exits` count orders, not fills; `peak` is the most that was held.
    """

    symbol: str
    opened_at: datetime
    first_price: Decimal
    last_entry_price: Decimal
    last_entry_at: datetime
    last_order_id: int
    entries: int = 1
    exits: int = 0
    peak: Decimal = ZERO
    realised: Decimal = ZERO
    closed_at: datetime | None = None

    @property
    def is_loss(self) -> bool:
        """Whether it was closed at a loss."""
        return self.closed_at is not None and self.realised < 0


@dataclass(frozen=True, slots=True)
class TripBook:
    """The round trips that decisions look at: those open, each symbol's last closed one, and the losing streak.

    `streak` counts the book's latest closed trips that lost, one after another, and
    `last_loss_at` is when the last of them closed; None without a streak.
    """

    open: dict[str, RoundTrip]
    last_closed: dict[str, RoundTrip]
    streak: int = 0
    last_loss_at: datetime | None = None


def trip_after(trip: RoundTrip | None, fill: Fill, before: Position, after: Position) -> RoundTrip | None:
    """The symbol's open trip once `fill` took its position from `before` to `after`.

    A closed one carries `closed_at`; None for a sale that no trip accounts for.
    """
    if fill.side is Side.BUY:
        if trip is None or trip.closed_at is not None:
            return RoundTrip(
                fill.symbol,
                fill.traded_at,
                fill.price,
                fill.price,
                fill.traded_at,
                fill.exchange_order_id,
                peak=after.quantity,
            )
        is_new = fill.exchange_order_id != trip.last_order_id
        return replace(
            trip,
            entries=trip.entries + is_new,
            last_entry_price=fill.price,
            last_entry_at=fill.traded_at,
            last_order_id=fill.exchange_order_id,
            peak=max(trip.peak, after.quantity),
        )
    if trip is None or trip.closed_at is not None:
        return None
    is_new = fill.exchange_order_id != trip.last_order_id
    sold = replace(
        trip,
        exits=trip.exits + is_new,
        last_order_id=fill.exchange_order_id,
        realised=EXACT.add(trip.realised, EXACT.subtract(after.realised, before.realised)),
    )
    return _closed_if_left(sold, after, fill.traded_at)


def trip_without(trip: RoundTrip, after: Position, at: datetime) -> RoundTrip:
    """The trip once someone else took a part of its position away: no sale of ours, so nothing is realised."""
    return _closed_if_left(trip, after, at)


def losing_streak(closed: Iterable[RoundTrip]) -> tuple[int, datetime | None]:
    """How many of the latest closed trips, newest first, lost in a row, and when the newest of them closed."""
    count, last = 0, None
    for trip in closed:
        if not trip.is_loss:
            break
        count, last = count + 1, last or trip.closed_at
    return count, last


def _closed_if_left(trip: RoundTrip, after: Position, at: datetime) -> RoundTrip:
    return replace(trip, closed_at=at) if after.quantity <= trip.peak * _REMAINS else trip
