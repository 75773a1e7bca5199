"""Indicators against plain loops, published values, numpy and the library, on made-up candles."""

from collections.abc import Sequence

import numpy as np
import pytest
import talib

from binance_trade_agent.strategies import indicators
from binance_trade_agent.strategies.indicators import FloatArray
from tests.unit.strategies import indicator_loops as loops
from tests.unit.strategies.price_paths import STARTS, PricePath, path

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


@pytest.fixture(params=[(start, seed) for start in STARTS for seed in range(4)], ids=str)
def candles(request: pytest.FixtureRequest) -> PricePath:
    start, seed = request.param
    return path(seed, start=start)


def same(found: FloatArray, expected: Sequence[float], rtol: float = 1e-9, atol: float = 0.0) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


@pytest.mark.parametrize("n", [1, 2, 14, 50])
def test_averages(candles: PricePath, n: int) -> None:
    closes = candles.close.tolist()
    same(indicators.sma(candles.close, n), loops.sma(closes, n))
    same(indicators.ema(candles.close, n), loops.ema(closes, n))
    same(indicators.rsi(candles.close, n), loops.rsi(closes, n), atol=1e-7)


def test_macd(candles: PricePath) -> None:
    found = indicators.macd(candles.close)
    line, signal = loops.macd(candles.close.tolist(), 12, 26, 9)
    near = candles.close[0] * 1e-12
    same(found.line, line, atol=near)
    same(found.signal, signal, atol=near)
    same(found.histogram, (np.array(line) - signal).tolist(), atol=near)


def test_bollinger_and_its_width(candles: PricePath) -> None:
    found = indicators.bollinger(candles.close, 20, 2.0)
    upper, middle, lower = loops.bollinger(candles.close.tolist(), 20, 2.0)
    # sums that run along the series leave some noise in a deviation
    same(found.upper, upper, 1e-8)
    same(found.middle, middle)
    same(found.lower, lower, 1e-8)
    width = [(u - low) / m for u, low, m in zip(upper, lower, middle, strict=True)]
    same(indicators.bandwidth(found), width, atol=1e-7)


def test_keltner(candles: PricePath) -> None:
    columns = (candles.high, candles.low, candles.close)
    found = indicators.keltner(*columns, 20, 10, 2.0)
    expected = loops.keltner(*(column.tolist() for column in columns), 20, 10, 2.0)
    for band, loop in zip((found.upper, found.middle, found.lower), expected, strict=True):
        same(band, loop)
    late = indicators.keltner(*columns, 5, 30)
    assert np.isnan([late.upper[29], late.middle[29], late.lower[29]]).all()
    assert not np.isnan([late.upper[30], late.middle[30], late.lower[30]]).any()


@pytest.mark.parametrize("n", [2, 14, 22])
def test_true_range_and_chandelier(candles: PricePath, n: int) -> None:
    columns = (candles.high, candles.low, candles.close)
    lists = [column.tolist() for column in columns]
    same(indicators.atr(*columns, n), loops.atr(*lists, n))
    same(indicators.chandelier(*columns, n, 3.0), loops.chandelier(*lists, n, 3.0))


@pytest.mark.parametrize("n", [2, 7, 14])
def test_adx(candles: PricePath, n: int) -> None:
    columns = (candles.high, candles.low, candles.close)
    found = indicators.adx(*columns, n)
    strength, plus, minus = loops.adx(*(column.tolist() for column in columns), n)
    same(found.adx, strength, atol=1e-9)
    same(found.plus_di, plus, atol=1e-9)
    same(found.minus_di, minus, atol=1e-9)


def test_adx_comes_to_what_wilders_own_start_gives(candles: PricePath) -> None:
    columns = (candles.high, candles.low, candles.close)
    found = indicators.adx(*columns, 14).adx
    classic = loops.adx(*(column.tolist() for column in columns), 14, seed_bars=14)[0]
    settled = indicators.adx_settled(14)
    np.testing.assert_allclose(found[settled:], classic[settled:], atol=0.01)


@pytest.mark.parametrize(("n", "k"), [(2, 1.0), (10, 3.0), (20, 4.0)])
def test_supertrend(candles: PricePath, n: int, k: float) -> None:
    columns = (candles.high, candles.low, candles.close)
    found = indicators.supertrend(*columns, n, k)
    line, direction = loops.supertrend(*(column.tolist() for column in columns), n, k)
    same(found.line, line)
    np.testing.assert_array_equal(found.direction, direction)
    assert {-1.0, 1.0} == set(found.direction[n:])


@pytest.mark.parametrize(("step", "most"), [(0.02, 0.2), (0.1, 0.1)])
def test_parabolic_stop(candles: PricePath, step: float, most: float) -> None:
    found = indicators.sar(candles.high, candles.low, step, most)
    same(found, loops.sar(candles.high.tolist(), candles.low.tolist(), step, most))


def test_stoch_rsi(candles: PricePath) -> None:
    found = indicators.stoch_rsi(candles.close)
    k, d = loops.stoch_rsi(candles.close.tolist(), 14, 14, 3, 3)
    same(found.k, k, atol=1e-6)
    same(found.d, d, atol=1e-6)
    assert np.nanmin(found.k) >= -1e-9
    assert np.nanmax(found.k) <= 100 + 1e-9


