from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.decisions import CycleOutcome, Miss, Outcome, Reason
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.records import Command, CommandKind, CommandStatus
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    candle,
    cycle_start,
    decision,
    equity,
    exchange_order,
    fill,
    gate,
    intent,
    report,
    session,
)

BOTH = ("BTCUSDT", "ETHUSDT")


@pytest.fixture
def log(database, book):
    SqlSessions(database, book).begin(session())
    return SqlDecisionLog(database, book)


@pytest.fixture
def reads(database, book):
    return SqlReadModels(database, book)


@pytest.fixture
def journal(database, book):
    return SqlOrderJournal(database, book)


def test_a_cycle_is_written_first_and_closed_whole(log, reads):
    start = cycle_start(symbols=BOTH)
    log.open_cycle(start, "s1")
    assert reads.cycles()[0].outcome == "open"
    decisions = [
        decision("d1"),
        decision("d2", "ETHUSDT", gates=(gate(), gate(False)), nearest_miss=Miss("RSI 31", 0.01)),
    ]
    candles = {"BTCUSDT": (CandleInterval.M1, [candle(1), candle(2)])}
    log.close_cycle(report(start, decisions, equity=equity()), candles)
    (row,) = reads.cycles()
    assert (row.outcome, row.duration_s, row.own_ms) == ("completed", 2.0, 12.5)
    assert row.finished_at == start.started_at + timedelta(seconds=2)
    stored = {row.symbol: row for row in reads.decisions()}
    assert stored["ETHUSDT"].gates == (gate(), gate(False))
    assert stored["ETHUSDT"].blocking_gate == "free_balance"
    assert (stored["ETHUSDT"].nearest_miss, stored["ETHUSDT"].miss_distance) == ("RSI 31", 0.01)
    assert stored["BTCUSDT"].values["rsi"] == 50.5
    assert stored["BTCUSDT"].values["macd"] != stored["BTCUSDT"].values["macd"]
    assert (stored["BTCUSDT"].price, stored["BTCUSDT"].cycle_number) == (Decimal("50000.01"), 1)
    assert reads.equity()[0].total == Decimal("1010.5")
    assert log.stored_candles("BTCUSDT", CandleInterval.M1, 10) == (candle(1), candle(2))


def test_a_cycle_without_a_decision_for_a_symbol_is_refused_whole(log, reads):
    start = cycle_start(symbols=BOTH)
    log.open_cycle(start, "s1")
    with pytest.raises(StorageError, match="no decision for ETHUSDT"):
        log.close_cycle(report(start, [decision("d1")], equity=equity()), {})
    assert (reads.decisions(), reads.equity(), reads.cycles()[0].outcome) == ((), (), "open")


def test_a_cycle_opens_and_closes_once(log):
    start = cycle_start()
    log.open_cycle(start, "s1")
    with pytest.raises(StorageError):
        log.open_cycle(start, "s1")
    log.close_cycle(report(start, [decision("d1")]), {})
    with pytest.raises(StorageError, match="is not open"):
        log.close_cycle(report(start, [decision("d2")]), {})


def test_a_decision_written_with_its_intent_is_finished(log, journal, reads):
    start = cycle_start()
    log.open_cycle(start, "s1")
    sent, made = intent(), decision("d1")
    journal.write_intent(sent, made, "c1")
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)]))
    final = replace(
        made,
        outcome=Outcome.PLACED,
        reason=Reason("bought", "RSI below 30"),
        gates=(gate(),),
        step_ms={"execution": 7.5},
    )
    log.close_cycle(report(start, [final]), {})
    (row,) = reads.decisions()
    assert (row.outcome, row.reason_code, row.gates) == ("placed", "bought", (gate(),))
    assert (row.step_ms, row.client_order_id) == ({"execution": 7.5}, sent.client_order_id)
    assert reads.status().decisions == 1


def test_news_that_came_after_the_report_was_made_stands(log, journal, reads):
    start = cycle_start()
    log.open_cycle(start, "s1")
    sent, made = intent(), decision("d1", outcome=Outcome.UNKNOWN)
    journal.write_intent(sent, made, "c1")
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)]))
    log.close_cycle(report(start, [made]), {})
    assert reads.decisions()[0].outcome == "placed"


