"""Brings a database to the newest schema, whoever starts first."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import URL

from binance_trade_agent.domain.errors import DatabaseTooNew
from binance_trade_agent.storage.database import (
    MIGRATION_LOCK,
    connect_engine,
    parse_url,
    sqlite_path,
    translated_errors,
    unwritable,
)

#: Beside the package, in a checkout as in the container.
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(url: str) -> None:
    """Upgrade the database to the newest schema; several processes may do so at once, one does the work.

    Raises:
        ConfigurationError: the URL is none of ours.
        DatabaseTooNew: a newer version of this program wrote it.
        DatabaseUnwritable: the file or its folder cannot be written.
        StorageError: the database failed otherwise.
    """
    parsed = parse_url(url)
    engine = connect_engine(parsed)
    try:
        with translated_errors(parsed), _locked(engine, parsed), engine.connect() as connection:
            _upgrade(connection, parsed)
    finally:
        engine.dispose()


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for work on `connection`."""
    config = Config()
    # the value is a template: a percent sign in the path must be doubled
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, url: URL) -> None:
    config = alembic_config(connection)
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_heads()
    connection.rollback()
    unknown = sorted(set(current) - {script.revision for script in scripts.walk_revisions()})
    if unknown:
        raise DatabaseTooNew(
            f"the database {url.render_as_string()} was written by a newer version of this program "
            f"(schema {', '.join(unknown)}; this one knows {', '.join(scripts.get_heads())}): nothing was changed; "
            "install that version again, or set DATABASE_URL to another database"
        )
    if set(current) != set(scripts.get_heads()):
        command.upgrade(config, "head")


@contextmanager
def _locked(engine: Engine, url: URL) -> Iterator[None]:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:namespace, 0)"), {"namespace": MIGRATION_LOCK})
            yield
            connection.execute(
                text("SELECT pg_advisory_unlock(:namespace, 0)"), {"namespace": MIGRATION_LOCK}
            )
        return
    path = sqlite_path(url)
    try:
        lock = os.open(f"{path}.migrate.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(path) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
