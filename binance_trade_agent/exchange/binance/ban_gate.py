"""Keeps silent while the exchange demands it, over restarts too."""

from datetime import datetime, timedelta

from binance_trade_agent.domain.errors import Throttled
from binance_trade_agent.ports import Bans, Clock

#: How long the stored ban is believed without asking again: a cycle sends hundreds of requests.
_MEMORY_S = 1.0


class BanGate:
    """Every request passes here first."""

    def __init__(self, bans: Bans, clock: Clock) -> None:
        self._bans = bans
        self._clock = clock
        self._until: datetime | None = None
        self._asked_at: float | None = None

    def check(self) -> None:
        """Raise `Throttled` with the time left while a ban is in force."""
        until = self._current()
        left_s = (until - self._clock.now()).total_seconds() if until else 0.0
        if left_s > 0:
            raise Throttled(
                left_s,
                f"no request is sent before {until:%Y-%m-%d %H:%M:%S} UTC: the exchange demands silence",
            )

    def impose(self, demand: Throttled) -> None:
        """Store the exchange's demand; a longer one already in force stays."""
        until = self._clock.now() + timedelta(seconds=demand.retry_after_s)
        current = self._current()
        if current is None or until > current:
            self._until = until
            self._bans.set_until(until, str(demand))

    def _current(self) -> datetime | None:
        now = self._clock.monotonic()
        if self._asked_at is None or now - self._asked_at >= _MEMORY_S:
            self._until = self._bans.until()
            self._asked_at = now
        return self._until
