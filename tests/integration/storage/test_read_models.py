import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event, text

from binance_trade_agent.domain.decisions import CycleKind, Outcome
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    T0,
    cycle_start,
    decision,
    equity,
    exchange_order,
    fill,
    intent,
    report,
    session,
)

CYCLES = 4


@pytest.fixture
def reads(database, book):
    """Four cycles of two symbols; BTCUSDT buys in each, the last time without an answer."""
    SqlSessions(database, book).begin(session())
    log, journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
    for number in range(1, CYCLES + 1):
        start = cycle_start(f"c{number}", number, ("BTCUSDT", "ETHUSDT"))
        at = start.started_at
        log.open_cycle(start, "s1")
        bought = decision(f"b{number}", outcome=Outcome.UNKNOWN, decided_at=at)
        sent = intent(f"bta-r{number}", created_at=at)
        journal.write_intent(sent, bought, start.id)
        if number < CYCLES:
            filled = exchange_order(
                sent, OrderStatus.FILLED, [fill(number, "1", order_id=number)], order_id=number
            )
            journal.record(sent.client_order_id, filled)
        held = decision(f"e{number}", "ETHUSDT", decided_at=at + timedelta(milliseconds=1))
        log.close_cycle(report(start, [bought, held], equity=equity(number, str(1000 + number))), {})
    return SqlReadModels(database, book)


def test_the_status_has_everything_of_one_moment(reads, book, database):
    status = reads.status()
    assert (status.book, status.session, status.cycles, status.decisions) == (book, session(), 4, 8)
    assert status.unscheduled_decisions == 0
    assert status.control == SqlControlState(database, book).read()
    assert status.last_cycle == reads.cycles(limit=1)[0]
    assert status.orders_by_status == {"FILLED": 3, "INTENT": 1}
    assert [order.client_order_id for order in status.unresolved] == ["bta-r4"]
    assert status.equity.cash == 1004
    assert (status.heartbeats, status.incidents, status.failed_starts) == ((), (), 0)


def test_what_came_between_two_ticks_is_counted_apart(reads, book, database):
    log = SqlDecisionLog(database, book)
    start = replace(cycle_start("c5", 5, ("BTCUSDT",)), kind=CycleKind.WORKFLOW)
    log.open_cycle(start, "s1")
    log.close_cycle(report(start, [decision("w5", decided_at=start.started_at)]), {})
    status = reads.status()
    assert (status.cycles, status.decisions, status.unscheduled_decisions) == (5, 9, 1)


def test_an_empty_book_has_a_status_too(database):
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    status = SqlReadModels(database, other).status()
    assert (status.session, status.last_cycle, status.equity, status.contributed) == (None,) * 4
    assert (status.cycles, status.decisions, status.orders_by_status, status.unresolved) == (0, 0, {}, ())


def test_lists_come_newest_first_and_equity_rises(reads):
    assert [row.number for row in reads.cycles()] == [4, 3, 2, 1]
    assert [row.client_order_id for row in reads.orders(limit=2)] == ["bta-r4", "bta-r3"]
    assert [row.trade_id for row in reads.fills()] == [3, 2, 1]
    assert [row.id for row in reads.decisions(limit=3)] == ["e4", "b4", "e3"]
    assert [row.cycle_number for row in reads.decisions(limit=3)] == [4, 4, 3]
    assert [row.cash for row in reads.equity(limit=2)] == [1003, 1004]
    assert reads.orders(limit=0) == reads.orders(limit=-1) == ()


def test_the_last_price_is_that_of_the_newest_decision_with_one(reads, database, book):
    log = SqlDecisionLog(database, book)
    for number, price in ((5, Decimal("101.5")), (6, None), (7, None)):
        start = cycle_start(f"c{number}", number, ("ETHUSDT",))
        log.open_cycle(start, "s1")
        seen = decision(f"e{number}", "ETHUSDT", decided_at=start.started_at, price=price)
        log.close_cycle(report(start, [seen]), {})
    assert reads.last_price("ETHUSDT") == Decimal("101.5")
    assert reads.last_price("XRPUSDT") is None


