"""Market streams of the simulated exchange over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from tests.exchange_client import Running, running_exchange
from tests.markets import ScriptedMarket

NOW = 1_767_225_600_000
WAIT_S = 60


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket(("BTCUSDT", "ETHUSDT"))) as exchange:
        yield exchange


async def receive(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return orjson.loads((await socket.receive(WAIT_S)).data)


async def receive_where(socket: aiohttp.ClientWebSocketResponse, key: str, value: Any) -> Any:
    """The first event whose `key` is `value`; others are passed over."""
    async with asyncio.timeout(WAIT_S):
        while True:
            event = await receive(socket)
            if event.get(key) == value:
                return event


def connect(running: Running, path: str) -> Any:
    return running.client.session.ws_connect(running.server.stream_url + path)


async def test_candles_close_exactly_once(running: Running) -> None:
    async with connect(running, "/ws/btcusdt@kline_1m") as socket:
        first = await receive(socket)
        assert (first["e"], first["s"], first["k"]["t"], first["k"]["x"]) == ("kline", "BTCUSDT", NOW, False)
        running.market.set_price("BTCUSDT", "50500")
        running.market.advance_time(120_500)
        closed = [await receive(socket) for _ in range(2)]
        assert [(event["k"]["t"], event["k"]["x"]) for event in closed] == [(NOW, True), (NOW + 60_000, True)]
        assert closed[0]["k"]["h"] == "50500.00000000"
        current = await receive(socket)
        assert (current["k"]["t"], current["k"]["x"]) == (NOW + 120_000, False)


async def test_candles_that_the_market_does_not_have_stay_silent(running: Running) -> None:
    async with connect(running, "/ws/btcusdt@kline_1w/btcusdt@kline_1s/btcusdt@bookTicker") as socket:
        assert (await receive(socket))["s"] == "BTCUSDT"
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@kline_1M"], "id": 1})
        assert await receive(socket) == {"result": None, "id": 1}


async def test_trades_and_book(running: Running) -> None:
    async with connect(running, "/ws/btcusdt@trade/btcusdt@aggTrade/btcusdt@bookTicker") as socket:
        book = await receive(socket)
        assert (book["s"], book["b"], book["a"]) == ("BTCUSDT", "49999.99000000", "50000.00000000")
        assert "e" not in book
        running.market.set_price("ETHUSDT", "50001")
        running.market.set_price("BTCUSDT", "50100", "0.5")
        trade = await receive_where(socket, "e", "trade")
        assert (trade["p"], trade["q"], trade["T"]) == ("50100.00000000", "0.50000000", NOW)
        aggregate = await receive_where(socket, "e", "aggTrade")
        assert aggregate["a"] == trade["t"]
        changed = await receive_where(socket, "a", "50100.00000000")
        assert changed["u"] > book["u"]


async def test_tickers_and_depth(running: Running) -> None:
    streams = "btcusdt@ticker/btcusdt@miniTicker/btcusdt@depth5@100ms/btcusdt@depth"
    async with connect(running, f"/stream?streams={streams}?timeUnit=MICROSECOND") as socket:
        messages = [await receive(socket) for _ in range(4)]
        by_stream = {message["stream"]: message["data"] for message in messages}
        assert by_stream["btcusdt@ticker"]["e"] == "24hrTicker"
        assert by_stream["btcusdt@miniTicker"]["c"] == "50000.00000000"
        assert len(by_stream["btcusdt@depth5@100ms"]["bids"]) == 5
        assert len(by_stream["btcusdt@depth"]["b"]) == 20
        first = by_stream["btcusdt@depth"]
        running.market.set_price("BTCUSDT", "50000.01")
        running.market.advance_time(1000)
        second = await receive_where(socket, "stream", "btcusdt@depth")
        assert second["data"]["U"] == first["u"] + 1
        assert ["50000.00000000", "0.00000000"] in second["data"]["a"]


async def test_subscribe_unsubscribe_list(running: Running) -> None:
    async with connect(running, "/ws/0") as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker", "no@such"], "id": 1})
        assert await receive(socket) == {"result": None, "id": 1}
        assert (await receive(socket))["s"] == "BTCUSDT"
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": "a"})
        assert await receive(socket) == {"result": ["btcusdt@bookTicker", "no@such"], "id": "a"}
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 3})
        assert await receive(socket) == {"result": None, "id": 3}
        running.market.set_price("BTCUSDT", "51000")
        await socket.send_str("{")
        assert (await receive(socket))["code"] == 3
        await socket.send_json({"method": "LISTEN", "id": 4})
        assert (await receive(socket))["code"] == 2


async def test_more_than_five_messages_a_second_disconnects(running: Running) -> None:
    async with connect(running, "/ws") as socket:
        for number in range(6):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        # The close may overtake replies that wait to be sent.
        async with asyncio.timeout(WAIT_S):
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        assert socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_server_pings_and_answers_pings() -> None:
    async with running_exchange(ping_interval_s=0.02) as running:
        url = f"{running.server.stream_url}/ws"
        async with running.client.session.ws_connect(url, autoping=False) as socket:
            ping = await socket.receive(WAIT_S)
            assert ping.type is aiohttp.WSMsgType.PING
            assert ping.data.isdigit()
            await socket.ping(b"mine")
            async with asyncio.timeout(WAIT_S):
                while (message := await socket.receive()).type is not aiohttp.WSMsgType.PONG:
                    pass
            assert message.data == b"mine"


async def test_closing_the_server_says_goodbye() -> None:
    async with running_exchange() as running:
        async with connect(running, "/ws/btcusdt@kline_1m") as socket:
            await receive(socket)
            closing = asyncio.create_task(running.server.close())
            message = await socket.receive(WAIT_S)
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
        await closing


async def test_an_unavailable_market_keeps_streams_open_and_silent(running: Running) -> None:
    running.market.available = False
    async with connect(running, "/ws/btcusdt@kline_1m") as socket:
        running.market.available = True
        assert (await receive(socket))["e"] == "kline"
