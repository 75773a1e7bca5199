import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest

from binance_trade_agent.domain.errors import LeaseHeld
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.lease import FileLease, lease_for
from tests.integration.storage import postgres

HOLDER = """
import signal, subprocess, sys
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage.lease import FileLease, lease_for
from tests.integration.storage import postgres

with lease_for(sys.argv[1], Book(int(sys.argv[2]), "", "", "", 1, "")).acquire():
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    signal.pause()
"""


@pytest.fixture
def postgres_database(postgres_server):
    with postgres.fresh_database(postgres_server, f"lease_{os.getpid()}") as url:
        yield url, Book(1, "simulated", "local", "a", 1, "USDT")


def eventually(holds) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_one_holder_at_a_time(url, book):
    lease, other = lease_for(url, book), lease_for(url, book)
    assert not lease.is_held()
    with lease.acquire():
        assert lease.is_held()
        assert other.is_held()
        with pytest.raises(LeaseHeld, match="trades on this book now"), other.acquire():
            pass
        assert lease.is_held()
    assert eventually(lambda: not lease.is_held())
    with other.acquire():
        assert lease.is_held()


def test_a_lease_is_given_back_when_its_holder_fails(url, book):
    lease = lease_for(url, book)

    def fail() -> None:
        with lease.acquire():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert eventually(lambda: not lease.is_held())


def test_each_book_has_its_own_lease(url, book, database):
    other = open_book(database, mode="paper", address="local", account="a", quote="USDT")
    with lease_for(url, book).acquire(), lease_for(url, other).acquire():
        assert lease_for(url, other).is_held()
    assert eventually(lambda: not lease_for(url, other).is_held())


def test_a_holder_knows_that_it_holds(url, book):
    lease, other = lease_for(url, book), lease_for(url, book)
    assert not lease.is_still_held()
    with lease.acquire():
        assert lease.is_still_held()
        assert not other.is_still_held()
    assert not lease.is_still_held()


def test_a_holder_notices_that_the_server_dropped_its_connection(postgres_database):
    url, book = postgres_database
    lease, other = lease_for(url, book), lease_for(url, book)
    with lease.acquire():
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        assert eventually(lambda: not lease.is_still_held())
        # the connection is told of its end before the lock is let go
        assert eventually(lambda: not other.is_held())
        with other.acquire():
            assert other.is_still_held()
            assert not lease.is_still_held()
    assert not lease.is_still_held()


def test_a_holder_notices_that_its_lock_file_was_removed(tmp_path):
    lease = FileLease(tmp_path / "book.lease")
    with lease.acquire():
        (tmp_path / "book.lease").unlink()
        assert not lease.is_still_held()
        (tmp_path / "book.lease").touch()
        assert not lease.is_still_held()


def test_a_lease_dies_with_its_process_though_a_child_lives_on(url, book):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url, str(book.id)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    with holder.stdout:
        child = int(holder.stdout.readline())
    lease = lease_for(url, book)
    try:
        assert lease.is_held()
        with pytest.raises(LeaseHeld), lease.acquire():
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
        os.kill(child, 0)
        assert eventually(lambda: not lease.is_held())
        with lease.acquire():
            pass
    finally:
        holder.kill()
        holder.wait(timeout=60)
        os.kill(child, signal.SIGKILL)
