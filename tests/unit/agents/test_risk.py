"""Each gate in turn, sizing, and what a person's order may and may not."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent
from binance_trade_agent.domain.decisions import (
    Approved,
    Refused,
    RiskVerdict,
    Signal,
    SignalAction,
    TradingState,
)
from binance_trade_agent.domain.market import CandleInterval, MarketSnapshot
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.orders import Purpose, Side
from binance_trade_agent.domain.portfolio import AccountSnapshot, PortfolioView
from tests.trading_views import (
    RULES,
    SYMBOL,
    account_of,
    control_of,
    portfolio_of,
    position_of,
    snapshot_of,
)

D = Decimal
SNAPSHOT = snapshot_of([100] * 5)
NEWEST = SNAPSHOT.candles[-1]

ENTRY_GATES = [
    "halted", "paused", "daily_loss", "drawdown", "entries_halted", "not_traded", "unresolved_order",
    "stale_data", "warmup", "spread", "price_jump", "one_action_per_candle", "cooldown", "loss_cooldown",
    "losing_streak", "order_rate_minute", "order_rate_day", "open_positions", "symbol_exposure",
    "total_exposure", "correlation", "free_balance", "lot_size",
]  # fmt: skip
EXIT_GATES = [
    "halted", "unresolved_order", "stale_data", "one_action_per_candle", "position", "dust", "lot_size",
]  # fmt: skip


def assess(
    action: str = "BUY",
    *,
    snapshot: MarketSnapshot = SNAPSHOT,
    portfolio: PortfolioView | None = None,
    account: AccountSnapshot | None = None,
    limits: RiskLimits | None = None,
    state: TradingState = TradingState.RUNNING,
    context: dict[str, Any] | None = None,
    quantity: Decimal | None = None,
    side: Side | None = None,
) -> RiskVerdict:
    signal = Signal(SYMBOL, "any", SignalAction(action), 1.0, (), {}, NEWEST.close_time)
    return RiskManagementAgent(limits or RiskLimits()).assess(
        signal,
        snapshot,
        portfolio or portfolio_of(),
        control=control_of(state, "because"),
        context=RiskContext(account or account_of(USDT=1000), CandleInterval.M1, **(context or {})),
        quantity=quantity,
        side=side,
    )


def approved(*args: Any, **named: Any) -> Approved:
    verdict = assess(*args, **named)
    assert isinstance(verdict, Approved), verdict
    return verdict


def blocked(gate: str, *args: Any, **named: Any) -> str:
    """The blocking gate's sentence; all gates were asked, whatever the first one said."""
    verdict = assess(*args, **named)
    assert isinstance(verdict, Refused), verdict
    assert verdict.blocking.gate == gate
    asked = [result.gate for result in verdict.gates]
    assert asked == [gate for gate in ENTRY_GATES if gate in asked] or asked == [
        gate for gate in EXIT_GATES if gate in asked
    ]
    assert asked[-1] == "lot_size"
    assert all(result.text and result.limit and result.observed for result in verdict.gates)
    return verdict.blocking.text


HELD: dict[str, Any] = {
    "portfolio": portfolio_of(900, position_of(1)),
    "account": account_of(USDT=900, BTC=1),
}


# the way through --------------------------------------------------------------


def test_an_entry_passes_all_gates_in_order() -> None:
    order = approved()
    assert [result.gate for result in order.gates] == ENTRY_GATES
    assert order.side is Side.BUY
    assert order.purpose is Purpose.ENTRY
    assert order.reference_price == D("100.02")
    # 10 % of 1000 at 100.02 plus 0.1 % fee
    assert order.quantity == D("0.998")


def test_an_exit_passes_its_gates_and_sells_all() -> None:
    order = approved("SELL", portfolio=portfolio_of(900, position_of("1.2345")), account=account_of(BTC=2))
    assert [result.gate for result in order.gates] == EXIT_GATES
    assert order.purpose is Purpose.EXIT
    assert order.reference_price == D("100.00")
    assert order.quantity == D("1.234")


