"""Request weight used in the current minute, by the exchange's own count."""

from collections.abc import Mapping

from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.timestamps import to_ms

_HEADER = "X-MBX-USED-WEIGHT-1M"
_MINUTE_MS = 60_000


class WeightMeter:
    """Reads each response's own header; Binance counts in calendar minutes, so the count ends with the minute."""

    def __init__(self, clock: ExchangeClock) -> None:
        self._clock = clock
        self._minute = 0
        self._used = 0

    def read(self, headers: Mapping[str, str]) -> None:
        """Take the count from a response's headers (whose names match in any case), if it is there."""
        text = headers.get(_HEADER, "")
        if not text.isdecimal():
            return
        # answers of concurrent requests arrive in any order: within a minute the largest is the newest
        self._used = max(self.used, int(text))
        self._minute = self._current_minute()

    @property
    def used(self) -> int:
        """Weight used so far in this minute of exchange time."""
        return self._used if self._minute == self._current_minute() else 0

    def _current_minute(self) -> int:
        return to_ms(self._clock.now()) // _MINUTE_MS
