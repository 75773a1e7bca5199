"""Order lists of the simulated exchange over real sockets: OCO, OTO, OTOCO."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.exchange_client import Reply, Running, running_exchange
from tests.markets import ScriptedMarket

OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "0.8",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "51000",
    "belowType": "STOP_LOSS",
    "belowStopPrice": "49000",
}
OTO = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "49500",
    "workingQuantity": "0.1",
    "workingTimeInForce": "GTC",
    "pendingType": "LIMIT",
    "pendingSide": "SELL",
    "pendingPrice": "52000",
    "pendingQuantity": "0.1",
    "pendingTimeInForce": "GTC",
}
OTOCO = {name: value for name, value in OTO.items() if name.startswith(("symbol", "working"))} | {
    "pendingSide": "SELL",
    "pendingQuantity": "0.1",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "52000",
    "pendingBelowType": "STOP_LOSS_LIMIT",
    "pendingBelowStopPrice": "49000",
    "pendingBelowPrice": "48900",
    "pendingBelowTimeInForce": "GTC",
}


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket()) as exchange:
        yield exchange


async def place(running: Running, kind: str, params: dict[str, Any], **more: Any) -> Reply:
    return await running.client.signed("POST", f"orderList/{kind}", **(params | more))


async def statuses(running: Running) -> list[tuple[str, str]]:
    orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
    return [(order["status"], order.get("expiryReason", "")) for order in orders]


async def list_status(running: Running) -> str:
    found = (await running.client.signed("GET", "orderList", orderListId=1)).body
    assert (found["listStatusType"] == "ALL_DONE") is (found["listOrderStatus"] == "ALL_DONE")
    return str(found["listOrderStatus"])


class TestOco:
    async def test_placement_tells_both_orders_and_locks_once(self, running: Running) -> None:
        reply = await place(running, "oco", OCO, listClientOrderId="mine", aboveClientOrderId="target")
        body = reply.body
        assert (body["contingencyType"], body["listStatusType"], body["listOrderStatus"]) == (
            "OCO",
            "EXEC_STARTED",
            "EXECUTING",
        )
        assert (body["orderListId"], body["listClientOrderId"]) == (1, "mine")
        reports = {report["type"]: report for report in body["orderReports"]}
        assert set(reports) == {"STOP_LOSS", "LIMIT_MAKER"}
        assert (reports["STOP_LOSS"]["workingTime"], reports["STOP_LOSS"]["stopPrice"]) == (
            -1,
            "49000.00000000",
        )
        assert (reports["LIMIT_MAKER"]["clientOrderId"], reports["LIMIT_MAKER"]["orderListId"]) == (
            "target",
            1,
        )
        assert [order["orderId"] for order in body["orders"]] == [1, 2]
        assert (await running.client.balances())["BTC"] == (Decimal("0.2"), Decimal("0.8"))
        assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "2"
        assert reply.headers["x-mbx-used-weight-1m"] == "0"
        open_orders = (await running.client.signed("GET", "openOrders", symbol="BTCUSDT")).body
        assert [(order["orderListId"], order["isWorking"]) for order in open_orders] == [
            (1, False),
            (1, True),
        ]

    async def test_the_stop_ends_the_target(self, running: Running) -> None:
        await place(running, "oco", OCO)
        running.market.set_price("BTCUSDT", "48000")
        assert await statuses(running) == [("FILLED", ""), ("EXPIRED", "OCO_TRIGGER")]
        assert await list_status(running) == "ALL_DONE"
        assert (await running.client.balances())["BTC"] == (Decimal("0.2"), Decimal(0))
        fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT")).body
        assert [fill["orderListId"] for fill in fills] == [1]
        assert (await running.client.signed("GET", "openOrderList")).body == []

    async def test_the_target_ends_the_stop_even_when_it_fills_in_part(self, running: Running) -> None:
        await place(running, "oco", OCO)
        running.market.set_price("BTCUSDT", "51001", "0.3")
        assert await statuses(running) == [("EXPIRED", "OCO_TRIGGER"), ("PARTIALLY_FILLED", "")]
        assert await list_status(running) == "EXECUTING"
        assert (await running.client.balances())["BTC"] == (Decimal("0.2"), Decimal("0.5"))
        running.market.set_price("BTCUSDT", "40000")
        running.market.set_price("BTCUSDT", "51001")
        assert await statuses(running) == [("EXPIRED", "OCO_TRIGGER"), ("FILLED", "")]
        assert await list_status(running) == "ALL_DONE"

    async def test_a_stop_that_triggers_without_a_fill_ends_the_target_too(self, running: Running) -> None:
        limit = {"belowType": "STOP_LOSS_LIMIT", "belowPrice": "48900", "belowTimeInForce": "GTC"}
        await place(running, "oco", OCO | limit)
        running.market.set_price("BTCUSDT", "48000")
        assert await statuses(running) == [("NEW", ""), ("EXPIRED", "OCO_TRIGGER")]
        assert await list_status(running) == "EXECUTING"
        assert (await running.client.balances())["BTC"] == (Decimal("0.2"), Decimal("0.8"))

    async def test_cancelling_one_order_cancels_the_list(self, running: Running) -> None:
        await place(running, "oco", OCO, aboveClientOrderId="target")
        reply = await running.client.signed(
            "DELETE", "order", symbol="BTCUSDT", origClientOrderId="target", newClientOrderId="stop-it"
        )
        body = reply.body
        assert (body["orderListId"], body["listStatusType"], body["listOrderStatus"]) == (
            1,
            "ALL_DONE",
            "ALL_DONE",
        )
        assert [(each["status"], each["clientOrderId"]) for each in body["orderReports"]] == [
            ("CANCELED", "stop-it")
        ] * 2
        assert body["orderReports"][1]["origClientOrderId"] == "target"
        assert await statuses(running) == [("CANCELED", ""), ("CANCELED", "")]
        assert (await running.client.balances())["BTC"] == (Decimal(1), Decimal(0))

    async def test_cancelling_the_list(self, running: Running) -> None:
        await place(running, "oco", OCO, listClientOrderId="mine")
        params = {"symbol": "BTCUSDT", "listClientOrderId": "mine"}
        cancelled = await running.client.signed("DELETE", "orderList", **params)
        assert cancelled.body["listOrderStatus"] == "ALL_DONE"
        assert [each["status"] for each in cancelled.body["orderReports"]] == ["CANCELED", "CANCELED"]
        assert cancelled.headers["x-mbx-used-weight-1m"] == "0"
        again = await running.client.signed("DELETE", "orderList", **params)
        assert again.error == (400, -2011, "Unknown order sent.")

    async def test_cancelling_everything_tells_lists_as_lists(self, running: Running) -> None:
        await place(running, "oco", OCO)
        await running.client.limit("SELL", "0.1", "52000")
        cancelled = (await running.client.signed("DELETE", "openOrders", symbol="BTCUSDT")).body
        assert ["orderReports" in entry for entry in cancelled] == [True, False]
        assert (await running.client.balances())["BTC"] == (Decimal(1), Decimal(0))

    async def test_a_buy_locks_what_the_dearer_order_needs(self, running: Running) -> None:
        await place(
            running,
            "oco",
            {
                "symbol": "BTCUSDT",
                "side": "BUY",
                "quantity": "0.1",
                "aboveType": "STOP_LOSS_LIMIT",
                "aboveStopPrice": "51000",
                "abovePrice": "51500",
                "aboveTimeInForce": "GTC",
                "belowType": "LIMIT_MAKER",
                "belowPrice": "49000",
            },
        )
        assert (await running.client.balances())["USDT"] == (Decimal(4850), Decimal(5150))
        running.market.set_price("BTCUSDT", "48999")
        assert (await running.client.balances())["USDT"] == (Decimal(5100), Decimal(0))

    async def test_the_old_route(self, running: Running) -> None:
        params = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.8", "price": "51000"}
        stop = params | {"stopPrice": "49000", "stopLimitPrice": "48900", "stopLimitTimeInForce": "GTC"}
        placed = (await running.client.signed("POST", "order/oco", **stop, limitClientOrderId="a")).body
        assert [(each["type"], each["price"]) for each in placed["orderReports"]] == [
            ("STOP_LOSS_LIMIT", "48900.00000000"),
            ("LIMIT_MAKER", "51000.00000000"),
        ]
        await running.client.signed("DELETE", "orderList", symbol="BTCUSDT", orderListId=1)
        market = await running.client.signed("POST", "order/oco", **params, stopPrice="49000")
        assert market.body["orderReports"][0]["type"] == "STOP_LOSS"

    async def test_take_profit_and_trailing_stop(self, running: Running) -> None:
        oco = OCO | {"aboveType": "TAKE_PROFIT", "abovePrice": None, "aboveStopPrice": "51000"}
        oco |= {"belowStopPrice": None, "belowTrailingDelta": "200"}
        assert (await place(running, "oco", oco)).status == 200
        running.market.set_price("BTCUSDT", "50900")
        running.market.set_price("BTCUSDT", "49882.01")
        assert await statuses(running) == [("NEW", ""), ("NEW", "")]
        running.market.set_price("BTCUSDT", "49882")
        assert await statuses(running) == [("FILLED", ""), ("EXPIRED", "OCO_TRIGGER")]


class TestOto:
    async def test_pending_orders_wait_for_the_whole_working_order(self, running: Running) -> None:
        placed = (await place(running, "oto", OTO)).body
        assert placed["contingencyType"] == "OTO"
        assert [(each["status"], each["side"]) for each in placed["orderReports"]] == [
            ("NEW", "BUY"),
            ("PENDING_NEW", "SELL"),
        ]
        assert await running.client.balances() == {
            "BTC": (Decimal(1), Decimal(0)),
            "USDT": (Decimal(5050), Decimal(4950)),
        }
        running.market.set_price("BTCUSDT", "49499", "0.04")
        assert [status for status, _ in await statuses(running)] == ["PARTIALLY_FILLED", "PENDING_NEW"]
        running.market.advance_time(1000)
        running.market.set_price("BTCUSDT", "49499")
        assert [status for status, _ in await statuses(running)] == ["FILLED", "NEW"]
        assert (await running.client.balances())["BTC"] == (Decimal("0.9999"), Decimal("0.1"))
        assert await list_status(running) == "EXECUTING"
        running.market.set_price("BTCUSDT", "52001")
        assert await list_status(running) == "ALL_DONE"

    async def test_a_working_order_filled_at_once_is_told_with_its_pending_one_waiting(
        self, running: Running
    ) -> None:
        placed = (await place(running, "oto", OTO, workingPrice="50001")).body
        assert [each["status"] for each in placed["orderReports"]] == ["FILLED", "PENDING_NEW"]
        assert [status for status, _ in await statuses(running)] == ["FILLED", "NEW"]

    async def test_a_pending_order_that_is_refused_expires(self, running: Running) -> None:
        await place(running, "oto", OTO, pendingQuantity="1.2")
        running.market.set_price("BTCUSDT", "49499")
        assert await statuses(running) == [("FILLED", ""), ("EXPIRED", "REJECTED")]
        assert await list_status(running) == "ALL_DONE"

    async def test_a_working_order_that_ends_takes_the_pending_one_along(self, running: Running) -> None:
        await place(running, "oto", OTO, workingTimeInForce="IOC")
        assert await statuses(running) == [("EXPIRED", ""), ("EXPIRED", "")]
        await place(running, "oto", OTO, pendingClientOrderId="later")
        cancelled = await running.client.signed(
            "DELETE", "order", symbol="BTCUSDT", origClientOrderId="later"
        )
        assert [each["status"] for each in cancelled.body["orderReports"]] == ["CANCELED", "CANCELED"]
        assert (await running.client.balances())["USDT"] == (Decimal(10_000), Decimal(0))

    async def test_a_pending_market_order(self, running: Running) -> None:
        market = OTO | {"pendingType": "MARKET", "pendingPrice": None, "pendingTimeInForce": None}
        await place(running, "oto", market, workingPrice="50001")
        assert [status for status, _ in await statuses(running)] == ["FILLED", "FILLED"]

    async def test_an_otoco_becomes_an_oco(self, running: Running) -> None:
        reply = await place(running, "otoco", OTOCO)
        assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "3"
        assert [each["status"] for each in reply.body["orderReports"]] == ["NEW", *["PENDING_NEW"] * 2]
        running.market.set_price("BTCUSDT", "49499")
        assert [status for status, _ in await statuses(running)] == ["FILLED", "NEW", "NEW"]
        assert (await running.client.balances())["BTC"] == (Decimal("0.9999"), Decimal("0.1"))
        running.market.set_price("BTCUSDT", "52001")
        assert await statuses(running) == [("FILLED", ""), ("EXPIRED", "OCO_TRIGGER"), ("FILLED", "")]
        assert await list_status(running) == "ALL_DONE"

    async def test_an_otoco_whose_stop_would_trigger_leaves_nothing(self, running: Running) -> None:
        await place(running, "otoco", OTOCO, pendingBelowStopPrice="49600")
        running.market.set_price("BTCUSDT", "49499")
        assert await statuses(running) == [("FILLED", ""), ("EXPIRED", "REJECTED"), ("EXPIRED", "REJECTED")]
        assert (await running.client.balances())["BTC"][1] == 0


class TestQueries:
    async def test_history_and_weights(self, running: Running) -> None:
        for number in range(3):
            await place(running, "oco", OCO | {"quantity": "0.1"}, listClientOrderId=f"list-{number}")
            running.market.advance_time(1000)
        await running.client.signed("DELETE", "orderList", symbol="BTCUSDT", orderListId=2)
        expected: list[tuple[str, dict[str, Any], int]] = [
            ("orderList", {"origClientOrderId": "list-1"}, 4),
            ("openOrderList", {}, 10),
            ("allOrderList", {"limit": 2}, 30),
            ("allOrderList", {"fromId": 2, "limit": 1}, 50),
        ]
        found = []
        for path, params, weight in expected:
            reply = await running.client.signed("GET", path, **params)
            assert reply.headers["x-mbx-used-weight-1m"] == str(weight)
            found.append(reply.body)
        assert found[0]["orderListId"] == 2
        assert [entry["orderListId"] for entry in found[1]] == [1, 3]
        assert [entry["orderListId"] for entry in found[2]] == [2, 3]
        assert [entry["orderListId"] for entry in found[3]] == [2]
        assert len(found[3][0]["orders"]) == 2


def missing(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


REFUSALS: list[tuple[str, dict[str, Any], int, str]] = [
    ("oco", OCO | {"aboveType": None}, -1102, missing("aboveType")),
    ("oco", OCO | {"abovePrice": None}, -1102, missing("abovePrice")),
    (
        "oco",
        OCO | {"belowStopPrice": None},
        -1102,
        "Param 'belowStopPrice' or 'belowTrailingDelta' must be sent, but both were empty/null!",
    ),
    ("oco", OCO | {"belowPrice": "48000"}, -1106, "Parameter 'belowPrice' sent when not required."),
    ("oco", OCO | {"aboveIcebergQty": "0.1"}, -1106, "Parameter 'aboveIcebergQty' sent when not required."),
    ("oco", OCO | {"aboveType": "MARKET", "abovePrice": None}, -1158, "Order type not supported in OCO."),
    (
        "oco",
        OCO | {"side": "BUY", "belowType": "STOP_LOSS", "aboveType": "LIMIT_MAKER"},
        -1165,
        "A limit order in a buy OCO must be below.",
    ),
    (
        "oco",
        OCO
        | {"belowType": "LIMIT_MAKER", "belowPrice": "49000", "belowStopPrice": None}
        | {"aboveType": "STOP_LOSS", "abovePrice": None, "aboveStopPrice": "51000"},
        -1166,
        "A limit order in a sell OCO must be above.",
    ),
    (
        "oco",
        OCO | {"belowType": "LIMIT_MAKER", "belowPrice": "49000", "belowStopPrice": None},
        -1168,
        "At least one OCO order must be contingent.",
    ),
    (
        "oco",
        OCO | {"aboveType": "STOP_LOSS", "abovePrice": None, "aboveStopPrice": "51000"},
        -1197,
        "A stop loss order in a sell OCO must be below.",
    ),
    (
        "oco",
        OCO | {"belowType": "TAKE_PROFIT"},
        -1199,
        "A take profit order in a sell OCO must be above.",
    ),
    (
        "oco",
        OCO | {"abovePrice": "49990"},
        -2010,
        "The relationship of the prices for the orders is not correct.",
    ),
    (
        "oco",
        OCO | {"belowStopPrice": "50000"},
        -2010,
        "The relationship of the prices for the orders is not correct.",
    ),
    ("oco", OCO | {"quantity": "1.1"}, -2010, "Account has insufficient balance for requested action."),
    ("oco", OCO | {"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    (
        "oco",
        OCO | {"aboveClientOrderId": "same", "belowClientOrderId": "same"},
        -2010,
        "Duplicate order sent.",
    ),
    (
        "oto",
        OTO | {"workingType": "MARKET", "workingPrice": None, "workingTimeInForce": None},
        -1116,
        "Invalid orderType.",
    ),
    (
        "oto",
        OTO | {"pendingQuoteOrderQty": "10"},
        -1104,
        "Not all sent parameters were read; read '13' parameter(s) but was sent '14'.",
    ),
    ("oto", OTO | {"pendingQuantity": None}, -1102, missing("pendingQuantity")),
    ("otoco", OTOCO | {"pendingBelowPrice": "48900.001"}, -1013, "Filter failure: PRICE_FILTER"),
    (
        "otoco",
        OTOCO | {"workingQuantity": "1"},
        -2010,
        "Account has insufficient balance for requested action.",
    ),
]


@pytest.mark.parametrize(("kind", "params", "code", "message"), REFUSALS)
async def test_refusals(running: Running, kind: str, params: dict[str, Any], code: int, message: str) -> None:
    before = await running.client.balances()
    assert (await place(running, kind, params)).error == (400, code, message)
    assert await running.client.balances() == before
    assert await statuses(running) == []
    assert (await running.client.signed("GET", "allOrderList")).body == []


class TestUniqueness:
    async def test_ids_of_open_orders_and_lists(self, running: Running) -> None:
        small = OCO | {"quantity": "0.1"}
        await place(running, "oco", small, listClientOrderId="mine", aboveClientOrderId="target")
        duplicate = (400, -2010, "Duplicate order sent.")
        assert (await place(running, "oco", small, listClientOrderId="mine")).error == duplicate
        assert (await place(running, "oco", small, belowClientOrderId="target")).error == duplicate
        single = await running.client.limit("SELL", "0.1", "52000", newClientOrderId="target")
        assert single.error == duplicate
        await running.client.signed("DELETE", "orderList", symbol="BTCUSDT", listClientOrderId="mine")
        again = await place(running, "oco", small, listClientOrderId="mine", aboveClientOrderId="target")
        assert again.status == 200

    async def test_too_many_lists_and_stops(self, running: Running) -> None:
        small = OCO | {"quantity": "0.1"}
        running.market.filters["MAX_NUM_ORDER_LISTS"] = {"maxNumOrderLists": 1}
        assert (await place(running, "oco", small)).status == 200
        assert (await place(running, "oco", small)).error[2] == "Filter failure: MAX_NUM_ORDER_LISTS"
        running.market.filters = {"MAX_NUM_ORDERS": {"maxNumOrders": 3}}
        assert (await place(running, "oco", small)).error[2] == "Filter failure: MAX_NUM_ORDERS"

    async def test_unknown_lists(self, running: Running) -> None:
        read = await running.client.signed("GET", "orderList", orderListId=9)
        assert read.error == (400, -2013, "Order list does not exist.")
        cancel = await running.client.signed("DELETE", "orderList", symbol="BTCUSDT", orderListId=9)
        assert cancel.error == (400, -2011, "Unknown order sent.")
        neither = await running.client.signed("GET", "orderList")
        assert neither.error[1] == -1102
