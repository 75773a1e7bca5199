"""The book as it was at a moment: positions, balances and round trips, folded from its bookings.

The same rules as the ledger's: fills count by trade id, so a late one has its symbol counted
anew; what others took of a position leaves it at cost after the trade it came after; fees that
other symbols' fills pay in a position's base fall on it only as far as the account lacks them.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.history import History
from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.domain.orders import Fill
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import Booking, PositionMoveRow
from binance_trade_agent.domain.round_trips import RoundTrip, TripBook, losing_streak


@dataclass(frozen=True, slots=True)
class BookState:
    """The book at one moment, by symbol and by asset."""

    positions: dict[str, Position]
    balances: dict[str, Decimal]
    trips: TripBook


class _SymbolBook:
    """One symbol's fills by trade id, the moves out of its position, and what they make."""

    def __init__(self, empty: Position) -> None:
        self._empty = empty
        self._fills: dict[int, Fill] = {}
        self._moves: list[PositionMoveRow] = []
        self._last_trade_id = -1
        self.history = History(empty)

    @property
    def base(self) -> str:
        """What the symbol trades."""
        return self._empty.base

    def book(self, fill: Fill) -> None:
        """Add a fill, counting anew if it is a late one."""
        self._fills[fill.trade_id] = fill
        if fill.trade_id < self._last_trade_id:
            self._recount()
            return
        self.history.book(fill)
        self._last_trade_id = fill.trade_id

    def move(self, move: PositionMoveRow) -> None:
        """Take a part of the position out: it came after all that is booked by then."""
        self._moves.append(move)
        self.history.move_out(move.quantity, move.at)

    def _recount(self) -> None:
        self.history = History(self._empty)
        moves = deque(sorted(self._moves, key=lambda move: move.after_trade_id))
        for trade_id, fill in sorted(self._fills.items()):
            while moves and moves[0].after_trade_id < trade_id:
                move = moves.popleft()
                self.history.move_out(move.quantity, move.at)
            self.history.book(fill)
        for move in moves:
            self.history.move_out(move.quantity, move.at)


@dataclass(slots=True)
class _Folded:
    """What has been folded so far, up to `mark`: so many events."""

    mark: int = -1
    events: int = 0
    balances: dict[str, Decimal] = field(default_factory=dict)
    #: what fills of other assets paid in this one
    fees: dict[str, Decimal] = field(default_factory=dict)
    symbols: dict[str, _SymbolBook] = field(default_factory=dict)
    state: BookState | None = None


class BookFold:
    """Folds a book's bookings up to any moment; moments that rise cost only what was booked between them."""

    def __init__(self, bookings: Iterable[Booking], moves: Iterable[PositionMoveRow], quote: str) -> None:
        booked = tuple(bookings)
        # a move and the flow written with it have one mark; the sort is stable
        self._events: Sequence[Booking | PositionMoveRow] = sorted(
            (*booked, *_marked(moves, booked)), key=lambda event: event.mark
        )
        self._quote = quote
        self._so_far = _Folded()

    def at(self, mark: int) -> BookState:
        """The book with everything that was booked up to `mark`."""
        if mark < self._so_far.mark:
            self._so_far = _Folded()
        so_far = self._so_far
        so_far.mark = mark
        while so_far.events < len(self._events) and self._events[so_far.events].mark <= mark:
            event = self._events[so_far.events]
            if isinstance(event, PositionMoveRow):
                self._symbol(event.symbol).move(event)
            else:
                self._book(event)
            so_far.events, so_far.state = so_far.events + 1, None
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
        if fill.commission and fill.commission_asset not in {book.base, self._quote}:
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
        histories = {symbol: book.history for symbol, book in sorted(self._so_far.symbols.items())}
        trips = {symbol: history.trips for symbol, history in histories.items()}
        closed = {symbol: [t for t in each if t.closed_at is not None] for symbol, each in trips.items()}
        # newest first, and of one moment in the ledger's order: a stable sort keeps each symbol's
        newest_first = sorted(
            (t for each in closed.values() for t in reversed(each)), key=_closing, reverse=True
        )
        streak, last_loss_at = losing_streak(newest_first)
        return BookState(
            positions={symbol: self._held(history.position) for symbol, history in histories.items()},
            balances=dict(sorted(self._so_far.balances.items())),
            trips=TripBook(
                open={s: each[-1] for s, each in trips.items() if each and each[-1].closed_at is None},
                last_closed={symbol: each[-1] for symbol, each in closed.items() if each},
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


def _marked(moves: Iterable[PositionMoveRow], bookings: Iterable[Booking]) -> Iterator[PositionMoveRow]:
    """The moves, those of an earlier version with the mark of the trade that they came after."""
    fills = [(booking.fill, booking.mark) for booking in bookings if booking.fill is not None]
    marks = {(fill.symbol, fill.trade_id): mark for fill, mark in fills}
    for move in moves:
        yield move if move.mark else replace(move, mark=marks.get((move.symbol, move.after_trade_id), 0))


def _closing(trip: RoundTrip) -> tuple[datetime, str]:
    return trip.closed_at or trip.opened_at, trip.symbol
