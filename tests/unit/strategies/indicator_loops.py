"""Indicators written from their definitions as plain loops, one candle after the other: oracles for tests."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

NAN = math.nan
Numbers = Sequence[float]


def rolling(values: Numbers, n: int, of: Callable[[list[float]], float]) -> list[float]:
    """`of` the last n values."""
    return [NAN if i < n - 1 else of(list(values[i - n + 1 : i + 1])) for i in range(len(values))]


def true_ranges(high: Numbers, low: Numbers, close: Numbers) -> list[float]:
    return [NAN] + [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        for i in range(1, len(close))
    ]


def atr(high: Numbers, low: Numbers, close: Numbers, n: int) -> list[float]:
    out, ranges = [NAN] * len(close), true_ranges(high, low, close)
    for i in range(n, len(close)):
        out[i] = sum(ranges[1 : n + 1]) / n if i == n else (out[i - 1] * (n - 1) + ranges[i]) / n
    return out


def sma(values: Numbers, n: int) -> list[float]:
    return rolling(values, n, mean)


def ema(values: Numbers, n: int, start: int = 0) -> list[float]:
    """The average begins with the mean of the n values from `start` on."""
    out, first = [NAN] * len(values), start + n - 1
    for i in range(first, len(values)):
        seed = sum(values[start : first + 1]) / n
        out[i] = seed if i == first else out[i - 1] + 2 / (n + 1) * (values[i] - out[i - 1])
    return out


def macd(closes: Numbers, fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    """Line and signal; a row is shown only when all of it exists."""
    quick, late = ema(closes, fast, slow - fast), ema(closes, slow)
    line = [a - b for a, b in zip(quick, late, strict=True)]
    average = ema(line, signal, slow - 1)
    return [NAN if math.isnan(s) else m for m, s in zip(line, average, strict=True)], average


def bollinger(closes: Numbers, n: int, k: float) -> tuple[list[float], list[float], list[float]]:
    middle = sma(closes, n)
    reach = rolling(closes, n, lambda window: k * deviation(window, ddof=0))
    return _around(middle, reach)


def keltner(
    high: Numbers, low: Numbers, close: Numbers, n: int, atr_n: int, k: float
) -> tuple[list[float], list[float], list[float]]:
    reach = [k * value for value in atr(high, low, close, atr_n)]
    middle = [NAN if math.isnan(b) else m for m, b in zip(ema(close, n), reach, strict=True)]
    return _around(middle, reach)


def _around(middle: list[float], reach: list[float]) -> tuple[list[float], list[float], list[float]]:
    both = list(zip(middle, reach, strict=True))
    return [m + r for m, r in both], middle, [m - r for m, r in both]


def chandelier(high: Numbers, low: Numbers, close: Numbers, n: int, k: float) -> list[float]:
    ranges = atr(high, low, close, n)
    return [NAN if i < n else max(high[i - n + 1 : i + 1]) - k * ranges[i] for i in range(len(close))]


def rsi(closes: Numbers, n: int) -> list[float]:
    out, up, down = [NAN] * len(closes), 0.0, 0.0
    for i in range(1, len(closes)):
        rise, fall = max(closes[i] - closes[i - 1], 0.0), max(closes[i - 1] - closes[i], 0.0)
        if i <= n:
            up, down = up + rise / n, down + fall / n
        else:
            up, down = (up * (n - 1) + rise) / n, (down * (n - 1) + fall) / n
        if i >= n:
            out[i] = 100 * up / (up + down) if up + down else 50.0
    return out


def moves(high: Numbers, low: Numbers, i: int) -> tuple[float, float]:
    """Wilder's +DM and −DM."""
    up, down = high[i] - high[i - 1], low[i - 1] - low[i]
    return (up if up > down and up > 0 else 0.0), (down if down > up and down > 0 else 0.0)


def adx(
    high: Numbers, low: Numbers, close: Numbers, n: int, seed_bars: int | None = None
) -> tuple[list[float], list[float], list[float]]:
    """ADX, +DI, −DI. Sums are begun with `seed_bars` moves: n − 1 as in TA-Lib, or n as Wilder did."""
    length, ranges = len(close), true_ranges(high, low, close)
    lines, plus_di, minus_di = [NAN] * length, [NAN] * length, [NAN] * length
    seed = n - 1 if seed_bars is None else seed_bars
    span = plus = minus = 0.0
    index: list[float] = []
    for i in range(1, length):
        up, down = moves(high, low, i)
        kept = 1.0 if i <= seed else 1 - 1 / n
        span, plus, minus = span * kept + ranges[i], plus * kept + up, minus * kept + down
        if i < n:
            continue
        plus_di[i] = 100 * plus / span if span else 0.0
        minus_di[i] = 100 * minus / span if span else 0.0
        both = plus_di[i] + minus_di[i]
        index.append(100 * abs(plus_di[i] - minus_di[i]) / both if both else 0.0)
        if i == 2 * n - 1:
            lines[i] = sum(index) / n
        elif i >= 2 * n:
            lines[i] = (lines[i - 1] * (n - 1) + index[-1]) / n if both else lines[i - 1]
    return lines, plus_di, minus_di