def test_a_hold_without_a_side_is_nothing_to_assess() -> None:
    with pytest.raises(ValueError, match="HOLD"):
        assess("HOLD")


# gates, one by one ------------------------------------------------------------


@pytest.mark.parametrize("action", ["BUY", "SELL"])
def test_halted_stops_every_order(action: str) -> None:
    assert blocked("halted", action, state=TradingState.HALTED, **HELD) == (
        "trading is halted: because (ann)"
    )


def test_a_pause_stops_entries_only() -> None:
    assert "trading is paused: because (ann)" in blocked("paused", state=TradingState.PAUSED)
    approved("SELL", state=TradingState.PAUSED, **HELD)


def test_a_halt_of_entries_has_its_own_name() -> None:
    assert "entries are halted" in blocked("entries_halted", state=TradingState.ENTRIES_HALTED)
    approved("SELL", state=TradingState.ENTRIES_HALTED, **HELD)


def test_an_unresolved_order_locks_its_symbol_and_no_other() -> None:
    blocked("unresolved_order", portfolio=portfolio_of(locked=frozenset({SYMBOL})))
    blocked("unresolved_order", context={"unresolved": frozenset({SYMBOL})})
    approved(portfolio=portfolio_of(locked=frozenset({"ETHUSDT"})))


def test_stale_data_counts_from_the_close_of_the_newest_candle() -> None:
    at_limit = snapshot_of([100] * 5, age=timedelta(seconds=190))
    approved(snapshot=at_limit)
    too_old = snapshot_of([100] * 5, age=timedelta(seconds=190.1))
    assert "190.1 s ago; 190 s are allowed" in blocked("stale_data", snapshot=too_old)
    blocked("stale_data", "SELL", snapshot=too_old, **HELD)


def test_a_wide_spread_stops_entries_but_not_exits() -> None:
    wide = snapshot_of([100] * 5, bid=100, ask="100.6")
    assert "59.8 bps; 50 bps are allowed" in blocked("spread", snapshot=wide)
    approved("SELL", snapshot=wide, **HELD)


@pytest.mark.parametrize(("action", "held"), [("BUY", {}), ("SELL", HELD)])
def test_one_action_per_symbol_and_candle(action: str, held: dict[str, Any]) -> None:
    blocked(
        "one_action_per_candle", action, context={"last_traded_candles": {SYMBOL: NEWEST.open_time}}, **held
    )
    before = SNAPSHOT.candles[-2].open_time
    approved(action, context={"last_traded_candles": {SYMBOL: before, "ETHUSDT": NEWEST.open_time}}, **held)


def test_cooldown_counts_closed_candles_since_the_exit() -> None:
    three_ago = NEWEST.close_time - timedelta(minutes=3)
    approved(context={"last_exits": {SYMBOL: three_ago}})
    text = blocked("cooldown", context={"last_exits": {SYMBOL: three_ago + timedelta(seconds=1)}})
    assert text == "2 candles closed since BTCUSDT was sold; 3 are asked for"


def test_dust_that_an_exit_left_does_not_hide_the_exit() -> None:
    sold_now = position_of("0.0004", updated_at=NEWEST.close_time)
    blocked("cooldown", portfolio=portfolio_of(1000, sold_now))


def test_open_positions_are_counted_without_dust() -> None:
    limits = RiskLimits(max_open_positions=2)
    two = (position_of(1, "ETHUSDT"), position_of(1, "BNBUSDT"))
    text = blocked("open_positions", portfolio=portfolio_of(1000, *two), limits=limits)
    assert text == "2 other positions are open; 2 are allowed in all"
    dust = (position_of(1, "ETHUSDT"), position_of("0.04", "BNBUSDT"), position_of(0, "ADAUSDT"))
    approved(portfolio=portfolio_of(1000, *dust), limits=limits)


def test_a_symbol_with_an_unfinished_order_counts_as_a_position() -> None:
    portfolio = portfolio_of(1000, position_of(1, "ETHUSDT"), locked=frozenset({"BNBUSDT", "ETHUSDT"}))
    blocked("open_positions", portfolio=portfolio, limits=RiskLimits(max_open_positions=2))


