"""Candles over more than one page of `klines`: backward from now, or forward from a moment."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from binance_trade_agent.domain.market import Candle
from binance_trade_agent.exchange.binance.timestamps import to_ms

_MAX_CANDLES = 1000

#: One page: `limit`, and `startTime` or `endTime` in milliseconds.
ReadPage = Callable[[dict[str, int]], Awaitable[tuple[Candle, ...]]]


async def newest_candles(read: ReadPage, count: int) -> list[Candle]:
    """The newest `count` candles, rising; fewer where there are no more."""
    candles: list[Candle] = []
    query: dict[str, int] = {}
    while len(candles) < count:
        size = min(_MAX_CANDLES, count - len(candles))
        page = await read(query | {"limit": size})
        candles = [*page, *candles]
        if len(page) < size:
            break
        query["endTime"] = to_ms(page[0].open_time) - 1
    return candles


async def candles_from(read: ReadPage, count: int, since: datetime) -> list[Candle]:
    """The first `count` candles that open at or after `since`, rising; fewer where there are no more."""
    candles: list[Candle] = []
    query = {"startTime": to_ms(since)}
    while len(candles) < count:
        size = min(_MAX_CANDLES, count - len(candles))
        page = await read(query | {"limit": size})
        candles += page
        if len(page) < size:
            break
        query["startTime"] = to_ms(page[-1].open_time) + 1
    return candles
