"""One database, opened: SQLite by default, PostgreSQL by its URL.

Writers take turns in both: `BEGIN IMMEDIATE` in SQLite, an advisory lock in
PostgreSQL. So what a transaction has read is still true when it writes, and
nothing has to be retried. A read transaction sees one state of the whole database.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session

from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseUnwritable,
    StorageError,
)

BUSY_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 10

#: First half of our PostgreSQL advisory locks; the second is the book, or nothing.
WRITER_LOCK = 0x62746101
LEASE_LOCK = 0x62746102
MIGRATION_LOCK = 0x62746103

_WRITES = {"bta_writes": True}
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:namespace, 0)").bindparams(namespace=WRITER_LOCK)
_ONE_STATE = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


class Database:
    """Gives out transactions; may be shared by threads. Errors of the database leave as `StorageError`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**_WRITES)
        #: Changes whenever what was read before may have become old by a write of this process.
        self.generation = 0

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A writing transaction: committed when the block ends, rolled back when it raises."""
        try:
            with translated_errors(self.engine.url), Session(self._writer) as session, session.begin():
                if self.engine.dialect.name == "postgresql":
                    session.execute(_TAKE_TURN)
                yield session
        finally:
            self.forget()

    def forget(self) -> None:
        """Take nothing that was read before for what holds now: another process may have written."""
        self.generation += 1

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A reading transaction, which sees one state of the database."""
        with translated_errors(self.engine.url), Session(self.engine) as session, session.begin():
            if self.engine.dialect.name == "postgresql":
                session.execute(_ONE_STATE)
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def open_database(url: str, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database that `url` names; a missing SQLite file is created (0600, its folder 0700).

    A writer of SQLite waits `busy_timeout_s` for its turn, then `DatabaseBusy` is raised.

    Relative SQLite paths count from the working directory. The schema is `migrate`'s affair.

    Raises:
        ConfigurationError: the URL is none, or of another kind of database.
        DatabaseUnwritable: the file or its folder cannot be written.
        StorageError: it is to be read only and does not exist.
    """
    return Database(connect_engine(parse_url(url), read_only=read_only, busy_timeout_s=busy_timeout_s))


def parse_url(url: str) -> URL:
    """The URL with our drivers' names; raises `ConfigurationError`."""
    try:
        parsed = make_url(url)
        backend = "postgresql" if parsed.drivername == "postgres" else parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigurationError(
            "DATABASE_URL: not a database URL; allowed: sqlite:///FOLDER/FILE or postgresql://USER@HOST/DATABASE"
        ) from error
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError(f"DATABASE_URL: {backend} is not supported; allowed: sqlite, postgresql")
    if parsed.database in {None, "", ":memory:"}:
        raise ConfigurationError("DATABASE_URL: SQLite needs a file: sqlite:///FOLDER/FILE")
    return parsed.set(drivername="sqlite+pysqlite")


def sqlite_path(url: URL) -> Path:
    """The database's file, absolute."""
    return Path(url.database or "").absolute()


def connect_engine(url: URL, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine whose connections are set up as the module's docstring says; errors as `open_database`."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(sqlite_path(url), read_only, busy_timeout_s)
    options = "-c timezone=utc" + (" -c default_transaction_read_only=on" if read_only else "")
    return create_engine(
        url,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            # a server that fell silent is noticed, not waited for
            "tcp_user_timeout": CONNECT_TIMEOUT_S * 1000,
            "options": options,
        },
        pool_pre_ping=True,
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
    )


@contextmanager
def translated_errors(url: URL) -> Iterator[None]:
    """Lets errors of the database leave as `StorageError`, or as `DatabaseUnwritable` where that is the trouble."""
    where = str(sqlite_path(url)) if url.get_backend_name() == "sqlite" else url.render_as_string()
    try:
        yield
    except DBAPIError as error:
        if "readonly database" in str(error.orig) or "unable to open" in str(error.orig):
            raise unwritable(Path(where)) from error
        if "database is locked" in str(error.orig):
            raise DatabaseBusy(f"the database {where} is busy: another process is writing to it") from error
        raise StorageError(f"the database {where} failed: {error.orig}") from error
    except SQLAlchemyError as error:
        raise StorageError(f"the database {where} failed: {error}") from error


def unwritable(path: Path) -> DatabaseUnwritable:
    """The error for a file that cannot be written, with what to do."""
    return DatabaseUnwritable(
        f"the database {path} cannot be written by user {os.geteuid()}: make the file and its folder {path.parent} "
        "writable for this user, or set DATABASE_URL (or DATA_DIR) to a place that is"
    )


def _sqlite_engine(path: Path, read_only: bool, busy_timeout_s: float) -> Engine:
    if read_only:
        access = _reading_access(path)
    else:
        _make_file(path)
        access = "mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"{path.as_uri()}?{access}",
            uri=True,
            timeout=busy_timeout_s,
            # transactions are begun by us, with the right kind of BEGIN
            isolation_level=None,
            check_same_thread=False,
        )

    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        creator=connect,
        json_serializer=_dump_json,
        json_deserializer=orjson.loads,
    )
    event.listen(engine, "connect", _set_up_reader if read_only else _set_up_writer)
    event.listen(engine, "begin", _begin)
    return engine


def _reading_access(path: Path) -> str:
    """How a file can be read that may not be written, without missing what its write-ahead log holds.

    In a folder that cannot be written SQLite reads a log through the shared memory beside it, and without a log
    needs to be told that nobody writes (sqlite.org/wal.html, "Read-Only Databases"); told so where there is a log, it
    would leave the log's rows out.
    """
    if not os.access(path.parent, os.X_OK, effective_ids=True):
        raise _unreadable(path)
    if not path.exists():
        raise StorageError(
            f"there is no database at {path} yet; it is made by the first start, or by migrate"
        )
    if not os.access(path, os.R_OK, effective_ids=True):
        raise _unreadable(path)
    log, shared = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    if shared.exists() or os.access(path.parent, os.W_OK, effective_ids=True):
        return "mode=ro"
    if log.exists() and log.stat().st_size:
        raise StorageError(
            f"the newest {log.stat().st_size:,} bytes of the database are in {log}, which cannot be read in a folder that"
            f" cannot be written: copy {path} and {log.name} to a folder of yours and set DATABASE_URL to the copy"
        )
    return "mode=ro&immutable=1"


def _unreadable(path: Path) -> StorageError:
    return StorageError(
        f"the database {path} cannot be read by user {os.geteuid()}: run this as the user it belongs to, or copy it,"
        f" with {path.name}-wal if there is one, to a folder of yours and set DATABASE_URL to the copy"
    )


def _make_file(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        # another process was faster; a database that exists is never opened here, because closing the file
        # would drop the locks of every connection this process has to it (sqlite.org/howtocorrupt.html, 2.2)
        pass
    except OSError as error:
        raise unwritable(path) from error
    if not all(os.access(each, os.W_OK, effective_ids=True) for each in (path, path.parent)):
        raise unwritable(path)


def _set_up_reader(connection: sqlite3.Connection, record: PoolProxiedConnection) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def _set_up_writer(connection: sqlite3.Connection, record: PoolProxiedConnection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("bta_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()
