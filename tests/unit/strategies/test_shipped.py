"""The shipped strategies, bar by bar, against their rules written plainly; and what they say."""

import math
from decimal import Decimal

import numpy as np
import pytest

from binance_trade_agent.domain.decisions import Miss, SignalAction
from binance_trade_agent.exchange.simulator.market.generated import SteppedGeneratedMarket
from binance_trade_agent.strategies.base import Advice, Candles, Strategy
from binance_trade_agent.strategies.registry import create_strategy
from tests.trading_views import candles_of
from tests.unit.strategies import indicator_loops as loops
from tests.unit.strategies.price_paths import walk

BUY, SELL, HOLD = SignalAction.BUY, SignalAction.SELL, SignalAction.HOLD
ALL = ["rsi_momentum", "macd_cross", "bollinger_reversion", "ema_cross", "combined_default"]


def advise_all(strategy: Strategy, closes: object) -> list[Advice]:
    candles = Candles(candles_of(np.asarray(closes).tolist()))
    return [strategy.advise(bar) for bar in strategy.bars(candles)]


def actions(strategy: Strategy, closes: object) -> list[SignalAction]:
    return [advice.action for advice in advise_all(strategy, closes)]


def crossings(fast: list[float], slow: list[float]) -> list[SignalAction]:
    found = [HOLD] * len(fast)
    for t in range(1, len(fast)):
        if fast[t - 1] <= slow[t - 1] and fast[t] > slow[t]:
            found[t] = BUY
        if fast[t - 1] >= slow[t - 1] and fast[t] < slow[t]:
            found[t] = SELL
    return found


@pytest.mark.parametrize("seed", range(3))
def test_rsi_momentum_acts_on_crossings_of_its_levels(seed: int) -> None:
    closes = walk(seed)
    rsi = loops.rsi(closes, 14)
    expected = [HOLD] * len(closes)
    for t in range(15, len(closes)):
        if rsi[t - 1] <= 30 < rsi[t]:
            expected[t] = BUY
        if rsi[t - 1] >= 70 > rsi[t]:
            expected[t] = SELL
    assert actions(create_strategy("rsi_momentum"), closes) == expected
    assert {BUY, SELL} <= set(expected)


@pytest.mark.parametrize("seed", range(3))
def test_macd_and_ema_act_on_crossings_of_their_lines(seed: int) -> None:
    # a drift keeps lines of a standing market from being equal up to rounding
    closes = walk(seed) + np.random.default_rng(seed).normal(0, 0.05, 400)
    line, signal = loops.macd(closes, 12, 26, 9)
    assert actions(create_strategy("macd_cross"), closes) == crossings(line, signal)
    averages = loops.ema(closes, 9), loops.ema(closes, 21)
    assert actions(create_strategy("ema_cross"), closes) == crossings(*averages)


def test_bollinger_reversion_acts_beyond_its_lines() -> None:
    closes = walk(2) + np.random.default_rng(2).normal(0, 0.05, 400)
    _, middle, lower = loops.bollinger(closes, 20, 2.0)
    expected = [
        BUY if close < low else SELL if close >= mid else HOLD
        for close, mid, low in zip(closes, middle, lower, strict=True)
    ]
    assert actions(create_strategy("bollinger_reversion"), closes) == expected
    assert {BUY, SELL} <= set(expected)


def test_combined_default_counts_the_votes_of_those_that_have_a_value() -> None:
    closes = walk(3, 800) + np.random.default_rng(3).normal(0, 0.05, 800)
    rsi = loops.rsi(closes, 14)
    line, signal = loops.macd(closes, 12, 26, 9)
    upper, _, lower = loops.bollinger(closes, 20, 2.0)
    fast, slow = loops.ema(closes, 9), loops.ema(closes, 21)
    expected = []
    for t, close in enumerate(closes.tolist()):
        votes = [
            (Decimal("0.3"), int(rsi[t] < 40) - int(rsi[t] > 80), rsi[t]),
            (Decimal("0.3"), int(line[t] > signal[t]) - int(line[t] < signal[t]), signal[t]),
            (Decimal("0.2"), int(close < lower[t]) - int(close > upper[t]), lower[t]),
            (Decimal("0.2"), int(fast[t] > slow[t]) - int(fast[t] < slow[t]), slow[t]),
        ]
        valid = [(weight, vote) for weight, vote, value in votes if not math.isnan(value)]
        total = sum((weight for weight, _ in valid), Decimal(0))
        score = sum((weight * vote for weight, vote in valid), Decimal(0)) / total if total else Decimal(0)
        buys, sells = (sum(1 for _, vote in valid if vote == way) for way in (+1, -1))
        limit = Decimal("0.4")
        expected.append(
            BUY if score >= limit and buys >= 2 else SELL if score <= -limit and sells >= 2 else HOLD
        )
    assert actions(create_strategy("combined_default"), closes) == expected
    assert {BUY, SELL, HOLD} == set(expected)


