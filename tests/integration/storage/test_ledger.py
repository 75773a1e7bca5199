from dataclasses import replace
from decimal import Decimal

import pytest

from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import OrderStatus, OrderType, Side
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    MINUTE,
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    session,
)


def account(**totals: str) -> AccountSnapshot:
    return AccountSnapshot(
        {asset: AssetBalance(asset, Decimal(text), Decimal("0.5")) for asset, text in totals.items()},
        True,
        T0,
    )


@pytest.fixture
def ledger(database, book):
    return SqlLedger(database, book)


def test_a_book_opens_once_with_every_balance(ledger):
    assert not ledger.is_open
    ledger.open_with(account(USDT="1000", BNB="2.00000001"), "USDT", T0)
    assert ledger.is_open
    ledger.open_with(account(USDT="7"), "USDT", T0)
    assert ledger.balances() == {"BNB": Decimal("2.50000001"), "USDT": Decimal("1000.5")}


def test_an_empty_account_opens_a_book_too(ledger):
    ledger.open_with(AccountSnapshot({}, True, T0), "USDT", T0)
    assert ledger.is_open
    assert ledger.balances() == {"USDT": 0}


def test_another_quote_currency_is_refused(ledger):
    with pytest.raises(ConfigurationError):
        ledger.open_with(account(EUR="1"), "EUR", T0)
    assert not ledger.is_open


def test_a_difference_changes_the_balance_and_no_position(ledger):
    ledger.open_with(account(USDT="1000"), "USDT", T0)
    ledger.book_difference("USDT", Decimal("-250.25"), "withdrawal", T0)
    ledger.book_difference("BTC", Decimal("0.1"), "someone else's trade", T0)
    assert ledger.balances() == {"BTC": Decimal("0.1"), "USDT": Decimal("750.25")}
    assert ledger.positions() == {}


def test_books_do_not_mix(ledger, database):
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    ledger.open_with(account(USDT="1000"), "USDT", T0)
    assert not SqlLedger(database, other).is_open
    assert SqlLedger(database, other).balances() == {}


@pytest.fixture
def journal(database, book):
    SqlSessions(database, book).begin(session())
    SqlDecisionLog(database, book).open_cycle(cycle_start(symbols=("BTCUSDT", "BNBUSDT")), "s1")
    return SqlOrderJournal(database, book)


@pytest.fixture
def reads(database, book):
    return SqlReadModels(database, book)


def buy(journal, decision_id, symbol, order_id, fills):
    sent = intent(symbol=symbol, quantity=str(total([one.quantity for one in fills])))
    journal.write_intent(sent, decision(decision_id, symbol), "c1")
    journal.record(sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, fills, order_id=order_id))
    return sent


def test_a_transfer_is_booked_once_by_its_reference(ledger, reads):
    ledger.open_with(account(USDT="1000"), "USDT", T0)
    assert ledger.book_transfer("USDT", Decimal("250.25"), T0, "deposit-1")
    assert not ledger.book_transfer("USDT", Decimal("250.25"), T0, "deposit-1")
    assert ledger.book_transfer("USDT", Decimal(-100), T0 + MINUTE, "withdrawal-1")
    assert ledger.balances() == {"USDT": Decimal("1150.75")}
    assert [(row.kind, row.amount) for row in reads.flows(limit=2)] == [
        ("withdrawal", -100),
        ("deposit", Decimal("250.25")),
    ]
    assert reads.status().contributed == Decimal("1150.75")


def test_a_reference_is_unique_in_its_book_only(ledger, database):
    other = SqlLedger(database, open_book(database, mode="paper", address="local", account="a", quote="USDT"))
    assert ledger.book_transfer("USDT", Decimal(1), T0, "r")
    assert other.book_transfer("USDT", Decimal(2), T0, "r")
    assert (ledger.balances(), other.balances()) == ({"USDT": 1}, {"USDT": 2})


def test_a_trade_of_someone_else_changes_balances_once_and_no_position(ledger, reads):
    trades = [
        fill(1, "0.5", "50000", commission="0.0005", commission_asset="BTC"),
        fill(2, "0.1", "60000", side=Side.SELL, commission="6", commission_asset="USDT"),
        fill(3, "0.1", "60000", side=Side.SELL, commission="0.01", commission_asset="BNB"),
    ]
    assert ledger.book_foreign(trades[:2]) == 2
    assert ledger.book_foreign(trades) == 1
    assert ledger.book_foreign(trades) == 0
    assert ledger.balances() == {
        "BNB": Decimal("-0.01"),
        "BTC": Decimal("0.2995"),
        "USDT": Decimal(-25000 + 5994 + 6000),
    }
    assert ledger.positions() == {}
    assert {row.kind for row in reads.flows()} == {"foreign"}
    assert reads.flows()[0].symbol == "BTCUSDT"
    assert reads.status().contributed == ledger.balances()["USDT"]