def test_symbol_exposure_blocks_when_not_even_the_smallest_order_fits() -> None:
    held = portfolio_of(751, position_of("2.49"))
    text = blocked("symbol_exposure", portfolio=held)
    assert "249 USDT of BTCUSDT are held" in text
    assert "25% of equity, 250 USDT" in text


def test_total_exposure_counts_the_stakes_of_unfinished_entries() -> None:
    others = [position_of(1, "ETHUSDT"), position_of(1, "BNBUSDT")]
    portfolio = portfolio_of(800, *others, reserved=598, locked=frozenset({"ADAUSDT"}))
    text = blocked("total_exposure", portfolio=portfolio)
    assert "798 USDT are held or being bought; 80% of equity, 800 USDT" in text


@pytest.mark.parametrize(
    ("cash", "reserved", "free"),
    [("5.31", "0", 1000), ("400", "394.69", 1000), ("1000", "0", 4)],
    ids=["ledger", "reserved", "exchange"],
)
def test_free_balance_is_the_least_of_ledger_and_exchange(cash: str, reserved: str, free: int) -> None:
    portfolio = portfolio_of(
        cash, position_of(100, "ETHUSDT"), price=10, reserved=reserved, locked=frozenset()
    )
    limits = RiskLimits(max_total_share=D(1), max_symbol_share=D(1))
    assert "free" in blocked(
        "free_balance", portfolio=portfolio, account=account_of(USDT=free), limits=limits
    )


def test_an_entry_must_be_sellable_again_after_the_fee_and_a_fall() -> None:
    # 5 USDT at 98.00 is 0.052 on the step; less 0.1 % fee that needs 0.053
    text = blocked("lot_size", limits=RiskLimits(sizing=SizingMethod.QUOTE, order_quote=D("5.27")))
    assert "0.052 BTC" in text
    assert "0.053 BTC, the least that can be sold again after fees and a fall of 2%" in text
    assert approved(limits=RiskLimits(sizing=SizingMethod.QUOTE, order_quote=D("5.31"))).quantity == D(
        "0.053"
    )


def test_a_symbol_that_does_not_trade_is_refused() -> None:
    closed = snapshot_of([100] * 5, rules=replace(RULES, trading=False))
    assert blocked("lot_size", snapshot=closed) == "BTCUSDT is not open for trading"
    assert blocked("lot_size", "SELL", snapshot=closed, **HELD) == "BTCUSDT is not open for trading"


def test_dust_cannot_be_sold_and_says_so() -> None:
    text = blocked(
        "dust", "SELL", portfolio=portfolio_of(900, position_of("0.04")), account=account_of(BTC=1)
    )
    assert text == "0.04 BTC is dust: too little to be sold; the smallest order at 100 USDT is 0.05 BTC"


def test_there_is_nothing_to_sell_without_a_position() -> None:
    text = blocked("position", "SELL", account=account_of(BTC=5))
    assert text == "the ledger holds 0 BTC, 5 BTC can be had at the exchange"


# sizing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "portfolio", "quantity"),
    [
        (RiskLimits(order_share=D("0.2")), portfolio_of(), "1.997"),
        (RiskLimits(sizing=SizingMethod.QUOTE, order_quote=D(50)), portfolio_of(), "0.499"),
        # 250 may be held, 200 is
        (RiskLimits(), portfolio_of(800, position_of(2)), "0.499"),
        # 800 may be held in all, 740 is
        (RiskLimits(), portfolio_of(260, position_of("7.4", "ETHUSDT")), "0.599"),
        # 60 are free, 0.5 % of the cost stays for slippage
        (RiskLimits(max_total_share=D(1)), portfolio_of(60, position_of("9.4", "ETHUSDT")), "0.596"),
        (RiskLimits(max_total_share=D(1)), portfolio_of(500, reserved=440), "0.499"),
    ],
    ids=["share", "quote", "symbol room", "total room", "cash", "reserved but enough"],
)
def test_an_automatic_entry_shrinks_to_what_the_limits_leave(
    limits: RiskLimits, portfolio: PortfolioView, quantity: str
) -> None:
    assert approved(portfolio=portfolio, limits=limits).quantity == D(quantity)


