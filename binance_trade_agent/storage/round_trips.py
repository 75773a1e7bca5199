"""Round trips of a book: written with the fills and moves that make them, read in a few small queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, aliased

from binance_trade_agent.domain.round_trips import RoundTrip, TripBook, losing_streak
from binance_trade_agent.storage import models

#: Rows fetched at a time while a losing streak is counted: most are shorter.
_STREAK_ROWS = 20


def newest_trip(transaction: Session, book_id: int, symbol: str) -> tuple[int, list[RoundTrip]]:
    """The number of the symbol's newest trip and that trip; (1, none) before the first."""
    row = transaction.scalar(
        select(models.RoundTrip)
        .filter_by(book_id=book_id, symbol=symbol)
        .order_by(models.RoundTrip.number.desc())
        .limit(1)
        # rows are replaced behind the session's back, by `store_trips`
        .execution_options(populate_existing=True)
    )
    return (row.number, [_trip(row)]) if row else (1, [])


def store_trips(
    transaction: Session, book_id: int, symbol: str, first: int, trips: Sequence[RoundTrip]
) -> None:
    """Let `trips` be the symbol's trips from number `first` on."""
    transaction.execute(
        delete(models.RoundTrip)
        .filter_by(book_id=book_id, symbol=symbol)
        .where(models.RoundTrip.number >= first)
        .execution_options(synchronize_session=False)
    )
    rows = [
        _values(trip) | {"book_id": book_id, "number": number} for number, trip in enumerate(trips, first)
    ]
    if rows:
        transaction.execute(insert(models.RoundTrip), rows)


def trip_book(transaction: Session, book_id: int) -> TripBook:
    """What decisions look at."""
    trip = models.RoundTrip
    still_open = select(trip).filter_by(book_id=book_id).where(trip.closed_at.is_(None))
    streak, last_loss_at = _streak(transaction, book_id)
    return TripBook(
        open={row.symbol: _trip(row) for row in transaction.scalars(still_open)},
        last_closed=_last_closed(transaction, book_id),
        streak=streak,
        last_loss_at=last_loss_at,
    )


def _last_closed(transaction: Session, book_id: int) -> dict[str, RoundTrip]:
    """Symbol -> its last closed trip: one step into the key for each symbol that has a position's row."""
    trip, earlier, position = models.RoundTrip, aliased(models.RoundTrip), models.Position
    newest = (
        select(earlier.number)
        .where(
            earlier.book_id == book_id,
            earlier.symbol == position.symbol,
            earlier.closed_at.is_not(None),
        )
        .order_by(earlier.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    # an outer join, because that has the few positions looked through, and not all trips
    query = (
        select(trip)
        .select_from(position)
        .outerjoin(
            trip,
            (trip.book_id == position.book_id) & (trip.symbol == position.symbol) & (trip.number == newest),
        )
        .where(position.book_id == book_id)
    )
    return {row.symbol: _trip(row) for row in transaction.scalars(query) if row is not None}


def _streak(transaction: Session, book_id: int) -> tuple[int, datetime | None]:
    trip = models.RoundTrip
    query = (
        select(trip)
        .filter_by(book_id=book_id)
        .where(trip.closed_at.is_not(None))
        .order_by(trip.closed_at.desc(), trip.symbol.desc(), trip.number.desc())
        .execution_options(yield_per=_STREAK_ROWS)
    )
    with transaction.scalars(query) as rows:
        return losing_streak(_trip(row) for row in rows)


def _trip(row: models.RoundTrip) -> RoundTrip:
    return RoundTrip(
        symbol=row.symbol,
        opened_at=row.opened_at,
        first_price=row.first_price,
        last_entry_price=row.last_entry_price,
        last_entry_at=row.last_entry_at,
        last_order_id=row.last_order_id,
        entries=row.entries,
        exits=row.exits,
        peak=row.peak,
        realised=row.realised,
        closed_at=row.closed_at,
    )


def _values(trip: RoundTrip) -> dict[str, Any]:
    return {
        "symbol": trip.symbol,
        "opened_at": trip.opened_at,
        "first_price": trip.first_price,
        "last_entry_price": trip.last_entry_price,
        "last_entry_at": trip.last_entry_at,
        "last_order_id": trip.last_order_id,
        "entries": trip.entries,
        "exits": trip.exits,
        "peak": trip.peak,
        "realised": trip.realised,
        "closed_at": trip.closed_at,
    }
