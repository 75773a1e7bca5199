"""What the adapter's contract tests share: a scripted wire and an adapter that talks to it."""

from collections.abc import AsyncIterator

import pytest

from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.config import BinanceConfig
from tests.fake_exchange_wire import FakeExchangeWire, ManualClock, MemoryBans, MemoryWeights

API_KEY, API_SECRET = "test-key", "test-secret"


def config_for(wire: FakeExchangeWire, request_timeout_s: float = 15) -> BinanceConfig:
    return BinanceConfig(
        rest_url=wire.rest_url,
        stream_url=wire.websocket_url,
        ws_api_url=f"{wire.websocket_url}/ws-api/v3",
        api_key=API_KEY,
        api_secret=API_SECRET,
        request_timeout_s=request_timeout_s,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def bans() -> MemoryBans:
    return MemoryBans()


@pytest.fixture
async def wire(clock: ManualClock) -> AsyncIterator[FakeExchangeWire]:
    async with FakeExchangeWire(clock) as server:
        yield server


@pytest.fixture
async def exchange(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> AsyncIterator[BinanceExchange]:
    adapter = BinanceExchange(config_for(wire), clock, bans, MemoryWeights())
    yield adapter
    await adapter.close()
