"""What a series was over its last values: extremes, percentiles, and the series moved in time."""

import math

import numpy as np
import numpy.typing as npt
import talib

FloatArray = npt.NDArray[np.float64]


def shifted(values: FloatArray, by: int = 1) -> FloatArray:
    """The series moved `by` bars later: bar t shows t − `by`, the first `by` bars NaN.

    For breakouts, whose channel must not hold the current bar: `shifted(highest(high, 20))`.
    """
    moved = np.full(len(values), np.nan)
    moved[by:] = values[: max(len(values) - by, 0)]
    return moved


def highest(values: FloatArray, period: int) -> FloatArray:
    """The largest of the last `period` values, this one included; first value at index period − 1."""
    if period == 1:
        return values.copy()
    return _where_whole(talib.MAX(values, period), values, period)


def lowest(values: FloatArray, period: int) -> FloatArray:
    """The smallest of the last `period` values, this one included; first value at index period − 1."""
    if period == 1:
        return values.copy()
    return _where_whole(talib.MIN(values, period), values, period)


def rolling_percentile(values: FloatArray, period: int, percent: float) -> FloatArray:
    """Percentile (0 to 100) of the last `period` values, this one included, interpolated as numpy does.

    Its place among the n sorted values is percent / 100 · (n − 1); between two values the
    distance to both counts. First value at index period − 1.
    """
    if period == 1:
        return values.copy()
    place = percent / 100 * (period - 1)
    rank = min(math.floor(place), period - 2)
    below, above = _ranked(values, period, rank), _ranked(values, period, rank + 1)
    return _where_whole(below + (above - below) * (place - rank), values, period)


def without_gap(found: FloatArray, *columns: FloatArray) -> FloatArray:
    """`found` with NaN from the first bar on at which a column holds NaN.

    TA-Lib's recursive functions of highs and lows would show their last value for ever.
    """
    missing = np.isnan(sum(columns))
    if missing.any():
        found[missing.argmax() :] = np.nan
    return found


def _ranked(values: FloatArray, period: int, rank: int) -> FloatArray:
    # TA-Lib's PERCENTILE gives a value of the window, that of rank ceil(percent · n / 100) from 1
    return talib.PERCENTILE(values, period, 100 * (rank + 0.5) / period)


def _where_whole(found: FloatArray, values: FloatArray, period: int) -> FloatArray:
    # TA-Lib begins after leading NaN, but looks past a later one and answers from the rest of the window
    missing = np.isnan(values)
    if len(values) >= period and missing[missing.argmin() :].any():
        windows = np.lib.stride_tricks.sliding_window_view(missing, period)
        found[period - 1 :][windows.any(axis=1)] = np.nan
    return found
