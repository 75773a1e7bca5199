"""The parameters of a new order, and whether the symbol's rules admit them (rest-api.md, "New order")."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.filters import FilterFailure, OpenCount, SymbolFilters
from binance_trade_agent.exchange.matching import OrderType, TimeInForce
from binance_trade_agent.exchange.simulator import errors
from binance_trade_agent.exchange.simulator.errors import CLIENT_ID_PATTERN, ApiError
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.triggers import triggers_above

#: Accepted and checked, without effect on the simulation.
_IGNORED = ("strategyId", "strategyType")
#: Known to Binance, for order types or features that this exchange does not offer.
_REFUSED = ("icebergQty", "pegPriceType", "pegOffsetType", "pegOffsetValue")

NAMES = (
    "symbol",
    "side",
    "type",
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "stopPrice",
    "trailingDelta",
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
    """A new order as asked for; numbers are 0 where not given, `trailing_delta` is in basis points."""

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
    stop_price: Decimal = ZERO
    trailing_delta: int = 0

    @property
    def is_market(self) -> bool:
        """Whether it takes what the book offers at any price."""
        return self.type.is_market

    @property
    def count(self) -> OpenCount:
        """What it adds to the open orders."""
        return OpenCount(orders=1, stops=int(self.type.is_stop))


def read_new_order(arguments: Arguments, rules: Mapping[str, Any]) -> NewOrder:
    """Read a new order's parameters for the symbol with these `rules`; raises `ApiError`."""
    side = arguments.need_choice("side", Side, ApiError(-1117, "Invalid side."))
    kind = arguments.need_choice("type", OrderType, ApiError(-1116, "Invalid orderType."))
    arguments.refuse(*_REFUSED)
    for name in _IGNORED:
        arguments.integer(name)
    stop_price, trailing_delta = _stop(arguments, kind, rules)
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
        response=read_response(arguments, kind),
        stop_price=stop_price,
        trailing_delta=trailing_delta,
    )


def read_client_id(arguments: Arguments, name: str) -> str:
    """A client order id, or a random one of 22 characters when none was sent."""
    return arguments.text(name, CLIENT_ID_PATTERN) or secrets.token_urlsafe(16)


def check_allowed(order: NewOrder, rules: Mapping[str, Any]) -> None:
    """Raise -1013 when the symbol's rules do not allow this type of order."""
    if order.type not in rules["orderTypes"]:
        name = order.type.value.replace("_", " ").capitalize()
        raise ApiError(-1013, f"{name} orders are not supported for this symbol.")
    if order.trailing_delta and not rules["allowTrailingStop"]:
        raise ApiError(-1013, "Trailing stop orders are not supported for this symbol.")


def check_filters(order: NewOrder, filters: SymbolFilters, reference: Decimal) -> None:
    """Raise -1013 for the first filter that the order by itself breaks; `reference` is the average price."""
    try:
        if not order.is_market:
            filters.check_price(order.side, order.price, reference)
        if order.stop_price:
            filters.check_stop_price(order.stop_price)
        if order.trailing_delta:
            is_above = triggers_above(order.type, order.side)
            filters.check_trailing_delta(order.trailing_delta, is_above=is_above)
        if order.quote_quantity > 0:
            # The quantity is fitted to the lot size later, so only the worth is checked here.
            filters.check_notional(order.quote_quantity, Decimal(1), is_market=True)
        else:
            filters.check_quantity(order.quantity, is_market=order.is_market)
            price = reference if order.is_market else order.price
            filters.check_notional(price, order.quantity, is_market=order.is_market)
    except FilterFailure as failure:
        raise errors.filter_failure(failure.name) from failure


def _quantities(arguments: Arguments, kind: OrderType, rules: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    quantity = arguments.decimal("quantity", int(rules["baseAssetPrecision"]))
    quote_quantity = arguments.decimal("quoteOrderQty", int(rules["quoteAssetPrecision"]))
    if kind is not OrderType.MARKET:
        if quote_quantity is not None:
            raise errors.not_required("quoteOrderQty")
        if quantity is None:
            raise arguments.missing("quantity")
    elif quantity is None and quote_quantity is None:
        if not arguments.sent_name("quoteOrderQty"):
            raise arguments.missing("quantity")
        raise errors.neither_parameter("quantity", "quoteOrderQty")
    elif quantity is not None and quote_quantity is not None:
        raise errors.not_required("quoteOrderQty")
    if quote_quantity is not None and not rules["quoteOrderQtyMarketAllowed"]:
        raise ApiError(-1013, "Quote order qty market orders are not support for this symbol.")
    return quantity or ZERO, quote_quantity or ZERO


def _price(arguments: Arguments, kind: OrderType, rules: Mapping[str, Any]) -> Decimal:
    price = arguments.decimal("price", int(rules["quoteAssetPrecision"]))
    if kind.is_market:
        arguments.refuse("price")
        return ZERO
    if price is None:
        raise arguments.missing("price")
    return price


def _stop(arguments: Arguments, kind: OrderType, rules: Mapping[str, Any]) -> tuple[Decimal, int]:
    if not kind.is_stop:
        arguments.refuse("stopPrice", "trailingDelta")
    stop_price = arguments.decimal("stopPrice", int(rules["quoteAssetPrecision"]))
    delta = arguments.integer("trailingDelta")
    if kind.is_stop and stop_price is None and delta is None:
        raise errors.neither_parameter(arguments.sent_name("stopPrice"), arguments.sent_name("trailingDelta"))
    if delta == 0:
        raise errors.filter_failure("TRAILING_DELTA")
    return stop_price or ZERO, delta or 0


def _time_in_force(arguments: Arguments, kind: OrderType) -> TimeInForce:
    chosen = arguments.choice("timeInForce", TimeInForce, ApiError(-1115, "Invalid timeInForce."))
    if kind.is_market or kind is OrderType.LIMIT_MAKER:
        arguments.refuse("timeInForce")
        return TimeInForce.GTC
    if chosen is None:
        raise arguments.missing("timeInForce")
    return chosen


def _stp_mode(arguments: Arguments, rules: Mapping[str, Any]) -> str:
    mode = arguments.text("selfTradePreventionMode")
    if mode is None:
        return str(rules["defaultSelfTradePreventionMode"])
    if mode != "NONE" and mode not in rules["allowedSelfTradePreventionModes"]:
        raise ApiError(-1013, "This symbol does not allow the specified self-trade prevention mode.")
    return mode


def read_response(
    arguments: Arguments, kind: OrderType | None = None, default: ResponseType = ResponseType.ACK
) -> ResponseType:
    """How much the reply is to tell; LIMIT and MARKET orders tell all unless asked otherwise."""
    refusal = ApiError(
        -1100, "Illegal characters found in parameter 'newOrderRespType'; legal range is 'ACK|RESULT|FULL'."
    )
    if kind in {OrderType.LIMIT, OrderType.MARKET}:
        default = ResponseType.FULL
    return arguments.choice("newOrderRespType", ResponseType, refusal) or default
