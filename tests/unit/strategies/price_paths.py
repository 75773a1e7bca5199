"""Made-up candles for indicators: walks that stand still at times and jump at times."""

from dataclasses import dataclass

import numpy as np

from binance_trade_agent.strategies.indicators import FloatArray

#: Prices of a coin in millionths, of a common share, and of bitcoin.
STARTS = [1e-6, 100.0, 70_000.0]
_MINUTE_S = 60.0
#: 00:00 UTC of a day
MIDNIGHT_S = 1_700_006_400.0


@dataclass(frozen=True, slots=True)
class PricePath:
    """Columns of candles of a minute, oldest first."""

    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    opened_s: FloatArray

    def part(self, first: int, end: int) -> "PricePath":
        """The candles from index `first` up to `end`."""
        return PricePath(
            *(column[first:end] for column in (self.high, self.low, self.close, self.volume, self.opened_s))
        )


def walk(seed: int, length: int = 400, start: float = 100.0) -> FloatArray:
    """Closes of a random walk of 0.3 % a candle that rests at times, with three jumps of 10 %."""
    return start * np.exp(np.cumsum(_steps(np.random.default_rng(seed), length)))


def path(seed: int, length: int = 400, start: float = 100.0) -> PricePath:
    """Candles of such a walk, with a long stretch in which nothing is traded."""
    rng = np.random.default_rng(seed)
    steps = _steps(rng, length)
    still = slice(length // 2, length // 2 + length // 8)
    steps[still] = 0.0
    close = start * np.exp(np.cumsum(steps))
    opened = np.concatenate(([start], close[:-1]))
    reach = rng.random((2, length)) * 0.002
    volume = rng.random(length) * 50
    reach[:, still], volume[still] = 0.0, 0.0
    return PricePath(
        high=np.maximum(opened, close) * (1 + reach[0]),
        low=np.minimum(opened, close) * (1 - reach[1]),
        close=close,
        volume=volume,
        # five hours before midnight
        opened_s=MIDNIGHT_S + _MINUTE_S * (np.arange(length) - 300.0),
    )


def flat(price: float, length: int = 500) -> PricePath:
    """Nothing happens: one price and no volume."""
    column = np.full(length, price)
    return PricePath(column, column, column, np.zeros(length), MIDNIGHT_S + _MINUTE_S * np.arange(length))


def _steps(rng: np.random.Generator, length: int) -> FloatArray:
    steps = rng.normal(0, 0.003, length) * (rng.random(length) > 0.3)
    steps[rng.integers(0, length, 3)] += rng.choice([-0.1, 0.1], 3)
    return steps
