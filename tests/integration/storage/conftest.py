import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.database import Database, open_database
from binance_trade_agent.storage.migration import migrate
from tests.integration.storage import postgres

_names = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    folder = postgres.binaries()
    if folder is None:
        reason = "PostgreSQL's server binaries (initdb, pg_ctl) are not installed"
        if os.environ.get("REQUIRE_ALL_TESTS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with postgres.cluster(folder) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/book.db"
        return
    server = request.getfixturevalue("postgres_server")
    with postgres.fresh_database(server, f"test_{os.getpid()}_{next(_names)}") as url:
        yield url


@pytest.fixture
def url(empty_url: str) -> str:
    """A database at the newest schema."""
    migrate(empty_url)
    return empty_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def book(database: Database) -> Book:
    return open_book(database, mode="simulated", address="local", account="a", quote="USDT")
