from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

import pytest

from binance_trade_agent.agents.signal import SignalAgent, StrategyFailed
from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray
from tests.trading_views import position_of, snapshot_of


class Scripted(Strategy):
    """Closes of 1 buy, closes over 1 sell, others hold."""

    name: ClassVar[str] = "scripted"

    @property
    def warmup_candles(self) -> int:
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"double": candles.close * 2}

    def decide(self, bar: Bar) -> Advice:
        close = bar.value("close")
        if close == 1:
            return Advice.buy(0.7, "one", "close is 1")
        if close > 1:
            return Advice.sell(0.9, "more", "close is over 1")
        return Advice.hold("less", "close is under 1", f"close {1 - close:g} under the entry")


class Broken(Scripted):
    name: ClassVar[str] = "broken"

    def decide(self, bar: Bar) -> Advice:
        nothing: dict[int, Advice] = {}
        return nothing[bar.index]


class WrongLength(Scripted):
    name: ClassVar[str] = "wrong_length"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"short": candles.close[1:]}


class Misspelt(Scripted):
    name: ClassVar[str] = "misspelt"

    def decide(self, bar: Bar) -> Advice:
        return Advice.hold("x", f"{bar.value('no_such'):g}")


class Unreasonable(Scripted):
    name: ClassVar[str] = "unreasonable"

    def decide(self, bar: Bar) -> Advice:
        return Advice(SignalAction.BUY, 1.0, ())


AGENT = SignalAgent(Scripted(), max_signal_age=timedelta(seconds=150))


def test_a_signal_carries_values_reasons_and_the_time_of_its_candle() -> None:
    snapshot = snapshot_of(["0.5", 1])
    signal = AGENT.evaluate(snapshot, None)
    assert signal.action is SignalAction.BUY
    assert signal.strategy == "scripted"
    assert signal.strength == 0.7
    assert signal.values == {"close": 1.0, "double": 2.0}
    assert signal.candle_time == snapshot.candles[-1].close_time
    assert [reason.code for reason in signal.reasons] == ["one"]


def test_a_hold_tells_its_nearest_miss() -> None:
    signal = AGENT.evaluate(snapshot_of(["0.5"]), None)
    assert signal.action is SignalAction.HOLD
    assert signal.nearest_miss == "close 0.5 under the entry"


def test_advice_on_an_earlier_new_candle_is_not_missed() -> None:
    snapshot = snapshot_of([0, 1, 0], new=3)
    signal = AGENT.evaluate(snapshot, None)
    assert signal.action is SignalAction.BUY
    assert signal.candle_time == snapshot.candles[1].close_time
    assert signal.values["close"] == 1.0


def test_candles_that_were_decided_on_before_are_not_looked_at() -> None:
    assert AGENT.evaluate(snapshot_of([1, 0], new=1), None).action is SignalAction.HOLD


def test_the_last_advice_to_act_wins() -> None:
    snapshot = snapshot_of([1, 2, 0], new=3)
    signal = AGENT.evaluate(snapshot, position_of(1))
    assert signal.action is SignalAction.SELL
    assert signal.candle_time == snapshot.candles[1].close_time


def test_advice_that_is_too_old_is_not_acted_on_but_shown() -> None:
    snapshot = snapshot_of([1, 0, 0, 0], new=4)
    signal = AGENT.evaluate(snapshot, None)
    assert signal.action is SignalAction.HOLD
    assert [reason.code for reason in signal.reasons] == ["stale_signal", "one"]
    assert "181 s ago" in signal.reasons[0].text
    assert signal.values["close"] == 1.0


def test_no_new_candle_holds() -> None:
    signal = AGENT.evaluate(snapshot_of([1], new=0), None)
    assert signal.action is SignalAction.HOLD
    assert signal.reasons[0].code == "no_new_candle"


def test_selling_needs_a_position() -> None:
    signal = AGENT.evaluate(snapshot_of([2]), None)
    assert signal.action is SignalAction.HOLD
    assert [reason.code for reason in signal.reasons] == ["no_position", "more"]
    assert signal.values["close"] == 2.0
    assert AGENT.evaluate(snapshot_of([2]), position_of(1)).action is SignalAction.SELL


def test_buying_needs_none() -> None:
    signal = AGENT.evaluate(snapshot_of([1]), position_of("0.5"))
    assert signal.action is SignalAction.HOLD
    assert signal.reasons[0].code == "already_long"
    assert "0.5 BTC is held already" in signal.reasons[0].text


def test_dust_is_no_position() -> None:
    dust = position_of("0.0009")
    assert AGENT.evaluate(snapshot_of([1]), dust).action is SignalAction.BUY
    held = AGENT.evaluate(snapshot_of([2]), dust)
    assert held.reasons[0].code == "no_position"
    assert "0.0009 BTC held are too little to sell" in held.reasons[0].text


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        (Broken(), "KeyError: 0"),
        (WrongLength(), "indicators short have another length than the candles"),
        (Misspelt(), "KeyError: 'no_such'"),
        (Unreasonable(), "gave advice without a reason"),
    ],
)
def test_a_strategy_that_fails_is_named_with_file_and_line(strategy: Strategy, said: str) -> None:
    agent = SignalAgent(strategy, max_signal_age=timedelta(seconds=150))
    with pytest.raises(StrategyFailed) as caught:
        agent.evaluate(snapshot_of([1]), None)
    assert caught.value.strategy == strategy.name
    assert said in str(caught.value)
    assert f"line {caught.value.line}" in str(caught.value)


def test_the_line_is_the_one_in_the_strategys_own_file() -> None:
    agent = SignalAgent(Misspelt(), max_signal_age=timedelta(seconds=150))
    with pytest.raises(StrategyFailed) as caught:
        agent.evaluate(snapshot_of([1]), None)
    assert caught.value.file == __file__
    with open(__file__) as source:
        assert "no_such" in source.readlines()[caught.value.line - 1]


def test_prices_are_read_exactly_where_it_matters() -> None:
    snapshot = snapshot_of([1])
    tiny = replace(snapshot, rules=replace(snapshot.rules, min_notional=Decimal("0.2")))
    assert AGENT.evaluate(tiny, position_of("0.002")).reasons[0].code == "already_long"
    assert AGENT.evaluate(tiny, position_of("0.001")).action is SignalAction.BUY
