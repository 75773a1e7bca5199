"""The SQL that pages are compared with, where a running demo may not show the difference."""

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

from tests.browser.truths import TRUTHS, Book


def test_of_gates_those_that_passed_are_counted() -> None:
    gates = [{"name": "spread", "passed": True}, {"name": "cooldown", "passed": False}]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        columns = ("decided_at", "id", "symbol", "action", "outcome", "price", "gates")
        connection.execute(f"create table decisions ({', '.join(columns)})")
        connection.execute(
            "insert into decisions values (0, 'd1', 'BTCUSDT', 'BUY', 'refused', '100', ?)",
            (json.dumps(gates),),
        )
        (row,) = TRUTHS["/decisions"](Book(connection)).tables["decisions-rows"]
    assert row["Gates"] == 1


def test_dust_is_no_open_position_and_counts_in_amounts() -> None:
    rules = {
        "step_size": "0.001",
        "market_step_size": "0",
        "min_quantity": "0.001",
        "market_min_quantity": "0",
        "min_notional": "5",
        "min_notional_for_market": True,
    }
    tables: dict[str, list[dict[str, Any]]] = {
        "positions": [
            {"symbol": "BTCUSDT", "base": "BTC", "quantity": "0.5", "cost": "40"},
            {"symbol": "ETHUSDT", "base": "ETH", "quantity": "0.0004", "cost": "0.05"},
            {"symbol": "XRPUSDT", "base": "XRP", "quantity": "0", "cost": "0"},
        ],
        "decisions": [
            {"symbol": symbol, "price": "100", "decided_at": 0}
            for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT")
        ],
        "symbol_rules": [
            {"symbol": symbol, "rules": json.dumps(rules)} for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT")
        ],
        "orders": [{"symbol": "", "status": "", "purpose": "", "stop_price": None, "price": None}],
    }
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        for name, rows in tables.items():
            connection.execute(f"create table {name} ({', '.join(rows[0])})")
            marks = ", ".join("?" * len(rows[0]))
            values = [tuple(row.values()) for row in rows]
            connection.executemany(f"insert into {name} values ({marks})", values)  # noqa: S608 - our own words
        truth = TRUTHS["/positions"](Book(connection))
    assert [row["Symbol"] for row in truth.tables["positions-open"]] == ["BTCUSDT"]
    assert [row["Symbol"] for row in truth.tables["positions-dust"]] == ["ETHUSDT"]
    assert (truth.figures["positions"], truth.figures["worth"]) == (1, Decimal("50.04"))
    assert truth.figures["unrealised"] == Decimal("9.99")
