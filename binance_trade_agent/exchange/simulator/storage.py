"""The simulated exchange's own file: accounts, balances, orders and fills in SQLite.

Each state change is one transaction, on disk before it is answered (WAL, synchronous=FULL).
The file belongs to one process at a time.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from binance_trade_agent.domain.errors import DatabaseTooNew, StorageError
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import Leg, OrderList
from binance_trade_agent.exchange.matching import Fill, Order
from binance_trade_agent.exchange.simulator import rows, schema
from binance_trade_agent.exchange.simulator.booking import Numbers
from binance_trade_agent.exchange.simulator.changes import Transfer

_OPEN = "('PENDING_NEW', 'NEW', 'PARTIALLY_FILLED')"


@dataclass(frozen=True, slots=True)
class Change:
    """What one state change writes for one account."""

    account_id: int
    balances: Mapping[str, Balance]
    orders: Sequence[Order] = ()
    fills: Sequence[Fill] = ()
    lists: Sequence[OrderList] = ()
    transfers: Sequence[Transfer] = ()


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
        except (sqlite3.Error, OSError) as error:
            raise StorageError(f"cannot use the exchange's database {path}: {error}") from error
        try:
            self._prepare(path)
        except sqlite3.Error as error:
            self._db.close()
            raise StorageError(f"cannot use the exchange's database {path}: {error}") from error
        except DatabaseTooNew:
            self._db.close()
            raise

    def _prepare(self, path: Path | None) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        with self._transaction():
            self._create(path)

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
            self._write(_opening(account_id, balances, now_ms))
            return account_id

    def wipe(self, balances: Mapping[int, Mapping[str, Decimal]], now_ms: int) -> None:
        """Forget everything, and open the accounts in `balances` (by account id) anew.

        An account that is not among them is opened anew when its key comes again.
        """
        kept = tuple(balances)
        with self._transaction():
            for table in ("fills", "orders", "order_lists", "transfers", "balances"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608
            places = ", ".join("?" * len(kept))
            self._db.execute(f"DELETE FROM accounts WHERE account_id NOT IN ({places})", kept)  # noqa: S608
            for account_id, opening in balances.items():
                self._write(_opening(account_id, opening, now_ms))

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

    def last_ids(self) -> Numbers:
        """The highest ids in use, 0 for none."""
        row = self._db.execute(
            "SELECT (SELECT COALESCE(MAX(order_id), 0) FROM orders), (SELECT COALESCE(MAX(trade_id), 0) FROM fills),"
            " (SELECT COALESCE(MAX(list_id), 0) FROM order_lists)"
        ).fetchone()
        return Numbers(int(row[0]), int(row[1]), int(row[2]))

    def open_orders(self) -> list[Order]:
        """The orders of all accounts that are not over, oldest first."""
        return self._orders(f"status IN {_OPEN} ORDER BY order_id", ())

    def open_lists(self) -> list[OrderList]:
        """The order lists of all accounts that are not over, oldest first."""
        return self._lists("status <> 'ALL_DONE' ORDER BY list_id", ())

    def order_list(self, account_id: int, list_id: int) -> OrderList | None:
        """An account's order list by its id."""
        found = self._lists("account_id = ? AND list_id = ?", (account_id, list_id))
        return found[0] if found else None

    def list_by_client_id(self, account_id: int, client_order_id: str) -> OrderList | None:
        """The latest of an account's order lists with this client id."""
        found = self._lists(
            "account_id = ? AND client_order_id = ? ORDER BY list_id DESC LIMIT 1",
            (account_id, client_order_id),
        )
        return found[0] if found else None

    def order_lists(self, account_id: int, span: Span) -> list[OrderList]:
        """An account's order lists, rising by id."""
        clause, values = span.clause("list_id")
        direction = "DESC" if span.newest_first else "ASC"
        found = self._lists(
            f"account_id = ?{clause} ORDER BY list_id {direction} LIMIT ?", (account_id, *values, span.limit)
        )
        return sorted(found, key=lambda order_list: order_list.list_id)

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
        if version > schema.VERSION:
            raise DatabaseTooNew(f"{path} has schema version {version}, this program knows {schema.VERSION}")
        if version < schema.VERSION:
            for statement in schema.statements_from(version):
                self._db.execute(statement)

    def _orders(self, condition: str, values: Iterable[object]) -> list[Order]:
        found = self._db.execute(
            f"SELECT {rows.ORDER_COLUMNS} FROM orders WHERE {condition}",  # noqa: S608
            tuple(values),
        )
        return [rows.order(row) for row in found]

    def _fills(self, condition: str, values: Iterable[object]) -> list[Fill]:
        found = self._db.execute(
            f"SELECT {rows.FILL_SOURCE} FROM fills WHERE {condition}",  # noqa: S608
            tuple(values),
        )
        return [rows.fill(row) for row in found]

    def _lists(self, condition: str, values: Iterable[object]) -> list[OrderList]:
        found = self._db.execute(
            f"SELECT {rows.LIST_COLUMNS} FROM order_lists WHERE {condition}",  # noqa: S608
            tuple(values),
        )
        return [rows.order_list(row, self._legs(int(row[0]))) for row in found.fetchall()]

    def _legs(self, list_id: int) -> tuple[Leg, ...]:
        found = self._db.execute(
            "SELECT order_id, client_order_id FROM orders WHERE list_id = ? AND list_id >= 0 ORDER BY order_id",
            (list_id,),
        )
        return tuple(Leg(order_id, client_order_id) for order_id, client_order_id in found)

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
        self._db.executemany(rows.WRITE_ORDER, [rows.order_row(order) for order in change.orders])
        self._db.executemany(rows.WRITE_FILL, [rows.fill_row(fill) for fill in change.fills])
        self._db.executemany(rows.WRITE_LIST, [rows.list_row(order_list) for order_list in change.lists])
        self._db.executemany(
            "INSERT INTO transfers (account_id, asset, amount, time_ms) VALUES (?, ?, ?, ?)",
            [
                (change.account_id, transfer.asset, format(transfer.amount, "f"), transfer.time_ms)
                for transfer in change.transfers
            ],
        )


def _opening(account_id: int, balances: Mapping[str, Decimal], now_ms: int) -> Change:
    return Change(
        account_id,
        {asset: Balance(amount) for asset, amount in balances.items()},
        transfers=[Transfer(asset, amount, now_ms) for asset, amount in balances.items()],
    )
