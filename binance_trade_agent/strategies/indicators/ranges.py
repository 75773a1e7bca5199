"""The true range and what hangs on it."""

import talib

from binance_trade_agent.strategies.indicators.series import FloatArray, highest, without_gap


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Wilder average of the true range; first value at index `period` (the first bar has none)."""
    return without_gap(talib.ATR(high, low, close, period), high, low, close)


def chandelier(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int = 22, multiplier: float = 3.0
) -> FloatArray:
    """The long exit: highest high of `period` bars − multiplier · ATR; first value at index `period`.

    Settled when its ATR is. (Le Beau's chandelier exit, in Elder, Come Into My Trading Room, 2002)
    """
    return highest(high, period) - multiplier * atr(high, low, close, period)
