"""Every refusal of the simulated exchange: status, code and text as Binance gives them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.exchange_client import Running, running_exchange
from tests.markets import ScriptedMarket

NOW = 1_767_225_600_000
BUY = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "49000"}
MARKET = {"side": "BUY", "type": "MARKET", "quantity": "0.01"}
NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INSUFFICIENT = "Account has insufficient balance for requested action."
BOTH_EMPTY = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket(("BTCUSDT", "ETHUSDT"))) as exchange:
        yield exchange


def missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def illegal(name: str, pattern: str = NUMBER) -> str:
    return f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'."


NEW_ORDERS: list[tuple[dict[str, Any], int, str]] = [
    (BUY | {"price": "1e-05"}, -1100, illegal("price")),
    (BUY | {"quantity": "-1"}, -1100, illegal("quantity")),
    (BUY | {"newClientOrderId": "a.b"}, -1100, illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
    (BUY | {"newClientOrderId": "a" * 37}, -1100, illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
    (BUY | {"symbol": "btcusdt"}, -1100, illegal("symbol", "^[A-Z0-9-_.]{1,20}$")),
    (BUY | {"newOrderRespType": "ALL"}, -1100, illegal("newOrderRespType", "ACK|RESULT|FULL")),
    (BUY | {"side": None}, -1102, missing("side")),
    (BUY | {"type": None}, -1102, missing("type")),
    (BUY | {"price": None}, -1102, missing("price")),
    (BUY | {"quantity": None}, -1102, missing("quantity")),
    (BUY | {"timeInForce": None}, -1102, missing("timeInForce")),
    (BUY | {"symbol": None}, -1102, missing("symbol")),
    (
        {"side": "BUY", "type": "MARKET"},
        -1102,
        "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    ),
    (
        BUY | {"reduceOnly": "true"},
        -1104,
        "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.",
    ),
    (BUY | {"price": ""}, -1105, "Parameter 'price' was empty."),
    (MARKET | {"timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not required."),
    (MARKET | {"price": "50000"}, -1106, "Parameter 'price' sent when not required."),
    (MARKET | {"quoteOrderQty": "10"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
    (BUY | {"stopPrice": "48000"}, -1106, "Parameter 'stopPrice' sent when not required."),
    (BUY | {"quantity": "0.010000001"}, -1111, "Parameter 'quantity' has too much precision."),
    (BUY | {"price": "49000.000000001"}, -1111, "Parameter 'price' has too much precision."),
    (BUY | {"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    (BUY | {"type": "STOP_MARKET"}, -1116, "Invalid orderType."),
    (BUY | {"side": "LONG"}, -1117, "Invalid side."),
    (BUY | {"symbol": "XXXUSDT"}, -1121, "Invalid symbol."),
    (BUY | {"quantity": "0"}, -1013, "Invalid quantity."),
    (BUY | {"price": "49000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    (BUY | {"price": "9999.99"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    (BUY | {"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    (MARKET | {"quantity": "101"}, -1013, "Filter failure: MARKET_LOT_SIZE"),
    (BUY | {"quantity": "0.0001"}, -1013, "Filter failure: NOTIONAL"),
    (MARKET | {"quantity": "0.00009"}, -1013, "Filter failure: NOTIONAL"),
    ({"side": "BUY", "type": "MARKET", "quoteOrderQty": "4.99"}, -1013, "Filter failure: NOTIONAL"),
    (
        BUY | {"selfTradePreventionMode": "TRANSFER"},
        -1013,
        "This symbol does not allow the specified self-trade prevention mode.",
    ),
    (MARKET | {"quantity": "1"}, -2010, INSUFFICIENT),
    (BUY | {"quantity": "1"}, -2010, INSUFFICIENT),
    (MARKET | {"side": "SELL", "quantity": "1.1"}, -2010, INSUFFICIENT),
    ({"side": "BUY", "type": "MARKET", "quoteOrderQty": "10000.01"}, -2010, INSUFFICIENT),
    (
        {"side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01", "price": "50000"},
        -2010,
        "Order would immediately match and take.",
    ),
]


@pytest.mark.parametrize(("params", "code", "message"), NEW_ORDERS)
async def test_new_order(running: Running, params: dict[str, Any], code: int, message: str) -> None:
    before = await running.client.balances()
    reply = await running.client.order(**params)
    assert reply.error == (400, code, message)
    assert await running.client.balances() == before
    assert (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body == []


READS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "order", {"symbol": "BTCUSDT"}, -1102, BOTH_EMPTY),
    ("DELETE", "order", {"symbol": "BTCUSDT"}, -1102, BOTH_EMPTY),
    ("GET", "order", {"symbol": "BTCUSDT", "orderId": "9"}, -2013, "Order does not exist."),
    ("GET", "order", {"symbol": "BTCUSDT", "origClientOrderId": "x"}, -2013, "Order does not exist."),
    ("GET", "order", {"symbol": "BTCUSDT", "orderId": "x"}, -1100, illegal("orderId", "^[0-9]{1,20}$")),
    ("GET", "order", {"symbol": "BTCUSDT", "orderId": str(2**63)}, -1102, missing("orderId")),
    ("GET", "allOrders", {"symbol": "BTCUSDT", "startTime": "9" * 20}, -1102, missing("startTime")),
    ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": "9"}, -2011, "Unknown order sent."),
    ("DELETE", "openOrders", {"symbol": "BTCUSDT"}, -2011, "Unknown order sent."),
    ("GET", "openOrders", {"symbol": "NOUSDT"}, -1121, "Invalid symbol."),
    (
        "GET",
        "myTrades",
        {"symbol": "BTCUSDT", "startTime": 0, "endTime": 86_400_001},
        -1127,
        "More than 24 hours between startTime and endTime.",
    ),
    (
        "GET",
        "allOrders",
        {"symbol": "BTCUSDT", "limit": 0},
        -1130,
        "Data sent for parameter 'limit' is not valid.",
    ),
]


@pytest.mark.parametrize(("method", "path", "params", "code", "message"), READS)
async def test_signed_routes(
    running: Running, method: str, path: str, params: dict[str, Any], code: int, message: str
) -> None:
    assert (await running.client.signed(method, path, **params)).error == (400, code, message)


PUBLIC: list[tuple[str, str, int, str]] = [
    ("klines", "symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."),
    ("klines", "symbol=BTCUSDT&interval=1s", -1120, "Invalid interval."),
    ("klines", "symbol=BTCUSDT&interval=1w", -1120, "Invalid interval."),
    ("klines", "symbol=BTCUSDT", -1102, missing("interval")),
    ("klines", "symbol=NOUSDT&interval=1m", -1121, "Invalid symbol."),
    ("depth", "symbol=BTCUSDT&symbol=ETHUSDT", -1101, "Duplicate values for a parameter detected."),
    ("depth", "symbol=BTCUSDT&limit=-5", -1100, illegal("limit", "^[0-9]{1,20}$")),
    ("ping", "x=1", -1104, "Not all sent parameters were read; read '0' parameter(s) but was sent '1'."),
    ("ticker/price", "symbol=BTCUSDT&symbols=[]", -1128, "Combination of optional parameters invalid."),
    ("ticker/24hr", "type=HUGE", -1130, "Data sent for parameter 'type' is not valid."),
    (
        "exchangeInfo",
        "symbols=BTCUSDT",
        -1100,
        illegal("symbols", r'^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'),
    ),
]


@pytest.mark.parametrize(("path", "query", "code", "message"), PUBLIC)
async def test_public_routes(running: Running, path: str, query: str, code: int, message: str) -> None:
    assert (await running.client.raw("GET", path, query)).error == (400, code, message)


OUTSIDE = "Timestamp for this request is outside of the recvWindow."
AHEAD = "Timestamp for this request was 1000ms ahead of the server's time."


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"timestamp": NOW - 5001}, -1021, OUTSIDE),
        ({"timestamp": NOW - 301, "recvWindow": 300}, -1021, OUTSIDE),
        ({"timestamp": NOW + 1000}, -1021, AHEAD),
        ({"timestamp": (NOW - 5001) * 1000}, -1021, OUTSIDE),
        ({"timestamp": "now"}, -1100, illegal("timestamp", "^[0-9]{1,20}$")),
        ({"recvWindow": "60001"}, -1131, "recvWindow must be less than 60000"),
        ({"recvWindow": "1.2345"}, -1111, "Parameter 'recvWindow' has too much precision."),
    ],
)
async def test_timing(running: Running, params: dict[str, Any], code: int, message: str) -> None:
    assert (await running.client.signed("GET", "account", **params)).error == (400, code, message)


class TestKeysAndSignatures:
    async def test_malformed_and_unknown_keys(self, running: Running) -> None:
        for key in ("", "short", "!" * 64):
            reply = await running.client.raw("GET", "account", headers={"X-MBX-APIKEY": key})
            assert reply.error == (401, -2014, "API-key format invalid.")
        reply = await running.client.raw("GET", "account", headers={"X-MBX-APIKEY": "u" * 64})
        assert reply.error == (401, -2015, "Invalid API-key, IP, or permissions for action.")

    async def test_signature_and_timestamp_are_mandatory(self, running: Running) -> None:
        reply = await running.client.raw("GET", "account", f"timestamp={NOW}")
        assert reply.error == (400, -1102, missing("signature"))
        reply = await running.client.raw("GET", "account", "signature=00")
        assert reply.error == (400, -1102, missing("timestamp"))

    async def test_signature_covers_the_bytes_that_were_sent(self, running: Running) -> None:
        invalid = (400, -1022, "Signature for this request is not valid.")
        client = running.client
        sent = f"timestamp={NOW}&symbol=%42TCUSDT"
        as_sent = await client.raw("GET", "openOrders", f"{sent}&signature={client.sign(sent)}")
        assert as_sent.status == 200
        decoded = client.sign(f"timestamp={NOW}&symbol=BTCUSDT")
        assert (await client.raw("GET", "openOrders", f"{sent}&signature={decoded}")).error == invalid
        assert (await client.raw("GET", "account", f"timestamp={NOW}&signature=zz")).error == invalid


class TestOrderStates:
    async def test_duplicate_client_id(self, running: Running) -> None:
        assert (await running.client.order(**BUY, newClientOrderId="one")).status == 200
        again = await running.client.order(**BUY, newClientOrderId="one")
        assert again.error == (400, -2010, "Duplicate order sent.")

    async def test_ids_that_do_not_belong_together(self, running: Running) -> None:
        await running.client.order(**BUY, newClientOrderId="one")
        reply = await running.client.signed(
            "GET", "order", symbol="BTCUSDT", orderId=1, origClientOrderId="other"
        )
        assert reply.error == (400, -2039, "Client order ID is not correct for this order ID.")

    async def test_cancel_restrictions(self, running: Running) -> None:
        await running.client.order(**BUY)
        reply = await running.client.signed(
            "DELETE", "order", symbol="BTCUSDT", orderId=1, cancelRestrictions="ONLY_PARTIALLY_FILLED"
        )
        assert reply.error == (400, -2011, "Order was not canceled due to cancel restrictions.")

    async def test_a_filled_order_cannot_be_cancelled(self, running: Running) -> None:
        await running.client.order(**MARKET)
        reply = await running.client.signed("DELETE", "order", symbol="BTCUSDT", orderId=1)
        assert reply.error == (400, -2011, "Unknown order sent.")

    async def test_too_many_open_orders(self, running: Running) -> None:
        running.market.filters["MAX_NUM_ORDERS"] = {"maxNumOrders": 1}
        assert (await running.client.order(**BUY)).status == 200
        assert (await running.client.order(**BUY)).error == (400, -1013, "Filter failure: MAX_NUM_ORDERS")

    async def test_position_limit(self, running: Running) -> None:
        running.market.filters["MAX_POSITION"] = {"maxPosition": "1.015"}
        assert (await running.client.order(**BUY)).status == 200
        assert (await running.client.order(**BUY)).error == (400, -1013, "Filter failure: MAX_POSITION")

    async def test_closed_market(self, running: Running) -> None:
        running.market.status = "HALT"
        assert (await running.client.order(**BUY)).error == (400, -2010, "Market is closed.")


class TestUnavailableMarket:
    async def test_reads_are_503_and_orders_a_clear_no(self, running: Running) -> None:
        resting = (await running.client.order(**BUY)).body["orderId"]
        running.market.available = False
        cancelled = await running.client.signed("DELETE", "order", symbol="BTCUSDT", orderId=resting)
        assert cancelled.status == 200
        reply = await running.client.public("klines", symbol="BTCUSDT", interval="1m")
        assert (reply.status, reply.body["code"]) == (503, -1008)
        assert (await running.client.order(**MARKET)).error == (400, -2010, "Market is closed.")
        assert (await running.client.signed("GET", "account")).status == 200


class TestLimits:
    async def test_weight(self, running: Running) -> None:
        for _ in range(24):
            assert (await running.client.public("depth", symbol="BTCUSDT", limit=5000)).status == 200
        reply = await running.client.public("ping")
        assert (reply.status, reply.body["code"]) == (429, -1003)
        assert "current limit is 6000 request weight per 1 MINUTE" in reply.body["msg"]
        assert (reply.headers["Retry-After"], reply.headers["x-mbx-used-weight-1m"]) == ("60", "6001")
        for _ in range(20):
            reply = await running.client.public("ping")
        assert (reply.status, reply.headers["Retry-After"]) == (418, "120")
        assert f"IP banned until {NOW + 120_000}" in reply.body["msg"]
        running.market.advance_time(60_000)
        assert (await running.client.public("ping")).status == 418
        running.market.advance_time(60_000)
        assert (await running.client.public("ping")).status == 200

    async def test_orders_per_ten_seconds(self, running: Running) -> None:
        order = BUY | {"price": "40000", "quantity": "0.001"}
        for _ in range(100):
            assert (await running.client.order(**order)).status == 200
        reply = await running.client.order(**order)
        assert reply.error == (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")
        assert reply.headers["Retry-After"] == "10"
        assert (await running.client.signed("DELETE", "openOrders", symbol="BTCUSDT")).status == 200
        running.market.advance_time(10_000)
        assert (await running.client.order(**order)).status == 200
