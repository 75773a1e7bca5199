"""A symbol's trading rules, and whether an order would pass them (Binance `filters.md`)."""

from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, on_step, product, to_wire
from binance_trade_agent.domain.orders import OrderType, Side


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """The filters that bind orders of a symbol; a limit of 0 means there is none."""

    symbol: str
    base: str
    quote: str
    trading: bool
    tick_size: Decimal
    min_price: Decimal
    max_price: Decimal
    step_size: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    market_step_size: Decimal
    market_min_quantity: Decimal
    market_max_quantity: Decimal
    min_notional: Decimal
    max_notional: Decimal
    min_notional_for_market: bool
    max_notional_for_market: bool
    order_types: frozenset[OrderType] = frozenset({OrderType.MARKET, OrderType.LIMIT})
    oco_allowed: bool = False
    cancel_replace_allowed: bool = False
    #: How many orders that wait for a trigger may be open at once.
    max_algo_orders: int = 0
    #: PERCENT_PRICE(_BY_SIDE): how far from the average price a SELL's and a BUY's limit price may lie, as factors.
    sell_price_band: tuple[Decimal, Decimal] = (ZERO, ZERO)
    buy_price_band: tuple[Decimal, Decimal] = (ZERO, ZERO)
    #: MAX_POSITION: the most base currency an account may hold once a BUY has filled.
    max_position: Decimal = ZERO

    def market_quantity(self, quantity: Decimal) -> Decimal:
        """`quantity` rounded down to what a MARKET order may carry; 0 when it is below the minimum."""
        rounded = floor_to_step(floor_to_step(quantity, self.step_size), self.market_step_size)
        if self._ceiling:
            rounded = min(rounded, floor_to_step(self._ceiling, self.step_size))
        return rounded if rounded >= max(self.min_quantity, self.market_min_quantity) else ZERO

    def smallest_market_quantity(self, price: Decimal) -> Decimal:
        """The smallest quantity a MARKET order at about `price` may carry."""
        quantity = max(self.min_quantity, self.market_min_quantity)
        if self.min_notional and self.min_notional_for_market and price > 0:
            quantity = max(quantity, self.min_notional / price)
        return ceil_to_step(ceil_to_step(quantity, self.step_size), self.market_step_size)

    def sellable_quantity(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The most of `quantity` that one MARKET order at about `price` may sell; 0 when it is dust."""
        rounded = self.market_quantity(quantity)
        return rounded if rounded >= self.smallest_market_quantity(price) else ZERO

    def market_violation(self, quantity: Decimal, price: Decimal) -> str | None:
        """The first filter a MARKET order of `quantity` at about `price` would break, in words; None if it passes."""
        checks = (
            (self.trading, f"{self.symbol} is not open for trading"),
            (
                on_step(quantity, self.step_size) and on_step(quantity, self.market_step_size),
                f"LOT_SIZE: {to_wire(quantity)} is not a multiple of {to_wire(self.step_size)}",
            ),
            (
                quantity >= max(self.min_quantity, self.market_min_quantity),
                f"LOT_SIZE: {to_wire(quantity)} is below {to_wire(max(self.min_quantity, self.market_min_quantity))}",
            ),
            (
                not self._ceiling or quantity <= self._ceiling,
                f"LOT_SIZE: {to_wire(quantity)} is above {to_wire(self._ceiling)}",
            ),
            (
                not self.min_notional_for_market or product(quantity, price) >= self.min_notional,
                f"NOTIONAL: {to_wire(quantity)} × {to_wire(price)} is below {to_wire(self.min_notional)} {self.quote}",
            ),
            (
                not (self.max_notional_for_market and self.max_notional)
                or product(quantity, price) <= self.max_notional,
                f"NOTIONAL: {to_wire(quantity)} × {to_wire(price)} is above {to_wire(self.max_notional)} {self.quote}",
            ),
        )
        return next((text for passed, text in checks if not passed), None)

    def limit_quantity(self, quantity: Decimal, price: Decimal) -> Decimal:
        """`quantity` rounded down to what an order at `price` may carry; 0 when that is too little."""
        rounded = floor_to_step(quantity, self.step_size)
        if self.max_quantity:
            rounded = min(rounded, floor_to_step(self.max_quantity, self.step_size))
        enough = rounded >= self.min_quantity and product(rounded, price) >= self.min_notional
        return rounded if enough else ZERO

    def limit_violation(self, quantity: Decimal, price: Decimal) -> str | None:
        """Why the exchange would not take an order of `quantity` at `price`, in words; None if it would."""
        if self.limit_quantity(quantity, price) != quantity:
            return f"LOT_SIZE or NOTIONAL: {to_wire(quantity)} at {to_wire(price)} is not accepted"
        if 0 < self.max_notional < product(quantity, price):
            return f"NOTIONAL: {to_wire(quantity)} × {to_wire(price)} is above {to_wire(self.max_notional)} {self.quote}"
        return None

    def price_violation(self, side: Side, price: Decimal, reference: Decimal) -> str | None:
        """The filter that a limit price would break while the average price is `reference`, in words; None if none."""
        low, high = self.buy_price_band if side is Side.BUY else self.sell_price_band
        is_low = price <= 0 or price < self.min_price
        if not on_step(price, self.tick_size) or is_low or 0 < self.max_price < price:
            return f"PRICE_FILTER: {to_wire(price)} is not accepted"
        if price < product(low, reference) or 0 < product(high, reference) < price:
            return f"PERCENT_PRICE: {to_wire(price)} is too far from {to_wire(reference)}"
        return None

    @property
    def _ceiling(self) -> Decimal:
        limits = [limit for limit in (self.max_quantity, self.market_max_quantity) if limit]
        return min(limits) if limits else ZERO
