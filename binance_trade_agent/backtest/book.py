"""The book as it was at a moment: positions, balances and round trips, folded from its bookings.

The same rules as the ledger's: fills count by trade id, so a late one has its symbol counted
anew; what others took of a position leaves it at cost after the trade it came after; fees that
other symbols' fills pay in a position's base fall on it only as far as the account lacks them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.domain.orders import Fill
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import Booking, PositionMoveRow
from binance_trade_agent.domain.round_trips import (
    RoundTrip,
    TripBook,
    losing_streak,
    trip_after,
    trip_without,
)

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BookState:
    """The book at one moment, by symbol and by asset."""

    positions: dict[str, Position]
    balances: dict[str, Decimal]
    trips: TripBook


@dataclass(slots=True)
class _SymbolBook:
    """One symbol's fills by trade id, the moves out of its position, and what they make."""

    position: Position
    fills: dict[int, Fill] = field(default_factory=dict)
    moves: list[PositionMoveRow] = field(default_factory=list)
    last_trade_id: int = -1
    trip: RoundTrip | None = None
    closed: list[RoundTrip] = field(default_factory=list)

    def book(self, fill: Fill) -> None:
        """Add a fill, counting anew if it is a late one."""
        self.fills[fill.trade_id] = fill
        if fill.trade_id < self.last_trade_id:
            self._recount()
        else:
            self._add(fill)

    def move(self, move: PositionMoveRow) -> None:
        """Take a part of the position out, counting anew if later trades are booked already."""
        self.moves.append(move)
        if move.after_trade_id < self.last_trade_id:
            self._recount()
        else:
            self._take(move)

    def _recount(self) -> None:
        self.position = Position(self.position.symbol, self.position.base, self.position.quote)
        self.trip, self.closed, self.last_trade_id = None, [], -1
        moves = sorted(self.moves, key=lambda move: move.after_trade_id)
        for trade_id in sorted(self.fills):
            while moves and moves[0].after_trade_id < trade_id:
                self._take(moves.pop(0))
            self._add(self.fills[trade_id])
        for move in moves:
            self._take(move)

    def _add(self, fill: Fill) -> None:
        before = self.position
        self.position = before.after(fill)
        self.last_trade_id = fill.trade_id
        self._follow(trip_after(self.trip, fill, before, self.position))

    def _take(self, move: PositionMoveRow) -> None:
        self.position = self.position.without(move.quantity)
        if self.trip is not None:
            self._follow(trip_without(self.trip, self.position, move.at))

    def _follow(self, trip: RoundTrip | None) -> None:
        if trip is not None and trip.closed_at is not None:
            self.closed.append(trip)
            trip = None
        self.trip = trip


@dataclass(slots=True)
class _Folded:
    """What has been folded so far, up to `mark` and `moment`: so many bookings and moves."""

    mark: int = -1
    moment: datetime = _BEGINNING
    booked: int = 0
    moved: int = 0
    balances: dict[str, Decimal] = field(default_factory=dict)
    #: what fills of other assets paid in this one
    fees: dict[str, Decimal] = field(default_factory=dict)
    symbols: dict[str, _SymbolBook] = field(default_factory=dict)
    state: BookState | None = None


class BookFold:
    """Folds a book's bookings up to any moment; moments that rise cost only what was booked between them."""

    def __init__(self, bookings: Iterable[Booking], moves: Iterable[PositionMoveRow], quote: str) -> None:
        self._bookings: Sequence[Booking] = sorted(bookings, key=lambda booking: booking.mark)
        self._moves: Sequence[PositionMoveRow] = sorted(moves, key=lambda move: move.at)
        self._quote = quote
        self._so_far = _Folded()

    def at(self, mark: int, moment: datetime) -> BookState:
        """The book with all bookings up to `mark` and what others took of positions up to `moment`."""
        if mark < self._so_far.mark or moment < self._so_far.moment:
            self._so_far = _Folded()
        so_far = self._so_far
        so_far.mark, so_far.moment = mark, moment
        while so_far.booked < len(self._bookings) and self._bookings[so_far.booked].mark <= mark:
            self._book(self._bookings[so_far.booked])
            so_far.booked, so_far.state = so_far.booked + 1, None
        while so_far.moved < len(self._moves) and self._moves[so_far.moved].at <= moment:
            move = self._moves[so_far.moved]
            self._symbol(move.symbol).move(move)
            so_far.moved, so_far.state = so_far.moved + 1, None
        if so_far.state is None:
            so_far.state = self._state()
        return so_far.state

    def _book(self, booking: Booking) -> None:
        balances, fees = self._so_far.balances, self._so_far.fees
        balances[booking.asset] = EXACT.add(balances.get(booking.asset, ZERO), booking.amount)
        fill = booking.fill
        if fill is None:
            return
        book = self._symbol(fill.symbol)
        if fill.commission and fill.commission_asset not in {book.position.base, self._quote}:
            paid = fees.get(fill.commission_asset, ZERO)
            fees[fill.commission_asset] = EXACT.add(paid, fill.commission)
        book.book(fill)

    def _symbol(self, symbol: str) -> _SymbolBook:
        symbols = self._so_far.symbols
        if symbol not in symbols:
            position = Position(symbol, symbol.removesuffix(self._quote), self._quote)
            symbols[symbol] = _SymbolBook(position)
        return symbols[symbol]

    def _state(self) -> BookState:
        books = dict(sorted(self._so_far.symbols.items()))
        # newest first, and of one moment in the ledger's order: a stable sort keeps each symbol's
        closed = [trip for book in books.values() for trip in reversed(book.closed)]
        streak, last_loss_at = losing_streak(sorted(closed, key=_closing, reverse=True))
        return BookState(
            positions={symbol: self._held(book.position) for symbol, book in books.items()},
            balances=dict(sorted(self._so_far.balances.items())),
            trips=TripBook(
                open={symbol: book.trip for symbol, book in books.items() if book.trip is not None},
                last_closed={symbol: book.closed[-1] for symbol, book in books.items() if book.closed},
                streak=streak,
                last_loss_at=last_loss_at,
            ),
        )

    def _held(self, position: Position) -> Position:
        """The position less what fees of other symbols took of it; their cost is realised as a fee."""
        balance = self._so_far.balances.get(position.base)
        if balance is None or position.quantity <= 0:
            return position
        missing = EXACT.subtract(position.quantity, balance)
        taken = min(missing, self._so_far.fees.get(position.base, ZERO), position.quantity)
        if taken <= 0:
            return position
        left = position.without(taken)
        cost = EXACT.subtract(position.cost, left.cost)
        return replace(
            left,
            realised=EXACT.subtract(position.realised, cost),
            fees_quote=EXACT.add(position.fees_quote, cost),
        )


def _closing(trip: RoundTrip) -> tuple[datetime, str]:
    return trip.closed_at or trip.opened_at, trip.symbol
