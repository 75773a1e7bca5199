"""The simulated exchange's own file: accounts, balances, orders and fills in SQLite.

Each state change is one transaction, on disk before it is answered (WAL, synchronous=FULL).
The file belongs to one process at a time.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from binance_trade_agent.domain.errors import DatabaseTooNew, StorageError
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.matching import Fill, Order, OrderStatus, OrderType, TimeInForce

_VERSION = 1

_SCHEMA = """
CREATE TABLE accounts (account_id INTEGER PRIMARY KEY, api_key TEXT NOT NULL UNIQUE, opened_ms INTEGER NOT NULL);
CREATE TABLE balances (
    account_id INTEGER NOT NULL REFERENCES accounts, asset TEXT NOT NULL, free TEXT NOT NULL, locked TEXT NOT NULL,
    PRIMARY KEY (account_id, asset)) WITHOUT ROWID;
CREATE TABLE transfers (
    transfer_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, asset TEXT NOT NULL,
    amount TEXT NOT NULL, time_ms INTEGER NOT NULL);
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts, symbol TEXT NOT NULL,
    client_order_id TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, time_in_force TEXT NOT NULL,
    price TEXT NOT NULL, quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL,
    time_ms INTEGER NOT NULL, update_ms INTEGER NOT NULL, status TEXT NOT NULL,
    executed TEXT NOT NULL, executed_quote TEXT NOT NULL, expiry_reason TEXT NOT NULL, stp_mode TEXT NOT NULL);
CREATE INDEX orders_of_symbol ON orders (account_id, symbol, order_id);
CREATE INDEX orders_by_client_id ON orders (account_id, client_order_id);
CREATE INDEX orders_open ON orders (status) WHERE status IN ('NEW', 'PARTIALLY_FILLED');
CREATE TABLE fills (
    trade_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
    account_id INTEGER NOT NULL REFERENCES accounts, symbol TEXT NOT NULL, side TEXT NOT NULL,
    price TEXT NOT NULL, quantity TEXT NOT NULL, quote_quantity TEXT NOT NULL,
    commission TEXT NOT NULL, commission_asset TEXT NOT NULL, is_maker INTEGER NOT NULL, time_ms INTEGER NOT NULL);
CREATE INDEX fills_of_symbol ON fills (account_id, symbol, trade_id);
CREATE INDEX fills_of_order ON fills (order_id);
"""

_ORDER_COLUMNS = (
    "order_id, account_id, symbol, client_order_id, side, type, time_in_force, price, quantity, quote_quantity,"
    " time_ms, update_ms, status, executed, executed_quote, expiry_reason, stp_mode"
)
_FILL_COLUMNS = (
    "trade_id, order_id, account_id, symbol, side, price, quantity, quote_quantity, commission,"
    " commission_asset, is_maker, time_ms"
)


@dataclass(frozen=True, slots=True)
class Change:
    """What one state change writes for one account."""

    account_id: int
    balances: Mapping[str, Balance]
    orders: Sequence[Order] = ()
    fills: Sequence[Fill] = ()
    transfers: Sequence[tuple[str, Decimal, int]] = field(default=())


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows of a history to read: ids from `from_id`, times within, at most `limit` of them."""

    limit: int
    from_id: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None

    def clause(self, id_column: str) -> tuple[str, list[int]]:
        """The WHERE conditions after the first, and their values."""
        conditions = [
            (f" AND {id_column} >= ?", self.from_id),
            (" AND time_ms >= ?", self.start_ms),
            (" AND time_ms <= ?", self.end_ms),
        ]
        chosen = [(text, value) for text, value in conditions if value is not None]
        return "".join(text for text, _ in chosen), [value for _, value in chosen]

    @property
    def newest_first(self) -> bool:
        """Without a beginning, a history means its latest rows."""
        return self.from_id is None and self.start_ms is None


