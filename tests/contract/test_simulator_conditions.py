"""Faults that need no request: time, rules, fees, a wipe, and the user data streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.contract.fault_scripts import condition, control, release, rule_of, script, statuses
from tests.exchange_client import KEY, Running, running_exchange
from tests.markets import SteppedMarket


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange() as exchange:
        yield exchange


async def test_the_clock_is_shifted_while_the_rule_exists(running: Running) -> None:
    now_ms = running.market.now_ms()
    rule = await condition(running, "clock", shift_ms=60_000)
    assert (await running.client.public("time")).body == {"serverTime": now_ms + 60_000}
    refused = await running.client.market("BUY", "0.01")
    assert refused.error == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
    accepted = await running.client.order(
        side="BUY", type="MARKET", quantity="0.01", timestamp=now_ms + 60_000
    )
    assert accepted.body["transactTime"] == now_ms + 60_000
    await release(running, rule)
    back = await condition(running, "clock", shift_ms=-2000)
    ahead = await running.client.market("BUY", "0.01")
    assert ahead.error == (
        400,
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
    )
    await release(running, back)
    assert (await running.client.market("BUY", "0.01")).status == 200


async def test_a_shifted_clock_closes_no_candle_early(running: Running) -> None:
    async def last_close() -> str:
        rows = (await running.client.public("klines", symbol="BTCUSDT", interval="1m", limit=1)).body
        return str(rows[-1][4])

    rule = await condition(running, "clock", shift_ms=600_000)
    assert await last_close() == "50000.00000000"
    running.market.set_price("BTCUSDT", "50001")
    assert await last_close() == "50001.00000000"
    await release(running, rule)
    running.market.set_price("BTCUSDT", "50002")
    assert await last_close() == "50002.00000000"


async def test_rules_change_for_queries_and_new_orders(running: Running) -> None:
    changes = {"status": "TRADING", "filters": {"LOT_SIZE": {"stepSize": "0.1", "minQty": "0.1"}}}
    rule = await condition(running, "rules", symbol="BTCUSDT", changes=changes)
    entry = (await running.client.public("exchangeInfo", symbol="BTCUSDT")).body["symbols"][0]
    lot = next(each for each in entry["filters"] if each["filterType"] == "LOT_SIZE")
    assert lot == {
        "filterType": "LOT_SIZE",
        "minQty": "0.1",
        "maxQty": "9000.00000000",
        "stepSize": "0.1",
    }
    refused = await running.client.market("BUY", "0.01")
    assert refused.error == (400, -1013, "Filter failure: LOT_SIZE")
    await release(running, rule)
    halt = await condition(running, "rules", symbol="BTCUSDT", changes={"status": "HALT"})
    entry = (await running.client.public("exchangeInfo", symbol="BTCUSDT")).body["symbols"][0]
    assert entry["status"] == "HALT"
    assert (await running.client.market("BUY", "0.01")).error == (400, -2010, "Market is closed.")
    await release(running, halt)
    assert (await running.client.market("BUY", "0.01")).status == 200


async def test_a_stepped_market_can_still_be_stepped() -> None:
    async with running_exchange(SteppedMarket()) as running:
        await condition(running, "clock", shift_ms=1000)
        before = (await control(running, "GET", "state"))["now_ms"]
        assert await control(running, "POST", "step", {"candles": 1}) == {"now_ms": before + 60_000}


async def test_fees_are_taken_in_another_asset_while_there_is_enough(running: Running) -> None:
    await control(running, "POST", "deposit", {"asset": "BNB", "amount": "0.001"})
    rule = await condition(running, "fee_asset", asset="BNB")
    fill = (await running.client.market("BUY", "0.01")).body["fills"][0]
    # 0.00001 BTC at 50000 USDT is 0.5 USDT; a BNB is 880.
    assert (fill["commissionAsset"], fill["commission"]) == ("BNB", "0.00056818")
    assert (await running.client.balances())["BNB"][0] == Decimal("0.00043182")
    fill = (await running.client.market("BUY", "0.01")).body["fills"][0]
    assert (fill["commissionAsset"], fill["commission"]) == ("BTC", "0.00001000")
    await control(running, "POST", "deposit", {"asset": "BNB", "amount": "1"})
    await release(running, rule)
    fill = (await running.client.market("SELL", "0.01")).body["fills"][0]
    assert fill["commissionAsset"] == "USDT"


async def test_a_wipe_begins_anew(running: Running) -> None:
    await running.client.market("BUY", "0.01")
    await running.client.limit("SELL", "0.01", "60000")
    rule = await condition(running, "wipe")
    assert (await rule_of(running, rule))["fired"] == 1
    assert await statuses(running) == []
    assert await control(running, "GET", "fills") == []
    assert await running.client.balances() == {
        "USDT": (Decimal(10_000), Decimal(0)),
        "BTC": (Decimal(1), Decimal(0)),
    }
    assert (await running.client.market("BUY", "0.01")).body["orderId"] == 1


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            {"fault": "rules", "symbol": "NOPE", "changes": {"status": "HALT"}},
            "symbol must be one of BTCUSDT",
        ),
        ({"fault": "fee_asset", "asset": "NOPE"}, "asset must have a price"),
    ],
)
async def test_rules_about_what_is_not_there_are_refused(
    running: Running, rule: dict[str, Any], words: str
) -> None:
    url = f"{running.server.rest_url}/control/faults"
    async with running.client.session.post(url, json=rule) as reply:
        assert reply.status == 400
        assert words in (await reply.json())["error"]


@asynccontextmanager
async def user_stream(running: Running) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection subscribed to the account's events."""
    url = f"{running.server.stream_url}/ws-api/v3"
    async with running.client.session.ws_connect(url) as socket:
        await subscribe(running, socket)
        yield socket


