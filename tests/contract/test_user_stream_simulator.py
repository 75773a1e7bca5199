"""The adapter's user stream against the exchange simulator, through what happens to an account and to the stream."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.domain.orders import ExchangeOrder, OrderStatus, OrderType, Side
from binance_trade_agent.domain.user_events import OrderReported, StreamLost, StreamOpened, Transferred
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.config import BinanceConfig
from tests.exchange_client import KEY, SECRET, Running, running_exchange
from tests.fake_exchange_wire import MemoryBans, MemoryWeights
from tests.scripted_ws_api import Listener, eventually

FILLED_BUY = [OrderStatus.OPEN, OrderStatus.FILLED]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange() as exchange:
        yield exchange


@pytest.fixture
async def venue(running: Running) -> AsyncIterator[BinanceExchange]:
    server = running.server
    ws_api_url = f"{server.stream_url}/ws-api/v3"
    config = BinanceConfig(server.rest_url, server.stream_url, ws_api_url, KEY, SECRET)
    adapter = BinanceExchange(config, SystemClock(), MemoryBans(), MemoryWeights())
    yield adapter
    await adapter.close()


@pytest.fixture
async def listener(venue: BinanceExchange) -> AsyncIterator[Listener]:
    listening = Listener(venue.user_stream())
    await listening.until_opened()
    yield listening
    await listening.stop()


async def control(running: Running, path: str, body: dict[str, Any]) -> None:
    async with running.client.session.post(f"{running.server.rest_url}/control/{path}", json=body) as reply:
        assert reply.status == 200, await reply.text()


def orders(listener: Listener, client_order_id: str) -> list[ExchangeOrder]:
    reported = [event.order for event in listener.news if isinstance(event, OrderReported)]
    return [order for order in reported if order.client_order_id == client_order_id]


async def until_reported(listener: Listener, client_order_id: str, *statuses: OrderStatus) -> None:
    await eventually(lambda: [order.status for order in orders(listener, client_order_id)] == list(statuses))


async def test_a_market_order_is_told_with_the_fills_that_rest_tells(
    running: Running, venue: BinanceExchange, listener: Listener
) -> None:
    reply = await running.client.order(
        side="BUY", type="MARKET", quantity="0.1", newClientOrderId="bta-market"
    )
    assert reply.status == 200
    await until_reported(listener, "bta-market", *FILLED_BUY)

    found = await venue.find_order("BTCUSDT", "bta-market")
    told = orders(listener, "bta-market")[-1]
    assert found is not None
    assert told.fills == found.fills
    assert told.is_complete
    assert (told.executed, told.quote_executed) == (found.executed, found.quote_executed)


async def test_a_market_order_over_several_levels_is_told_trade_by_trade(
    running: Running, venue: BinanceExchange, listener: Listener
) -> None:
    running.market.level_quantity = Decimal("0.05")
    reply = await running.client.order(
        side="BUY", type="MARKET", quantity="0.12", newClientOrderId="bta-deep"
    )
    assert reply.status == 200
    partly = OrderStatus.PARTIALLY_FILLED
    await until_reported(listener, "bta-deep", OrderStatus.OPEN, partly, partly, OrderStatus.FILLED)

    found = await venue.find_order("BTCUSDT", "bta-deep")
    told = orders(listener, "bta-deep")
    assert found is not None
    assert tuple(fill for order in told for fill in order.fills) == found.fills
    assert [order.executed for order in told] == [0, Decimal("0.05"), Decimal("0.1"), Decimal("0.12")]


async def test_a_resting_order_and_its_cancel_are_told_under_the_orders_own_id(
    running: Running, listener: Listener
) -> None:
    await running.client.limit("BUY", "0.01", "40000", newClientOrderId="bta-rest")
    cancelled = await running.client.signed(
        "DELETE", "order", symbol="BTCUSDT", origClientOrderId="bta-rest", newClientOrderId="bta-cancel"
    )
    assert cancelled.status == 200
    await until_reported(listener, "bta-rest", OrderStatus.OPEN, OrderStatus.CANCELED)

    first = orders(listener, "bta-rest")[0]
    assert (first.order_type, first.price, first.side) == (OrderType.LIMIT, Decimal(40_000), Side.BUY)
    assert not orders(listener, "bta-cancel")


async def test_a_deposit_is_told(running: Running, listener: Listener) -> None:
    await control(running, "deposit", {"asset": "USDT", "amount": "250"})
    await listener.until(1)

    transfer = listener.news[0]
    assert isinstance(transfer, Transferred)
    assert (transfer.asset, transfer.amount) == ("USDT", Decimal(250))


async def test_an_oco_whose_stop_fires_ends_its_target(running: Running, listener: Listener) -> None:
    placed = await running.client.signed(
        "POST",
        "orderList/oco",
        symbol="BTCUSDT",
        side="SELL",
        quantity="0.1",
        aboveType="LIMIT_MAKER",
        abovePrice="55000",
        aboveClientOrderId="bta-target",
        belowType="STOP_LOSS",
        belowStopPrice="48000",
        belowClientOrderId="bta-stop",
        listClientOrderId="bta-list",
    )
    assert placed.status == 200, placed.body
    await until_reported(listener, "bta-stop", OrderStatus.OPEN)
    await control(running, "trade", {"symbol": "BTCUSDT", "price": "47900", "quantity": "1"})

    await eventually(
        lambda: (
            orders(listener, "bta-stop")[-1].status is OrderStatus.FILLED
            and orders(listener, "bta-target")[-1].status is OrderStatus.EXPIRED
        )
    )
    stop = orders(listener, "bta-stop")[0]
    assert (stop.order_type, stop.stop_price) == (OrderType.STOP_LOSS, Decimal(48_000))
    assert orders(listener, "bta-target")[0].price == Decimal(55_000)
    assert sum(fill.quantity for order in orders(listener, "bta-stop") for fill in order.fills) == Decimal(
        "0.1"
    )
    assert not listener.losses


async def test_the_person_in_the_app_is_told_of_too(running: Running, listener: Listener) -> None:
    await control(
        running,
        "foreign_order",
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.02"},
    )
    await listener.until(2)

    event = listener.news[-1]
    assert isinstance(event, OrderReported)
    assert event.order.client_order_id.startswith("web_")
    assert event.order.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "stream_drop", "close_code": None},
        {"fault": "stream_drop", "close_code": 1001},
        {"fault": "stream_terminate"},
        {"fault": "stream_event", "event": {"event": {"e": "executionReport", "x": "NEW"}}},
        {"fault": "stream_event", "event": {"id": None, "status": 401, "error": {"code": -2015, "msg": ""}}},
    ],
    ids=["abort", "close", "terminate", "malformed", "orphan"],
)
async def test_after_a_loss_it_is_told_again(
    running: Running, listener: Listener, rule: dict[str, Any]
) -> None:
    await control(running, "faults", rule)
    await listener.until_opened(2)
    await running.client.order(side="BUY", type="MARKET", quantity="0.01", newClientOrderId="bta-after")
    await until_reported(listener, "bta-after", *FILLED_BUY)

    assert [type(event) for event in listener.events[:3]] == [StreamOpened, StreamLost, StreamOpened]
    assert len(listener.losses) == 1


async def test_doubled_and_reordered_events_come_through(running: Running, listener: Listener) -> None:
    await control(running, "faults", {"fault": "stream_duplicate"})
    await control(running, "faults", {"fault": "stream_reorder"})
    await running.client.order(side="BUY", type="MARKET", quantity="0.01", newClientOrderId="bta-twice")

    filled, new = OrderStatus.FILLED, OrderStatus.OPEN
    await until_reported(listener, "bta-twice", filled, filled, new, new)
    assert not listener.losses


async def test_refused_connections_are_waited_out(running: Running, listener: Listener) -> None:
    async with running.client.session.post(
        f"{running.server.rest_url}/control/faults", json={"fault": "stream_refuse", "status": 503}
    ) as reply:
        rule_id = (await reply.json())["ids"][0]
    await control(running, "faults", {"fault": "stream_drop", "close_code": 1001})
    await eventually(lambda: len(listener.losses) == 1)
    async with running.client.session.delete(f"{running.server.rest_url}/control/faults/{rule_id}") as reply:
        assert reply.status == 200
    await listener.until_opened(2)

    assert len(listener.losses) == 1


async def test_a_shutdown_leads_to_another_subscription(running: Running, listener: Listener) -> None:
    await control(running, "faults", {"fault": "server_shutdown"})
    await listener.until_opened(2)
    await running.client.order(side="BUY", type="MARKET", quantity="0.01", newClientOrderId="bta-after")
    await eventually(lambda: bool(orders(listener, "bta-after")))

    assert len(listener.losses) <= 1