def test_lists_can_be_narrowed(reads):
    assert [row.id for row in reads.decisions(symbol="ETHUSDT", limit=2)] == ["e4", "e3"]
    assert [row.id for row in reads.decisions(outcome="unknown")] == ["b4"]
    assert [row.id for row in reads.decisions(symbol="BTCUSDT", outcome="placed")] == ["b3", "b2", "b1"]
    assert reads.decisions(symbol="ETHUSDT", outcome="placed") == ()
    assert reads.orders(symbol="ETHUSDT") == reads.fills(symbol="ETHUSDT") == ()
    assert len(reads.orders(symbol="BTCUSDT")) == 4


def test_positions_and_balances_are_the_ledgers(reads, book):
    (position,) = reads.positions()
    assert (position.symbol, position.cost) == ("BTCUSDT", 150000)
    assert reads.balances()["BTC"] == position.quantity
    assert reads.book() == book


def test_a_status_looks_through_no_index_of_all_decisions(reads, database):
    if database.engine.dialect.name != "sqlite":
        pytest.skip("the plan of SQLite")
    seen = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cur, sql, args, *_: seen.append((sql, args))
    )
    reads.status()
    of_decisions = [(sql, args) for sql, args in seen if "FROM decisions" in sql]
    assert of_decisions
    with database.engine.connect() as connection:
        for sql, args in of_decisions:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", args).all())
            assert "ix_decisions_unscheduled" in plan, plan


def test_no_read_of_a_large_table_scans_or_sorts_it(reads, database, book):
    """Each list must come out of an index: a year has 2.6 million decisions."""
    explain = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    journal, ledger = SqlOrderJournal(database, book), SqlLedger(database, book)
    seen = []
    event.listen(
        database.engine, "before_cursor_execute", lambda _c, _cur, sql, args, *_: seen.append((sql, args))
    )
    reads.status()
    for symbol in (None, "BTCUSDT"):
        reads.orders(symbol=symbol)
        reads.fills(symbol=symbol)
        for outcome in (None, "held"):
            reads.decisions(symbol=symbol, outcome=outcome)
    reads.cycles()
    reads.equity()
    reads.cancels()
    reads.flows()
    reads.foreign_orders()
    journal.unfinished()
    journal.unfinished_cancels()
    journal.latest_known(20)
    journal.find("bta-r1")
    ledger.book_foreign([fill(99, order_id=99)])
    ledger.book_transfer("USDT", Decimal(1), T0, "reference")
    plans = {}
    with database.read() as transaction:
        if explain == "EXPLAIN":
            # small tables would be scanned whatever their indexes
            for habit in ("seqscan", "bitmapscan", "sort"):
                transaction.execute(text(f"SET LOCAL enable_{habit} = off"))
        for sql, args in [query for query in seen if query[0].startswith("SELECT")]:
            rows = transaction.connection().exec_driver_sql(f"{explain} {sql}", args).all()
            plans[sql] = " / ".join(row[-1] for row in rows)
    assert len(plans) >= 15
    slow = {sql: plan for sql, plan in plans.items() if re.search(r"SCAN|TEMP B-TREE|Seq Scan|Sort", plan)}
    assert {re.search(r"FROM (\w+)", sql)[1] for sql in slow} <= {"incidents"}


def test_a_decision_is_looked_up_by_the_beginning_of_its_id(reads, database):
    plans = []

    def explain(connection, cursor, statement, parameters, context, many):
        if "LIKE" in statement and database.engine.dialect.name == "sqlite":
            plans.extend(row[-1] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(database.engine, "before_cursor_execute", explain)
    found = reads.decision("b1")
    assert found is not None
    assert found.id == "b1"
    assert reads.decision("3f2a") is None
    assert reads.decisions_with(("b1", "b", "3f2a")) == {"b1": found}
    assert reads.decisions_with(()) == {}
    assert all("id>? AND id<?" in plan for plan in plans)
    assert len(plans) == (database.engine.dialect.name == "sqlite")


def test_the_status_counts_as_put_in_what_no_trade_of_ours_made(reads, database, book):
    ledger = SqlLedger(database, book)
    ledger.book_transfer("USDT", Decimal(1000), T0, "in")
    ledger.book_transfer("BNB", Decimal(5), T0, "bnb")
    ledger.book_foreign([fill(99, "1", "10.5", order_id=99, commission="0.1", commission_asset="USDT")])
    ledger.book_difference("USDT", Decimal("-0.25"), "nothing explains it", T0)
    assert reads.status().contributed == Decimal(1000) - Decimal("10.6") - Decimal("0.25")
