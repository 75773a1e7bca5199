"""Candles made up for tests of strategies."""

from collections.abc import Sequence

import numpy as np

from binance_trade_agent.strategies.base import Candles

#: 22:00 UTC, two hours before a new day
EVENING_S = 1_767_304_800.0


def candles_at(
    closes: Sequence[float],
    *,
    opens: Sequence[float] | None = None,
    reach: float = 0.0,
    length_s: float = 60.0,
    opened_s: float = EVENING_S,
) -> Candles:
    """One candle a close, opened at the close before unless given, `reach` beyond open and close both ways."""
    close = np.array(closes, dtype=np.float64)
    open_ = np.concatenate((close[:1], close[:-1])) if opens is None else np.array(opens, dtype=np.float64)
    times = opened_s + length_s * np.arange(len(close), dtype=np.float64)
    return Candles.from_arrays(
        open=open_,
        high=np.maximum(open_, close) + reach,
        low=np.minimum(open_, close) - reach,
        close=close,
        volume=np.ones(len(close)),
        opened_s=times,
        closed_s=times + length_s,
    )


def wandering(seed: int, length: int = 1500) -> Candles:
    """A random walk of 0.3 % a minute that jumps at times; some minutes have no volume."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.003, length)
    steps[rng.integers(0, length, 4)] += rng.choice([-0.05, 0.05], 4)
    close = 100 * np.exp(np.cumsum(steps))
    open_ = np.concatenate((close[:1], close[:-1])) * (1 + rng.normal(0, 0.0003, length))
    times = EVENING_S + 60.0 * np.arange(length, dtype=np.float64)
    return Candles.from_arrays(
        open=open_,
        high=np.maximum(open_, close) * (1 + rng.random(length) * 0.001),
        low=np.minimum(open_, close) * (1 - rng.random(length) * 0.001),
        close=close,
        volume=rng.random(length) * (rng.random(length) > 0.05),
        opened_s=times,
        closed_s=times + 60.0,
    )
