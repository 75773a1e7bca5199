"""Each market source from the settings to the adapter: replay on the wall clock, relay in paper mode, stepped time."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.simulator import build_simulator
from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import (
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
    new_client_order_id,
)
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.simulator.market.generated import SteppedGeneratedMarket
from binance_trade_agent.exchange.simulator.server import AccountSpec, SimulatorServer
from binance_trade_agent.settings import SIMULATOR_KEY_PAIR, load_settings
from tests.fake_exchange_wire import MemoryBans, MemoryWeights
from tests.unit.exchange.market.recorded import rows_of, write_binance, write_eleven, write_parquet

BTC, ETH = "BTCUSDT", "ETHUSDT"
HISTORY = 20
RECORDED = 200


@asynccontextmanager
async def simulating(
    folder: Path, **variables: str
) -> AsyncIterator[tuple[SimulatorServer, BinanceExchange]]:
    """The simulator that these settings make, and the trader's adapter to it."""
    variables = {"TRADING_MODE": "simulated", "DATA_DIR": "data", "SIMULATOR_PORT": "1", **variables}
    settings = load_settings(variables, folder)
    server = build_simulator(settings.model_copy(update={"simulator_port": 0}))
    await server.start()
    urls = server.rest_url, server.stream_url, f"{server.stream_url}/ws-api/v3"
    adapter = BinanceExchange(
        BinanceConfig(*urls, *SIMULATOR_KEY_PAIR), SystemClock(), MemoryBans(), MemoryWeights()
    )
    try:
        yield server, adapter
    finally:
        await adapter.close()
        await server.close()


