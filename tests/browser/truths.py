"""What each page must show, by plain SQL on the database: none of the code that the pages read through.

A page of the registry without an entry in `TRUTHS` fails its test.
"""

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_READ = """() => {
  const all = (within, what) => [...within.querySelectorAll(what)];
  const row = (tr) => Object.fromEntries([...tr.cells].map((td) => [td.dataset.label, td.dataset.value ?? null]));
  return {
    figures: Object.fromEntries([
      ...all(document, '#page [data-figure]').map((e) => [e.dataset.figure, e.dataset.value ?? null]),
      ...all(document, '#page [data-fact]').map((e) => [e.dataset.fact, e.dataset.value ?? null]),
      ...all(document, '#page [data-stage]').map((e) => [
        `stage-${e.dataset.stage}`, e.querySelector('[data-value]').dataset.value]),
      ...all(document, '#bar-equity, #bar-today').map((e) => [e.id, e.dataset.value ?? null]),
      ...all(document, '#bar-unresolved, #bar-incidents').map((e) => [e.id, e.textContent]),
    ]),
    tables: Object.fromEntries(
      all(document, '#page [data-table]').map((t) => [t.dataset.table, [...t.tBodies[0].rows].map(row)])),
  };
}"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PROTECTIVE = ("stop", "target")

Row = Mapping[str, Any]


@dataclass
class Truth:
    """Figures by their name, and the rows of tables: each the cells that are compared, by their heading."""

    figures: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Book:
    """One moment of the database. Amounts are Decimal, times aware UTC as the page writes them."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """None where nothing was ever written."""
        if self._connection is None:
            return []
        return [dict(row) for row in self._connection.execute(query, values)]

    def one(self, query: str, *values: object) -> dict[str, Any]:
        return next(iter(self.rows(query, *values)), {})

    def count(self, table: str, where: str = "1") -> int:
        return int(self.one(f"select count(*) as n from {table} where {where}").get("n", 0))  # noqa: S608 - our own words


@contextmanager
def read_book(path: Path) -> Iterator[Book]:
    """The database as of now; later writes are not seen."""
    if not path.exists():
        yield Book(None)
        return
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("begin")
        is_there = connection.execute("select 1 from sqlite_master where name = 'books'").fetchone()
        yield Book(connection if is_there else None)


def differences(page: Page, book: Book, *truths: Truth) -> list[str]:
    """What a page shows otherwise than the database has it, by each of `truths`, and in the bar."""
    shown = page.evaluate(_READ)
    bar = Truth(_bar(book))
    return [found for truth in (bar, *truths) for found in _told_otherwise(shown, truth)]


def _told_otherwise(shown: Mapping[str, Any], truth: Truth) -> list[str]:
    found = [
        f"{name}: shown {shown['figures'].get(name)}, is {value}"
        for name, value in truth.figures.items()
        if not _same(shown["figures"].get(name), value)
    ]
    for name, rows in truth.tables.items():
        there = [
            {str(label).partition(" (")[0]: value for label, value in row.items()}
            for row in shown["tables"].get(name, [])
        ]
        if len(there) != len(rows):
            found.append(f"{name}: {len(there)} rows shown, {len(rows)} are")
        found += [
            f"{name}[{number}] {heading}: shown {seen.get(heading)}, is {value}"
            for number, (row, seen) in enumerate(zip(rows, there, strict=False))
            for heading, value in row.items()
            if not _same(seen.get(heading), value)
        ]
    return found


def _same(shown: str | None, value: object) -> bool:
    if value is None or shown in (None, ""):
        return value in (None, "") and shown in (None, "")
    if isinstance(value, float):
        return math.isclose(float(shown), value, rel_tol=1e-6, abs_tol=1e-12)
    if isinstance(value, Decimal | int):
        return Decimal(str(shown)) == Decimal(str(value))
    return shown == str(value)


def _at(microseconds: int | None) -> str | None:
    """A moment as a page writes it."""
    return None if microseconds is None else (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


@dataclass(frozen=True)
class _Held:
    symbol: str
    base: str
    quantity: Decimal
    cost: Decimal
    price: Decimal
    stop: Decimal | None
    target: Decimal | None
    is_dust: bool = False

    @property
    def worth(self) -> Decimal:
        return self.quantity * self.price

    @property
    def gain(self) -> Decimal:
        return self.worth - self.cost


def _held(book: Book) -> list[_Held]:
    """Open positions: with the price of their symbol's newest decision and what rests for them."""
    return [one for one in _all_held(book) if not one.is_dust]


