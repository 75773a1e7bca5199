import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseBusy,
    DatabaseUnwritable,
    StorageError,
)
from binance_trade_agent.storage import models
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import open_database
from binance_trade_agent.storage.migration import migrate

#: Hypothesis wants the bounds naive.
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC).replace(tzinfo=None)

shared_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
amounts = st.builds(
    lambda sign, digits, places: Decimal((sign, digits, -places)),
    st.integers(0, 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=38).map(tuple),
    st.integers(0, 38),
)


@shared_database
@given(amount=amounts)
def test_an_amount_comes_back_to_its_last_digit(database, book, amount):
    with database.write() as transaction:
        row = models.Balance(book_id=book.id, asset="BTC", amount=amount)
        transaction.merge(row)
    with database.read() as transaction:
        stored = transaction.scalar(select(models.Balance.amount).filter_by(book_id=book.id))
    assert stored == amount
    assert isinstance(stored, Decimal)


@shared_database
@given(at=st.datetimes(min_value=EARLIEST, timezones=st.just(UTC)))
def test_an_instant_comes_back_to_its_microsecond(database, at):
    with database.write() as transaction:
        transaction.merge(models.Ban(address="a", scope="all", until=at, reason=""))
    with database.read() as transaction:
        stored = transaction.scalar(select(models.Ban.until))
    assert stored == at
    assert stored.tzinfo is UTC


def test_instants_sort_as_they_are_whatever_their_zone(database):
    first = datetime(2024, 8, 5, 0, 30, tzinfo=timezone(timedelta(hours=5)))
    later = datetime(2024, 8, 4, 23, 30, tzinfo=UTC)
    with database.write() as transaction:
        transaction.add(models.Ban(address="b", scope="all", until=later, reason=""))
        transaction.add(models.Ban(address="a", scope="all", until=first, reason=""))
    with database.read() as transaction:
        assert list(transaction.scalars(select(models.Ban.until).order_by(models.Ban.until))) == [
            first,
            later,
        ]


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), 1.5])
def test_what_is_no_amount_is_refused(database, book, value):
    with pytest.raises(StorageError), database.write() as transaction:
        transaction.add(models.Balance(book_id=book.id, asset="BTC", amount=value))


def test_a_naive_instant_is_refused(database):
    with pytest.raises(StorageError, match="no time zone"), database.write() as transaction:
        transaction.add(models.Ban(address="a", scope="all", until=EARLIEST, reason=""))


def test_a_transaction_that_raises_leaves_nothing(database, book):
    def interrupted() -> None:
        with database.write() as transaction:
            transaction.add(models.Balance(book_id=book.id, asset="BTC", amount=Decimal(1)))
            transaction.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    with database.read() as transaction:
        assert transaction.scalars(select(models.Balance)).all() == []


def test_a_row_of_an_unknown_book_is_refused(database):
    with pytest.raises(StorageError), database.write() as transaction:
        transaction.add(models.Balance(book_id=99, asset="BTC", amount=Decimal(1)))


def test_a_read_sees_one_state_while_another_writes(database, book):
    with database.read() as reading:
        assert reading.scalars(select(models.Balance)).all() == []
        with database.write() as writing:
            writing.add(models.Balance(book_id=book.id, asset="BTC", amount=Decimal(1)))
        assert reading.scalars(select(models.Balance)).all() == []
    with database.read() as reading:
        assert len(reading.scalars(select(models.Balance)).all()) == 1


def test_a_read_only_database_refuses_to_write(url, database, book):
    reader = open_database(url, read_only=True)
    with reader.read() as transaction:
        assert transaction.scalar(select(models.Book.quote)) == "USDT"
    with pytest.raises(StorageError), reader.write() as transaction:
        transaction.add(models.Balance(book_id=book.id, asset="BTC", amount=Decimal(1)))
    reader.close()


