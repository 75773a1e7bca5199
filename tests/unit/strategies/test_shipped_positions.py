"""The strategies that look at what is held: scenarios with numbers, and bar by bar against their rules."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest

from binance_trade_agent.domain.decisions import Miss, SignalAction
from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.registry import create_strategy
from binance_trade_agent.strategies.walk import Walk, walk
from tests.real_candles import FILES, real_candles
from tests.unit.strategies import plain_positions
from tests.unit.strategies.made_candles import EVENING_S, candles_at, wandering
from tests.unit.strategies.plain_rules import BUY, HOLD, SELL, Tape, tape_of

RULES: dict[str, tuple[str, dict[str, object], Callable[[Tape], plain_positions.Rule]]] = {
    "buy_and_hold": ("buy_and_hold", {}, plain_positions.buy_and_hold),
    "dca": ("dca", {}, plain_positions.dca),
    "donchian_turtle": ("donchian_turtle", {}, plain_positions.turtle),
    "donchian_turtle after a winner": (
        "donchian_turtle",
        {"skip_after_winner": True},
        lambda tape: plain_positions.turtle(tape, skip=True),
    ),
    "grid": ("grid", {}, plain_positions.grid),
}
HOUR_S = 3600.0
MIDNIGHT_S = EVENING_S + 2 * HOUR_S


def assert_follows(
    name: str, parameters: dict[str, object], rule: Callable[[Tape], plain_positions.Rule], candles: Candles
) -> Walk:
    """Every action, and how much of the position it is about, where the rule says."""
    strategy = create_strategy(name, parameters)
    found, tape = walk(strategy, candles), tape_of(candles)
    expected = plain_positions.orders_of(rule(tape), tape, strategy.warmup_candles)
    advised = [(advice.action, float(advice.share)) for advice in found.advice]
    assert len(advised) == len(expected)
    assert [t for t, order in enumerate(expected) if advised[t] != order] == []
    assert found.trades
    return found


@pytest.mark.parametrize("label", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_each_action_is_where_the_rule_says(seed: int, label: str) -> None:
    assert_follows(*RULES[label], wandering(seed))


@pytest.mark.parametrize("label", RULES)
@pytest.mark.parametrize("file", FILES)
def test_each_action_is_where_the_rule_says_on_real_candles(file: str, label: str) -> None:
    assert_follows(*RULES[label], real_candles(file))


def test_a_grid_between_fixed_prices_follows_its_rule_on_real_candles() -> None:
    candles = real_candles("BTCUSDT-5m-20220801-20230927.parquet")
    assert_follows(
        "grid",
        {"lower": 20_000, "upper": 30_000},
        lambda tape: plain_positions.grid(tape, 20_000, 30_000),
        candles,
    )


def orders(found: Walk) -> list[tuple[int, SignalAction, str]]:
    """Candle, action and reason of all advice but HOLD."""
    return [
        (found.first + i, advice.action, advice.reasons[0].code)
        for i, advice in enumerate(found.advice)
        if advice.action is not HOLD
    ]


#: Candles reach 0.5 beyond open and close, so that with a period of 1 N is the move of the candle plus 1.
TURTLE = {"entry_candles": 3, "exit_candles": 2, "atr_period": 1, "failsafe_candles": 5, "memory_candles": 20}


def test_a_turtle_adds_units_half_an_n_apart_and_leaves_under_the_lows() -> None:
    closes = [10, 10, 10, 10, 12, 13.2, 14.0, 14.4, 15.0, 16.0, 18.0, 13.0, 13.0]
    found = walk(create_strategy("donchian_turtle", TURTLE), candles_at(closes, reach=0.5), first=3)
    assert orders(found) == [
        (4, BUY, "breakout"),  # 12 over 10.5
        (5, BUY, "unit_added"),  # N 2.2: 13.2 over 12 + 1.1
        (7, BUY, "unit_added"),  # N 1.4: 14.4 over 13.2 + 0.7
        (9, BUY, "unit_added"),  # N 2: 16 over 14.4 + 1
        (11, SELL, "channel_left"),  # 13 under 14.5; the stop is at 16 less 2 · 6
    ]
    (trade,) = found.trades
    assert [(fill.index, fill.price) for fill in trade.fills] == [
        (5, 12.0), (6, 13.2), (8, 14.4), (10, 16.0), (12, 13.0),
    ]  # fmt: skip
    waited, full = found.advice[6 - 3], found.advice[10 - 3]
    # N 1.8: 14.0 under 13.2 + 0.9
    assert waited.nearest_miss == Miss("close 0.1 under the next unit", pytest.approx(0.1 / 14))
    assert (full.reasons[0].code, full.reasons[0].text) == ("all_units", "4 of 4 units are held")


def test_a_turtle_leaves_at_its_stop() -> None:
    closes = [10, 10, 10, 10, 12, 10.8, 10.5, 10.5]
    strategy = create_strategy("donchian_turtle", {**TURTLE, "stop": 0.5})
    found = walk(strategy, candles_at(closes, reach=0.5), first=3)
    # N 2.2: 10.8 is under 12 less 1.1, though over the lows of 9.5
    assert orders(found) == [(4, BUY, "breakout"), (5, SELL, "stop")]
    (trade,) = found.trades
    assert (trade.entry_price, trade.exit_price) == (12.0, 10.8)
    assert trade.gain_share == pytest.approx(10.8 / 12 - 1)


def test_a_turtle_may_skip_the_breakout_after_a_winner_but_not_a_higher_one() -> None:
    # under the lows at 4, a breakout from 12 at 7 to 12.4 at 12, a second one at 15, over five candles' highs at 16
    closes = [10, 10, 10, 10, 8, 9, 9, 12, 14, 16, 13, 13, 12.4, 12.4, 12.4, 14, 17, 17]
    candles, parameters = candles_at(closes, reach=0.5), {**TURTLE, "stop": 10, "units": 1}
    plain = walk(create_strategy("donchian_turtle", parameters), candles, first=3)
    assert orders(plain) == [(7, BUY, "breakout"), (12, SELL, "channel_left"), (15, BUY, "breakout")]
    skipping = walk(
        create_strategy("donchian_turtle", {**parameters, "skip_after_winner": True}), candles, first=5
    )
    assert orders(skipping) == [(7, BUY, "breakout"), (12, SELL, "channel_left"), (16, BUY, "breakout")]
    skipped = skipping.advice[15 - 5]
    assert skipped.reasons[0].code == "after_winner"
    assert skipped.nearest_miss == Miss("close 2.5 under the entry", pytest.approx(2.5 / 14))


def test_dca_buys_at_once_at_two_percent_and_after_a_day_and_sells_all_at_its_goal() -> None:
    closes = [100.0, 98.1, 97.9, *[98.0] * 24, 101.5, 102.0, 102.0]
    found = walk(create_strategy("dca"), candles_at(closes, length_s=HOUR_S), first=0)
    assert orders(found) == [
        (0, BUY, "first_buy"),
        (2, BUY, "price_step"),  # under 98
        (26, BUY, "time_step"),  # bought at the open of 3; the close of 26 is 24 h later
        (28, SELL, "take_profit"),  # three units at 100, 97.9 and 98: 98.624 on average, 101.582 with 3 %
        (29, BUY, "first_buy"),
    ]
    (trade,) = found.trades
    assert trade.exit_price == 102.0
    assert trade.gain_share == pytest.approx(102 * (1 / 100 + 1 / 97.9 + 1 / 98) / 3 - 1)
    assert found.advice[1].nearest_miss == Miss("close 0.1 above the next step", pytest.approx(0.1 / 98.1))


def test_dca_takes_no_more_steps_than_it_may() -> None:
    closes = [100.0, 97.0, 94.0, 90.0, 80.0]
    found = walk(create_strategy("dca", {"steps": 1}), candles_at(closes), first=0)
    assert orders(found) == [(0, BUY, "first_buy"), (1, BUY, "price_step")]
    assert found.advice[-1].reasons[0].code == "all_steps"
    assert found.trades[0].closed_index is None


def test_dca_without_hours_waits_for_the_price() -> None:
    found = walk(
        create_strategy("dca", {"every_hours": 0}), candles_at([100.0] * 50, length_s=HOUR_S), first=0
    )
    assert orders(found) == [(0, BUY, "first_buy")]


#: Levels 100, 110, 121, 133.1 and 146.41.
LADDER = {"lower": 100, "upper": 146.41, "levels": 5}


def test_a_grid_buys_a_lot_a_level_down_and_sells_each_a_level_over_its_own() -> None:
    closes = [140, 132, 120, 122, 109, 112, 125, 135, 148, 143, 120, 99, 98]
    found = walk(create_strategy("grid", LADDER), candles_at(closes), first=1)
    assert orders(found) == [
        (1, BUY, "first_lot"),  # 133.1
        (2, BUY, "lot_bought"),  # 121
        (4, BUY, "lot_bought"),  # 110; up through 121 at 3, which is the second lot's own level
        (6, SELL, "lot_sold"),  # the third lot at 121
        (7, SELL, "lot_sold"),  # the second lot at 133.1
        (8, SELL, "lot_sold"),  # the first lot at 146.41
        (10, BUY, "first_lot"),  # not at 146.41, over which nothing could be sold
        (11, SELL, "range_left"),
    ]
    shares = [advice.share for advice in found.advice if advice.action is SELL]
    assert shares == [Decimal(1) / 3, Decimal(1) / 2, Decimal(1), Decimal(1)]
    first, second = found.trades
    assert [fill.price for fill in first.fills] == [132, 120, 109, 125, 135, 148]
    assert (second.entry_price, second.exit_price) == (120, 99)
    assert found.advice[-1].reasons[0].code == "outside_range"


def test_a_grid_that_jumps_levels_buys_one_lot() -> None:
    found = walk(create_strategy("grid", LADDER), candles_at([140, 105, 105, 105]), first=1)
    assert orders(found) == [(1, BUY, "first_lot")]


def test_a_grid_of_its_own_range_moves_to_where_it_first_bought() -> None:
    """Around 100 the levels are 90, 94.6, 99.5, 104.6 and 110; bought at 99, they are 89.1 to 108.9."""
    closes = [100.0, 100.0, 100.0, 100.0, 99.0, 99.0, 108.0, 108.0, 89.0, 89.0]
    found = walk(create_strategy("grid", {"levels": 5, "anchor_candles": 4}), candles_at(closes), first=4)
    # 98.5 is the level nearest to 99, 103.6 the next: the lot goes at 108
    assert orders(found) == [(4, BUY, "first_lot"), (6, SELL, "lot_sold")]


def test_vwap_reversion_sells_on_the_days_last_candle() -> None:
    closes = [100.0] * 20 + [95.0, 96.0, 96.0, 96.0]
    candles = candles_at(closes, length_s=HOUR_S, opened_s=MIDNIGHT_S)
    found = walk(create_strategy("vwap_reversion"), candles, first=1)
    mine = [order for order in orders(found) if order[0] > 19]
    assert mine == [(21, BUY, "dip_under_vwap"), (23, SELL, "day_ends")]


def test_vwap_reversion_sells_the_next_day_if_the_last_candle_is_missing() -> None:
    closes = [100.0] * 20 + [95.0, 96.0, 96.0, 96.0, 96.0, 96.0]
    candles = without(candles_at(closes, length_s=HOUR_S, opened_s=MIDNIGHT_S), 23)
    found = walk(create_strategy("vwap_reversion"), candles, first=1)
    mine = [order for order in orders(found) if order[0] > 19]
    assert mine[:2] == [(21, BUY, "dip_under_vwap"), (23, SELL, "day_over")]


def test_vwap_reversion_waits_for_a_day_it_has_seen_from_its_beginning() -> None:
    candles = candles_at([100.0] * 150, opened_s=EVENING_S)
    found = walk(create_strategy("vwap_reversion"), candles, first=1)
    codes = [advice.reasons[0].code for advice in found.advice]
    assert codes[:119] == ["warmup"] * 119
    assert "warmup" not in codes[119:]


def test_buy_and_hold_buys_once() -> None:
    found = walk(create_strategy("buy_and_hold"), wandering(1), first=0)
    assert orders(found) == [(0, BUY, "not_held")]
    assert [trade.closed_index for trade in found.trades] == [None]


def without(candles: Candles, index: int) -> Candles:
    columns = ("open", "high", "low", "close", "volume", "opened_s", "closed_s")
    return Candles.from_arrays(**{name: np.delete(getattr(candles, name), index) for name in columns})
