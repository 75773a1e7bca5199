"""The shipped strategies on made-up candles: bar by bar against their rules; and what they say."""

import math
import re

import numpy as np
import pytest

from binance_trade_agent.domain.decisions import Miss, SignalAction
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.exchange.simulator.market.generated import SteppedGeneratedMarket
from binance_trade_agent.strategies.base import Advice, Strategy
from binance_trade_agent.strategies.registry import create_strategy
from binance_trade_agent.strategies.shipped import SHIPPED
from binance_trade_agent.strategies.walk import walk
from tests.unit.strategies.made_candles import candles_at, wandering
from tests.unit.strategies.plain_rules import BUY, HOLD, RULES, SELL, tape_of

#: These buy whatever the market does.
INDIFFERENT = {"buy_and_hold", "dca"}
#: Holds that no price or indicator can end: there is no distance to tell.
WITHOUT_DISTANCE = {"held", "young_day"}
#: Falls for 40 candles, from 60 to 21.
FALLING = np.arange(60.0, 20.0, -1.0).tolist()


def advise_all(strategy: Strategy, closes: list[float], reach: float = 0.0) -> list[Advice]:
    return [strategy.advise(bar) for bar in strategy.bars(candles_at(closes, reach=reach))]


def actions(strategy: Strategy, closes: list[float]) -> list[SignalAction]:
    return [advice.action for advice in advise_all(strategy, closes)]


@pytest.mark.parametrize("label", RULES)
@pytest.mark.parametrize("seed", range(3))
def test_each_action_is_where_the_rule_says(seed: int, label: str) -> None:
    name, parameters, rule = RULES[label]
    candles, strategy = wandering(seed, 4000), create_strategy(name, parameters)
    expected = rule(tape_of(candles))
    found = [strategy.advise(bar).action for bar in strategy.bars(candles)]
    assert [t for t, action in enumerate(expected) if action is not None and action is not found[t]] == []
    assert {BUY, SELL, HOLD} <= set(expected)


@pytest.mark.parametrize("name", SHIPPED)
def test_strength_reasons_and_distances_are_always_there(name: str) -> None:
    strategy = create_strategy(name)
    found = walk(strategy, wandering(8, 3000))
    assert found.advice
    for advice in found.advice:
        (code, *_) = [reason.code for reason in advice.reasons]
        assert code != "warmup"
        assert 0.0 <= advice.strength <= 1.0
        assert all(reason.code and reason.text for reason in advice.reasons)
        if advice.action is HOLD and code not in WITHOUT_DISTANCE:
            assert advice.nearest_miss is not None
            assert advice.nearest_miss.text
            assert 0.0 <= advice.nearest_miss.distance < 1.0


@pytest.mark.parametrize("name", SHIPPED)
def test_too_few_candles_are_warmup_and_never_an_error(name: str) -> None:
    strategy = create_strategy(name)
    for length in range(1, 4):
        last = walk(strategy, wandering(1, length), first=0).advice[-1]
        assert last.reasons[0].code == "warmup" or name in INDIFFERENT


@pytest.mark.parametrize("name", [name for name in SHIPPED if name not in INDIFFERENT])
@pytest.mark.parametrize("price", [7.6e-6, 100.0])
def test_a_market_that_stands_still_is_never_entered(name: str, price: float) -> None:
    assert BUY not in actions(create_strategy(name), [price] * 400)


def test_rsi_momentum_tells_level_and_event_apart() -> None:
    held = advise_all(create_strategy("rsi_momentum"), FALLING)[-1]
    assert held.reasons[0].code == "no_cross"
    assert held.reasons[0].text == "RSI 0.0 is under 30, but did not cross up"
    assert held.nearest_miss == Miss("RSI 30.0 under the entry", 0.3)
    bought = advise_all(create_strategy("rsi_momentum"), [*FALLING, 50.0])[-1]
    assert bought.action is BUY
    assert "crossed up 30" in bought.reasons[0].text


