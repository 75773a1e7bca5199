"""What the simulated exchange has answered, it still knows after a restart and after kill -9."""

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.domain.errors import DatabaseTooNew, StorageError
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.simulator import schema
from binance_trade_agent.exchange.simulator.booking import needed_amounts
from binance_trade_agent.exchange.simulator.spot import AccountSpec, SpotExchange
from binance_trade_agent.exchange.simulator.storage import Change, Storage
from tests.exchange_client import KEY, ExchangeClient, running_exchange
from tests.markets import ScriptedMarket

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.exchange_client import running_exchange

async def main():
    async with running_exchange(database=Path(sys.argv[1])) as running:
        print(running.server.rest_url, flush=True)
        await running.server.wait()

asyncio.run(main())
"""


async def test_restart_keeps_accounts_orders_and_ids(tmp_path: Path) -> None:
    database = tmp_path / "run" / "exchange.db"
    async with running_exchange(database=database) as running:
        await running.client.market("BUY", "0.01")
        await running.client.limit("SELL", "0.5", "51000", newClientOrderId="resting")
        before = await running.client.balances()
        history = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
        fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT")).body
    # The opening balances count only for an account that is new.
    async with running_exchange(balances={"USDT": "7"}, database=database) as running:
        assert await running.client.balances() == before
        assert (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body == history
        assert (await running.client.signed("GET", "myTrades", symbol="BTCUSDT")).body == fills
        duplicate = await running.client.limit("SELL", "0.1", "51000", newClientOrderId="resting")
        assert duplicate.body["msg"] == "Duplicate order sent."
        running.market.set_price("BTCUSDT", "51001")
        new = (await running.client.market("SELL", "0.01")).body
        assert (new["orderId"], new["fills"][0]["tradeId"]) == (3, 3)
        filled = await running.client.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="resting")
        assert filled.body["status"] == "FILLED"


async def test_kill_nine_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    database = tmp_path / "exchange.db"
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILD,
        str(database),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert child.stdout is not None
        url = (await asyncio.wait_for(child.stdout.readline(), 60)).decode().strip()
        client = ExchangeClient(url, ScriptedMarket())
        bought = (await client.market("BUY", "0.01")).body
        resting = (await client.limit("BUY", "0.01", "49000")).body
        await client.close()
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    async with running_exchange(database=database) as running:
        orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
        assert [order["clientOrderId"] for order in orders] == [
            bought["clientOrderId"],
            resting["clientOrderId"],
        ]
        assert await running.client.balances() == {
            "BTC": (Decimal("1.00999"), Decimal(0)),
            "USDT": (Decimal(9010), Decimal(490)),
        }


async def test_a_restart_keeps_stops_and_lists(tmp_path: Path) -> None:
    database = tmp_path / "exchange.db"
    oco = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.4",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "51000",
        "belowType": "STOP_LOSS",
        "belowTrailingDelta": "100",
    }
    oto = {
        "symbol": "BTCUSDT",
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingPrice": "49000",
        "workingQuantity": "0.01",
        "workingTimeInForce": "GTC",
        "pendingType": "MARKET",
        "pendingSide": "SELL",
        "pendingQuantity": "0.01",
    }
    reads: list[tuple[str, dict[str, Any]]] = [
        ("openOrders", {}),
        ("openOrderList", {}),
        ("allOrderList", {}),
        ("account", {}),
    ]
    async with running_exchange(database=database) as running:
        await running.client.signed("POST", "orderList/oco", **oco)
        await running.client.signed("POST", "orderList/oto", **oto)
        running.market.set_price("BTCUSDT", "50500")
        before = [(await running.client.signed("GET", path, **params)).body for path, params in reads]
    market = ScriptedMarket(price="50500")
    async with running_exchange(market, database=database) as running:
        assert [(await running.client.signed("GET", path, **params)).body for path, params in reads] == before
        # One percent below the high that was seen before the restart, and through the other list's price.
        market.set_price("BTCUSDT", "49995.01")
        assert len((await running.client.signed("GET", "openOrders")).body) == 4
        market.set_price("BTCUSDT", "48999")
        assert (await running.client.signed("GET", "openOrders")).body == []
        lists = (await running.client.signed("GET", "allOrderList")).body
        assert [found["listOrderStatus"] for found in lists] == ["ALL_DONE", "ALL_DONE"]
        assert (await running.client.signed("POST", "orderList/oto", **oto)).body["orderListId"] == 3


VERSION_1 = [
    "INSERT INTO accounts VALUES (1, '{key}', 5)",
    "INSERT INTO balances VALUES (1, 'USDT', '9510', '0'), (1, 'BTC', '0.50999', '0.5')",
    "INSERT INTO orders VALUES (1, 1, 'BTCUSDT', 'bought', 'BUY', 'MARKET', 'GTC', '0', '0.01', '0', 6, 6,"
    " 'FILLED', '0.01', '500', '', 'EXPIRE_MAKER')",
    "INSERT INTO orders VALUES (2, 1, 'BTCUSDT', 'resting', 'SELL', 'LIMIT', 'GTC', '51000', '0.5', '0', 7, 8,"
    " 'NEW', '0', '0', '', 'EXPIRE_MAKER')",
    "INSERT INTO fills VALUES (1, 1, 1, 'BTCUSDT', 'BUY', '50000', '0.01', '500', '0.00001', 'BTC', 0, 6)",
]


def write_version_1(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in schema.VERSION_1.split(";\n"):
            database.execute(statement)
        for statement in VERSION_1:
            database.execute(statement.format(key=KEY))
        database.execute("PRAGMA user_version = 1")
        database.commit()


async def test_a_file_of_the_first_version_is_brought_up_in_place(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    write_version_1(path)
    async with running_exchange(database=path) as running:
        orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
        assert [(each["clientOrderId"], each["isWorking"], each["workingTime"]) for each in orders] == [
            ("bought", True, 6),
            ("resting", True, 7),
        ]
        assert [(each["orderListId"], each["stopPrice"]) for each in orders] == [(-1, "0.00000000")] * 2
        fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT")).body
        assert [(fill["orderListId"], fill["commission"]) for fill in fills] == [(-1, "0.00001000")]
        running.market.set_price("BTCUSDT", "51001")
        done = await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=2)
        assert done.body["status"] == "FILLED"
        assert (await running.client.balances())["BTC"] == (Decimal("0.50999"), Decimal(0))
    Storage(path).close()


def test_a_migration_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    write_version_1(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE order_lists (in_the_way TEXT)")
        database.commit()
    with pytest.raises(StorageError, match="order_lists"):
        Storage(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert "working_ms" not in {row[1] for row in database.execute("PRAGMA table_info(orders)")}


async def test_a_wipe_starts_anew_and_is_durable(tmp_path: Path) -> None:
    database = tmp_path / "exchange.db"
    async with running_exchange(database=database) as running:
        await running.client.market("BUY", "0.01")
        await running.client.limit("SELL", "0.5", "51000")
        running.server.exchange.wipe()
        opening = {"BTC": (Decimal(1), Decimal(0)), "USDT": (Decimal(10_000), Decimal(0))}
        assert await running.client.balances() == opening
        assert (await running.client.signed("GET", "openOrders")).body == []
        gone = await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=1)
        assert gone.error == (400, -2013, "Order does not exist.")
    async with running_exchange(database=database) as running:
        assert await running.client.balances() == opening
        new = (await running.client.market("SELL", "0.01")).body
        assert (new["orderId"], new["fills"][0]["tradeId"]) == (1, 1)


async def test_a_kill_between_any_two_statements_leaves_a_whole_file(tmp_path: Path) -> None:
    live = tmp_path / "live"
    copies: list[Path] = []

    def copy(_: str) -> None:
        # What a kill -9 leaves here: the bytes that SQLite has written so far.
        copies.append(tmp_path / f"copy-{len(copies)}")
        shutil.copytree(live, copies[-1])

    oco = {
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "51000",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "49000",
    }
    market = {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.3"}
    async with running_exchange(database=live / "exchange.db") as running:
        running.server.exchange.storage._db.set_trace_callback(copy)
        for _ in range(2):
            await running.client.signed(
                "POST", "orderList/oco", symbol="BTCUSDT", side="SELL", quantity="0.4", **oco
            )
        await running.client.signed(
            "POST", "order/cancelReplace", cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=1, **market
        )
        running.market.set_price("BTCUSDT", "48000")
        await running.client.signed("GET", "account")
        running.server.exchange.storage._db.set_trace_callback(None)
        copy("the end")
    states = []
    for path in copies:
        storage = Storage(path / "exchange.db")
        exchange = SpotExchange(ScriptedMarket(), storage, [AccountSpec(KEY, "", {})])
        account = exchange.accounts[0]
        needed = needed_amounts(account.open_orders.values(), exchange.pair)
        assert account.balances["BTC"].locked == needed.get("BTC", 0)
        sold = sum(fill.quantity for fill in storage.all_fills())
        assert account.balances["BTC"].total == 1 - sold
        lists = {order.list_id for order in account.open_orders.values() if order.list_id >= 0}
        assert lists == set(account.open_lists)
        states.append((len(storage.all_orders()), len(lists), str(sold)))
        storage.close()
    assert list(dict.fromkeys(states)) == [
        (0, 0, "0"),
        (2, 1, "0"),
        (4, 2, "0"),
        (5, 1, "0.3"),
        (5, 0, "0.7"),
    ]


def test_a_full_disk_is_named_and_leaves_what_was(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "exchange.db")
    account = storage.open_account("k" * 64, {"USDT": Decimal(100)}, 1)
    storage._db.execute("PRAGMA max_page_count = 1")  # it cannot shrink: no page more than now
    many = {f"A{number}": Balance(Decimal(1)) for number in range(1000)}
    with pytest.raises(sqlite3.OperationalError, match="full"):
        storage.commit([Change(account, many)])
    storage.commit([Change(account, {"USDT": Balance(Decimal(50))})])
    assert storage.balances(account) == {"USDT": Balance(Decimal(50))}
    storage.close()


def test_a_file_belongs_to_one_process(tmp_path: Path) -> None:
    first = Storage(tmp_path / "exchange.db")
    with pytest.raises(StorageError, match="locked"):
        Storage(tmp_path / "exchange.db")
    first.close()
    Storage(tmp_path / "exchange.db").close()


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    Storage(tmp_path / "exchange.db").close()
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(DatabaseTooNew, match="99"):
        Storage(tmp_path / "exchange.db")


def test_unusable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(StorageError, match="text"):
        Storage(tmp_path / "text")
    with pytest.raises(StorageError):
        Storage(tmp_path / "text" / "exchange.db")
