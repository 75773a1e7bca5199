"""A desk on a database that cannot be written: views work, acts and old schemas are told in a sentence."""

import sqlite3
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.desk import open_desk, open_desk_to_read
from binance_trade_agent.domain.errors import DatabaseUnwritable, StorageError
from binance_trade_agent.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"TRADING_MODE": "simulated", "DATA_DIR": str(tmp_path)}, tmp_path)


def test_views_work_and_acts_are_refused(settings: Settings) -> None:
    open_desk(settings).close()
    desk = open_desk_to_read(settings)
    assert desk.watch.status().cycles == 0
    with pytest.raises(DatabaseUnwritable, match="cannot be written"):
        desk.steering.pause("why", actor="a", channel="cli")
    desk.close()


def test_an_older_schema_and_a_book_that_is_not_there_say_what_to_do(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="there is no database"):
        open_desk_to_read(settings)
    open_desk(settings).close()
    other = load_settings({"TRADING_MODE": "paper", "DATA_DIR": str(tmp_path)}, tmp_path)
    with pytest.raises(StorageError, match="no paper trader has run"):
        open_desk_to_read(other)
    base = sqlite3.connect(next(tmp_path.glob("*.db")))
    with base:
        base.execute("UPDATE alembic_version SET version_num = '0001'")
    base.close()
    with pytest.raises(StorageError, match=r"schema 0001.* run `migrate`"):
        open_desk_to_read(settings)
