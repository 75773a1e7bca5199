"""Indicators over float arrays; the only package that knows an indicator library (TA-Lib).

Every function takes arrays of one candle window, oldest first, and returns arrays of the
same length. Bars for which there is no value yet hold NaN; a series too short for its
period is NaN throughout. Which library, first values, settled counts: docs/indicators.md.
"""

from binance_trade_agent.strategies.indicators.averages import ema, ema_settled, sma, wilder_settled
from binance_trade_agent.strategies.indicators.bands import (
    Bands,
    bandwidth,
    bollinger,
    keltner,
    keltner_settled,
)
from binance_trade_agent.strategies.indicators.movement import correlation, returns, volatility
from binance_trade_agent.strategies.indicators.oscillators import (
    Macd,
    StochRsi,
    macd,
    macd_settled,
    rsi,
    stoch_rsi,
    stoch_rsi_settled,
)
from binance_trade_agent.strategies.indicators.ranges import atr, chandelier
from binance_trade_agent.strategies.indicators.series import (
    FloatArray,
    highest,
    lowest,
    rolling_percentile,
    shifted,
)
from binance_trade_agent.strategies.indicators.sessions import session_bars, session_vwap
from binance_trade_agent.strategies.indicators.trends import (
    Adx,
    Supertrend,
    adx,
    adx_settled,
    sar,
    sar_settled,
    supertrend,
    supertrend_settled,
)

__all__ = [
    "Adx",
    "Bands",
    "FloatArray",
    "Macd",
    "StochRsi",
    "Supertrend",
    "adx",
    "adx_settled",
    "atr",
    "bandwidth",
    "bollinger",
    "chandelier",
    "correlation",
    "ema",
    "ema_settled",
    "highest",
    "keltner",
    "keltner_settled",
    "lowest",
    "macd",
    "macd_settled",
    "returns",
    "rolling_percentile",
    "rsi",
    "sar",
    "sar_settled",
    "session_bars",
    "session_vwap",
    "shifted",
    "sma",
    "stoch_rsi",
    "stoch_rsi_settled",
    "supertrend",
    "supertrend_settled",
    "volatility",
    "wilder_settled",
]
