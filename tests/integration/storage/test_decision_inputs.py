"""What decisions saw, and what is kept beside them: rules, loss marks, a session's plan."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event

from binance_trade_agent.domain.decisions import (
    AssessmentInputs,
    ControlSnapshot,
    DecisionInputs,
    Miss,
    Reason,
    TradingState,
)
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.orders import OrderType, Purpose, Side
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.replay_source import SqlReplaySource
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    cycle_start,
    decision,
    intent,
    order_list,
    report,
    session,
)

MARKS = LossMarks(
    date(2024, 8, 5),
    Decimal("-1.50"),
    Decimal("1000.00000001"),
    Decimal("0E-8"),
    T0 + timedelta(microseconds=1),
)
ASSESSMENT = AssessmentInputs(
    control=ControlSnapshot(TradingState.ENTRIES_HALTED, "3.1 % lost today", "daily_loss", T0),
    cash=Decimal("1000.10000000"),
    reserved_quote=Decimal("0"),
    free_quote=Decimal("12345678901234567890.12345678901234567890"),
    free_base=Decimal("1E-8"),
    held_in_books=Decimal("-0.5"),
    prices={"BTCUSDT": Decimal("62855.405")},
    covered={},
    locked=("ETHUSDT", "BNBUSDT"),
    dust=(),
    marks=replace(MARKS, latched="daily_loss"),
    contributed=Decimal("1000"),
    orders_last_minute=2,
    orders_today=17,
    last_traded_candle=None,
    is_traded=True,
    mark=2**41,
    windows={"ETHUSDT": (T0, 300)},
    side=Side.SELL,
    quantity=Decimal("0.10"),
)
INPUTS = DecisionInputs(
    observed_at=T0,
    newest_candle=T0.replace(microsecond=0),
    window=300,
    new_candles=2,
    bid=Decimal("62855.40000000"),
    bid_quantity=Decimal("1.20"),
    ask=Decimal("62855.41"),
    ask_quantity=Decimal("0"),
    rules="BTCUSDT-0123456789ab",
    mark=2**40,
    assessment=ASSESSMENT,
)


def rules(symbol: str = "BTCUSDT", **changes) -> SymbolRules:
    amounts = {
        field.name: Decimal(f"{number}.{number:08d}0")
        for number, field in enumerate(fields(SymbolRules), 1)
        if field.type is Decimal
    }
    made = SymbolRules(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        trading=True,
        min_notional_for_market=True,
        max_notional_for_market=False,
        order_types=frozenset(OrderType),
        oco_allowed=True,
        cancel_replace_allowed=True,
        max_algo_orders=5,
        sell_price_band=(Decimal("0.20"), Decimal("5")),
        buy_price_band=(Decimal("0.2"), Decimal("5.0")),
        **amounts,
    )
    return replace(made, **changes)


@pytest.fixture
def log(database, book):
    SqlSessions(database, book).begin(session())
    return SqlDecisionLog(database, book)


@pytest.fixture
def source(database, book):
    return SqlReplaySource(database, book)


def stored(database, book, log, made):
    log.open_cycle(cycle_start(), "s1")
    log.close_cycle(report(cycle_start(), [made]), {})
    (row,) = SqlReadModels(database, book).decisions()
    return row


@pytest.mark.parametrize("inputs", [INPUTS, replace(INPUTS, assessment=None), None])
def test_what_a_decision_saw_comes_back_exactly(database, book, log, inputs):
    row = stored(database, book, log, decision("d1", inputs=inputs))
    assert row.inputs == inputs
    # equal decimals may have other digits: these may not
    assert repr(row.inputs and row.inputs.ask_quantity) == repr(inputs and inputs.ask_quantity)
    assert row.inputs is None or row.inputs.observed_at.utcoffset() == timedelta(0)


def test_the_digits_of_an_assessment_stay(database, book, log):
    seen = stored(database, book, log, decision("d1", inputs=INPUTS)).inputs.assessment
    for name in ("cash", "free_quote", "free_base", "held_in_books", "quantity"):
        assert str(getattr(seen, name)) == str(getattr(ASSESSMENT, name))
    assert str(seen.prices["BTCUSDT"]) == "62855.405"


def test_the_signals_reasons_share_and_miss_are_kept(database, book, log):
    made = decision("d1", nearest_miss=Miss("RSI 31", 0.01))
    made = replace(made, signal=replace(made.signal, share=Decimal("0.50")))
    row = stored(database, book, log, made)
    assert (row.nearest_miss, row.miss_distance) == ("RSI 31", 0.01)
    assert row.signal_reasons == (Reason("rsi", "RSI is 50"),)
    assert (row.signal_candle, str(row.signal_share)) == (T0, "0.50")


@pytest.mark.parametrize("distance", [float("nan"), float("inf")])
def test_a_distance_that_does_not_compare_is_not_stored(database, book, log, distance):
    row = stored(database, book, log, decision("d1", nearest_miss=Miss("no volume", distance)))
    assert (row.nearest_miss, row.miss_distance) == ("no volume", None)


def test_what_an_intents_decision_saw_is_completed_by_the_report(database, book, log):
    log.open_cycle(cycle_start(), "s1")
    SqlOrderJournal(database, book).write_intent(intent(), decision("d1"), "c1")
    log.close_cycle(report(cycle_start(), [decision("d1", inputs=INPUTS)]), {})
    (row,) = SqlReadModels(database, book).decisions()
    assert row.inputs == INPUTS


def test_a_sessions_plan_comes_back(database, book):
    sessions = SqlSessions(database, book)
    plan = {"version": 1, "strategies": {"*": {"name": "dca", "params": {"a": [1, 2.5, None]}}}}
    sessions.begin(session(plan=plan))
    assert sessions.latest().plan == plan


def test_loss_marks_are_those_of_the_last_cycle_that_had_any(log):
    assert log.loss_marks() is None
    for number, marks in enumerate((MARKS, replace(MARKS, latched="drawdown"), None), 1):
        start = cycle_start(f"c{number}", number)
        log.open_cycle(start, "s1")
        log.close_cycle(replace(report(start, [decision(f"d{number}")]), marks=marks), {})
    assert log.loss_marks() == replace(MARKS, latched="drawdown")


def test_rules_come_back_under_their_names(log, source):
    first = log.note_rules([rules(), rules("ETHUSDT")])
    assert first.keys() == {"BTCUSDT", "ETHUSDT"}
    changed = rules(tick_size=Decimal("0.1"), trading=False, order_types=frozenset({OrderType.MARKET}))
    second = log.note_rules([changed, rules("ETHUSDT")])
    assert second["ETHUSDT"] == first["ETHUSDT"]
    assert source.rules() == {
        first["BTCUSDT"]: rules(),
        first["ETHUSDT"]: rules("ETHUSDT"),
        second["BTCUSDT"]: changed,
    }
    back = source.rules()[first["BTCUSDT"]]
    assert [str(getattr(back, field.name)) for field in fields(back) if field.type is Decimal] == [
        str(getattr(rules(), field.name)) for field in fields(back) if field.type is Decimal
    ]
    assert log.note_rules([rules()])["BTCUSDT"] == first["BTCUSDT"]
    assert len(source.rules()) == 3


def test_rules_known_already_cost_no_query(database, book, log):
    names = log.note_rules([rules(), rules("ETHUSDT")])
    assert SqlDecisionLog(database, book).note_rules([rules()]) == {"BTCUSDT": names["BTCUSDT"]}
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert log.note_rules([rules(), rules("ETHUSDT")]) == names
    assert statements == []
    assert log.note_rules([]) == {}


def test_rules_of_books_do_not_mix(database, book, log):
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    log.note_rules([rules()])
    SqlDecisionLog(database, other).note_rules([rules()])
    assert len(SqlReplaySource(database, other).rules()) == 1


def test_entries_are_counted_from_an_instant_on(database, book, log):
    journal = SqlOrderJournal(database, book)
    at = datetime(2024, 8, 6, tzinfo=UTC)
    for number, created in enumerate((at - MINUTE, at, at + MINUTE), 1):
        log.open_cycle(cycle_start(f"c{number}", number), "s1")
        journal.write_intent(intent(created_at=created), decision(f"d{number}"), f"c{number}")
    log.open_cycle(cycle_start("c4", 4), "s1")
    leaving = intent(side=Side.SELL, purpose=Purpose.EXIT, created_at=at + MINUTE)
    journal.write_intent(leaving, decision("d4"), "c4")
    journal.write_list(replace(order_list(), created_at=at), decision("d4"), "c4")
    assert journal.entries_since(at) == 2
    assert journal.entries_since(at + 2 * MINUTE) == 0