def test_rsi_momentum_tells_of_a_crossing_that_the_trend_forbids() -> None:
    held = advise_all(create_strategy("rsi_momentum", {"trend_period": 30}), [*FALLING, 30.0])[-1]
    assert (held.action, held.reasons[0].code) == (HOLD, "trend_filter")
    assert "crossed up 30, but close 30 is not over EMA30" in held.reasons[0].text


def test_rsi_level_needs_no_crossing() -> None:
    strategy = create_strategy("rsi_level")
    assert actions(strategy, FALLING)[14:] == [BUY] * 26
    assert actions(strategy, FALLING[::-1])[14:] == [SELL] * 26
    between = advise_all(strategy, [100.0, 101.0] * 20)[-1]
    assert between.reasons[0].text == "RSI 52.1 is neither under 30 nor over 70"
    assert between.nearest_miss is not None
    assert between.nearest_miss.text == "RSI 22.1 above the entry"


def test_what_would_be_sold_but_is_not_held_tells_how_far_the_entry_was() -> None:
    sold = advise_all(create_strategy("rsi_level"), FALLING[::-1])[-1]
    assert sold.nearest_miss == Miss("RSI 70.0 above the entry", 0.7)


def test_with_a_position_the_distance_is_that_of_the_exit() -> None:
    closes = [*FALLING, *[21.0, 22.0] * 15]
    found = walk(create_strategy("rsi_level"), candles_at(closes), first=14)
    held = found.advice[-1]
    assert held.action is HOLD
    assert held.nearest_miss is not None
    assert held.nearest_miss.text.endswith("under the exit")


def test_macd_and_ema_tell_of_crossings_that_their_filters_forbid() -> None:
    turning = [*np.linspace(100.0, 50.0, 60).tolist(), *np.linspace(50.0, 60.0, 20).tolist()]
    macd = create_strategy("macd_cross", {"above_zero": True})
    codes = [advice.reasons[0].code for advice in advise_all(macd, turning)]
    assert codes.count("under_zero") == 1
    assert BUY not in actions(macd, turning)
    ema = create_strategy("ema_cross", {"min_adx": 99})
    (weak,) = [a for a in advise_all(ema, turning, reach=1.0) if a.reasons[0].code == "weak_trend"]
    assert "is under 99" in weak.reasons[0].text
    assert BUY not in actions(ema, turning)


def test_of_two_conditions_the_one_that_is_missed_by_most_is_told() -> None:
    # falls under its long average: over 10 % under it, and RSI 2 is 0
    held = advise_all(create_strategy("rsi2_pullback"), [100.0] * 200 + [90.0, 80.0])[-1]
    assert "is not over SMA200" in held.reasons[0].text
    assert "RSI 0.0 under 10" in held.reasons[0].text
    assert held.nearest_miss is not None
    assert held.nearest_miss.text == "close 19.85 under the entry"
    assert held.nearest_miss.distance == pytest.approx(19.85 / 80)


def test_combined_default_needs_a_quorum_however_high_the_score() -> None:
    only_rsi = {"macd_weight": 0, "bollinger_weight": 0, "ema_weight": 0}
    alone = advise_all(create_strategy("combined_default", only_rsi), FALLING)[-1]
    assert alone.action is HOLD
    assert alone.nearest_miss is not None
    assert "1 voters short of buying" in alone.nearest_miss.text
    one_is_enough = {**only_rsi, "quorum": 1}
    assert advise_all(create_strategy("combined_default", one_is_enough), FALLING)[-1].action is BUY


def test_combined_default_explains_its_votes_and_the_nearest_miss() -> None:
    strategy = create_strategy("combined_default")
    advices = [strategy.advise(bar) for bar in strategy.bars(wandering(3, 400))]
    held = next(a for a in advices[100:] if a.action is HOLD)
    codes = [reason.code for reason in held.reasons]
    assert codes == ["score_hold", "vote_rsi", "vote_macd", "vote_bollinger", "vote_ema"]
    assert held.nearest_miss is not None
    assert "short of buying" in held.nearest_miss.text
    assert "closest voter" in held.nearest_miss.text
    bought = next(a for a in advices if a.action is BUY)
    assert bought.reasons[0].code == "score_buy"
    assert bought.nearest_miss is None


