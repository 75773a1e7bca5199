"""The ticks of a session: by the interval, or just after each candle closes."""

from collections.abc import Callable
from datetime import datetime

from binance_trade_agent.domain.schedule import Schedule, Tick
from binance_trade_agent.ports import Clock

#: Candles are asked for a moment after they close: the exchange needs it to close them.
_CLOSE_DELAY_S = 0.3


class Ticker:
    """Hands out ticks on the monotonic clock. With `follow_candles` they follow the exchange's time."""

    def __init__(
        self,
        clock: Clock,
        exchange_now: Callable[[], datetime],
        period_s: float,
        *,
        follow_candles: bool = False,
    ) -> None:
        self._clock = clock
        self._exchange_now = exchange_now
        self._follow_candles = follow_candles
        # from the last candle close on, so that the next close has its tick too
        self._schedule = Schedule(clock.monotonic(), period_s)
        if follow_candles:
            self._schedule = Schedule(self._last_close(), period_s)

    def first(self) -> Tick:
        """The first tick: at once."""
        return self._schedule.first(self._clock.monotonic())

    def after(self, tick: Tick) -> Tick:
        """The tick that follows `tick`, moved by what the exchange's clock and ours have drifted apart."""
        if self._follow_candles:
            self._schedule = self._schedule.aligned(self._last_close())
        return self._schedule.after(tick, self._clock.monotonic())

    def _last_close(self) -> float:
        """When, on the monotonic clock, the last candle had closed and was to be had."""
        exchange_s = self._exchange_now().timestamp() - _CLOSE_DELAY_S
        return self._clock.monotonic() - exchange_s % self._schedule.period_s
