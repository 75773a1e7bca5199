"""Indicators on candles that Binance recorded, with the gap of 24 March 2023 in them."""

import numpy as np
import pytest

from binance_trade_agent.strategies import indicators
from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.indicators import FloatArray
from tests.real_candles import real_candles
from tests.unit.strategies import indicator_loops as loops

FIVE_MINUTES = "BTCUSDT-5m-20220801-20230927.parquet"
MINUTES = "BTCUSDT-1m-20240726-20240825.parquet"
HOURS = "BNBUSDT-1h-20260127-20260726.csv"
#: Candles that a loop goes through: a week of five minutes.
PART = 2000


@pytest.fixture(params=[FIVE_MINUTES, MINUTES, HOURS])
def candles(request: pytest.FixtureRequest) -> Candles:
    return part_of(real_candles(request.param), 0, PART)


def part_of(whole: Candles, first: int, end: int) -> Candles:
    names = ("open", "high", "low", "close", "volume", "opened_s", "closed_s")
    return Candles.from_arrays(**{name: getattr(whole, name)[first:end] for name in names})


def ranges(candles: Candles) -> tuple[FloatArray, FloatArray, FloatArray]:
    return candles.high, candles.low, candles.close


def lists(*columns: FloatArray) -> list[list[float]]:
    return [column.tolist() for column in columns]


def test_trends_match_plain_loops(candles: Candles) -> None:
    highs, lows, closes = lists(*ranges(candles))
    found = indicators.adx(*ranges(candles))
    for line, loop in zip(
        (found.adx, found.plus_di, found.minus_di), loops.adx(highs, lows, closes, 14), strict=True
    ):
        np.testing.assert_allclose(line, loop, rtol=1e-9, atol=1e-9)
    trend = indicators.supertrend(*ranges(candles))
    line, direction = loops.supertrend(highs, lows, closes, 10, 3.0)
    np.testing.assert_allclose(trend.line, line, rtol=1e-12)
    np.testing.assert_array_equal(trend.direction, direction)
    np.testing.assert_allclose(
        indicators.sar(candles.high, candles.low), loops.sar(highs, lows, 0.02, 0.2), rtol=1e-12
    )
    np.testing.assert_allclose(
        indicators.chandelier(*ranges(candles)), loops.chandelier(highs, lows, closes, 22, 3.0), rtol=1e-12
    )


def test_oscillators_and_bands_match_plain_loops(candles: Candles) -> None:
    highs, lows, closes = lists(*ranges(candles))
    np.testing.assert_allclose(indicators.rsi(candles.close), loops.rsi(closes, 14), rtol=1e-9)
    stochastic = indicators.stoch_rsi(candles.close)
    np.testing.assert_allclose(stochastic.d, loops.stoch_rsi(closes, 14, 14, 3, 3)[1], atol=1e-6)
    np.testing.assert_allclose(
        indicators.macd(candles.close).line, loops.macd(closes, 12, 26, 9)[0], atol=1e-7
    )
    np.testing.assert_allclose(
        indicators.bollinger(candles.close).lower, loops.bollinger(closes, 20, 2.0)[2], rtol=1e-9
    )
    np.testing.assert_allclose(
        indicators.keltner(*ranges(candles)).lower,
        loops.keltner(highs, lows, closes, 20, 10, 2.0)[2],
        rtol=1e-12,
    )


def test_the_day_begins_at_midnight(candles: Candles) -> None:
    columns = (*ranges(candles), candles.volume, candles.opened_s)
    vwap, bars = loops.session_vwap(*lists(*columns))
    np.testing.assert_allclose(indicators.session_vwap(*columns), vwap, rtol=1e-12)
    np.testing.assert_array_equal(indicators.session_bars(candles.opened_s), bars)


def test_missing_candles_do_no_harm() -> None:
    whole = real_candles(FIVE_MINUTES)
    after = int(np.argmax(np.diff(whole.opened_s))) + 1
    assert whole.opened_at(after).isoformat() == "2023-03-24T14:00:00+00:00"
    assert whole.opened_s[after] - whole.opened_s[after - 1] == 85 * 60
    around = part_of(whole, after - 400, after + 400)
    columns = (*ranges(around), around.volume, around.opened_s)
    for line in (
        indicators.rsi(around.close),
        indicators.adx(*ranges(around)).adx,
        indicators.supertrend(*ranges(around)).line,
        indicators.session_vwap(*columns),
        indicators.rolling_percentile(indicators.bandwidth(indicators.bollinger(around.close)), 120, 20),
    ):
        assert not np.isnan(line[150:]).any()
    bars = indicators.session_bars(around.opened_s)
    assert bars[400] == bars[399] + 1
    vwap, _ = loops.session_vwap(*lists(*columns))
    np.testing.assert_allclose(indicators.session_vwap(*columns), vwap, rtol=1e-12)


@pytest.mark.parametrize("name", [FIVE_MINUTES, MINUTES])
def test_settled_windows_are_what_the_full_history_gives(name: str) -> None:
    whole = real_candles(name)
    last = range(PART, len(whole), len(whole) // 100)
    strength = indicators.adx(*ranges(whole)).adx
    trend = indicators.supertrend(*ranges(whole))
    range_average = indicators.atr(*ranges(whole))
    for end in last:
        short = ranges(part_of(whole, end - indicators.adx_settled(), end))
        assert indicators.adx(*short).adx[-1] == pytest.approx(strength[end - 1], abs=0.01)
        short = ranges(part_of(whole, end - indicators.wilder_settled(14), end))
        assert indicators.atr(*short)[-1] == pytest.approx(range_average[end - 1], rel=1e-6)
        short = ranges(part_of(whole, end - indicators.supertrend_settled(), end))
        found = indicators.supertrend(*short)
        assert found.direction[-1] == trend.direction[end - 1]
        assert found.line[-1] == pytest.approx(trend.line[end - 1], rel=1e-6)
