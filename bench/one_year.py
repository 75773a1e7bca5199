"""The one-year database: made once, kept outside the repository, made anew when its schema or rows change or age.

Its rows are written to the schema of the revision `_WRITTEN_AT` and then migrated, so the migrations
since are measured on a database of that size too.
"""

import hashlib
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command

from bench import year_rows
from bench.year_rows import CYCLES, SYMBOLS, TICK_US, Row, Year, amount
from binance_trade_agent.bootstrap.books import account_fingerprint
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR
from binance_trade_agent.storage.database import connect_engine, parse_url
from binance_trade_agent.storage.migration import MIGRATIONS, alembic_config, migrate

_WRITTEN_AT = "0005"
#: Older than this, "the last 24 hours" would be empty.
_FRESH = timedelta(hours=8)
_CYCLES_AT_A_TIME = 720
_ACTS = 2000
_INCIDENTS = 300


@dataclass(frozen=True, slots=True)
class OneYear:
    """Where it is; `migrated_s` is what the migrations after `0005` took on it, `migrated_cpu_s` of that by us."""

    url: str
    size_gb: float
    migrated_s: float
    migrated_cpu_s: float


def one_year() -> OneYear:
    """The database, made if there is none that is like what would be made now and young enough."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "binance_trade_agent-bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"year-{_fingerprint()}.db"
    noted = path.with_suffix(".json")
    if not noted.exists() or time.time() - noted.stat().st_mtime > _FRESH.total_seconds():
        for old in folder.glob("year-*"):
            old.unlink()
        noted.write_text(json.dumps(_make(path)), encoding="utf-8")
    figures = json.loads(noted.read_text(encoding="utf-8"))
    return OneYear(f"sqlite:///{path}", path.stat().st_size / 1e9, *figures)


def _fingerprint() -> str:
    sources = [Path(__file__), Path(year_rows.__file__), *sorted((MIGRATIONS / "versions").glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def _make(path: Path) -> tuple[float, float]:
    """Write and migrate it; wall and CPU seconds of the migration."""
    url = f"sqlite:///{path}"
    began = time.monotonic()
    engine = connect_engine(parse_url(url))
    with engine.connect() as connection:
        command.upgrade(alembic_config(connection), _WRITTEN_AT)
        connection.commit()
    engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        _write(database)
    sys.stderr.write(f"one year written: {time.monotonic() - began:.0f} s\n")
    began, cpu = time.monotonic(), time.process_time()
    migrate(url)
    return time.monotonic() - began, time.process_time() - cpu


def _write(database: sqlite3.Connection) -> None:
    for pragma in ("synchronous = OFF", "foreign_keys = OFF", "cache_size = -400000"):
        database.execute(f"PRAGMA {pragma}")
    indexes = database.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''"
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    end = datetime.now(tz=UTC).replace(microsecond=0)
    begin = end - CYCLES * timedelta(microseconds=TICK_US)
    year = Year(int(begin.timestamp()) * 1_000_000)
    database.execute("BEGIN")
    _insert(database, "books", [_book(begin)])
    _insert(database, "sessions", [_session(begin)])
    for first in range(0, CYCLES, _CYCLES_AT_A_TIME):
        batch: dict[str, list[Row]] = {}
        for number in range(first, min(first + _CYCLES_AT_A_TIME, CYCLES)):
            for table, row in year.cycle(number):
                batch.setdefault(table, []).append(row)
        for table, rows in batch.items():
            _insert(database, table, rows)
    _finish(database, year, int(end.timestamp()) * 1_000_000)
    database.execute("COMMIT")
    for _, sql in indexes:
        database.execute(sql)


def _finish(database: sqlite3.Connection, year: Year, end_us: int) -> None:
    _insert(database, "flows", [year.opening()])
    balances = {"USDT": year.cash} | {
        symbol.removesuffix("USDT"): held.quantity for symbol, held in year.held.items()
    }
    _insert(
        database,
        "balances",
        [{"asset": asset, "amount": amount(held), "fees": "0"} for asset, held in balances.items()],
    )
    _insert(database, "positions", [_position(year, symbol, end_us) for symbol in SYMBOLS])
    _insert(database, "round_trips", [year.trip_row(each, held, None, 0) for each, held in year.held.items()])
    _insert(database, "symbol_progress", [_progress(symbol, end_us) for symbol in SYMBOLS])
    _insert(database, "audit", [_act(number, end_us) for number in range(_ACTS)])
    _insert(database, "incidents", [_incident(number, end_us) for number in range(_INCIDENTS)])
    marks: Row = {"day": f"{datetime.now(tz=UTC):%Y-%m-%d}", "day_profit": amount(year.realised)}
    marks |= {"day_equity": "10000", "peak_profit": amount(year.realised), "since": year.begin_us}
    _insert(database, "loss_marks", [marks | {"latched": None}])
    control = {"state": "RUNNING", "reason": "initial", "actor": "system", "since": year.begin_us}
    _insert(database, "control_state", [control])
    beat = {"process": "autonomous_trader", "pid": 1, "at": end_us, "useful_at": end_us}
    _insert(database, "heartbeats", [beat])


def _insert(database: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    if not rows:
        return
    names = list(rows[0])
    own = [] if table == "books" else ["book_id"]
    values = ", ".join([*("1" for _ in own), *("?" for _ in names)])
    columns = ", ".join([*own, *map(_quoted, names)])
    database.executemany(
        f"INSERT INTO {table} ({columns}) VALUES ({values})",  # noqa: S608 - of names of our own
        ([row[name] for name in names] for row in rows),
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _book(begin: datetime) -> Row:
    # the book that an installation in simulated mode opens
    return {
        "id": 1,
        "mode": "simulated",
        "address": "local",
        "account": account_fingerprint(SIMULATOR_KEY_PAIR[0]),
        "epoch": 1,
        "quote": "USDT",
        "created_at": int(begin.timestamp()) * 1_000_000,
        "cycles": CYCLES,
        "decisions": CYCLES * len(SYMBOLS),
        "failed_starts": 0,
        "compared_at": None,
    }


def _session(begin: datetime) -> Row:
    settings = {
        "TRADING_INTERVAL_SECONDS": "120",
        "TRADING_SYMBOLS": ",".join(SYMBOLS),
        "CANDLE_INTERVAL": "5m",
    }
    strategy: Row = {"name": "combined_default", "params": {}, "source": None}
    risk = {"daily_loss_share": "0.05", "max_drawdown_share": "0.2", "max_orders_per_minute": "6"}
    risk |= {"max_orders_per_day": "50", "max_open_positions": "5", "max_total_share": "0.8"}
    plan: dict[str, Any] = {"version": 1, "quote": "USDT", "candle_interval": "5m", "max_signal_age_s": 430.0}
    return {
        "id": "year",
        "kind": "trading",
        "mode": "simulated",
        "strategy": "combined_default",
        "symbols": json.dumps(SYMBOLS),
        "settings": json.dumps(settings),
        "duration_minutes": 0,
        "started_at": int(begin.timestamp()) * 1_000_000 - 2_000_000,
        "deadline": None,
        "ended_at": None,
        "end_reason": None,
        "exit_code": None,
        "plan": json.dumps(
            plan | {"strategies": {"*": strategy}, "risk": risk | {"max_symbol_share": "0.25"}}
        ),
    }


def _position(year: Year, symbol: str, end_us: int) -> Row:
    held = year.held.get(symbol)
    return {
        "symbol": symbol,
        "base": symbol.removesuffix("USDT"),
        "quote": "USDT",
        "quantity": amount(held.quantity if held else 0),
        "cost": amount(held.cost if held else 0),
        "realised": amount(year.gained[symbol]),
        "fees_quote": "1",
        "opened_at": held.opened_us if held else None,
        "updated_at": end_us,
        "last_trade_id": year.trades,
    }


def _progress(symbol: str, end_us: int) -> Row:
    candle = end_us // year_rows.CANDLE_US * year_rows.CANDLE_US - year_rows.CANDLE_US
    return {"symbol": symbol, "last_candle": candle, "last_entry_candle": None}


def _act(number: int, end_us: int) -> Row:
    at_us = end_us - (_ACTS - number) * CYCLES // _ACTS * TICK_US
    return {
        "at": at_us,
        "actor": ("alice", "bob", "mcp:watcher", "limit")[number % 4],
        "channel": ("cli", "dashboard", "mcp", "trader")[number % 4],
        "action": ("pause", "resume", "trade", "halt")[number % 4],
        "text": "because the market was quiet",
        "details": "{}",
        "idempotency_key": f"key-{number}",
        "before": "RUNNING",
        "after": "PAUSED",
        "outcome": "done",
        "answer": "done",
        "finished_at": at_us + 20_000,
    }


def _incident(number: int, end_us: int) -> Row:
    at_us = end_us - (_INCIDENTS - number) * CYCLES // _INCIDENTS * TICK_US
    cleared = at_us + 600_000_000 if number < _INCIDENTS - 2 else None
    return {
        "key": f"balance:{number}",
        "text": "the account holds 1 USDT more than the book",
        "severity": "warning",
        "opened_at": at_us,
        "cleared_at": cleared,
    }
