"""What performance figures are read from: three round trips with fees in quote, base and BNB, by hand.

BTCUSDT  bought 1 at 100, fee 0.1 USDT; sold at 110, fee 0.11    110 - 0.11 - 100.1     = 9.79
ETHUSDT  bought 2 at 50, fee 0.01 ETH (0.5); sold 1.99 at 49     97.51 - 100            = -2.49
SOLUSDT  bought 10 at 10, fee 0.001 BNB at 300 (0.3);
         sold at 11, fee 0.001 BNB at 310 (0.31)                 10 - 0.61              = 9.39
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event

from binance_trade_agent.domain.decisions import Reason
from binance_trade_agent.domain.equity_curve import DayDigest
from binance_trade_agent.domain.history_rows import TripFilter
from binance_trade_agent.domain.orders import OrderStatus, Side
from binance_trade_agent.domain.performance import Grouping, measure
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.equity_days import curve_between, digest_finished, points_of
from binance_trade_agent.storage.history import SqlHistory
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.kept_equity import KeptEquity
from binance_trade_agent.storage.performance import SqlPerformance
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    report,
    session,
)

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT")
END = T0 + timedelta(days=3)


class Trader:
    """Cycles with prices and an equity, and orders in them. Times are minutes after T0."""

    def __init__(self, database, book):
        SqlSessions(database, book).begin(session(symbols=SYMBOLS))
        self.log, self.journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
        self.number = 0

    def cycle(self, minute, prices, total, contributed="1000", invested="0"):
        self.number += 1
        start = cycle_start(f"c{self.number}", self.number, tuple(prices))
        at = T0 + minute * MINUTE
        decisions = [
            decision(f"c{self.number}{symbol}", symbol, decided_at=at, price=Decimal(price))
            for symbol, price in prices.items()
        ]
        value = Decimal(invested)
        whole, put_in = Decimal(total), Decimal(contributed)
        equity = Equity(at, "USDT", whole - value, value, whole - put_in, Decimal(0), put_in)
        self.log.open_cycle(start, "s1")
        self.log.close_cycle(report(start, decisions, equity=equity), {})

    def trade(self, minute, symbol, side, quantity, price, fee, asset, **decided_by):
        self.number += 1
        start = cycle_start(f"c{self.number}", self.number, (symbol,))
        self.log.open_cycle(start, "s1")
        at = T0 + minute * MINUTE
        sent = intent(side=side, quantity=quantity, symbol=symbol, created_at=at)
        decided = decision(f"d{self.number}", symbol, decided_at=at, price=None, **decided_by)
        self.journal.write_intent(sent, decided, start.id, {})
        made = fill(
            round(minute * 60),
            quantity,
            price,
            order_id=self.number,
            side=side,
            symbol=symbol,
            commission=fee,
            commission_asset=asset,
        )
        filled = exchange_order(sent, OrderStatus.FILLED, [made], order_id=self.number)
        self.journal.record(sent.client_order_id, filled)


@pytest.fixture
def trader(database, book):
    made = Trader(database, book)
    made.cycle(0, {"BTCUSDT": "100", "ETHUSDT": "50", "SOLUSDT": "10", "BNBUSDT": "300"}, "1000")
    made.trade(1, "BTCUSDT", Side.BUY, "1", "100", "0.1", "USDT")
    made.trade(2, "ETHUSDT", Side.BUY, "2", "50", "0.01", "ETH")
    made.trade(3, "SOLUSDT", Side.BUY, "10", "10", "0.001", "BNB")
    made.cycle(4, {"BNBUSDT": "310"}, "999.4", invested="299.5")
    made.trade(5, "BTCUSDT", Side.SELL, "1", "110", "0.11", "USDT")
    made.trade(6, "ETHUSDT", Side.SELL, "1.99", "49", "0", "USDT")
    made.trade(7, "SOLUSDT", Side.SELL, "10", "11", "0.001", "BNB")
    made.cycle(8, {"BTCUSDT": "120", "ETHUSDT": "45", "SOLUSDT": "10", "BNBUSDT": "330"}, "1017.3")
    return made


def measured(database, book, since=T0, until=END, **changes):
    rows = SqlPerformance(database, book).performance_rows(
        since=since, until=until, symbol=changes.get("symbol")
    )
    return measure(rows, since=since, until=until, **changes)


def test_a_trip_that_a_person_opened_is_no_strategys(trader, database, book):
    asked = replace(
        decision("d").signal, strategy="cli:ann", reasons=(Reason("requested", "BUY was asked for"),)
    )
    trader.trade(10, "BTCUSDT", Side.BUY, "1", "100", "0", "USDT", signal=asked)
    trader.trade(11, "BTCUSDT", Side.SELL, "1", "110", "0", "USDT")
    found = measured(database, book, grouping=Grouping.STRATEGY)
    assert {one.name: one.trips.trips for one in found.slices} == {"combined_default": 3, "by hand": 1}


def test_round_trips_are_net_of_fees_in_any_asset(trader, database, book):
    rows = SqlPerformance(database, book).performance_rows(since=T0, until=END)
    assert {trip.symbol: trip.net for trip in rows.trips} == {
        "BTCUSDT": Decimal("9.79"),
        "ETHUSDT": Decimal("-2.49"),
        "SOLUSDT": Decimal("9.39"),
    }
    assert {trip.strategy for trip in rows.trips} == {"combined_default"}
    trips = measured(database, book).trips
    assert (trips.net, trips.wins, trips.losses, trips.losing_streak) == (Decimal("16.69"), 2, 1, 1)
    assert trips.profit_factor == Decimal("19.18") / Decimal("2.49")


def test_rows_of_round_trips_are_net_of_the_same_fees(trader, database, book):
    rows = SqlHistory(database, book).round_trips(TripFilter(), limit=10, cursor=None).rows
    assert [(row.symbol, row.fees, row.profit) for row in rows] == [
        ("SOLUSDT", Decimal("0.61"), Decimal("9.39")),
        ("ETHUSDT", Decimal("0.5"), Decimal("-2.49")),
        ("BTCUSDT", Decimal("0.21"), Decimal("9.79")),
    ]


def test_a_page_of_round_trips_is_read_in_as_many_queries_as_one_of_them(trader, database, book):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    counts = []
    for limit in (1, 3):
        statements.clear()
        page = SqlHistory(database, book).round_trips(TripFilter(), limit=limit, cursor=None)
        assert [row.exit_price for row in page.rows] == [Decimal(11), Decimal(49), Decimal(110)][:limit]
        counts.append(len([sql for sql in statements if sql.startswith("SELECT")]))
    assert counts == [2, 2]


def test_fees_and_turnover_are_those_of_the_fills(trader, database, book):
    found = measured(database, book)
    assert found.fees == Decimal("0.21") + Decimal("0.5") + Decimal("0.61")
    assert (found.outside_fees, found.unpriced_fees) == (Decimal("0.61"), {})
    assert (found.fills, found.turnover) == (6, 100 + 100 + 100 + 110 + Decimal("97.51") + 110)


def test_profit_is_that_of_the_round_trips(trader, database, book):
    figures = measured(database, book).figures
    assert (figures.profit, figures.realised) == (Decimal("16.69"), Decimal("16.69"))
    # the fees in BNB are taken off the interval in which they were paid
    assert figures.total_return == pytest.approx((999.4 - 0.3) / 1000 * (1017.3 - 0.31) / 999.4 - 1)
    # the first of them is paid on the way down from what was put in
    assert figures.drawdown.amount == Decimal("0.9")
    assert figures.exposure == pytest.approx(299.5 / 999.4 / 2)


def test_buy_and_hold_takes_equal_parts_of_what_was_traded(trader, database, book):
    found = measured(database, book)
    assert found.buy_and_hold == pytest.approx(
        {"BTCUSDT": 0.2, "ETHUSDT": -0.1, "SOLUSDT": 0.0, "BNBUSDT": 0.1}
    )
    assert found.figures.buy_and_hold == pytest.approx(0.05)


def test_one_symbol(trader, database, book):
    found = measured(database, book, symbol="SOLUSDT", grouping=Grouping.DAY)
    assert (found.figures, found.trips.net, found.fees) == (None, Decimal("9.39"), Decimal("0.61"))
    assert (found.turnover, list(found.buy_and_hold)) == (210, ["SOLUSDT"])
    assert [one.trips.net for one in found.slices] == [found.trips.net]


def test_deposits_and_withdrawals_are_no_return(trader, database, book):
    trader.cycle(24 * 60, {}, "1517.3", "1500")
    trader.cycle(24 * 60 + 1, {}, "1365.57", "1500")
    trader.cycle(48 * 60, {}, "865.57", "1000")
    found = measured(database, book, since=T0 + MINUTE * 9, grouping=Grouping.DAY)
    figures = found.figures
    assert figures.total_return == pytest.approx(-0.1)
    assert (figures.put_in, figures.profit) == (0, Decimal("-151.73"))
    assert figures.drawdown.share == pytest.approx(0.1)
    assert figures.drawdown.amount == Decimal("151.73")
    assert figures.begin_at == T0 + 8 * MINUTE
    assert [one.profit for one in found.slices] == [Decimal("-151.73"), 0]


def test_a_time_knows_only_what_happened_in_it(trader, database, book):
    found = measured(database, book, since=T0 + 6.5 * MINUTE, until=T0 + 7.5 * MINUTE)
    assert (found.trips.trips, found.fills, found.figures) == (1, 1, None)
    # the whole trip counts where it closed, with the fee of its entry too
    assert (found.trips.net, found.fees) == (Decimal("9.39"), Decimal("0.31"))


def test_a_fee_without_a_price_is_named_and_left_out(database, book):
    made = Trader(database, book)
    made.cycle(0, {"BTCUSDT": "100"}, "1000")
    made.trade(1, "BTCUSDT", Side.BUY, "1", "100", "0.001", "BNB")
    made.trade(2, "BTCUSDT", Side.SELL, "1", "101", "0.002", "BNB")
    found = measured(database, book)
    assert (found.fees, found.unpriced_fees, found.trips.net) == (0, {"BNB": Decimal("0.003")}, 1)


def test_a_price_of_long_ago_values_no_fee(trader, database, book):
    trader.trade(3 * 24 * 60 - 1, "BTCUSDT", Side.BUY, "1", "100", "0.001", "BNB")
    found = measured(database, book, since=T0 + timedelta(days=1))
    assert found.unpriced_fees == {"BNB": Decimal("0.001")}


def test_fees_that_a_position_paid_are_in_its_cost_already(database, book):
    made = Trader(database, book)
    made.cycle(0, {"BNBUSDT": "300", "SOLUSDT": "10"}, "1000")
    made.trade(1, "BNBUSDT", Side.BUY, "1", "300", "0", "USDT")
    made.trade(2, "SOLUSDT", Side.BUY, "10", "10", "0.01", "BNB")
    found = measured(database, book)
    assert (found.fees, found.outside_fees) == (3, 0)


def test_an_empty_book_and_another_books_rows(trader, database, book):
    other = open_book(database, mode="simulated", address="local", account="b", quote="USDT")
    found = measured(database, other, grouping=Grouping.MONTH)
    assert (found.figures, found.trips.trips, found.fills, found.slices) == (None, 0, 0, ())
    assert (found.buy_and_hold, found.turnover_share) == ({}, None)


def test_the_answer_takes_few_queries_whatever_the_rows(trader, database, book):
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    measured(database, book)
    assert len(statements) < 26


def test_one_reader_tells_at_every_moment_what_a_new_one_tells(database, book):
    reader, made = SqlPerformance(database, book), Trader(database, book)
    prices = {"BTCUSDT": "100", "SOLUSDT": "10", "BNBUSDT": "300"}
    steps = [
        lambda: made.cycle(0, prices, "1000"),
        lambda: made.trade(1, "SOLUSDT", Side.BUY, "10", "10", "0.001", "BNB"),
        # the price of its fee is stored after it
        lambda: made.cycle(1, {"BNBUSDT": "310"}, "999"),
        lambda: made.cycle(2, prices, "1001"),
        lambda: made.trade(3, "SOLUSDT", Side.SELL, "10", "11", "0.001", "BNB"),
        lambda: made.cycle(4, prices, "1009", contributed="1001"),
        lambda: made.cycle(5, prices, "1010"),
    ]
    for minute, step in enumerate(steps):
        step()
        for until in (END, T0 + 3 * MINUTE, T0 + minute * MINUTE):
            for since, symbol in ((T0, None), (T0 + MINUTE, None), (T0, "SOLUSDT")):
                asked = {"since": since, "until": max(until, since), "symbol": symbol}
                fresh = SqlPerformance(database, book).performance_rows(**asked)
                rows = reader.performance_rows(**asked)
                assert rows == fresh
                # the sums that the reader keeps are those of these rows
                for grouping in Grouping:
                    told = measure(rows, **asked, grouping=grouping)
                    assert told == measure(replace(rows, sums=None), **asked, grouping=grouping)


def test_a_snapshot_that_comes_late_is_told_by_who_had_read_its_day(database, book):
    reader, made = SqlPerformance(database, book), Trader(database, book)
    prices, day = {"BTCUSDT": "100"}, 24 * 60
    worth = {0: "1000", 60: "1100", day: "900", day + 60: "1200", 2 * day: "1000", 3 * day: "1300"}
    late = {day + 30: "700", 2 * day + 30: "1500"}
    for minute, equity in (*worth.items(), *late.items()):
        made.cycle(minute, prices, equity)
        for since in (T0, T0 + timedelta(days=1)):
            asked = {"since": since, "until": T0 + timedelta(days=4)}
            fresh = SqlPerformance(database, book).performance_rows(**asked)
            assert reader.performance_rows(**asked) == fresh


def test_days_that_are_gone_through_again_and_again_are_kept_as_far_as_there_is_room(database, book):
    made = Trader(database, book)
    for day in range(7):
        for hour in range(3):
            made.cycle((day * 24 + hour) * 60, {}, "1000")
    with database.write() as transaction:
        digest_finished(transaction, book.id, T0 + timedelta(days=6))
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    kept = KeptEquity(book.id, most_points=10, forgotten_after=8)

    with database.read() as transaction:
        days = [
            each
            for each in curve_between(transaction, book.id, T0 - timedelta(days=1), T0 + timedelta(days=9))
            if isinstance(each, DayDigest)
        ]

        def reads(wanted):
            statements.clear()
            for day in wanted:
                assert kept.points(transaction, day) == list(points_of(transaction, book.id, day))
            return len(statements) - len(wanted)

        assert len(days) == 6
        assert [reads(days) for _ in range(3)] == [6, 3, 3]
        # what nobody asks for any more makes room
        assert [reads(days[3:]) for _ in range(5)][-1] == 0


def test_history_and_performance_may_keep_what_they_read_in_one_place(trader, database, book):
    kept = KeptEquity(book.id)
    together = SqlHistory(database, book, kept).against_holding(T0, END, 9)
    assert together == SqlHistory(database, book).against_holding(T0, END, 9)
    asked = {"since": T0, "until": END}
    rows = SqlPerformance(database, book, kept).performance_rows(**asked)
    assert rows == SqlPerformance(database, book).performance_rows(**asked)


def test_what_was_dealt_is_read_again_only_once_something_was(trader, database, book):
    reader, statements = SqlPerformance(database, book), []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def reads_of_fills():
        statements.clear()
        reader.performance_rows(since=T0, until=END)
        return sum("fills.quote_quantity" in each for each in statements)

    assert [reads_of_fills(), reads_of_fills()] == [1, 0]
    trader.cycle(9, {"BTCUSDT": "121"}, "1018")
    assert reads_of_fills() == 0
    trader.trade(10, "BTCUSDT", Side.BUY, "1", "120", "0.1", "USDT")
    # until a snapshot is newer, prices it quotes may still be stored
    assert [reads_of_fills(), reads_of_fills()] == [1, 1]
    trader.cycle(11, {"BTCUSDT": "121"}, "1018")
    assert [reads_of_fills(), reads_of_fills()] == [1, 0]
