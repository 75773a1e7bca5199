from decimal import Decimal

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.ledger import SqlLedger
from tests.integration.storage.samples import T0


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
