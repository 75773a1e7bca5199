"""What the adapter sends for an order, and what it makes of each answer; over a real socket."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Throttled, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import (
    CancelIntent,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
)
from binance_trade_agent.domain.records import BanScope
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.client import MAX_CONNECTIONS
from tests.contract.conftest import API_SECRET, config_for
from tests.fake_exchange_wire import (
    HANG_UP,
    RESET,
    SILENCE,
    Answer,
    FakeExchangeWire,
    ManualClock,
    MemoryBans,
    MemoryWeights,
    Request,
    Step,
    answer,
    html,
    refusal,
)

POST_ORDER = "POST /api/v3/order"
GET_ORDER = "GET /api/v3/order"
DELETE_ORDER = "DELETE /api/v3/order"
MY_TRADES = "GET /api/v3/myTrades"
TRANSACT_TIME = datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
TRANSACT_MS = int(TRANSACT_TIME.timestamp() * 1000)

INTENT = OrderIntent(
    client_order_id="bta-0123456789abcdef01234567",
    symbol="BTCUSDT",
    side=Side.BUY,
    order_type=OrderType.MARKET,
    quantity=Decimal("0.00012000"),
    purpose=Purpose.ENTRY,
    stamp=RequestStamp(timestamp_ms=1_772_366_400_123, recv_window_ms=4321),
    reference_price=Decimal("50000.10"),
    created_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
)


CANCEL = CancelIntent(
    cancel_id="bta-cancel",
    symbol="BTCUSDT",
    client_order_id=INTENT.client_order_id,
    client_list_id=None,
    replaced_by=None,
    stamp=INTENT.stamp,
    reason="test",
    created_at=INTENT.created_at,
)


def order_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": INTENT.client_order_id,
        "price": "0.00000000",
        "origQty": "0.00012000",
        "executedQty": "0.00012000",
        "cummulativeQuoteQty": "6.00050000",
        "status": "FILLED",
        "timeInForce": "GTC",
        "type": "MARKET",
        "side": "BUY",
        "updateTime": TRANSACT_MS,
    }
    return row | changes


def full_answer(**changes: object) -> dict[str, object]:
    fills = [
        {
            "price": "50000.00",
            "qty": "0.00005",
            "commission": "0.00000005",
            "commissionAsset": "BTC",
            "tradeId": 7,
        },
        {
            "price": "50007.142857",
            "qty": "0.00007",
            "commission": "0.0001",
            "commissionAsset": "BNB",
            "tradeId": 8,
        },
    ]
    return order_row(cummulativeQuoteQty="6.00049999999", transactTime=TRANSACT_MS, fills=fills) | changes


def trade_row(trade_id: int, quantity: str, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "symbol": "BTCUSDT",
        "id": trade_id,
        "orderId": 28,
        "price": "50000.00",
        "qty": quantity,
        "quoteQty": "3.00000000",
        "commission": "0.00000006",
        "commissionAsset": "BTC",
        "time": TRANSACT_MS,
        "isBuyer": True,
        "isMaker": False,
    }
    return row | changes


async def test_the_bytes_received_equal_the_intent(wire: FakeExchangeWire, exchange: BinanceExchange) -> None:
    wire.script(POST_ORDER, answer(full_answer()))

    await exchange.place(INTENT)

    (sent,) = wire.requests
    assert sent.query == ""
    assert sent.headers["x-mbx-apikey"] == "test-key"
    payload, _, signature = sent.body.rpartition("&signature=")
    assert signature == hmac.new(API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
    assert dict(parse_qsl(payload)) == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.00012",
        "newClientOrderId": "bta-0123456789abcdef01234567",
        "newOrderRespType": "FULL",
        "timestamp": "1772366400123",
        "recvWindow": "4321",
    }


async def test_a_limit_order_carries_its_price(wire: FakeExchangeWire, exchange: BinanceExchange) -> None:
    wire.script(
        POST_ORDER,
        answer(
            full_answer(status="NEW", executedQty="0.00000000", cummulativeQuoteQty="0.00000000", fills=[])
        ),
    )

    order = await exchange.place(replace(INTENT, order_type=OrderType.LIMIT, price=Decimal("50000.10")))

    params = wire.requests[0].params
    assert (params["type"], params["price"], params["timeInForce"]) == ("LIMIT", "50000.1", "GTC")
    assert order.status is OrderStatus.OPEN


async def test_a_full_answer_becomes_an_order_with_its_fills(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(POST_ORDER, answer(full_answer()))

    order = await exchange.place(INTENT)

    assert order.status is OrderStatus.FILLED
    assert order.exchange_order_id == 28
    assert order.executed == Decimal("0.00012")
    assert order.updated_at == TRANSACT_TIME
    assert order.is_complete
    first, second = order.fills
    assert (first.trade_id, first.price, first.quantity) == (7, Decimal("50000.00"), Decimal("0.00005"))
    assert (first.quote_quantity, first.commission_asset) == (Decimal("2.5"), "BTC")
    assert (second.commission, second.commission_asset) == (Decimal("0.0001"), "BNB")
    assert first.traded_at == TRANSACT_TIME
    assert not first.is_maker


async def test_fills_that_do_not_give_the_quote_amount_exactly_are_left_to_my_trades(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(POST_ORDER, answer(full_answer(cummulativeQuoteQty="6.00050000")))

    order = await exchange.place(INTENT)

    assert order.quote_executed == Decimal("6.0005")
    assert order.fills == ()
    assert not order.is_complete


@pytest.mark.parametrize(
    ("status", "executed", "expected"),
    [
        ("NEW", "0", OrderStatus.OPEN),
        ("PENDING_NEW", "0", OrderStatus.OPEN),
        ("PENDING_CANCEL", "0", OrderStatus.OPEN),
        ("PENDING_CANCEL", "0.00005", OrderStatus.PARTIALLY_FILLED),
        ("PARTIALLY_FILLED", "0.00005", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", "0.00012", OrderStatus.FILLED),
        ("CANCELED", "0", OrderStatus.CANCELED),
        ("EXPIRED", "0.00005", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", "0", OrderStatus.EXPIRED),
        ("REJECTED", "0", OrderStatus.REJECTED),
    ],
)
async def test_each_status_has_its_meaning(
    wire: FakeExchangeWire, exchange: BinanceExchange, status: str, executed: str, expected: OrderStatus
) -> None:
    wire.script(GET_ORDER, answer(order_row(status=status, executedQty=executed)))
    wire.script(MY_TRADES, answer([trade_row(7, executed)]))

    order = await exchange.find_order("BTCUSDT", INTENT.client_order_id)

    assert order is not None
    assert order.status is expected


TRUNCATED = Answer(200, b'{"symbol":"BTCUSDT","orderId":2')
CUT_SHORT = Answer(200, b'{"symbol":"BTC', announced=500)


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(refusal(-1007, "Timeout waiting for response from backend server.", 503), id="-1007"),
        pytest.param(
            refusal(-1007, "Timeout waiting for response from backend server.", 408), id="-1007-408"
        ),
        pytest.param(refusal(-1006, "An unexpected response was received.", 500), id="-1006"),
        pytest.param(refusal(-1006, "An unexpected response was received.", 400), id="-1006-400"),
        pytest.param(refusal(-1000, "An unknown error occurred.", 400), id="-1000"),
        pytest.param(refusal(-1001, "Internal error; unable to process your request.", 503), id="-1001"),
        pytest.param(refusal(-1008, "Server is currently overloaded.", 503), id="-1008"),
        pytest.param(refusal(-1016, "This service is no longer available.", 503), id="-1016"),
        pytest.param(refusal(-1003, "Too many requests queued.", 503), id="503 -1003"),
        pytest.param(refusal(-1015, "Too many new orders.", 504), id="504 -1015"),
        pytest.param(refusal(-2010, "Duplicate order sent."), id="duplicate"),
        pytest.param(answer([], 503), id="503-list"),
        pytest.param(answer(None, 500), id="500-null"),
        pytest.param(html(502), id="502-html"),
        pytest.param(html(504), id="504-html"),
        pytest.param(html(404), id="404-html"),
        pytest.param(html(408), id="408-html"),
        pytest.param(refusal(-1013, "Filter failure: NOTIONAL", 408), id="408-code"),
        pytest.param(Answer(307, b"", {"Location": "/api/v3/order"}), id="redirect"),
        pytest.param(html(200, "<html>maintenance</html>"), id="200-html"),
        pytest.param(TRUNCATED, id="truncated"),
        pytest.param(CUT_SHORT, id="cut-short"),
        pytest.param(Answer(200, b""), id="empty"),
        pytest.param(Answer(200, b'{"symbol":"\xff"}'), id="not-utf8"),
        pytest.param(answer([]), id="200-list"),
        pytest.param(answer(None), id="200-null"),
        pytest.param(answer({}), id="200-object"),
        pytest.param(answer(order_row()), id="no-fills"),
        pytest.param(answer(full_answer(status="SOMETHING_NEW")), id="unknown-status"),
        pytest.param(answer(full_answer(clientOrderId="bta-other")), id="another-order"),
        pytest.param(answer(full_answer(executedQty=0.00012)), id="number-not-text"),
        pytest.param(answer(full_answer(executedQty="NaN")), id="nan"),
        pytest.param(answer(full_answer(cummulativeQuoteQty="-1.00000000")), id="amount-not-available"),
        pytest.param(answer(full_answer(executedQty="0.00001")), id="more-fills-than-executed"),
        pytest.param(RESET, id="reset"),
        pytest.param(HANG_UP, id="hang-up"),
    ],
)
async def test_an_unclear_answer_to_an_order_is_an_unknown_outcome_and_is_never_sent_again(
    wire: FakeExchangeWire, exchange: BinanceExchange, step: Step
) -> None:
    wire.script(POST_ORDER, step)

    with pytest.raises(OutcomeUnknown):
        await exchange.place(INTENT)

    assert len(wire.seen(POST_ORDER)) == 1


async def test_an_answer_that_comes_too_late_is_an_unknown_outcome(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> None:
    wire.script(POST_ORDER, SILENCE)
    exchange = BinanceExchange(config_for(wire, request_timeout_s=1), clock, bans, MemoryWeights())

    with pytest.raises(OutcomeUnknown, match="POST /api/v3/order: TimeoutError"):
        await exchange.place(INTENT)

    assert len(wire.seen(POST_ORDER)) == 1
    await exchange.close()


async def test_an_executed_order_whose_answer_was_lost_is_found(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(POST_ORDER, refusal(-1007, "Timeout waiting for response from backend server.", 503))
    wire.script(GET_ORDER, answer(order_row()))
    wire.script(MY_TRADES, answer([trade_row(7, "0.00005"), trade_row(8, "0.00007")]))
    with pytest.raises(OutcomeUnknown):
        await exchange.place(INTENT)

    order = await exchange.find_order("BTCUSDT", INTENT.client_order_id)

    assert order is not None
    assert order.is_complete
    assert wire.seen(GET_ORDER)[0].params["origClientOrderId"] == INTENT.client_order_id
    assert wire.seen(MY_TRADES)[0].params["orderId"] == "28"
    assert len(wire.seen(POST_ORDER)) == 1


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        (-2010, "Account has insufficient balance for requested action.", 400),
        (-2010, "Market is closed.", 400),
        (-2010, "Order would immediately match and take.", 400),
        (-1013, "Filter failure: LOT_SIZE", 400),
        (-1111, "Parameter 'quantity' has too much precision.", 400),
        (-1022, "Signature for this request is not valid.", 400),
        (-2015, "Invalid API-key, IP, or permissions for action.", 401),
        (0, "Service unavailable from a restricted location.", 451),
    ],
)
async def test_a_clear_no_is_a_refusal_with_binances_code(
    wire: FakeExchangeWire, exchange: BinanceExchange, code: int, message: str, status: int
) -> None:
    wire.script(POST_ORDER, refusal(code, message, status))

    with pytest.raises(Refused) as caught:
        await exchange.place(INTENT)

    assert (caught.value.code, caught.value.message) == (code, message)
    assert len(wire.seen(POST_ORDER)) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Timestamp for this request is outside of the recvWindow.",
        "Timestamp for this request was 1000ms ahead of the server's time.",
    ],
)
async def test_a_refused_timestamp_of_an_order_is_measured_at_once_but_the_order_is_not_repeated(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, message: str
) -> None:
    await exchange.connect()
    wire.script(POST_ORDER, refusal(-1021, message))
    wire.clock_offset_ms = -7000

    with pytest.raises(Refused) as caught:
        await exchange.place(INTENT)

    assert caught.value.code == -1021
    assert [request.route for request in wire.requests] == [
        "GET /api/v3/time",
        POST_ORDER,
        "GET /api/v3/time",
    ]
    assert exchange.now() == clock.now() - timedelta(seconds=7)


async def test_no_connection_means_nothing_happened(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> None:
    config = config_for(wire)
    await wire.__aexit__(None, None, None)
    exchange = BinanceExchange(config, clock, bans, MemoryWeights())

    with pytest.raises(Unavailable, match="Cannot connect"):
        await exchange.place(INTENT)
    with pytest.raises(Unavailable):
        await exchange.connect()

    await exchange.close()


async def test_an_order_that_never_got_a_connection_was_not_sent(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> None:
    """All connections wait for answers to reads; the order gives up before they do."""
    wire.script("GET /api/v3/klines", SILENCE)
    exchange = BinanceExchange(config_for(wire, request_timeout_s=4), clock, bans, MemoryWeights())
    await exchange.connect()
    reads = [
        asyncio.create_task(exchange.candles("BTCUSDT", CandleInterval.M1, limit=1))
        for _ in range(MAX_CONNECTIONS)
    ]
    async with asyncio.timeout(60):
        while True:
            await asyncio.sleep(0.005)
            if len(wire.seen("GET /api/v3/klines")) == MAX_CONNECTIONS:
                break

    with pytest.raises(Unavailable):
        await exchange.place(INTENT)

    assert wire.seen(POST_ORDER) == []
    for read in reads:
        read.cancel()
    await asyncio.gather(*reads, return_exceptions=True)
    await exchange.close()


@pytest.mark.parametrize(
    ("step", "wait_s", "banned"),
    [
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="17"), 17, False),
        (refusal(-1003, "Too much request weight used.", 429), 60, False),
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="0"), 1, False),
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="-17"), 60, False),
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="soon"), 60, False),
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="99999999"), 259_200, False),
        (refusal(-1003, "Too much request weight used.", 429, Retry_After="9" * 5000), 259_200, False),
        (
            refusal(-1003, "Too much weight.", 429, Retry_After="Sun, 01 Mar 2026 12:00:40 GMT"),
            40,
            False,
        ),
        (
            refusal(-1003, "Too much weight.", 429, Retry_After="Sun, 01 Mar 2026 11:00:00 GMT"),
            1,
            False,
        ),
        (refusal(-1003, "Way too much; IP banned until 9999999999999.", 418), 259_200, True),
        (refusal(-1015, "Too many new orders.", 418, Retry_After="120"), 120, True),
        (refusal(-1003, "IP banned.", 418, Retry_After="120"), 120, True),
        (refusal(-1003, "Way too much request weight used; IP banned until 1772366760000.", 418), 360, True),
        (html(418), 120, True),
        (html(403, "<!DOCTYPE HTML><H1>403 ERROR</H1>Request blocked."), 300, False),
        (Answer(403, b"<html>blocked</html>", {"Retry-After": "900"}), 900, False),
    ],
)
async def test_silence_that_is_demanded_is_kept_and_stored(
    wire: FakeExchangeWire,
    exchange: BinanceExchange,
    clock: ManualClock,
    bans: MemoryBans,
    step: Answer,
    wait_s: int,
    banned: bool,
) -> None:
    wire.script(POST_ORDER, step, answer(full_answer()))

    with pytest.raises(Throttled) as caught:
        await exchange.place(INTENT)

    assert (caught.value.retry_after_s, caught.value.banned) == (wait_s, banned)
    assert bans.until() == clock.now() + timedelta(seconds=wait_s)
    clock.advance(wait_s - 1)
    for call in (exchange.connect, exchange.account, lambda: exchange.cancel(CANCEL)):
        with pytest.raises(Throttled, match="wait 1 s"):
            await call()
    assert len(wire.requests) == 1
    clock.advance(1)
    assert (await exchange.place(INTENT)).status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("step", "wait_s"),
    [
        (refusal(-1015, "Too many new orders.", 429, Retry_After="7"), 7),
        (refusal(-1015, "Too many new orders.", 400), 60),
    ],
)
async def test_too_many_orders_silence_new_orders_only_over_a_restart_too(
    wire: FakeExchangeWire,
    exchange: BinanceExchange,
    clock: ManualClock,
    bans: MemoryBans,
    step: Answer,
    wait_s: int,
) -> None:
    wire.script(POST_ORDER, step, answer(full_answer()))
    wire.script(GET_ORDER, refusal(-2013, "Order does not exist."))
    with pytest.raises(Throttled):
        await exchange.place(INTENT)
    assert bans.until(BanScope.NEW_ORDERS) == clock.now() + timedelta(seconds=wait_s)
    assert bans.until(BanScope.ALL) is None

    restarted = BinanceExchange(config_for(wire), clock, bans, MemoryWeights())
    with pytest.raises(Throttled, match="no new order is sent before"):
        await restarted.place(INTENT)
    assert await restarted.find_order("BTCUSDT", INTENT.client_order_id) is None
    clock.advance(wait_s)

    assert (await restarted.place(INTENT)).status is OrderStatus.FILLED
    await restarted.close()


async def test_a_ban_holds_over_a_restart(wire: FakeExchangeWire, clock: ManualClock) -> None:
    exchange = BinanceExchange(
        config_for(wire), clock, MemoryBans(clock.now() + timedelta(seconds=90)), MemoryWeights()
    )

    with pytest.raises(Throttled) as caught:
        await exchange.connect()

    assert caught.value.retry_after_s == 90
    assert wire.requests == []
    await exchange.close()


async def test_find_order_says_none_only_for_no_such_order(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(GET_ORDER, refusal(-2013, "Order does not exist."), refusal(-2026, "Archived."), html(502))

    assert await exchange.find_order("BTCUSDT", "bta-1") is None
    with pytest.raises(Refused):
        await exchange.find_order("BTCUSDT", "bta-1")
    with pytest.raises(Unavailable):
        await exchange.find_order("BTCUSDT", "bta-1")


async def test_the_fills_of_an_order_are_read_to_the_end(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    trades = [trade_row(trade_id, "0.00000010") for trade_id in range(1, 1201)]

    def page(request: Request) -> Answer:
        start = int(request.params.get("fromId", "0"))
        return answer([row for row in trades if int(str(row["id"])) >= start][:1000])

    wire.script(GET_ORDER, answer(order_row()))
    wire.script(MY_TRADES, page)

    order = await exchange.find_order("BTCUSDT", INTENT.client_order_id)

    assert order is not None
    assert [fill.trade_id for fill in order.fills] == list(range(1, 1201))
    assert order.is_complete


@pytest.mark.parametrize("step", [HANG_UP, RESET])
@pytest.mark.parametrize(
    ("route", "call", "error"),
    [
        (GET_ORDER, lambda exchange: exchange.find_order("BTCUSDT", "bta-1"), Unavailable),
        (DELETE_ORDER, lambda exchange: exchange.cancel(CANCEL), OutcomeUnknown),
        (POST_ORDER, lambda exchange: exchange.place(INTENT), OutcomeUnknown),
    ],
)
async def test_a_kept_alive_connection_that_drops_is_not_sent_on_again(
    wire: FakeExchangeWire,
    exchange: BinanceExchange,
    step: str,
    route: str,
    call: Callable[[BinanceExchange], object],
    error: type[Exception],
) -> None:
    await exchange.connect()
    wire.script(route, step)

    with pytest.raises(error):
        await call(exchange)  # type: ignore[misc]

    assert len(wire.seen(route)) == 1
    assert wire.connections == 1
