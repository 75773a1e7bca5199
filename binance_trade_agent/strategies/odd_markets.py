"""Markets that break careless arithmetic: standing still, without volume, with gaps, tiny, huge, short."""

from collections.abc import Iterator

import numpy as np

from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.indicators import FloatArray
from binance_trade_agent.strategies.probing import Market, part_of

# A Monday, 00:00 UTC.
_START_S = 1_767_571_200.0
_MINUTE_S = 60.0
# Candles beyond the warm-up, and the most there are of an odd market.
_BEYOND = 60
_LONGEST = 3000
_SEED = 20_260_105


def odd_markets(warmup_candles: int) -> Iterator[Market]:
    """Markets a little longer than the warm-up, as far as that is reasonable."""
    length = min(warmup_candles, _LONGEST) + _BEYOND
    usual = walk_of(length)
    still: FloatArray = np.full(length, 100.0)
    times: FloatArray = _START_S + np.arange(length, dtype=np.float64) * _MINUTE_S
    late: FloatArray = times + np.cumsum(np.where(np.arange(length) % 37 == 36, 5 * 3600.0 + 60.0, 0.0))
    leaps: FloatArray = usual * np.where(np.arange(length) // 37 % 2, 1.3, 1.0)
    some = np.where(np.arange(length) % 3 == 0, 0.0, 1.0)
    yield Market("a price that never moves", _candles(still, still, times, np.ones(length)))
    yield Market("no volume at all", _candles(still, still, times, np.zeros(length)))
    yield Market("candles without volume", _moving(usual, times, some))
    yield Market("gaps of hours", _moving(leaps, late, np.ones(length)))
    yield Market("prices of 0.00000001", _moving(np.ceil(usual / 50) * 1e-8, times, np.full(length, 1e9)))
    yield Market("prices of 1000000000", _moving(usual * 1e7, times, np.full(length, 1e-8)))
    yield Market(
        "a fall to a tenth", _moving(usual * np.where(np.arange(length) < length // 2, 1.0, 0.1), times, some)
    )
    whole = _moving(usual, times, np.ones(length))
    for few in (1, 2, 3, 10, max(warmup_candles // 2, 1)):
        yield Market("few candles", part_of(whole, 0, min(few, length)))


def walk_of(length: int) -> FloatArray:
    """A random walk from 100 that stays positive."""
    steps = np.random.default_rng(_SEED).normal(0.0, 0.004, length)
    path: FloatArray = 100.0 * np.exp(np.cumsum(steps))
    return path


def _moving(close: FloatArray, times: FloatArray, volume: FloatArray) -> Candles:
    """Candles that open where the one before closed."""
    return _candles(np.concatenate((close[:1], close[:-1])), close, times, volume)


def _candles(open_: FloatArray, close: FloatArray, times: FloatArray, volume: FloatArray) -> Candles:
    return Candles.from_arrays(
        open=open_,
        high=np.maximum(open_, close),
        low=np.minimum(open_, close),
        close=close,
        volume=volume,
        opened_s=times,
        closed_s=times + _MINUTE_S,
    )
