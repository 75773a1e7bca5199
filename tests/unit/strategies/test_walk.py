"""The walk of a strategy: what is filled where, what is ignored, and what it earns."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray
from binance_trade_agent.strategies.walk import Fill, walk
from tests.unit.strategies.made_candles import candles_at


class Scripted(Strategy):
    """Does what its text says, a letter a candle: b buys, s sells, h sells half, anything else holds."""

    name: ClassVar[str] = "scripted"
    script: str

    @property
    def warmup_candles(self) -> int:
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {}

    def decide(self, bar: Bar) -> Advice:
        match self.script[bar.index]:
            case "b":
                return Advice.buy(1.0, "b", "buys")
            case "s":
                return Advice.sell(1.0, "s", "sells")
            case "h":
                return Advice.sell(1.0, "h", "sells half", share=Decimal("0.5"))
        held = bar.holding
        return Advice.hold("x", "holds" if held is None else f"{held.average_price:.6g} {held.lots}")


class Adding(Scripted):
    """The same, buying more of what it holds."""

    name: ClassVar[str] = "adding"
    adds: ClassVar[bool] = True


OPENS = [10.0, 20.0, 25.0, 40.0, 50.0, 80.0]


def candles() -> Candles:
    return candles_at([value + 1 for value in OPENS], opens=OPENS)


def test_advice_is_filled_at_the_next_open() -> None:
    found = walk(Scripted(script="b..s.."), candles(), first=0)
    (trade,) = found.trades
    assert (trade.opened_index, trade.entry_price) == (1, 20.0)
    assert (trade.closed_index, trade.exit_price) == (4, 50.0)
    assert trade.fills == (Fill(1, 20.0, 1 / 20), Fill(4, 50.0, -1 / 20))
    assert trade.gain_share == pytest.approx(50 / 20 - 1)


def test_it_begins_after_the_warmup_and_gives_advice_for_each_candle_from_there() -> None:
    found = walk(Scripted(script="b....."), candles())
    assert (found.first, len(found.advice), found.trades) == (1, 5, ())


def test_an_entry_with_a_position_and_an_exit_without_one_are_not_filled() -> None:
    (trade,) = walk(Scripted(script="sbb.s."), candles(), first=0).trades
    assert [fill.index for fill in trade.fills] == [2, 5]


def test_the_last_advice_is_not_filled_and_the_last_trade_stays_open() -> None:
    assert walk(Scripted(script=".....b"), candles(), first=0).trades == ()
    (trade,) = walk(Scripted(script="b....s"), candles(), first=0).trades
    assert (trade.closed_index, trade.exit_price, trade.gain_share) == (None, None, None)


def test_one_that_adds_buys_again_and_knows_its_average_and_lots() -> None:
    found = walk(Adding(script="bb.h.s"), candles(), first=0)
    # 1/20 + 1/25 coins for 2; the half that is sold leaves the average as it is
    assert [found.advice[i].reasons[0].text for i in (2, 4)] == ["22.2222 2", "22.2222 1"]
    (trade,) = found.trades
    assert [fill.index for fill in trade.fills] == [1, 2, 4]
    assert trade.fills[-1].quantity == pytest.approx(-(1 / 20 + 1 / 25) / 2)


def test_costs_are_paid_on_both_sides_and_part_of_the_average() -> None:
    found = walk(Scripted(script="b.s..."), candles(), first=0, cost_share=0.001)
    assert found.advice[1].reasons[0].text == "20.02 1"
    (trade,) = found.trades
    assert trade.gain_share == pytest.approx(40 * 0.999 / (20 * 1.001) - 1)


def test_the_holding_tells_when_it_was_opened_and_last_added_to() -> None:
    seen: list[tuple[datetime, datetime, float, float]] = []

    class Watching(Adding):
        name: ClassVar[str] = "watching"

        def decide(self, bar: Bar) -> Advice:
            if bar.holding is not None:
                held = bar.holding
                seen.append((held.opened_at, held.last_entry_at, held.first_price, held.last_entry_price))
            return super().decide(bar)

    window = candles()
    walk(Watching(script="b.bh.."), window, first=0)
    at = window.opened_at
    assert seen[0] == (at(1), at(1), 20.0, 20.0)
    assert seen[2:] == [(at(1), at(3), 20.0, 40.0)] * 3
