import itertools
import os
import shutil
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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "book.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[tuple[str, str]]:
    """The server, and the name of the database to copy."""
    name = f"migrated_{os.getpid()}"
    with postgres.fresh_database(postgres_server, name) as url:
        migrate(url)
        yield postgres_server, name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind at the newest schema."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "book.db")
        yield f"sqlite:///{tmp_path}/book.db"
        return
    server, template = request.getfixturevalue("migrated_postgres")
    with postgres.fresh_database(server, f"test_{os.getpid()}_{next(_names)}", template) as copy:
        yield copy


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def book(database: Database) -> Book:
    return open_book(database, mode="simulated", address="local", account="a", quote="USDT")
