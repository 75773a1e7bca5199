"""What an explanation says, from summaries written by hand."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.circumstances import Condition
from binance_trade_agent.domain.decisions import ControlSnapshot, Reason, TradingState
from binance_trade_agent.domain.explanation import Answer, explain
from binance_trade_agent.domain.ranked_reasons import ReasonKind
from binance_trade_agent.domain.records import CycleRow, DecisionRow
from tests.fakes import START
from tests.summaries import around, count_of, decision_of, gate, order_of, summary_of

HOLD = count_of(
    800, "between_levels", "RSI 41.2 is between 30 and 70", nearest=(0.016, "RSI 1.6 above the entry")
)
WAIT = count_of(4000, "no_new_candle", "no 1m candle closed since the last decision")
SPREAD = count_of(12, "spread", "the spread is 61.3 bps; 50 bps are allowed", gate="spread")


def test_holding_all_the_time_is_told_by_the_rule_and_not_by_cycles_without_a_candle() -> None:
    found = explain(summary_of(HOLD, WAIT), around())
    assert (found.answer, found.code) == (Answer.NOT_TRADED, "between_levels")
    assert found.headline == (
        "Nothing was traded in the last 24 h: the strategy was asked 800 times and never wanted an order,"
        " each time: RSI 41.2 is between 30 and 70."
    )
    assert [reason.kind for reason in found.reasons] == [ReasonKind.HELD, ReasonKind.WAITING]
    assert [change.code for change in found.changes] == ["between_levels"]
    assert "level" in found.changes[0].text


def test_a_few_signals_that_were_blocked_are_told_before_many_decisions_without_one() -> None:
    blocked = decision_of(
        action="BUY",
        outcome="refused",
        gates=[
            gate("halted", True, "not HALTED", "RUNNING"),
            gate("spread", False, "50 bps", "61.3 bps"),
            gate("open_positions", False, "under 5 positions", "5 positions"),
        ],
    )
    settings = {"RISK_MAX_SPREAD_BPS": "50", "RISK_MAX_OPEN_POSITIONS": "5"}
    found = explain(summary_of(HOLD, WAIT, SPREAD, blocked=[blocked]), around(settings=settings))
    assert found.code == "spread"
    assert "12 BUY signals were stopped by spread (the spread is too wide)" in found.headline
    assert [reason.code for reason in found.reasons] == ["spread", "between_levels", "no_new_candle"]
    first, second = found.changes[:2]
    assert (first.setting, first.value, first.needed, first.symbol) == (
        "RISK_MAX_SPREAD_BPS",
        "50",
        "61.3",
        "BTCUSDT",
    )
    assert (second.code, second.setting, second.needed) == ("open_positions", "RISK_MAX_OPEN_POSITIONS", "6")
    assert first.text == "RISK_MAX_SPREAD_BPS is 50; it takes at least 61.3"
    assert second.text.startswith("and then this blocks: open_positions saw 5 positions")
    assert second.text.endswith(
        "All of them must change, spread and open_positions: neither alone would have let it pass"
    )


def test_what_stands_behind_a_gate_and_was_told_already_must_change_all_the_same() -> None:
    gates = [
        gate("spread", False, "50 bps", "61.3 bps"),
        gate("cooldown", False, "3 candles", "1 candle"),
        gate("open_positions", False, "under 5 positions", "5 positions"),
    ]
    later = decision_of(symbol="ETHUSDT", action="BUY", outcome="refused", gates=gates[1:])
    full = count_of(20, "cooldown", "rests", gate="cooldown", symbol="ETHUSDT")
    row = decision_of(action="BUY", outcome="refused", gates=gates)
    cooldown, positions, spread = explain(summary_of(full, SPREAD, blocked=[later, row]), around()).changes
    assert [change.code for change in (cooldown, positions, spread)] == [
        "cooldown",
        "open_positions",
        "spread",
    ]
    assert "neither alone" in positions.text
    assert spread.text.endswith(
        "All of them must change, spread, cooldown and open_positions: none of them alone would have let it pass"
    )
    assert "would have let it pass" not in cooldown.text


def test_what_was_lifted_since_is_not_advised_to_be_lifted() -> None:
    paused = count_of(3, "paused", "PAUSED by ann: lunch", gate="paused")
    only = count_of(2, "reduce_only", "reduce-only by ann", gate="reduce_only")
    latched = decision_of(
        action="BUY", outcome="refused", gates=[gate("daily_loss", False, "under 5.00%", "6.00%")]
    )
    loss = count_of(1, "daily_loss", "lost 6.00%", gate="daily_loss")
    resumed = ControlSnapshot(TradingState.RUNNING, "back", "ann", START - timedelta(minutes=3))
    found = explain(summary_of(paused, only, loss, blocked=[latched]), around(control=resumed)).changes
    assert {change.code: change.text for change in found} == {
        "paused": "It holds no longer: trading goes on since 09:27:00 UTC (by ann)",
        "reduce_only": "It holds no longer: it was lifted since",
        "daily_loss": "RISK_DAILY_LOSS_SHARE sets the limit (under 5.00%); at least 0.0601 would have let it pass."
        " It holds no longer: trading goes on since 09:27:00 UTC (by ann)",
    }
    halted = ControlSnapshot(TradingState.HALTED, "x", "ann", START, {"BTCUSDT": "x"})
    held = explain(summary_of(paused, only), around(control=halted)).changes
    assert "binance-trade-agent resume" in held[0].text
    assert "reduce-only --off" in held[1].text


def test_a_stray_order_has_advice() -> None:
    stray = count_of(2, "stray_order", "x", action="BUY", outcome="unresolved_order")
    (change,) = explain(summary_of(stray), around()).changes
    assert "A person must look" in change.text


def test_reasons_are_merged_over_symbols_and_shares_are_of_all_decisions() -> None:
    other = count_of(
        20,
        "spread",
        "the spread is 80 bps; 50 bps are allowed",
        gate="spread",
        symbol="ETHUSDT",
        last_at=START - timedelta(hours=1),
    )
    rest = count_of(68, "between_levels", "RSI 50 is between 30 and 70")
    (spread, hold) = explain(summary_of(SPREAD, other, rest), around()).reasons
    assert (spread.count, str(spread.share), spread.symbols) == (32, "0.3200", ("ETHUSDT", "BTCUSDT"))
    assert (spread.text, spread.symbol) == (SPREAD.text, "BTCUSDT")
    assert (spread.first_at, spread.last_at) == (other.first_at, SPREAD.last_at)
    assert (hold.count, str(hold.share)) == (68, "0.6800")


def test_the_funnel_counts_each_stage_by_symbol_and_in_all() -> None:
    counts = (
        HOLD,
        SPREAD,
        count_of(3, "lot_size", "too small", gate="lot_size"),
        count_of(2, "placed", "sent", action="BUY", outcome="placed"),
        count_of(1, "placed", "sent", action="SELL", outcome="placed", symbol="ETHUSDT"),
        count_of(1, "protection_in_the_way", "later", action="SELL", outcome="unresolved_order"),
        count_of(5, "unavailable", "no answer", action=None, outcome="no_data", symbol="ETHUSDT"),
        count_of(4, "unresolved_order", "order x is UNKNOWN", outcome="unresolved_order", symbol="ETHUSDT"),
    )
    found = explain(summary_of(*counts, cycles=820, orders=[order_of(1)]), around())
    whole = found.funnel
    assert (whole.cycles, whole.decisions, whole.undecided) == (820, 828, 5)
    assert (whole.signals, whole.buys, whole.sells) == (19, 17, 2)
    assert (whole.risk_passed, whole.sized, whole.sent, whole.filled) == (7, 4, 3, 1)
    btc, eth = found.funnels
    assert (btc.symbol, btc.signals, btc.sent, btc.filled) == ("BTCUSDT", 18, 2, 1)
    assert (eth.symbol, eth.decisions, eth.signals, eth.sent, eth.filled) == ("ETHUSDT", 10, 1, 1, 0)


def test_the_nearest_miss_of_each_symbol_is_told_the_nearest_first() -> None:
    counts = [
        count_of(1, "no_cross", "x", symbol="ETHUSDT", nearest=(0.02, "nearer")),
        count_of(1, "inside_bands", "x", nearest=(0.05, "farther")),
        count_of(1, "no_cross", "x", nearest=(0.01, "near")),
        count_of(1, "no_cross", "x", symbol="SOLUSDT"),
    ]
    misses = explain(summary_of(*counts), around()).nearest_misses
    assert [(miss.symbol, miss.text) for miss in misses] == [("BTCUSDT", "near"), ("ETHUSDT", "nearer")]


@pytest.mark.parametrize(
    ("state", "actor", "code", "words"),
    [
        (TradingState.PAUSED, "ann", "paused", "trading is paused"),
        (TradingState.HALTED, "ann", "halted", "trading is halted"),
        (TradingState.ENTRIES_HALTED, "daily_loss", "daily_loss", "entries are halted"),
        (TradingState.ENTRIES_HALTED, "drawdown", "drawdown", "entries are halted"),
        (TradingState.ENTRIES_HALTED, "ann", "entries_halted", "entries are halted"),
    ],
)
def test_what_forbids_trading_comes_first_with_who_and_why(
    state: TradingState, actor: str, code: str, words: str
) -> None:
    control = ControlSnapshot(state, "lunch", actor, START - timedelta(minutes=3))
    found = explain(summary_of(HOLD, SPREAD), around(control=control))
    assert found.code == code
    assert words in found.headline
    assert f"since 09:27:00 UTC by {actor}: lunch" in found.headline
    assert "`binance-trade-agent resume`" in found.conditions[0].advice
    assert "stopped by spread" in found.remarks[0]


def test_a_trader_that_does_not_run_is_told_before_anything_it_decided() -> None:
    trader = Condition("stopped", "the trader does not trade: stopped by a signal", "Start it again")
    found = explain(summary_of(HOLD), around(trader=trader))
    assert (found.code, found.conditions[0].advice) == ("stopped", "Start it again")
    assert "stopped by a signal" in found.headline
    assert "asked 800 times" in found.remarks[-1]


def test_a_symbol_that_is_not_traded() -> None:
    found = explain(summary_of(), around(symbol="BNBUSDT"))
    assert found.code == "not_traded"
    assert "BNBUSDT is not traded; traded: BTCUSDT, ETHUSDT" in found.headline
    assert "TRADING_SYMBOLS" in found.conditions[0].advice


def test_no_cycles_in_the_time_says_when_the_last_one_was() -> None:
    at = START - timedelta(hours=30)
    last = CycleRow("c7", "s", 7, "scheduled", at, at, at, 0.1, 1.0, 0, "completed")
    found = explain(summary_of(), around(last_cycle=last))
    assert found.code == "no_cycles"
    assert "the last one, number 7, began 30 h ago, at 2026-05-03 03:30:00 UTC" in found.headline
    assert "--since 54h" in found.conditions[0].advice
    assert "nor ever before" in explain(summary_of(), around()).headline


def test_a_broken_strategy_is_named_with_file_and_line() -> None:
    text = "strategy mine failed: ZeroDivisionError: division by zero (/home/ann/mine.py, line 12)"
    row = decision_of(action=None, outcome="failed", reason=Reason("strategy_failed", text))
    broken = count_of(30, "strategy_failed", text, action=None, outcome="failed")
    found = explain(summary_of(broken, latest=[row]), around())
    assert found.code == "strategy_failed"
    assert "/home/ann/mine.py, line 12" in found.headline
    assert (found.funnel.undecided, found.funnel.signals) == (30, 0)
    assert (found.remarks, found.changes) == ((), ())


def test_a_strategy_that_failed_beside_others_is_told_once() -> None:
    text = "strategy mine failed: ZeroDivisionError: division by zero (/home/ann/mine.py, line 12)"
    row = decision_of(action=None, outcome="failed", reason=Reason("strategy_failed", text))
    broken = count_of(900, "strategy_failed", text, action=None, outcome="failed")
    quiet = decision_of(symbol="ETHUSDT")
    held = replace(HOLD, symbol="ETHUSDT")
    found = explain(summary_of(broken, held, latest=[row, quiet]), around())
    assert " ".join((found.headline, *found.remarks)).count(text) == 1
    rare = explain(summary_of(replace(broken, count=3), held, latest=[row, quiet]), around())
    assert " ".join((rare.headline, *rare.remarks)).count(text) == 1


def test_missing_data_counts_as_a_condition_only_while_it_lasts() -> None:
    gone = count_of(3, "unavailable", "no answer", action=None, outcome="no_data")
    now = decision_of(action=None, outcome="no_data", reason=Reason("unavailable", "no answer"))
    assert explain(summary_of(HOLD, gone, latest=[now]), around()).code == "unavailable"
    later = explain(summary_of(HOLD, gone, latest=[decision_of()]), around())
    assert (later.code, later.conditions) == ("between_levels", ())


def test_what_hinders_one_symbol_is_the_answer_for_that_one_and_a_remark_for_all() -> None:
    locked = {"ETHUSDT": "what became of its order bta-1 (BUY) is not known yet"}
    whole = explain(summary_of(HOLD), around(locked=locked))
    assert (whole.code, len(whole.conditions)) == ("between_levels", 1)
    assert whole.remarks == ("ETHUSDT is locked: what became of its order bta-1 (BUY) is not known yet.",)
    own = explain(summary_of(HOLD), around(symbol="ETHUSDT", locked=locked))
    assert own.code == "unresolved_order"
    assert "ETHUSDT is locked" in own.headline
    other = explain(summary_of(HOLD), around(symbol="BTCUSDT", locked=locked))
    assert (other.code, other.conditions) == ("between_levels", ())
    both = explain(summary_of(HOLD), around(locked={**locked, "BTCUSDT": "a cancel is not answered yet"}))
    assert both.code == "unresolved_order"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "in the last 10 s"), (1800, "in the last 30 min"), (5432, "since 07:59:28 UTC")],
)
def test_the_time_asked_about_in_words(seconds: int, words: str) -> None:
    summary = replace(summary_of(), since=START - timedelta(seconds=seconds))
    assert f"traded {words}:" in explain(summary, around()).headline


def test_a_time_before_the_first_decision_is_told() -> None:
    young = replace(HOLD, first_at=START - timedelta(minutes=5))
    assert (
        "in the last 24 h (decisions began at 09:25:00 UTC)" in explain(summary_of(young), around()).headline
    )


def test_a_trade_is_told_with_signal_gates_price_and_protection() -> None:
    entry, rejected = order_of(1), order_of(2, status="REJECTED", reason="Filter failure: NOTIONAL (-1013)")
    row = decision_of(
        decision_id="d1",
        action="BUY",
        outcome="placed",
        gates=[gate("halted", True, "", ""), gate("spread", True, "", "")],
        signal_reasons=(Reason("rsi_crossed_up", "RSI rose from 28.4 to 31.2 and crossed up 30"),),
    )
    placed = count_of(1, "placed", "sent", action="BUY", outcome="placed")
    found = explain(
        summary_of(HOLD, placed, orders=[rejected, entry]),
        around(placed=[row], guards={"BTCUSDT": "stop 95 and target 110 at the exchange"}),
    )
    assert found.answer is Answer.TRADED
    assert found.headline == (
        "It has traded in the last 24 h: 1 order filled; the newest: bought 0.5 BTCUSDT at 100.4, because RSI rose"
        " from 28.4 to 31.2 and crossed up 30."
    )
    refused, bought = found.trades
    assert (bought.gates_passed, bought.values["rsi"], bought.strategy) == (2, 31.25, "rsi_momentum")
    assert bought.protection == "stop 95 and target 110 at the exchange"
    assert refused.text.endswith("did not trade: REJECTED (Filter failure: NOTIONAL (-1013))")


def test_a_stop_that_traded_is_told_though_no_decision_sold() -> None:
    stop = replace(
        order_of(3),
        side="SELL",
        purpose="stop",
        stop_price=Decimal("95.5"),
        updated_at=START + timedelta(minutes=3),
    )
    entry = order_of(1)
    found = explain(summary_of(HOLD, orders=[entry], protection=[stop]), around())
    assert found.answer is Answer.TRADED
    assert (
        "1 stop or target reached; the newest: sold 0.5 BTCUSDT at 100.4, because the price reached its"
        in (found.headline)
    )
    assert [trade.why for trade in found.trades] == ["the price reached its stop at 95.5", ""]


def test_orders_that_people_asked_for_are_told_though_the_strategy_traded_nothing() -> None:
    requested = Reason("requested", "SELL was asked for, not decided by a strategy")
    row = replace(
        decision_of(decision_id="d2", action="SELL", signal_reasons=(requested,)), strategy="cli:ann"
    )
    first = replace(row, id="d1", action="BUY")
    sold, bought = order_of(2, "SELL"), order_of(1, at=START - timedelta(minutes=9))
    summary = summary_of(HOLD, asked=[sold, bought])
    found = explain(summary, around(placed=[row, first]))
    assert (found.answer, found.funnel.filled) == (Answer.TRADED, 0)
    assert found.headline == (
        "The strategy traded nothing in the last 24 h; 2 orders that people asked for were filled; the newest:"
        " sold 0.5 BTCUSDT at 100.4, asked for by cli:ann."
    )
    assert [trade.why for trade in found.trades] == ["asked for by cli:ann"] * 2
    assert "asked 800 times" in found.remarks[0]
    own = explain(replace(summary, filled=1, asked_filled=1), around(symbol="BTCUSDT"))
    assert own.headline.startswith("It has traded BTCUSDT in the last 24 h: ")
    assert "1 order begun between two cycles was filled" in own.headline
    assert explain(summary_of(asked=[sold]), around(placed=[row])).code == "no_cycles"


def test_an_answer_that_was_missing_is_not_called_missing_still_once_the_order_filled() -> None:
    unanswered = count_of(1, "unknown", "sent, no answer", action="BUY", outcome="unknown")
    found = explain(summary_of(HOLD, unanswered, orders=[order_of(1)]), around())
    assert found.answer is Answer.TRADED
    assert found.reasons[0].title.startswith("no answer came to the order when it was sent")
    assert not [text for text in (found.headline, *found.remarks) if "not known yet" in text]


def test_what_keeps_it_from_trading_now_is_told_although_a_stop_traded() -> None:
    stop = replace(order_of(3), side="SELL", purpose="stop")
    paused = ControlSnapshot(TradingState.PAUSED, "lunch", "ann", START)
    found = explain(summary_of(HOLD, protection=[stop]), around(control=paused))
    assert found.headline.startswith("It has traded")
    assert found.remarks[0].startswith("Now trading is paused")


def test_more_stops_than_a_summary_tells_are_all_counted() -> None:
    stop = replace(order_of(3), side="SELL", purpose="stop")
    found = explain(replace(summary_of(HOLD, protection=[stop] * 20), reached=57), around())
    assert "57 stops or targets reached" in found.headline


def test_advice_on_a_signal_of_an_earlier_session_does_not_mix_its_limit_with_the_settings_of_now() -> None:
    wide = gate("symbol_exposure", False, "250 USDT", "260 USDT")
    row = decision_of(action="BUY", outcome="refused", gates=[wide])
    summary = summary_of(count_of(1, "symbol_exposure", "full", gate="symbol_exposure"), blocked=[row])
    settings = {"RISK_MAX_SYMBOL_SHARE": "0.5"}
    begun = row.decided_at + timedelta(seconds=1)
    (change,) = explain(summary, around(settings=settings, settings_since=begun)).changes
    assert (change.value, change.needed) == ("0.5", None)
    assert change.text.startswith(
        "RISK_MAX_SYMBOL_SHARE is 0.5 now; an earlier session decided by a limit of 250 USDT"
    )
    (change,) = explain(summary, around(settings=settings, settings_since=row.decided_at)).changes
    assert change.needed == "0.52"


def test_an_order_that_the_exchange_refused_is_what_stopped_the_signal() -> None:
    refused = count_of(2, "rejected", "Filter failure: NOTIONAL (-1013)", action="BUY", outcome="rejected")
    found = explain(summary_of(HOLD, refused, orders=[order_of(1, status="REJECTED")]), around())
    assert (found.answer, found.code) == (Answer.NOT_TRADED, "rejected")
    assert "2 BUY signals were stopped by rejected (the exchange refused the order)" in found.headline


RESTS = count_of(9, "entry_rests", "an entry of 0.01 rests at 80000 until 2026-05-05 09:30:00 UTC")


def waiting(action: str = "HOLD") -> DecisionRow:
    said = (Reason("no_cross", "EMA 12 is above EMA 26 and did not cross"),)
    return decision_of(action=action, reason=Reason("entry_rests", RESTS.text), signal_reasons=said)


def test_an_entry_by_hand_that_rests_is_not_blamed_on_the_setting_and_hides_no_word_of_the_strategy() -> None:
    settings = {"ENTRY_ORDER_TYPE": "market"}
    found = explain(summary_of(RESTS, latest=[waiting()]), around(settings=settings, resting=["BTCUSDT"]))
    assert found.reasons[0].text == (
        f"{RESTS.text}; the strategy itself said: EMA 12 is above EMA 26 and did not cross"
    )
    assert found.changes[0].text.startswith("A person asked for it: `cancel` ends it")
    assert "ENTRY_ORDER_TYPE" not in found.changes[0].text
    wanted = explain(summary_of(RESTS, latest=[waiting("SELL")]), around(resting=["BTCUSDT"]))
    assert "the strategy itself said: SELL, EMA 12" in wanted.headline


def test_the_strategys_own_resting_entry_names_its_setting() -> None:
    found = explain(summary_of(RESTS), around(settings={"ENTRY_ORDER_TYPE": "limit"}, resting=["BTCUSDT"]))
    assert "with market it buys at once" in found.changes[0].text


def test_an_entry_that_rests_no_longer_is_told_as_over() -> None:
    found = explain(summary_of(RESTS, latest=[waiting()]), around(resting=["ETHUSDT"]))
    assert f"{RESTS.text}; it rests no longer" in found.headline
    assert found.changes[0].text == "It holds no longer: no entry rests"


@pytest.mark.parametrize(("after_loss", "is_told"), [("600 candles", True), ("20 candles", False)])
def test_the_longer_rest_after_a_loss_is_named_with_the_shorter(after_loss: str, is_told: bool) -> None:
    count = count_of(7, "cooldown", "5 candles closed; 120 are asked for", gate="cooldown")
    row = decision_of(
        action="BUY",
        outcome="refused",
        gates=[
            gate("cooldown", False, "120 candles", "5 candles"),
            gate("loss_cooldown", False, after_loss, "5 candles"),
        ],
    )
    settings = {"RISK_COOLDOWN_CANDLES": "120", "RISK_LOSS_COOLDOWN_CANDLES": "600"}
    found = explain(summary_of(count, blocked=[row]), around(settings=settings))
    assert ("120 are asked for, and 600 candles after a loss (loss_cooldown)" in found.headline) is is_told
    assert ("the longer rest counts, that of loss_cooldown" in found.changes[0].text) is is_told
