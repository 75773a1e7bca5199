"""A database that may only be read: what works, and that nothing in its write-ahead log is left out silently.

What a user who is not root may read is tried in a child process of such a user.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from binance_trade_agent.domain.errors import DatabaseUnwritable, StorageError
from binance_trade_agent.storage.database import open_database
from binance_trade_agent.storage.schema import check_usable

NOBODY = 65534
_WRITER = """
import os, sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA journal_mode = WAL")
base.execute("CREATE TABLE t (x)")
base.execute("INSERT INTO t VALUES (1)")
base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
base.execute("INSERT INTO t VALUES (2)")
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
base.close()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # not `tmp_path`: the folders above that are closed to other users
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        yield place
        place.chmod(0o755)


def written(folder: Path, end: str) -> Path:
    path = folder / "a.db"
    subprocess.run([sys.executable, "-c", _WRITER, str(path), end], check=False, timeout=60)
    return path


def closed(folder: Path) -> None:
    """Nothing in the folder can be written any more."""
    for each in folder.iterdir():
        each.chmod(0o444)
    folder.chmod(0o555)


def as_nobody(work: Callable[[], str]) -> str:
    """What `work` says, or the error it raises, as a user who is not root."""
    if os.geteuid() != 0:
        return _told(work)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        os.write(writing, _told(work).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return told


def _told(work: Callable[[], str]) -> str:
    try:
        return work()
    except (StorageError, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"


def rows(path: Path) -> str:
    database = open_database(f"sqlite:///{path}", read_only=True)
    with database.read() as transaction:
        counted = str(transaction.scalar(text("SELECT count(*) FROM t")))
    database.close()
    return counted


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_a_closed_folder_is_read_whole_whether_its_writer_ended_or_was_killed(folder: Path, end: str) -> None:
    path = written(folder, end)
    closed(folder)
    assert as_nobody(lambda: rows(path)) == "2"


def test_a_log_that_cannot_be_read_is_said_and_not_left_out(folder: Path) -> None:
    path = written(folder, "killed")
    (folder / "a.db-shm").unlink()
    closed(folder)
    told = as_nobody(lambda: rows(path))
    assert told.startswith("StorageError: the newest")
    assert "a.db-wal" in told
    assert "set DATABASE_URL to the copy" in told


def test_a_file_of_somebody_else_says_whose_user_to_be(folder: Path) -> None:
    path = written(folder, "closed")
    path.chmod(0o000)
    told = as_nobody(lambda: rows(path))
    assert "cannot be read by user" in told
    path.chmod(0o600)
    folder.chmod(0o000)
    assert "cannot be read by user" in as_nobody(lambda: rows(path))


def test_a_write_to_it_is_refused_with_a_sentence(folder: Path) -> None:
    path = written(folder, "closed")
    closed(folder)

    def write() -> str:
        with open_database(f"sqlite:///{path}", read_only=True).write() as transaction:
            transaction.execute(text("INSERT INTO t VALUES (3)"))
        return "written"

    assert as_nobody(write).startswith(
        f"{DatabaseUnwritable.__name__}: the database {path} cannot be written"
    )


def test_a_check_makes_nothing(tmp_path: Path) -> None:
    check_usable(f"sqlite:///{tmp_path}/new/folder/a.db")
    assert list(tmp_path.iterdir()) == []
