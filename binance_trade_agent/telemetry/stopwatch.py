"""How long each step of a decision took."""

from binance_trade_agent.ports import Clock


class Stopwatch:
    """Laps in milliseconds, by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Note the time since the last lap under `name`."""
        now = self._clock.monotonic()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now