class Storage:
    """The file, or a database in memory when `path` is None.

    Raises `StorageError` when another process has the file or it cannot be read or written,
    `DatabaseTooNew` when a newer version wrote it.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, timeout=2)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            with self._transaction():
                self._create(path)
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"cannot use the exchange's database {path}: {error}") from error

    def close(self) -> None:
        """Give the file up."""
        self._db.close()

    def open_account(self, api_key: str, balances: Mapping[str, Decimal], now_ms: int) -> int:
        """The id of the account with this key; opened with `balances` when it is new."""
        with self._transaction():
            row = self._db.execute("SELECT account_id FROM accounts WHERE api_key = ?", (api_key,)).fetchone()
            if row is not None:
                return int(row[0])
            cursor = self._db.execute(
                "INSERT INTO accounts (api_key, opened_ms) VALUES (?, ?)", (api_key, now_ms)
            )
            account_id = cursor.lastrowid or 0
            opening = {asset: Balance(amount) for asset, amount in balances.items()}
            transfers = [(asset, amount, now_ms) for asset, amount in balances.items()]
            self._write(Change(account_id, opening, transfers=transfers))
            return account_id

    def balances(self, account_id: int) -> dict[str, Balance]:
        """All balances of an account, by asset."""
        rows = self._db.execute(
            "SELECT asset, free, locked FROM balances WHERE account_id = ?", (account_id,)
        )
        return {asset: Balance(Decimal(free), Decimal(locked)) for asset, free, locked in rows}

    def commit(self, changes: Sequence[Change]) -> None:
        """Write one state change; on disk when this returns."""
        with self._transaction():
            for change in changes:
                self._write(change)

    def last_ids(self) -> tuple[int, int]:
        """The highest order id and trade id in use, 0 for none."""
        row = self._db.execute(
            "SELECT (SELECT COALESCE(MAX(order_id), 0) FROM orders), (SELECT COALESCE(MAX(trade_id), 0) FROM fills)"
        ).fetchone()
        return int(row[0]), int(row[1])

    def open_orders(self) -> list[Order]:
        """The orders of all accounts that rest in the book, oldest first."""
        return self._orders("status IN ('NEW', 'PARTIALLY_FILLED') ORDER BY order_id", ())

    def order(self, account_id: int, symbol: str, order_id: int) -> Order | None:
        """An account's order by its id."""
        found = self._orders("account_id = ? AND symbol = ? AND order_id = ?", (account_id, symbol, order_id))
        return found[0] if found else None

    def order_by_client_id(self, account_id: int, symbol: str, client_order_id: str) -> Order | None:
        """The latest of an account's orders with this client id."""
        found = self._orders(
            "account_id = ? AND symbol = ? AND client_order_id = ? ORDER BY order_id DESC LIMIT 1",
            (account_id, symbol, client_order_id),
        )
        return found[0] if found else None

    def orders(self, account_id: int, symbol: str, span: Span) -> list[Order]:
        """An account's orders of a symbol, rising by id."""
        clause, values = span.clause("order_id")
        direction = "DESC" if span.newest_first else "ASC"
        found = self._orders(
            f"account_id = ? AND symbol = ?{clause} ORDER BY order_id {direction} LIMIT ?",
            (account_id, symbol, *values, span.limit),
        )
        return sorted(found, key=lambda order: order.order_id)

    def fills(self, account_id: int, symbol: str, span: Span, order_id: int | None = None) -> list[Fill]:
        """An account's fills of a symbol (of one order, when given), rising by trade id."""
        clause, values = span.clause("trade_id")
        if order_id is not None:
            clause, values = clause + " AND order_id = ?", [*values, order_id]
        direction = "DESC" if span.newest_first and order_id is None else "ASC"
        found = self._fills(
            f"account_id = ? AND symbol = ?{clause} ORDER BY trade_id {direction} LIMIT ?",
            (account_id, symbol, *values, span.limit),
        )
        return sorted(found, key=lambda fill: fill.trade_id)

    def all_orders(self) -> list[Order]:
        """Every order of every account, rising by id."""
        return self._orders("TRUE ORDER BY order_id", ())

    def all_fills(self) -> list[Fill]:
        """Every fill of every account, rising by id."""
        return self._fills("TRUE ORDER BY trade_id", ())

    def _create(self, path: Path | None) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in _SCHEMA.split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise DatabaseTooNew(f"{path} has schema version {version}, this program knows {_VERSION}")

    def _orders(self, condition: str, values: tuple[object, ...]) -> list[Order]:
        rows = self._db.execute(f"SELECT {_ORDER_COLUMNS} FROM orders WHERE {condition}", values)  # noqa: S608
        return [_order(row) for row in rows]

    def _fills(self, condition: str, values: tuple[object, ...]) -> list[Fill]:
        rows = self._db.execute(f"SELECT {_FILL_COLUMNS} FROM fills WHERE {condition}", values)  # noqa: S608
        return [_fill(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            # SQLite itself may have rolled back (a full disk), or COMMIT may have failed and left it open
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _write(self, change: Change) -> None:
        self._db.executemany(
            "INSERT INTO balances VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET free = excluded.free, locked = excluded.locked",
            [
                (change.account_id, asset, format(balance.free, "f"), format(balance.locked, "f"))
                for asset, balance in change.balances.items()
            ],
        )
        self._db.executemany(
            f"INSERT INTO orders ({_ORDER_COLUMNS}) VALUES ({', '.join('?' * 17)}) ON CONFLICT DO UPDATE SET"  # noqa: S608
            " update_ms = excluded.update_ms, status = excluded.status, executed = excluded.executed,"
            " executed_quote = excluded.executed_quote, expiry_reason = excluded.expiry_reason",
            [_order_row(order) for order in change.orders],
        )
        self._db.executemany(
            f"INSERT INTO fills ({_FILL_COLUMNS}) VALUES ({', '.join('?' * 12)})",  # noqa: S608
            [_fill_row(fill) for fill in change.fills],
        )
        self._db.executemany(
            "INSERT INTO transfers (account_id, asset, amount, time_ms) VALUES (?, ?, ?, ?)",
            [(change.account_id, asset, format(amount, "f"), at) for asset, amount, at in change.transfers],
        )


def _order_row(order: Order) -> tuple[object, ...]:
    return (
        order.order_id,
        order.account_id,
        order.symbol,
        order.client_order_id,
        order.side,
        order.type,
        order.time_in_force,
        format(order.price, "f"),
        format(order.quantity, "f"),
        format(order.quote_quantity, "f"),
        order.time_ms,
        order.update_ms,
        order.status,
        format(order.executed, "f"),
        format(order.executed_quote, "f"),
        order.expiry_reason,
        order.stp_mode,
    )


def _order(row: tuple[object, ...]) -> Order:
    (order_id, account_id, symbol, client_id, side, kind, tif, price, quantity, quote, time_ms, update_ms,
     status, executed, executed_quote, reason, stp_mode) = row  # fmt: skip
    return Order(
        order_id=int(str(order_id)),
        account_id=int(str(account_id)),
        symbol=str(symbol),
        client_order_id=str(client_id),
        side=Side(str(side)),
        type=OrderType(str(kind)),
        time_in_force=TimeInForce(str(tif)),
        price=Decimal(str(price)),
        quantity=Decimal(str(quantity)),
        quote_quantity=Decimal(str(quote)),
        time_ms=int(str(time_ms)),
        update_ms=int(str(update_ms)),
        status=OrderStatus(str(status)),
        executed=Decimal(str(executed)),
        executed_quote=Decimal(str(executed_quote)),
        expiry_reason=str(reason),
        stp_mode=str(stp_mode),
    )


def _fill_row(fill: Fill) -> tuple[object, ...]:
    return (
        fill.trade_id,
        fill.order_id,
        fill.account_id,
        fill.symbol,
        fill.side,
        format(fill.price, "f"),
        format(fill.quantity, "f"),
        format(fill.quote_quantity, "f"),
        format(fill.commission, "f"),
        fill.commission_asset,
        int(fill.is_maker),
        fill.time_ms,
    )


def _fill(row: tuple[object, ...]) -> Fill:
    (trade_id, order_id, account_id, symbol, side, price, quantity, quote, commission, asset,
     is_maker, time_ms) = row  # fmt: skip
    return Fill(
        trade_id=int(str(trade_id)),
        order_id=int(str(order_id)),
        account_id=int(str(account_id)),
        symbol=str(symbol),
        side=Side(str(side)),
        price=Decimal(str(price)),
        quantity=Decimal(str(quantity)),
        quote_quantity=Decimal(str(quote)),
        commission=Decimal(str(commission)),
        commission_asset=str(asset),
        is_maker=bool(is_maker),
        time_ms=int(str(time_ms)),
    )
