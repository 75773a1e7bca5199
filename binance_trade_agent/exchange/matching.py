"""The matching engine: which fills an order gets. Pure: no clock, no I/O, no state.

Rules, and where they are kinder or harsher than Binance:

* A taker walks the market's own depth level by level. What it takes does not persist:
  the next order sees the book as the market source shows it.
* A resting order fills as maker at its own price once a market trade goes *strictly*
  through that price, and for no more than that trade's quantity. A trade at the price
  itself fills nothing, because the queue in front of the order is unknown.
* Accounts do not trade with each other: the counterparty is always the market.
* Stop orders wait for a trigger (`triggers`) and then arrive as a new order would; lists of
  orders are in `contingent`.
* A fee is taken from what was received and cut (not rounded) to 8 decimals, as is price × quantity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Protocol

from binance_trade_agent.domain.money import EXACT, ZERO, floor_to_step
from binance_trade_agent.domain.orders import Side

#: The smallest amount of any asset that the exchange keeps.
UNIT = Decimal("0.00000001")


class OrderType(StrEnum):
    """The order types the exchange executes."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def is_market(self) -> bool:
        """Whether it takes what the book offers at any price (once triggered)."""
        return self in {OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}

    @property
    def is_stop(self) -> bool:
        """Whether it waits for a trigger; Binance's "algo" orders."""
        return self.is_stop_loss or self in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}

    @property
    def is_stop_loss(self) -> bool:
        """Whether it triggers when the market runs against the position it protects."""
        return self in {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}


class TimeInForce(StrEnum):
    """How long an order may wait: until cancelled, not at all, or all at once or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class OrderStatus(StrEnum):
    """An order's state, as the wire names it."""

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"

    @property
    def is_open(self) -> bool:
        """Whether the order is not over: it rests in the book, or waits for its trigger or its list."""
        return self in {OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True)
class Order:
    """One order; a new state is a new value.

    `price` is 0 for orders at any price, `quote_quantity` the quoteOrderQty or 0, `list_id` -1 outside
    of lists. Of a stop order, `stop_price` is 0 and `trailing_delta` (basis points) 0 where not given;
    `extreme` is the best price since trailing began, at `trailing_ms`, both 0 before. `reserve_price` is
    what a BUY stop at any price locks for each unit. `working_ms` is 0 until the order works
    in the book. Times are milliseconds.
    """

    order_id: int
    account_id: int
    symbol: str
    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    time_ms: int
    update_ms: int
    status: OrderStatus = OrderStatus.NEW
    executed: Decimal = ZERO
    executed_quote: Decimal = ZERO
    expiry_reason: str = ""
    stp_mode: str = "NONE"
    list_id: int = -1
    stop_price: Decimal = ZERO
    trailing_delta: int = 0
    trailing_ms: int = 0
    extreme: Decimal = ZERO
    reserve_price: Decimal = ZERO
    working_ms: int = 0

    @property
    def is_working(self) -> bool:
        """Whether it has reached the book: neither a stop before its trigger nor pending in a list."""
        return self.working_ms > 0

    @property
    def remaining(self) -> Decimal:
        """Base quantity not yet executed."""
        return self.quantity - self.executed


class Priced(Protocol):
    """A price and the quantity at it: a level of the book or a trade of the market."""

    @property
    def price(self) -> Decimal:
        """Quote asset for one unit of base."""
        ...

    @property
    def quantity(self) -> Decimal:
        """Base asset on offer."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    """A quantity of an order that meets the market at a price."""

    price: Decimal
    quantity: Decimal

    @property
    def quote(self) -> Decimal:
        """What the match costs or earns in the quote asset, cut to 8 decimals."""
        return cut(EXACT.multiply(self.price, self.quantity))


@dataclass(frozen=True, slots=True)
class Fill:
    """A match booked: the trade as the account's history shows it."""

    trade_id: int
    order_id: int
    account_id: int
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    commission: Decimal
    commission_asset: str
    is_maker: bool
    time_ms: int
    list_id: int = -1


@dataclass(frozen=True, slots=True)
class Taken:
    """What an arriving order meets: its matches, then whether it rests, ends or has ended."""

    matches: tuple[Match, ...]
    quantity: Decimal
    status: OrderStatus
    expiry_reason: str = ""


class WouldTake(Exception):
    """A LIMIT_MAKER order meets the book at once, which it must not."""


def cut(amount: Decimal) -> Decimal:
    """`amount` without what is below 0.00000001."""
    return amount.quantize(UNIT, rounding=ROUND_DOWN, context=EXACT)


def commission_of(received: Decimal, rate: Decimal) -> Decimal:
    """The fee on an amount received, in the same asset."""
    return cut(EXACT.multiply(received, rate))


def take_quantity(levels: Iterable[Priced], quantity: Decimal, step: Decimal) -> tuple[Match, ...]:
    """Walk `levels`, best first, until `quantity` is met; fewer if the book ends.

    A level's quantity counts in whole `step`s, so that no fill leaves the lot size.
    """
    matches = []
    for level in levels:
        if quantity <= 0:
            break
        taken = min(quantity, floor_to_step(level.quantity, step))
        if taken > 0:
            matches.append(Match(level.price, taken))
            quantity -= taken
    return tuple(matches)