async def subscribe(running: Running, socket: aiohttp.ClientWebSocketResponse) -> Any:
    params = {"apiKey": KEY, "timestamp": running.market.now_ms()}
    params["signature"] = running.client.sign(urlencode(params))
    await socket.send_json({"id": "1", "method": "userDataStream.subscribe.signature", "params": params})
    return await socket.receive_json(timeout=60)


async def events(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[str]:
    """The next events: `x` of an order's, else their type."""
    found = [(await socket.receive_json(timeout=60))["event"] for _ in range(count)]
    return [event.get("x", event["e"]) for event in found]


async def test_user_events_twice_and_backwards(running: Running) -> None:
    async with user_stream(running) as socket:
        await running.client.market("BUY", "0.01")
        in_order = ["NEW", "TRADE", "outboundAccountPosition"]
        assert await events(socket, 3) == in_order
        rule = await condition(running, "stream_reorder")
        await running.client.market("BUY", "0.01")
        assert await events(socket, 3) == in_order[::-1]
        await release(running, rule)
        rule = await condition(running, "stream_duplicate")
        await running.client.market("BUY", "0.01")
        assert await events(socket, 6) == [event for event in in_order for _ in range(2)]
        await release(running, rule)


async def test_a_silent_user_stream_stays_open(running: Running) -> None:
    async with user_stream(running) as socket:
        rule = await condition(running, "stream_silent")
        await running.client.market("BUY", "0.01")
        await socket.send_json({"id": "2", "method": "ping"})
        assert (await socket.receive_json(timeout=60))["id"] == "2"
        await release(running, rule)
        await running.client.market("SELL", "0.02")
        first = (await socket.receive_json(timeout=60))["event"]
        assert (first["x"], first["S"]) == ("NEW", "SELL")


@pytest.mark.parametrize("close_code", [1001, None])
async def test_user_streams_are_dropped(running: Running, close_code: int | None) -> None:
    async with user_stream(running) as socket:
        await condition(running, "stream_drop", close_code=close_code)
        message = await socket.receive(timeout=60)
        assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert socket.close_code == (close_code or 1006)
    async with user_stream(running) as socket:
        await running.client.market("BUY", "0.01")
        assert await events(socket, 1) == ["NEW"]


async def test_user_streams_are_told_of_their_end(running: Running) -> None:
    async with user_stream(running) as socket:
        await condition(running, "stream_event", event={"subscriptionId": 0, "event": {"e": "unheardOf"}})
        assert await events(socket, 1) == ["unheardOf"]
        await condition(running, "stream_terminate")
        assert await events(socket, 1) == ["eventStreamTerminated"]
        assert (await subscribe(running, socket))["status"] == 200
        await condition(running, "server_shutdown")
        assert await events(socket, 1) == ["serverShutdown"]
        assert (await socket.receive(timeout=60)).type is aiohttp.WSMsgType.CLOSE


async def test_new_connections_are_refused(running: Running) -> None:
    rule = await condition(running, "stream_refuse", status=503)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with user_stream(running):
            pass
    assert refusal.value.status == 503
    await release(running, rule)
    async with user_stream(running) as socket:
        assert not socket.closed


async def test_requests_of_the_websocket_api_meet_rules_and_are_counted(running: Running) -> None:
    method = "userDataStream.subscribe.signature"
    await script(running, "answer", match={"method": "WS", "path": method}, error="-1007")
    url = f"{running.server.stream_url}/ws-api/v3"
    async with running.client.session.ws_connect(url) as socket:
        refused = await subscribe(running, socket)
        assert (refused["id"], refused["status"], refused["error"]["code"]) == ("1", 503, -1007)
        assert (await subscribe(running, socket))["status"] == 200
        rule = await script(running, "invisible", match={"method": "WS"}, delay_s=3600)
        params: dict[str, Any] = {
            "apiKey": KEY,
            "newClientOrderId": "ws",
            "quantity": "0.01",
            "side": "BUY",
            "symbol": "BTCUSDT",
            "timestamp": running.market.now_ms(),
            "type": "MARKET",
        }
        params["signature"] = running.client.sign(urlencode(params))
        await socket.send_json({"id": "2", "method": "order.place", "params": params})
        placed = await socket.receive_json(timeout=60)
        while placed.get("id") != "2":
            placed = await socket.receive_json(timeout=60)
        assert placed["result"]["status"] == "FILLED"
    assert (await rule_of(running, rule))["fired"] == 1
    asked = await running.client.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="ws")
    assert asked.body["code"] == -2013
    counts = await control(running, "GET", "requests")
    assert counts[f"WS {method}"] == {"received": 2, "executed": 1, "answered": 2}
    assert counts["WS order.place"] == {"received": 1, "executed": 1, "answered": 1}
