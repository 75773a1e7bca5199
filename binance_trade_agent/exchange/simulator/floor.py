"""Where orders meet the market: how a new one enters, what a trade fills, triggers and sets off.

A market trade first fills the orders that rest in the book, then triggers the stops it
reaches. A stop that triggers, and a pending order whose working order is filled, arrive as a
new order would: against the depth of that moment, which is the present even where the trades
that come in are some seconds old. Without depth a stop goes on waiting, for the next trade.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import InsufficientBalance
from binance_trade_agent.exchange.filters import SymbolFilters
from binance_trade_agent.exchange.matching import (
    Order,
    OrderStatus,
    Priced,
    Taken,
    WouldTake,
    crosses,
    goes_through,
    limit_to_share,
    match_resting,
    take,
)
from binance_trade_agent.exchange.simulator.booking import REJECTED, Booking
from binance_trade_agent.exchange.simulator.market.base import Level, Market, MarketUnavailable
from binance_trade_agent.exchange.triggers import (
    begin,
    is_reached,
    meet,
    triggers_above,
    would_trigger,
)

#: How much of the market's book an order may eat through.
_BOOK_LEVELS = 1000
#: Where nearly every order ends; a market source takes its time over a deep book.
_FIRST_LEVELS = 20


class WouldTrigger(Exception):
    """A new stop order stands on the wrong side of the market."""


class BadPrices(Exception):
    """The market is not between the prices of an OCO."""


@dataclass(frozen=True, slots=True)
class Interference:
    """What a fault does to new orders: takes at most `share` (0 to 1) at once, or ends them unexecuted."""

    share: Decimal | None = None
    expires: bool = False
    reason: str = ""


class TradingFloor:
    """The market as orders meet it. Raises `MarketUnavailable` when it has no prices."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._interference = Interference()

    @contextmanager
    def interfered(self, interference: Interference) -> Iterator[None]:
        """Apply a fault to the orders that enter in the meantime."""
        self._interference = interference
        try:
            yield
        finally:
            self._interference = Interference()

    def enter(self, booking: Booking, order: Order) -> Order:
        """Take a new order: a stop waits, any other meets the book.

        Raises `WouldTake`, `WouldTrigger` and `InsufficientBalance`.
        """
        if self._interference.expires:
            return booking.arrive(
                order, Taken((), order.quantity, OrderStatus.EXPIRED, self._interference.reason)
            )
        taken = None if order.type.is_stop else self._take(order)
        if taken is not None and self._interference.share is not None:
            taken = limit_to_share(taken, order, self._interference.share, self._step(order.symbol))
        return self._place(booking, order, taken)

    def enter_list(self, booking: Booking, orders: Sequence[Order], *, is_oco: bool) -> list[Order]:
        """Take the orders of a list that has begun, as they stand once placed.

        What waits for an OTO's working order is told as PENDING_NEW even when that was filled at once.
        Raises `BadPrices` and as `enter` does.
        """
        if is_oco:
            self._check_prices(orders)
            return [self.enter(booking, order) for order in orders]
        working = self.enter(booking, orders[0])
        pending = [replace(order, status=OrderStatus.PENDING_NEW) for order in orders[1:]]
        for order in pending:
            booking.wait(order)
        self._follow(booking, working)
        return [working, *pending]

    def _check_prices(self, orders: Sequence[Order]) -> None:
        """Raise `BadPrices` unless the market is between the orders of an OCO.

        A limit order counts with its price, a stop with its stop price, if it has one.
        """
        last = self._market.last_price(orders[0].symbol)
        for order in orders:
            is_above = (
                triggers_above(order.type, order.side) if order.type.is_stop else order.side is Side.SELL
            )
            price = order.stop_price if order.type.is_stop else order.price
            if price and (price <= last if is_above else price >= last):
                raise BadPrices

    def market_traded(self, bookings: Mapping[int, Booking], symbol: str, trades: Sequence[Priced]) -> None:
        """Let trades of the market, in time order, do what they do to the open orders of all accounts."""
        step = self._step(symbol)
        for trade in trades:
            found = [order for booking in bookings.values() for order in booking.open_orders(symbol)]
            working = [order for order in found if order.is_working]
            waiting = [order for order in found if is_waiting(order)]
            for order, match in match_resting(working, [trade], step):
                booking = bookings[order.account_id]
                after = booking.fill(booking.order(order.order_id) or order, match, is_maker=True)
                self._follow(booking, after)
            for order in waiting:
                self._meet(bookings[order.account_id], order, trade.price)

    def _place(self, booking: Booking, order: Order, taken: Taken | None) -> Order:
        """Let an order wait for its trigger, when nothing was taken, or arrive."""
        if taken is None:
            last = self._market.last_price(order.symbol)
            if would_trigger(order, last):
                raise WouldTrigger
            order = replace(order, status=OrderStatus.NEW, update_ms=self._market.now_ms())
            if order.type.is_market and order.side is Side.BUY:
                order = replace(order, reserve_price=order.stop_price or last)
            order = begin(order, last, self._market.now_ms())
            booking.wait(order)
            return order
        return booking.arrive(order, taken)

    def _follow(self, booking: Booking, working: Order) -> None:
        """Place what was to follow an order that is filled, or end it with one that is not going to be."""
        pending = [order for order in booking.siblings(working) if order.status is OrderStatus.PENDING_NEW]
        if working.status is not OrderStatus.FILLED:
            if not working.status.is_open:
                booking.expire(pending)
            return
        try:
            with booking.tentatively():
                for order in pending:
                    self._place(booking, order, None if order.type.is_stop else self._take(order))
        except (WouldTake, WouldTrigger, InsufficientBalance, MarketUnavailable):
            booking.expire(pending, REJECTED)

    def _meet(self, booking: Booking, order: Order, price: Decimal) -> None:
        current = booking.order(order.order_id) or order
        if not is_waiting(current):
            return
        met, triggers = meet(current, price, self._market.now_ms())
        if met is not current:
            booking.track(met)
        if not triggers:
            return
        try:
            taken = self._take(met)
            with booking.tentatively():
                booking.expire_rivals(met)
                booking.arrive(met, taken)
        except MarketUnavailable:
            return
        except InsufficientBalance:
            booking.expire_rivals(met)
            booking.expire([met], REJECTED)

    def _take(self, order: Order) -> Taken:
        step = self._step(order.symbol)
        levels = self._opposite(order, _FIRST_LEVELS)
        taken = take(order, levels, step)
        is_decided = taken.status is OrderStatus.FILLED or len(levels) < _FIRST_LEVELS
        if is_decided or not crosses(order, levels[-1].price):
            return taken
        return take(order, self._opposite(order, _BOOK_LEVELS), step)

    def _opposite(self, order: Order, limit: int) -> tuple[Level, ...]:
        depth = self._market.depth(order.symbol, limit)
        return depth.asks if order.side is Side.BUY else depth.bids

    def _step(self, symbol: str) -> Decimal:
        return SymbolFilters.of(self._market.rules(symbol)).lot.step


def is_waiting(order: Order) -> bool:
    """Whether the order is a stop that the market has yet to trigger."""
    return order.type.is_stop and not order.is_working and order.status is OrderStatus.NEW


def concerns(trades: Sequence[Priced], order: Order) -> bool:
    """Whether one of the trades may do something to an open order; a quick look at their range."""
    low = min(trade.price for trade in trades)
    high = max(trade.price for trade in trades)
    if order.is_working:
        return goes_through(order, low) or goes_through(order, high)
    if not is_waiting(order):
        return False
    return bool(order.trailing_delta) or is_reached(order, low) or is_reached(order, high)