def supertrend(
    high: Numbers, low: Numbers, close: Numbers, n: int, k: float
) -> tuple[list[float], list[float]]:
    line, direction = [NAN] * len(close), [NAN] * len(close)
    average = atr(high, low, close, n)
    upper = lower = NAN
    trend = 1.0
    for i in range(n, len(close)):
        middle = (high[i] + low[i]) / 2
        basic_upper, basic_lower = middle + k * average[i], middle - k * average[i]
        if i == n:
            upper, lower = basic_upper, basic_lower
        else:
            was = close[i - 1]
            upper = basic_upper if basic_upper < upper or was > upper else upper
            lower = basic_lower if basic_lower > lower or was < lower else lower
        if trend > 0 and close[i] < lower:
            trend = -1.0
        elif trend < 0 and close[i] > upper:
            trend = 1.0
        line[i], direction[i] = (lower if trend > 0 else upper), trend
    return line, direction


def sar(high: Numbers, low: Numbers, step: float, most: float) -> list[float]:
    """Wilder's rules: today's stop, and what it is moved to for tomorrow."""
    if len(high) < 2:
        return [NAN] * len(high)
    out = [NAN]
    rising = not moves(high, low, 1)[1] > 0
    stop, extreme = (low[0], high[1]) if rising else (high[0], low[1])
    factor = step
    for i in range(1, len(high)):
        # bar 0 only gives the first stop
        lows, highs = low[max(i - 1, 1) : i + 1], high[max(i - 1, 1) : i + 1]
        if (low[i] <= stop) if rising else (high[i] >= stop):
            rising = not rising
            stop = min(extreme, *lows) if rising else max(extreme, *highs)
            factor, extreme = step, (high[i] if rising else low[i])
        elif (high[i] > extreme) if rising else (low[i] < extreme):
            factor, extreme = min(factor + step, most), (high[i] if rising else low[i])
        out.append(stop)
        stop += factor * (extreme - stop)
        stop = min(stop, *lows) if rising else max(stop, *highs)
    return out


def utc_day(opened_s: float) -> str:
    return datetime.fromtimestamp(opened_s, UTC).date().isoformat()


def session_vwap(
    high: Numbers, low: Numbers, close: Numbers, volume: Numbers, opened_s: Numbers
) -> tuple[list[float], list[float]]:
    """VWAP and the bars of the day."""
    out: list[float] = []
    counts: list[float] = []
    turnover = traded = bars = 0.0
    for i in range(len(close)):
        if i == 0 or utc_day(opened_s[i]) != utc_day(opened_s[i - 1]):
            turnover = traded = bars = 0.0
        turnover += (high[i] + low[i] + close[i]) / 3 * volume[i]
        traded += volume[i]
        bars += 1
        out.append(turnover / traded if traded else NAN)
        counts.append(bars)
    return out, counts


def stoch_rsi(
    closes: Numbers, n: int, m: int, smooth_k: int, smooth_d: int
) -> tuple[list[float], list[float]]:
    values = rsi(closes, n)
    raw = rolling(values, m, place_within)
    k = rolling(raw, smooth_k, mean)
    return k, rolling(k, smooth_d, mean)


def place_within(window: list[float]) -> float:
    """Where the last value lies between the lowest and the highest, 0 to 100; 50 if they are one."""
    if any(math.isnan(value) for value in window):
        return NAN
    low, high = min(window), max(window)
    return 100 * (window[-1] - low) / (high - low) if high - low > 1e-6 else 50.0


def mean(window: list[float]) -> float:
    return sum(window) / len(window)


def log_returns(closes: Numbers) -> list[float]:
    return [NAN] + [math.log(closes[i] / closes[i - 1]) for i in range(1, len(closes))]


def deviation(window: list[float], ddof: int = 1) -> float:
    middle = mean(window)
    return math.sqrt(sum((value - middle) ** 2 for value in window) / (len(window) - ddof))


def correlation(first: Numbers, second: Numbers) -> float:
    a, b = log_returns(first)[1:], log_returns(second)[1:]
    a_mean, b_mean = mean(a), mean(b)
    together = sum((x - a_mean) * (y - b_mean) for x, y in zip(a, b, strict=True))
    return together / math.sqrt(sum((x - a_mean) ** 2 for x in a) * sum((y - b_mean) ** 2 for y in b))
