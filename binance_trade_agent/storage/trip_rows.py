"""Closed round trips as people see them: their fills, and why they were opened and closed."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.history_rows import RoundTripRow
from binance_trade_agent.domain.money import EXACT, ZERO, to_wire, total
from binance_trade_agent.domain.orders import Purpose
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models
from binance_trade_agent.storage.fee_prices import own_fee, third_price

_D, _O, _T, _F = models.Decision, models.Order, models.RoundTrip, models.Fill


def trip_rows(
    transaction: Session, book: Book, trips: Sequence[models.RoundTrip]
) -> tuple[RoundTripRow, ...]:
    """Neighbours by their close, in their order; all fills are read in one query."""
    if not trips:
        return ()
    closed = [trip.closed_at for trip in trips if trip.closed_at is not None]
    query = (
        select(
            _T.number,
            _F.symbol,
            _F.trade_id,
            _F.side,
            _F.price,
            _F.quantity,
            _F.quote_quantity,
            _F.commission,
            _F.commission_asset,
            third_price(transaction, book.quote).label("third_price"),
            _O.purpose,
            _O.price.label("limit_price"),
            _O.stop_price,
            _D.reason,
            _D.signal_reasons,
        )
        .select_from(_T)
        .join(
            _F,
            (_F.book_id == _T.book_id)
            & (_F.symbol == _T.symbol)
            & _F.traded_at.between(_T.opened_at, _T.closed_at),
        )
        .join(_O, (_O.book_id == _F.book_id) & (_O.client_order_id == _F.client_order_id))
        .join(_D, (_D.book_id == _O.book_id) & (_D.id == _O.decision_id))
        .where(
            _T.book_id == book.id,
            _T.closed_at.between(min(closed), max(closed)),
            _T.symbol.in_({trip.symbol for trip in trips}),
        )
    )
    fills = defaultdict[tuple[str, int], list[Any]](list)
    for row in transaction.execute(query):
        fills[row.symbol, row.number].append(row)
    return tuple(_trip(book, trip, fills[trip.symbol, trip.number]) for trip in trips)


def _trip(book: Book, trip: models.RoundTrip, fills: list[Row[Any]]) -> RoundTripRow:
    fills.sort(key=lambda fill: fill.trade_id)
    bought = [fill for fill in fills if fill.side == "BUY"]
    sold = [fill for fill in fills if fill.side == "SELL"]
    outside = total(
        EXACT.multiply(fill.commission, fill.third_price) for fill in fills if fill.third_price is not None
    )
    return RoundTripRow(
        symbol=trip.symbol,
        number=trip.number,
        opened_at=trip.opened_at,
        closed_at=trip.closed_at or trip.opened_at,
        entry_price=_mean_price(bought) or trip.first_price,
        exit_price=_mean_price(sold),
        bought=_quantity(bought),
        sold=_quantity(sold),
        fees=EXACT.add(total(own_fee(fill, book.quote) for fill in fills), outside),
        profit=EXACT.subtract(trip.realised, outside),
        entry_reason=_why(bought[0]) if bought else "",
        exit_reason=_why(sold[-1]) if sold else "",
    )


def _why(fill: Row[Any]) -> str:
    """What an order was for: its level, else what the strategy said first, else what its decision says."""
    level = fill.stop_price if fill.purpose == Purpose.STOP else fill.limit_price or fill.stop_price
    if fill.purpose in {Purpose.STOP, Purpose.TARGET} and level is not None:
        return f"the {fill.purpose} at {to_wire(level)} was reached"
    return str(fill.signal_reasons[0]["text"] if fill.signal_reasons else fill.reason)


def _quantity(fills: list[Row[Any]]) -> Decimal:
    return total(fill.quantity for fill in fills)


def _mean_price(fills: list[Row[Any]]) -> Decimal | None:
    quantity = _quantity(fills)
    return sum((fill.quote_quantity for fill in fills), ZERO) / quantity if quantity else None
