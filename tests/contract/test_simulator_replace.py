"""cancelReplace on the simulated exchange: both halves, either half, and neither."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.exchange_client import Reply, Running, running_exchange
from tests.markets import ScriptedMarket

NEW = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1", "price": "52000"}
MARKET = {"side": "SELL", "type": "MARKET", "quantity": "0.8"}
CROSSING = {"side": "SELL", "type": "LIMIT_MAKER", "quantity": "1", "price": "49000"}
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
FAILED = "Order cancel-replace failed."
PARTIALLY = "Order cancel-replace partially failed."
STOP, ALLOW = "STOP_ON_FAILURE", "ALLOW_FAILURE"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket()) as exchange:
        await exchange.client.limit("SELL", "1", "51000", newClientOrderId="old")
        yield exchange


async def swap(running: Running, new: dict[str, Any], mode: str = STOP, **params: Any) -> Reply:
    params = {"cancelReplaceMode": mode, "cancelOrigClientOrderId": "old"} | params
    return await running.client.signed("POST", "order/cancelReplace", symbol="BTCUSDT", **new, **params)


async def statuses(running: Running) -> list[str]:
    orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
    return [order["status"] for order in orders]


async def test_both_halves_succeed_on_the_same_funds(running: Running) -> None:
    reply = await swap(running, NEW, newClientOrderId="new", cancelNewClientOrderId="the-cancel")
    assert reply.status == 200
    assert (reply.headers["x-mbx-used-weight-1m"], reply.headers["X-MBX-ORDER-COUNT-10S"]) == ("0", "2")
    body = reply.body
    assert (body["cancelResult"], body["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    cancelled, placed = body["cancelResponse"], body["newOrderResponse"]
    assert (cancelled["status"], cancelled["clientOrderId"], cancelled["origClientOrderId"]) == (
        "CANCELED",
        "the-cancel",
        "old",
    )
    assert (placed["status"], placed["clientOrderId"], placed["fills"]) == ("NEW", "new", [])
    assert (await running.client.balances())["BTC"] == (Decimal(0), Decimal(1))


async def test_a_client_id_that_the_cancel_frees_may_be_used_again(running: Running) -> None:
    assert (await swap(running, NEW, newClientOrderId="old")).status == 200


async def test_an_order_of_a_list_takes_its_list_along(running: Running) -> None:
    await running.client.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="old")
    await running.client.signed(
        "POST",
        "orderList/oco",
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.8",
        aboveType="LIMIT_MAKER",
        abovePrice="51000",
        belowType="STOP_LOSS",
        belowStopPrice="49000",
        belowClientOrderId="stop",
    )
    body = (await swap(running, MARKET, cancelOrigClientOrderId="stop")).body
    assert body["cancelResponse"]["listOrderStatus"] == "ALL_DONE"
    reports = body["cancelResponse"]["orderReports"]
    assert [report["status"] for report in reports] == ["CANCELED", "CANCELED"]
    assert body["newOrderResponse"]["status"] == "FILLED"
    assert (await running.client.balances())["BTC"] == (Decimal("0.2"), Decimal(0))


@pytest.mark.parametrize(
    ("mode", "status", "code", "message", "result"),
    [(STOP, 400, -2022, FAILED, "NOT_ATTEMPTED"), (ALLOW, 409, -2021, PARTIALLY, "SUCCESS")],
)
async def test_the_cancel_fails(
    running: Running, mode: str, status: int, code: int, message: str, result: str
) -> None:
    await running.client.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="old")
    reply = await swap(running, NEW, mode)
    assert reply.error == (status, code, message)
    data = reply.body["data"]
    assert (data["cancelResult"], data["cancelResponse"]) == ("FAILURE", UNKNOWN)
    assert data["newOrderResult"] == result
    assert (data["newOrderResponse"] is None) is (mode == STOP)
    assert await statuses(running) == (["CANCELED"] if mode == STOP else ["CANCELED", "NEW"])
    counts = (await running.client.signed("GET", "rateLimit/order")).body
    assert counts[0]["count"] == 2


@pytest.mark.parametrize("mode", [STOP, ALLOW])
async def test_the_new_order_fails_and_the_old_one_is_gone(running: Running, mode: str) -> None:
    reply = await swap(running, CROSSING, mode)
    assert reply.error == (409, -2021, PARTIALLY)
    data = reply.body["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert data["cancelResponse"]["status"] == "CANCELED"
    assert data["newOrderResponse"] == {"code": -2010, "msg": "Order would immediately match and take."}
    assert await statuses(running) == ["CANCELED"]
    assert (await running.client.balances())["BTC"] == (Decimal(1), Decimal(0))
    # The number of the order that was refused is not used up.
    assert (await running.client.market("SELL", "0.1")).body["orderId"] == 2


async def test_both_halves_fail(running: Running) -> None:
    reply = await swap(running, CROSSING, ALLOW, cancelOrigClientOrderId="other")
    assert reply.error == (400, -2022, FAILED)
    data = reply.body["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("FAILURE", "FAILURE")
    assert await statuses(running) == ["NEW"]


async def test_a_closed_market_lets_the_cancel_through(running: Running) -> None:
    running.market.status = "HALT"
    reply = await swap(running, NEW)
    assert reply.error == (409, -2021, PARTIALLY)
    assert reply.body["data"]["newOrderResponse"] == {"code": -2010, "msg": "Market is closed."}
    assert await statuses(running) == ["CANCELED"]


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"price": "52000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": None}, -1102, None),
        ({"cancelReplaceMode": None}, -1102, None),
        ({"cancelReplaceMode": "MAYBE"}, -1130, "Data sent for parameter 'cancelReplaceMode' is not valid."),
        ({"cancelRestrictions": "MAYBE"}, -1130, None),
        ({"orderRateLimitExceededMode": "MAYBE"}, -1130, None),
        (
            {"cancelOrigClientOrderId": None},
            -1102,
            "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were empty/null!",
        ),
    ],
)
async def test_what_is_wrong_with_the_request_is_found_before_the_cancel(
    running: Running, params: dict[str, Any], code: int, message: str | None
) -> None:
    new = NEW | {name: value for name, value in params.items() if name in NEW}
    reply = await swap(running, new, **{name: value for name, value in params.items() if name not in NEW})
    assert (reply.status, reply.body["code"], "data" in reply.body) == (400, code, False)
    assert message in {None, reply.body["msg"]}
    assert await statuses(running) == ["NEW"]


async def test_without_prices_nothing_is_done(running: Running) -> None:
    running.market.available = False
    assert (await swap(running, NEW)).error == (400, -2010, "Market is closed.")
    assert len(running.server.exchange.accounts[0].open_orders) == 1


async def test_cancel_restrictions(running: Running) -> None:
    reply = await swap(running, NEW, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert reply.error == (400, -2022, FAILED)
    assert reply.body["data"]["cancelResponse"] == {
        "code": -2011,
        "msg": "Order was not canceled due to cancel restrictions.",
    }


class TestOrderCount:
    @pytest.fixture(autouse=True)
    async def use_it_up(self, running: Running) -> None:
        count = running.server.exchange.accounts[0].order_count
        count.add(running.market.now_ms(), 99)

    async def test_nothing_is_tried(self, running: Running) -> None:
        reply = await swap(running, NEW)
        assert reply.error[:2] == (429, -1015)
        assert reply.body["data"]["cancelResult"] == reply.body["data"]["newOrderResult"] == "NOT_ATTEMPTED"
        assert int(reply.headers["Retry-After"]) > 0
        assert await statuses(running) == ["NEW"]

    @pytest.mark.parametrize(("mode", "status", "code"), [(STOP, 429, -1015), (ALLOW, 409, -2021)])
    async def test_or_the_cancel_alone(self, running: Running, mode: str, status: int, code: int) -> None:
        reply = await swap(running, NEW, mode, orderRateLimitExceededMode="CANCEL_ONLY")
        assert reply.error[:2] == (status, code)
        assert reply.body["data"]["cancelResult"] == "SUCCESS"
        assert reply.body["data"]["newOrderResponse"]["code"] == -1015
        assert await statuses(running) == ["CANCELED"]
