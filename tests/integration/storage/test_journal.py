import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    session,
)


@pytest.fixture
def journal(database, book):
    SqlSessions(database, book).begin(session())
    SqlDecisionLog(database, book).open_cycle(cycle_start(symbols=("BTCUSDT", "ETHUSDT")), "s1")
    return SqlOrderJournal(database, book)


@pytest.fixture
def sent(journal):
    order = intent()
    journal.write_intent(order, decision("d1", outcome=Outcome.PLACED), "c1")
    return order


@pytest.fixture
def reads(database, book):
    return SqlReadModels(database, book)


def outcome(reads):
    (row,) = reads.decisions()
    return row.outcome, row.reason_code


def test_an_intent_is_stored_with_its_decision_before_anything_is_known(journal, sent, reads):
    row = journal.get(sent.client_order_id)
    assert row.intent == sent
    assert (row.status, row.decision_id, row.executed) == (OrderStatus.INTENT, "d1", 0)
    assert journal.unfinished() == (row,)
    assert outcome(reads) == ("unknown", "hold")
    assert reads.decisions()[0].client_order_id == sent.client_order_id


def test_an_unknown_id_is_a_key_error(journal):
    for act in (
        journal.get,
        lambda cid: journal.mark_unknown(cid, ""),
        lambda cid: journal.mark_rejected(cid, ""),
    ):
        with pytest.raises(KeyError):
            act("bta-none")
    with pytest.raises(KeyError):
        journal.record("bta-none", exchange_order(intent(), OrderStatus.OPEN))


def test_a_decision_orders_once_for_a_purpose(journal, sent, reads):
    with pytest.raises(StorageError):
        journal.write_intent(intent(), decision("d1"), "c1")
    journal.write_intent(intent(purpose=Purpose.EXIT, side=Side.SELL), decision("d1"), "c1")
    assert [row.purpose for row in reads.orders()].count("entry") == 1
    assert reads.status().decisions == 1


def test_a_client_order_id_serves_once_and_a_refused_intent_leaves_no_decision(journal, sent, reads):
    with pytest.raises(StorageError):
        journal.write_intent(intent(sent.client_order_id), decision("d2", "ETHUSDT"), "c1")
    assert [row.id for row in reads.decisions()] == ["d1"]
    assert reads.status().decisions == 1


def test_a_symbol_of_another_currency_is_refused(journal):
    with pytest.raises(StorageError, match="not traded in USDT"):
        journal.write_intent(intent(symbol="BTCEUR"), decision("d2", "BTCEUR"), "c1")


def test_a_filled_order_books_fills_position_and_flows(journal, sent, reads, database, book):
    fills = [fill(1), fill(2, price="50010")]
    row = journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, fills))
    assert (row.status, row.executed, row.quote_executed) == (OrderStatus.FILLED, 1, 50005)
    assert journal.unfinished() == ()
    assert outcome(reads) == ("placed", "hold")
    ledger = SqlLedger(database, book)
    assert ledger.balances() == {"BTC": Decimal("0.999"), "USDT": Decimal(-50005)}
    position = ledger.positions()["BTCUSDT"]
    assert (position.quantity, position.cost) == (Decimal("0.999"), 50005)
    assert [row.trade_id for row in reads.fills()] == [2, 1]
    assert SqlDecisionLog(database, book).last_entry_candles() == {"BTCUSDT": T0}
    assert journal.symbols_seen() == {"BTCUSDT"}


def test_news_heard_twice_changes_nothing(journal, sent, database, book):
    order = exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)])
    first = journal.record(sent.client_order_id, order)
    balances = SqlLedger(database, book).balances()
    assert journal.record(sent.client_order_id, order) == first
    assert SqlLedger(database, book).balances() == balances


@pytest.mark.parametrize("final", [OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_an_order_is_not_finished_before_its_fills_are_booked(journal, sent, final):
    executed = "1" if final is OrderStatus.FILLED else "0.75"
    last = fill(2, "0.5" if final is OrderStatus.FILLED else "0.25")
    row = journal.record(sent.client_order_id, exchange_order(sent, final, executed=executed))
    assert row.status is OrderStatus.OPEN
    assert (row.booked, row.reserved_quote) == (0, sent.quantity * sent.reference_price)
    row = journal.record(sent.client_order_id, exchange_order(sent, final, [fill(1)], executed=executed))
    assert row.status is OrderStatus.PARTIALLY_FILLED
    assert (row.booked, row.reserved_quote) == (Decimal("0.5"), sent.reference_price / 2)
    assert row.reason == f"{final} at the exchange; fills of 0.5 of {executed} are booked"
    assert journal.unfinished() == (row,)
    late = exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [last])
    assert journal.record(sent.client_order_id, late).status is final
    assert journal.unfinished() == ()


def test_a_late_answer_does_not_undo_a_later_one(journal, sent):
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)]))
    row = journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.OPEN))
    assert (row.status, row.executed) == (OrderStatus.FILLED, 1)
    assert journal.mark_unknown(sent.client_order_id, "timeout").status is OrderStatus.FILLED


