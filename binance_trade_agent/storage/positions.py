"""Books fills of ours: fill, position, round trips, flows and balances, in the caller's transaction.

Average cost depends on the order of fills, and they may come in late. A fill with a
lower trade id than one already booked has its symbol's position and round trips counted
anew from all fills, so that the same fills always give the same position.

Fees that fills of other symbols pay in a position's base (BNB) are no fills of its
symbol. They fall on the position only as far as the account holds less of the asset
than the position: coins that are not ours pay first. `held` derives that from sums,
so it does not depend on the order of booking either.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.history import History
from binance_trade_agent.domain.money import EXACT, ZERO, to_wire
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models
from binance_trade_agent.storage.asked_levels import forget_closed
from binance_trade_agent.storage.flows import MOVED, base_asset, book_own, take_back_foreign
from binance_trade_agent.storage.round_trips import newest_trip, store_trips
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached


def book_fills(transaction: Session, book: Book, client_order_id: str, fills: Iterable[Fill]) -> None:
    """Book those of an order's `fills`, all of one symbol, that are not booked yet."""
    fresh = [
        fill
        for fill in sorted({fill.trade_id: fill for fill in fills}.values(), key=lambda fill: fill.trade_id)
        if not _is_booked(transaction, book, client_order_id, fill)
    ]
    if not fresh:
        return
    symbol = fresh[0].symbol
    for fill in fresh:
        transaction.add(_fill_row(book.id, client_order_id, fill))
        book_own(transaction, book, fill)
    transaction.flush()
    # only now: SQLite gives the number of a newest row that was deleted away again, and marks must rise
    take_back_foreign(transaction, book.id, symbol, [fill.trade_id for fill in fresh])
    reached(CrashPoint.BOOKING)
    row = transaction.get(models.Position, (book.id, symbol))
    before, _ = newest_trip(transaction, book.id, symbol)
    if row is not None and fresh[0].trade_id < row.last_trade_id:
        fresh = booked_fills(transaction, book.id, symbol=symbol)
        first, history = 1, _recounted(transaction, book.id, row, fresh)
    else:
        first, history = _so_far(transaction, book, symbol, row)
        for fill in fresh:
            history.book(fill)
    if row is None:
        row = models.Position(book_id=book.id, symbol=symbol)
        transaction.add(row)
    _store(row, history.position, fresh[-1].trade_id)
    transaction.flush()
    store_trips(transaction, book.id, symbol, first, history.trips)
    forget_closed(transaction, book.id, symbol, before, first, history.trips)


def move_out(transaction: Session, book: Book, symbol: str, quantity: Decimal, at: datetime) -> None:
    """Take a part of a position out at its average cost: someone else sold or withdrew it. Raises `KeyError`.

    A flow of nothing tells when: marks rise with it.
    """
    row = transaction.get(models.Position, (book.id, symbol))
    if row is None:
        raise KeyError(symbol)
    before = position_of(row)
    first, history = _so_far(transaction, book, symbol, row)
    cost = history.move_out(quantity, at)
    taken = EXACT.subtract(before.quantity, history.position.quantity)
    reason = f"{to_wire(taken)} of {symbol} that someone else sold or withdrew left the position"
    flow = models.Flow(
        book_id=book.id, kind=MOVED, asset=before.base, amount=ZERO, symbol=symbol, reason=reason, at=at
    )
    transaction.add(flow)
    transaction.flush()
    transaction.add(
        models.PositionMove(
            book_id=book.id,
            symbol=symbol,
            after_trade_id=row.last_trade_id,
            quantity=taken,
            cost=cost,
            at=at,
            mark=flow.id,
        )
    )
    _store(row, history.position, row.last_trade_id)
    store_trips(transaction, book.id, symbol, first, history.trips)
    forget_closed(transaction, book.id, symbol, first, first, history.trips)


def _so_far(
    transaction: Session, book: Book, symbol: str, row: models.Position | None
) -> tuple[int, History]:
    """The position with its newest trip, and the number of that trip."""
    if row is None:
        return 1, History(Position(symbol, base_asset(symbol, book), book.quote))
    first, trips = newest_trip(transaction, book.id, symbol)
    return first, History(position_of(row), trips)


