"""Closed candles that decisions saw, each stored once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.storage import models

#: From so many candles on it is cheaper to look first which of them are stored.
_WINDOW = 20


def store_candles(
    transaction: Session, book_id: int, candles: Mapping[str, tuple[CandleInterval, Sequence[Candle]]]
) -> None:
    """Store the candles that are not stored yet."""
    fresh = {
        symbol: (interval, _missing(transaction, book_id, symbol, interval, seen))
        for symbol, (interval, seen) in candles.items()
    }
    rows = [
        {
            "book_id": book_id,
            "symbol": symbol,
            "interval": interval.value,
            "open_time": candle.open_time,
            "close_time": candle.close_time,
            "open": candle.open,
            "high": candle.high,
            "low": candle.low,
            "close": candle.close,
            "volume": candle.volume,
        }
        for symbol, (interval, seen) in fresh.items()
        for candle in seen
    ]
    if not rows:
        return
    dialect = postgresql if transaction.get_bind().dialect.name == "postgresql" else sqlite
    # the table itself, not the mapped class: the driver then repeats one statement for all rows
    transaction.connection().execute(dialect.insert(models.Candle.__table__).on_conflict_do_nothing(), rows)


def _missing(
    transaction: Session, book_id: int, symbol: str, interval: CandleInterval, seen: Sequence[Candle]
) -> Sequence[Candle]:
    """What is not stored of a window: a start has all of it in hand, of which most was stored before."""
    if len(seen) < _WINDOW:
        return seen
    query = select(models.Candle.open_time).where(
        models.Candle.book_id == book_id,
        models.Candle.symbol == symbol,
        models.Candle.interval == interval.value,
        models.Candle.open_time.between(seen[0].open_time, seen[-1].open_time),
    )
    stored = set(transaction.scalars(query))
    return [candle for candle in seen if candle.open_time not in stored]


def latest_candles(
    transaction: Session, book_id: int, symbol: str, interval: CandleInterval, limit: int
) -> tuple[Candle, ...]:
    """The latest `limit` stored candles, rising."""
    query = _of(book_id, symbol, interval).order_by(models.Candle.open_time.desc()).limit(limit)
    return tuple(Candle(*row) for row in reversed(transaction.execute(query).all()))


def candles_around(
    transaction: Session,
    book_id: int,
    symbol: str,
    interval: CandleInterval,
    newest: datetime,
    *,
    before: int,
    after: int,
) -> tuple[Candle, ...]:
    """The last `before` stored candles opened by `newest`, and the first `after` of those that follow; rising."""
    opened, stored = models.Candle.open_time, _of(book_id, symbol, interval)
    early = stored.where(opened <= newest).order_by(opened.desc()).limit(before)
    late = stored.where(opened > newest).order_by(opened).limit(after)
    rows = [*reversed(transaction.execute(early).all()), *transaction.execute(late)]
    return tuple(Candle(*row) for row in rows)


def _of(
    book_id: int, symbol: str, interval: CandleInterval
) -> Select[datetime, datetime, Decimal, Decimal, Decimal, Decimal, Decimal]:
    stored = models.Candle
    # columns, not rows of the session: there may be thousands
    return select(
        stored.open_time, stored.close_time, stored.open, stored.high, stored.low, stored.close, stored.volume
    ).where(stored.book_id == book_id, stored.symbol == symbol, stored.interval == interval.value)
