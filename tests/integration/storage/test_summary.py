from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.decisions import (
    CycleKind,
    Decision,
    GateResult,
    Miss,
    Outcome,
    Reason,
    SignalAction,
)
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
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

DAY = timedelta(days=1)


class Story:
    """Cycles one after another, a minute apart; each has one decision a symbol."""

    def __init__(self, database, book):
        SqlSessions(database, book).begin(session())
        self.log = SqlDecisionLog(database, book)
        self.journal = SqlOrderJournal(database, book)
        self.reads = SqlReadModels(database, book)
        self.cycles = 0

    def cycle(self, *decisions: Decision, kind: CycleKind = CycleKind.SCHEDULED, order=None, done=None):
        """A cycle with these decisions; the first leads to `order`, of which the exchange says `done`."""
        self.cycles += 1
        at = T0 + self.cycles * MINUTE
        made = [
            replace(each, id=f"d{self.cycles}-{each.symbol}", decided_at=at + timedelta(seconds=place))
            for place, each in enumerate(decisions)
        ]
        start = cycle_start(f"c{self.cycles}", self.cycles, [each.symbol for each in made])
        start = replace(start, kind=kind)
        self.log.open_cycle(start, "s1")
        if order is not None:
            order = replace(order, created_at=at + timedelta(seconds=2), symbol=made[0].symbol)
            self.journal.write_intent(order, made[0], start.id)
            if done is not None:
                status, fills = done
                self.journal.record(
                    order.client_order_id, exchange_order(order, status, fills, order_id=self.cycles)
                )
        self.log.close_cycle(report(start, made), {})
        return order

    def summary(self, since=T0, until=T0 + DAY, symbol=None):
        return self.reads.summary(since=since, until=until, symbol=symbol)


@pytest.fixture
def story(database, book):
    return Story(database, book)


def held(symbol="BTCUSDT", *, code="hold", miss=None, text="nothing to do"):
    return decision("", symbol, reason=Reason(code, text), nearest_miss=miss)


def refused(symbol="BTCUSDT", *blocking):
    gates = tuple(GateResult(name, name not in blocking, "1", "2", name) for name in ("spread", "cooldown"))
    made = decision(
        "", symbol, outcome=Outcome.REFUSED, reason=Reason(blocking[0], f"{blocking[0]}!"), gates=gates
    )
    return replace(made, signal=replace(made.signal, action=SignalAction.BUY))


def test_a_book_without_decisions_has_an_empty_summary(story):
    summary = story.summary()
    assert (summary.cycles, summary.counts, summary.sent, summary.filled) == (0, (), 0, 0)
    assert (summary.latest, summary.latest_blocked, summary.orders) == ({}, {}, ())


def test_decisions_that_ended_alike_are_counted_together(story):
    story.cycle(held(miss=Miss("RSI 40", 0.10)), held("ETHUSDT", text="first"))
    story.cycle(held(miss=Miss("RSI 31", 0.01)), held("ETHUSDT", text="last"))
    story.cycle(held(miss=Miss("RSI 35", 0.05)), refused("ETHUSDT", "cooldown"))
    story.cycle(held(), held("ETHUSDT", code="veto"))
    summary = story.summary()
    assert summary.cycles == 4
    found = {(row.symbol, row.action, row.outcome, row.code, row.gate): row for row in summary.counts}
    assert {key: row.count for key, row in found.items()} == {
        ("BTCUSDT", "HOLD", "held", "hold", None): 4,
        ("ETHUSDT", "HOLD", "held", "hold", None): 2,
        ("ETHUSDT", "HOLD", "held", "veto", None): 1,
        ("ETHUSDT", "BUY", "refused", "cooldown", "cooldown"): 1,
    }
    bitcoin = summary.counts[0]
    assert (bitcoin.nearest, bitcoin.nearest_text, bitcoin.nearest_at) == (0.01, "RSI 31", T0 + 2 * MINUTE)
    assert (bitcoin.first_at, bitcoin.last_at) == (T0 + MINUTE, T0 + 4 * MINUTE)
    ether = found["ETHUSDT", "HOLD", "held", "hold", None]
    assert (ether.text, ether.nearest, ether.nearest_text, ether.nearest_at) == ("last", None, None, None)


