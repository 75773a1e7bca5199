"""What every indicator does with too few candles, a price that stands still, and candles that are missing."""

import math
from collections.abc import Callable
from operator import attrgetter

import numpy as np
import pytest

from binance_trade_agent.strategies import indicators
from binance_trade_agent.strategies.indicators import FloatArray
from tests.unit.strategies.price_paths import PricePath, flat, path

NAN = math.nan
Indicator = Callable[[PricePath], FloatArray]


def of_ranges(function: Callable[..., object], field: str = "", *parameters: float) -> Indicator:
    """An indicator of highs, lows and closes, or one line of it."""

    def line(candles: PricePath) -> FloatArray:
        found = function(candles.high, candles.low, candles.close, *parameters)
        return attrgetter(field)(found) if field else found

    return line


def vwap(candles: PricePath) -> FloatArray:
    return indicators.session_vwap(candles.high, candles.low, candles.close, candles.volume, candles.opened_s)


#: Candles until the first value, and the indicator.
ALL: dict[str, tuple[int, Indicator]] = {
    "sma": (20, lambda c: indicators.sma(c.close, 20)),
    "ema": (21, lambda c: indicators.ema(c.close, 21)),
    "rsi": (15, lambda c: indicators.rsi(c.close)),
    "macd": (34, lambda c: indicators.macd(c.close).line),
    "macd signal": (34, lambda c: indicators.macd(c.close).signal),
    "bollinger": (20, lambda c: indicators.bollinger(c.close).lower),
    "bandwidth": (20, lambda c: indicators.bandwidth(indicators.bollinger(c.close))),
    "percentile of bandwidth": (
        69,
        lambda c: indicators.rolling_percentile(indicators.bandwidth(indicators.bollinger(c.close)), 50, 20),
    ),
    "stoch rsi k": (30, lambda c: indicators.stoch_rsi(c.close).k),
    "stoch rsi d": (32, lambda c: indicators.stoch_rsi(c.close).d),
    "highest": (20, lambda c: indicators.highest(c.high, 20)),
    "lowest": (20, lambda c: indicators.lowest(c.low, 20)),
    "shifted": (6, lambda c: indicators.shifted(c.close, 5)),
    "returns": (2, lambda c: indicators.returns(c.close)),
    "volatility": (21, lambda c: indicators.volatility(c.close, 20)),
    "session bars": (1, lambda c: indicators.session_bars(c.opened_s)),
    "session vwap": (1, vwap),
    "atr": (15, of_ranges(indicators.atr)),
    "adx": (28, of_ranges(indicators.adx, "adx")),
    "+di": (15, of_ranges(indicators.adx, "plus_di")),
    "-di": (15, of_ranges(indicators.adx, "minus_di")),
    "supertrend": (11, of_ranges(indicators.supertrend, "line")),
    "supertrend direction": (11, of_ranges(indicators.supertrend, "direction")),
    "keltner": (20, of_ranges(indicators.keltner, "upper")),
    "keltner middle": (20, of_ranges(indicators.keltner, "middle")),
    "chandelier": (23, of_ranges(indicators.chandelier)),
    "sar": (2, lambda c: indicators.sar(c.high, c.low)),
}
every_indicator = pytest.mark.parametrize("name", ALL)


@every_indicator
def test_short_series_have_no_value_and_the_first_is_where_it_is_defined(name: str) -> None:
    needed, indicator = ALL[name]
    candles = path(3)
    for length in range(needed):
        found = indicator(candles.part(0, length))
        assert len(found) == length
        assert np.isnan(found).all()
    found = indicator(candles.part(0, needed))
    assert np.isnan(found[:-1]).all()
    assert not math.isnan(found[-1])


@every_indicator
def test_values_do_not_depend_on_what_comes_later(name: str) -> None:
    _, indicator = ALL[name]
    candles = path(4)
    whole = indicator(candles)
    for length in (70, 211, 399):
        np.testing.assert_array_equal(indicator(candles.part(0, length)), whole[:length])


@every_indicator
def test_prices_may_have_any_size(name: str) -> None:
    _, indicator = ALL[name]
    candles = path(5)
    scale = 2.0**-40
    small = PricePath(
        candles.high * scale, candles.low * scale, candles.close * scale, candles.volume, candles.opened_s
    )
    whole, found = indicator(candles), indicator(small)
    is_price = np.nanmax(np.abs(found)) < 1e-6
    np.testing.assert_allclose(found / scale if is_price else found, whole, rtol=1e-6, atol=1e-6)


@every_indicator
def test_inputs_are_left_alone(name: str) -> None:
    _, indicator = ALL[name]
    indicator(path(6))
    candles = path(6)
    for column in (candles.high, candles.low, candles.close, candles.volume, candles.opened_s):
        column.setflags(write=False)
    found = indicator(candles)
    assert not np.shares_memory(found, candles.close)


