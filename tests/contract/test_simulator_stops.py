"""Stop orders of the simulated exchange over real sockets: placed, waiting, triggered."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.exchange.simulator.market.base import Depth, MarketUnavailable
from tests.exchange_client import Reply, Running, running_exchange
from tests.markets import ScriptedMarket

NOW = 1_767_225_600_000
SELL_STOP = {"side": "SELL", "type": "STOP_LOSS", "quantity": "0.5", "stopPrice": "49000"}
IMMEDIATELY = "Order would trigger immediately."
NEITHER = "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket()) as exchange:
        yield exchange


async def order_of(running: Running, order_id: int) -> Any:
    return (await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)).body


async def place(running: Running, **params: Any) -> Reply:
    return await running.client.order(**params)


async def test_a_stop_waits_with_its_funds_locked_and_sells_at_the_market(running: Running) -> None:
    placed = (await place(running, **SELL_STOP, newOrderRespType="RESULT")).body
    assert (placed["status"], placed["stopPrice"], placed["workingTime"]) == ("NEW", "49000.00000000", -1)
    assert (await running.client.balances())["BTC"] == (Decimal("0.5"), Decimal("0.5"))
    running.market.set_price("BTCUSDT", "49000.01")
    waiting = await order_of(running, 1)
    assert (waiting["status"], waiting["isWorking"], waiting["workingTime"]) == ("NEW", False, -1)
    running.market.advance_time(1000)
    running.market.set_price("BTCUSDT", "48000")
    done = await order_of(running, 1)
    assert (done["status"], done["type"], done["isWorking"]) == ("FILLED", "STOP_LOSS", True)
    assert (done["workingTime"], done["time"]) == (NOW + 1000, NOW)
    fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT", orderId=1)).body
    assert [(fill["price"], fill["isMaker"]) for fill in fills] == [("47999.99000000", False)]
    assert (await running.client.balances())["BTC"] == (Decimal("0.5"), Decimal(0))


async def test_a_stop_limit_rests_at_its_price_once_triggered(running: Running) -> None:
    stop = SELL_STOP | {"type": "STOP_LOSS_LIMIT", "price": "48900", "timeInForce": "GTC"}
    assert set((await place(running, **stop)).body) == {
        "symbol",
        "orderId",
        "orderListId",
        "clientOrderId",
        "transactTime",
    }
    running.market.set_price("BTCUSDT", "48000")
    resting = await order_of(running, 1)
    assert (resting["status"], resting["isWorking"], resting["executedQty"]) == ("NEW", True, "0.00000000")
    assert (await running.client.balances())["BTC"] == (Decimal("0.5"), Decimal("0.5"))
    running.market.set_price("BTCUSDT", "48901")
    assert (await order_of(running, 1))["status"] == "FILLED"
    assert (await running.client.balances())["USDT"][0] == Decimal(10_000) + Decimal("24450") * Decimal(
        "0.999"
    )


async def test_a_buy_stop_locks_its_stop_price_and_pays_the_market(running: Running) -> None:
    await place(running, side="BUY", type="STOP_LOSS", quantity="0.1", stopPrice="51000")
    assert (await running.client.balances())["USDT"] == (Decimal(4900), Decimal(5100))
    running.market.set_price("BTCUSDT", "51500")
    assert (await order_of(running, 1))["cummulativeQuoteQty"] == "5150.00000000"
    assert (await running.client.balances())["USDT"] == (Decimal(4850), Decimal(0))


async def test_a_buy_stop_walks_the_book_with_the_last_of_the_money(running: Running) -> None:
    await place(running, side="BUY", type="STOP_LOSS", quantity="0.19", stopPrice="51000")
    running.market.level_quantity = Decimal("0.1")
    running.market.set_price("BTCUSDT", "52600")
    assert (await order_of(running, 1))["status"] == "FILLED"
    cost = Decimal("0.1") * 52_600 + Decimal("0.09") * Decimal("52600.01")
    assert (await running.client.balances())["USDT"] == (10_000 - cost, Decimal(0))


async def test_a_buy_stop_that_cannot_be_paid_expires(running: Running) -> None:
    await place(running, side="BUY", type="STOP_LOSS", quantity="0.19", stopPrice="52000")
    running.market.set_price("BTCUSDT", "60000")
    ended = await order_of(running, 1)
    assert (ended["status"], ended["expiryReason"]) == ("EXPIRED", "REJECTED")
    assert (await running.client.balances())["USDT"] == (Decimal(10_000), Decimal(0))


async def test_a_trailing_stop_follows_the_market(running: Running) -> None:
    await place(running, side="SELL", type="STOP_LOSS", quantity="0.1", trailingDelta="100")
    placed = await order_of(running, 1)
    assert (placed["trailingDelta"], placed["trailingTime"], placed["stopPrice"]) == (100, NOW, "0.00000000")
    for price in ("49600", "52000", "51500"):
        running.market.set_price("BTCUSDT", price)
    assert (await order_of(running, 1))["status"] == "NEW"
    running.market.set_price("BTCUSDT", "51480")
    assert (await order_of(running, 1))["status"] == "FILLED"


async def test_a_stop_that_triggers_into_an_empty_book_expires(running: Running) -> None:
    await place(running, **SELL_STOP)
    running.market.levels = 0
    running.market.set_price("BTCUSDT", "48000")
    ended = await order_of(running, 1)
    assert (ended["status"], ended["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")


class Bookless(ScriptedMarket):
    """A market whose trades come in while its book does not."""

    has_book = True

    def depth(self, symbol: str, limit: int) -> Depth:
        if not self.has_book:
            raise MarketUnavailable("no book")
        return super().depth(symbol, limit)


async def test_without_a_book_a_stop_goes_on_waiting() -> None:
    market = Bookless()
    async with running_exchange(market) as running:
        await place(running, **SELL_STOP)
        market.has_book = False
        market.set_price("BTCUSDT", "48000")
        assert (await order_of(running, 1))["status"] == "NEW"
        market.has_book = True
        market.set_price("BTCUSDT", "48001")
        assert (await order_of(running, 1))["status"] == "FILLED"


async def test_a_printed_trade_triggers_and_leaves_the_price(running: Running) -> None:
    await place(running, **SELL_STOP)
    await running.client.limit("BUY", "0.01", "48500")
    running.server.exchange.print_trade("BTCUSDT", Decimal(48_000), Decimal(1))
    assert [(await order_of(running, order_id))["status"] for order_id in (1, 2)] == ["FILLED", "FILLED"]
    fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT", orderId=1)).body
    assert fills[0]["price"] == "49999.99000000"


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"stopPrice": "50000"}, -2010, IMMEDIATELY),
        ({"type": "TAKE_PROFIT"}, -2010, IMMEDIATELY),
        ({"side": "BUY"}, -2010, IMMEDIATELY),
        ({"stopPrice": None}, -1102, NEITHER),
        ({"price": "48000"}, -1106, "Parameter 'price' sent when not required."),
        ({"timeInForce": "GTC"}, -1106, "Parameter 'timeInForce' sent when not required."),
        (
            {"type": "STOP_LOSS_LIMIT", "price": "48000"},
            -1102,
            "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
        ),
        (
            {"type": "TAKE_PROFIT_LIMIT", "timeInForce": "GTC"},
            -1102,
            "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
        ),
        (
            {"quoteOrderQty": "10", "quantity": None},
            -1106,
            "Parameter 'quoteOrderQty' sent when not required.",
        ),
        ({"stopPrice": "49000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"trailingDelta": "5000"}, -1013, "Filter failure: TRAILING_DELTA"),
        ({"quantity": "1.1"}, -2010, "Account has insufficient balance for requested action."),
    ],
)
async def test_refusals(running: Running, params: dict[str, Any], code: int, message: str) -> None:
    running.market.filters["TRAILING_DELTA"] = {
        "minTrailingAboveDelta": 10,
        "maxTrailingAboveDelta": 2000,
        "minTrailingBelowDelta": 10,
        "maxTrailingBelowDelta": 2000,
    }
    before = await running.client.balances()
    assert (await place(running, **(SELL_STOP | params))).error == (400, code, message)
    assert await running.client.balances() == before
    assert (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body == []


async def test_too_many_stops(running: Running) -> None:
    running.market.filters["MAX_NUM_ALGO_ORDERS"] = {"maxNumAlgoOrders": 1}
    stop = SELL_STOP | {"quantity": "0.1"}
    assert (await place(running, **stop)).status == 200
    assert (await place(running, **stop)).error == (400, -1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    assert (await running.client.limit("SELL", "0.1", "51000")).status == 200
