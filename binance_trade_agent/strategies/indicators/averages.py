"""Averages, and how long those remember where their window began."""

import numpy as np
import talib

from binance_trade_agent.strategies.indicators.series import FloatArray

# What is left of a window's start when it counts as forgotten. An average of prices starts near to where it
# ends; one of moves may start many times as large, so less of its start must be left for the same error.
_LEFT = 1e-6
_LEFT_OF_MOVES = 1e-7


def sma(values: FloatArray, period: int) -> FloatArray:
    """Mean of the last `period` values; first value at index period − 1."""
    if period == 1:
        return values.copy()
    return talib.SMA(values, period)


def ema(values: FloatArray, period: int) -> FloatArray:
    """Exponential average, α = 2 / (period + 1), begun with the SMA at index period − 1."""
    if period == 1:
        return values.copy()
    return talib.EMA(values, period)


def wilder(values: FloatArray, period: int) -> FloatArray:
    """Wilder's average, α = 1 / period, begun with the mean of the first `period` values."""
    if period == 1:
        return values.copy()
    return talib.RMA(values, period)


def ema_settled(period: int) -> int:
    """Candles after which an EMA of prices is within a millionth of what a longer window gives."""
    return period + forgotten(1 - 2 / (period + 1))


def wilder_settled(period: int) -> int:
    """Candles after which ATR and RSI are within a millionth of what a longer window gives."""
    return 1 + period + forgotten(1 - 1 / period, _LEFT_OF_MOVES)


def forgotten(kept: float, left: float = _LEFT) -> int:
    """Candles after which a start that keeps the share `kept` from one to the next has come down to `left`."""
    return int(np.ceil(np.log(left) / np.log(kept))) if kept > 0 else 0
