"""The latest candles as encoded rows, so that asking for the same history again costs almost nothing.

A closed candle never changes. So of a history that was asked for before, only what follows
its last closed candle is read from the market; should that candle read differently now,
everything is read again.
"""

from collections import deque
from dataclasses import dataclass

import orjson

from binance_trade_agent.exchange.simulator import wire
from binance_trade_agent.exchange.simulator.market.base import Kline, Market
from binance_trade_agent.exchange.simulator.views import kline_row

_MOST_ROWS = 1000
_MOST_HISTORIES = 200


@dataclass(slots=True)
class _History:
    """Closed rows, each without its brackets, and the candle of the last one."""

    rows: deque[bytes]
    last: Kline | None = None


class CandleRows:
    """Rows of /klines for requests without a start or an end."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._histories: dict[tuple[str, str], _History] = {}

    def latest(self, symbol: str, interval: str, limit: int) -> orjson.Fragment:
        """The last `limit` candles, the open one included, rising in time, as a JSON array."""
        key = (symbol, interval)
        # Taken out and put back, so that the histories stand in the order of their last use.
        history = self._histories.pop(key, None)
        if history is not None:
            newer = self._after(symbol, interval, history.last)
            if newer is not None and len(history.rows) + len(newer) >= limit:
                return self._told(key, history, newer, limit)
        candles = self._market.klines(symbol, interval, start_ms=None, end_ms=None, limit=limit)
        return self._told(key, _History(deque(maxlen=_MOST_ROWS)), candles, limit)

    def _after(self, symbol: str, interval: str, last: Kline | None) -> list[Kline] | None:
        if last is None:
            return None
        found = self._market.klines(symbol, interval, start_ms=last.open_ms, end_ms=None, limit=_MOST_ROWS)
        continues = bool(found) and found[0] == last and len(found) < _MOST_ROWS
        return found[1:] if continues else None

    def _told(
        self, key: tuple[str, str], history: _History, newer: list[Kline], limit: int
    ) -> orjson.Fragment:
        now_ms = self._market.now_ms()
        closed = [candle for candle in newer if candle.close_ms < now_ms]
        current = [candle for candle in newer if candle.close_ms >= now_ms]
        history.rows.extend(_encoded(closed))
        history.last = closed[-1] if closed else history.last
        self._histories[key] = history
        if len(self._histories) > _MOST_HISTORIES:
            del self._histories[next(iter(self._histories))]
        rows = [*history.rows, *_encoded(current)][-limit:]
        return orjson.Fragment(b"[[" + b"],[".join(rows) + b"]]" if rows else b"[]")


def _encoded(candles: list[Kline]) -> list[bytes]:
    # All at once and then apart: orjson's own buffers are four times as large as a row.
    rows: list[bytes] = wire.dumps([kline_row(candle) for candle in candles])[2:-2].split(b"],[")
    return rows if candles else []
