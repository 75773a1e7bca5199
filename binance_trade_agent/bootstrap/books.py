"""Opens the book that the settings name, with the database at the newest schema."""

import hashlib
import importlib

from binance_trade_agent.domain.records import Book
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.schema import is_current


def open_settings_book(settings: Settings) -> tuple[Database, Book]:
    """The database, migrated, and the book of this mode, exchange and account.

    Raises:
        StorageError: the database cannot be used.
        ConfigurationError: the book exists with another quote currency.
    """
    bring_up_to_date(settings.database_url)
    database = open_database(settings.database_url)
    book = open_book(
        database,
        mode=settings.mode.value,
        # the simulator is this installation's own, on whatever port it stands
        address="local" if settings.uses_simulator else (settings.rest_url or settings.mode.value),
        account=account_fingerprint(settings.api_credentials[0]),
        quote=settings.quote,
    )
    return database, book


def bring_up_to_date(url: str) -> None:
    """Migrate the database if it is not at this version's schema; raises `StorageError`."""
    if not is_current(url):
        # by name: Alembic's memory is paid only by the process that migrates
        importlib.import_module("binance_trade_agent.storage.migration").migrate(url)


def account_fingerprint(api_key: str) -> str:
    """Names an account without giving its key away."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]
