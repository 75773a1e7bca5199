import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pytest

from binance_trade_agent.agents.signal import SignalAgent, StrategyFailed
from binance_trade_agent.domain.decisions import Miss, Reason, SignalAction
from binance_trade_agent.domain.round_trips import RoundTrip
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy, Problem
from binance_trade_agent.strategies.indicators import FloatArray
from tests.trading_views import OPENED, position_of, snapshot_of


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
        miss = Miss(f"close {1 - close:g} under the entry", 1 - close)
        return Advice.hold("less", "close is under 1", miss)


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


class Careless(Scripted):
    """Gives advice whose fields are not what they must be."""

    name: ClassVar[str] = "careless"
    field: str
    value: Any

    def decide(self, bar: Bar) -> Advice:
        return replace(Advice.hold("quiet", "nothing"), **{self.field: self.value})


class Nameless(Scripted):
    name: ClassVar[str] = "nameless"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {14: candles.close}  # type: ignore[dict-item]


class Quitting(Scripted):
    name: ClassVar[str] = "quitting"

    def decide(self, bar: Bar) -> Advice:
        sys.exit("enough")


class Unreasonable(Scripted):
    name: ClassVar[str] = "unreasonable"

    def decide(self, bar: Bar) -> Advice:
        return Advice(SignalAction.BUY, 1.0, ())


def agent_of(strategy: Strategy) -> SignalAgent:
    return SignalAgent(lambda symbol: strategy, max_signal_age=timedelta(seconds=150))


AGENT = agent_of(Scripted())


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
    assert signal.nearest_miss == Miss("close 0.5 under the entry", 0.5)


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
        (Nameless(), "indicators are called [14], which are no texts"),
        (Quitting(), "SystemExit: enough"),
        # each of these would end the trader later on, where nothing expects it
        (Careless(field="action", value="HOLD"), "gave the action 'HOLD', which is no SignalAction"),
        (Careless(field="reasons", value=("because",)), "gave the reasons ('because',)"),
        (Careless(field="reasons", value=(Reason("x", 5),)), "each must be a Reason of two texts"),  # type: ignore[arg-type]
        (Careless(field="share", value=0.5), "gave the share 0.5: it takes a Decimal"),
        (Careless(field="strength", value=None), "gave the strength None"),
        (Careless(field="strength", value=np.float32(0.5)), "gave the strength 0.5"),
        (Careless(field="nearest_miss", value="close"), "gave 'close' as nearest miss"),
    ],
)
def test_a_strategy_that_fails_is_named_with_file_and_line(strategy: Strategy, said: str) -> None:
    agent = agent_of(strategy)
    with pytest.raises(StrategyFailed) as caught:
        agent.evaluate(snapshot_of([1]), None)
    assert caught.value.strategy == strategy.name
    assert said in str(caught.value)
    assert f"line {caught.value.line}" in str(caught.value)
    assert caught.value.file == __file__


def test_the_line_is_the_one_in_the_strategys_own_file() -> None:
    agent = agent_of(Misspelt())
    with pytest.raises(StrategyFailed) as caught:
        agent.evaluate(snapshot_of([1]), None)
    assert caught.value.file == __file__
    with open(__file__) as source:
        assert "no_such" in source.readlines()[caught.value.line - 1]


@pytest.mark.parametrize("new", [0, 1])
def test_a_strategy_that_could_not_be_loaded_fails_in_each_cycle_with_its_file_and_line(new: int) -> None:
    broken = BrokenStrategy(name="mine", problem=Problem("/home/me/mine.py", 7, "NameError: no"))
    with pytest.raises(StrategyFailed) as caught:
        agent_of(broken).evaluate(snapshot_of([1], new=new), None)
    assert str(caught.value) == "strategy mine failed: NameError: no (/home/me/mine.py, line 7)"


def test_prices_are_read_exactly_where_it_matters() -> None:
    snapshot = snapshot_of([1])
    tiny = replace(snapshot, rules=replace(snapshot.rules, min_notional=Decimal("0.2")))
    assert AGENT.evaluate(tiny, position_of("0.002")).reasons[0].code == "already_long"
    assert AGENT.evaluate(tiny, position_of("0.001")).action is SignalAction.BUY


class Adding(Scripted):
    """Adds to what it holds, half an entry at a time, and says what it was told of the position."""

    name: ClassVar[str] = "adding"
    adds: ClassVar[bool] = True

    def decide(self, bar: Bar) -> Advice:
        told = (
            "nothing" if bar.holding is None else f"{bar.holding.lots} lots from {bar.holding.first_price:g}"
        )
        return Advice.buy(1.0, "more", told, share=Decimal("0.5"))


def trip_of(**changes: object) -> RoundTrip:
    trip = RoundTrip("BTCUSDT", OPENED, Decimal(90), Decimal(80), OPENED, 7, entries=3, exits=1)
    return replace(trip, **changes)  # type: ignore[arg-type]


def test_a_strategy_that_adds_may_buy_what_it_holds_and_knows_how_it_came_to_it() -> None:
    signal = agent_of(Adding()).evaluate(snapshot_of([1]), position_of("0.5", cost=45), trip_of())
    assert (signal.action, signal.share) == (SignalAction.BUY, Decimal("0.5"))
    assert signal.reasons[0].text == "2 lots from 90"


def test_a_position_that_no_open_trip_accounts_for_was_bought_once_at_its_average() -> None:
    position = position_of("0.5", cost=45)
    for trip in (None, trip_of(closed_at=OPENED)):
        signal = agent_of(Adding()).evaluate(snapshot_of([1]), position, trip)
        assert signal.reasons[0].text == "1 lots from 90"


def test_dust_is_no_holding() -> None:
    signal = agent_of(Adding()).evaluate(snapshot_of([1]), position_of("0.0009", cost=1), trip_of())
    assert signal.reasons[0].text == "nothing"


class Greedy(Scripted):
    name: ClassVar[str] = "greedy"

    def decide(self, bar: Bar) -> Advice:
        return Advice.buy(1.0, "all", "everything", share=Decimal(bar.value("close")))


@pytest.mark.parametrize("share", [0, -1, 11])
def test_advice_on_no_part_or_many_times_an_entry_is_refused(share: int) -> None:
    with pytest.raises(StrategyFailed, match=f"share {share}"):
        agent_of(Greedy()).evaluate(snapshot_of([share]), None)


class Ranging(Scripted):
    """Shows the highest close of its window."""

    name: ClassVar[str] = "ranging"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"top": np.maximum.accumulate(candles.high), "opened": candles.opened_s}


def test_a_window_that_moves_on_gives_what_a_fresh_one_gives() -> None:
    agent = agent_of(Ranging())
    whole = snapshot_of([5, 1, 2, 9, 3, 4])
    for start, end in ((0, 3), (0, 4), (1, 5), (2, 6), (0, 2), (0, 6)):
        moved = replace(whole, candles=whole.candles[start:end])
        assert agent.evaluate(moved, None).values == agent_of(Ranging()).evaluate(moved, None).values
