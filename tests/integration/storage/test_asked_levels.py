"""Stops and targets that people asked for: they go with the round trip that they were asked for."""

from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.protection import AskedLevels
from binance_trade_agent.domain.records import AskedLevelsRow
from binance_trade_agent.storage.books import next_epoch
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from tests.integration.storage.samples import T0, session
from tests.integration.storage.test_decision_inputs import rules
from tests.integration.storage.test_round_trips import Trader

LEVELS = AskedLevels(Decimal("90.10"), Decimal("120.5"))


@pytest.fixture
def trader(database, book):
    return Trader(database, book)


def ask(trader, levels=LEVELS, symbol="BTCUSDT", at=T0):
    return trader.ledger.ask_levels(symbol, levels, actor="ann (cli)", reason="news", at=at)


def test_what_was_asked_last_holds_and_what_held_before_can_be_restored(trader, database, book):
    trader.buy(1, "2", "100")
    assert ask(trader) is None
    assert trader.ledger.asked_levels() == {"BTCUSDT": LEVELS}
    before = ask(trader, AskedLevels(Decimal(95), None), at=T0 + timedelta(seconds=1))
    assert before == AskedLevelsRow(
        "BTCUSDT", LEVELS.stop_price, LEVELS.target_price, "ann (cli)", "news", T0
    )
    assert trader.ledger.asked_levels() == {"BTCUSDT": AskedLevels(Decimal(95), None)}
    trader.ledger.restore_levels("BTCUSDT", before)
    assert SqlReadModels(database, book).protection_terms(["BTCUSDT"]).asked == (before,)
    trader.ledger.restore_levels("BTCUSDT", None)
    trader.ledger.restore_levels("BTCUSDT", None)
    assert trader.ledger.asked_levels() == {}


def test_levels_that_are_taken_back_are_a_row_until_they_are_removed(trader):
    trader.buy(1, "2", "100")
    ask(trader, AskedLevels())
    assert trader.ledger.asked_levels()["BTCUSDT"].are_taken_back


def test_they_stand_while_the_position_grows_and_shrinks_and_go_with_its_end(trader):
    trader.buy(1, "2", "100")
    trader.buy(2, "2", "100", "ETHUSDT")
    ask(trader)
    ask(trader, symbol="ETHUSDT")
    trader.buy(3, "1", "110")
    trader.sell(4, "1", "120")
    assert trader.ledger.asked_levels()["BTCUSDT"] == LEVELS
    trader.sell(5, "2", "120")
    assert trader.ledger.asked_levels() == {"ETHUSDT": LEVELS}
    trader.buy(6, "2", "100")
    assert trader.ledger.asked_levels() == {"ETHUSDT": LEVELS}


def test_dust_that_is_left_of_a_position_does_not_keep_them(trader):
    trader.buy(1, "2", "100")
    ask(trader)
    trader.sell(2, "1.999", "120")
    assert trader.ledger.asked_levels() == {}


def test_they_go_where_others_sold_what_was_held(trader):
    trader.buy(1, "2", "100")
    ask(trader)
    trader.ledger.move_out("BTCUSDT", Decimal(1), T0)
    assert trader.ledger.asked_levels() == {"BTCUSDT": LEVELS}
    trader.ledger.move_out("BTCUSDT", Decimal(1), T0)
    assert trader.ledger.asked_levels() == {}


def test_a_late_fill_that_ends_the_trip_they_were_asked_for_takes_them_along(trader):
    trader.buy(1, "1", "100")
    trader.buy(3, "1", "110")
    ask(trader)
    # it comes in late: the first trip ended before the second purchase
    trader.sell(2, "1", "105")
    assert trader.ledger.trips().open["BTCUSDT"].first_price == 110
    assert trader.ledger.asked_levels() == {}


def test_a_late_fill_within_the_trip_leaves_them(trader):
    trader.buy(2, "1", "100")
    ask(trader)
    trader.buy(1, "1", "110")
    assert trader.ledger.asked_levels() == {"BTCUSDT": LEVELS}


def test_a_new_book_never_sees_them(trader, database, book):
    trader.buy(1, "2", "100")
    ask(trader)
    assert SqlLedger(database, next_epoch(database, book)).asked_levels() == {}
    assert trader.ledger.asked_levels() == {"BTCUSDT": LEVELS}


def test_the_settings_and_ticks_that_levels_come_from_are_read(trader, database, book):
    reads = SqlReadModels(database, book)
    assert (reads.protection_terms(["BTCUSDT"]).ticks, reads.protection_terms([]).asked) == ({}, ())
    trader.log.note_rules([rules(), rules("ETHUSDT")])
    found = reads.protection_terms(["BTCUSDT"])
    assert found.ticks == {"BTCUSDT": rules().tick_size}
    assert found.settings == session().settings
