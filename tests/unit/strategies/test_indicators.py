"""Indicators against plain loops, the published RSI vector, flat prices and short series."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import talib

from binance_trade_agent.strategies import indicators

Floats = npt.NDArray[np.float64]
NAN = math.nan

# StockCharts' RSI 14 example: closes, and the RSI from index 14 on
STOCKCHARTS_CLOSES = np.array(
    [
        44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
        46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521,
        45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
    ]
)  # fmt: skip
STOCKCHARTS_RSI = [
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87,
    45.46, 37.30, 33.08, 37.77,
]  # fmt: skip


def rsi_loop(closes: Floats, n: int) -> list[float]:
    out = [NAN] * len(closes)
    if len(closes) <= n:
        return out
    ups = [max(b - a, 0.0) for a, b in itertools.pairwise(closes)]
    downs = [max(a - b, 0.0) for a, b in itertools.pairwise(closes)]
    up, down = sum(ups[:n]) / n, sum(downs[:n]) / n
    for i in range(n, len(closes)):
        if i > n:
            up, down = (up * (n - 1) + ups[i - 1]) / n, (down * (n - 1) + downs[i - 1]) / n
        out[i] = 100 * up / (up + down) if up + down else 50.0
    return out


def sma_loop(values: Floats, n: int) -> list[float]:
    return [NAN if i < n - 1 else sum(values[i - n + 1 : i + 1]) / n for i in range(len(values))]


def ema_loop(values: Floats, n: int, start: int = 0) -> list[float]:
    """The average begins at `start`, with the mean of the first n values from there."""
    out = [NAN] * len(values)
    first = start + n - 1
    if len(values) <= first:
        return out
    out[first] = sum(values[start : first + 1]) / n
    for i in range(first + 1, len(values)):
        out[i] = out[i - 1] + 2 / (n + 1) * (values[i] - out[i - 1])
    return out


def macd_loop(closes: Floats, fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    line = np.array(ema_loop(closes, fast, slow - fast)) - np.array(ema_loop(closes, slow))
    average = ema_loop(line, signal, slow - 1)
    # a row is shown only when all of it exists
    shown = [NAN if math.isnan(s) else m for m, s in zip(line, average, strict=True)]
    return shown, average


def bollinger_loop(closes: Floats, n: int, k: float) -> tuple[list[float], list[float], list[float]]:
    upper, middle, lower = [NAN] * len(closes), [NAN] * len(closes), [NAN] * len(closes)
    for i in range(n - 1, len(closes)):
        window = closes[i - n + 1 : i + 1]
        mean = sum(window) / n
        sd = math.sqrt(sum((x - mean) ** 2 for x in window) / n)
        upper[i], middle[i], lower[i] = mean + k * sd, mean, mean - k * sd
    return upper, middle, lower


def atr_loop(high: Floats, low: Floats, close: Floats, n: int) -> list[float]:
    out = [NAN] * len(close)
    ranges = [NAN] + [
        max(high[i] - low[i], abs(high[i] - close[i - 1]), abs(low[i] - close[i - 1]))
        for i in range(1, len(close))
    ]
    if len(close) <= n:
        return out
    out[n] = sum(ranges[1 : n + 1]) / n
    for i in range(n + 1, len(close)):
        out[i] = (out[i - 1] * (n - 1) + ranges[i]) / n
    return out


def walk(seed: int, length: int = 400, start: float = 100.0) -> Floats:
    """A random walk with flat stretches and jumps."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.003, length) * (rng.random(length) > 0.3)
    steps[rng.integers(0, length, 3)] += rng.choice([-0.1, 0.1], 3)
    return start * np.exp(np.cumsum(steps))


#: Prices of a coin in millionths, of a common share, and of bitcoin.
STARTS = [7.6e-6, 100.0, 87_000.0]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", range(5))
def test_all_match_plain_loops(seed: int, start: float) -> None:
    closes = walk(seed, start=start)
    near = {"rtol": 1e-9, "atol": start * 1e-12}
    for n in (1, 2, 14, 50):
        np.testing.assert_allclose(indicators.sma(closes, n), sma_loop(closes, n), **near)
        np.testing.assert_allclose(indicators.ema(closes, n), ema_loop(closes, n), **near)
        np.testing.assert_allclose(indicators.rsi(closes, n), rsi_loop(closes, n), rtol=1e-9, atol=1e-7)
    lines = indicators.macd(closes)
    line, signal = macd_loop(closes, 12, 26, 9)
    np.testing.assert_allclose(lines.line, line, **near)
    np.testing.assert_allclose(lines.signal, signal, **near)
    np.testing.assert_allclose(lines.histogram, np.array(line) - np.array(signal), **near)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("seed", range(5))
