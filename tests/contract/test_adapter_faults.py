"""The adapter against the simulated exchange while requests, answers and connections fail.

Whatever the caller is told, one of two things must hold: nothing happened at the exchange, or what
happened is found by the ids that were chosen before the request.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Throttled, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import (
    CancelIntent,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
)
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.config import BinanceConfig
from tests.contract.fault_scripts import control, release, rule_of, script
from tests.contract.test_adapter_simulator import cancel_of, intent, protection
from tests.exchange_client import KEY, SECRET, Running, running_exchange
from tests.fake_exchange_wire import ManualClock, MemoryBans, MemoryWeights

LIST = {"method": "POST", "path": "/api/v3/orderList/oco"}
CANCEL = {"method": "DELETE", "path": "/api/v3/order"}
CANCEL_LIST = {"method": "DELETE", "path": "/api/v3/orderList"}
REPLACE = {"method": "POST", "path": "/api/v3/order/cancelReplace"}
ORDER = {"method": "POST", "path": "/api/v3/order"}

#: Faults that leave the exchange as it was, and faults after which the request has been carried out.
NOT_EXECUTED: tuple[dict[str, Any], ...] = (
    {"fault": "reset"},
    {"fault": "answer", "error": "-1007"},
    {"fault": "answer", "status": 502, "body": "<html>nginx</html>", "content_type": "text/html"},
)
EXECUTED: tuple[dict[str, Any], ...] = (
    {"fault": "execute_then_reset"},
    {"fault": "execute_then_answer", "error": "-1007"},
    {"fault": "truncate"},
    {"fault": "empty"},
)


def names(faults: tuple[dict[str, Any], ...]) -> list[str]:
    return [
        "-".join(str(fault[key]) for key in ("fault", "error", "status") if key in fault) for fault in faults
    ]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange() as exchange:
        yield exchange


@pytest.fixture
async def venue(running: Running, bans: MemoryBans) -> AsyncIterator[BinanceExchange]:
    server = running.server
    config = BinanceConfig(server.rest_url, server.stream_url, f"{server.stream_url}/ws-api/v3", KEY, SECRET)
    adapter = BinanceExchange(config, ManualClock(), bans, MemoryWeights())
    await adapter.connect()
    yield adapter
    await adapter.close()


async def fail_next(running: Running, match: dict[str, str], fault: dict[str, Any]) -> int:
    arguments = {key: value for key, value in fault.items() if key != "fault"}
    return await script(running, fault["fault"], match=match, count=1, **arguments)


async def received(running: Running, match: dict[str, str]) -> int:
    counts = await control(running, "GET", "requests")
    return int(counts.get(f"{match['method']} {match['path']}", {"received": 0})["received"])


async def unknown(call: Awaitable[object]) -> None:
    with pytest.raises(OutcomeUnknown):
        await call


async def status_of(venue: BinanceExchange, client_order_id: str) -> OrderStatus | None:
    order = await venue.find_order("BTCUSDT", client_order_id)
    return order.status if order else None


def exit_of(venue: BinanceExchange, oco: OrderListIntent) -> tuple[CancelIntent, OrderIntent]:
    leaving = replace(intent(venue, Side.SELL), purpose=Purpose.EXIT)
    return replace(cancel_of(venue, oco.stop, leaving.client_order_id), stamp=leaving.stamp), leaving


@pytest.mark.parametrize("fault", [*NOT_EXECUTED, *EXECUTED], ids=names((*NOT_EXECUTED, *EXECUTED)))
async def test_an_order_is_there_once_or_not_at_all(
    running: Running, venue: BinanceExchange, fault: dict[str, Any]
) -> None:
    order = intent(venue)
    await fail_next(running, ORDER, fault)

    await unknown(venue.place(order))

    assert await received(running, ORDER) == 1
    found = await venue.find_order("BTCUSDT", order.client_order_id)
    if fault in EXECUTED:
        assert found is not None
        assert (found.status, found.is_complete) == (OrderStatus.FILLED, True)
    else:
        assert found is None


@pytest.mark.parametrize("fault", [*NOT_EXECUTED, *EXECUTED], ids=names((*NOT_EXECUTED, *EXECUTED)))
async def test_a_list_is_there_whole_or_not_at_all(
    running: Running, venue: BinanceExchange, fault: dict[str, Any]
) -> None:
    oco = protection(venue)
    await fail_next(running, LIST, fault)

    await unknown(venue.place_list(oco))

    assert await received(running, LIST) == 1
    found = {await status_of(venue, leg.client_order_id) for leg in oco.legs}
    assert found == ({OrderStatus.OPEN} if fault in EXECUTED else {None})


@pytest.mark.parametrize("fault", [*NOT_EXECUTED, *EXECUTED], ids=names((*NOT_EXECUTED, *EXECUTED)))
async def test_a_cancelled_list_ends_whole_or_rests_whole(
    running: Running, venue: BinanceExchange, fault: dict[str, Any]
) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    await fail_next(running, CANCEL_LIST, fault)

    await unknown(venue.cancel(cancel_of(venue, oco.stop)))

    assert await received(running, CANCEL_LIST) == 1
    found = {await status_of(venue, leg.client_order_id) for leg in oco.legs}
    assert found == {OrderStatus.CANCELED if fault in EXECUTED else OrderStatus.OPEN}


@pytest.mark.parametrize("fault", [*NOT_EXECUTED, *EXECUTED], ids=names((*NOT_EXECUTED, *EXECUTED)))
async def test_a_replacement_happens_once_or_not_at_all(
    running: Running, venue: BinanceExchange, fault: dict[str, Any]
) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    cancel, leaving = exit_of(venue, oco)
    await fail_next(running, REPLACE, fault)

    await unknown(venue.replace(cancel, leaving))

    assert await received(running, REPLACE) == 1
    stop, new = [await status_of(venue, order.client_order_id) for order in (oco.stop, leaving)]
    if fault in EXECUTED:
        assert (stop, new) == (OrderStatus.CANCELED, OrderStatus.FILLED)
    else:
        assert (stop, new) == (OrderStatus.OPEN, None)


@pytest.mark.parametrize("fault", [*NOT_EXECUTED, *EXECUTED], ids=names((*NOT_EXECUTED, *EXECUTED)))
async def test_a_cancelled_order_ends_or_rests(
    running: Running, venue: BinanceExchange, fault: dict[str, Any]
) -> None:
    resting = replace(intent(venue), order_type=OrderType.LIMIT, price=Decimal(40_000))
    await venue.place(resting)
    await fail_next(running, CANCEL, fault)

    await unknown(venue.cancel(cancel_of(venue, resting)))

    assert await received(running, CANCEL) == 1
    expected = OrderStatus.CANCELED if fault in EXECUTED else OrderStatus.OPEN
    assert await status_of(venue, resting.client_order_id) is expected


async def test_a_second_cancel_of_what_ended_is_refused(running: Running, venue: BinanceExchange) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    await fail_next(running, CANCEL_LIST, {"fault": "execute_then_reset"})
    await unknown(venue.cancel(cancel_of(venue, oco.stop)))

    with pytest.raises(Refused) as caught:
        await venue.cancel(cancel_of(venue, oco.stop))

    assert caught.value.code == -2011


async def test_an_order_that_expired_in_part_brings_its_fills(
    running: Running, venue: BinanceExchange
) -> None:
    await fail_next(running, ORDER, {"fault": "partial", "share": 0.4})

    order = await venue.place(intent(venue))

    assert (order.status, order.executed) == (OrderStatus.EXPIRED, Decimal("0.004"))
    assert order.is_complete


async def test_an_order_that_expired_at_once_has_nothing(running: Running, venue: BinanceExchange) -> None:
    await fail_next(running, ORDER, {"fault": "expire"})

    order = await venue.place(intent(venue))

    assert (order.status, order.executed, order.fills) == (OrderStatus.EXPIRED, Decimal(0), ())


async def test_an_order_not_yet_visible_is_none_in_every_read(
    running: Running, venue: BinanceExchange
) -> None:
    await fail_next(running, ORDER, {"fault": "invisible", "delay_s": 3600})
    order = intent(venue)
    before = await venue.account()

    placed = await venue.place(order)

    assert placed.status is OrderStatus.FILLED
    assert await venue.find_order("BTCUSDT", order.client_order_id) is None
    assert await venue.fills_since("BTCUSDT", order.stamp.instant) == ()
    assert (await venue.account()).balances != before.balances


async def test_reads_heal_a_clock_that_jumped_and_orders_are_not_repeated(
    running: Running, venue: BinanceExchange
) -> None:
    rule = (await control(running, "POST", "faults", {"fault": "clock", "shift_ms": 60_000}))["ids"][0]
    order = intent(venue)

    with pytest.raises(Refused) as caught:
        await venue.place(order)

    assert caught.value.code == -1021
    assert await received(running, ORDER) == 1
    assert (await venue.place(intent(venue))).status is OrderStatus.FILLED
    await release(running, rule)
    assert (await venue.account()).can_trade


async def test_too_many_orders_leave_reads_and_cancels_free(running: Running, venue: BinanceExchange) -> None:
    oco = protection(venue)
    await venue.place_list(oco)
    rule = await fail_next(running, ORDER, {"fault": "answer", "error": "-1015"})
    with pytest.raises(Throttled):
        await venue.place(intent(venue))

    with pytest.raises(Throttled):
        await venue.place(intent(venue))
    await venue.cancel(cancel_of(venue, oco.stop))

    assert (await rule_of(running, rule))["seen"] == 1
    assert await venue.open_orders() == ()


async def test_reads_stop_before_the_exchange_has_to_say_so_and_orders_go_on(
    running: Running, bans: MemoryBans, venue: BinanceExchange
) -> None:
    async def ask_without_end() -> None:
        while True:
            await venue.open_orders()

    with pytest.raises(Throttled, match="held back"):
        await ask_without_end()

    assert 5600 < venue.used_weight <= 5700
    with pytest.raises(Throttled, match="held back"):
        await venue.candles("BTCUSDT", CandleInterval.M1, limit=1)
    order = await venue.place(intent(venue))
    assert await status_of(venue, order.client_order_id) is OrderStatus.FILLED
    assert bans.reasons == []


READS: dict[str, Callable[[BinanceExchange], Awaitable[object]]] = {
    "account": lambda venue: venue.account(),
    "open orders": lambda venue: venue.open_orders(),
    "orders": lambda venue: venue.orders_since("BTCUSDT", venue.now()),
    "fills": lambda venue: venue.fills_since("BTCUSDT", venue.now()),
    "order": lambda venue: venue.find_order("BTCUSDT", "bta-1"),
    "candles": lambda venue: venue.candles("BTCUSDT", CandleInterval.M1, limit=1),
    "books": lambda venue: venue.book_tops(["BTCUSDT"]),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"fault": "reset"}, Unavailable),
        ({"fault": "truncate"}, Unavailable),
        ({"fault": "empty"}, Unavailable),
        ({"fault": "answer", "error": "-2015"}, Refused),
        ({"fault": "answer", "error": "-1016"}, Unavailable),
    ],
    ids=["reset", "truncate", "empty", "-2015", "-1016"],
)
async def test_a_read_never_takes_a_fault_for_nothing_there(
    running: Running, venue: BinanceExchange, name: str, fault: dict[str, Any], error: type[Exception]
) -> None:
    await fail_next(running, {"method": "GET", "path": "/api/v3/*"}, fault)

    with pytest.raises(error):
        await READS[name](venue)
