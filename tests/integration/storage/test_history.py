import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from binance_trade_agent.control.history import History
from binance_trade_agent.domain.decisions import GateResult, Outcome, Reason
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.history_rows import (
    AccountBook,
    AssetFlows,
    DecisionFilter,
    OrderFilter,
    TripFilter,
)
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.storage.bans import SqlWeights
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.history import SqlHistory
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.sessions import SqlSessions
from tests.fakes import FakeClock
from tests.integration.storage.samples import (
    T0,
    cancel,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    order_list,
    report,
    session,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Past:
    """Cycles at chosen times."""

    def __init__(self, database, book):
        SqlSessions(database, book).begin(session(symbols=("BTCUSDT",)))
        self.log = SqlDecisionLog(database, book)
        self.journal = SqlOrderJournal(database, book)
        self.reads = SqlHistory(database, book)
        self.history = History(self.reads, FakeClock(T0 + 60 * DAY))
        self.cycles = 0

    def cycle(self, at, *, equity=None, price="100", order=None, fills=(), **changes):
        self.cycles += 1
        made = decision(f"d{self.cycles:04}", **{"price": Decimal(price), **changes, "decided_at": at})
        start = replace(cycle_start(f"c{self.cycles}", self.cycles), started_at=at)
        self.log.open_cycle(start, "s1")
        if order is not None:
            self.journal.write_intent(replace(order, created_at=at), made, start.id)
            done = exchange_order(order, OrderStatus.FILLED, list(fills), order_id=self.cycles)
            self.journal.record(order.client_order_id, done)
        worth = None
        if equity is not None:
            cash = Decimal(equity)
            worth = Equity(at, "USDT", cash, Decimal(0), Decimal(0), Decimal(0), contributed=Decimal(1000))
        self.log.close_cycle(replace(report(start, [made]), equity=worth), {})


@pytest.fixture
def past(database, book):
    return Past(database, book)


def test_pages_of_decisions_follow_one_another_without_a_gap(past):
    for number in range(7):
        past.cycle(T0 + (number // 2) * HOUR)
    pages, cursor = [], None
    while not pages or cursor is not None:
        page = past.history.decisions(DecisionFilter(), limit=3, cursor=cursor)
        pages.append([row.id for row in page.rows])
        cursor = page.cursor
    assert pages == [["d0007", "d0006", "d0005"], ["d0004", "d0003", "d0002"], ["d0001"]]


def test_decisions_are_found_by_what_they_are(past):
    gates = (GateResult("spread", False, "1", "2", "wide"),)
    past.cycle(T0)
    past.cycle(T0 + HOUR, outcome=Outcome.REFUSED, reason=Reason("spread", "wide"), gates=gates)
    past.cycle(T0 + 2 * HOUR, reason=Reason("veto", "no"))

    def found(**wanted):
        return [row.id for row in past.history.decisions(DecisionFilter(**wanted)).rows]

    assert found(gate="spread") == found(reason_code="spread") == found(outcome="refused") == ["d0002"]
    assert found(symbol="BTCUSDT", reason_code="veto") == ["d0003"]
    assert found(since=T0 + HOUR, until=T0 + 2 * HOUR) == ["d0002"]
    assert found(symbol="ETHUSDT") == []
    assert past.history.decisions(DecisionFilter(gate="spread")).rows[0].cycle_number == 2


def test_a_cursor_that_is_none_is_refused(past):
    for cursor in ("", "x", "12", "-d1"):
        with pytest.raises(ConfigurationError, match="cursor"):
            past.history.decisions(DecisionFilter(), cursor=cursor)


def test_orders_and_round_trips_are_told(past):
    bought = [fill(1, "1", order_id=1)]
    past.cycle(T0, order=intent(), fills=bought, reason=Reason("placed", "it crossed up"), signal=None)
    sold = [replace(fill(2, "1", order_id=2, side=Side.SELL), traded_at=bought[0].traded_at + HOUR)]
    leaving = intent(side=Side.SELL, purpose=Purpose.EXIT)
    down = Reason("placed", "it crossed down")
    past.cycle(T0 + HOUR, order=leaving, fills=sold, reason=down, signal=None)
    (order,) = past.history.orders(OrderFilter(symbol="BTCUSDT", status="FILLED", purpose="exit")).rows
    assert order.client_order_id == leaving.client_order_id
    first = past.history.orders(OrderFilter(), limit=1)
    second = past.history.orders(OrderFilter(), limit=1, cursor=first.cursor)
    assert [first.rows[0].purpose, second.rows[0].purpose, second.cursor] == ["exit", "entry", None]
    trips = past.history.round_trips(TripFilter(symbol="BTCUSDT", since=T0))
    (trip,) = trips.rows
    assert (trip.entry_price, trip.exit_price) == (bought[0].price, sold[0].price)
    assert (trip.entry_reason, trip.exit_reason) == ("it crossed up", "it crossed down")
    assert trip.duration == HOUR
    assert (trip.bought, trip.sold) == (bought[0].quantity, sold[0].quantity)
    assert past.history.round_trips(TripFilter(symbol="ETHUSDT")).rows == ()


def test_a_round_trip_says_what_the_strategy_said_and_which_level_ended_it(past):
    bought = [fill(1, "1", order_id=1)]
    said = replace(decision("d").signal, reasons=(Reason("cross", "it crossed up"), Reason("vote", "+1")))
    past.cycle(T0, order=intent(), fills=bought, reason=Reason("placed", "BUY 1: FILLED"), signal=said)
    sold = [replace(fill(2, "1", order_id=2, side=Side.SELL), traded_at=bought[0].traded_at + HOUR)]
    stop = intent(side=Side.SELL, purpose=Purpose.STOP, stop_price=Decimal("95.50"))
    past.cycle(T0 + HOUR, order=stop, fills=sold)
    (trip,) = past.history.round_trips(TripFilter()).rows
    assert (trip.entry_reason, trip.exit_reason) == ("it crossed up", "the stop at 95.5 was reached")


def test_the_account_is_told_beside_the_exchange(past, database, book):
    ledger = SqlLedger(database, book)
    assert past.history.account_book() == AccountBook(None, ())
    ledger.book_difference("USDT", Decimal("-250.25"), "nothing explains it", T0)
    ledger.book_difference("USDT", Decimal("0.1"), "nothing explains it", T0 + HOUR)
    ledger.book_difference("BTC", Decimal("0.3"), "nothing explains it", T0)
    ledger.agreed(T0 + HOUR)
    assert past.history.account_book() == AccountBook(
        T0 + HOUR,
        (
            AssetFlows("BTC", "difference", Decimal("0.3"), 1),
            AssetFlows("USDT", "difference", Decimal("-250.15"), 2),
        ),
    )


def test_the_life_of_an_order_is_told_with_its_legs_fills_and_cancels(past):
    bought = [fill(1, "0.4", order_id=1), fill(2, "0.6", order_id=1)]
    entry, guard, leaving = intent(), order_list(), intent(side=Side.SELL, purpose=Purpose.EXIT)
    past.cycle(T0, order=entry, fills=bought)
    for number in (2, 3):
        past.log.open_cycle(cycle_start(f"c{number}", number), "s1")
    past.journal.write_list(guard, decision("d-guard"), "c2")
    sent = cancel(guard.stop, replaced_by=leaving.client_order_id, created_at=T0)
    past.journal.write_replacement(sent, leaving, decision("d-exit"), "c3")

    life = past.history.order_life(entry.client_order_id)
    assert [row.trade_id for row in life.fills] == [1, 2]
    assert (life.legs, life.cancels, life.replaces) == ((), (), None)
    life = past.history.order_life(guard.target.client_order_id)
    assert [row.client_order_id for row in life.legs] == [guard.stop.client_order_id]
    assert [row.cancel_id for row in life.cancels] == [sent.cancel_id]
    life = past.history.order_life(leaving.client_order_id)
    assert life.replaces == guard.stop.client_order_id
    assert past.history.order_life("bta-nobody") is None


def test_a_curve_loses_no_peak_and_no_trough(past, database, book):
    rng = random.Random(5)
    told = {}
    for number in range(160):
        at = T0 + number * 8 * HOUR
        told[at] = Decimal(rng.randint(500, 1500))
        past.cycle(at, equity=told[at])
    for since, until, points in (
        (T0, T0 + 54 * DAY, 20),
        (T0 + 5 * HOUR, T0 + 50 * DAY, 400),
        (T0 + DAY, T0 + 9 * DAY, 7),
        (T0 - DAY, T0 + 3 * DAY, 1),
    ):
        buckets = past.history.equity_curve(since, until, points)
        within = [amount for at, amount in told.items() if since <= at < until]
        assert len(buckets) <= points + 1
        assert max(bucket.highest.total for bucket in buckets) == max(within)
        assert min(bucket.lowest.total for bucket in buckets) == min(within)
        assert (buckets[0].first.total, buckets[-1].last.total) == (within[0], within[-1])
        assert all(one.last.at < two.first.at for one, two in pairwise(buckets))
        for each in buckets:
            own = [amount for at, amount in told.items() if each.first.at <= at <= each.last.at]
            assert (each.lowest.total, each.highest.total) == (min(own), max(own))
            assert (each.first.total, each.last.total) == (own[0], own[-1])
        beside = SqlHistory(database, book).against_holding(since, until, points)
        assert [point.at for point in beside] == [each.last.at for each in buckets]
    assert past.history.equity_curve(T0 + 100 * DAY, T0 + 200 * DAY) == ()


def test_days_and_holding_are_told_in_quote_currency(past):
    for day, (amount, price) in enumerate([("1000", "100"), ("1100", "150"), ("1050", "120")]):
        past.cycle(T0 + day * DAY, equity=amount, price=price)
    days = past.history.daily_profits("2024-08-05T00:00")
    assert [(one.profit, one.equity) for one in days] == [(0, 1000), (100, 1100), (-50, 1050)]
    points = past.history.against_holding("2024-08-05T00:00")
    assert [(one.equity, one.hold) for one in points] == [(1000, 1000), (1100, 1500), (1050, 1200)]


def test_what_was_read_before_hides_nothing_that_came_since(past, database, book):
    """Reads that keep what they read tell the same as reads that begin: also of a snapshot that came late."""
    rng = random.Random(11)
    hours = [*range(0, 60, 3), 4, 31, *range(60, 900, 20), 70]
    for number, hour in enumerate(hours):
        past.cycle(T0 + hour * HOUR, equity=str(rng.randint(500, 1500)), price=str(rng.randint(50, 150)))
        if number % 6 and hour not in (4, 31, 70):
            continue
        fresh = SqlHistory(database, book)
        for since, until, points in (
            (T0, T0 + 3 * DAY, 12),
            (T0, T0 + 40 * DAY, 9),
            (T0 + 7 * HOUR, T0 + 50 * DAY, 60),
        ):
            assert past.reads.equity_curve(since, until, points) == fresh.equity_curve(since, until, points)
            held = past.reads.against_holding(since, until, points)
            assert held == fresh.against_holding(since, until, points)
            assert past.reads.daily_profits(since, until) == fresh.daily_profits(since, until)


def test_pieces_of_a_growing_time_stay_those_of_before(past):
    for minute in range(0, 600, 5):
        past.cycle(T0 + timedelta(minutes=minute), equity=str(1000 + minute))
    earlier, later = (
        past.history.equity_curve(T0, T0 + timedelta(minutes=minutes), 20) for minutes in (550, 552)
    )
    assert earlier[:-1] == later[: len(earlier) - 1]
    assert 16 <= len(later) <= 20


def test_the_last_snapshot_before_a_moment_is_found(past):
    for hour, amount in enumerate(("1000", "1100", "1050")):
        past.cycle(T0 + hour * HOUR, equity=amount)
    assert past.history.equity_before(T0) is None
    assert past.history.equity_before(T0 + 2 * HOUR).total == 1100
    assert past.history.equity_before(T0 + DAY).at == T0 + 2 * HOUR


def test_an_empty_book_has_no_history(past, database):
    assert past.history.equity_curve(T0, T0 + 60 * DAY) == ()
    assert past.history.against_holding("30d") == past.history.daily_profits("30d") == ()
    assert past.history.decisions(DecisionFilter()).rows == ()


def test_the_database_says_how_large_it_is(past, database):
    past.cycle(T0)
    SqlWeights(database, "local").note(28_000_000, 120)
    size = past.history.size()
    rows = {table.name: table.rows for table in size.tables}
    assert size.size_bytes > 50_000
    assert (rows["decisions"], rows["cycles"], rows["sessions"], rows["fills"]) == (1, 1, 1, 0)
    (use,) = past.history.weights()
    assert (use.address, use.used, use.minute.year) == ("local", 120, 2023)
