"""The library's client, confined to the configured exchange."""

from collections.abc import AsyncIterator

import pytest
from binance.base_client import BaseClient

from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.client import ExchangeClient
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.network_time import NetworkTime
from binance_trade_agent.exchange.binance.weight import WeightBudget
from tests.fake_exchange_wire import ManualClock, MemoryBans, MemoryWeights

REST, WEBSOCKET = "http://127.0.0.1:1", "ws://127.0.0.1:1/ws-api/v3"


@pytest.fixture
async def client() -> AsyncIterator[ExchangeClient]:
    clock = ManualClock()
    exchange_clock = ExchangeClock(clock, 5000)
    built = ExchangeClient(
        BinanceConfig(REST, "ws://127.0.0.1:1", WEBSOCKET, "key", "secret"),
        exchange_clock,
        BanGate(MemoryBans(), clock),
        WeightBudget(exchange_clock, clock, MemoryWeights()),
        NetworkTime(clock),
    )
    yield built
    await built.close_connection()


async def test_no_address_of_the_library_is_left(client: ExchangeClient) -> None:
    names = [name for name in dir(BaseClient) if name.endswith("_URL")]

    assert len(names) > 20
    for name in names:
        assert getattr(client, name).startswith((REST, WEBSOCKET)), name
    assert client.ws_api._url == WEBSOCKET
    assert client.ws_future._url == WEBSOCKET


async def test_spot_and_margin_paths(client: ExchangeClient) -> None:
    assert client._create_api_uri("order") == f"{REST}/api/v3/order"
    assert client._create_margin_api_uri("system/status") == f"{REST}/sapi/v1/system/status"


async def test_a_session_without_resends_redirects_or_proxies(client: ExchangeClient) -> None:
    assert not client.session._retry_connection
    assert not client.session.trust_env
    await client.close_connection()
    assert client.session.closed
