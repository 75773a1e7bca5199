"""What symbols that move together may hold."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.market import Candle
from tests.trading_views import account_of, candles_of, portfolio_of, position_of, snapshot_of
from tests.unit.agents.risk_cases import D, approved, blocked, gate_of

WAVE = [D(100) + D(i * 7 % 5) / 10 for i in range(60)]
DOUBLE = [close * 2 for close in WAVE]
OTHER_WAVE = [D(100) + D(i * 3 % 7) / 10 for i in range(60)]
AGAINST = [10000 / close for close in WAVE]
WIDE = RiskLimits(max_symbol_share=D(1), max_total_share=D(1))


def market(eth: tuple[Candle, ...] | None, value: object, **named: Any) -> dict[str, Any]:
    """ETHUSDT held for `value` of an equity of 1000, BTCUSDT to be bought."""
    held = Decimal(str(value))
    return {
        "snapshot": snapshot_of(WAVE),
        "portfolio": portfolio_of(1000 - held, position_of(held / 100, "ETHUSDT")),
        "context": {"candles": {"ETHUSDT": eth} if eth is not None else {}},
        "limits": WIDE,
    } | named


def test_the_cap_blocks_what_the_smallest_order_would_carry_over_it() -> None:
    # the smallest order costs 0.053 x 100.02 x 1.001
    at_limit = D(600) - D("5.30636106")
    approved(**market(candles_of(DOUBLE), at_limit))
    text = blocked("correlation", **market(candles_of(DOUBLE), at_limit + D("0.00000001")))
    assert text == (
        "594.69 USDT are held of BTCUSDT and what moves with it (ETHUSDT 1.00); 60% of equity, 600 USDT,"
        " may be: 5.3 USDT left, the smallest order needs 5.31 USDT"
    )


def test_an_entry_shrinks_to_what_the_cap_leaves() -> None:
    # 100 are wanted, 50 left
    assert approved(**market(candles_of(DOUBLE), 550)).quantity == D("0.499")
    assert approved(**market(candles_of(OTHER_WAVE), 550)).quantity == D("0.998")


def test_what_moves_otherwise_or_against_it_does_not_count() -> None:
    for closes in (OTHER_WAVE, AGAINST):
        gate = gate_of("correlation", **market(candles_of(closes), 700))
        assert gate.passed
        assert "nothing that is held moves with BTCUSDT" in gate.text
    assert "ETHUSDT -1.00" in gate.text


def test_the_level_itself_counts() -> None:
    exactly = replace(WIDE, correlation_level=D(1))
    blocked("correlation", **market(candles_of(DOUBLE), 600, limits=exactly))


def test_candles_are_matched_by_their_open_time() -> None:
    # ten candles are missing in the middle, and the newest one
    gaps = candles_of(DOUBLE)[:20] + candles_of(DOUBLE)[30:-1]
    blocked("correlation", **market(gaps, 600))
    # every second candle of one that moves along is one of the other: what they share is too little
    shifted = tuple(
        replace(c, open_time=c.open_time + (c.close_time - c.open_time) / 2) for c in candles_of(DOUBLE)
    )
    assert "ETHUSDT unknown, 0 common candles" in gate_of("correlation", **market(shifted, 600)).text


def test_too_few_common_candles_say_nothing_and_are_told() -> None:
    for eth, count in ((candles_of(DOUBLE)[-19:], 19), ((), 0), (None, 0)):
        gate = gate_of("correlation", **market(eth, 600))
        assert gate.passed
        assert f"ETHUSDT unknown, {count} common candles" in gate.text
    blocked("correlation", **market(candles_of(DOUBLE)[-20:], 600))


def test_the_candles_compared_are_the_newest_that_both_have() -> None:
    # the newest candle of one is not there yet: with the one before it there are as many as are asked for
    limits = replace(WIDE, correlation_candles=20)
    blocked("correlation", **market(candles_of(DOUBLE)[:-1], 600, limits=limits))


def test_only_the_newest_candles_count() -> None:
    # they moved together long ago
    mixed = candles_of(DOUBLE[:30] + OTHER_WAVE[30:])
    limits = replace(WIDE, correlation_candles=25)
    approved(**market(mixed, 600, limits=limits))


def test_a_price_that_never_moves_correlates_with_nothing() -> None:
    gate = gate_of("correlation", **market(candles_of([100] * 60), 600))
    assert gate.passed
    assert "ETHUSDT unknown, a price that does not move" in gate.text


def test_what_is_held_of_the_symbol_itself_counts_as_soon_as_another_moves_with_it() -> None:
    named = market(candles_of(DOUBLE), 300)
    named["portfolio"] = portfolio_of(400, position_of(3, "ETHUSDT"), position_of(3))
    named["account"] = account_of(USDT=400, BTC=3)
    blocked("correlation", **named)
    alone = market(None, 0)
    alone["portfolio"] = portfolio_of(300, position_of(7))
    alone["account"] = account_of(USDT=300, BTC=7)
    gate = gate_of("correlation", **alone)
    assert (gate.passed, gate.text) == (True, "nothing that is held moves with BTCUSDT: nothing else is held")


def test_the_stake_of_an_unfinished_entry_counts() -> None:
    named = market(candles_of(DOUBLE), 0)
    waiting = {"reserved": 598, "locked": frozenset({"ETHUSDT"})}
    blocked("correlation", **named | {"portfolio": portfolio_of(1000, **waiting)})
    # a stake for something that does not move along
    named["context"] = {"candles": {"ETHUSDT": candles_of(OTHER_WAVE)}}
    approved(**named | {"portfolio": portfolio_of(1000, **waiting)})


def test_no_limit_looks_at_nothing() -> None:
    gate = gate_of(
        "correlation", **market(candles_of(DOUBLE), 900, limits=replace(WIDE, max_correlated_share=D(1)))
    )
    assert (gate.passed, gate.limit, gate.observed) == (True, "no limit", "not looked at")
