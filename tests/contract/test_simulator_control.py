"""The simulator's control routes: truth, time, money."""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from tests.exchange_client import KEY, Running, running_exchange
from tests.markets import SteppedMarket

NOW = 1_767_225_600_000


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(SteppedMarket()) as exchange:
        yield exchange


async def post(running: Running, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    async with running.client.session.post(f"{running.server.rest_url}/control/{path}", json=body) as reply:
        return reply.status, await reply.json()


async def get(running: Running, path: str) -> Any:
    async with running.client.session.get(f"{running.server.rest_url}/control/{path}") as reply:
        assert reply.status == 200
        return await reply.json()


async def test_state_orders_and_fills_are_the_truth(running: Running) -> None:
    await running.client.market("BUY", "0.01")
    await running.client.limit("SELL", "0.01", "52000")
    state = await get(running, "state")
    assert (state["now_ms"], state["stepped"]) == (NOW, True)
    account = state["accounts"][0]
    assert (account["api_key"], account["open_orders"]) == (KEY, 1)
    assert account["balances"][0] == {"asset": "BTC", "free": "0.99999000", "locked": "0.01000000"}
    orders, fills = await get(running, "orders"), await get(running, "fills")
    assert [order["status"] for order in orders] == ["FILLED", "NEW"]
    assert [(fill["orderId"], fill["accountId"]) for fill in fills] == [(1, account["account_id"])]


async def test_step_moves_time_and_fills_resting_orders(running: Running) -> None:
    order = (await running.client.limit("SELL", "0.01", "50002")).body
    assert await post(running, "step", {"candles": 2}) == (200, {"now_ms": NOW + 120_000})
    assert (await get(running, "orders"))[0]["status"] == "NEW"
    assert await post(running, "step", {}) == (200, {"now_ms": NOW + 180_000})
    assert (await get(running, "orders"))[0]["status"] == "FILLED"
    assert (await get(running, "fills"))[0]["orderId"] == order["orderId"]


async def test_step_publishes_to_streams(running: Running) -> None:
    url = f"{running.server.stream_url}/ws/btcusdt@kline_1m"
    async with running.client.session.ws_connect(url) as socket:
        assert (await socket.receive_json(timeout=60))["k"]["x"] is False
        await post(running, "step", {"candles": 3})
        closed = [(await socket.receive_json(timeout=60))["k"] for _ in range(3)]
        assert [(candle["t"] - NOW, candle["x"]) for candle in closed] == [
            (0, True),
            (60_000, True),
            (120_000, True),
        ]


async def test_step_refusals(running: Running) -> None:
    for candles in (0, -1, "1", 1.5):
        assert (await post(running, "step", {"candles": candles}))[0] == 400
    async with running_exchange() as plain:
        assert await post(plain, "step", {}) == (400, {"error": "this market's time cannot be stepped"})


async def test_deposit_and_withdrawal(running: Running) -> None:
    deposited = await post(running, "deposit", {"asset": "BNB", "amount": "2.5"})
    assert deposited == (200, {"asset": "BNB", "free": "2.50000000", "locked": "0.00000000"})
    await post(running, "deposit", {"asset": "BNB", "amount": "-1", "api_key": KEY})
    assert (await running.client.balances())["BNB"] == (Decimal("1.5"), Decimal(0))
    status, body = await post(running, "deposit", {"asset": "BNB", "amount": "-2"})
    assert (status, "insufficient" in body["error"]) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"asset": "BNB", "amount": "much"},
        {"asset": "BNB", "amount": "NaN"},
        {"asset": "BNB", "amount": "1e-9"},
    ],
)
async def test_deposits_that_make_no_sense(running: Running, body: dict[str, Any]) -> None:
    assert (await post(running, "deposit", body))[0] == 400


@web.middleware
async def from_elsewhere(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    return await handler(request.clone(remote="192.0.2.7"))


async def test_callers_from_elsewhere_are_refused() -> None:
    async with running_exchange(middlewares=[from_elsewhere]) as away:
        routes = [
            ("GET", "state orders fills faults requests"),
            ("POST", "step deposit faults foreign_order cancel trade requests/reset"),
            ("DELETE", "faults faults/1"),
        ]
        for method, paths in routes:
            for path in paths.split():
                url = f"{away.server.rest_url}/control/{path}"
                async with away.client.session.request(method, url, json={}) as reply:
                    assert (path, reply.status) == (path, 403)


async def test_bodies_must_be_objects(running: Running) -> None:
    for raw in (b"{", b"[]"):
        async with running.client.session.post(f"{running.server.rest_url}/control/step", data=raw) as reply:
            assert reply.status == 400


async def test_a_foreign_order_is_one_of_the_app(running: Running) -> None:
    limit = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "quantity": 0.01, "price": "52000"}
    status, resting = await post(running, "foreign_order", limit)
    assert (status, resting["status"]) == (200, "NEW")
    assert resting["clientOrderId"].startswith("web_")
    buy = {"api_key": KEY, "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    _, filled = await post(running, "foreign_order", buy)
    assert (filled["status"], len(filled["fills"])) == ("FILLED", 1)
    shown = (await running.client.signed("GET", "openOrders", symbol="BTCUSDT")).body
    assert [order["clientOrderId"] for order in shown] == [resting["clientOrderId"]]


async def test_an_order_is_cancelled_as_the_app_does(running: Running) -> None:
    order = (await running.client.limit("SELL", "0.01", "52000")).body
    asked = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    status, cancelled = await post(running, "cancel", asked)
    assert (status, [each["status"] for each in cancelled]) == (200, ["CANCELED"])
    assert (await running.client.balances())["BTC"] == (Decimal(1), Decimal(0))
    assert await post(running, "cancel", asked) == (400, {"error": "Unknown order sent.", "code": -2011})


async def test_a_trade_is_printed_and_fills_what_rests(running: Running) -> None:
    await running.client.limit("SELL", "0.02", "52000")
    trade = {"symbol": "BTCUSDT", "price": "52001", "quantity": "0.01"}
    status, printed = await post(running, "trade", trade)
    assert (status, printed["price"]) == (200, "52001.00000000")
    (order,) = await get(running, "orders")
    assert (order["status"], order["executedQty"]) == ("PARTIALLY_FILLED", "0.01000000")
    assert (await get(running, "fills"))[0]["price"] == "52000.00000000"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("foreign_order", {"symbol": "BTCUSDT", "sides": "BUY"}, "sides is not known; api_key, price,"),
        ("foreign_order", {"symbol": "NOPE"}, "Invalid symbol."),
        ("foreign_order", {"symbol": "BTCUSDT", "type": "MARKET"}, "Mandatory parameter 'side'"),
        ("cancel", {"symbol": "BTCUSDT"}, "Mandatory parameter 'orderId'"),
        ("trade", {"symbol": "BTCUSDT", "price": "much", "quantity": "1"}, "Illegal characters"),
        ("trade", {"symbol": "BTCUSDT", "price": "1"}, "Mandatory parameter 'quantity'"),
    ],
)
async def test_foreign_acts_that_make_no_sense(
    running: Running, path: str, body: dict[str, Any], words: str
) -> None:
    status, answer = await post(running, path, body)
    assert status == 400
    assert words in answer["error"]
