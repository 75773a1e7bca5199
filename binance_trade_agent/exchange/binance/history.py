"""Complete lists out of limited answers, in pages of time."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.exchange.binance.timestamps import to_ms

#: allOrders and myTrades accept at most 24 h between startTime and endTime, both inclusive.
_WINDOW_MS = 24 * 60 * 60 * 1000
MAX_ROWS = 1000

#: (startTime, endTime) in ms, both inclusive -> rows, at most `MAX_ROWS`; without times the latest rows
WindowRead = Callable[[int | None, int | None], Awaitable[Sequence[Any]]]


async def read_since(since: datetime, now: datetime, read: WindowRead) -> list[Any]:
    """All rows from `since` on, in rising windows; the last one reaches beyond `now`, which may be late.

    A full page may have been cut at either end, so it is read again in halves. For more than one window the latest
    rows are read first: after a pause of weeks they nearly always hold all, where each day of it would cost a request.
    Raises one of `mapping.MALFORMED` for rows without a `time`.
    """
    rows: list[Any] = []
    start_ms, now_ms = to_ms(since), to_ms(now)
    if now_ms - start_ms >= _WINDOW_MS:
        latest = await read(None, None)
        if len(latest) < MAX_ROWS or any(row["time"] < start_ms for row in latest):
            return [row for row in latest if row["time"] >= start_ms]
    while start_ms <= now_ms:
        rows += await _read_window(start_ms, start_ms + _WINDOW_MS - 1, read)
        start_ms += _WINDOW_MS
    return rows


async def _read_window(start_ms: int, end_ms: int, read: WindowRead) -> list[Any]:
    rows = list(await read(start_ms, end_ms))
    if len(rows) < MAX_ROWS:
        return rows
    if start_ms == end_ms:
        raise Unavailable(f"more than {MAX_ROWS} rows in the millisecond {start_ms}")
    middle_ms = (start_ms + end_ms) // 2
    return await _read_window(start_ms, middle_ms, read) + await _read_window(middle_ms + 1, end_ms, read)
