import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, inspect, text

from binance_trade_agent.domain.decisions import CycleKind, TradingState
from binance_trade_agent.domain.errors import DatabaseTooNew
from binance_trade_agent.domain.orders import CancelStatus, OrderStatus, Side
from binance_trade_agent.domain.records import BanScope, Command, CommandKind, CommandResult, CommandStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.bans import SqlBans
from binance_trade_agent.storage.books import open_book
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.database import connect_engine, open_database, parse_url
from binance_trade_agent.storage.decision_log import SqlDecisionLog
from binance_trade_agent.storage.journal import SqlOrderJournal
from binance_trade_agent.storage.ledger import SqlLedger
from binance_trade_agent.storage.migration import MIGRATIONS, alembic_config, migrate
from binance_trade_agent.storage.models import Base
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.schema import HEAD, is_current
from binance_trade_agent.storage.sessions import SqlSessions
from tests.integration.storage.samples import (
    T0,
    cycle_start,
    decision,
    exchange_order,
    fill,
    intent,
    session,
)


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
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in processes] == [
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


def test_the_partial_indexes_hold_just_what_is_unfinished():
    unfinished = ", ".join(f"'{status}'" for status in OrderStatus if not status.is_terminal)
    assert str(models.UNFINISHED_ORDER) == f"status IN ({unfinished})"
    unresolved = ", ".join(f"'{status}'" for status in CancelStatus if status.is_unresolved)
    assert str(models.UNFINISHED_CANCEL) == f"status IN ({unresolved})"


AT = datetime(2024, 8, 5, tzinfo=UTC)


def test_a_database_of_the_first_schema_keeps_all_it_holds(empty_url):
    engine = connect_engine(parse_url(empty_url))
    with engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.commit()
        before = {name: list(rows) for name, rows in _first_schema_rows(connection.dialect.name).items()}
        tables = MetaData()
        tables.reflect(connection)
        for name, rows in before.items():
            connection.execute(tables.tables[name].insert(), rows)
        connection.commit()
    assert not is_current(empty_url)
    migrate(empty_url)
    _check_upgraded(empty_url)
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0001")
        connection.commit()
        for name, rows in before.items():
            stored = connection.execute(tables.tables[name].select()).mappings().all()
            assert [{key: row[key] for key in rows[0]} for row in stored] == rows
    engine.dispose()
    migrate(empty_url)
    _check_upgraded(empty_url)


def _first_schema_rows(dialect):
    """A book that bought BNB, then BTC with its fees paid in BNB, as the first schema has it."""
    exact = dialect == "postgresql"

    def amount(text):
        return Decimal(text) if exact else text

    at = AT if exact else int(AT.timestamp()) * 1_000_000
    book, asset = {"book_id": 1}, {"USDT": "-50600.00000001", "BTC": "1", "BNB": "0.99"}
    flows = (
        ("fill", "BNB", "1", "BNBUSDT"),
        ("fill", "USDT", "-600.00000001", "BNBUSDT"),
        ("fill", "BTC", "1", "BTCUSDT"),
        ("fill", "USDT", "-50000", "BTCUSDT"),
        ("commission", "BNB", "-0.01", "BTCUSDT"),
        ("difference", "USDT", "7", None),
    )
    order = book | {"purpose": "entry", "side": "BUY", "order_type": "MARKET", "quantity": amount("1")}
    order |= {"reference_price": amount("600"), "timestamp_ms": 1722816000123, "recv_window_ms": 5000}
    order |= {"created_at": at, "updated_at": at, "reason": "", "quote_executed": amount("0")}
    decision = book | {"cycle_id": "c1", "decided_at": at, "reason_code": "", "reason": "", "candles_seen": 0}
    decision |= {name: {} for name in ("signal_reasons", "signal_values", "gates", "step_ms")}
    position = book | {
        "quote": "USDT",
        "realised": amount("0"),
        "fees_quote": amount("0"),
        "last_trade_id": 1,
    }
    return {
        "books": [
            {"id": 1, "mode": "simulated", "address": "local", "account": "a", "epoch": 1, "quote": "USDT"}
            | {"created_at": at, "cycles": 1, "decisions": 2, "failed_starts": 0}
        ],
        "bans": [{"address": "https://x", "until": at, "reason": "429"}],
        "sessions": [
            book
            | {"id": "s1", "kind": "run", "mode": "simulated", "strategy": "x", "duration_minutes": 0}
            | {"symbols": [], "settings": {}, "started_at": at}
        ],
        "cycles": [
            book
            | {"id": "c1", "session_id": "s1", "number": 1, "kind": "scheduled", "skipped_ticks": 0}
            | {"symbols": [], "scheduled_at": at, "started_at": at, "outcome": "open"}
        ],
        "decisions": [
            decision | {"id": "d1", "symbol": "BNBUSDT", "outcome": "placed"},
            decision | {"id": "d2", "symbol": "BTCUSDT", "outcome": "unknown"},
        ],
        "orders": [
            order
            | {"client_order_id": "bta-1", "decision_id": "d1", "symbol": "BNBUSDT", "status": "FILLED"}
            | {"executed": amount("1"), "exchange_order_id": 7},
            order
            | {"client_order_id": "bta-2", "decision_id": "d2", "symbol": "BTCUSDT", "status": "UNKNOWN"}
            | {"executed": amount("0"), "exchange_order_id": None},
        ],
        "fills": [
            book
            | {"symbol": "BNBUSDT", "trade_id": 1, "client_order_id": "bta-1", "exchange_order_id": 7}
            | {"side": "BUY", "price": amount("600.00000001"), "quantity": amount("1"), "is_maker": False}
            | {"quote_quantity": amount("600.00000001"), "commission": amount("0"), "commission_asset": "BNB"}
            | {"traded_at": at}
        ],
        "flows": [
            book
            | {"id": number, "kind": kind, "asset": of, "amount": amount(text), "symbol": symbol}
            | {"trade_id": 1 if symbol else None, "reason": "", "at": at}
            for number, (kind, of, text, symbol) in enumerate(flows, 1)
        ],
        "balances": [book | {"asset": of, "amount": amount(text)} for of, text in asset.items()],
        "positions": [
            position
            | {"symbol": "BNBUSDT", "base": "BNB", "quantity": amount("1"), "cost": amount("600.00000001")},
            position | {"symbol": "BTCUSDT", "base": "BTC", "quantity": amount("1"), "cost": amount("50000")},
        ],
    }


def _check_upgraded(url):
    database = open_database(url)
    book = open_book(database, mode="simulated", address="local", account="a", quote="USDT")
    journal, ledger, reads = (made(database, book) for made in (SqlOrderJournal, SqlLedger, SqlReadModels))
    filled, unknown = journal.get("bta-1"), journal.get("bta-2")
    assert (filled.status, filled.intent.price, filled.intent.client_list_id) == (
        OrderStatus.FILLED,
        None,
        None,
    )
    assert journal.unfinished() == (unknown,)
    assert (unknown.intent.stop_price, unknown.intent.expires_at) == (None, None)
    assert ledger.balances() == {"BNB": Decimal("0.99"), "BTC": 1, "USDT": Decimal("-50600.00000001")}
    assert ledger.positions()["BNBUSDT"].quantity == Decimal("0.99")
    assert ledger.positions()["BTCUSDT"].quantity == 1
    assert ledger.last_comparison() is None
    assert [(row.kind, row.amount) for row in reads.flows()] == [("difference", 7)]
    assert (reads.status().contributed, reads.cancels(), reads.foreign_orders()) == (7, (), ())
    assert SqlBans(database, "https://x").until(BanScope.ALL) == AT
    assert SqlBans(database, "https://x").until(BanScope.NEW_ORDERS) is None
    database.close()


def test_a_database_of_the_second_schema_gets_its_round_trips_and_keeps_all_it_holds(empty_url):
    migrate(empty_url)
    database = open_database(empty_url)
    before = _traded(database)
    database.close()
    engine = connect_engine(parse_url(empty_url))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0002")
        connection.commit()
        tables = MetaData()
        tables.reflect(connection)
        assert "round_trips" not in tables.tables
        held = {name: _rows(connection, table) for name, table in tables.tables.items()}
    migrate(empty_url)
    with engine.connect() as connection:
        for name, table in tables.tables.items():
            if name != "alembic_version":
                assert _rows(connection, table) == held[name], name
    engine.dispose()

    database = open_database(empty_url)
    assert _told(database) == before
    assert is_current(empty_url)
    database.close()


def test_acts_of_the_third_schema_get_their_change_their_key_and_their_end(empty_url):
    migrate(empty_url)
    database = open_database(empty_url)
    book = open_book(database, mode="simulated", address="local", account="a", quote="USDT")
    control = SqlControlState(database, book)
    control.write(TradingState.PAUSED, reason="lunch", actor="ann", at=T0)
    control.submit(Command("c1", CommandKind.WORKFLOW, {"symbol": "BTCUSDT"}, "k1", "ann", "cli", T0))
    control.finish("c1", CommandResult(CommandStatus.DONE, "bought", {}, T0))
    now = SqlReadModels(database, book).audit()
    database.close()
    engine = connect_engine(parse_url(empty_url))
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0003")
        audit = Table("audit", MetaData(), autoload_with=connection)
        # as that version wrote them
        paused = {"action": "control_state", "details": {"from": "RUNNING", "to": "PAUSED"}}
        connection.execute(audit.update().where(audit.c.action == "pause").values(**paused))
        connection.execute(audit.update().where(audit.c.action == "trade").values(action="workflow"))
        connection.commit()
    engine.dispose()
    migrate(empty_url)
    database = open_database(empty_url)
    found = SqlReadModels(database, book).audit()
    assert [replace(row, details={}) for row in found] == [replace(row, details={}) for row in now]
    again = Command("c2", CommandKind.WORKFLOW, {"symbol": "BTCUSDT"}, "k1", "ann", "cli", T0)
    assert SqlControlState(database, book).submit(again).id == "c1"
    database.close()


def _rows(connection, table):
    return sorted(map(repr, connection.execute(table.select()).all()))


def _traded(database):
    """Round trips of two books: fills that came late, parts moved away, a trip that is open, a workflow's decision."""
    for account in ("a", "b"):
        book = open_book(database, mode="simulated", address="local", account=account, quote="USDT")
        SqlSessions(database, book).begin(session())
        log, journal = SqlDecisionLog(database, book), SqlOrderJournal(database, book)
        trades = [
            (1, Side.BUY, "2", "100", "BTCUSDT"),
            (4, Side.SELL, "2", "90.00000001", "BTCUSDT"),
            (5, Side.BUY, "1", "95", "BTCUSDT"),
            (1, Side.BUY, "3", "10", "ETHUSDT"),
            (2, Side.BUY, "1", "110", "BTCUSDT"),
        ]
        for number, (trade_id, side, quantity, price, symbol) in enumerate(trades, 1):
            start = cycle_start(f"c{number}", number, (symbol,))
            kind = CycleKind.WORKFLOW if number == 1 else CycleKind.SCHEDULED
            log.open_cycle(replace(start, kind=kind), "s1")
            sent = intent(f"bta-{number}", side=side, quantity=quantity, symbol=symbol)
            journal.write_intent(sent, decision(f"d{number}", symbol), f"c{number}")
            done = fill(
                trade_id, quantity, price, order_id=number, side=side, symbol=symbol, commission_asset="USDT"
            )
            journal.record(
                sent.client_order_id, exchange_order(sent, OrderStatus.FILLED, [done], order_id=number)
            )
        SqlLedger(database, book).move_out("BTCUSDT", Decimal("0.5"), AT)
        SqlLedger(database, book).move_out("ETHUSDT", Decimal(3), AT)
    return _told(database)


def _told(database):
    books = [
        open_book(database, mode="simulated", address="local", account=account, quote="USDT")
        for account in ("a", "b")
    ]
    told = [
        (
            SqlLedger(database, book).trips(),
            SqlReadModels(database, book).summary(since=T0, until=T0 + timedelta(days=1)).counts,
            SqlSessions(database, book).latest().plan,
        )
        for book in books
    ]
    trips, counts, plan = told[0]
    assert (set(trips.open), set(trips.last_closed), plan) == ({"BTCUSDT"}, {"ETHUSDT"}, {})
    assert sum(row.count for row in counts) == 4
    return told
