from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.replay_source import SqlReplaySource
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    candle,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    report,
    session,
)

BOTH = ("ETHUSDT", "BTCUSDT")


@pytest.fixture
def sessions(database, book):
    return SqlSessions(database, book)


@pytest.fixture
def log(database, book):
    return SqlDecisionLog(database, book)


@pytest.fixture
def source(database, book):
    return SqlReplaySource(database, book)


def test_a_session_is_found_by_the_beginning_of_its_id(sessions, source):
    assert source.session("last") is None
    for number, name in enumerate(("abc1", "abd2", "ab")):
        sessions.begin(session(name, started_at=T0 + number * MINUTE))
    sessions.begin(session("one-shot", kind="commands", started_at=T0 + 9 * MINUTE))
    assert source.session("abc").id == "abc1"
    assert source.session("ab").id == "ab"
    assert source.session("x") is None
    assert source.session("%") is None
    assert source.session("last").id == "ab"
    with pytest.raises(ConfigurationError, match=r"a: several sessions begin so: abc1, abd2, ab;"):
        source.session("a")
    assert [each.id for each in source.sessions(3)] == ["one-shot", "ab", "abd2"]


def test_decisions_come_by_cycle_and_then_as_they_were_taken(sessions, log, source):
    sessions.begin(session())
    sessions.begin(session("s2"))
    for number in (3, 1, 2):
        start = cycle_start(f"c{number}", number, BOTH)
        log.open_cycle(start, "s1")
        # the symbols of cycle 2 were decided on at one instant, those of the others in the order of their names
        late = timedelta(0) if number == 2 else timedelta(seconds=1)
        at = T0 + number * MINUTE
        made = [
            decision(f"d{number}e", "ETHUSDT", decided_at=at + late),
            decision(f"d{number}b", "BTCUSDT", decided_at=at),
        ]
        log.close_cycle(report(start, made), {})
    log.open_cycle(cycle_start("other", 1), "s2")
    log.close_interrupted(T0)
    assert [row.id for row in source.decisions("s1")] == ["d1b", "d1e", "d2e", "d2b", "d3b", "d3e"]
    assert [row.cycle_number for row in source.decisions("s1")] == [1, 1, 2, 2, 3, 3]
    assert [row.id for row in source.cycles("s1")] == ["c1", "c2", "c3"]
    assert list(source.decisions("none")) == []


def test_a_long_session_comes_whole(sessions, log, source):
    sessions.begin(session())
    for number in range(1, 206):
        start = cycle_start(f"c{number}", number)
        log.open_cycle(start, "s1")
        log.close_cycle(report(start, [decision(f"d{number}")]), {})
    assert [row.cycle_number for row in source.decisions("s1")] == list(range(1, 206))


def test_stored_candles_come_rising_as_many_as_are_asked_for(sessions, log, source):
    sessions.begin(session())
    log.open_cycle(cycle_start(), "s1")
    seen = {"BTCUSDT": (CandleInterval.M1, [candle(minute) for minute in (3, 1, 2, 5, 4)])}
    log.close_cycle(report(cycle_start(), [decision("d1")]), seen)
    newest = candle(3).open_time
    found = source.candles("BTCUSDT", CandleInterval.M1, newest, before=2, after=1)
    assert found == (candle(2), candle(3), candle(4))
    assert len(source.candles("BTCUSDT", CandleInterval.M1, newest, before=9, after=9)) == 5
    assert source.candles("BTCUSDT", CandleInterval.M5, newest, before=2, after=1) == ()


@pytest.fixture
def traded(database, book, sessions, log):
    """A book opened, a purchase of two fills, a difference, and a part of the position moved away."""
    sessions.begin(session())
    log.open_cycle(cycle_start(), "s1")
    journal, ledger = SqlOrderJournal(database, book), SqlLedger(database, book)
    ledger.book_difference("USDT", Decimal(7), "found", T0)
    sent = intent(quantity="2")
    journal.write_intent(sent, decision("d1"), "c1")
    ledger.book_foreign([fill(5, "1", "100", order_id=99, commission="0")])
    fills = [fill(1, "1"), fill(2, "1", commission="0.01", commission_asset="BNB")]
    marks = []
    for one in fills:
        journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one]))
        marks.append(ledger.mark())
    ledger.move_out("BTCUSDT", Decimal(1), T0 + MINUTE)
    return ledger, fills, marks


def test_bookings_tell_every_flow_and_each_fill_once(source, traded):
    ledger, fills, marks = traded
    bookings = source.bookings()
    assert [(each.mark, each.fill) for each in bookings if each.fill] == list(zip(marks, fills, strict=True))
    assert [each.mark for each in bookings] == sorted({each.mark for each in bookings})
    assert bookings[-1].mark == ledger.mark()
    balances = {}
    for each in bookings:
        balances[each.asset] = balances.get(each.asset, 0) + each.amount
    assert balances == ledger.balances()


def test_a_move_is_told_with_its_mark(source, traded):
    ledger, *_ = traded
    (move,) = source.moves()
    assert (move.symbol, move.after_trade_id, move.quantity, move.at) == ("BTCUSDT", 2, 1, T0 + MINUTE)
    assert move.mark == ledger.mark()


def test_orders_of_the_session_come_oldest_first(database, book, sessions, log, source):
    journal = SqlOrderJournal(database, book)
    for number, name in enumerate(("s1", "s2", "s1"), 1):
        if number < 3:
            sessions.begin(session(name))
        log.open_cycle(cycle_start(f"c{number}", number), name)
        sent = replace(intent(f"bta-o{number}"), created_at=T0 - number * MINUTE)
        journal.write_intent(sent, decision(f"d{number}"), f"c{number}")
    assert [order.client_order_id for order in source.orders("s1")] == ["bta-o3", "bta-o1"]


def test_another_books_past_is_not_told(database, source, traded):
    other = SqlReplaySource(
        database, open_book(database, mode="paper", address="local", account="a", quote="USDT")
    )
    assert (other.sessions(9), other.bookings(), other.moves(), other.session("s1")) == ((), (), (), None)
    assert other.candles("BTCUSDT", CandleInterval.M1, T0, before=9, after=9) == ()
    assert source.session("s1") is not None