def _recounted(transaction: Session, book_id: int, row: models.Position, fills: list[Fill]) -> History:
    """The history counted anew from all its `fills`, each move after the trade it came after."""
    query = select(models.PositionMove).filter_by(book_id=book_id, symbol=row.symbol)
    moves = deque(
        transaction.scalars(query.order_by(models.PositionMove.after_trade_id, models.PositionMove.id))
    )
    history = History(Position(row.symbol, row.base, row.quote))
    for fill in fills:
        while moves and moves[0].after_trade_id < fill.trade_id:
            _move(history, moves.popleft())
        history.book(fill)
    for move in moves:
        _move(history, move)
    return history


def _move(history: History, move: models.PositionMove) -> None:
    move.cost = history.move_out(move.quantity, move.at)


def booked_fills(
    transaction: Session, book_id: int, *, symbol: str | None = None, client_order_id: str | None = None
) -> list[Fill]:
    """The booked fills of a symbol or of an order, by trade id."""
    query = select(models.Fill).filter_by(book_id=book_id).order_by(models.Fill.trade_id)
    if symbol is not None:
        query = query.filter_by(symbol=symbol)
    if client_order_id is not None:
        query = query.filter_by(client_order_id=client_order_id)
    return [
        Fill(
            symbol=row.symbol,
            trade_id=row.trade_id,
            exchange_order_id=row.exchange_order_id,
            side=Side(row.side),
            price=row.price,
            quantity=row.quantity,
            quote_quantity=row.quote_quantity,
            commission=row.commission,
            commission_asset=row.commission_asset,
            traded_at=row.traded_at,
            is_maker=row.is_maker,
        )
        for row in transaction.scalars(query)
    ]


def held(position: Position, balance: models.Balance | None) -> Position:
    """The position less what fees of other symbols took of it; their cost is realised as a fee."""
    if balance is None or position.quantity <= 0:
        return position
    missing = EXACT.subtract(position.quantity, balance.amount)
    taken = min(missing, balance.fees, position.quantity)
    if taken <= 0:
        return position
    cost = position.cost
    if taken < position.quantity:
        cost = (cost * taken / position.quantity).quantize(Decimal("1e-12"))
    left = EXACT.subtract(position.quantity, taken)
    return replace(
        position,
        quantity=left,
        cost=EXACT.subtract(position.cost, cost),
        realised=EXACT.subtract(position.realised, cost),
        fees_quote=EXACT.add(position.fees_quote, cost),
        opened_at=position.opened_at if left else None,
    )


def position_of(row: models.Position) -> Position:
    """The position a row holds: what the fills of its symbol make."""
    return Position(
        symbol=row.symbol,
        base=row.base,
        quote=row.quote,
        quantity=row.quantity,
        cost=row.cost,
        realised=row.realised,
        fees_quote=row.fees_quote,
        opened_at=row.opened_at,
        updated_at=row.updated_at,
    )


def _is_booked(transaction: Session, book: Book, client_order_id: str, fill: Fill) -> bool:
    row = transaction.get(models.Fill, (book.id, fill.symbol, fill.trade_id))
    if row is not None and row.client_order_id != client_order_id:
        raise StorageError(
            f"trade {fill.trade_id} of {fill.symbol} is booked for {row.client_order_id}, not for {client_order_id}"
        )
    return row is not None


def _fill_row(book_id: int, client_order_id: str, fill: Fill) -> models.Fill:
    return models.Fill(
        book_id=book_id,
        symbol=fill.symbol,
        trade_id=fill.trade_id,
        client_order_id=client_order_id,
        exchange_order_id=fill.exchange_order_id,
        side=fill.side.value,
        price=fill.price,
        quantity=fill.quantity,
        quote_quantity=fill.quote_quantity,
        commission=fill.commission,
        commission_asset=fill.commission_asset,
        is_maker=fill.is_maker,
        traded_at=fill.traded_at,
    )


def _store(row: models.Position, position: Position, last_trade_id: int) -> None:
    row.base, row.quote = position.base, position.quote
    row.quantity, row.cost = position.quantity, position.cost
    row.realised, row.fees_quote = position.realised, position.fees_quote
    row.opened_at, row.updated_at = position.opened_at, position.updated_at
    row.last_trade_id = last_trade_id