@pytest.mark.parametrize("n", [1, 2, 20])
def test_extremes(candles: PricePath, n: int) -> None:
    np.testing.assert_array_equal(
        indicators.highest(candles.high, n), loops.rolling(candles.high.tolist(), n, max)
    )
    np.testing.assert_array_equal(
        indicators.lowest(candles.low, n), loops.rolling(candles.low.tolist(), n, min)
    )


@pytest.mark.parametrize("by", [0, 1, 5, 400, 1000])
def test_shifted_shows_an_earlier_bar(by: int) -> None:
    values = path(1).close
    moved = indicators.shifted(values, by)
    assert [moved[i] for i in range(by, 400)] == [values[i - by] for i in range(by, 400)]
    assert np.isnan(moved[:by]).all()


def test_a_shifted_channel_lets_a_breakout_be_seen() -> None:
    candles = path(1)
    assert not (candles.close > indicators.highest(candles.high, 20)).any()
    assert (candles.close > indicators.shifted(indicators.highest(candles.high, 20))).any()


@pytest.mark.parametrize("n", [1, 2, 3, 20, 120])
@pytest.mark.parametrize("percent", [0.0, 5.0, 20.0, 50.0, 99.0, 100.0])
def test_percentiles_are_those_of_numpy(n: int, percent: float) -> None:
    for start in STARTS:
        closes = path(2, 300, start).close
        expected = np.percentile(np.lib.stride_tricks.sliding_window_view(closes, n), percent, axis=1)
        found = indicators.rolling_percentile(closes, n, percent)
        assert np.isnan(found[: n - 1]).all()
        same(found[n - 1 :], expected.tolist(), 1e-14)


def test_session_vwap_and_bars(candles: PricePath) -> None:
    columns = (candles.high, candles.low, candles.close, candles.volume, candles.opened_s)
    vwap, bars = loops.session_vwap(*(column.tolist() for column in columns))
    same(indicators.session_vwap(*columns), vwap, 1e-13)
    np.testing.assert_array_equal(indicators.session_bars(candles.opened_s), bars)
    # the path crosses midnight at index 300
    assert [bars[299], bars[300], bars[301]] == [300, 1, 2]


def test_a_quiet_day_after_a_busy_one_keeps_its_digits() -> None:
    candles = path(3)
    volume = np.where(np.arange(400) < 300, 1e12, 1e-8)
    columns = (candles.high, candles.low, candles.close, volume, candles.opened_s)
    vwap, _ = loops.session_vwap(*(column.tolist() for column in columns))
    same(indicators.session_vwap(*columns), vwap, 1e-13)


@pytest.mark.parametrize("n", [2, 20, 60])
def test_returns_and_volatility(candles: PricePath, n: int) -> None:
    expected = loops.log_returns(candles.close.tolist())
    same(indicators.returns(candles.close), expected, atol=1e-15)
    found = indicators.volatility(candles.close, n)
    assert np.isnan(found[:n]).all()
    same(found[n:], loops.rolling(expected[1:], n, loops.deviation)[n - 1 :], atol=1e-14)


def test_correlation(candles: PricePath) -> None:
    other = path(77).close
    found = indicators.correlation(candles.close, other)
    assert found == pytest.approx(loops.correlation(candles.close.tolist(), other.tolist()), abs=1e-12)
    both = np.corrcoef(np.diff(np.log(candles.close)), np.diff(np.log(other)))
    assert found == pytest.approx(both[0, 1], abs=1e-12)
    assert indicators.correlation(candles.close, candles.close * 3) == pytest.approx(1.0)
    assert indicators.correlation(candles.close, 1 / candles.close) == pytest.approx(-1.0)


def test_correlation_wants_the_same_candles_of_both() -> None:
    with pytest.raises(ValueError, match="400 closes beside 399"):
        indicators.correlation(path(1).close, path(2, 399).close)


def test_rsi_gives_the_published_values() -> None:
    found = indicators.rsi(STOCKCHARTS_CLOSES)
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], STOCKCHARTS_RSI, atol=0.006)


def test_rsi_agrees_with_the_library_where_the_price_moves() -> None:
    closes = path(7).close
    np.testing.assert_allclose(indicators.rsi(closes), talib.RSI(closes, 14), rtol=1e-9)


def test_rsi_is_100_and_0_for_prices_that_only_rise_or_only_fall() -> None:
    assert (indicators.rsi(np.arange(1.0, 40.0))[14:] == 100.0).all()
    assert (indicators.rsi(np.arange(40.0, 1.0, -1.0))[14:] == 0.0).all()


def test_a_steady_rise_is_a_strong_trend_upwards() -> None:
    low = np.linspace(100.0, 200.0, 200)
    candles = (low + 1, low, low + 0.8)
    strength = indicators.adx(*candles)
    assert strength.adx[-1] == pytest.approx(100.0)
    assert strength.minus_di[-1] == 0.0
    assert (indicators.supertrend(*candles).direction[10:] == 1.0).all()
    assert (indicators.sar(candles[0], candles[1])[2:] < low[2:]).all()
    assert (indicators.chandelier(*candles)[22:] < candles[2][22:]).all()