@pytest.mark.parametrize(
    ("veto", "code", "said"),
    [
        ({"adx_veto": 25.0}, "veto_adx", "the market falls with ADX 100.0; no buying from 25 on"),
        ({"atr_veto": 0.01}, "veto_atr", "no buying over 0.01"),
    ],
)
def test_a_veto_stops_a_buy_and_is_told_before_the_votes(
    veto: dict[str, object], code: str, said: str
) -> None:
    falling = {"quorum": 1, "macd_weight": 0, "bollinger_weight": 0, "ema_weight": 0}
    free = advise_all(create_strategy("combined_default", falling), FALLING)[-1]
    held = advise_all(create_strategy("combined_default", {**falling, **veto}), FALLING)[-1]
    assert (free.action, held.action) == (BUY, HOLD)
    assert [reason.code for reason in held.reasons][:2] == [code, "score_buy"]
    assert said in held.reasons[0].text
    assert held.nearest_miss is not None
    assert math.isfinite(held.nearest_miss.distance)


def test_the_shipped_defaults_buy_in_a_lively_market_within_a_minute() -> None:
    """Two symbols in 1s candles: whoever starts the program must see a trade soon.

    The market is the same on every machine, so the count is one, not a matter of luck.
    """
    strategy = create_strategy("combined_default")
    bought = 0
    for seed in range(20):
        market = SteppedGeneratedMarket(("BTCUSDT", "ETHUSDT"), seed=seed, anchor_ms=1_767_225_600_000)
        market.step(45)
        bought += any(_buys(strategy, market, symbol, 45) for symbol in market.symbols)
    assert bought >= 19


def _buys(strategy: Strategy, market: SteppedGeneratedMarket, symbol: str, seconds: int) -> bool:
    """Whether a decision every 5 s, on the last advice in its 5 s, is a BUY in the last `seconds`."""
    klines = market.klines(symbol, "1s", start_ms=None, end_ms=None, limit=300 + seconds)
    closes = [float(kline.close) for kline in klines if kline.close_ms < market.now_ms()]
    found = actions(strategy, closes)[-seconds:]
    wanted = [[action for action in found[i : i + 5] if action is not HOLD] for i in range(0, seconds, 5)]
    return any(orders and orders[-1] is BUY for orders in wanted)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("rsi_level", {"oversold": 70}, "oversold (70.0) must be below overbought (70.0)"),
        ("rsi2_pullback", {"exit_period": 200}, "exit_period (200) must be below trend_period (200)"),
        ("adx_trend", {"weak": 30}, "weak (30.0) must not be over strong (25.0)"),
        (
            "donchian_turtle",
            {"exit_candles": 21},
            "exit_candles (21) must not be over entry_candles (20)",
        ),
        (
            "donchian_turtle",
            {"failsafe_candles": 20},
            "failsafe_candles (20) must be over entry_candles (20)",
        ),
        ("grid", {"lower": 100}, "lower (100.0) must be over 0 and below upper (0.0), or both must be 0"),
        ("grid", {"levels": 2}, "levels = 2"),
        ("dca", {"take_profit_share": 0}, "take_profit_share = 0"),
        ("vwap_reversion", {"dip_share": 1}, "dip_share = 1"),
        ("supertrend", {"multiplier": 0}, "multiplier = 0"),
        ("bollinger_breakout", {"squeeze_percent": 101}, "squeeze_percent = 101"),
    ],
)
def test_parameters_that_cannot_work_are_refused(name: str, parameters: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_strategy(name, parameters)
    assert said in str(caught.value)


@pytest.mark.parametrize("price", [7.6e-6, 0.03, 100.0, 90_000.0])
@pytest.mark.parametrize("name", SHIPPED)
def test_texts_show_prices_without_exponents(name: str, price: float) -> None:
    scaled = [price * value / 100 for value in wandering(2, 2500).close.tolist()]
    for advice in walk(create_strategy(name), candles_at(scaled, reach=price / 1000)).advice:
        miss = advice.nearest_miss.text if advice.nearest_miss is not None else ""
        said = " ".join([*(reason.text for reason in advice.reasons), miss])
        assert re.search(r"\de[-+]\d", said) is None