def test_of_misses_as_near_the_last_is_told(story):
    for text in ("first", "last"):
        story.cycle(held(miss=Miss(text, 0.0)))
    story.cycle(held(miss=Miss("farther", 0.5)))
    assert story.summary().counts[0].nearest_text == "last"


def test_the_nearest_of_each_group_is_its_own(story):
    """Groups that differ in what may be NULL only: as near as each other's nearest, or nearer."""
    nearer = replace(refused("BTCUSDT", "spread"), reason=Reason("x", ""), nearest_miss=Miss("nearer", 0.1))
    story.cycle(replace(nearer, nearest_miss=Miss("far", 0.3)))
    story.cycle(replace(nearer, gates=(gate(False),), nearest_miss=Miss("of this gate", 0.3)))
    story.cycle(nearer)
    assert {row.gate: (row.nearest, row.nearest_text) for row in story.summary().counts} == {
        "spread": (0.1, "nearer"),
        "free_balance": (0.3, "of this gate"),
    }


def test_the_first_gate_that_blocked_tells_groups_apart_and_the_newest_is_shown_with_all(story):
    story.cycle(refused("BTCUSDT", "spread", "cooldown"))
    story.cycle(refused("BTCUSDT", "cooldown"))
    story.cycle(held())
    summary = story.summary()
    assert {row.gate: row.count for row in summary.counts} == {"spread": 1, "cooldown": 1, None: 1}
    assert summary.latest["BTCUSDT"].id == "d3-BTCUSDT"
    blocked = summary.latest_blocked["BTCUSDT"]
    assert (blocked.id, blocked.cycle_number) == ("d2-BTCUSDT", 2)
    assert [(each.gate, each.passed) for each in blocked.gates] == [("spread", True), ("cooldown", False)]


def test_only_the_asked_span_and_symbol_are_counted(story):
    for _ in range(4):
        story.cycle(held(), held("ETHUSDT"))
    summary = story.summary(since=T0 + 2 * MINUTE, until=T0 + 4 * MINUTE, symbol="BTCUSDT")
    assert [(row.symbol, row.count) for row in summary.counts] == [("BTCUSDT", 2)]
    assert (summary.cycles, summary.latest.keys()) == (2, {"BTCUSDT"})
    assert summary.latest["BTCUSDT"].cycle_number == 3


@pytest.mark.parametrize("kind", [kind for kind in CycleKind if kind is not CycleKind.SCHEDULED])
def test_only_scheduled_cycles_count(story, kind):
    story.cycle(held())
    story.cycle(refused("BTCUSDT", "spread"), kind=kind)
    asked = story.cycle(
        decision(""), kind=kind, order=intent(), done=(OrderStatus.FILLED, [fill(1, "1", order_id=3)])
    )
    story.cycle(decision(""), kind=kind, order=intent(), done=(OrderStatus.EXPIRED, []))
    summary = story.summary()
    assert summary.asked_filled == 1
    assert [order.client_order_id for order in summary.asked] == [asked.client_order_id]
    assert story.summary(symbol="ETHUSDT").asked_filled == 0
    assert (summary.cycles, summary.sent, summary.orders) == (1, 0, ())
    assert [row.count for row in summary.counts] == [1]
    assert summary.latest["BTCUSDT"].cycle_number == 1
    assert summary.latest_blocked == {}


def test_orders_the_exchange_took_are_sent_and_those_that_traded_filled(story):
    traded = story.cycle(
        decision(""), order=intent(), done=(OrderStatus.FILLED, [fill(1, order_id=1), fill(2, order_id=1)])
    )
    partly = story.cycle(
        decision(""),
        order=intent(side=Side.SELL, purpose=Purpose.EXIT),
        done=(OrderStatus.CANCELED, [fill(3, order_id=2, side=Side.SELL)]),
    )
    untraded = story.cycle(decision(""), order=intent(), done=(OrderStatus.EXPIRED, []))
    rejected = story.cycle(decision(""), order=intent(), done=(OrderStatus.REJECTED, []))
    unsent = story.cycle(decision(""), order=intent())
    story.log.open_cycle(cycle_start("c6", 6), "s1")
    story.journal.write_list(replace(order_list(), created_at=T0 + 6 * MINUTE), decision("d6"), "c6")
    summary = story.summary()
    assert (summary.sent, summary.filled, summary.filled_of) == (3, 2, {"BTCUSDT": 2})
    assert [order.client_order_id for order in summary.orders] == [
        sent.client_order_id for sent in (unsent, rejected, untraded, partly, traded)
    ]
    assert summary.orders[-1].executed == Decimal(1)


