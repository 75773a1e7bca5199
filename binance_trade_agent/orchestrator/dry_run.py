"""What a dry run tells of the order that it did not send."""

from decimal import Decimal

from binance_trade_agent.domain.decisions import Approved, Estimate, Reason
from binance_trade_agent.domain.money import product, to_wire
from binance_trade_agent.domain.orders import OrderType


def estimate_of(order: Approved, fee_rate: Decimal, quote: str) -> Estimate:
    """What `order` would be worth, and its fee: `notional × fee_rate`."""
    notional = product(order.quantity, order.price or order.reference_price)
    return Estimate(order, notional, product(notional, fee_rate), quote)


def dry_run_reason(estimate: Estimate) -> Reason:
    """What would have been sent, in words."""
    order = estimate.order
    kind = "at the market, now about" if order.order_type is OrderType.MARKET else "as a limit order at"
    rests = f", for {order.time_limit.total_seconds():.0f} s at most" if order.time_limit is not None else ""
    text = (
        f"dry run, nothing was sent: it would {order.side} {to_wire(order.quantity)} {order.symbol} {kind}"
        f" {to_wire(order.price or order.reference_price)}{rests}; worth about {to_wire(round(estimate.notional, 8))}"
        f" {estimate.quote}, fee about {to_wire(round(estimate.fee, 8))} {estimate.quote}"
    )
    return Reason("dry_run", text)


def rounding_note(asked: Decimal | None, order: Approved) -> str:
    """That the limit price is not quite the one asked for; empty where it is."""
    if asked is None or order.price is None or order.price == asked:
        return ""
    return f"; the price asked for, {to_wire(asked)}, was rounded down to the tick: {to_wire(order.price)}"