@pytest.mark.parametrize(
    "name",
    [
        "ema",
        "rsi",
        "macd",
        "stoch rsi k",
        "keltner",
        "atr",
        "adx",
        "+di",
        "supertrend",
        "supertrend direction",
        "sar",
    ],
)
def test_after_a_missing_price_an_average_has_no_value(name: str) -> None:
    _, indicator = ALL[name]
    candles = path(5)
    candles.high[60] = candles.low[60] = candles.close[60] = NAN
    found = indicator(candles)
    assert np.isnan(found[60:]).all()
    assert not np.isnan(found[40:60]).any()


@pytest.mark.parametrize("name", ["highest", "lowest"])
def test_a_window_with_a_missing_value_has_no_extreme(name: str) -> None:
    _, indicator = ALL[name]
    candles = path(5)
    candles.high[60] = candles.low[60] = NAN
    assert np.flatnonzero(np.isnan(indicator(candles))).tolist() == [*range(19), *range(60, 80)]


def test_a_window_with_a_missing_value_has_no_percentile() -> None:
    closes = path(5).close
    closes[60] = NAN
    found = indicators.rolling_percentile(closes, 20, 50)
    assert np.flatnonzero(np.isnan(found)).tolist() == [*range(19), *range(60, 80)]


@pytest.mark.parametrize("price", [1e-6, 0.1, 100.0, 70_000.12])
def test_flat_prices_are_neutral(price: float) -> None:
    candles = flat(price)
    columns = (candles.high, candles.low, candles.close)
    assert (indicators.rsi(candles.close)[14:] == 50.0).all()
    assert (indicators.stoch_rsi(candles.close).d[31:] == 50.0).all()
    np.testing.assert_allclose(indicators.macd(candles.close).histogram[33:], 0.0, atol=price * 1e-12)
    strength = indicators.adx(*columns)
    assert (strength.adx[27:] == 0.0).all()
    assert (strength.plus_di[14:] == 0.0).all()
    assert (strength.minus_di[14:] == 0.0).all()
    assert (indicators.supertrend(*columns).direction[10:] == 1.0).all()
    for line in (
        indicators.supertrend(*columns).line[10:],
        indicators.keltner(*columns).lower[19:],
        indicators.chandelier(*columns)[22:],
        indicators.sar(candles.high, candles.low)[1:],
        indicators.highest(candles.close, 20)[19:],
        indicators.rolling_percentile(candles.close, 20, 33.0)[19:],
    ):
        np.testing.assert_allclose(line, price, rtol=1e-12)
    assert (indicators.returns(candles.close)[1:] == 0.0).all()
    assert (indicators.volatility(candles.close, 20)[20:] == 0.0).all()
    assert np.isnan(vwap(candles)).all()


@pytest.mark.parametrize("start", [1e-6, 0.1, 70_000.0])
def test_bands_meet_at_a_price_that_comes_to_a_stand(start: float) -> None:
    closes = np.concatenate((path(1, start=start).close, np.full(100, path(1, start=start).close[-1])))
    bands = indicators.bollinger(closes)
    for band in (bands.upper, bands.middle, bands.lower):
        assert (band[-81:] == closes[-1]).all()
    assert (indicators.bandwidth(bands)[-81:] == 0.0).all()
    np.testing.assert_allclose(indicators.stoch_rsi(closes).k[-80:], 50.0)


def test_rsi_stays_where_it_was_when_a_cheap_coin_stands_still_for_long() -> None:
    before = path(1, 100, 1e-6).close
    found = indicators.rsi(np.concatenate((before, np.full(2000, before[-1]))))
    np.testing.assert_allclose(found[100:], found[99], rtol=1e-6)


def test_what_never_moves_goes_with_nothing() -> None:
    moving, still = path(1).close, flat(0.3, 400).close
    steady = 100 * np.exp(np.arange(400) * 0.001)
    for first, second in ((moving, still), (still, moving), (still, still), (moving, steady)):
        assert math.isnan(indicators.correlation(first, second))
    for length in (0, 1, 2):
        assert math.isnan(indicators.correlation(moving[:length], moving[:length]))


def test_a_day_has_no_average_price_until_something_is_traded() -> None:
    candles = path(2)
    candles.volume[300:310] = 0.0
    found = vwap(candles)
    assert np.flatnonzero(np.isnan(found)).tolist() == list(range(300, 310))
    typical = (candles.high[310] + candles.low[310] + candles.close[310]) / 3
    assert found[310] == pytest.approx(typical)


def test_missing_candles_do_not_move_midnight() -> None:
    candles = path(2)
    kept = np.r_[0:250, 335:400]
    thinned = PricePath(
        candles.high[kept],
        candles.low[kept],
        candles.close[kept],
        candles.volume[kept],
        candles.opened_s[kept],
    )
    bars = indicators.session_bars(thinned.opened_s)
    # 85 minutes are missing, midnight among them: the new day begins with the first candle that is there
    assert [bars[249], bars[250], bars[-1]] == [250, 1, 65]
    np.testing.assert_array_equal(vwap(thinned)[250:], vwap(candles.part(335, 400)))
