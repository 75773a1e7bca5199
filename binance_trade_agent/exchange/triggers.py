"""When a stop order triggers (rest-api.md, "New order"; faqs/trailing-stop-faq.md). Pure.

A stop above the market is a STOP_LOSS BUY or a TAKE_PROFIT SELL, one below it a STOP_LOSS SELL or
a TAKE_PROFIT BUY. A trailing stop (BUY from a low, SELL from a high) begins to track at its stop
price, or at once when it has none, and triggers when the price runs back by its delta.
"""

from dataclasses import replace
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.matching import Order, OrderType

_BASIS_POINTS = Decimal(10_000)


def triggers_above(kind: OrderType, side: Side) -> bool:
    """Whether a stop of this kind and side stands above the market."""
    return kind.is_stop_loss is (side is Side.BUY)


def is_reached(order: Order, price: Decimal) -> bool:
    """Whether the market at `price` has reached the order's stop price."""
    if triggers_above(order.type, order.side):
        return price >= order.stop_price
    return price <= order.stop_price


def would_trigger(order: Order, price: Decimal) -> bool:
    """Whether a new stop order is on the wrong side of the market at `price`."""
    return order.stop_price > 0 and is_reached(order, price)


def begin(order: Order, price: Decimal, time_ms: int) -> Order:
    """A new stop order at a market at `price`: one that trails without a stop price tracks at once."""
    if order.trailing_delta and not order.stop_price:
        return replace(order, extreme=price, trailing_ms=time_ms)
    return order


def meet(order: Order, price: Decimal, time_ms: int) -> tuple[Order, bool]:
    """The waiting stop order after a market trade at `price`, and whether that triggers it."""
    if not order.trailing_delta:
        return order, is_reached(order, price)
    if not order.extreme:
        if not is_reached(order, price):
            return order, False
        return replace(order, extreme=price, trailing_ms=time_ms), False
    if price < order.extreme if order.side is Side.BUY else price > order.extreme:
        return replace(order, extreme=price), False
    return order, _has_run_back(order, price)


def _has_run_back(order: Order, price: Decimal) -> bool:
    delta = EXACT.divide(order.trailing_delta * order.extreme, _BASIS_POINTS)
    if order.side is Side.BUY:
        return price >= order.extreme + delta
    return price <= order.extreme - delta