def take_quote(levels: Iterable[Priced], quote: Decimal, step: Decimal) -> tuple[tuple[Match, ...], bool]:
    """Walk `levels` until `quote` buys (or, sold, earns) no further `step`; the second value: whether it did."""
    matches = []
    for level in levels:
        affordable = floor_to_step(EXACT.divide(quote, level.price), step)
        available = floor_to_step(level.quantity, step)
        taken = min(affordable, available)
        if taken > 0:
            match = Match(level.price, taken)
            matches.append(match)
            quote -= match.quote
        if affordable <= available:
            return tuple(matches), True
    return tuple(matches), False


def take(order: Order, levels: Sequence[Priced], step: Decimal) -> Taken:
    """What a new order meets in the opposite side of the book (`levels`, best first).

    Raises `WouldTake` for a LIMIT_MAKER order that crosses.
    """
    if order.type.is_market:
        return _take_market(order, levels, step)
    crossing = [level for level in levels if crosses(order, level.price)]
    if order.type is OrderType.LIMIT_MAKER:
        if crossing:
            raise WouldTake
        return Taken((), order.quantity, OrderStatus.NEW)
    matches = take_quantity(crossing, order.quantity, step)
    executed = sum((match.quantity for match in matches), ZERO)
    if executed == order.quantity:
        return Taken(matches, order.quantity, OrderStatus.FILLED)
    if order.time_in_force is TimeInForce.FOK:
        return Taken((), order.quantity, OrderStatus.EXPIRED)
    if order.time_in_force is TimeInForce.IOC:
        return Taken(matches, order.quantity, OrderStatus.EXPIRED)
    return Taken(matches, order.quantity, OrderStatus.PARTIALLY_FILLED if matches else OrderStatus.NEW)


def crosses(order: Order, price: Decimal) -> bool:
    """Whether an order that arrives may trade at `price`; one without a price may at any."""
    if order.type.is_market:
        return True
    return price <= order.price if order.side is Side.BUY else price >= order.price


def _take_market(order: Order, levels: Sequence[Priced], step: Decimal) -> Taken:
    if order.quote_quantity > 0:
        matches, complete = take_quote(levels, order.quote_quantity, step)
        quantity = sum((match.quantity for match in matches), ZERO)
        complete = complete and quantity > 0
    else:
        matches, quantity = take_quantity(levels, order.quantity, step), order.quantity
        complete = sum((match.quantity for match in matches), ZERO) == quantity
    if complete:
        return Taken(matches, quantity, OrderStatus.FILLED)
    return Taken(matches, quantity, OrderStatus.EXPIRED, "INSUFFICIENT_LIQUIDITY")


def match_resting(
    orders: Iterable[Order], trades: Iterable[Priced], step: Decimal
) -> list[tuple[Order, Match]]:
    """The maker fills that market `trades` (of one symbol, in time order) bring to its open orders.

    Each fill is at the order's own price; within a trade, better prices come first, then older orders.
    """
    queue = sorted(orders, key=lambda order: (_priority(order), order.order_id))
    left = {order.order_id: order.remaining for order in queue}
    fills = []
    for trade in trades:
        available = floor_to_step(trade.quantity, step)
        for order in queue:
            if available <= 0:
                break
            quantity = min(left[order.order_id], available)
            if quantity <= 0 or not goes_through(order, trade.price):
                continue
            left[order.order_id] -= quantity
            available -= quantity
            fills.append((order, Match(order.price, quantity)))
    return fills


def executed(order: Order, match: Match, time_ms: int) -> Order:
    """`order` after one match; FILLED once nothing remains."""
    done = order.executed + match.quantity
    return replace(
        order,
        executed=done,
        executed_quote=order.executed_quote + match.quote,
        status=OrderStatus.FILLED if done == order.quantity else OrderStatus.PARTIALLY_FILLED,
        update_ms=time_ms,
    )


def locked_amount(order: Order) -> Decimal:
    """What an open order by itself keeps locked: quote for a BUY, base for a SELL.

    A pending order of a list locks nothing, a BUY stop at any price what it costs at `reserve_price`.
    """
    if not order.status.is_open or order.status is OrderStatus.PENDING_NEW:
        return ZERO
    if order.side is Side.SELL:
        return order.remaining
    return Match(order.price or order.reserve_price, order.remaining).quote


def limit_to_share(taken: Taken, order: Order, share: Decimal, step: Decimal) -> Taken:
    """`taken` cut to `share` (0 to 1) of the order's quantity; what is left rests when the order may.

    An order that may not rest ends EXPIRED, at any price for want of liquidity.
    """
    left = floor_to_step(EXACT.multiply(taken.quantity, share), step)
    matches = take_quantity(taken.matches, left, step)
    if matches == taken.matches:
        return taken
    if order.type.is_market:
        return Taken(matches, taken.quantity, OrderStatus.EXPIRED, "INSUFFICIENT_LIQUIDITY")
    if order.time_in_force is TimeInForce.GTC:
        return Taken(matches, taken.quantity, OrderStatus.PARTIALLY_FILLED if matches else OrderStatus.NEW)
    kept = () if order.time_in_force is TimeInForce.FOK else matches
    return Taken(kept, taken.quantity, OrderStatus.EXPIRED)


def goes_through(order: Order, price: Decimal) -> bool:
    """Whether a market trade at `price` is beyond a resting order's own price."""
    return price < order.price if order.side is Side.BUY else price > order.price


def _priority(order: Order) -> Decimal:
    return -order.price if order.side is Side.BUY else order.price