def test_all_orders_of_news_end_the_same(database, book, journal):
    ends = []
    for number, order in enumerate(itertools.permutations(range(4))):
        sent = intent()
        number += 1
        journal.write_intent(
            sent, replace(decision(f"p{number}"), symbol="BTCUSDT"), _own_cycle(database, book, number)
        )
        one, two = (fill(1000 * number + i, order_id=number) for i in (1, 2))
        news = (
            exchange_order(sent, OrderStatus.OPEN, order_id=number),
            exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [one], order_id=number),
            exchange_order(sent, OrderStatus.FILLED, executed="1", order_id=number),
            exchange_order(sent, OrderStatus.FILLED, [two, one], order_id=number),
        )
        for index in order:
            row = journal.record(sent.client_order_id, news[index])
        ends.append((row.status, row.executed, row.quote_executed, row.reason))
    assert set(ends) == {(OrderStatus.FILLED, 1, 50000, "")}
    assert SqlLedger(database, book).balances()["USDT"] == -50000 * len(ends)


def _own_cycle(database, book, number):
    SqlDecisionLog(database, book).open_cycle(cycle_start(f"own{number}", number), "s1")
    return f"own{number}"


def test_unknown_rejected_and_not_placed_reach_the_decision(journal, sent, reads):
    assert journal.mark_unknown(sent.client_order_id, "timeout").reason == "timeout"
    assert outcome(reads) == ("unknown", "hold")
    row = journal.mark_not_placed(sent.client_order_id, "absent")
    assert (row.status, row.reason) == (OrderStatus.NOT_PLACED, "absent")
    assert outcome(reads) == ("rejected", "not_placed")
    assert journal.mark_not_placed(sent.client_order_id, "again") == row


def test_a_refusal_reaches_the_decision(journal, sent, reads, database, book):
    row = journal.mark_rejected(sent.client_order_id, "insufficient balance (-2010)")
    assert row.status is OrderStatus.REJECTED
    assert (reads.decisions()[0].reason, outcome(reads)) == (
        "insufficient balance (-2010)",
        ("rejected", "rejected"),
    )
    assert SqlDecisionLog(database, book).last_entry_candles() == {}


def test_an_order_the_exchange_had_cannot_become_absent(journal, sent):
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [fill(1)]))
    for mark in (journal.mark_rejected, journal.mark_not_placed):
        with pytest.raises(StorageError, match=r"PARTIALLY_FILLED with 0\.5 executed"):
            mark(sent.client_order_id, "wrong")
    assert journal.get(sent.client_order_id).status is OrderStatus.PARTIALLY_FILLED


def test_what_the_stream_told_first_stands_against_the_reply(journal, sent, reads):
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.REJECTED, order_id=-1))
    for mark in (journal.mark_rejected, journal.mark_not_placed, journal.mark_unknown):
        assert mark(sent.client_order_id, "late").status is OrderStatus.REJECTED
    assert outcome(reads) == ("rejected", "rejected")
    bought = exchange_order(
        sent, OrderStatus.FILLED, [fill(1, order_id=-1), fill(2, order_id=-1)], order_id=-1
    )
    assert journal.record(sent.client_order_id, bought).status is OrderStatus.FILLED
    with pytest.raises(StorageError, match="FILLED with"):
        journal.mark_rejected(sent.client_order_id, "impossible")


def test_an_order_found_after_all_is_adopted(journal, sent, reads):
    journal.mark_not_placed(sent.client_order_id, "absent")
    row = journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)]))
    assert row.status is OrderStatus.FILLED
    assert outcome(reads) == ("placed", "placed")


def test_a_rejection_reported_by_the_exchange_is_one(journal, sent, reads):
    assert (
        journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.REJECTED)).status
        is OrderStatus.REJECTED
    )
    assert outcome(reads) == ("rejected", "rejected")


def test_news_of_another_order_is_refused_whole(journal, sent, database, book):
    good = exchange_order(sent, OrderStatus.PARTIALLY_FILLED, [fill(1)])
    wrong = (
        replace(good, symbol="ETHUSDT"),
        replace(good, side=Side.SELL),
        replace(good, fills=(fill(1), fill(2, order_id=8))),
        replace(good, fills=(fill(1), fill(2, side=Side.SELL))),
        replace(good, status=OrderStatus.UNKNOWN),
    )
    for order in wrong:
        with pytest.raises(StorageError):
            journal.record(sent.client_order_id, order)
    assert SqlLedger(database, book).balances() == {}
    journal.record(sent.client_order_id, good)
    with pytest.raises(StorageError, match="is order 7, not 8"):
        journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.OPEN, order_id=8))


def test_a_trade_is_booked_for_one_order_only(journal, sent):
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [fill(1), fill(2)]))
    other = intent(purpose=Purpose.EXIT)
    journal.write_intent(other, decision("d1"), "c1")
    with pytest.raises(StorageError, match="is booked for"):
        journal.record(other.client_order_id, exchange_order(other, OrderStatus.OPEN, [fill(1)]))


def test_unfinished_orders_come_oldest_first(journal):
    later = intent(created_at=T0.replace(second=9))
    journal.write_intent(later, decision("d1"), "c1")
    earlier = intent(symbol="ETHUSDT")
    journal.write_intent(earlier, decision("d2", "ETHUSDT"), "c1")
    assert [row.intent for row in journal.unfinished()] == [earlier, later]
