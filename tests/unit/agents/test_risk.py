"""Each gate in turn, and what a person's order may and may not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.orders import OrderType, Purpose, Side
from binance_trade_agent.domain.portfolio import PortfolioView
from tests.trading_views import RULES, SYMBOL, account_of, portfolio_of, position_of, snapshot_of
from tests.unit.agents.risk_cases import HELD, NEWEST, SNAPSHOT, D, approved, assess, blocked, gate_of

ENTRY_GATES = [
    "halted", "paused", "reduce_only", "daily_loss", "drawdown", "entries_halted", "not_traded", "unresolved_order",
    "stale_data", "warmup", "spread", "price_jump", "one_action_per_candle", "cooldown", "loss_cooldown",
    "losing_streak", "order_rate_minute", "order_rate_day", "open_positions", "symbol_exposure",
    "total_exposure", "correlation", "free_balance", "lot_size",
]  # fmt: skip
EXIT_GATES = [
    "halted", "unresolved_order", "stale_data", "one_action_per_candle", "position", "dust", "lot_size",
]  # fmt: skip


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
    assert "59.9 bps; 50 bps are allowed" in blocked("spread", snapshot=wide)
    approved("SELL", snapshot=wide, **HELD)


def test_what_is_just_over_a_limit_never_reads_as_within_it() -> None:
    def shown(gate: str, **named: Any) -> tuple[bool, str, str]:
        found = gate_of(gate, **named)
        return found.passed, found.limit, found.observed

    age = timedelta(seconds=190, milliseconds=10)
    assert shown("stale_data", snapshot=snapshot_of([100] * 5, age=age)) == (False, "190 s", "190.1 s")
    # 0.5001 of a middle of 100
    book = snapshot_of([100] * 5, bid="99.74995", ask="100.25005")
    assert shown("spread", snapshot=book) == (False, "50 bps", "50.1 bps")
    needed = D("5.30636106")
    cash = needed * D("1.005")
    full = portfolio_of(cash, position_of(10, "ETHUSDT"))
    named = {"portfolio": full, "limits": RiskLimits(max_symbol_share=D(1), max_total_share=D(1))}
    assert shown("free_balance", account=account_of(USDT=cash), **named)[0]
    short = account_of(USDT=cash - D("0.001"))
    assert shown("free_balance", account=short, **named) == (False, "5.3 USDT", "5.31 USDT")


def test_a_spread_at_its_limit_passes() -> None:
    at_limit = snapshot_of([100] * 5, bid="99.75", ask="100.25")
    approved(snapshot=at_limit)
    blocked("spread", snapshot=snapshot_of([100] * 5, bid="99.74", ask="100.25"))


def test_an_empty_book_blocks_and_divides_nothing() -> None:
    empty = snapshot_of([100] * 5, bid=0, ask=0)
    assert blocked("spread", snapshot=empty) == "the order book is empty"
    blocked("lot_size", "SELL", snapshot=empty, **HELD)


def test_a_symbol_that_is_only_held_is_sold_not_bought() -> None:
    text = blocked("not_traded", context={"is_traded": False})
    assert text == "BTCUSDT is not among the symbols traded: what is held of it is sold, none is bought"
    blocked("not_traded", "HOLD", side=Side.BUY, context={"is_traded": False})
    approved("SELL", context={"is_traded": False}, **HELD)


def test_an_entry_waits_for_the_candles_that_its_strategy_wants() -> None:
    approved(context={"warmup_candles": 5})
    text = blocked("warmup", context={"warmup_candles": 6})
    assert text == "5 candles closed so far; the strategy wants 6"
    approved("SELL", context={"warmup_candles": 6}, **HELD)
    approved("HOLD", side=Side.BUY, context={"warmup_candles": 6})


def test_a_price_that_jumped_from_the_newest_close_is_not_bought_at() -> None:
    limits = RiskLimits(max_price_jump_share=D("0.02"))
    # the middle of the book is 100.01
    approved(snapshot=snapshot_of([90, 90, "98.05"]), limits=limits)
    text = blocked("price_jump", snapshot=snapshot_of([100, 100, "98.04"]), limits=limits)
    assert text == "the middle of the book, 100.01, is 2.01% over the newest close, 98.04; 2% are allowed"
    text = blocked("price_jump", snapshot=snapshot_of([100, 100, "102.06"]), limits=limits)
    assert "is 2.01% under the newest close, 102.06" in text
    approved("SELL", snapshot=snapshot_of([100, 100, 150]), limits=limits, **HELD)


def test_a_price_jump_exactly_at_its_limit_passes() -> None:
    at_limit = snapshot_of([100], bid="101.99", ask="102.01")
    limits = RiskLimits(max_price_jump_share=D("0.02"))
    approved(snapshot=at_limit, limits=limits)
    blocked("price_jump", snapshot=snapshot_of([100], bid="102", ask="102.01"), limits=limits)


def test_every_gate_is_asked_whatever_the_others_say() -> None:
    verdict = assess(
        state=TradingState.HALTED,
        snapshot=snapshot_of([100], bid=0, ask=0, age=timedelta(hours=5)),
        portfolio=portfolio_of(0),
        account=account_of(),
        context={"is_traded": False, "warmup_candles": 9, "orders_today": 10**6},
    )
    assert [result.gate for result in verdict.gates] == ENTRY_GATES
    assert all(result.text and result.limit and result.observed for result in verdict.gates)
    failed = {result.gate for result in verdict.gates if not result.passed}
    assert {"halted", "not_traded", "stale_data", "warmup", "spread", "price_jump", "lot_size"} <= failed
    empty_handed = assess("SELL", state=TradingState.HALTED, account=account_of())
    assert [result.gate for result in empty_handed.gates] == EXIT_GATES


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
    assert approved(snapshot=snapshot_of([100] * 5, rules=notional)).quantity == D("0.294")
    # the exchange reckons with an average of minutes: 30 / 102 leaves room for one that is 2 % higher
    assert approved("SELL", snapshot=snapshot_of([100] * 5, rules=notional), **HELD).quantity == D("0.294")
    blocked("lot_size", "SELL", quantity=D("0.3"), snapshot=snapshot_of([100] * 5, rules=notional), **HELD)


def test_an_entry_stays_under_the_exchanges_largest_position() -> None:
    rules = snapshot_of([100] * 5, rules=replace(RULES, max_position=D("2.5")))
    # what the ledger did not buy counts too
    foreign = account_of(USDT=1000, BTC="2.1")
    assert approved(snapshot=rules, account=foreign).quantity == D("0.4")
    assert approved(snapshot=rules, account=foreign, quantity=D("0.4")).quantity == D("0.4")
    text = blocked("lot_size", snapshot=rules, account=foreign, quantity=D("0.401"))
    assert text == "MAX_POSITION: with 0.401 more than 2.5 BTC would be held"
    blocked("lot_size", snapshot=rules, account=account_of(USDT=1000, BTC=3))


@pytest.mark.parametrize(
    ("rules", "word"),
    [
        ({"buy_price_band": (D("0.9999"), D(5))}, "PERCENT_PRICE"),
        ({"min_price": D("99.98")}, "PRICE_FILTER"),
        ({"max_price": D("99.96")}, "PRICE_FILTER"),
    ],
)
def test_a_limit_entry_keeps_to_the_filters_of_prices(rules: dict[str, Any], word: str) -> None:
    limits = RiskLimits(entry_type=OrderType.LIMIT, entry_offset_bps=D(4))
    assert approved(limits=limits).price == D("99.97")
    narrow = snapshot_of([100] * 5, rules=replace(RULES, **rules))
    assert word in blocked("lot_size", snapshot=narrow, limits=limits)


def test_an_exit_is_bounded_by_what_is_free_at_the_exchange() -> None:
    order = approved("SELL", portfolio=portfolio_of(900, position_of(1)), account=account_of(BTC="0.7"))
    assert order.quantity == D("0.7")


def test_an_exit_never_touches_what_the_ledger_did_not_buy() -> None:
    order = approved("SELL", portfolio=portfolio_of(900, position_of("0.3")), account=account_of(BTC=50))
    assert order.quantity == D("0.3")


@pytest.mark.parametrize(
    ("held", "share", "sold", "told"),
    [
        ("1", "1", "1", "an order of 1 BTC"),
        ("1", "0.25", "0.25", "0.25 BTC, 25% of what is held"),
        # on the step, rounded down
        ("1", "0.3337", "0.333", "33.37% of what is held"),
        # a tenth of it is worth less than the exchange takes
        ("0.4", "0.1", "0.4", "could not be sold alone, so all of it is"),
        # the rest would be: 0.051 is worth 5.10 now, and 4.998 after a fall of 2 %
        ("0.4", "0.8725", "0.4", "could not be sold alone, so all of it is"),
        ("0.4", "0.87", "0.348", "87% of what is held"),
        ("1", "1.5", "1", "an order of 1 BTC"),
    ],
)
def test_an_exit_sells_its_share(held: str, share: str, sold: str, told: str) -> None:
    order = approved(
        "SELL", portfolio=portfolio_of(900, position_of(held)), account=account_of(BTC=9), share=D(share)
    )
    assert order.quantity == D(sold)
    assert told in order.gates[-1].text


def test_a_share_is_of_what_is_held_not_of_what_is_free() -> None:
    held = {"portfolio": portfolio_of(900, position_of(1)), "account": account_of(BTC="0.3")}
    assert approved("SELL", share=D("0.5"), **held).quantity == D("0.3")
    assert approved("SELL", share=D("0.2"), **held).quantity == D("0.2")


def test_a_share_that_is_none_sells_nothing() -> None:
    assert "LOT_SIZE" in blocked("lot_size", "SELL", share=D(0), **HELD)


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


@pytest.mark.parametrize(
    ("at_most", "held", "free", "rules", "sold"),
    [
        ("0.8", "1", "1", {}, "0.8"),
        ("0.8", "0.5", "1", {}, "0.5"),
        ("0.8", "1", "0.3", {}, "0.3"),
        ("0.8", "1", "1", {"market_max_quantity": D("0.4")}, "0.4"),
        ("0.8", "1", "1", {"max_notional": D(50), "max_notional_for_market": True}, "0.49"),
    ],
)
def test_a_sale_of_at_most_a_quantity_is_bounded_by_what_can_be_sold(
    at_most: str, held: str, free: str, rules: dict[str, Any], sold: str
) -> None:
    case: dict[str, Any] = {
        "snapshot": replace(SNAPSHOT, rules=replace(SNAPSHOT.rules, **rules)),
        "portfolio": portfolio_of(900, position_of(held)),
        "account": account_of(USDT=900, BTC=D(free)),
        "side": Side.SELL,
    }
    assert approved("SELL", quantity=D(at_most), at_most=True, **case).quantity == D(sold)


@pytest.mark.parametrize(("at_most", "gate"), [("0", "position"), ("0.04", "dust")])
def test_a_sale_of_at_most_too_little_is_refused(at_most: str, gate: str) -> None:
    blocked(gate, "SELL", quantity=D(at_most), at_most=True, **HELD)


def test_a_quantity_that_cash_does_not_cover_is_refused() -> None:
    limits = RiskLimits(max_symbol_share=D(1), max_total_share=D(1))
    text = blocked("free_balance", quantity=D("9.96"), limits=limits)
    assert "this order needs 997.2 USDT" in text
    approved(quantity=D("9.93"), limits=limits)
