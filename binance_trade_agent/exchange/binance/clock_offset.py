"""Exchange time: one measurement carried forward by the monotonic clock.

It is never ahead of the exchange, only late by the way of the answer back: the answer counts as
of the moment it arrived, and half of the round trip is not added, because the round trip may
hold the making of a connection. Late is harmless everywhere: an order's window ends sooner, a
candle counts as closed later, an absent order is given up later. Ahead is not: a timestamp
1000 ms ahead is refused (rest-api.md, timing security), an open candle would pass as closed.

A step of this machine's wall clock changes nothing. A suspended machine makes it late, by hours
perhaps, with which old candles would pass as the latest. Both show as wall time and
monotonic time that went on by different amounts, and then it is measured again.
"""

from datetime import datetime, timedelta

from binance_trade_agent.domain.orders import RequestStamp
from binance_trade_agent.exchange.binance.timestamps import from_ms, to_ms
from binance_trade_agent.ports import Clock

#: How long a measurement is trusted.
MAX_AGE_S = 600.0
#: How far wall time and monotonic time may part meanwhile; NTP's slewing parts them by 0.3 s at most.
_LARGEST_DRIFT_S = 1.0


class ExchangeClock:
    """What time it is at the exchange, by the last measurement; by this machine's clock before the first."""

    def __init__(self, clock: Clock, recv_window_ms: int) -> None:
        self._clock = clock
        self._recv_window_ms = recv_window_ms
        self._anchor: datetime | None = None
        self._anchored_at = 0.0
        self._anchored_wall = clock.now()
        self._expired = True

    def measured(self, server_time_ms: int) -> None:
        """Take over the exchange's time from an answer that arrived just now."""
        self._anchor = from_ms(server_time_ms)
        self._anchored_at = self._clock.monotonic()
        self._anchored_wall = self._clock.now()
        self._expired = False

    def expire(self, used_at: float) -> None:
        """Trust no measurement made before the monotonic second `used_at`, at which one turned out wrong."""
        self._expired = self._expired or self._anchored_at <= used_at

    @property
    def is_due(self) -> bool:
        """Whether a new measurement is needed: none yet, too old, expired, or the machine slept since."""
        age_s = self._clock.monotonic() - self._anchored_at
        wall_s = (self._clock.now() - self._anchored_wall).total_seconds()
        return self._expired or age_s > MAX_AGE_S or abs(wall_s - age_s) > _LARGEST_DRIFT_S

    def now(self) -> datetime:
        """Exchange time, UTC."""
        if self._anchor is None:
            return self._clock.now()
        return self._anchor + timedelta(seconds=self._clock.monotonic() - self._anchored_at)

    def stamp(self) -> RequestStamp:
        """Timestamp and window of a request sent now."""
        return RequestStamp(to_ms(self.now()), self._recv_window_ms)