def test_bollinger_matches_a_plain_loop(seed: int, start: float) -> None:
    closes = walk(seed, start=start)
    bands = indicators.bollinger(closes, 20, 2.0)
    # sums that run along the series leave some noise in a deviation
    for found, expected in zip(
        (bands.upper, bands.middle, bands.lower), bollinger_loop(closes, 20, 2.0), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_atr_matches_a_plain_loop(seed: int) -> None:
    close = walk(seed)
    spread = np.abs(np.random.default_rng(seed + 100).normal(0, 0.5, len(close)))
    high, low = close + spread, close - spread / 2
    for n in (2, 14):
        np.testing.assert_allclose(
            indicators.atr(high, low, close, n), atr_loop(high, low, close, n), rtol=1e-9
        )


def test_rsi_gives_the_published_values() -> None:
    found = indicators.rsi(STOCKCHARTS_CLOSES)
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], STOCKCHARTS_RSI, atol=0.006)


def test_rsi_agrees_with_the_library_where_the_price_moves() -> None:
    closes = walk(7)
    np.testing.assert_allclose(indicators.rsi(closes), talib.RSI(closes, 14), rtol=1e-9)


@pytest.mark.parametrize("price", [7.6e-6, 1.0, 87_000.12])
def test_flat_prices_are_neutral(price: float) -> None:
    closes = np.full(500, price)
    assert (indicators.rsi(closes)[14:] == 50.0).all()
    np.testing.assert_allclose(indicators.macd(closes).histogram[33:], 0.0, atol=price * 1e-12)
    bands = indicators.bollinger(closes)
    np.testing.assert_allclose(bands.upper[19:], price, rtol=1e-7)
    np.testing.assert_allclose(bands.lower[19:], price, rtol=1e-7)


def test_rsi_stays_where_it_was_when_a_cheap_coin_stands_still_for_long() -> None:
    closes = np.concatenate((walk(1, 100, 7.6e-6), np.full(2000, walk(1, 100, 7.6e-6)[-1])))
    found = indicators.rsi(closes)
    np.testing.assert_allclose(found[100:], found[99], rtol=1e-6)


def test_rsi_is_100_and_0_for_prices_that_only_rise_or_only_fall() -> None:
    assert (indicators.rsi(np.arange(1.0, 40.0))[14:] == 100.0).all()
    assert (indicators.rsi(np.arange(40.0, 1.0, -1.0))[14:] == 0.0).all()


ONE_SERIES: dict[str, tuple[int, Callable[[Floats], Floats]]] = {
    "sma": (20, lambda closes: indicators.sma(closes, 20)),
    "ema": (21, lambda closes: indicators.ema(closes, 21)),
    "rsi": (15, indicators.rsi),
    "macd": (34, lambda closes: indicators.macd(closes).line),
    "macd signal": (34, lambda closes: indicators.macd(closes).signal),
    "bollinger": (20, lambda closes: indicators.bollinger(closes).lower),
    "atr": (15, lambda closes: indicators.atr(closes, closes, closes)),
}


@pytest.mark.parametrize("name", ONE_SERIES)
def test_short_series_have_no_value_and_the_first_is_where_it_is_defined(name: str) -> None:
    needed, indicator = ONE_SERIES[name]
    closes = walk(3, needed)
    for length in range(needed):
        found = indicator(closes[:length])
        assert len(found) == length
        assert np.isnan(found).all()
    assert np.isnan(indicator(closes)[:-1]).all()
    assert not math.isnan(indicator(closes)[-1])


@pytest.mark.parametrize("name", ONE_SERIES)
def test_values_do_not_depend_on_what_comes_later(name: str) -> None:
    _, indicator = ONE_SERIES[name]
    closes = walk(4, 120)
    for length in (40, 77, 119):
        np.testing.assert_array_equal(indicator(closes[:length]), indicator(closes)[:length])


@pytest.mark.parametrize("name", ["ema", "rsi", "macd"])
def test_after_a_missing_price_an_average_has_no_value(name: str) -> None:
    _, indicator = ONE_SERIES[name]
    closes = walk(5, 100)
    closes[60] = NAN
    assert np.isnan(indicator(closes)[60:]).all()


def test_settled_averages_do_not_show_where_the_window_began() -> None:
    closes = walk(6, 1200)
    for whole, window, size in (
        (indicators.ema(closes, 21), indicators.ema(closes[-indicators.ema_settled(21) :], 21), 1e-6),
        (indicators.rsi(closes), indicators.rsi(closes[-indicators.wilder_settled(14) :]), 1e-3),
    ):
        assert window[-1] == pytest.approx(whole[-1], rel=size)