def test_a_trade_in_another_currency_is_left_to_the_comparison(ledger):
    assert ledger.book_foreign([fill(1, symbol="ETHBTC"), fill(2, symbol="USDT")]) == 0
    assert ledger.balances() == {}


def test_a_trade_of_a_journalled_order_is_never_someone_elses(ledger, journal):
    trade = fill(1, "1")
    buy(journal, "d1", "BTCUSDT", 7, [trade])
    before = ledger.balances()
    assert ledger.book_foreign([trade, fill(2, "0.25")]) == 0
    with pytest.raises(StorageError, match="not for order 8"):
        ledger.book_foreign([fill(3, order_id=9), replace(trade, exchange_order_id=8)])
    assert ledger.balances() == before


def test_a_trade_taken_for_someone_elses_becomes_ours_when_its_order_is_known(ledger, journal, reads):
    trades = [fill(1, commission_asset="BNB", commission="0.01"), fill(2)]
    assert ledger.book_foreign(trades) == 2
    buy(journal, "d1", "BTCUSDT", 7, trades)
    assert reads.flows() == ()
    assert ledger.balances() == {"BNB": Decimal("-0.01"), "BTC": Decimal("0.9995"), "USDT": -50000}
    assert ledger.positions()["BTCUSDT"].quantity == Decimal("0.9995")
    assert ledger.book_foreign(trades) == 0


def test_the_last_agreement_is_kept(ledger, database, book):
    assert ledger.last_comparison() is None
    ledger.agreed(T0 + MINUTE)
    ledger.agreed(T0)
    assert SqlLedger(database, book).last_comparison() == T0 + MINUTE


def test_the_list_of_foreign_orders_is_what_was_last_seen(ledger, reads):
    def seen(order_id, executed="0"):
        sent = intent(f"web_{order_id}", side=Side.SELL)
        order = exchange_order(sent, OrderStatus.OPEN, executed=executed, order_id=order_id)
        return replace(order, order_type=OrderType.LIMIT, price=Decimal("70000.10"))

    ledger.note_foreign_orders([seen(2), seen(1)], T0)
    ledger.note_foreign_orders([seen(2, "0.5"), seen(3)], T0 + MINUTE)
    assert [(row.exchange_order_id, row.executed, row.seen_at) for row in reads.foreign_orders()] == [
        (2, Decimal("0.5"), T0),
        (3, 0, T0 + MINUTE),
    ]
    (first, _) = reads.foreign_orders()
    assert (first.client_order_id, first.order_type, first.price) == ("web_2", "LIMIT", Decimal("70000.1"))
    ledger.note_foreign_orders([], T0)
    assert reads.foreign_orders() == ()


BNB_BOUGHT = fill(1, "2", "600", order_id=1, symbol="BNBUSDT", commission="0")
FEE_IN_BNB = fill(1, "1", "50000", order_id=2, commission="0.5", commission_asset="BNB")


def test_fees_in_a_held_asset_fall_on_its_position(ledger, journal):
    ledger.open_with(account(USDT="100000"), "USDT", T0)
    buy(journal, "d1", "BNBUSDT", 1, [BNB_BOUGHT])
    buy(journal, "d2", "BTCUSDT", 2, [FEE_IN_BNB])
    position = ledger.positions()["BNBUSDT"]
    assert position.quantity == ledger.balances()["BNB"] == Decimal("1.5")
    assert (position.cost, position.realised, position.fees_quote) == (900, -300, 300)


def test_coins_that_are_not_ours_pay_fees_first(ledger, journal):
    ledger.open_with(account(USDT="100000"), "USDT", T0)
    ledger.book_transfer("BNB", Decimal("0.4"), T0, "deposit")
    buy(journal, "d1", "BNBUSDT", 1, [BNB_BOUGHT])
    buy(journal, "d2", "BTCUSDT", 2, [FEE_IN_BNB])
    assert ledger.positions()["BNBUSDT"].quantity == ledger.balances()["BNB"] == Decimal("1.9")
    ledger.book_transfer("BNB", Decimal("0.1"), T0, "more")
    assert ledger.positions()["BNBUSDT"].quantity == 2


def test_a_position_that_fees_ate_up_is_flat(ledger, journal):
    buy(journal, "d1", "BNBUSDT", 1, [BNB_BOUGHT])
    buy(journal, "d2", "BTCUSDT", 2, [replace(FEE_IN_BNB, commission=Decimal(3))])
    position = ledger.positions()["BNBUSDT"]
    assert (position.quantity, position.cost, position.realised, position.opened_at) == (0, 0, -1200, None)


def test_what_a_person_took_away_is_no_fee(ledger, journal):
    ledger.open_with(account(USDT="100000"), "USDT", T0)
    buy(journal, "d1", "BNBUSDT", 1, [BNB_BOUGHT])
    ledger.book_transfer("BNB", Decimal(-2), T0, "withdrawal")
    position = ledger.positions()["BNBUSDT"]
    assert (position.quantity, position.realised) == (2, 0)
