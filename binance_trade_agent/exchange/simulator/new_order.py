"""The parameters of a new order, and whether the symbol's rules admit them (rest-api.md, "New order")."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.filters import FilterFailure, SymbolFilters
from binance_trade_agent.exchange.matching import OrderType, TimeInForce
from binance_trade_agent.exchange.simulator import errors
from binance_trade_agent.exchange.simulator.errors import CLIENT_ID_PATTERN, ApiError
from binance_trade_agent.exchange.simulator.parameters import Arguments

#: Accepted and checked, without effect on the simulation.
_IGNORED = ("strategyId", "strategyType")
#: Known to Binance, for order types or features that this exchange does not offer.
_REFUSED = ("stopPrice", "trailingDelta", "icebergQty", "pegPriceType", "pegOffsetType", "pegOffsetValue")

NAMES = (
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "newOrderRespType",
    "selfTradePreventionMode",
    *_IGNORED,
    *_REFUSED,
)


class ResponseType(StrEnum):
    """How much of a new order its reply tells."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A new order as asked for; `price`, `quantity` and `quote_quantity` are 0 where not given."""

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    client_order_id: str
    stp_mode: str
    response: ResponseType

    @property
    def is_market(self) -> bool:
        """Whether it takes what the book offers at any price."""
        return self.type is OrderType.MARKET


def read_new_order(arguments: Arguments, rules: Mapping[str, Any]) -> NewOrder:
    """Read a new order's parameters for the symbol with these `rules`; raises `ApiError`."""
    side = arguments.choice("side", Side, ApiError(-1117, "Invalid side."))
    kind = arguments.choice("type", OrderType, ApiError(-1116, "Invalid orderType."))
    if side is None:
        raise errors.missing_parameter("side")
    if kind is None:
        raise errors.missing_parameter("type")
    for name in _REFUSED:
        if name in arguments:
            raise errors.not_required(name)
    for name in _IGNORED:
        arguments.integer(name)
    quantity, quote_quantity = _quantities(arguments, kind, rules)
    return NewOrder(
        symbol=arguments.need_symbol(),
        side=side,
        type=kind,
        time_in_force=_time_in_force(arguments, kind),
        price=_price(arguments, kind, rules),
        quantity=quantity,
        quote_quantity=quote_quantity,
        client_order_id=read_client_id(arguments, "newClientOrderId"),
        stp_mode=_stp_mode(arguments, rules),
        response=_response(arguments, kind),
    )


def read_client_id(arguments: Arguments, name: str) -> str:
    """A client order id, or a random one of 22 characters when none was sent."""
    return arguments.text(name, CLIENT_ID_PATTERN) or secrets.token_urlsafe(16)


def check_rules(order: NewOrder, filters: SymbolFilters, reference: Decimal, open_orders: int) -> None:
    """Raise -1013 for the first filter that the order breaks; `reference` is the average price."""
    try:
        if not order.is_market:
            filters.check_price(order.side, order.price, reference)
        quantity = order.quantity
        if order.quote_quantity > 0:
            # The quantity is fitted to the lot size later, so only the worth is checked here.
            filters.check_notional(order.quote_quantity, Decimal(1), is_market=True)
        else:
            filters.check_quantity(quantity, is_market=order.is_market)
            price = reference if order.is_market else order.price
            filters.check_notional(price, quantity, is_market=order.is_market)
        filters.check_order_count(open_orders)
    except FilterFailure as failure:
        raise errors.filter_failure(failure.name) from failure


def _quantities(arguments: Arguments, kind: OrderType, rules: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    quantity = arguments.decimal("quantity", int(rules["baseAssetPrecision"]))
    quote_quantity = arguments.decimal("quoteOrderQty", int(rules["quoteAssetPrecision"]))
    if kind is not OrderType.MARKET:
        if quote_quantity is not None:
            raise errors.not_required("quoteOrderQty")
        if quantity is None:
            raise errors.missing_parameter("quantity")
    elif quantity is None and quote_quantity is None:
        raise errors.neither_parameter("quantity", "quoteOrderQty")
    elif quantity is not None and quote_quantity is not None:
        raise errors.not_required("quoteOrderQty")
    if quote_quantity is not None and not rules["quoteOrderQtyMarketAllowed"]:
        raise ApiError(-1013, "Quote order qty market orders are not support for this symbol.")
    return quantity or ZERO, quote_quantity or ZERO


def _price(arguments: Arguments, kind: OrderType, rules: Mapping[str, Any]) -> Decimal:
    price = arguments.decimal("price", int(rules["quoteAssetPrecision"]))
    if kind is OrderType.MARKET:
        if price is not None:
            raise errors.not_required("price")
        return ZERO
    if price is None:
        raise errors.missing_parameter("price")
    return price


def _time_in_force(arguments: Arguments, kind: OrderType) -> TimeInForce:
    chosen = arguments.choice("timeInForce", TimeInForce, ApiError(-1115, "Invalid timeInForce."))
    if kind is OrderType.LIMIT:
        if chosen is None:
            raise errors.missing_parameter("timeInForce")
        return chosen
    if chosen is not None:
        raise errors.not_required("timeInForce")
    return TimeInForce.GTC


def _stp_mode(arguments: Arguments, rules: Mapping[str, Any]) -> str:
    mode = arguments.text("selfTradePreventionMode")
    if mode is None:
        return str(rules["defaultSelfTradePreventionMode"])
    if mode != "NONE" and mode not in rules["allowedSelfTradePreventionModes"]:
        raise ApiError(-1013, "This symbol does not allow the specified self-trade prevention mode.")
    return mode


def _response(arguments: Arguments, kind: OrderType) -> ResponseType:
    refusal = ApiError(
        -1100, "Illegal characters found in parameter 'newOrderRespType'; legal range is 'ACK|RESULT|FULL'."
    )
    chosen = arguments.choice("newOrderRespType", ResponseType, refusal)
    if chosen is not None:
        return chosen
    return ResponseType.ACK if kind is OrderType.LIMIT_MAKER else ResponseType.FULL
