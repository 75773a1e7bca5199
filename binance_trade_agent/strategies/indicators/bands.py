"""Bands around an average."""

from dataclasses import dataclass

import numpy as np
import talib

from binance_trade_agent.strategies.indicators.averages import ema, ema_settled, wilder_settled
from binance_trade_agent.strategies.indicators.ranges import atr
from binance_trade_agent.strategies.indicators.series import FloatArray, highest, lowest


@dataclass(frozen=True, slots=True)
class Bands:
    """An average with a band on either side."""

    upper: FloatArray
    middle: FloatArray
    lower: FloatArray


def bollinger(closes: FloatArray, period: int = 20, deviations: float = 2.0) -> Bands:
    """SMA ± `deviations` population standard deviations; first value at index period − 1.

    Where the price stood still for the whole period all three are that price. `period` is at least 2.
    """
    upper, middle, lower = talib.BBANDS(closes, period, deviations, deviations)
    # TA-Lib's running sums leave the lower band a rounding error over a price that stands still
    still = highest(closes, period) == lowest(closes, period)
    for band in (upper, middle, lower):
        band[still] = closes[still]
    return Bands(upper, middle, lower)


def bandwidth(bands: Bands) -> FloatArray:
    """(upper − lower) / middle, as a share of the middle."""
    return (bands.upper - bands.lower) / bands.middle


def keltner(
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    period: int = 20,
    atr_period: int = 10,
    multiplier: float = 2.0,
) -> Bands:
    """EMA of the closes ± multiplier · ATR; first value at index max(period − 1, atr_period).

    TA-Lib's KC averages the typical price (H+L+C)/3 instead.
    (Raschke's form of Keltner's channel, as StockCharts defines it)
    """
    middle, width = ema(close, period), multiplier * atr(high, low, close, atr_period)
    middle = np.where(np.isnan(width), np.nan, middle)
    return Bands(middle + width, middle, middle - width)


def keltner_settled(period: int = 20, atr_period: int = 10) -> int:
    """Candles after which Keltner bands no longer show where their window began."""
    return max(ema_settled(period), wilder_settled(atr_period))