def test_a_cycle_left_open_is_closed_with_a_decision_for_each_symbol(log, journal, reads):
    log.open_cycle(cycle_start("c1", symbols=BOTH), "s1")
    journal.write_intent(intent(), decision("d1"), "c1")
    log.open_cycle(cycle_start("c2", 2, BOTH), "s1")
    assert log.close_interrupted(T0 + 9 * MINUTE) == 2
    assert {(row.cycle_id, row.symbol, row.outcome) for row in reads.decisions()} == {
        ("c1", "BTCUSDT", "unknown"),
        ("c1", "ETHUSDT", "interrupted"),
        ("c2", "BTCUSDT", "interrupted"),
        ("c2", "ETHUSDT", "interrupted"),
    }
    assert {(row.outcome, row.finished_at) for row in reads.cycles()} == {("interrupted", T0 + 9 * MINUTE)}
    assert log.close_interrupted(T0) == 0
    assert (reads.status().cycles, reads.status().decisions) == (2, 4)


def test_a_command_taken_by_a_process_that_died_is_failed(log, database, book):
    control = SqlControlState(database, book)
    for number in (1, 2):
        control.submit(Command(f"k{number}", CommandKind.WORKFLOW, {}, f"key{number}", "me", "cli", T0))
    assert control.claim("k1", T0)
    log.close_interrupted(T0 + MINUTE)
    assert control.result("k1").status is CommandStatus.FAILED
    assert [command.id for command in control.pending()] == ["k2"]
    outcomes = {row.idempotency_key: row.outcome for row in SqlReadModels(database, book).audit()}
    assert outcomes == {"key1": "failed", "key2": None}


def test_progress_is_the_newest_candle_whatever_comes_later(log):
    for number, last in ((1, T0 + MINUTE), (2, None), (3, T0)):
        start = cycle_start(f"c{number}", number)
        log.open_cycle(start, "s1")
        log.close_cycle(report(start, [decision(f"d{number}", last_candle=last)]), {})
    assert log.last_candles() == {"BTCUSDT": T0 + MINUTE}


def test_an_order_counts_for_the_last_candle_seen_when_its_decision_saw_no_new_one(log, journal):
    start = cycle_start()
    log.open_cycle(start, "s1")
    log.close_cycle(report(start, [decision("d1")]), {})
    log.open_cycle(cycle_start("c2", 2), "s1")
    sent = intent()
    journal.write_intent(sent, decision("d2", first_candle=None, last_candle=None), "c2")
    assert log.last_entry_candles() == {}
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.OPEN))
    assert log.last_entry_candles() == {"BTCUSDT": T0}


def store(log, number, candles):
    """A cycle whose decision saw `candles`."""
    start = cycle_start(f"c{number}", number)
    log.open_cycle(start, "s1")
    log.close_cycle(report(start, [decision(f"d{number}")]), {"BTCUSDT": (CandleInterval.M1, candles)})


def test_candles_are_stored_once_and_read_rising(log):
    for number in (1, 2):
        store(log, number, [candle(minute) for minute in range(number, number + 3)])
    assert log.stored_candles("BTCUSDT", CandleInterval.M1, 3) == (candle(2), candle(3), candle(4))
    assert log.stored_candles("BTCUSDT", CandleInterval.M1, 9) == tuple(
        candle(minute) for minute in range(1, 5)
    )
    assert log.stored_candles("BTCUSDT", CandleInterval.M5, 9) == ()


def test_a_whole_window_fills_the_holes_of_what_is_stored(log):
    known = [candle(minute) for minute in (*range(3, 9), *range(20, 30))]
    store(log, 1, known)
    store(log, 2, [candle(minute) for minute in range(35)])
    stored = log.stored_candles("BTCUSDT", CandleInterval.M1, 100)
    assert [each.open_time for each in stored] == [candle(minute).open_time for minute in range(35)]


def test_a_degraded_cycle_is_kept_as_such(log, reads):
    start = cycle_start()
    log.open_cycle(start, "s1")
    nothing = decision(
        "d1", outcome=Outcome.NO_DATA, signal=None, price=None, candles_seen=0, last_candle=None
    )
    log.close_cycle(report(start, [nothing], CycleOutcome.DEGRADED), {})
    assert reads.cycles()[0].outcome == "degraded"
    (row,) = reads.decisions()
    assert (row.action, row.strength, row.values, row.outcome) == (None, None, {}, "no_data")
