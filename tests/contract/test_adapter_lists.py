"""Order lists, cancels and replacements: what the adapter sends, and what it makes of each answer."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

from binance_trade_agent.domain.errors import OutcomeUnknown, Refused, Throttled
from binance_trade_agent.domain.orders import (
    CancelIntent,
    OrderIntent,
    OrderListIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
)
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from tests.contract.conftest import API_SECRET
from tests.contract.test_adapter_orders import CANCEL, INTENT, TRANSACT_MS, full_answer, order_row
from tests.fake_exchange_wire import (
    HANG_UP,
    RESET,
    Answer,
    FakeExchangeWire,
    ManualClock,
    MemoryBans,
    Request,
    Step,
    answer,
    html,
    refusal,
)

POST_LIST = "POST /api/v3/orderList/oco"
DELETE_ORDER = "DELETE /api/v3/order"
DELETE_LIST = "DELETE /api/v3/orderList"
REPLACE = "POST /api/v3/order/cancelReplace"
GET_TIME = "GET /api/v3/time"

STOP = replace(
    INTENT,
    client_order_id="bta-stop",
    side=Side.SELL,
    order_type=OrderType.STOP_LOSS,
    purpose=Purpose.STOP,
    stop_price=Decimal("49000.50"),
    client_list_id="bta-list",
)
TARGET = replace(
    STOP,
    client_order_id="bta-target",
    order_type=OrderType.LIMIT_MAKER,
    purpose=Purpose.TARGET,
    price=Decimal("52000"),
    stop_price=None,
)
OCO = OrderListIntent("bta-list", "BTCUSDT", STOP, TARGET, INTENT.stamp, INTENT.created_at)
LIST_CANCEL = replace(CANCEL, client_order_id="bta-stop", client_list_id="bta-list")
EXIT = replace(INTENT, side=Side.SELL, purpose=Purpose.EXIT)
REPLACED = replace(CANCEL, client_order_id="bta-stop", replaced_by=EXIT.client_order_id)


def leg_row(intent: OrderIntent, order_id: int, **changes: object) -> dict[str, object]:
    row = order_row(
        orderId=order_id,
        clientOrderId=intent.client_order_id,
        price="52000.00000000" if intent.price else "0.00000000",
        executedQty="0.00000000",
        cummulativeQuoteQty="0.00000000",
        status="NEW",
        type=intent.order_type.value,
        side="SELL",
        transactTime=TRANSACT_MS,
    )
    if intent.stop_price:
        row["stopPrice"] = "49000.50000000"
    return row | changes


def list_answer(**changes: object) -> dict[str, object]:
    return {
        "orderListId": 4,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED",
        "listOrderStatus": "EXECUTING",
        "listClientOrderId": "bta-list",
        "transactionTime": TRANSACT_MS,
        "symbol": "BTCUSDT",
        "orderReports": [leg_row(TARGET, 31), leg_row(STOP, 30)],
    } | changes


def cancel_answer(**changes: object) -> dict[str, object]:
    return (
        order_row(
            status="CANCELED",
            clientOrderId="bta-cancel",
            origClientOrderId=CANCEL.client_order_id,
            transactTime=TRANSACT_MS,
        )
        | changes
    )


def replaced_answer(**changes: object) -> dict[str, object]:
    return {
        "cancelResult": "SUCCESS",
        "newOrderResult": "SUCCESS",
        "cancelResponse": cancel_answer(origClientOrderId="bta-stop"),
        "newOrderResponse": full_answer(side="SELL"),
    } | changes


def replace_failure(status: int, code: int, **data: object) -> Answer:
    return answer({"code": code, "msg": "Order cancel-replace failed.", "data": data}, status)


def signed_params(request: Request) -> dict[str, str]:
    assert request.query == ""
    payload, _, signature = request.body.rpartition("&signature=")
    assert signature == hmac.new(API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return dict(parse_qsl(payload))


@dataclass(frozen=True)
class Write:
    """One writing call: its route, its answer of success, and the call itself."""

    route: str
    success: dict[str, object]
    call: Callable[[BinanceExchange], Awaitable[object]]


WRITES = {
    "place_list": Write(POST_LIST, list_answer(), lambda exchange: exchange.place_list(OCO)),
    "cancel": Write(DELETE_ORDER, cancel_answer(), lambda exchange: exchange.cancel(CANCEL)),
    "cancel_list": Write(DELETE_LIST, list_answer(), lambda exchange: exchange.cancel(LIST_CANCEL)),
    "replace": Write(REPLACE, replaced_answer(), lambda exchange: exchange.replace(REPLACED, EXIT)),
}
PLACING = ("place_list", "replace")


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        (
            {"order_type": OrderType.LIMIT, "price": Decimal("50000.10")},
            {"type": "LIMIT", "price": "50000.1", "timeInForce": "GTC"},
        ),
        (
            {
                "order_type": OrderType.LIMIT,
                "price": Decimal("50000"),
                "time_in_force": TimeInForce.IOC,
            },
            {"type": "LIMIT", "price": "50000", "timeInForce": "IOC"},
        ),
        (
            {"order_type": OrderType.LIMIT_MAKER, "price": Decimal("50000")},
            {"type": "LIMIT_MAKER", "price": "50000"},
        ),
        (
            {"order_type": OrderType.STOP_LOSS, "stop_price": Decimal("0.00001230")},
            {"type": "STOP_LOSS", "stopPrice": "0.0000123"},
        ),
        (
            {
                "order_type": OrderType.STOP_LOSS_LIMIT,
                "price": Decimal("49000"),
                "stop_price": Decimal("49100"),
            },
            {"type": "STOP_LOSS_LIMIT", "price": "49000", "stopPrice": "49100", "timeInForce": "GTC"},
        ),
        (
            {"order_type": OrderType.TAKE_PROFIT, "stop_price": Decimal("60000")},
            {"type": "TAKE_PROFIT", "stopPrice": "60000"},
        ),
        (
            {
                "order_type": OrderType.TAKE_PROFIT_LIMIT,
                "price": Decimal("60000"),
                "stop_price": Decimal("60100"),
            },
            {"type": "TAKE_PROFIT_LIMIT", "price": "60000", "stopPrice": "60100", "timeInForce": "GTC"},
        ),
    ],
)
async def test_each_order_type_carries_its_terms(
    wire: FakeExchangeWire, exchange: BinanceExchange, changes: dict[str, object], terms: dict[str, str]
) -> None:
    resting = full_answer(
        status="NEW",
        executedQty="0.00000000",
        cummulativeQuoteQty="0.00000000",
        fills=[],
        type=terms["type"],
        price=terms.get("price", "0.00000000"),
        stopPrice=terms.get("stopPrice", "0.00000000"),
    )
    wire.script("POST /api/v3/order", answer(resting))

    order = await exchange.place(replace(INTENT, **changes))  # type: ignore[arg-type]

    sent = signed_params(wire.requests[0])
    named = {name: sent[name] for name in ("type", "price", "stopPrice", "timeInForce") if name in sent}
    assert named == terms
    assert sent["newOrderRespType"] == "FULL"
    assert (order.status, order.fills) == (OrderStatus.OPEN, ())
    assert order.order_type is OrderType(terms["type"])
    assert order.price == Decimal(terms.get("price", "0"))
    assert order.stop_price == Decimal(terms.get("stopPrice", "0"))


@pytest.mark.parametrize(
    "order_type", [kind for kind in OrderType if kind is not OrderType.MARKET], ids=lambda kind: kind.value
)
async def test_an_order_without_its_terms_is_never_sent(
    wire: FakeExchangeWire, exchange: BinanceExchange, order_type: OrderType
) -> None:
    with pytest.raises(ValueError, match=f"{order_type} without a"):
        await exchange.place(replace(INTENT, order_type=order_type))

    assert wire.requests == []


async def test_the_bytes_of_a_list_equal_the_intent(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(POST_LIST, answer(list_answer()))

    stop, target = await exchange.place_list(OCO)

    (sent,) = wire.requests
    assert signed_params(sent) == {
        "symbol": "BTCUSDT",
        "listClientOrderId": "bta-list",
        "side": "SELL",
        "quantity": "0.00012",
        "aboveType": "LIMIT_MAKER",
        "aboveClientOrderId": "bta-target",
        "abovePrice": "52000",
        "belowType": "STOP_LOSS",
        "belowClientOrderId": "bta-stop",
        "belowStopPrice": "49000.5",
        "newOrderRespType": "RESULT",
        "timestamp": "1772366400123",
        "recvWindow": "4321",
    }
    assert (stop.client_order_id, stop.exchange_order_id, stop.status) == ("bta-stop", 30, OrderStatus.OPEN)
    assert (stop.order_type, stop.stop_price) == (OrderType.STOP_LOSS, Decimal("49000.5"))
    assert (target.client_order_id, target.exchange_order_id) == ("bta-target", 31)
    assert (target.order_type, target.price) == (OrderType.LIMIT_MAKER, Decimal("52000"))


async def test_a_stop_with_a_limit_carries_its_price_and_stays(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    stop = replace(STOP, order_type=OrderType.STOP_LOSS_LIMIT, price=Decimal("48900"))
    reports = [leg_row(TARGET, 31), leg_row(stop, 30, price="48900.00000000")]
    wire.script(POST_LIST, answer(list_answer(orderReports=reports)))

    placed, _ = await exchange.place_list(replace(OCO, stop=stop))

    sent = signed_params(wire.requests[0])
    assert sent["belowType"] == "STOP_LOSS_LIMIT"
    assert (sent["belowPrice"], sent["belowStopPrice"]) == ("48900", "49000.5")
    assert sent["belowTimeInForce"] == "GTC"
    assert placed.price == Decimal(48900)


@pytest.mark.parametrize(
    "order_list",
    [
        replace(OCO, stop=replace(STOP, quantity=Decimal(1))),
        replace(OCO, target=replace(TARGET, side=Side.BUY)),
        replace(OCO, target=replace(TARGET, symbol="ETHUSDT")),
        replace(OCO, target=replace(TARGET, order_type=OrderType.LIMIT)),
        replace(OCO, stop=replace(STOP, order_type=OrderType.TAKE_PROFIT)),
        replace(OCO, stop=replace(STOP, stop_price=None)),
        replace(OCO, stamp=replace(OCO.stamp, timestamp_ms=1)),
    ],
)
async def test_a_list_that_is_none_is_never_sent(
    wire: FakeExchangeWire, exchange: BinanceExchange, order_list: OrderListIntent
) -> None:
    with pytest.raises(ValueError, match="bta-"):
        await exchange.place_list(order_list)

    assert wire.requests == []


@pytest.mark.parametrize(
    "changes",
    [
        {"listClientOrderId": "bta-other"},
        {"orderReports": [leg_row(STOP, 30)]},
        {"orderReports": [leg_row(STOP, 30), leg_row(TARGET, 31, clientOrderId="bta-other")]},
        {"orderReports": [leg_row(STOP, 30), leg_row(TARGET, 31, side="BUY")]},
        {"orderReports": [leg_row(STOP, 30), leg_row(TARGET, 31, status="SOMETHING_NEW")]},
        {"orderReports": None},
    ],
)
async def test_an_answer_about_another_list_is_an_unknown_outcome(
    wire: FakeExchangeWire, exchange: BinanceExchange, changes: dict[str, object]
) -> None:
    wire.script(POST_LIST, answer(list_answer(**changes)))

    with pytest.raises(OutcomeUnknown, match="unreadable answer"):
        await exchange.place_list(OCO)


@pytest.mark.parametrize(
    ("cancel", "route", "body", "target"),
    [
        (CANCEL, DELETE_ORDER, cancel_answer(), {"origClientOrderId": INTENT.client_order_id}),
        (LIST_CANCEL, DELETE_LIST, list_answer(), {"listClientOrderId": "bta-list"}),
    ],
)
async def test_the_bytes_of_a_cancel_equal_the_intent(
    wire: FakeExchangeWire,
    exchange: BinanceExchange,
    cancel: CancelIntent,
    route: str,
    body: dict[str, object],
    target: dict[str, str],
) -> None:
    wire.script(route, answer(body))

    await exchange.cancel(cancel)

    (sent,) = wire.requests
    assert sent.route == route
    assert signed_params(sent) == {
        "symbol": "BTCUSDT",
        **target,
        "newClientOrderId": "bta-cancel",
        "timestamp": "1772366400123",
        "recvWindow": "4321",
    }


async def test_a_cancel_of_what_is_not_open_is_refused(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    for route in (DELETE_ORDER, DELETE_LIST):
        wire.script(route, refusal(-2011, "Unknown order sent."))

    for cancel in (CANCEL, LIST_CANCEL):
        with pytest.raises(Refused) as caught:
            await exchange.cancel(cancel)
        assert caught.value.code == -2011


async def test_an_answer_about_another_cancel_is_an_unknown_outcome(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(DELETE_ORDER, answer(cancel_answer(origClientOrderId="bta-other")))
    wire.script(DELETE_LIST, answer(list_answer(listClientOrderId="bta-other")))

    for cancel in (CANCEL, LIST_CANCEL):
        with pytest.raises(OutcomeUnknown, match="another cancel"):
            await exchange.cancel(cancel)


async def test_the_bytes_of_a_replacement_equal_both_intents(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(REPLACE, answer(replaced_answer()))

    replacement = await exchange.replace(REPLACED, EXIT)

    (sent,) = wire.requests
    assert signed_params(sent) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "MARKET",
        "quantity": "0.00012",
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrigClientOrderId": "bta-stop",
        "cancelNewClientOrderId": "bta-cancel",
        "newClientOrderId": EXIT.client_order_id,
        "newOrderRespType": "FULL",
        "timestamp": "1772366400123",
        "recvWindow": "4321",
    }
    assert replacement.order is not None
    assert replacement.order.status is OrderStatus.FILLED
    assert replacement.order.is_complete
    assert replacement.refusal == ""


async def test_a_replacement_can_be_bound_to_an_order_that_has_not_traded(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(REPLACE, answer(replaced_answer()))
    await exchange.replace(replace(REPLACED, only_untraded=True), EXIT)
    assert signed_params(wire.requests[0])["cancelRestrictions"] == "ONLY_NEW"


@pytest.mark.parametrize(
    ("cancel", "intent"),
    [
        (CANCEL, EXIT),
        (REPLACED, replace(EXIT, symbol="ETHUSDT")),
        (REPLACED, replace(EXIT, stamp=replace(EXIT.stamp, timestamp_ms=1))),
        (REPLACED, replace(EXIT, order_type=OrderType.STOP_LOSS)),
    ],
)
async def test_two_halves_that_are_not_one_request_are_never_sent(
    wire: FakeExchangeWire, exchange: BinanceExchange, cancel: CancelIntent, intent: OrderIntent
) -> None:
    with pytest.raises(ValueError, match="bta-"):
        await exchange.replace(cancel, intent)

    assert wire.requests == []


async def test_a_replacement_of_which_only_the_cancel_succeeded_says_why(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(
        REPLACE,
        replace_failure(
            409,
            -2021,
            cancelResult="SUCCESS",
            newOrderResult="FAILURE",
            cancelResponse=cancel_answer(origClientOrderId="bta-stop"),
            newOrderResponse={"code": -2010, "msg": "Account has insufficient balance."},
        ),
    )

    replacement = await exchange.replace(REPLACED, EXIT)

    assert replacement.order is None
    assert replacement.refusal == "Account has insufficient balance. (-2010)"


async def test_a_replacement_whose_cancel_was_refused_did_nothing(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(
        REPLACE,
        replace_failure(
            400,
            -2022,
            cancelResult="FAILURE",
            newOrderResult="NOT_ATTEMPTED",
            cancelResponse={"code": -2011, "msg": "Unknown order sent."},
            newOrderResponse=None,
        ),
        refusal(-1013, "Filter failure: LOT_SIZE"),
    )

    for code, message in ((-2011, "Unknown order sent."), (-1013, "Filter failure: LOT_SIZE")):
        with pytest.raises(Refused) as caught:
            await exchange.replace(REPLACED, EXIT)
        assert (caught.value.code, caught.value.message) == (code, message)


REFUSED_HALF = {"code": -2010, "msg": "Account has insufficient balance."}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(answer(replaced_answer(newOrderResult="FAILURE")), id="200-failure"),
        pytest.param(answer(replaced_answer(cancelResult="FAILURE")), id="200-not-cancelled"),
        pytest.param(answer(replaced_answer(newOrderResponse=None)), id="200-no-order"),
        pytest.param(answer(replaced_answer(newOrderResponse=full_answer())), id="200-another-order"),
        pytest.param(refusal(-2021, "Order cancel-replace partially failed.", 409), id="-2021-bare"),
        pytest.param(refusal(-2022, "Order cancel-replace failed."), id="-2022-bare"),
        pytest.param(
            replace_failure(
                409, -2021, cancelResult="FAILURE", newOrderResult="SUCCESS", cancelResponse=REFUSED_HALF
            ),
            id="-2021-allow-failure",
        ),
        pytest.param(
            replace_failure(409, -2021, cancelResult="SUCCESS", newOrderResult="FAILURE"), id="-2021-half"
        ),
        pytest.param(
            replace_failure(
                409,
                -2021,
                cancelResult="SUCCESS",
                newOrderResult="FAILURE",
                newOrderResponse={"code": -1007, "msg": "Timeout waiting for response."},
            ),
            id="-2021-timeout",
        ),
        pytest.param(
            replace_failure(
                409,
                -2021,
                cancelResult="SUCCESS",
                newOrderResult="FAILURE",
                newOrderResponse={"code": -2010, "msg": "Duplicate order sent."},
            ),
            id="-2021-duplicate",
        ),
        pytest.param(
            replace_failure(
                400, -2022, cancelResult="FAILURE", newOrderResult="FAILURE", cancelResponse=REFUSED_HALF
            ),
            id="-2022-attempted",
        ),
        pytest.param(
            replace_failure(
                400,
                -2022,
                cancelResult="FAILURE",
                newOrderResult="NOT_ATTEMPTED",
                cancelResponse={"code": -1006, "msg": "Unexpected response."},
            ),
            id="-2022-unknown",
        ),
    ],
)
async def test_a_replacement_that_contradicts_itself_is_an_unknown_outcome(
    wire: FakeExchangeWire, exchange: BinanceExchange, step: Step
) -> None:
    wire.script(REPLACE, step)

    with pytest.raises(OutcomeUnknown):
        await exchange.replace(REPLACED, EXIT)

    assert len(wire.seen(REPLACE)) == 1


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(refusal(-1007, "Timeout waiting for response from backend server.", 503), id="-1007"),
        pytest.param(refusal(-1006, "An unexpected response was received.", 400), id="-1006"),
        pytest.param(refusal(-1001, "Internal error.", 503), id="-1001"),
        pytest.param(refusal(-1016, "This service is no longer available.", 503), id="-1016"),
        pytest.param(refusal(-2010, "Duplicate order sent."), id="duplicate"),
        pytest.param(html(502), id="502-html"),
        pytest.param(html(410), id="410-html"),
        pytest.param(html(200, "<html>maintenance</html>"), id="200-html"),
        pytest.param(Answer(200, b'{"symbol":"BT'), id="truncated"),
        pytest.param(Answer(200, b""), id="empty"),
        pytest.param(answer([]), id="200-list"),
        pytest.param(answer({}), id="200-object"),
        pytest.param(RESET, id="reset"),
        pytest.param(HANG_UP, id="hang-up"),
    ],
)
async def test_an_unclear_answer_is_an_unknown_outcome_and_nothing_is_sent_again(
    wire: FakeExchangeWire, exchange: BinanceExchange, name: str, step: Step
) -> None:
    write = WRITES[name]
    await exchange.connect()
    wire.script(write.route, step)

    with pytest.raises(OutcomeUnknown):
        await write.call(exchange)

    assert [request.route for request in wire.requests] == [GET_TIME, write.route]


@pytest.mark.parametrize("name", WRITES)
async def test_a_refused_timestamp_is_measured_but_nothing_is_repeated(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, name: str
) -> None:
    write = WRITES[name]
    await exchange.connect()
    wire.script(write.route, refusal(-1021, "Timestamp for this request is outside of the recvWindow."))
    wire.clock_offset_ms = 9000

    with pytest.raises(Refused) as caught:
        await write.call(exchange)

    assert caught.value.code == -1021
    assert [request.route for request in wire.requests] == [GET_TIME, write.route, GET_TIME]
    assert exchange.now() == clock.now() + timedelta(seconds=9)


@pytest.mark.parametrize("name", WRITES)
async def test_too_many_orders_hold_back_new_orders_only(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, bans: MemoryBans, name: str
) -> None:
    write = WRITES[name]
    wire.script("POST /api/v3/order", refusal(-1015, "Too many new orders.", 429, Retry_After="7"))
    wire.script(write.route, answer(write.success))
    with pytest.raises(Throttled):
        await exchange.place(INTENT)

    if name in PLACING:
        with pytest.raises(Throttled, match="no new order is sent"):
            await write.call(exchange)
        assert wire.seen(write.route) == []
        clock.advance(7)
    await write.call(exchange)

    assert len(wire.seen(write.route)) == 1
    assert bans.until() is None


@pytest.mark.parametrize("name", WRITES)
async def test_weight_exceeded_holds_back_everything(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, name: str
) -> None:
    write = WRITES[name]
    wire.script(write.route, refusal(-1003, "Too much request weight used.", 429, Retry_After="17"))

    with pytest.raises(Throttled) as caught:
        await write.call(exchange)

    assert caught.value.retry_after_s == 17
    clock.advance(16)
    for other in WRITES.values():
        with pytest.raises(Throttled, match="no request is sent"):
            await other.call(exchange)
    assert len(wire.requests) == 1
