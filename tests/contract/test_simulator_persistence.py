"""What the simulated exchange has answered, it still knows after a restart and after kill -9."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.domain.errors import DatabaseTooNew, StorageError
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.simulator.storage import Change, Storage
from tests.exchange_client import ExchangeClient, running_exchange
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
        url = (await asyncio.wait_for(child.stdout.readline(), 20)).decode().strip()
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
