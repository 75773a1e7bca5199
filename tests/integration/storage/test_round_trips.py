from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event

from binance_trade_agent.domain.orders import OrderStatus, Side
from binance_trade_agent.domain.records import Book
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import open_database
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import T0, cycle_start, decision, exchange_order, fill, intent, session

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


class Trader:
    """Sends one order after another; trade ids are given by the test."""

    def __init__(self, database, book):
        SqlSessions(database, book).begin(session())
        SqlDecisionLog(database, book).open_cycle(cycle_start(symbols=SYMBOLS), "s1")
        self.journal = SqlOrderJournal(database, book)
        self.ledger = SqlLedger(database, book)
        self.log = SqlDecisionLog(database, book)
        self.orders = 0

    def trade(self, trade_id, side, quantity, price, symbol="BTCUSDT", **changes):
        self.orders += 1
        self.log.open_cycle(cycle_start(f"o{self.orders}", 1 + self.orders, (symbol,)), "s1")
        sent = intent(side=side, quantity=quantity, symbol=symbol)
        self.journal.write_intent(sent, decision(f"d{self.orders}", symbol), f"o{self.orders}")
        made = fill(
            trade_id,
            quantity,
            price,
            order_id=self.orders,
            side=side,
            symbol=symbol,
            commission="0",
            **changes,
        )
        self.journal.record(
            sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [made], order_id=self.orders)
        )

    def buy(self, trade_id, quantity, price, symbol="BTCUSDT"):
        self.trade(trade_id, Side.BUY, quantity, price, symbol)

    def sell(self, trade_id, quantity, price, symbol="BTCUSDT"):
        self.trade(trade_id, Side.SELL, quantity, price, symbol)


@pytest.fixture
def trader(database, book):
    return Trader(database, book)


def test_a_book_without_fills_has_no_trips(trader):
    assert trader.ledger.trips() == TripBook({}, {})


def test_a_trip_runs_from_the_first_fill_to_the_last(trader):
    trader.buy(1, "1", "100")
    trader.buy(2, "1", "90")
    trip = trader.ledger.trips().open["BTCUSDT"]
    assert (trip.opened_at, trip.first_price, trip.entries, trip.peak) == (
        T0 + timedelta(seconds=1),
        100,
        2,
        2,
    )
    assert (trip.last_entry_price, trip.last_entry_at, trip.last_order_id) == (
        90,
        T0 + timedelta(seconds=2),
        2,
    )
    trader.sell(3, "2", "80")
    trips = trader.ledger.trips()
    assert trips.open == {}
    closed = trips.last_closed["BTCUSDT"]
    assert (closed.realised, closed.exits, closed.closed_at) == (-30, 1, T0 + timedelta(seconds=3))
    assert (trips.streak, trips.last_loss_at) == (1, closed.closed_at)


def test_the_streak_runs_over_symbols_and_ends_at_a_gain(trader):
    for number, (symbol, out) in enumerate(
        (("BTCUSDT", 90), ("ETHUSDT", 110), ("SOLUSDT", 90), ("BTCUSDT", 80))
    ):
        trader.buy(10 * number + 1, "1", "100", symbol)
        trader.sell(10 * number + 2, "1", str(out), symbol)
    trader.buy(100, "1", "100", "ETHUSDT")
    trips = trader.ledger.trips()
    assert (trips.streak, trips.last_loss_at) == (2, T0 + timedelta(seconds=32))
    assert {symbol: trip.realised for symbol, trip in trips.last_closed.items()} == {
        "BTCUSDT": -20,
        "ETHUSDT": 10,
        "SOLUSDT": -10,
    }
    assert list(trips.open) == ["ETHUSDT"]


def test_a_long_streak_is_counted_whole(trader):
    for number in range(1, 47):
        trader.buy(2 * number, "1", "100")
        trader.sell(2 * number + 1, "1", "99")
    assert trader.ledger.trips().streak == 46


def test_a_late_fill_has_the_trips_counted_anew(trader):
    trader.buy(1, "1", "100")
    trader.sell(4, "2", "130")
    trader.buy(5, "1", "120")
    trader.buy(2, "1", "110")
    trips = trader.ledger.trips()
    assert (trips.last_closed["BTCUSDT"].realised, trips.last_closed["BTCUSDT"].entries) == (50, 2)
    assert trips.open["BTCUSDT"].first_price == 120


def test_a_part_moved_away_ends_the_trip_when_nothing_is_left(trader):
    trader.buy(1, "2", "100")
    trader.ledger.move_out("BTCUSDT", Decimal(1), T0 + timedelta(seconds=5))
    assert trader.ledger.trips().open["BTCUSDT"].peak == 2
    trader.ledger.move_out("BTCUSDT", Decimal(1), T0 + timedelta(seconds=6))
    trips = trader.ledger.trips()
    assert trips.open == {}
    assert trips.last_closed["BTCUSDT"].closed_at == T0 + timedelta(seconds=6)
    assert (trips.last_closed["BTCUSDT"].realised, trips.streak) == (0, 0)
    trader.buy(3, "1", "100")
    trader.buy(2, "1", "100")
    assert trader.ledger.trips().open["BTCUSDT"].entries == 2


def test_trips_of_books_do_not_mix(trader, database):
    trader.buy(1, "1", "100")
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    assert SqlLedger(database, other).trips() == TripBook({}, {})
    assert SqlLedger(database, other).mark() == 0


def test_the_mark_rises_with_every_booking(trader):
    marks = [trader.ledger.mark()]

    def rose():
        marks.append(trader.ledger.mark())
        return marks[-1] > marks[-2]

    assert marks == [0]
    trader.buy(1, "1", "100")
    assert rose()
    trader.ledger.book_difference("USDT", Decimal(1), "", T0)
    assert rose()
    # taken for someone else's first: its flows are replaced by our own, which are news too
    trader.ledger.book_foreign([fill(2, "1", "100", order_id=2, commission="0")])
    assert rose()
    trader.buy(2, "1", "100")
    assert rose()
    assert trader.ledger.positions()["BTCUSDT"].quantity == 2
    assert not rose()


def test_trips_are_looked_up_not_looked_through(migrated_file):
    database = open_database(f"sqlite:///{migrated_file}", read_only=True)
    plans = []

    def explain(connection, cursor, statement, parameters, context, many):
        if statement.startswith("SELECT"):
            rows = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(text for *_, text in rows if "round_trips" in text)

    event.listen(database.engine, "before_cursor_execute", explain)
    SqlLedger(database, Book(1, "simulated", "local", "a", 1, "USDT")).trips()
    database.close()
    allowed = ("ix_round_trips_closed", "uq_round_trips_open", "symbol=?")
    assert len(plans) == 4
    assert [plan for plan in plans if not any(name in plan for name in allowed)] == []
