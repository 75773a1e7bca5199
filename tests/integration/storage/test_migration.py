import subprocess
import sys

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from binance_trade_agent.domain.errors import DatabaseTooNew
from binance_trade_agent.storage.database import connect_engine, open_database, parse_url
from binance_trade_agent.storage.migration import MIGRATIONS, alembic_config, migrate
from binance_trade_agent.storage.models import Base
from binance_trade_agent.storage.schema import HEAD, is_current


def test_an_upgraded_database_equals_the_models_and_can_go_back(empty_url):
    migrate(empty_url)
    engine = connect_engine(parse_url(empty_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        command.downgrade(alembic_config(connection), "base")
        connection.commit()
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    migrate(empty_url)
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    engine.dispose()


def test_every_constraint_of_the_database_has_the_name_the_models_give_it(empty_url):
    migrate(empty_url)
    engine = connect_engine(parse_url(empty_url))
    with engine.connect() as connection:
        inspector = inspect(connection)
        for name, table in Base.metadata.tables.items():
            stored = {
                inspector.get_pk_constraint(name)["name"],
                *(row["name"] for row in inspector.get_unique_constraints(name)),
                *(row["name"] for row in inspector.get_foreign_keys(name)),
            }
            assert stored == {str(constraint.name) for constraint in table.constraints}
            assert inspector.get_pk_constraint(name)["constrained_columns"] == list(
                table.primary_key.columns.keys()
            )
    engine.dispose()


def test_a_database_of_a_newer_version_is_left_alone(url):
    database = open_database(url)
    with database.write() as transaction:
        transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match=r"schema 9999.*nothing was changed"):
        migrate(url)
    with database.read() as transaction:
        assert transaction.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()


def test_processes_that_start_at_once_migrate_once(empty_url):
    script = "import sys; from binance_trade_agent.storage.migration import migrate; migrate(sys.argv[1])"
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in processes] == [
        ("", 0)
    ] * 3
    database = open_database(empty_url)
    with database.read() as transaction:
        assert transaction.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    database.close()


def test_the_schema_named_without_alembic_is_alembics_head(empty_url: str) -> None:
    assert not is_current(empty_url)
    migrate(empty_url)
    assert is_current(empty_url)
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]
