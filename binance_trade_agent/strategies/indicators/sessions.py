"""Figures of the trading day, which begins at 00:00 UTC."""

import numpy as np
import numpy.typing as npt

from binance_trade_agent.strategies.indicators.series import FloatArray

_DAY_S = 86_400

_IntArray = npt.NDArray[np.intp]


def session_bars(opened_s: FloatArray) -> FloatArray:
    """How many candles of the UTC day the window holds up to each bar, this one included.

    `opened_s` holds open times in seconds since 1970 UTC. Missing candles are not counted.
    """
    _, bar = _places(opened_s)
    return (bar + 1).astype(np.float64)


def session_vwap(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, opened_s: FloatArray
) -> FloatArray:
    """Average price of the UTC day so far weighted by volume, Σ(tp·v) / Σv with tp = (H + L + C) / 3.

    NaN while nothing was traded. A day that began before the window counts from the window's
    first candle on. `opened_s` holds open times in seconds since 1970 UTC.
    """
    found = np.full(len(close), np.nan)
    if len(close):
        day, bar = _places(opened_s)
        traded = _running(volume, day, bar)
        turnover = _running((high + low + close) / 3 * volume, day, bar)
        np.divide(turnover, traded, out=found, where=traded > 0)
    return found


def _places(opened_s: FloatArray) -> tuple[_IntArray, _IntArray]:
    """The day of the window and the bar of the day, both from 0."""
    begins = np.diff(opened_s // _DAY_S, prepend=np.nan) != 0
    index = np.arange(len(opened_s))
    return np.cumsum(begins) - 1, index - np.maximum.accumulate(np.where(begins, index, 0))


def _running(values: FloatArray, day: _IntArray, bar: _IntArray) -> FloatArray:
    # one row a day: a single sum over all would carry a busy day's rounding into a quiet one
    table = np.zeros((day[-1] + 1, bar.max() + 1))
    table[day, bar] = values
    sums: FloatArray = table.cumsum(axis=1)[day, bar]
    return sums
