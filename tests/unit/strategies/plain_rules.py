"""The rules of the shipped strategies a second time: plain loops over lists, with indicators of their own.

A rule takes a `Tape` and gives an action for each candle, None where the close lies on a mean to the
last digit and rounding decides. Those that look at their position are in `plain_positions.py`.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Candles
from tests.unit.strategies.indicator_loops import NAN, Numbers, adx, atr, ema, rsi, session_vwap, supertrend

BUY, SELL, HOLD = SignalAction.BUY, SignalAction.SELL, SignalAction.HOLD


@dataclass(frozen=True, slots=True)
class Tape:
    """Columns of candles as lists."""

    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    opened_s: list[float]
    closed_s: list[float]


Actions = list[SignalAction | None]
Rule = Callable[[Tape], Actions]


def tape_of(candles: Candles) -> Tape:
    return Tape(*(getattr(candles, name).tolist() for name in Tape.__slots__))


def sma(x: Numbers, n: int) -> list[float]:
    return [NAN if i < n - 1 else sum(x[i - n + 1 : i + 1]) / n for i in range(len(x))]


def macd(close: Numbers, fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    """Line and signal line: both averages begin at slow − 1, a row is there when all of it is."""
    late = slow - fast
    quick, steady = [NAN] * late + ema(close[late:], fast), ema(close, slow)
    line = [a - b for a, b in zip(quick, steady, strict=True)]
    average = [NAN] * min(slow - 1, len(close)) + ema(line[slow - 1 :], signal)
    return [NAN if math.isnan(s) else m for m, s in zip(line, average, strict=True)], average


def bands(close: Numbers, n: int, k: float) -> tuple[list[float], list[float], list[float]]:
    """Upper, middle, lower: the mean and k population deviations."""
    middle, deviation = sma(close, n), [NAN] * len(close)
    for i in range(n - 1, len(close)):
        mean = middle[i]
        deviation[i] = math.sqrt(sum([(x - mean) * (x - mean) for x in close[i - n + 1 : i + 1]]) / n)
    upper = [m + k * d for m, d in zip(middle, deviation, strict=True)]
    return upper, middle, [m - k * d for m, d in zip(middle, deviation, strict=True)]


def percentile(x: Numbers, n: int, percent: float) -> list[float]:
    """Of the last n values, in proportion between the two nearest."""
    out, window = [NAN] * len(x), list[float]()
    rank = int(percent / 100 * (n - 1))
    part = percent / 100 * (n - 1) - rank
    for i, value in enumerate(x):
        if math.isnan(value):
            continue
        insort(window, value)
        if len(window) > n:
            del window[bisect_left(window, x[i - n])]
        if len(window) == n:
            out[i] = window[rank] + (window[min(rank + 1, n - 1)] - window[rank]) * part
    return out


def highest_before(x: Numbers, n: int) -> list[float]:
    return [NAN if i < n else max(x[i - n : i]) for i in range(len(x))]


def lowest_before(x: Numbers, n: int) -> list[float]:
    return [NAN if i < n else min(x[i - n : i]) for i in range(len(x))]


def crossings(fast: Numbers, slow: Numbers) -> Actions:
    """BUY where `fast` crosses up `slow`, SELL where it crosses down."""
    found: Actions = [HOLD] * len(fast)
    for t in range(1, len(fast)):
        if fast[t - 1] <= slow[t - 1] and fast[t] > slow[t]:
            found[t] = BUY
        if fast[t - 1] >= slow[t - 1] and fast[t] < slow[t]:
            found[t] = SELL
    return found


def same(close: float, line: float) -> bool:
    """Whether only rounding tells them apart."""
    return math.isclose(close, line, rel_tol=1e-12)


def only_where(found: Actions, allowed: list[bool]) -> Actions:
    """Entries but where they are not allowed."""
    return [HOLD if a is BUY and not may else a for a, may in zip(found, allowed, strict=True)]


def rsi_momentum(tape: Tape, trend: int = 0) -> Actions:
    index = rsi(tape.close, 14)
    found: Actions = [HOLD] * len(index)
    for t in range(15, len(found)):
        if index[t - 1] <= 30 < index[t]:
            found[t] = BUY
        if index[t - 1] >= 70 > index[t]:
            found[t] = SELL
    if not trend:
        return found
    return only_where(found, [c > e for c, e in zip(tape.close, ema(tape.close, trend), strict=True)])


def rsi_level(tape: Tape) -> Actions:
    return [BUY if index < 30 else SELL if index > 70 else HOLD for index in rsi(tape.close, 14)]


def rsi2_pullback(tape: Tape) -> Actions:
    found: Actions = []
    columns = tape.close, sma(tape.close, 200), sma(tape.close, 5), rsi(tape.close, 2)
    for close, trend, recovered, index in zip(*columns, strict=True):
        if math.isnan(trend):
            found.append(HOLD)
        elif same(close, recovered) or same(close, trend):
            found.append(None)
        else:
            found.append(SELL if close > recovered else BUY if close > trend and index < 10 else HOLD)
    return found


def macd_cross(tape: Tape, above_zero: bool = False) -> Actions:
    line, signal = macd(tape.close, 12, 26, 9)
    return only_where(crossings(line, signal), [not above_zero or value > 0 for value in line])


def ema_cross(tape: Tape, min_adx: float = 0) -> Actions:
    found = crossings(ema(tape.close, 9), ema(tape.close, 21))
    if not min_adx:
        return found
    return only_where(found, [value >= min_adx for value in adx(tape.high, tape.low, tape.close, 14)[0]])


def bollinger_reversion(tape: Tape) -> Actions:
    _, middle, lower = bands(tape.close, 20, 2.0)
    columns = zip(tape.close, middle, lower, strict=True)
    return [
        None if same(close, mid) else BUY if close < low else SELL if close > mid else HOLD
        for close, mid, low in columns
    ]


def bollinger_breakout(tape: Tape) -> Actions:
    upper, middle, lower = bands(tape.close, 20, 2.0)
    width = [(u - low) / m for u, m, low in zip(upper, middle, lower, strict=True)]
    limit = percentile(width, 120, 20)
    found: Actions = [HOLD] * len(width)
    for t in range(20 + 120 - 1, len(found)):
        if same(tape.close[t], middle[t]):
            found[t] = None
        elif tape.close[t] < middle[t]:
            found[t] = SELL
        elif tape.close[t] > upper[t] and width[t - 1] <= limit[t - 1]:
            found[t] = BUY
    return found


def supertrend_turns(tape: Tape) -> Actions:
    _, way = supertrend(tape.high, tape.low, tape.close, 10, 3.0)
    found: Actions = [HOLD] * len(way)
    for t in range(1, len(way)):
        if way[t] != way[t - 1] and not math.isnan(way[t - 1]):
            found[t] = BUY if way[t] > 0 else SELL
    return found


def adx_trend(tape: Tape) -> Actions:
    index, plus, minus = adx(tape.high, tape.low, tape.close, 14)
    found: Actions = [HOLD] * len(index)
    for t in range(27, len(found)):
        if minus[t] > plus[t] or index[t] < 20:
            found[t] = SELL
        elif index[t] >= 25 and plus[t - 1] <= minus[t - 1] and plus[t] > minus[t]:
            found[t] = BUY
    return found


def vwap_reversion(tape: Tape) -> Actions:
    vwap, counted = session_vwap(tape.high, tape.low, tape.close, tape.volume, tape.opened_s)
    found: Actions = [HOLD] * len(vwap)
    first_day, began = tape.opened_s[0] // 86_400, tape.opened_s[0] % 86_400 == 0
    for t in range(1, len(found)):
        close = tape.close[t]
        if math.isnan(vwap[t]) or (tape.opened_s[t] // 86_400 == first_day and not began):
            continue
        if close >= vwap[t] or tape.closed_s[t] % 86_400 == 0:
            found[t] = SELL
        elif close < vwap[t] * 0.99 and close > tape.close[t - 1] and counted[t] >= 12:
            found[t] = BUY
    return found


def combined_default(tape: Tape, adx_veto: float = 0, atr_veto: float = 0) -> Actions:
    close = tape.close
    index, (line, signal), (upper, _, lower) = rsi(close, 14), macd(close, 12, 26, 9), bands(close, 20, 2.0)
    fast, slow = ema(close, 9), ema(close, 21)
    found: Actions = []
    for t, price in enumerate(close):
        votes = [
            (3, int(index[t] < 40) - int(index[t] > 80), index[t]),
            (3, int(line[t] > signal[t]) - int(line[t] < signal[t]), signal[t]),
            (2, int(price < lower[t]) - int(price > upper[t]), lower[t]),
            (2, int(fast[t] > slow[t]) - int(fast[t] < slow[t]), slow[t]),
        ]
        valid = [(weight, vote) for weight, vote, value in votes if not math.isnan(value)]
        total = sum(weight for weight, _ in valid)
        score = Decimal(sum(weight * vote for weight, vote in valid)) / total if total else Decimal(0)
        buys, sells = (sum(1 for _, vote in valid if vote == way) for way in (+1, -1))
        limit = Decimal("0.4")
        found.append(
            BUY if score >= limit and buys >= 2 else SELL if score <= -limit and sells >= 2 else HOLD
        )
    return only_where(found, _not_vetoed(tape, adx_veto, atr_veto))


def _not_vetoed(tape: Tape, adx_veto: float, atr_veto: float) -> list[bool]:
    allowed = [True] * len(tape.close)
    if adx_veto:
        index, plus, minus = adx(tape.high, tape.low, tape.close, 14)
        # comparisons with NaN fail: what vetoes must be known
        allowed = [p >= m or i < adx_veto for i, p, m in zip(index, plus, minus, strict=True)]
    if atr_veto:
        ranges = atr(tape.high, tape.low, tape.close, 14)
        shares = [n / close for n, close in zip(ranges, tape.close, strict=True)]
        allowed = [may and share <= atr_veto for may, share in zip(allowed, shares, strict=True)]
    return allowed


#: name of the strategy, parameters that differ from its defaults, its rule
RULES: dict[str, tuple[str, dict[str, object], Rule]] = {
    "rsi_momentum": ("rsi_momentum", {}, rsi_momentum),
    "rsi_momentum in a trend": (
        "rsi_momentum",
        {"trend_period": 200},
        lambda tape: rsi_momentum(tape, 200),
    ),
    "rsi_level": ("rsi_level", {}, rsi_level),
    "rsi2_pullback": ("rsi2_pullback", {}, rsi2_pullback),
    "macd_cross": ("macd_cross", {}, macd_cross),
    "macd_cross above zero": ("macd_cross", {"above_zero": True}, lambda tape: macd_cross(tape, True)),
    "bollinger_reversion": ("bollinger_reversion", {}, bollinger_reversion),
    "bollinger_breakout": ("bollinger_breakout", {}, bollinger_breakout),
    "ema_cross": ("ema_cross", {}, ema_cross),
    "ema_cross in a strong trend": ("ema_cross", {"min_adx": 20}, lambda tape: ema_cross(tape, 20)),
    "supertrend": ("supertrend", {}, supertrend_turns),
    "adx_trend": ("adx_trend", {}, adx_trend),
    "vwap_reversion": ("vwap_reversion", {}, vwap_reversion),
    "combined_default": ("combined_default", {}, combined_default),
    "combined_default with vetoes": (
        "combined_default",
        {"adx_veto": 25, "atr_veto": 0.004},
        lambda tape: combined_default(tape, 25, 0.004),
    ),
}
