"""The exchange's clock: the wall, the wall plus a measured offset, or virtual time moved by hand.

This is the only module of the market sources that looks at the machine's clock. All
times are integer milliseconds since the epoch, UTC.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in milliseconds since the epoch; never runs backwards."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...


class WallClock:
    """The machine's clock, held still when the machine's time is set back."""

    def __init__(self) -> None:
        self._latest_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since the epoch, never less than the answer before."""
        self._latest_ms = max(self._latest_ms, time.time_ns() // 1_000_000)
        return self._latest_ms


class OffsetClock:
    """Another clock plus an offset, for a source that follows a remote exchange's time."""

    def __init__(self, inner: Clock, offset_ms: int = 0) -> None:
        self._inner = inner
        self._latest_ms = 0
        self.offset_ms = offset_ms

    def now_ms(self) -> int:
        """The inner clock's time plus `offset_ms`; held still when a new offset would set it back."""
        self._latest_ms = max(self._latest_ms, self._inner.now_ms() + self.offset_ms)
        return self._latest_ms


class SteppedClock:
    """Virtual time: stands still until it is moved."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """The time it was last moved to."""
        return self._now_ms

    def move_to(self, now_ms: int) -> None:
        """Set the time; raises `ValueError` for a time in the past."""
        if now_ms < self._now_ms:
            raise ValueError(f"time cannot go back from {self._now_ms} to {now_ms}")
        self._now_ms = now_ms
