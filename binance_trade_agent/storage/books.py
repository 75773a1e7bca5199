"""Books: which one a trader works on."""

from datetime import UTC, datetime

from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

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
    # most often there is one, and then nobody who writes for long holds the opening up
    book = find_book(database, mode=mode, address=address, account=account)
    if book is None:
        with database.write() as transaction:
            row = _newest(transaction, mode, address, account)
            if row is None:
                row = _new_row(transaction, mode, address, account, 1, quote)
            book = _book(row)
    if book.quote != quote:
        raise ConfigurationError(
            f"TRADING_SYMBOLS: they trade against {quote}, but the book of this {mode} account is kept in "
            f"{book.quote}; choose symbols in {book.quote}, or set DATABASE_URL to another database"
        )
    return book


def find_book(database: Database, *, mode: str, address: str, account: str) -> Book | None:
    """The newest epoch of the account's book; None if there is none. Nothing is written."""
    with database.read() as transaction:
        row = _newest(transaction, mode, address, account)
        return _book(row) if row else None


def next_epoch(database: Database, book: Book) -> Book:
    """A new book of the same account, the old one kept; the newer epoch if there is one already.

    What a person has set, the run in progress and unsent messages go on in it.
    """
    with database.write() as transaction:
        row = _newest(transaction, book.mode, book.address, book.account)
        if row is not None and row.epoch > book.epoch:
            return _book(row)
        row = _new_row(transaction, book.mode, book.address, book.account, book.epoch + 1, book.quote)
        for model, where in (
            (models.Control, ()),
            (models.Override, ()),
            (models.Session, (models.Session.ended_at.is_(None),)),
        ):
            for kept in transaction.scalars(select(model).filter_by(book_id=book.id).where(*where)):
                transaction.add(_copy(kept, row.id))
        transaction.execute(
            update(models.Message).filter_by(book_id=book.id, sent_at=None).values(book_id=row.id)
        )
        return _book(row)


def is_newest(database: Database, book: Book) -> bool:
    """Whether no newer epoch of the account's book has begun."""
    with database.read() as transaction:
        row = _newest(transaction, book.mode, book.address, book.account)
        return row is None or row.id == book.id


def _newest(transaction: Session, mode: str, address: str, account: str) -> models.Book | None:
    return transaction.scalar(
        select(models.Book)
        .filter_by(mode=mode, address=address, account=account)
        .order_by(models.Book.epoch.desc())
        .limit(1)
    )


def _new_row(
    transaction: Session, mode: str, address: str, account: str, epoch: int, quote: str
) -> models.Book:
    row = models.Book(
        mode=mode,
        address=address,
        account=account,
        epoch=epoch,
        quote=quote,
        created_at=datetime.now(tz=UTC),
    )
    transaction.add(row)
    transaction.flush()
    return row


def _book(row: models.Book) -> Book:
    return Book(row.id, row.mode, row.address, row.account, row.epoch, row.quote)


def _copy(row: models.OfBook, book_id: int) -> models.OfBook:
    values = {column.key: getattr(row, column.key) for column in inspect(row).mapper.column_attrs}
    return type(row)(**values | {"book_id": book_id})
