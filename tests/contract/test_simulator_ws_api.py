"""The simulated exchange's WebSocket API over real sockets: frames, signatures, limits, methods."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from binance_trade_agent.exchange.simulator.connections import Connection, Liveness
from tests.exchange_client import KEY, SECRET, Running, running_exchange
from tests.markets import ScriptedMarket, WallMarket
from tests.ws_api_client import WAIT_S, WsClient, ws_connection

NOW = 1_767_225_600_000


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket(("BTCUSDT", "ETHUSDT"))) as exchange:
        yield exchange


@pytest.fixture
async def socket(running: Running) -> AsyncIterator[WsClient]:
    async with ws_connection(running) as client:
        yield client


def error(reply: dict[str, Any]) -> tuple[int, int, str]:
    return reply["status"], reply["error"]["code"], reply["error"]["msg"]


class TestFrames:
    async def test_a_reply_carries_id_status_result_and_limits(self, socket: WsClient) -> None:
        await socket.socket.send_str('{"id": 7, "method": "v3/time"}')
        assert await socket.reply() == {
            "id": 7,
            "status": 200,
            "result": {"serverTime": NOW},
            "rateLimits": [
                {
                    "rateLimitType": "REQUEST_WEIGHT",
                    "interval": "MINUTE",
                    "intervalNum": 1,
                    "limit": 6000,
                    # 2 for the connection, 1 for this request
                    "count": 3,
                }
            ],
        }

    async def test_limits_can_be_left_out(self, running: Running, socket: WsClient) -> None:
        assert "rateLimits" not in await socket.ask("ping", returnRateLimits=False)
        async with ws_connection(running, "?returnRateLimits=false") as silent:
            assert "rateLimits" not in await silent.ask("ping")
            assert "rateLimits" in await silent.ask("ping", returnRateLimits=True)

    @pytest.mark.parametrize(
        ("text", "identity", "code", "message"),
        [
            ("{", None, -1135, "Invalid JSON Request"),
            ("[]", None, -1135, "Invalid JSON Request"),
            ('{"id": 1}', 1, -1135, "JSON sent for parameter 'method' is not valid"),
            (
                '{"id": "a", "method": "ping", "params": [1]}',
                "a",
                -1135,
                "Invalid 'params' in JSON request; expected an object.",
            ),
            (r'{"id": "\ud800", "method": "ping"}', None, -1135, "Invalid JSON Request"),
            ('{"id": 2, "method": "nothing"}', 2, -1020, "This operation is not supported."),
            (
                '{"id": 3, "method": "ping", "params": {"x": "1"}}',
                3,
                -1104,
                "Not all sent parameters were read; read '0' parameter(s) but was sent '1'.",
            ),
            (
                '{"id": 4, "method": "depth", "params": {"symbol": {"a": 1}}}',
                4,
                -1135,
                "JSON sent for parameter 'symbol' is not valid",
            ),
        ],
    )
    async def test_a_malformed_request_is_answered(
        self, socket: WsClient, text: str, identity: Any, code: int, message: str
    ) -> None:
        await socket.socket.send_str(text)
        reply = await socket.reply()
        assert (reply["id"], *error(reply)) == (identity, 400, code, message)


class TestMethods:
    async def test_public_data(self, socket: WsClient) -> None:
        assert (await socket.ask("ping"))["result"] == {}
        many = await socket.ask("exchangeInfo", symbols=["ETHUSDT", "BTCUSDT"])
        assert [entry["symbol"] for entry in many["result"]["symbols"]] == ["ETHUSDT", "BTCUSDT"]
        rows = await socket.ask("klines", symbol="BTCUSDT", interval="1m", limit=2)
        assert [row[0] for row in rows["result"]] == [NOW - 60_000, NOW]
        assert (await socket.ask("ticker.price", symbol="BTCUSDT"))["result"]["price"] == "50000.00000000"
        assert (await socket.ask("ticker.book", symbol="BTCUSDT"))["result"]["askPrice"] == "50000.00000000"
        assert (await socket.ask("ticker.24hr", symbol="BTCUSDT"))["result"]["lastPrice"] == "50000.00000000"
        assert len((await socket.ask("depth", symbol="BTCUSDT", limit=5))["result"]["bids"]) == 5
        assert (await socket.ask("avgPrice", symbol="BTCUSDT"))["result"]["mins"] == 5
        assert error(await socket.ask("depth", symbol="NOUSDT")) == (400, -1121, "Invalid symbol.")

    async def test_an_order_from_place_to_cancel(self, running: Running, socket: WsClient) -> None:
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        order |= {"quantity": "0.010", "price": "49000.00", "newClientOrderId": "mine"}
        assert (await socket.signed("order.test", **order))["result"] == {}
        placed = await socket.signed("order.place", **order)
        assert (placed["result"]["status"], placed["result"]["clientOrderId"]) == ("NEW", "mine")
        counts = {
            (limit["rateLimitType"], limit["interval"]): limit["count"] for limit in placed["rateLimits"]
        }
        assert counts[("ORDERS", "SECOND")] == counts[("ORDERS", "DAY")] == 1
        one = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
        assert (await socket.signed("order.status", **one))["result"]["price"] == "49000.00000000"
        assert len((await socket.signed("openOrders.status"))["result"]) == 1
        duplicate = await socket.signed("order.place", **order)
        assert error(duplicate) == (400, -2010, "Duplicate order sent.")
        assert len(duplicate["rateLimits"]) == 3
        assert (await socket.signed("order.cancel", **one))["result"]["status"] == "CANCELED"
        assert error(await socket.signed("openOrders.cancelAll", symbol="BTCUSDT"))[1] == -2011
        assert len((await socket.signed("allOrders", symbol="BTCUSDT"))["result"]) == 1
        assert (await socket.signed("myTrades", symbol="BTCUSDT"))["result"] == []
        assert (await socket.signed("account.rateLimits.orders"))["result"][0]["count"] == 2
        account = await socket.signed("account.status")
        rest = await running.client.signed("GET", "account")
        assert account["result"]["balances"] == rest.body["balances"]

    async def test_lists_and_replacements(self, socket: WsClient) -> None:
        protection = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.5", "aboveType": "LIMIT_MAKER"}
        protection |= {"abovePrice": "52000", "belowType": "STOP_LOSS", "belowStopPrice": "48000"}
        placed = await socket.signed("orderList.place.oco", **protection, listClientOrderId="list")
        assert placed["result"]["listOrderStatus"] == "EXECUTING"
        found = await socket.signed("orderList.status", origClientOrderId="list")
        assert found["result"]["orderListId"] == placed["result"]["orderListId"]
        # Leaves one order of the list to be replaced; the new one is refused: a half success.
        replacement = {
            "symbol": "BTCUSDT",
            "side": "SELL",
            "type": "MARKET",
            "quantity": "5",
            "cancelReplaceMode": "STOP_ON_FAILURE",
            "cancelOrderId": placed["result"]["orders"][0]["orderId"],
        }
        half = await socket.signed("order.cancelReplace", **replacement)
        assert error(half) == (409, -2021, "Order cancel-replace partially failed.")
        data = half["error"]["data"]
        assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
        gone = await socket.signed("orderList.cancel", symbol="BTCUSDT", listClientOrderId="list")
        assert gone["error"]["code"] == -2011


class TestSignatures:
    async def test_a_float_is_signed_as_it_is_written(self, running: Running, socket: WsClient) -> None:
        payload = f"apiKey={KEY}&recvWindow=100.50&timestamp={NOW}"
        signature = running.client.sign(payload)
        params = {"apiKey": KEY, "recvWindow": "@", "signature": signature.upper(), "timestamp": NOW}
        text = json.dumps({"id": 1, "method": "account.status", "params": params})
        await socket.socket.send_str(text.replace('"@"', "100.50"))
        assert (await socket.reply())["status"] == 200

    async def test_refusals(self, running: Running, socket: WsClient) -> None:
        wrong = socket.sign({}) | {"signature": "0" * 64}
        assert error(await socket.ask("account.status", **wrong))[1] == -1022
        unsigned = {"apiKey": KEY, "timestamp": NOW}
        assert error(await socket.ask("account.status", **unsigned))[1] == -1102
        assert error(await socket.signed("account.status", apiKey="short")) == (
            401,
            -2014,
            "API-key format invalid.",
        )
        assert error(await socket.signed("account.status", apiKey="X" * 64))[:2] == (401, -2015)
        late = await socket.signed("account.status", timestamp=NOW - 5001)
        assert error(late) == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
        early = await socket.signed("account.status", timestamp=NOW + 1000)
        assert error(early)[2] == "Timestamp for this request was 1000ms ahead of the server's time."


class TestLimits:
    async def test_weight_is_counted_together_with_rest(self, running: Running, socket: WsClient) -> None:
        await running.client.signed("GET", "account")
        reply = await socket.signed("account.status")
        assert reply["rateLimits"][-1]["count"] == 2 + 20 + 20

    async def test_429_then_a_ban_ends_the_connection(self, running: Running, socket: WsClient) -> None:
        for _ in range(75):
            await socket.ask("ticker.24hr")
        refused = await socket.ask("ping")
        assert error(refused)[:2] == (429, -1003)
        assert refused["error"]["data"] == {"serverTime": NOW, "retryAfter": NOW + 60_000}
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with ws_connection(running):
                pass
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (429, "60")
        while (reply := await socket.ask("ping"))["status"] == 429:
            pass
        assert error(reply)[0] == 418
        assert reply["error"]["data"]["retryAfter"] == NOW + 120_000
        assert await socket.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION


class TestSession:
    async def test_hmac_keys_cannot_log_on(self, socket: WsClient) -> None:
        assert error(await socket.signed("session.logon")) == (
            400,
            -4056,
            "HMAC_SHA256 API key is not supported.",
        )
        assert error(await socket.ask("userDataStream.subscribe"))[0] == 401
        status = {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": NOW,
            "returnRateLimits": True,
            "serverTime": NOW,
            "userDataStream": False,
        }
        assert (await socket.ask("session.status"))["result"] == status
        assert (await socket.ask("session.logout"))["result"] == status


class TestFaults:
    async def faults(self, running: Running, **rule: Any) -> None:
        url = f"{running.server.rest_url}/control/faults"
        async with running.client.session.post(url, json=rule) as reply:
            assert reply.status == 200, await reply.text()

    async def test_a_scripted_answer_replaces_the_true_one(self, running: Running, socket: WsClient) -> None:
        match = {"method": "WS", "path": "order.place", "params": {"side": "BUY"}}
        await self.faults(running, match=match, fault="execute_then_answer", error="-1007")
        order = {"symbol": "BTCUSDT", "type": "MARKET", "quantity": "0.01"}
        reply = await socket.signed("order.place", side="BUY", **order)
        assert error(reply)[:2] == (503, -1007)
        assert len(running.server.exchange.storage.all_orders()) == 1
        assert (await socket.signed("order.place", side="SELL", **order))["status"] == 200

    async def test_a_held_request_does_not_hold_up_others(self, running: Running, socket: WsClient) -> None:
        await self.faults(running, match={"method": "WS", "path": "time"}, fault="hold")
        await socket.socket.send_json({"id": "held", "method": "time"})
        assert (await socket.ask("ping"))["id"] == "ping"
        async with running.client.session.delete(f"{running.server.rest_url}/control/faults"):
            assert (await socket.reply())["id"] == "held"

    async def test_a_reset_cuts_the_connection(self, running: Running, socket: WsClient) -> None:
        await self.faults(running, match={"method": "WS"}, fault="reset")
        await socket.socket.send_json({"id": 1, "method": "ping"})
        assert await socket.closed() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


class Echo:
    """Serves connections that keep to `liveness`, and remembers them."""

    def __init__(self, liveness: Liveness, most_waiting: int = 4) -> None:
        self._liveness = liveness
        self._most_waiting = most_waiting
        self.connections: list[Connection] = []
        self.ended = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        connection = Connection(request, self._liveness, most_waiting=self._most_waiting)
        try:
            return await connection.serve(
                lambda: self.connections.append(connection), lambda text: connection.send(text.encode())
            )
        finally:
            self.ended.set()


@pytest.fixture
async def serve() -> AsyncIterator[Any]:
    runners: list[web.AppRunner] = []
    session = aiohttp.ClientSession()

    async def start(echo: Echo, **options: Any) -> aiohttp.ClientWebSocketResponse:
        app = web.Application()
        app.router.add_get("/", echo.handle)
        runners.append(web.AppRunner(app, shutdown_timeout=1))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        port = runners[-1].addresses[0][1]
        return await session.ws_connect(f"ws://127.0.0.1:{port}/", **options)

    yield start
    await session.close()
    for runner in runners:
        await runner.cleanup()


async def end_of(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(WAIT_S):
        while not socket.closed:
            await socket.receive()
    return socket.close_code


class TestConnections:
    async def test_pongs_that_answer_nothing_keep_nothing_alive(self, serve: Any) -> None:
        echo = Echo(Liveness(ping_interval_s=0.02, pong_timeout_s=0.1))
        socket = await serve(echo, autoping=False)
        async with asyncio.timeout(WAIT_S):
            while (await socket.receive()).type is aiohttp.WSMsgType.PING:
                await socket.pong(b"unsolicited")
        assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY

    async def test_a_day_is_the_most(self, serve: Any) -> None:
        socket = await serve(Echo(Liveness(ping_interval_s=0.02, lifetime_s=0.1)))
        assert await end_of(socket) == aiohttp.WSCloseCode.GOING_AWAY

    async def test_a_client_that_does_not_read_is_cut_off(self, serve: Any) -> None:
        echo = Echo(Liveness())
        socket = await serve(echo)
        await socket.send_str("hello")
        assert (await socket.receive()).data == "hello"
        connection = echo.connections[0]
        async with asyncio.timeout(WAIT_S):
            while connection.is_open:
                connection.send(b"x" * 1_000_000)
                # Lets the server write, which fills the sockets' buffers and then blocks.
                await asyncio.sleep(0)
            await echo.ended.wait()
        assert await end_of(socket) == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


class TestPythonBinance:
    async def test_its_websocket_calls_work(self) -> None:
        async with running_exchange(WallMarket()) as running:
            rest, streams = running.server.rest_url, running.server.stream_url

            class LocalClient(AsyncClient):  # type: ignore[misc]
                API_URL = API_TESTNET_URL = API_DEMO_URL = f"{rest}/api"
                WS_API_URL = WS_API_TESTNET_URL = WS_API_DEMO_URL = f"{streams}/ws-api/v3"

            client = await LocalClient.create(KEY, SECRET)
            # Also how long its reader waits before it notices that it is to end.
            client.ws_api.TIMEOUT = 5
            try:
                await round_of_orders(client)
            finally:
                await client.close_connection()


async def round_of_orders(client: Any) -> None:
    assert "serverTime" in await client.ws_get_time()
    assert (await client.ws_get_symbol_ticker(symbol="BTCUSDT"))["price"] == "50000.00000000"
    order = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}
    filled = await client.ws_create_order(**order, type="MARKET")
    assert (filled["status"], len(filled["fills"])) == ("FILLED", 1)
    resting = await client.ws_create_order(**order, type="LIMIT", timeInForce="GTC", price="49000")
    found = await client.ws_get_order(symbol="BTCUSDT", orderId=resting["orderId"])
    assert found["status"] == "NEW"
    cancelled = await client.ws_cancel_order(symbol="BTCUSDT", orderId=resting["orderId"])
    assert cancelled["status"] == "CANCELED"
    assert len((await client.ws_get_account())["balances"]) == 2
    with pytest.raises(BinanceAPIException) as caught:
        await client.ws_cancel_order(symbol="BTCUSDT", orderId=resting["orderId"])
    assert caught.value.code == -2011