def _dust(book: Book) -> list[_Held]:
    return [one for one in _all_held(book) if one.is_dust]


def _all_held(book: Book) -> list[_Held]:
    found = []
    for row in book.rows("select * from positions where quantity != '0' order by symbol"):
        newest = book.one(
            "select price from decisions where symbol = ? and price is not null"
            " order by decided_at desc limit 1",
            row["symbol"],
        )
        resting = {
            order["purpose"]: order
            for order in book.rows(
                "select * from orders where symbol = ? and status in ('OPEN', 'PARTIALLY_FILLED')",
                row["symbol"],
            )
        }
        stop, target = (resting.get(name, {}) for name in _PROTECTIVE)
        one = _Held(
            row["symbol"],
            row["base"],
            Decimal(row["quantity"]),
            Decimal(row["cost"]),
            Decimal(newest.get("price", 0)),
            _money(stop.get("stop_price")),
            _money(target.get("price")),
        )
        is_dust = not (stop or target or _can_be_sold(book, one))
        found.append(replace(one, is_dust=is_dust))
    return [one for one in found if one.quantity > 0]


def _can_be_sold(book: Book, one: _Held) -> bool:
    """By any version of the symbol's rules; where none is stored, nobody can tell that it cannot."""
    versions = [
        json.loads(row["rules"])
        for row in book.rows("select rules from symbol_rules where symbol = ?", one.symbol)
    ]
    return not versions or any(_is_enough(one, rules) for rules in versions)


def _is_enough(one: _Held, rules: Row) -> bool:
    sold = one.quantity
    for step in (Decimal(rules["step_size"]), Decimal(rules["market_step_size"])):
        sold -= sold % step if step else 0
    least = max(Decimal(rules["min_quantity"]), Decimal(rules["market_min_quantity"]))
    notional = Decimal(rules["min_notional"]) if rules["min_notional_for_market"] else Decimal(0)
    return sold > 0 and sold >= least and sold * one.price >= notional


def _equity(book: Book) -> dict[str, Decimal | None]:
    row = book.one("select * from equity order by at desc limit 1")
    cash, invested, put_in = (_money(row.get(name)) for name in ("cash", "positions_value", "contributed"))
    whole = cash + invested if cash is not None and invested is not None else None
    return {
        "equity": whole,
        "cash": cash,
        "invested": invested,
        "put-in": put_in,
        "profit": whole - put_in if whole is not None and put_in is not None else None,
        "unrealised": _money(row.get("unrealised")),
        "realised": _money(row.get("realised")),
    }


def _decided(book: Book, most: int, where: str = "1", *values: object) -> list[dict[str, Any]]:
    return book.rows(
        f"select * from decisions where {where} order by decided_at desc, id desc limit ?",  # noqa: S608 - our own words
        *values,
        most,
    )


