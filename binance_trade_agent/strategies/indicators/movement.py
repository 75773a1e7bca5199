"""How prices move: returns, their spread, and how far two of them go together."""

import math

import numpy as np

from binance_trade_agent.strategies.indicators.series import FloatArray

# A spread below this share of the returns themselves is what is left of rounding
_NO_SPREAD = 1e-9


def returns(closes: FloatArray) -> FloatArray:
    """Logarithmic returns from close to close; NaN first. Prices are above zero."""
    return np.diff(np.log(closes), prepend=np.nan)


def volatility(closes: FloatArray, period: int) -> FloatArray:
    """Standard deviation (ddof 1) of the last `period` log returns, per candle; first value at index `period`.

    `period` is at least 2.
    """
    found = np.full(len(closes), np.nan)
    if len(closes) > period:
        windows = np.lib.stride_tricks.sliding_window_view(returns(closes)[1:], period)
        found[period:] = windows.std(axis=1, ddof=1)
    return found


def correlation(first: FloatArray, second: FloatArray) -> float:
    """Correlation (−1 to 1) of the log returns of two series of closes; NaN if either never moves.

    Raises ValueError where the two differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} closes beside {len(second)}")
    a, b = _spread(first), _spread(second)
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return min(max(float(a @ b) / norm, -1.0), 1.0) if norm > 0 else math.nan


def _spread(closes: FloatArray) -> FloatArray:
    if len(closes) < 2:
        return np.zeros(0)
    logs = np.log(closes)
    moves = logs[1:] - logs[:-1]
    # np.mean costs more than the rest for a hundred candles
    spread = moves - moves.sum() / len(moves)
    return spread if spread @ spread > _NO_SPREAD**2 * (moves @ moves) else np.zeros(len(moves))