def test_combined_default_needs_a_quorum_however_high_the_score() -> None:
    only_rsi = {"macd_weight": 0, "bollinger_weight": 0, "ema_weight": 0}
    falling = np.arange(40.0, 1.0, -1.0)
    alone = advise_all(create_strategy("combined_default", only_rsi), falling)[-1]
    assert alone.action is HOLD
    assert alone.nearest_miss is not None
    assert "1 voters short of buying" in alone.nearest_miss.text
    one_is_enough = {**only_rsi, "quorum": 1}
    assert advise_all(create_strategy("combined_default", one_is_enough), falling)[-1].action is BUY


def test_combined_default_explains_its_votes_and_the_nearest_miss() -> None:
    advices = advise_all(create_strategy("combined_default"), walk(3, 400))
    held = next(a for a in advices[100:] if a.action is HOLD and a.nearest_miss is not None)
    codes = [reason.code for reason in held.reasons]
    assert codes == ["score_hold", "vote_rsi", "vote_macd", "vote_bollinger", "vote_ema"]
    assert held.nearest_miss is not None
    assert "short of" in held.nearest_miss.text
    assert "closest voter" in held.nearest_miss.text
    bought = next(a for a in advices if a.action is BUY)
    assert bought.reasons[0].code == "score_buy"
    assert bought.nearest_miss is None


def test_rsi_momentum_tells_level_and_event_apart() -> None:
    falling = np.arange(60.0, 20.0, -1.0)
    held = advise_all(create_strategy("rsi_momentum"), falling)[-1]
    assert held.reasons[0].code == "no_cross"
    assert held.reasons[0].text == "RSI 0.0 is under 30, but did not cross up"
    assert held.nearest_miss == Miss("RSI 30.0 under the entry", 0.3)
    bought = advise_all(create_strategy("rsi_momentum"), [*falling, 50.0])[-1]
    assert bought.action is BUY
    assert "crossed up 30" in bought.reasons[0].text


@pytest.mark.parametrize("name", ALL)
def test_strength_reasons_and_texts_are_always_there(name: str) -> None:
    advices = advise_all(create_strategy(name), walk(8))
    assert advices
    for advice in advices:
        assert 0.0 <= advice.strength <= 1.0
        assert advice.reasons
        assert all(reason.code and reason.text for reason in advice.reasons)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("price", [7.6e-6, 100.0])
def test_a_market_that_stands_still_is_never_entered(name: str, price: float) -> None:
    assert BUY not in actions(create_strategy(name), np.full(300, price))


@pytest.mark.parametrize("name", ALL)
def test_a_decision_on_a_prefix_equals_the_one_on_the_whole(name: str) -> None:
    closes = walk(9, 300) + np.random.default_rng(9).normal(0, 0.05, 300)
    strategy = create_strategy(name)
    whole = advise_all(strategy, closes)
    for length in (16, 40, 151, 299):
        assert advise_all(strategy, closes[:length])[-1] == whole[length - 1]


@pytest.mark.parametrize("name", ALL)
def test_the_declared_warmup_is_enough(name: str) -> None:
    closes = walk(10, 700) + np.random.default_rng(10).normal(0, 0.05, 700)
    strategy = create_strategy(name)
    whole = actions(strategy, closes)
    wanted = strategy.warmup_candles + 1
    for end in range(wanted, 700, 23):
        assert actions(strategy, closes[end - wanted : end])[-1] is whole[end - 1]


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
    closes = [kline.close for kline in klines if kline.close_ms < market.now_ms()]
    found = actions(strategy, closes)[-seconds:]
    wanted = [[action for action in found[i : i + 5] if action is not HOLD] for i in range(0, seconds, 5)]
    return any(orders and orders[-1] is BUY for orders in wanted)
