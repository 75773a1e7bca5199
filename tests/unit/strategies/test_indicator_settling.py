"""After the settled count an average is what a longer window gives."""

from collections.abc import Callable

import numpy as np
import pytest

from binance_trade_agent.strategies import indicators
from tests.unit.strategies.price_paths import STARTS, PricePath, flat, path

#: Windows are looked at where they end at these bars of a path, long after it stood still.
ENDS = range(2400, 3001, 15)
MILLIONTH = 1e-6

Last = Callable[[PricePath], float]

RELATIVE: dict[str, tuple[int, Last]] = {
    "ema 9": (indicators.ema_settled(9), lambda c: indicators.ema(c.close, 9)[-1]),
    "ema 200": (indicators.ema_settled(200), lambda c: indicators.ema(c.close, 200)[-1]),
    "rsi 2": (indicators.wilder_settled(2), lambda c: 100 + indicators.rsi(c.close, 2)[-1]),
    "rsi 14": (indicators.wilder_settled(14), lambda c: 100 + indicators.rsi(c.close, 14)[-1]),
    "atr 14": (indicators.wilder_settled(14), lambda c: indicators.atr(c.high, c.low, c.close)[-1]),
    "atr 20": (indicators.wilder_settled(20), lambda c: indicators.atr(c.high, c.low, c.close, 20)[-1]),
    "chandelier": (
        indicators.wilder_settled(22),
        lambda c: indicators.chandelier(c.high, c.low, c.close)[-1],
    ),
    "keltner": (
        indicators.keltner_settled(),
        lambda c: indicators.keltner(c.high, c.low, c.close).upper[-1],
    ),
    "supertrend": (
        indicators.supertrend_settled(),
        lambda c: indicators.supertrend(c.high, c.low, c.close).line[-1],
    ),
    "supertrend 20x4": (
        indicators.supertrend_settled(20),
        lambda c: indicators.supertrend(c.high, c.low, c.close, 20, 4.0).line[-1],
    ),
    "sar": (indicators.sar_settled(), lambda c: indicators.sar(c.high, c.low)[-1]),
    # a share of the price, as the line itself goes through zero
    "macd": (
        indicators.macd_settled(),
        lambda c: 1 + indicators.macd(c.close).histogram[-1] / c.close[-1],
    ),
    # points of 100, as the line itself may be 0; what RSI is off by is stretched to its own range
    "stoch rsi": (
        indicators.stoch_rsi_settled(),
        lambda c: 100 + indicators.stoch_rsi(c.close).d[-1],
    ),
}


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("name", RELATIVE)
def test_settled_values_are_within_a_millionth_of_the_full_history(name: str, start: float) -> None:
    count, last = RELATIVE[name]
    candles = path(11, 3000, start)
    for end in ENDS:
        assert last(candles.part(end - count, end)) == pytest.approx(
            last(candles.part(0, end)), rel=MILLIONTH
        )


@pytest.mark.parametrize("period", [7, 14, 28])
def test_a_settled_adx_is_within_a_hundredth_of_a_point(period: int) -> None:
    count = indicators.adx_settled(period)
    candles = path(12, 3000)
    whole = indicators.adx(candles.high, candles.low, candles.close, period)
    for end in ENDS:
        part = candles.part(end - count, end)
        found = indicators.adx(part.high, part.low, part.close, period)
        assert found.adx[-1] == pytest.approx(whole.adx[end - 1], abs=0.01)
        assert found.plus_di[-1] == pytest.approx(whole.plus_di[end - 1], abs=0.01)
        assert found.minus_di[-1] == pytest.approx(whole.minus_di[end - 1], abs=0.01)


def test_settled_counts_rise_with_the_period() -> None:
    for settled in (
        indicators.ema_settled,
        indicators.wilder_settled,
        indicators.adx_settled,
        indicators.supertrend_settled,
    ):
        counts = [settled(period) for period in (2, 5, 14, 50)]
        assert counts == sorted(set(counts))
    assert indicators.ema_settled(1) == 1
    assert indicators.wilder_settled(1) == 2


def test_in_a_market_that_stands_still_supertrend_keeps_the_direction_it_came_with() -> None:
    fall = np.linspace(110.0, 100.0, 100)
    still = flat(100.0, 400).close
    closes = np.concatenate((fall, still))
    whole = indicators.supertrend(closes + 0.1, closes - 0.1, closes).direction[-1]
    window = indicators.supertrend(still + 0.1, still - 0.1, still).direction[-1]
    assert (whole, window) == (-1.0, 1.0)
