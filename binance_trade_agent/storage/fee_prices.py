"""What a fee in a third asset was worth: at the price that a decision saw last before its fill."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import TIMESTAMP, BigInteger, ColumnElement, Interval, case, literal, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.storage import models

#: A price older than this values no fee.
_PRICE_LIFE = timedelta(days=1)

_F, _D = models.Fill, models.Decision


def third_price(transaction: Session, quote: str) -> ColumnElement[Decimal | None]:
    """Of each fill in a query, the price of the asset of its fee; null for one of the pair's own two coins."""
    is_sqlite = transaction.get_bind().dialect.name == "sqlite"
    price = (
        select(_D.price)
        .where(
            _D.book_id == _F.book_id,
            _D.symbol == _F.commission_asset + quote,
            _D.decided_at <= _F.traded_at,
            _D.decided_at > _day_before(_F.traded_at, is_sqlite=is_sqlite),
            _D.price.is_not(None),
        )
        .order_by(_D.decided_at.desc())
        .limit(1)
        .correlate(_F)
        .scalar_subquery()
    )
    is_third = (_F.commission_asset != quote) & (_F.commission_asset + quote != _F.symbol)
    return case((is_third, price))


def own_fee(fill: Any, quote: str) -> Decimal:
    """What the fee of a fill in one of the pair's two coins was worth in `quote`; 0 in another asset."""
    if fill.commission_asset == quote:
        return Decimal(fill.commission)
    is_base = fill.commission_asset + quote == fill.symbol
    return EXACT.multiply(fill.commission, fill.price) if is_base else ZERO


def _day_before(column: InstrumentedAttribute[datetime], *, is_sqlite: bool) -> ColumnElement[Any]:
    if is_sqlite:
        return type_coerce(column, BigInteger) - _PRICE_LIFE // timedelta(microseconds=1)
    return type_coerce(column, TIMESTAMP(timezone=True)) - literal(_PRICE_LIFE, Interval())
