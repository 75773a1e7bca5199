"""The SQL that pages are compared with, where a running demo may not show the difference."""

import json
import sqlite3
from contextlib import closing

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
