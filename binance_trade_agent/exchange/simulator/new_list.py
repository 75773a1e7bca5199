"""The parameters of a new order list (rest-api.md, "Order lists"): OCO in both its forms, OTO, OTOCO."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.contingent import Contingency
from binance_trade_agent.exchange.filters import OpenCount
from binance_trade_agent.exchange.matching import OrderType
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.new_order import (
    NewOrder,
    ResponseType,
    read_client_id,
    read_new_order,
    read_response,
)
from binance_trade_agent.exchange.simulator.parameters import Arguments

#: An order's own parameters in a list, by the name a single order has for each.
_OWN = {
    "type": "Type",
    "price": "Price",
    "stopPrice": "StopPrice",
    "trailingDelta": "TrailingDelta",
    "timeInForce": "TimeInForce",
    "newClientOrderId": "ClientOrderId",
    "icebergQty": "IcebergQty",
    "strategyId": "StrategyId",
    "strategyType": "StrategyType",
    "pegPriceType": "PegPriceType",
    "pegOffsetType": "PegOffsetType",
    "pegOffsetValue": "PegOffsetValue",
}
_SHARED = {
    "symbol": "symbol",
    "selfTradePreventionMode": "selfTradePreventionMode",
    "newOrderRespType": "newOrderRespType",
}


def _leg(prefix: str, side: str, quantity: str) -> dict[str, str]:
    own = {name: f"{prefix}{word}" for name, word in _OWN.items()}
    return {**_SHARED, **own, "side": side, "quantity": quantity}


_OCO = (_leg("above", "side", "quantity"), _leg("below", "side", "quantity"))
_WORKING = _leg("working", "workingSide", "workingQuantity")
_OTO = (_WORKING, _leg("pending", "pendingSide", "pendingQuantity"))
_OTOCO = (
    _WORKING,
    _leg("pendingAbove", "pendingSide", "pendingQuantity"),
    _leg("pendingBelow", "pendingSide", "pendingQuantity"),
)
_OLD_STOP = {
    **_SHARED,
    "type": "stopType",
    "side": "side",
    "quantity": "quantity",
    "price": "stopLimitPrice",
    "timeInForce": "stopLimitTimeInForce",
    "stopPrice": "stopPrice",
    "trailingDelta": "trailingDelta",
    "newClientOrderId": "stopClientOrderId",
    "icebergQty": "stopIcebergQty",
    "strategyId": "stopStrategyId",
    "strategyType": "stopStrategyType",
}
_OLD_LIMIT = {
    **_SHARED,
    "type": "limitType",
    "side": "side",
    "quantity": "quantity",
    "price": "price",
    "newClientOrderId": "limitClientOrderId",
    "icebergQty": "limitIcebergQty",
    "strategyId": "limitStrategyId",
    "strategyType": "limitStrategyType",
}
_TAKE_PROFITS = {OrderType.LIMIT_MAKER, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
_STOP_LOSSES = {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}


def _names(*legs: Mapping[str, str]) -> frozenset[str]:
    return frozenset({"listClientOrderId"}.union(*(leg.values() for leg in legs)))


OCO_NAMES = _names(*_OCO)
OTO_NAMES = _names(*_OTO)
OTOCO_NAMES = _names(*_OTOCO)
OLD_OCO_NAMES = _names(_OLD_STOP, _OLD_LIMIT) - {"stopType", "limitType"}


@dataclass(frozen=True, slots=True)
class NewList:
    """A new order list as asked for.

    `orders` of an OCO are the stop loss and the other one, of an OTO the working order and then the
    pending one, or for an OTOCO the pending two as in an OCO.
    """

    symbol: str
    contingency: Contingency
    client_order_id: str
    orders: tuple[NewOrder, ...]
    response: ResponseType

    @property
    def is_oco(self) -> bool:
        """Whether its orders are placed at once, and at most one executes."""
        return self.contingency is Contingency.OCO

    @property
    def count(self) -> OpenCount:
        """What it adds to the open orders and lists."""
        return sum((order.count for order in self.orders), OpenCount(lists=1))


def check_list_allowed(request: NewList, rules: Mapping[str, Any]) -> None:
    """Raise -1013 when the symbol's rules do not allow lists of this kind."""
    flag = "ocoAllowed" if request.is_oco else "otoAllowed"
    if not rules[flag]:
        raise ApiError(-1013, f"{request.contingency} orders are not supported for this symbol")


