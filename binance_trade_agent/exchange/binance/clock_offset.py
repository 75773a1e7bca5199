"""Exchange time: one measurement carried forward by the monotonic clock.

A step of this machine's wall clock therefore changes nothing. What is left is the
drift between measurements, and the time a suspended machine does not count: both
show as -1021, upon which the adapter measures again. Being late is harmless (an
order's window ends later, a candle counts as closed later); being ahead by
1000 ms is refused (rest-api.md, timing security).
"""

from datetime import datetime, timedelta

from binance_trade_agent.domain.orders import RequestStamp
from binance_trade_agent.exchange.binance.timestamps import from_ms, to_ms
from binance_trade_agent.ports import Clock

#: How long a measurement is trusted.
MAX_AGE_S = 600.0
#: The most that is added for the way back, so that exchange time is never ahead by half of what is refused.
_MAX_RETURN_S = 0.5


class ExchangeClock:
    """What time it is at the exchange, by the last measurement; by this machine's clock before the first."""

    def __init__(self, clock: Clock, recv_window_ms: int) -> None:
        self._clock = clock
        self._recv_window_ms = recv_window_ms
        self._anchor: datetime | None = None
        self._anchored_at = 0.0
        self._expired = True

    def measured(self, server_time_ms: int, sent_at: float, received_at: float) -> None:
        """Take over the exchange's answer to a request sent and received at these monotonic seconds.

        The answer is as old as half of the round trip, within ± that half; at most 0.5 s is assumed.
        """
        age_s = min((received_at - sent_at) / 2, _MAX_RETURN_S)
        self._anchor = from_ms(server_time_ms) + timedelta(seconds=age_s)
        self._anchored_at = received_at
        self._expired = False

    def expire(self) -> None:
        """Trust the measurement no longer, because the exchange refused a timestamp."""
        self._expired = True

    @property
    def is_due(self) -> bool:
        """Whether a new measurement is needed: none yet, too old, or expired."""
        return self._expired or self._clock.monotonic() - self._anchored_at > MAX_AGE_S

    def now(self) -> datetime:
        """Exchange time, UTC."""
        if self._anchor is None:
            return self._clock.now()
        return self._anchor + timedelta(seconds=self._clock.monotonic() - self._anchored_at)

    def stamp(self) -> RequestStamp:
        """Timestamp and window of a request sent now."""
        return RequestStamp(to_ms(self.now()), self._recv_window_ms)
