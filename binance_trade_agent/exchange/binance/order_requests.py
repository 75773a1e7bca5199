"""What is sent for an order, an order list, a cancel and a replacement, by Binance's parameter names.

Each function raises `ValueError` for an intent that cannot be sent as it is: a programming error, found
before anything has left. Each request carries the intent's own timestamp and window.
"""

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import (
    CancelIntent,
    OrderIntent,
    OrderListIntent,
    OrderType,
    RequestStamp,
    Side,
    TimeInForce,
)

_PRICED = frozenset(
    {OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT}
)
_TIMED = _PRICED - {OrderType.LIMIT_MAKER}
_STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})


def order_request(intent: OrderIntent) -> dict[str, str]:
    """The parameters of POST /api/v3/order."""
    return {
        "symbol": intent.symbol,
        "side": intent.side.value,
        "type": intent.order_type.value,
        "quantity": to_wire(intent.quantity),
        "newClientOrderId": intent.client_order_id,
        "newOrderRespType": "FULL",
        **_terms(intent),
        **_signed_with(intent.stamp),
    }


def list_request(order_list: OrderListIntent) -> dict[str, str]:
    """The parameters of POST /api/v3/orderList/oco: a SELL whose target lies above and whose stop lies below."""
    stop, target = order_list.stop, order_list.target
    _check_list(order_list)
    return {
        "symbol": order_list.symbol,
        "listClientOrderId": order_list.client_list_id,
        "side": Side.SELL.value,
        "quantity": to_wire(stop.quantity),
        "newOrderRespType": "RESULT",
        **_leg("above", target),
        **_leg("below", stop),
        **_signed_with(order_list.stamp),
    }


def cancel_request(cancel: CancelIntent) -> dict[str, str]:
    """The parameters of DELETE /api/v3/order, or of DELETE /api/v3/orderList for a leg of a list."""
    target = (
        {"origClientOrderId": cancel.client_order_id}
        if cancel.client_list_id is None
        else {"listClientOrderId": cancel.client_list_id}
    )
    return {
        "symbol": cancel.symbol,
        **target,
        "newClientOrderId": cancel.cancel_id,
        **_signed_with(cancel.stamp),
    }


def replace_request(cancel: CancelIntent, intent: OrderIntent) -> dict[str, str]:
    """The parameters of POST /api/v3/order/cancelReplace; cancelling a leg ends its whole list."""
    if (cancel.symbol, cancel.replaced_by) != (intent.symbol, intent.client_order_id):
        raise ValueError(f"{cancel.cancel_id} is not replaced by {intent.client_order_id} in {intent.symbol}")
    if cancel.stamp != intent.stamp:
        raise ValueError(f"{cancel.cancel_id} and {intent.client_order_id} are one request with two stamps")
    restriction = {"cancelRestrictions": "ONLY_NEW"} if cancel.only_untraded else {}
    return {
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrigClientOrderId": cancel.client_order_id,
        "cancelNewClientOrderId": cancel.cancel_id,
        **restriction,
        **order_request(intent),
    }


def _terms(intent: OrderIntent) -> dict[str, str]:
    """Price, trigger and duration: those that the order's type has."""
    terms: dict[str, str] = {}
    if intent.order_type in _PRICED:
        if not intent.price:
            raise ValueError(f"{intent.client_order_id}: {intent.order_type} without a price")
        terms["price"] = to_wire(intent.price)
    if intent.order_type.is_algo:
        if not intent.stop_price:
            raise ValueError(f"{intent.client_order_id}: {intent.order_type} without a stop price")
        terms["stopPrice"] = to_wire(intent.stop_price)
    if intent.order_type in _TIMED:
        terms["timeInForce"] = (intent.time_in_force or TimeInForce.GTC).value
    return terms


def _leg(prefix: str, intent: OrderIntent) -> dict[str, str]:
    named = {"type": intent.order_type.value, "clientOrderId": intent.client_order_id, **_terms(intent)}
    return {f"{prefix}{name[0].upper()}{name[1:]}": value for name, value in named.items()}


def _check_list(order_list: OrderListIntent) -> None:
    stop, target = order_list.stop, order_list.target
    if target.order_type is not OrderType.LIMIT_MAKER or stop.order_type not in _STOPS:
        raise ValueError(f"{order_list.client_list_id}: {target.order_type} above {stop.order_type}")
    for leg in order_list.legs:
        if (leg.symbol, leg.side, leg.quantity) != (order_list.symbol, Side.SELL, stop.quantity):
            raise ValueError(f"{leg.client_order_id} does not sell what {order_list.client_list_id} sells")
        if leg.stamp != order_list.stamp:
            raise ValueError(
                f"{leg.client_order_id} and {order_list.client_list_id} are one request with two stamps"
            )


def _signed_with(stamp: RequestStamp) -> dict[str, str]:
    return {"recvWindow": str(stamp.recv_window_ms), "timestamp": str(stamp.timestamp_ms)}
