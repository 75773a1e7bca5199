"""The right to trade on a book: a lock that dies with its process."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from binance_trade_agent.domain.errors import LeaseHeld
from binance_trade_agent.domain.records import Book
from binance_trade_agent.ports import Lease
from binance_trade_agent.storage.database import (
    LEASE_LOCK,
    connect_engine,
    parse_url,
    sqlite_path,
    translated_errors,
    unwritable,
)

#: `is_held` takes the file lock for an instant; an acquirer tries for this long before it believes it is held.
PATIENCE_S = 0.5

_TRY_LOCK = text("SELECT pg_try_advisory_lock(:namespace, :book_id)")
_IS_LOCKED = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND classid::bigint = :namespace AND objid::bigint = :book_id "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
_IS_MINE = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    "AND classid::bigint = :namespace AND objid::bigint = :book_id AND pid = pg_backend_pid())"
)


class FileLease:
    """A `flock` on a file. Programs the holder starts do not inherit it (O_CLOEXEC)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: int | None = None

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold the lease while the context lasts; raises `LeaseHeld`."""
        lock = self._open()
        try:
            if not _lock_within(lock, PATIENCE_S):
                holder = os.pread(lock, 20, 0).decode() or "unknown"
                raise LeaseHeld(f"another process (pid {holder}) trades on this book now ({self._path})")
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
            self._lock = lock
            yield
        finally:
            self._lock = None
            os.close(lock)

    def is_held(self) -> bool:
        """Whether some process, this one included, holds it now."""
        lock = self._open()
        try:
            return not _lock_within(lock, 0)
        finally:
            os.close(lock)

    def is_still_held(self) -> bool:
        """Whether this object holds the lease: a lock is lost only with its file, when somebody removes it."""
        if self._lock is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._lock), self._path.stat())
        except OSError:
            return False

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(self._path) from error


class PostgresLease:
    """An advisory lock of a connection of its own."""

    def __init__(self, url: str, book_id: int) -> None:
        self._url = parse_url(url)
        self._key = {"namespace": LEASE_LOCK, "book_id": book_id}
        self._connection: Connection | None = None

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold the lease while the context lasts; raises `LeaseHeld`."""
        engine = connect_engine(self._url)
        try:
            with translated_errors(self._url):
                connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            with connection:
                with translated_errors(self._url):
                    taken = connection.scalar(_TRY_LOCK, self._key)
                if not taken:
                    raise LeaseHeld(
                        f"another process trades on this book now ({self._url.render_as_string()})"
                    )
                self._connection = connection
                yield
        finally:
            self._connection = None
            # the lock ends with the connection, not with a return to the pool
            engine.dispose()

    def is_held(self) -> bool:
        """Whether some process, this one included, holds it now."""
        engine = connect_engine(self._url)
        try:
            with translated_errors(self._url), engine.connect() as connection:
                return bool(connection.scalar(_IS_LOCKED, self._key))
        finally:
            engine.dispose()

    def is_still_held(self) -> bool:
        """Whether this object holds the lease: the server lets go of a lock whose connection dropped.

        The question itself keeps an idle connection from being dropped on the way.
        """
        if self._connection is None:
            return False
        try:
            return bool(self._connection.scalar(_IS_MINE, self._key))
        except SQLAlchemyError:
            # what comes after would be another connection, without the lock
            self._connection = None
            return False


def lease_for(url: str, book: Book) -> Lease:
    """The lease of a book: a file beside an SQLite database, a lock in a PostgreSQL one."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        return PostgresLease(url, book.id)
    path = sqlite_path(parsed)
    return FileLease(path.with_name(f"{path.name}.book-{book.id}.lease"))


def _lock_within(lock: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True
