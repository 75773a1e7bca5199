"""One order and all that happened to it."""

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.history_rows import OrderLife
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.shown import cancel_shown, fill_shown, order_shown

_O, _F, _C = models.Order, models.Fill, models.Cancel
#: Of fills and of cancels so many are told at most.
_MOST = 500
#: The cancel that makes room for an order is written at most so much before or after it.
_TOGETHER = timedelta(seconds=30)
#: A cancel that came too late was written at most so long after its order had ended.
_LATE = timedelta(hours=1)


def order_life(transaction: Session, book_id: int, client_order_id: str) -> OrderLife | None:
    """The order with the other legs of its list, its fills and its cancels; None if there is none of the id."""
    row = transaction.get(_O, (book_id, client_order_id))
    if row is None:
        return None
    listed = row.client_list_id
    legs = (
        select(_O)
        .where(_O.book_id == book_id, _O.client_list_id == listed, _O.client_order_id != client_order_id)
        .order_by(_O.client_order_id)
    )
    fills = (
        select(_F)
        .where(_F.book_id == book_id, _F.client_order_id == client_order_id)
        .order_by(_F.traded_at, _F.trade_id)
        .limit(_MOST)
    )
    # cancels have no index by order, but by time, and none is older than what it cancels
    ended = OrderStatus(row.status).is_terminal
    same = _C.client_order_id == client_order_id
    cancels = (
        select(_C)
        .where(
            _C.book_id == book_id,
            _C.created_at >= row.created_at,
            *([_C.created_at <= row.updated_at + _LATE] if ended else []),
            same if listed is None else or_(same, _C.client_list_id == listed),
        )
        .order_by(_C.created_at)
        .limit(_MOST)
    )
    replaced = select(_C.client_order_id).where(
        _C.book_id == book_id,
        _C.created_at >= row.created_at - _TOGETHER,
        _C.created_at <= row.created_at + _TOGETHER,
        _C.replaced_by == client_order_id,
    )
    return OrderLife(
        order=order_shown(row),
        legs=tuple(order_shown(leg) for leg in transaction.scalars(legs)) if listed else (),
        fills=tuple(fill_shown(fill) for fill in transaction.scalars(fills)),
        cancels=tuple(cancel_shown(cancel) for cancel in transaction.scalars(cancels)),
        replaces=transaction.scalar(replaced.limit(1)),
    )
