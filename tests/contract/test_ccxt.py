"""ccxt, a client that was not written for this simulator, trades on it unchanged."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import ccxt.pro
import pytest

from binance_trade_agent.exchange.matching import OrderStatus
from tests.ccxt_addresses import simulator_addresses, spot_options
from tests.exchange_client import KEY, SECRET, Running, running_exchange
from tests.markets import WallMarket

WAIT_S = 60


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(WallMarket(("BTCUSDT", "ETHUSDT"))) as exchange:
        yield exchange


@pytest.fixture
async def client(running: Running) -> AsyncIterator[Any]:
    exchange = ccxt.pro.binance(
        {
            "apiKey": KEY,
            "secret": SECRET,
            "enableRateLimit": False,
            "urls": {"api": simulator_addresses(running.server.rest_url, running.server.stream_url)},
            "options": spot_options(),
        }
    )
    await exchange.load_markets()
    yield exchange
    await exchange.close()


async def seen(watching: Awaitable[Any], action: Awaitable[Any]) -> Any:
    """What a watching client is told when something is done."""
    told, _ = await asyncio.wait_for(asyncio.gather(watching, action), WAIT_S)
    return told


async def test_markets(client: Any) -> None:
    market = client.market("BTC/USDT")
    assert sorted(client.markets) == ["BTC/USDT", "ETH/USDT"]
    assert market["precision"] == {"amount": 1e-05, "price": 0.01, "base": 1e-08, "quote": 1e-08}
    assert market["limits"]["cost"] == {"min": 5.0, "max": 9000000.0}
    assert (market["active"], market["spot"], market["margin"]) == (True, True, False)


async def test_market_data(client: Any) -> None:
    assert [candle[4] for candle in await client.fetch_ohlcv("BTC/USDT", "1m", limit=3)] == [50000.0] * 3
    assert (await client.fetch_ticker("BTC/USDT"))["bid"] == 49999.99
    assert (await client.fetch_order_book("BTC/USDT", 5))["asks"][0] == [50000.0, 2.0]
    assert (await client.fetch_trades("BTC/USDT", limit=1))[0]["price"] == 50000.0
    assert (await client.fetch_status())["status"] == "ok"
    assert len(await client.fetch_bids_asks()) == 2


async def test_an_order_is_placed_and_cancelled(client: Any) -> None:
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 49000)
    assert (order["status"], order["remaining"]) == ("open", 0.01)
    balance = await client.fetch_balance()
    assert (balance["USDT"]["free"], balance["USDT"]["used"]) == (9510.0, 490.0)
    assert [found["id"] for found in await client.fetch_open_orders("BTC/USDT")] == [order["id"]]
    cancelled = await client.cancel_order(order["id"], "BTC/USDT")
    assert cancelled["status"] == "canceled"
    assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "canceled"


async def test_a_market_order_and_its_trades(client: Any, running: Running) -> None:
    order = await client.create_order("BTC/USDT", "market", "buy", 0.01)
    assert (order["status"], order["filled"], order["cost"]) == ("closed", 0.01, 500.0)
    trades = await client.fetch_my_trades("BTC/USDT")
    assert [(trade["order"], trade["fee"]["currency"], trade["takerOrMaker"]) for trade in trades] == [
        (order["id"], "BTC", "taker")
    ]
    by_cost = await client.create_market_buy_order_with_cost("BTC/USDT", 100)
    assert by_cost["filled"] == 0.002
    stored = running.server.exchange.storage.all_orders()
    assert [found.status for found in stored] == [OrderStatus.FILLED, OrderStatus.FILLED]


async def test_refusals_have_their_types(client: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order("BTC/USDT", "market", "buy", 1)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order("77", "BTC/USDT")
    with pytest.raises(ccxt.InvalidOrder):
        await client.create_order("BTC/USDT", "limit", "buy", 0.01, 9000)
    client.secret = "wrong"
    with pytest.raises(ccxt.AuthenticationError):
        await client.fetch_balance()


async def test_stops(client: Any, running: Running) -> None:
    params = {"stopLossPrice": 49_000}
    limit = await client.create_order("BTC/USDT", "limit", "sell", 0.1, 48_900, params)
    market = await client.create_order("BTC/USDT", "market", "sell", 0.1, None, params)
    profit = await client.create_order("BTC/USDT", "market", "sell", 0.1, None, {"takeProfitPrice": 52_000})
    stored = running.server.exchange.storage.all_orders()
    assert [order.type for order in stored] == ["STOP_LOSS_LIMIT", "STOP_LOSS", "TAKE_PROFIT"]
    found = await client.fetch_order(market["id"], "BTC/USDT")
    assert (found["status"], found["stopPrice"]) == ("open", 49_000)
    running.market.set_price("BTCUSDT", "48000")
    expected = [(limit, "open"), (market, "closed"), (profit, "open")]
    for order, status in expected:
        assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == status
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await client.create_order("BTC/USDT", "market", "sell", 0.1, None, {"stopLossPrice": 49_000})


async def test_edit(client: Any, running: Running) -> None:
    order = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 49_000)
    edited = await client.edit_order(order["id"], "BTC/USDT", "limit", "buy", 0.02, 48_000)
    assert (edited["amount"], edited["price"], edited["status"]) == (0.02, 48_000, "open")
    assert (await client.fetch_order(order["id"], "BTC/USDT"))["status"] == "canceled"
    assert [found["id"] for found in await client.fetch_open_orders("BTC/USDT")] == [edited["id"]]


async def test_an_open_stop_has_its_trigger_and_can_be_moved(client: Any, running: Running) -> None:
    stop = {"stopLossPrice": 49_000}
    order = await client.create_order("BTC/USDT", "limit", "sell", 0.1, 48_900, stop)
    (found,) = await client.fetch_open_orders("BTC/USDT")
    assert (found["id"], found["type"], found["status"]) == (order["id"], "limit", "open")
    assert (found["triggerPrice"], found["price"], found["info"]["type"]) == (
        49_000,
        48_900,
        "STOP_LOSS_LIMIT",
    )
    moved = await client.edit_order(
        order["id"], "BTC/USDT", "limit", "sell", 0.1, 49_400, {"stopPrice": 49_500}
    )
    (found,) = await client.fetch_open_orders("BTC/USDT")
    assert (found["id"], found["triggerPrice"], found["price"]) == (moved["id"], 49_500, 49_400)
    stored = running.server.exchange.storage.all_orders()
    assert [(each.type, each.status) for each in stored] == [
        ("STOP_LOSS_LIMIT", OrderStatus.CANCELED),
        ("STOP_LOSS_LIMIT", OrderStatus.NEW),
    ]


async def test_the_account_is_watched(client: Any) -> None:
    await client.authenticate({"type": "spot"})
    place = client.create_order("BTC/USDT", "limit", "sell", 0.1, 60_000)
    (order,) = await seen(client.watch_orders("BTC/USDT"), place)
    assert (order["status"], order["amount"], order["price"]) == ("open", 0.1, 60_000)
    cancel = client.cancel_order(order["id"], "BTC/USDT")
    (order,) = await seen(client.watch_orders("BTC/USDT"), cancel)
    assert (order["status"], order["filled"]) == ("canceled", 0)
    buy = client.create_order("BTC/USDT", "market", "buy", 0.01)
    (trade,) = await seen(client.watch_my_trades("BTC/USDT"), buy)
    assert (trade["side"], trade["amount"], trade["price"]) == ("buy", 0.01, 50_000)
    assert (trade["fee"]["currency"], trade["takerOrMaker"]) == ("BTC", "taker")
    sell = client.create_order("BTC/USDT", "limit", "sell", 0.1, 60_000)
    assert (await seen(client.watch_balance(), sell))["BTC"]["used"] == 0.1


async def test_the_market_is_watched(client: Any, running: Running) -> None:
    running.market.set_price("BTCUSDT", "50001")
    candles = await asyncio.wait_for(client.watch_ohlcv("BTC/USDT", "1m"), WAIT_S)
    assert candles[-1][4] == 50001.0
    ticker = await asyncio.wait_for(client.watch_ticker("BTC/USDT"), WAIT_S)
    assert (ticker["last"], ticker["open"]) == (50001.0, 50000.0)
    book = await asyncio.wait_for(client.watch_order_book("BTC/USDT"), WAIT_S)
    assert (book["bids"][0], book["asks"][0]) == ([50000.99, 2.0], [50001.0, 2.0])


async def test_orders_go_through_the_socket(client: Any) -> None:
    order = await client.create_order_ws("BTC/USDT", "limit", "buy", 0.01, 49_000)
    assert [found["id"] for found in await client.fetch_open_orders_ws("BTC/USDT")] == [order["id"]]
    # ccxt hands a spot account's answer on as it came.
    balances = (await client.fetch_balance_ws())["info"]["balances"]
    assert {"asset": "USDT", "free": "9510.00000000", "locked": "490.00000000"} in balances
    edited = await client.edit_order_ws(order["id"], "BTC/USDT", "limit", "buy", 0.02, 48_000)
    assert (edited["amount"], edited["price"]) == (0.02, 48_000)
    assert (await client.cancel_order_ws(edited["id"], "BTC/USDT"))["status"] == "canceled"
    with pytest.raises(ccxt.InsufficientFunds):
        await client.create_order_ws("BTC/USDT", "market", "buy", 1)


async def test_an_oco_list(client: Any, running: Running) -> None:
    placed = await client.private_post_orderlist_oco(
        {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "quantity": "0.1",
            "aboveType": "LIMIT_MAKER",
            "abovePrice": "51000",
            "belowType": "STOP_LOSS",
            "belowStopPrice": "49000",
        }
    )
    assert placed["listOrderStatus"] == "EXECUTING"
    orders = await client.fetch_open_orders("BTC/USDT")
    assert [order["status"] for order in orders] == ["open", "open"]
    running.market.set_price("BTCUSDT", "51001")
    found = await client.fetch_orders("BTC/USDT")
    assert [order["status"] for order in found] == ["expired", "closed"]