def test_protection_is_told_in_the_time_in_which_it_traded(story):
    entry = decision("")
    story.log.open_cycle(cycle_start("c9", 9), "s1")
    placed = replace(order_list(), created_at=T0 + MINUTE)
    story.journal.write_list(placed, replace(entry, id="d9"), "c9")
    assert story.summary().protection == ()
    trade = replace(fill(9, "1", side=Side.SELL), traded_at=T0 + 90 * MINUTE)
    done = exchange_order(placed.stop, OrderStatus.FILLED, [trade], order_id=7)
    story.journal.record(placed.stop.client_order_id, done)
    (told,) = story.summary().protection
    assert story.summary().reached == 1
    assert (told.client_order_id, told.purpose) == (placed.stop.client_order_id, "stop")
    assert story.summary(until=T0 + 60 * MINUTE).protection == ()
    assert story.summary(symbol="ETHUSDT").protection == ()


def test_at_most_twenty_stops_are_told_and_all_are_counted(story):
    for number in range(1, 24):
        sold = [replace(fill(number, "1", order_id=number, side=Side.SELL), traded_at=T0 + number * MINUTE)]
        story.cycle(
            decision(""),
            order=intent(side=Side.SELL, purpose=Purpose.STOP),
            done=(OrderStatus.FILLED, sold),
        )
    summary = story.summary()
    assert (summary.reached, len(summary.protection)) == (23, 20)


def test_at_most_twenty_orders_are_told_and_all_are_counted(story):
    for number in range(1, 24):
        story.cycle(
            decision(""), order=intent(), done=(OrderStatus.FILLED, [fill(number, "1", order_id=number)])
        )
    summary = story.summary()
    assert (summary.sent, summary.filled, len(summary.orders)) == (23, 23, 20)
    assert summary.orders[0].created_at > summary.orders[-1].created_at


def test_at_most_twenty_orders_that_were_asked_for_are_told_and_all_are_counted(story):
    for number in range(1, 24):
        done = (OrderStatus.FILLED, [fill(number, "1", order_id=number)])
        story.cycle(decision(""), kind=CycleKind.WORKFLOW, order=intent(), done=done)
    summary = story.summary()
    assert (summary.filled, summary.asked_filled, len(summary.asked)) == (0, 23, 20)
    assert summary.asked[0].created_at > summary.asked[-1].created_at


def test_symbols_decided_on_at_one_instant_are_told_apart(story):
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    for number in (1, 2):
        start = cycle_start(f"c{number}", number, symbols)
        story.log.open_cycle(start, "s1")
        at = T0 + number * MINUTE
        made = [
            replace(held(symbol, text=f"{symbol} {number}"), id=f"{symbol}{number}", decided_at=at)
            for symbol in symbols
        ]
        story.log.close_cycle(report(start, made), {})
    assert {row.symbol: row.text for row in story.summary().counts} == {
        symbol: f"{symbol} 2" for symbol in symbols
    }


def test_summaries_of_books_do_not_mix(story, database):
    story.cycle(held())
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    assert SqlReadModels(database, other).summary(since=T0, until=T0 + DAY).counts == ()


def test_a_no_data_decision_has_no_action(story):
    nothing = decision("", outcome=Outcome.NO_DATA, reason=Reason("unavailable", "no answer"), signal=None)
    story.cycle(nothing)
    (row,) = story.summary().counts
    assert (row.action, row.outcome, row.gate, row.text) == (None, "no_data", None, "no answer")