def _bar(book: Book) -> dict[str, Decimal | int | str | None]:
    equity = _equity(book)
    unresolved = book.count("orders", "status in ('INTENT', 'UNKNOWN')")
    figures: dict[str, Any] = {
        "bar-equity": equity["equity"],
        "bar-unresolved": unresolved + book.count("cancels", "status in ('INTENT', 'UNKNOWN')"),
        "bar-incidents": book.count("incidents", "cleared_at is null"),
    }
    midnight = datetime.now(tz=UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = book.one(
        "select * from equity where at < ? and contributed is not null order by at desc limit 1",
        round(midnight.timestamp() * 1_000_000),
    )
    earned = _sum(Decimal(before[name]) for name in ("cash", "positions_value")) if before else Decimal(0)
    put_in = Decimal(before.get("contributed", 0))
    if equity["profit"] is not None and book.count(
        "equity", f"at >= {round(midnight.timestamp() * 1_000_000)}"
    ):
        figures["bar-today"] = equity["profit"] - (earned - put_in)
    return figures


def _overview(book: Book) -> Truth:
    equity, held = _equity(book), _held(book)
    figures: dict[str, Any] = {
        "equity": equity["equity"],
        "profit": equity["profit"],
        "exposure": equity["invested"],
        "cash": equity["cash"],
        "positions": len(held),
        "cycles": book.count("cycles"),
        "orders": book.count("orders"),
    }
    return Truth(
        figures,
        {
            "overview-positions": [
                {
                    "Symbol": one.symbol,
                    "Quantity": one.quantity,
                    "Average cost": one.cost / one.quantity,
                    "Last": one.price,
                    "Gain": one.gain,
                }
                for one in held
            ],
            "overview-decisions": [
                {
                    "Time": _at(row["decided_at"]),
                    "Symbol": row["symbol"],
                    "Outcome": row["outcome"],
                    "Price": _money(row["price"]),
                }
                for row in _decided(book, 20)
            ],
            "overview-fills": [
                {
                    "Symbol": row["symbol"],
                    "Quantity": _money(row["quantity"]),
                    "Price": _money(row["price"]),
                    "Total": _money(row["quote_quantity"]),
                }
                for row in book.rows("select * from fills order by traded_at desc limit 10")
            ],
            "overview-orders": [
                {"Symbol": row["symbol"], "Quantity": _money(row["quantity"]), "Status": row["status"]}
                for row in _ordered(book, 15)
            ],
        },
    )


def _ordered(book: Book, most: int) -> list[dict[str, Any]]:
    return book.rows("select * from orders order by created_at desc, client_order_id desc limit ?", most)


def _decisions(book: Book) -> Truth:
    rows = [
        {
            "Time": _at(row["decided_at"]),
            "Symbol": row["symbol"],
            "Signal": row["action"],
            "Outcome": row["outcome"],
            "Gates": sum(gate["passed"] for gate in json.loads(row["gates"])),
            "Price": _money(row["price"]),
        }
        for row in _decided(book, 50)
    ]
    return Truth(tables={"decisions-rows": rows})


def _market(book: Book) -> Truth:
    symbol = next(iter(json.loads(book.one("select symbols from sessions").get("symbols", "[]"))), "")
    (newest, *_) = _decided(book, 1, "symbol = ? and inputs is not null", symbol) or [{}]
    seen = json.loads(newest.get("inputs", "{}"))
    held = next((one for one in _held(book) if one.symbol == symbol), None)
    figures: dict[str, Any] = {
        "price": _money(newest.get("price")),
        "bid": _money(seen.get("bid")),
        "ask": _money(seen.get("ask")),
        "average-cost": held.cost / held.quantity if held else None,
        "stop": held.stop if held else None,
        "target": held.target if held else None,
    }
    rows = [
        {"Time": _at(row["decided_at"]), "Outcome": row["outcome"], "Price": _money(row["price"])}
        for row in _decided(book, 10, "symbol = ?", symbol)
    ]
    return Truth(figures, {"market-decisions": rows})


def _positions(book: Book) -> Truth:
    held = _held(book)
    dust = _dust(book)
    stopped = [one.quantity * one.stop - one.cost for one in held if one.stop is not None]
    figures: dict[str, Any] = {
        "positions": len(held),
        "worth": _sum(one.worth for one in (*held, *dust)),
        "unrealised": _sum(one.gain for one in (*held, *dust)),
        "at-stops": _sum(stopped) if stopped else None,
        "without-stop": len(held) - len(stopped),
    }
    rows = [
        {
            "Symbol": one.symbol,
            "Quantity": one.quantity,
            "Average cost": one.cost / one.quantity,
            "Price": one.price,
            "Unrealised": one.gain,
            "Stop": one.stop,
            "Target": one.target,
        }
        for one in held
    ]
    return Truth(figures, {"positions-open": rows, "positions-dust": _small(dust)})


def _small(dust: Iterable[_Held]) -> list[dict[str, Any]]:
    return [{"Symbol": one.symbol, "Quantity": one.quantity, "Worth": one.worth} for one in dust]


def _orders(book: Book) -> Truth:
    resting = book.count("orders", "status in ('OPEN', 'PARTIALLY_FILLED')")
    rows = [
        {
            "Time": _at(row["created_at"]),
            "Symbol": row["symbol"],
            "Side": row["side"],
            "Quantity": _money(row["quantity"]),
            "Executed": _money(row["executed"]),
            "Average price": _average(row),
            "Status": row["status"],
        }
        for row in _ordered(book, 50)
    ]
    cancelled = [
        {"Time": _at(row["created_at"]), "Symbol": row["symbol"], "Status": row["status"]}
        for row in book.rows("select * from cancels order by created_at desc")
    ]
    return Truth(
        tables={"orders-open": [{}] * resting, "orders-rows": rows, "orders-cancels": cancelled},
    )


def _average(order: Row) -> Decimal | None:
    executed = Decimal(order["executed"])
    return Decimal(order["quote_executed"]) / executed if executed else None


def _closed(book: Book) -> list[dict[str, Any]]:
    return book.rows("select * from round_trips where closed_at is not null order by closed_at desc")


def _fees(book: Book) -> Decimal:
    return _sum(Decimal(row["fees_quote"]) for row in book.rows("select fees_quote from positions"))


def _trades(book: Book) -> Truth:
    trips = _closed(book)
    rows = [
        {
            "Closed": _at(row["closed_at"]),
            "Symbol": row["symbol"],
            "Sold": _sum(
                Decimal(fill["quantity"])
                for fill in book.rows(
                    "select quantity from fills where symbol = ? and side = 'SELL' and traded_at between ? and ?",
                    row["symbol"],
                    row["opened_at"],
                    row["closed_at"],
                )
            ),
            "Profit": _money(row["realised"]),
        }
        for row in trips
    ]
    figures: dict[str, Any] = {}
    if book.count("equity"):
        won = [row for row in trips if Decimal(row["realised"]) > 0]
        figures = {
            "trips": len(trips),
            "wins": len(won),
            "net": _sum(Decimal(row["realised"]) for row in trips),
            "fees": _fees(book),
        }
    return Truth(figures, {"trades-rows": rows})


def _portfolio(book: Book) -> Truth:
    equity = _equity(book)
    figures = {name: equity[name] for name in ("equity", "cash", "put-in", "profit", "unrealised")}
    held = {one.base: one for one in _all_held(book)}
    balances = {row["asset"]: Decimal(row["amount"]) for row in book.rows("select * from balances")}
    rows = [
        {"Asset": name, "Ledger": balances[name], "Exchange": balances[name], "Difference": 0}
        for name in sorted(
            balances,
            key=lambda name: (name != "USDT", -held[name].worth if name in held else 0, name),
        )
    ]
    shown = {**figures, "in-positions": equity["invested"], "differing": 0}
    return Truth(shown, {"portfolio-assets": rows, "portfolio-dust": _small(_dust(book))})


def _performance(book: Book) -> Truth:
    if not book.count("equity"):
        return Truth(tables={"performance-slices": []})
    trips, equity = _closed(book), _equity(book)
    names = ("equity", "cash", "invested", "put-in", "profit", "realised", "unrealised")
    traded = book.rows("select quote_quantity from fills")
    figures: dict[str, Any] = {
        **{name: equity[name] for name in names},
        "trips": len(trips),
        "trips-net": _sum(Decimal(row["realised"]) for row in trips),
        "fills": len(traded),
        "turnover": _sum(Decimal(row["quote_quantity"]) for row in traded),
        "fees": _fees(book),
    }
    return Truth(figures)


def _strategies(book: Book) -> Truth:
    symbols = json.loads(book.one("select symbols from sessions").get("symbols", "[]"))
    newest = [
        row for symbol in symbols for row in _decided(book, 1, "symbol = ? and signal_values != '{}'", symbol)
    ]
    rows = [
        {
            "Symbol": row["symbol"],
            "Strategy": row["strategy"],
            "Said": row["action"],
            "Strength": row["strength"],
            "Candle": _at(row["signal_candle"]),
        }
        for row in newest
    ]
    return Truth(tables={"strategies-last": rows})


def _risk(book: Book) -> Truth:
    marks = book.one("select * from loss_marks")
    names = ("day_equity", "day_profit", "peak_profit")
    figures: dict[str, Any] = {
        "reduce-only": book.count("reduce_only"),
        "day": marks.get("day"),
        "latched": marks.get("latched"),
        **{name.replace("_", "-"): _money(marks.get(name)) for name in names},
    }
    if book.count("sessions"):
        figures["open-positions"] = len(_held(book))
    plan = json.loads(book.one("select plan from sessions order by started_at desc").get("plan", "{}"))
    rows = [{"Limit": name, "Value": value} for name, value in sorted(plan.get("risk", {}).items())]
    return Truth(figures, {"risk-plan": rows})


def _system(book: Book) -> Truth:
    weights = book.rows("select * from request_weights order by address")
    figures: dict[str, Any] = {
        "cycles": book.count("cycles"),
        "skipped": book.one(
            "select sum(skipped_ticks) as n from (select * from cycles order by started_at desc limit 200)"
        ).get("n")
        or 0,
        "weight": max((row["used"] for row in weights), default=None),
    }
    sessions = [
        {"Session": row["id"], "Strategy": row["strategy"], "Began": _at(row["started_at"])}
        for row in book.rows("select * from sessions order by started_at desc")
    ]
    processes = [
        {"Process": row["process"], "Process id": row["pid"]}
        for row in book.rows("select * from heartbeats order by process")
    ]
    used = [{"Address": row["address"], "Weight": row["used"]} for row in weights]
    return Truth(
        figures,
        {"system-sessions": sessions, "system-heartbeats": processes, "system-weights": used},
    )


def _audit(book: Book) -> Truth:
    rows = [
        {"Time": _at(row["at"]), "Act": row["action"], "Who": row["actor"], "Outcome": row["outcome"]}
        for row in book.rows("select * from audit order by at desc, id desc limit 50")
    ]
    return Truth(tables={"audit-acts": rows})


def _settings(book: Book) -> Truth:
    rows = [
        {"Setting": row["name"], "Value": row["value"]}
        for row in book.rows("select * from overrides order by name")
    ]
    return Truth(tables={"settings-overrides": rows})


def _nothing_stored(book: Book) -> Truth:
    """Logs are files; `test_logs_follow_the_trader` compares them."""
    return Truth()


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


TRUTHS: Mapping[str, Callable[[Book], Truth]] = {
    "/": _overview,
    "/decisions": _decisions,
    "/market": _market,
    "/positions": _positions,
    "/orders": _orders,
    "/trades": _trades,
    "/portfolio": _portfolio,
    "/performance": _performance,
    "/strategies": _strategies,
    "/risk": _risk,
    "/system": _system,
    "/logs": _nothing_stored,
    "/audit": _audit,
    "/settings": _settings,
}
