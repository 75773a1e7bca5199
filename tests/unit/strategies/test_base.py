import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytest

from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, NotWarm, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, sma
from tests.trading_views import candles_of

NAN = math.nan


def bar(index: int = -1, **series: list[float]) -> Bar:
    arrays = {name: np.array(values) for name, values in series.items()}
    closes = next(iter(arrays.values()))
    return Bar(arrays, index % len(closes), Candles(candles_of([1] * len(closes))))


class AboveMean(Strategy):
    """The example of the smallest useful strategy."""

    name: ClassVar[str] = "above_mean"
    period: int = 3

    @property
    def warmup_candles(self) -> int:
        return self.period

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"mean": sma(candles.close, self.period)}

    def decide(self, bar: Bar) -> Advice:
        if bar.value("close") > bar.value("mean"):
            return Advice.buy(1.0, "above_mean", "close is above its mean")
        return Advice.hold("below_mean", "close is not above its mean")


def test_a_crossing_up_starts_at_or_under_and_ends_over() -> None:
    assert bar(x=[1.0, 3.0]).crossed_up("x", 2.0)
    assert bar(x=[2.0, 3.0]).crossed_up("x", 2.0)
    assert not bar(x=[2.0, 2.0]).crossed_up("x", 2.0)
    assert not bar(x=[2.5, 3.0]).crossed_up("x", 2.0)
    assert not bar(x=[3.0, 1.0]).crossed_up("x", 2.0)


def test_a_crossing_down_is_the_mirror_image() -> None:
    assert bar(x=[3.0, 1.0]).crossed_down("x", 2.0)
    assert bar(x=[2.0, 1.0]).crossed_down("x", 2.0)
    assert not bar(x=[2.0, 2.0]).crossed_down("x", 2.0)
    assert not bar(x=[1.0, 3.0]).crossed_down("x", 2.0)


def test_two_lines_cross_by_their_values_at_both_candles() -> None:
    assert bar(fast=[1.0, 3.0], slow=[2.0, 2.9]).crossed_up("fast", "slow")
    assert not bar(fast=[1.0, 3.0], slow=[0.5, 2.9]).crossed_up("fast", "slow")
    assert bar(fast=[2.0, 2.0], slow=[1.0, 3.0]).crossed_down("fast", "slow")


def test_a_bar_sees_its_own_candle_and_the_one_before() -> None:
    middle = bar(1, x=[1.0, 2.0, 3.0])
    assert middle.value("x") == 2.0
    assert middle.previous("x") == 1.0


@pytest.mark.parametrize("index", [0, 1])
def test_a_missing_value_is_never_handed_out(index: int) -> None:
    cold = bar(index, x=[NAN, 2.0])
    with pytest.raises(NotWarm):
        cold.previous("x")
    with pytest.raises(NotWarm):
        cold.crossed_up("x", 1.0)


def test_isnan_asks_without_ending_the_decision() -> None:
    assert bar(x=[NAN], y=[1.0]).isnan("x", "y")
    assert not bar(x=[NAN], y=[1.0]).isnan("y")
    assert bar(x=[NAN], y=[1.0]).values() == {"y": 1.0}


def test_a_strategy_holds_for_warmup_until_what_it_needs_exists() -> None:
    strategy = AboveMean()
    advices = [strategy.advise(bar) for bar in strategy.bars(Candles(candles_of([1, 2, 3, 4])))]
    assert [advice.reasons[0].code for advice in advices] == ["warmup", "warmup", "above_mean", "above_mean"]
    assert advices[0].action is SignalAction.HOLD
    assert "mean" in advices[0].reasons[0].text


def test_columns_hold_the_candles_prices() -> None:
    candles = Candles(candles_of(["1.5", "2.25"]))
    for column in (candles.open, candles.high, candles.low, candles.close):
        assert column.tolist() == [1.5, 2.25]
        assert column.dtype == np.float64
    assert candles.volume.tolist() == [1.0, 1.0]
    assert len(candles) == 2


def test_a_window_of_arrays_is_the_same_window() -> None:
    values = {name: np.array([1.0, 2.0]) for name in ("open", "high", "low", "close", "volume")}
    values["volume"] = np.array([5.0, 6.0])
    candles = Candles.from_arrays(**values)
    assert len(candles) == 2
    assert candles.volume.tolist() == [5.0, 6.0]
    assert candles.open.tolist() == [1.0, 2.0]
