"""Order lists, cancels and cancelReplace in the journal."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from binance_trade_agent.domain.decisions import Outcome, Reason
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.orders import CancelStatus, OrderStatus, Purpose, Side
from binance_trade_agent.storage import models
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    cancel,
    cycle_start,
    decision,
    exchange_order,
    fill,
    gate,
    intent,
    order_list,
    report,
    session,
)

S = OrderStatus


@pytest.fixture
def log(database, book):
    SqlSessions(database, book).begin(session())
    made = SqlDecisionLog(database, book)
    made.open_cycle(cycle_start(), "s1")
    return made


@pytest.fixture
def journal(database, book, log):
    return SqlOrderJournal(database, book)


@pytest.fixture
def reads(database, book):
    return SqlReadModels(database, book)


@pytest.fixture
def placed(journal):
    """An OCO whose legs the exchange holds open, as orders 11 and 12."""
    oco = order_list()
    journal.write_list(oco, decision("d1"), "c1")
    journal.record_all([_report(leg, S.OPEN, order_id=number) for number, leg in enumerate(oco.legs, 11)])
    return oco


def _report(sent, status, fills=(), **more):
    return exchange_order(sent, status, fills, **more)


def _list_state(database, oco):
    with database.read() as transaction:
        query = select(models.OrderList).filter_by(client_list_id=oco.client_list_id)
        row = transaction.scalars(query).one()
        return row.status, row.reason


def test_a_list_is_stored_with_both_legs_and_leaves_its_decision_as_it_is(journal, reads, database):
    oco = order_list()
    journal.write_list(oco, decision("d1"), "c1")
    assert {row.intent for row in journal.unfinished()} == set(oco.legs)
    assert journal.get(oco.target.client_order_id).intent == oco.target
    assert _list_state(database, oco) == ("INTENT", "")
    (row,) = reads.decisions()
    assert (row.outcome, row.client_order_id, reads.status().decisions) == ("held", None, 1)
    shown = {order.purpose: order for order in reads.orders()}
    assert (shown["stop"].stop_price, shown["target"].price) == (Decimal("49000.01"), Decimal(52000))
    assert {order.client_list_id for order in shown.values()} == {oco.client_list_id}


@pytest.mark.parametrize(
    ("stop", "target", "whole"),
    [
        (S.OPEN, None, "EXECUTING"),
        (S.OPEN, S.OPEN, "EXECUTING"),
        (S.EXPIRED, S.PARTIALLY_FILLED, "EXECUTING"),
        (S.FILLED, S.EXPIRED, "ALL_DONE"),
        (S.CANCELED, S.CANCELED, "ALL_DONE"),
        (S.REJECTED, S.REJECTED, "REJECTED"),
        (S.NOT_PLACED, S.NOT_PLACED, "NOT_PLACED"),
        (S.UNKNOWN, S.INTENT, "UNKNOWN"),
        (S.UNKNOWN, S.NOT_PLACED, "UNKNOWN"),
        (S.UNKNOWN, S.OPEN, "EXECUTING"),
    ],
)
def test_a_lists_state_follows_from_its_legs(journal, database, stop, target, whole):
    oco = order_list()
    journal.write_list(oco, decision("d1"), "c1")
    marks = {
        S.REJECTED: journal.mark_rejected,
        S.NOT_PLACED: journal.mark_not_placed,
        S.UNKNOWN: journal.mark_unknown,
    }
    for number, (leg, status) in enumerate(zip(oco.legs, (stop, target), strict=True)):
        if status in marks:
            marks[status](leg.client_order_id, "why")
        elif status not in {None, S.INTENT}:
            amount = {S.FILLED: "1", S.PARTIALLY_FILLED: "0.5"}.get(status)
            fills = [fill(number, amount, order_id=number, side=Side.SELL)] if amount else []
            journal.record(leg.client_order_id, _report(leg, status, fills, order_id=number))
    assert _list_state(database, oco)[0] == whole


def test_protection_never_touches_its_decisions_outcome(journal, reads, log, placed):
    for leg in placed.legs:
        journal.mark_unknown(leg.client_order_id, "late")
    filled = [fill(1, "1", order_id=11, side=Side.SELL)]
    journal.record(placed.stop.client_order_id, _report(placed.stop, S.FILLED, filled, order_id=11))
    journal.record(placed.target.client_order_id, _report(placed.target, S.EXPIRED, order_id=12))
    refused = order_list()
    journal.write_list(refused, decision("d2", "ETHUSDT"), "c1")
    journal.mark_rejected(refused.stop.client_order_id, "-2010")
    journal.mark_not_placed(refused.target.client_order_id, "absent")
    assert {row.outcome for row in reads.decisions()} == {"held"}
    assert log.last_entry_candles() == {}


def test_a_list_and_its_legs_are_one(journal, reads):
    oco, other = order_list(), order_list()
    mixed = replace(oco, stop=other.stop)
    with pytest.raises(StorageError, match="is no leg of"):
        journal.write_list(mixed, decision("d1"), "c1")
    taken = replace(oco, target=replace(oco.target, client_order_id=oco.stop.client_order_id))
    with pytest.raises(StorageError):
        journal.write_list(taken, decision("d1"), "c1")
    assert (reads.decisions(), journal.unfinished()) == ((), ())


def test_reports_recorded_together_are_all_booked_or_none(journal, placed):
    half = [fill(1, "0.5", order_id=12, side=Side.SELL)]
    partial = _report(placed.target, S.PARTIALLY_FILLED, half, order_id=12)
    expired = _report(placed.stop, S.EXPIRED, order_id=11)
    with pytest.raises(KeyError):
        journal.record_all([partial, replace(expired, client_order_id="bta-none")])
    assert journal.get(placed.target.client_order_id).booked == 0
    rows = journal.record_all([partial, expired])
    assert [(row.status, row.booked) for row in rows] == [
        (S.PARTIALLY_FILLED, Decimal("0.5")),
        (S.EXPIRED, 0),
    ]
    assert not rows[0].locks_symbol


def test_an_exit_of_a_decision_that_protected_first_tells_its_outcome(journal, reads, log, placed):
    wanted = decision("d1", gates=(gate(),), reason=Reason("sell", "RSI above 70"))
    sale = intent(side=Side.SELL, purpose=Purpose.EXIT)
    journal.write_intent(sale, wanted, "c1")
    (row,) = reads.decisions()
    assert (row.outcome, row.client_order_id, row.reason_code) == ("unknown", sale.client_order_id, "sell")
    journal.record(sale.client_order_id, _report(sale, S.OPEN, order_id=13))
    log.close_cycle(report(cycle_start(), [replace(wanted, outcome=Outcome.UNKNOWN)]), {})
    (row,) = reads.decisions()
    assert (row.outcome, row.gates, reads.status().decisions) == ("placed", (gate(),), 1)


def test_the_cycles_report_completes_a_decision_that_only_protected(journal, reads, log):
    bare = decision("d1", signal=None, price=None, first_candle=None, last_candle=None)
    journal.write_list(order_list(), bare, "c1")
    final = decision("d1", outcome=Outcome.REFUSED, reason=Reason("cooldown", "too soon"))
    log.close_cycle(report(cycle_start(), [final]), {})
    (row,) = reads.decisions()
    assert (row.outcome, row.reason_code, row.price) == ("refused", "cooldown", final.price)
    assert (row.action, row.client_order_id, log.last_candles()) == ("HOLD", None, {"BTCUSDT": T0})


def test_a_decision_written_with_a_list_outlives_a_kill_as_it_is(journal, reads, log, placed):
    assert log.close_interrupted(T0 + MINUTE) == 1
    assert [(row.id, row.outcome) for row in reads.decisions()] == [("d1", "held")]


def test_a_cancel_is_stored_before_it_is_sent_and_resolved_once(journal, reads, placed):
    wanted = cancel(placed.stop)
    journal.write_cancel(wanted)
    (row,) = journal.unfinished_cancels()
    assert (row.intent, row.status) == (wanted, CancelStatus.INTENT)
    assert journal.mark_cancel(wanted.cancel_id, CancelStatus.UNKNOWN, "timeout").reason == "timeout"
    assert [row.status for row in journal.unfinished_cancels()] == [CancelStatus.UNKNOWN]
    done = journal.mark_cancel(wanted.cancel_id, CancelStatus.DONE, "canceled")
    assert (done.status, done.reason, journal.unfinished_cancels()) == (CancelStatus.DONE, "canceled", ())
    for late in (CancelStatus.UNKNOWN, CancelStatus.REFUSED, CancelStatus.NOT_PLACED):
        assert journal.mark_cancel(wanted.cancel_id, late, "late") == done
    (shown,) = reads.cancels()
    assert (shown.client_order_id, shown.status, shown.reason) == (
        placed.stop.client_order_id,
        "DONE",
        "exit: canceled",
    )
    assert reads.cancels(limit=0) == ()


def test_a_cancel_of_nothing_known_is_refused(journal):
    with pytest.raises(StorageError):
        journal.write_cancel(cancel(intent()))
    with pytest.raises(KeyError):
        journal.mark_cancel("bta-none", CancelStatus.DONE, "")


def test_cancels_come_oldest_first(journal, placed):
    later, earlier = cancel(placed.stop), cancel(placed.target, created_at=T0)
    journal.write_cancel(later)
    journal.write_cancel(earlier)
    assert [row.intent for row in journal.unfinished_cancels()] == [earlier, later]


def test_both_halves_of_a_replacement_are_written_or_none(journal, reads, placed):
    sale = intent(side=Side.SELL, purpose=Purpose.EXIT)
    swap = cancel(placed.stop, replaced_by=sale.client_order_id)
    with pytest.raises(StorageError, match="is not replaced by"):
        journal.write_replacement(replace(swap, replaced_by=None), sale, decision("d2"), "c1")
    with pytest.raises(StorageError):
        journal.write_replacement(
            replace(swap, client_order_id="bta-none"), sale, decision("d2", "ETHUSDT"), "c1"
        )
    assert (journal.find(sale.client_order_id), journal.unfinished_cancels()) == (None, ())
    journal.write_replacement(swap, sale, decision("d1"), "c1")
    assert journal.find(sale.client_order_id).intent == sale
    assert [row.intent for row in journal.unfinished_cancels()] == [swap]
    (row,) = reads.decisions()
    assert (row.outcome, row.client_order_id) == ("unknown", sale.client_order_id)


def test_a_trailing_replacement_leaves_its_decision_alone(journal, reads, placed):
    higher = intent(side=Side.SELL, purpose=Purpose.STOP, stop_price=Decimal(50000))
    swap = cancel(placed.stop, replaced_by=higher.client_order_id)
    journal.write_replacement(swap, higher, decision("d2", "ETHUSDT"), "c1")
    journal.record(higher.client_order_id, _report(higher, S.OPEN, order_id=13))
    row = reads.decisions(symbol="ETHUSDT")[0]
    assert (row.outcome, row.client_order_id) == ("held", None)


def test_the_latest_orders_the_exchange_has_come_newest_first(journal, placed):
    never = intent(side=Side.SELL, purpose=Purpose.EXIT, created_at=T0 + MINUTE)
    journal.write_intent(never, decision("d1"), "c1")
    known = {leg.client_order_id for leg in placed.legs}
    assert {row.intent.client_order_id for row in journal.latest_known(9)} == known
    journal.record(never.client_order_id, _report(never, S.REJECTED, order_id=-1))
    assert {row.intent.client_order_id for row in journal.latest_known(9)} == known
    buy = intent(symbol="ETHUSDT", created_at=T0 + 2 * MINUTE)
    journal.write_intent(buy, decision("d2", "ETHUSDT"), "c1")
    journal.record(buy.client_order_id, _report(buy, S.OPEN, order_id=99))
    assert [row.intent for row in journal.latest_known(1)] == [buy]


def test_a_leg_that_executed_more_than_first_reported_is_open_until_it_is_booked(
    journal, placed, database, book
):
    half, rest = (fill(n, "0.5", order_id=11, side=Side.SELL) for n in (1, 2))
    stop = placed.stop.client_order_id
    assert journal.record(stop, _report(placed.stop, S.CANCELED, [half], order_id=11)).status is S.CANCELED
    more = journal.record(stop, _report(placed.stop, S.FILLED, executed="1", order_id=11))
    assert (more.status, more.booked, more.locks_symbol) == (S.PARTIALLY_FILLED, Decimal("0.5"), True)
    assert journal.record(stop, _report(placed.stop, S.FILLED, [half, rest], order_id=11)).status is S.FILLED
    assert SqlLedger(database, book).balances()["USDT"] == 50000


def test_orders_of_a_session_are_of_this_book_and_protection_too(journal, placed):
    assert {row.intent for row in journal.of_session("s1")} == set(placed.legs)
    assert journal.of_session("s2") == ()
