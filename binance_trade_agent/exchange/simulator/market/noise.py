"""The random numbers of the generated market: each a function of seed, name and time only.

Draws come from Philox streams whose key is a hash of what they are for, so any stretch of
any symbol can be drawn without drawing what came before. Nothing here knows prices; values
are in units of the standard deviation of one step. Floats are right here: this is noise,
and it becomes whole ticks before anybody trades on it.

Numbers repeat as long as NumPy keeps the stream of `Generator.standard_normal` (NEP 19
lets a feature release change it).
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

TICKS_A_STEP = 4
HOUR_MS = 3_600_000

# (spacing of the knots in steps, their standard deviation) of the logarithm of volatility:
# calm and wild stretches of seconds, minutes and quarters of an hour on top of each other.
_VOLATILITY_KNOTS = ((20, 0.35), (120, 0.35), (720, 0.30))

# Linear interpolation between two independent knots has two thirds of their variance.
_LOG_VARIANCE = sum(sd * sd for _, sd in _VOLATILITY_KNOTS) * 2 / 3

_TREND_STEPS = (20, 120)
TREND_SD = 0.15
JUMP_CHANCE = 1 / 900
JUMP_SD = 8.0

# How far symbols move together: each takes this share of the market's shocks, the rest is its own.
MARKET_SHARE = 0.75
OWN_SHARE = (1 - MARKET_SHARE**2) ** 0.5

_HOURS_A_CHUNK = 256
# Pulls the hourly level back to the start price, with a half-life of about a week.
_REVERSION = 1 / 240


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time drawn at once: whole hours, in `steps` of `step_ms`."""

    start_ms: int
    step_ms: int
    steps: int

    @property
    def end_ms(self) -> int:
        """The first millisecond after it."""
        return self.start_ms + self.steps * self.step_ms

    @property
    def hours(self) -> int:
        """Its length in hours."""
        return (self.end_ms - self.start_ms) // HOUR_MS

    @property
    def tick_ms(self) -> int:
        """Milliseconds between two trades."""
        return self.step_ms // TICKS_A_STEP


@dataclass(frozen=True, slots=True)
class Shocks:
    """What moves a price in a span, one value a tick, in standard deviations of a step."""

    noise: Floats
    drift: Floats
    jumps: Floats


def stream(seed: int, *labels: object) -> np.random.Generator:
    """The random stream of that seed and those labels, always from its beginning."""
    text = "|".join(str(label) for label in (seed, *labels))
    key = int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


def volatility(seed: int, span: Span) -> Floats:
    """The market's volatility, one factor a tick, mean square 1; continuous between spans."""
    steps = np.arange(span.steps)
    log = np.full(span.steps, -_LOG_VARIANCE)
    for spacing, sd in _VOLATILITY_KNOTS:
        count = span.steps // spacing
        knots = np.empty(count + 1)
        knots[:-1] = stream(seed, "volatility", spacing, span.start_ms).standard_normal(count)
        # the last knot is the first one of the span that follows
        knots[-1:] = stream(seed, "volatility", spacing, span.end_ms).standard_normal(1)
        log += sd * np.interp(steps, np.arange(count + 1) * spacing, knots)
    return np.repeat(np.exp(log), TICKS_A_STEP)


def shocks(seed: int, name: str, span: Span) -> Shocks:
    """Noise, trends that last 20 to 120 steps, and rare jumps of one name (a symbol, or the market)."""
    draw = stream(seed, "shocks", name, span.start_ms)
    ticks = span.steps * TICKS_A_STEP
    shortest, longest = _TREND_STEPS
    count = span.steps // shortest + 1
    lengths = draw.integers(shortest, longest + 1, count)
    drifts = draw.standard_normal(count) * TREND_SD
    noise = draw.standard_normal(ticks)
    noise *= TICKS_A_STEP**-0.5
    jumps = np.zeros(ticks)
    hit = np.flatnonzero(draw.random(span.steps) < JUMP_CHANCE) * TICKS_A_STEP
    jumps[hit] = draw.standard_normal(len(hit)) * JUMP_SD
    return Shocks(
        noise=noise,
        drift=np.repeat(np.repeat(drifts, lengths)[: span.steps], TICKS_A_STEP) / TICKS_A_STEP,
        jumps=jumps,
    )


class HourLevels:
    """The level of one symbol at each full hour, as a logarithm relative to its start price.

    A mean-reverting walk away from the anchor hour in both directions, computed as far as
    it was asked for: eight bytes an hour.
    """

    def __init__(self, seed: int, name: str, anchor_ms: int, hourly_sd: float) -> None:
        self._seed = seed
        self._name = name
        self._anchor_hour = anchor_ms // HOUR_MS
        self._hourly_sd = hourly_sd
        self._after = np.zeros(1)
        self._before = np.zeros(1)

    def levels(self, start_ms: int, hours: int) -> Floats:
        """The levels at `start_ms` and at each of the following `hours` full hours."""
        first = start_ms // HOUR_MS - self._anchor_hour
        last = first + hours
        while len(self._after) <= last:
            self._after = self._longer(self._after, "after")
        while len(self._before) <= -first:
            self._before = self._longer(self._before, "before")
        before = self._before[max(0, -last) : -first + 1][::-1] if first < 0 else self._before[:0]
        after = self._after[max(0, first) : last + 1] if last >= 0 else self._after[:0]
        if first < 0 <= last:
            before = before[:-1]
        return np.concatenate((before, after))

    def _longer(self, levels: Floats, direction: str) -> Floats:
        chunk = (len(levels) - 1) // _HOURS_A_CHUNK
        market = stream(self._seed, "hours", direction, "market", chunk).standard_normal(_HOURS_A_CHUNK)
        own = stream(self._seed, "hours", direction, self._name, chunk).standard_normal(_HOURS_A_CHUNK)
        moves = self._hourly_sd * (MARKET_SHARE * market + OWN_SHARE * own)
        level = levels[-1]
        longer = np.empty(_HOURS_A_CHUNK)
        for hour, move in enumerate(moves):
            level = level * (1 - _REVERSION) + move
            longer[hour] = level
        return np.concatenate((levels, longer))
