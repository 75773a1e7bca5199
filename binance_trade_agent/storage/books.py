"""Books: which one a trader works on."""

from datetime import UTC, datetime

from sqlalchemy import select

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database


def open_book(database: Database, *, mode: str, address: str, account: str, quote: str) -> Book:
    """The newest epoch of the account's book, made if there is none.

    Raises:
        ConfigurationError: the book is kept in another quote currency.
        StorageError: the database failed.
    """
    with database.write() as session:
        row = session.scalar(
            select(models.Book)
            .filter_by(mode=mode, address=address, account=account)
            .order_by(models.Book.epoch.desc())
            .limit(1)
        )
        if row is None:
            row = models.Book(
                mode=mode,
                address=address,
                account=account,
                epoch=1,
                quote=quote,
                created_at=datetime.now(tz=UTC),
            )
            session.add(row)
            session.flush()
        book = Book(row.id, row.mode, row.address, row.account, row.epoch, row.quote)
    if book.quote != quote:
        raise ConfigurationError(
            f"TRADING_SYMBOLS: they trade against {quote}, but the book of this {mode} account is kept in "
            f"{book.quote}; choose symbols in {book.quote}, or set DATABASE_URL to another database"
        )
    return book
