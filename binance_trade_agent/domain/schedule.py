"""When cycles are due: tick n at start + n × period, without drift and without bursts."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: its number, when it was due on the monotonic clock, and how many were skipped before it."""

    number: int
    due_at: float
    skipped: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ticks on the monotonic clock, in seconds.

    With start 100 and period 5: ticks at 100, 105, 110, … A cycle that runs from 105
    to 117 overruns the tick at 110 and the one at 115 is taken at once, late, with
    `skipped=1`; the one after it is due at 120 again.
    """

    start: float
    period_s: float

    def aligned(self, instant: float) -> "Schedule":
        """The same ticks moved by at most half a period, so that they fall on `instant` plus whole periods."""
        shift = (instant - self.start) % self.period_s
        return Schedule(
            self.start + (shift if shift <= self.period_s / 2 else shift - self.period_s), self.period_s
        )

    def first(self, now: float | None = None) -> Tick:
        """Tick 0: at the start, or at once when it is `now` and the start lies up to a period back."""
        return Tick(0, self.start if now is None else now, 0)

    def after(self, tick: Tick, now: float) -> Tick:
        """The tick that follows `tick` when it is `now`: the latest one due, else the next to come."""
        latest_due = math.floor((now - self.start) / self.period_s)
        number = max(tick.number + 1, latest_due)
        return Tick(number, self.start + number * self.period_s, number - tick.number - 1)
