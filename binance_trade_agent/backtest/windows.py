"""Stored candles as the windows that decisions saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from binance_trade_agent.domain.market import Candle, CandleInterval

#: How many missing candles are named one by one.
_NAMED = 3
#: How many later candles are read with a window: the decisions that follow want them, and memory has an end.
_AHEAD = 2000


class CandlesMissing(Exception):
    """A window that the store does not hold whole; the text names what is missing."""


class ReadCandles(Protocol):
    """`ports.ReplaySource.candles`."""

    def __call__(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> Sequence[Candle]:
        """The last `before` candles opened by `newest`, and the first `after` of those that follow."""
        ...


@dataclass(frozen=True, slots=True)
class _Stored:
    candles: Sequence[Candle]
    places: dict[datetime, int]


class CandleWindows:
    """Windows by symbol and newest candle; of each symbol a stretch is in memory, read on as decisions rise."""

    def __init__(self, read: ReadCandles, interval: CandleInterval) -> None:
        self._read = read
        self._interval = interval
        self._stored: dict[str, _Stored] = {}

    def window(self, symbol: str, newest: datetime, count: int) -> tuple[Candle, ...]:
        """The `count` candles that end with the one opened at `newest`.

        Raises:
            CandlesMissing: the newest one, or some before it, are not stored.
        """
        stored = self._around(symbol, newest, count)
        place = stored.places.get(newest)
        if place is None:
            raise CandlesMissing(f"candle {newest:%Y-%m-%d %H:%M:%S} is not stored")
        if place + 1 < count:
            missing = count - place - 1
            gaps = self.gaps(stored.candles[: place + 1])
            named = f": {gaps}" if gaps else f" before {stored.candles[0].open_time:%Y-%m-%d %H:%M:%S}"
            raise CandlesMissing(f"{missing} of {count} candles are not stored{named}")
        return tuple(stored.candles[place + 1 - count : place + 1])

    def gaps(self, window: Sequence[Candle]) -> str:
        """The candles that a window leaves out, in words; the exchange may not have had them either."""
        found: list[str] = []
        for before, after in pairwise(window):
            if before.close_time >= after.open_time:
                continue
            count = (after.open_time - before.close_time) // self._interval.duration
            more = f" and {count - 1} after it" if count > 1 else ""
            found.append(f"candle {before.close_time:%Y-%m-%d %H:%M:%S}{more} is not stored")
        rest = f" and {len(found) - _NAMED} more gaps" if len(found) > _NAMED else ""
        return ", ".join(found[:_NAMED]) + rest

    def _around(self, symbol: str, newest: datetime, count: int) -> _Stored:
        """A stretch with the whole window in it, if the store has that."""
        known = self._stored.get(symbol)
        if known is not None and known.places.get(newest, -1) + 1 >= count:
            return known
        candles = tuple(self._read(symbol, self._interval, newest, before=count, after=_AHEAD))
        places = {candle.open_time: place for place, candle in enumerate(candles)}
        self._stored[symbol] = _Stored(candles, places)
        return self._stored[symbol]
