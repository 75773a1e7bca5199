"""Opens the book that the settings name, with the database at the newest schema."""

import hashlib
import importlib

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.records import Book
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.books import find_book, open_book
from binance_trade_agent.storage.database import BUSY_TIMEOUT_S, Database, open_database
from binance_trade_agent.storage.schema import HEAD, is_current, stored_version


def open_settings_book(settings: Settings, busy_timeout_s: float = BUSY_TIMEOUT_S) -> tuple[Database, Book]:
    """The database, migrated, and the book of this mode, exchange and account; `busy_timeout_s` as of `open_database`.

    Raises:
        StorageError: the database cannot be used.
        ConfigurationError: the book exists with another quote currency.
    """
    bring_up_to_date(settings.database_url)
    database = open_database(settings.database_url, busy_timeout_s=busy_timeout_s)
    return database, open_book(database, **_book_key(settings), quote=settings.quote)


def open_book_to_read(settings: Settings) -> tuple[Database, Book]:
    """The same where nothing can be written: neither the schema is changed nor a book made.

    Raises:
        StorageError: it cannot be read, is of another schema, or has no such book; what to do is said.
    """
    version = stored_version(settings.database_url)
    if version != HEAD:
        raise StorageError(
            f"the database has schema {version}, this version reads {HEAD}, and it cannot be brought up to date because it"
            " cannot be written: run `migrate` as the user it belongs to, or copy it to a folder of yours and set"
            " DATABASE_URL to the copy"
        )
    database = open_database(settings.database_url, read_only=True)
    book = find_book(database, **_book_key(settings))
    if book is None:
        database.close()
        raise StorageError(
            f"no {settings.mode.value} trader has run on this database, and it cannot be written"
        )
    return database, book


def _book_key(settings: Settings) -> dict[str, str]:
    return {
        "mode": settings.mode.value,
        # the simulator is this installation's own, on whatever port it stands
        "address": "local" if settings.uses_simulator else (settings.rest_url or settings.mode.value),
        "account": account_fingerprint(settings.api_credentials[0]),
    }


def bring_up_to_date(url: str) -> None:
    """Migrate the database if it is not at this version's schema; raises `StorageError`."""
    if not is_current(url):
        # by name: Alembic's memory is paid only by the process that migrates
        importlib.import_module("binance_trade_agent.storage.migration").migrate(url)


def account_fingerprint(api_key: str) -> str:
    """Names an account without giving its key away."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]
