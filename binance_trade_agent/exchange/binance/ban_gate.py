"""Keeps silent while the exchange demands it, over restarts too."""

from datetime import datetime, timedelta

from binance_trade_agent.domain.errors import Throttled
from binance_trade_agent.domain.records import BanScope
from binance_trade_agent.exchange.binance.errors import TooManyOrders
from binance_trade_agent.ports import Bans, Clock

#: How long the stored ban is believed without asking again: a cycle sends hundreds of requests.
_MEMORY_S = 1.0


class BanGate:
    """Every request passes here first."""

    def __init__(self, bans: Bans, clock: Clock) -> None:
        self._clock = clock
        self._silences = {scope: _Silence(scope, bans, clock) for scope in BanScope}

    def check(self, *, places: bool = False) -> None:
        """Raise `Throttled` with the time left while a ban is in force; `places` says that it is a new order."""
        for scope, silence in self._silences.items():
            if scope is BanScope.NEW_ORDERS and not places:
                continue
            until = silence.until
            left_s = (until - self._clock.now()).total_seconds() if until else 0.0
            if until and left_s > 0:
                what = "request" if scope is BanScope.ALL else "new order"
                raise Throttled(
                    left_s,
                    f"no {what} is sent before {until:%Y-%m-%d %H:%M:%S} UTC: the exchange demands silence",
                )

    def impose(self, demand: Throttled) -> None:
        """Store the exchange's demand; a longer one already in force stays."""
        scope = BanScope.NEW_ORDERS if isinstance(demand, TooManyOrders) else BanScope.ALL
        until = self._clock.now() + timedelta(seconds=demand.retry_after_s)
        self._silences[scope].extend(until, str(demand))


class _Silence:
    """The end of one scope's ban, as stored."""

    def __init__(self, scope: BanScope, bans: Bans, clock: Clock) -> None:
        self._scope = scope
        self._bans = bans
        self._clock = clock
        self._until: datetime | None = None
        self._asked_at: float | None = None

    @property
    def until(self) -> datetime | None:
        now = self._clock.monotonic()
        if self._asked_at is None or now - self._asked_at >= _MEMORY_S:
            self._until = self._bans.until(self._scope)
            self._asked_at = now
        return self._until

    def extend(self, until: datetime, reason: str) -> None:
        current = self.until
        if current is None or until > current:
            self._until = until
            self._bans.set_until(self._scope, until, reason)
