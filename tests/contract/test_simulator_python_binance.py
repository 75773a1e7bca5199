"""python-binance's AsyncClient, pointed at the simulated exchange, works as on Binance."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException

from tests.exchange_client import KEY, SECRET, Running, running_exchange
from tests.markets import WallMarket


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(WallMarket()) as exchange:
        yield exchange


@pytest.fixture
async def client(running: Running) -> AsyncIterator[Any]:
    rest, streams = running.server.rest_url, running.server.stream_url

    class LocalClient(AsyncClient):  # type: ignore[misc]
        API_URL = API_TESTNET_URL = API_DEMO_URL = f"{rest}/api"
        MARGIN_API_URL = f"{rest}/sapi"
        WS_API_URL = WS_API_TESTNET_URL = WS_API_DEMO_URL = f"{streams}/ws-api/v3"

    created = await LocalClient.create(KEY, SECRET)
    yield created
    await created.close_connection()


async def test_a_round(client: Any, running: Running) -> None:
    assert (await client.get_system_status())["status"] == 0
    assert (await client.get_symbol_info("BTCUSDT"))["baseAsset"] == "BTC"
    assert len(await client.get_klines(symbol="BTCUSDT", interval="1m", limit=5)) == 5
    bought = await client.create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    assert (bought["status"], bought["fills"][0]["commissionAsset"]) == ("FILLED", "BTC")
    assert (await client.get_asset_balance(asset="USDT"))["free"] == "9500.00000000"
    resting = await client.order_limit_sell(symbol="BTCUSDT", quantity="0.01", price="51000")
    cancelled = await client.cancel_order(symbol="BTCUSDT", orderId=resting["orderId"])
    assert (cancelled["status"], cancelled["origClientOrderId"]) == ("CANCELED", resting["clientOrderId"])
    assert [order["status"] for order in await client.get_all_orders(symbol="BTCUSDT")] == [
        "FILLED",
        "CANCELED",
    ]
    assert len(await client.get_my_trades(symbol="BTCUSDT")) == 1
    with pytest.raises(BinanceAPIException) as caught:
        await client.create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    assert caught.value.code == -2010


async def test_protection_and_its_replacement(client: Any, running: Running) -> None:
    placed = await client.create_oco_order(
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.5",
        aboveType="LIMIT_MAKER",
        abovePrice="51000",
        belowType="STOP_LOSS",
        belowStopPrice="49000",
    )
    assert [report["status"] for report in placed["orderReports"]] == ["NEW", "NEW"]
    swapped = await client.cancel_replace_order(
        symbol="BTCUSDT",
        side="SELL",
        type="MARKET",
        quantity="0.5",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=placed["orders"][0]["orderId"],
    )
    assert swapped["cancelResponse"]["listClientOrderId"] == placed["listClientOrderId"]
    assert swapped["newOrderResponse"]["status"] == "FILLED"
    found = await client.v3_get_order_list(orderListId=placed["orderListId"])
    assert found["listOrderStatus"] == "ALL_DONE"
    with pytest.raises(BinanceAPIException) as caught:
        await client.cancel_replace_order(
            symbol="BTCUSDT",
            side="SELL",
            type="MARKET",
            quantity="0.1",
            cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrderId=placed["orders"][0]["orderId"],
        )
    assert (caught.value.status_code, caught.value.code) == (400, -2022)


async def test_a_stream(client: Any, running: Running) -> None:
    class LocalSockets(BinanceSocketManager):  # type: ignore[misc]
        STREAM_URL = f"{running.server.stream_url}/"

    manager = LocalSockets(client)
    manager.ws_kwargs = {"proxy": None}
    async with manager.multiplex_socket(["btcusdt@bookTicker", "btcusdt@kline_1m"]) as socket:
        names = {(await socket.recv())["stream"] for _ in range(2)}
        # Left while frames are waiting, the library's socket closes at once instead of after its 10 s read.
        running.market.set_price("BTCUSDT", "50500")
        assert (await socket.recv())["data"]["a"] == "50500.00000000"
        running.market.set_price("BTCUSDT", "50600")
    assert names == {"btcusdt@bookTicker", "btcusdt@kline_1m"}
