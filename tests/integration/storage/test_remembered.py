"""What the books remember between two writes of their process."""

from decimal import Decimal

import pytest

from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.remembered import Remembered
from tests.integration.storage.samples import T0


def test_an_answer_is_kept_until_this_process_writes(database: Database) -> None:
    asked: list[int] = []

    def read() -> int:
        asked.append(1)
        return len(asked)

    remembered = Remembered(database, read)
    assert (remembered.get(), remembered.get()) == (1, 1)
    with database.write():
        pass
    assert (remembered.get(), remembered.get()) == (2, 2)


def test_a_write_that_failed_counts_as_one(database: Database, book: Book) -> None:
    ledger = SqlLedger(database, book)
    before = database.generation
    with pytest.raises(KeyError):
        ledger.move_out("BTCUSDT", Decimal(1), T0)
    assert database.generation > before


def test_what_another_process_wrote_is_seen_once_it_is_told_to_forget(database: Database, book: Book) -> None:
    ledger = SqlLedger(database, book)
    assert ledger.balances() == {}
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    SqlLedger(other, book).book_transfer("USDT", Decimal(5), T0, "t1")
    other.close()
    database.forget()
    assert ledger.balances() == {"USDT": Decimal(5)}


def test_an_answer_cannot_be_changed_by_who_asked(database: Database, book: Book) -> None:
    ledger = SqlLedger(database, book)
    ledger.book_transfer("USDT", Decimal(5), T0, "t1")
    ledger.balances().clear()
    assert ledger.balances() == {"USDT": Decimal(5)}
