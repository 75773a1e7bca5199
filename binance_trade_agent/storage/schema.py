"""Whether a database is at this version's schema, without loading Alembic (11 MB) to find out."""

import os

from sqlalchemy import inspect, text

from binance_trade_agent.domain.errors import DatabaseTooNew
from binance_trade_agent.storage.database import (
    connect_engine,
    parse_url,
    sqlite_path,
    translated_errors,
    unwritable,
)

#: The newest migration in `migrations/versions`; a test compares it with Alembic's own head.
HEAD = "0006"

_VERSION = text("SELECT version_num FROM alembic_version")


def is_current(url: str) -> bool:
    """Whether the database is at `HEAD`; creates nothing. False leaves the question to `migration.migrate`.

    Raises:
        ConfigurationError: the URL is none of ours.
        StorageError: the database cannot be read.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).exists():
        return False
    engine = connect_engine(parsed)
    try:
        with translated_errors(parsed), engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.scalars(_VERSION).all() == [HEAD]
    finally:
        engine.dispose()


def stored_version(url: str) -> str | None:
    """The schema a database has, read without writing; None for an empty one.

    Raises:
        ConfigurationError: the URL is none of ours.
        StorageError: it cannot be read, or is not there.
    """
    parsed = parse_url(url)
    engine = connect_engine(parsed, read_only=True)
    try:
        with translated_errors(parsed), engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.scalars(_VERSION).one_or_none()
    finally:
        engine.dispose()


def check_usable(url: str) -> None:
    """Whether a start could use the database or make it; nothing is made or changed.

    Raises:
        ConfigurationError: the URL is none of ours.
        DatabaseTooNew: a newer version of this program wrote it.
        DatabaseUnwritable: the file or its folder cannot be written.
        StorageError: it cannot be read.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = sqlite_path(parsed)
        folder = next(each for each in path.parents if each.exists())
        present = os.access(folder, os.X_OK, effective_ids=True) and path.exists()
        wanted = (path, folder) if present else (folder,)
        if not all(os.access(each, os.W_OK, effective_ids=True) for each in wanted):
            raise unwritable(path)
        if not present:
            return
    version = stored_version(url)
    if version is not None and version > HEAD:
        raise DatabaseTooNew(
            f"the database {parsed.render_as_string()} was written by a newer version of this program (schema {version};"
            f" this one knows {HEAD}): install that version again, or set DATABASE_URL to another database"
        )