def began(folder: Path, seconds_ago: int) -> int:
    """Let the market of `folder`, which was built once, have begun so long ago; returns when, in ms."""
    path = folder / "data" / "simulator-market.json"
    origin = json.loads(path.read_text(encoding="utf-8"))
    origin["anchor_ms"] = (time.time_ns() // 10**9 - seconds_ago) * 1000
    path.write_text(json.dumps(origin), encoding="utf-8")
    return int(origin["anchor_ms"])


def buying(adapter: BinanceExchange, quantity: str) -> OrderIntent:
    return OrderIntent(
        client_order_id=new_client_order_id(),
        symbol=BTC,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(quantity),
        purpose=Purpose.ENTRY,
        stamp=adapter.stamp(),
        reference_price=Decimal(58_000),
        created_at=adapter.now(),
    )


def closes(rows: list[list[str]]) -> list[Decimal]:
    return [Decimal(row[4]) for row in rows]


class TestReplayOnTheWallClock:
    def variables(self, folder: Path) -> dict[str, str]:
        """BTC in Binance's twelve columns, ETH in Parquet's six."""
        write_binance(folder / "btc.csv", rows_of(RECORDED))
        write_parquet(folder / "eth.parquet", rows_of(RECORDED, base="2300.00"))
        return {
            "TRADING_SYMBOLS": f"{BTC},{ETH}",
            "SIMULATOR_MARKET": "replay",
            "SIMULATOR_REPLAY_FILES": f"{BTC}={folder / 'btc.csv'},{ETH}={folder / 'eth.parquet'}",
            "SIMULATOR_REPLAY_START": str(HISTORY),
        }

    async def test_recorded_candles_pass_one_a_second(self, tmp_path: Path) -> None:
        variables = self.variables(tmp_path)
        async with simulating(tmp_path, **variables):
            pass
        anchor_ms = began(tmp_path, seconds_ago=30)
        async with simulating(tmp_path, **variables) as (_, adapter):
            for symbol, base in ((BTC, "58000.00"), (ETH, "2300.00")):
                candles = await adapter.candles(symbol, CandleInterval.S1, limit=40)
                last = round(candles[-1].open_time.timestamp() * 1000) - anchor_ms
                seen = last // 1000 + 1
                assert seen >= 30
                expected = closes(rows_of(RECORDED, base=base))[HISTORY + seen - 40 : HISTORY + seen]
                assert [candle.close for candle in candles] == expected
                assert candles[-1].open_time - candles[0].open_time == timedelta(seconds=39)
            order = await adapter.place(buying(adapter, "0.01"))
            assert (order.status, order.executed) == (OrderStatus.FILLED, Decimal("0.01"))

    async def test_a_restart_goes_on_where_the_clock_is(self, tmp_path: Path) -> None:
        variables = self.variables(tmp_path)
        async with simulating(tmp_path, **variables):
            pass
        anchor_ms = began(tmp_path, seconds_ago=30)
        async with simulating(tmp_path, **variables):
            pass
        assert origin_of(tmp_path)["anchor_ms"] == anchor_ms

    async def test_a_restart_after_the_end_begins_a_new_replay_with_the_same_account(
        self, tmp_path: Path
    ) -> None:
        variables = self.variables(tmp_path)
        async with simulating(tmp_path, **variables) as (_, adapter):
            await adapter.connect()
            bought = await adapter.place(buying(adapter, "0.01"))
            account = await adapter.account()
        began(tmp_path, seconds_ago=RECORDED)
        started = adapter.now()
        async with simulating(tmp_path, **variables) as (_, adapter):
            candles = await adapter.candles(BTC, CandleInterval.S1, limit=HISTORY)
            assert started - timedelta(seconds=2) <= candles[-1].close_time <= adapter.now()
            assert (await adapter.account()).balances == account.balances
            assert await adapter.find_order(BTC, bought.client_order_id) is not None

    async def test_another_replay_begins_at_its_own_start(self, tmp_path: Path) -> None:
        variables = self.variables(tmp_path)
        async with simulating(tmp_path, **variables):
            pass
        anchor_ms = began(tmp_path, seconds_ago=30)
        async with simulating(tmp_path, **{**variables, "SIMULATOR_REPLAY_START": "50"}):
            assert origin_of(tmp_path)["anchor_ms"] > anchor_ms


def origin_of(folder: Path) -> dict[str, Any]:
    origin: dict[str, Any] = json.loads((folder / "data" / "simulator-market.json").read_text("utf-8"))
    return origin


async def test_paper_mode_trades_on_relayed_prices(tmp_path: Path) -> None:
    """The first order too: nobody has asked for a candle before it."""
    # its time stands still in the middle of a five minute candle, a little ahead of this machine
    ahead_ms = (time.time_ns() // 300_000_000_000 + 1) * 300_000 + 100_000
    market = SteppedGeneratedMarket((BTC, ETH), seed=1, anchor_ms=ahead_ms)
    binance = SimulatorServer(market, [AccountSpec("k" * 64, "s" * 64, {})])
    await binance.start()
    variables = {
        "TRADING_MODE": "paper",
        "TRADING_SYMBOLS": f"{BTC},{ETH}",
        "SIMULATOR_MARKET": "relay",
        "SIMULATOR_RELAY_URL": binance.rest_url,
        "SIMULATOR_BASE_INTERVAL": "1s",
    }
    try:
        async with simulating(tmp_path, **variables) as (_, adapter):
            tops = await eventually(lambda: adapter.book_tops([BTC, ETH]))
            assert tops[BTC].ask == market.depth(BTC, 5).asks[0].price
            await adapter.connect()
            order = await adapter.place(buying(adapter, "0.01"))
            account = await adapter.account()
            candles = await eventually(lambda: adapter.candles(ETH, CandleInterval.M5, limit=10))
    finally:
        await binance.close()
    assert (order.status, order.quote_executed) == (OrderStatus.FILLED, tops[BTC].ask / 100)
    assert account.free("BTC") == Decimal("0.00999")
    real = market.klines(ETH, "5m", start_ms=None, end_ms=None, limit=11)
    assert [candle.close for candle in candles] == [kline.close for kline in real[:10]]
    assert abs(order.updated_at.timestamp() * 1000 - market.now_ms()) < 600_000


async def eventually(read: Callable[[], Awaitable[Any]]) -> Any:
    """What `read` returns once the relay has read it."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await read()
            except Unavailable:
                await asyncio.sleep(0.02)


class TestSteppedTime:
    async def test_each_step_presents_one_recorded_candle(self, tmp_path: Path) -> None:
        rows = rows_of(RECORDED)
        variables = {
            "TRADING_SYMBOLS": BTC,
            "SIMULATOR_MARKET": "replay",
            "SIMULATOR_STEPPED": "true",
            "SIMULATOR_BASE_INTERVAL": "1m",
            "CANDLE_INTERVAL": "1m",
            "SIMULATOR_REPLAY_FILES": f"{BTC}={write_eleven(tmp_path / 'btc.csv', rows)}",
            "SIMULATOR_REPLAY_START": str(HISTORY),
        }
        seen = []
        async with simulating(tmp_path, **variables) as (server, adapter), aiohttp.ClientSession() as session:
            for _ in range(30):
                async with session.post(f"{server.rest_url}/control/step", json={}) as reply:
                    assert reply.status == 200
                await adapter.connect()
                (candle,) = await adapter.candles(BTC, CandleInterval.M1, limit=1)
                seen.append((candle.open_time.timestamp() * 1000, candle.close))
            order = await adapter.place(buying(adapter, "0.01"))
            async with session.post(f"{server.rest_url}/control/step", json={"candles": RECORDED}) as reply:
                assert reply.status == 409
        assert seen == [(int(row[0]), Decimal(row[4])) for row in rows[HISTORY : HISTORY + 30]]
        assert order.status is OrderStatus.FILLED
        assert order.updated_at - timedelta(minutes=1) < candle.close_time <= order.updated_at