def test_sizes_stay_under_the_largest_order() -> None:
    capped = snapshot_of([100] * 5, rules=replace(RULES, market_max_quantity=D("0.5")))
    assert approved(snapshot=capped).quantity == D("0.5")
    notional = replace(RULES, max_notional=D(30), max_notional_for_market=True)
    assert approved(snapshot=snapshot_of([100] * 5, rules=notional)).quantity == D("0.299")
    assert approved("SELL", snapshot=snapshot_of([100] * 5, rules=notional), **HELD).quantity == D("0.3")


def test_an_exit_is_bounded_by_what_is_free_at_the_exchange() -> None:
    order = approved("SELL", portfolio=portfolio_of(900, position_of(1)), account=account_of(BTC="0.7"))
    assert order.quantity == D("0.7")


def test_an_exit_never_touches_what_the_ledger_did_not_buy() -> None:
    order = approved("SELL", portfolio=portfolio_of(900, position_of("0.3")), account=account_of(BTC=50))
    assert order.quantity == D("0.3")


# by hand ----------------------------------------------------------------------


def test_a_persons_side_skips_what_restrains_the_strategy_and_nothing_else() -> None:
    context = {
        "last_traded_candles": {SYMBOL: NEWEST.open_time},
        "last_exits": {SYMBOL: NEWEST.close_time},
    }
    order = approved("HOLD", side=Side.BUY, context=context)
    left_out = {"warmup", "one_action_per_candle", "cooldown", "loss_cooldown", "losing_streak"}
    assert [result.gate for result in order.gates] == [g for g in ENTRY_GATES if g not in left_out]
    blocked("paused", "HOLD", side=Side.BUY, state=TradingState.PAUSED)
    blocked("halted", "HOLD", side=Side.SELL, state=TradingState.HALTED, **HELD)


def test_a_persons_side_overrides_the_signal() -> None:
    assert approved("BUY", side=Side.SELL, **HELD).side is Side.SELL


def test_a_persons_quantity_within_the_limits_is_taken_as_it_is() -> None:
    assert approved(quantity=D("0.5")).quantity == D("0.5")
    assert approved("SELL", quantity=D("0.5"), **HELD).quantity == D("0.5")


@pytest.mark.parametrize(
    ("quantity", "gate", "portfolio"),
    [
        ("0.5", "symbol_exposure", portfolio_of(0)),
        ("2.5", "symbol_exposure", portfolio_of()),
        ("1", "total_exposure", portfolio_of(260, position_of("7.4", "ETHUSDT"))),
        ("0.0015", "lot_size", portfolio_of()),
        ("0.05", "lot_size", portfolio_of()),
        ("0", "lot_size", portfolio_of()),
        ("-1", "lot_size", portfolio_of()),
    ],
)
def test_a_persons_quantity_over_a_limit_is_refused_not_shrunk(
    quantity: str, gate: str, portfolio: PortfolioView
) -> None:
    blocked(gate, quantity=D(quantity), portfolio=portfolio)


@pytest.mark.parametrize(
    ("quantity", "gate"),
    [("1.001", "position"), ("0", "position"), ("0.0005", "lot_size"), ("0.04", "lot_size")],
)
def test_a_person_cannot_sell_more_than_there_is_nor_what_the_exchange_refuses(
    quantity: str, gate: str
) -> None:
    blocked(gate, "SELL", quantity=D(quantity), **HELD)


def test_a_quantity_that_cash_does_not_cover_is_refused() -> None:
    limits = RiskLimits(max_symbol_share=D(1), max_total_share=D(1))
    text = blocked("free_balance", quantity=D("9.96"), limits=limits)
    assert "this order needs 997.2 USDT" in text
    approved(quantity=D("9.93"), limits=limits)