def test_who_does_not_get_a_turn_to_write_is_told_that_the_database_is_busy(tmp_path):
    url = f"sqlite:///{tmp_path}/book.db"
    migrate(url)
    first, second = open_database(url), open_database(url, busy_timeout_s=0.05)
    with first.write() as turn:
        turn.scalars(select(models.Book)).all()
        with pytest.raises(DatabaseBusy, match="is busy: another process"), second.write() as transaction:
            transaction.scalars(select(models.Book)).all()
    with second.write() as transaction:
        assert transaction.scalars(select(models.Book)).all() == []
    first.close()
    second.close()


def test_sqlite_is_set_up_to_keep_what_is_committed(tmp_path):
    url = f"sqlite:///{tmp_path}/data/book.db"
    migrate(url)
    database = open_database(url)
    with database.read() as transaction:
        found = {
            name: transaction.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert {
        path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "data").iterdir()
    } == {
        "book.db": 0,
        "book.db-wal": 0,
        "book.db-shm": 0,
        "book.db.migrate.lock": 0,
    }
    database.close()


def test_a_relative_path_counts_from_the_working_directory(tmp_path):
    script = "from binance_trade_agent.storage.migration import migrate; migrate('sqlite:///data/book.db')"
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "data" / "book.db").is_file()


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:"])
def test_other_addresses_are_refused_in_words(url):
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        open_database(url)


def test_the_password_of_a_database_is_never_shown():
    database = open_database("postgresql://u:topsecret@127.0.0.1:1/d")
    with pytest.raises(StorageError) as caught, database.read():
        pass
    assert "topsecret" not in str(caught.value)
    database.close()


def test_reading_a_missing_file_says_what_makes_it(tmp_path):
    with pytest.raises(StorageError, match=r"no database at .*absent\.db yet"):
        open_database(f"sqlite:///{tmp_path}/absent.db", read_only=True)


@pytest.fixture
def open_folder():
    """A folder that another user can reach: pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="bta-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere: be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("what", ["folder", "new folder", "file"])
def test_an_unwritable_place_is_named_with_what_to_do(open_folder, what):
    path = open_folder / ("data/book.db" if what == "new folder" else "book.db")
    if what == "file":
        migrate(f"sqlite:///{path}")
        path.chmod(0o444)
    open_folder.chmod(0o555)
    with ordinary_user(), pytest.raises(DatabaseUnwritable) as caught:
        migrate(f"sqlite:///{path}")
    assert f"the database {path} cannot be written by user" in str(caught.value)
    assert f"its folder {path.parent} writable" in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)


def test_each_account_and_mode_has_its_book(database):
    one = open_book(database, mode="simulated", address="local", account="a", quote="USDT")
    assert open_book(database, mode="simulated", address="local", account="a", quote="USDT") == one
    other = open_book(database, mode="live", address="local", account="a", quote="USDT")
    assert other.id != one.id


def test_a_book_keeps_its_quote_currency(database, book):
    with pytest.raises(ConfigurationError, match="kept in USDT"):
        open_book(database, mode="simulated", address="local", account="a", quote="EUR")


def test_a_book_opens_at_its_newest_epoch(database, book):
    with database.write() as transaction:
        transaction.add(
            models.Book(
                mode="simulated",
                address="local",
                account="a",
                epoch=2,
                quote="EUR",
                created_at=datetime.now(tz=UTC),
            )
        )
    found = open_book(database, mode="simulated", address="local", account="a", quote="EUR")
    assert (found.epoch, found.id != book.id) == (2, True)


def test_opening_a_database_again_leaves_the_locks_of_its_other_connections(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.db"
    first = open_database(f"sqlite:///{path}")
    with first.engine.connect() as held:
        held.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        open_database(f"sqlite:///{path}").close()
        other = (
            f"import sqlite3; c = sqlite3.connect({str(path)!r});"
            " c.execute('CREATE TABLE t (x)'); c.commit(); c.close()"
        )
        subprocess.run([sys.executable, "-c", other], check=True, timeout=60)
        # the other process was not the last one, so the log that this one reads must still be there
        assert path.with_name("portfolio.db-wal").exists()
    first.close()