def read_oco(arguments: Arguments, rules: Mapping[str, Any]) -> NewList:
    """Read `orderList/oco` for the symbol with these `rules`; raises `ApiError`."""
    return _list(arguments, Contingency.OCO, _rivals(arguments, rules, *_OCO))


def read_old_oco(arguments: Arguments, rules: Mapping[str, Any]) -> NewList:
    """Read the deprecated `order/oco`: a LIMIT_MAKER and a stop loss, with a price of its own or none."""
    has_price = "stopLimitPrice" in arguments
    stop = OrderType.STOP_LOSS_LIMIT if has_price else OrderType.STOP_LOSS
    found = arguments.extended({"stopType": stop, "limitType": OrderType.LIMIT_MAKER})
    orders = tuple(read_new_order(found.renamed(leg), rules) for leg in (_OLD_STOP, _OLD_LIMIT))
    return _list(arguments, Contingency.OCO, orders)


def read_oto(arguments: Arguments, rules: Mapping[str, Any]) -> NewList:
    """Read `orderList/oto` for the symbol with these `rules`; raises `ApiError`."""
    pending = read_new_order(arguments.renamed(_OTO[1]), rules)
    return _list(arguments, Contingency.OTO, (_working(arguments, rules), pending))


def read_otoco(arguments: Arguments, rules: Mapping[str, Any]) -> NewList:
    """Read `orderList/otoco` for the symbol with these `rules`; raises `ApiError`."""
    working = _working(arguments, rules)
    return _list(arguments, Contingency.OTO, (working, *_rivals(arguments, rules, *_OTOCO[1:])))


def _list(arguments: Arguments, contingency: Contingency, orders: tuple[NewOrder, ...]) -> NewList:
    return NewList(
        symbol=arguments.need_symbol(),
        contingency=contingency,
        client_order_id=read_client_id(arguments, "listClientOrderId"),
        orders=orders,
        response=read_response(arguments, default=ResponseType.RESULT),
    )


def _working(arguments: Arguments, rules: Mapping[str, Any]) -> NewOrder:
    order = read_new_order(arguments.renamed(_WORKING), rules)
    if order.type not in {OrderType.LIMIT, OrderType.LIMIT_MAKER}:
        raise ApiError(-1116, "Invalid orderType.")
    return order


def _rivals(
    arguments: Arguments, rules: Mapping[str, Any], above_names: dict[str, str], below_names: dict[str, str]
) -> tuple[NewOrder, ...]:
    above = read_new_order(arguments.renamed(above_names), rules)
    below = read_new_order(arguments.renamed(below_names), rules)
    _check_types(above, below)
    return (above, below) if above.type in _STOP_LOSSES else (below, above)


def _check_types(above: NewOrder, below: NewOrder) -> None:
    """Which types may stand above and below the market (errors.md, -1158 to -1199)."""
    kinds = above.type, below.type
    if any(kind not in _TAKE_PROFITS | _STOP_LOSSES for kind in kinds):
        raise ApiError(-1158, "Order type not supported in OCO.")
    if kinds == (OrderType.LIMIT_MAKER, OrderType.LIMIT_MAKER):
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    is_buy = above.side is Side.BUY
    profit, loss = (below, above) if is_buy else (above, below)
    if loss.type is OrderType.LIMIT_MAKER:
        if is_buy:
            raise ApiError(-1165, "A limit order in a buy OCO must be below.")
        raise ApiError(-1166, "A limit order in a sell OCO must be above.")
    if profit.type in _STOP_LOSSES:
        if is_buy:
            raise ApiError(-1196, "A stop loss order in a buy OCO must be above.")
        raise ApiError(-1197, "A stop loss order in a sell OCO must be below.")
    if loss.type in _TAKE_PROFITS:
        if is_buy:
            raise ApiError(-1198, "A take profit order in a buy OCO must be below.")
        raise ApiError(-1199, "A take profit order in a sell OCO must be above.")
