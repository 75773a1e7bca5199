"""How long the program has waited for the network."""

from collections.abc import Iterator
from contextlib import contextmanager

from binance_trade_agent.ports import Clock


class NetworkTime:
    """Seconds during which at least one request was in flight; concurrent waits count once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._in_flight = 0
        self._since = 0.0
        self._finished_s = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of this context."""
        if self._in_flight == 0:
            self._since = self._clock.monotonic()
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._finished_s += self._clock.monotonic() - self._since

    @property
    def waited_s(self) -> float:
        """Seconds so far, those of requests still in flight included."""
        running_s = self._clock.monotonic() - self._since if self._in_flight else 0.0
        return self._finished_s + running_s
