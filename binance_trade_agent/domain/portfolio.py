"""Positions at average cost, and the value of the whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class AssetBalance:
    """An asset at the exchange."""

    asset: str
    free: Decimal
    locked: Decimal

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """The account as the exchange reports it at `observed_at`; made from a successful call only."""

    balances: dict[str, AssetBalance]
    can_trade: bool
    observed_at: datetime

    def free(self, asset: str) -> Decimal:
        """What is free of `asset`; 0 if the account does not list it."""
        balance = self.balances.get(asset)
        return balance.free if balance else ZERO


class PositionState(StrEnum):
    """Dust is a position too small to be sold by the symbol's rules."""

    FLAT = "flat"
    OPEN = "open"
    DUST = "dust"


@dataclass(frozen=True, slots=True)
class Position:
    """What the ledger bought of a symbol and still holds.

    `cost` is what the held quantity cost in quote currency, fees included; `realised`
    and `fees_quote` run over the book's whole life. Fees in a third asset (BNB) are
    not in them: the flows hold those.
    """

    symbol: str
    base: str
    quote: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees_quote: Decimal = ZERO
    opened_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def average_price(self) -> Decimal | None:
        """Cost of one unit held, fees included."""
        return self.cost / self.quantity if self.quantity else None

    def unrealised(self, price: Decimal) -> Decimal:
        """Gain at `price` before the fee of selling."""
        return self.quantity * price - self.cost

    def without(self, quantity: Decimal) -> "Position":
        """The position once `quantity` of it was moved away by someone else, at what it cost on average."""
        taken = min(quantity, self.quantity)
        if taken <= 0:
            return self
        is_all = taken == self.quantity
        cost = self.cost if is_all else (self.cost * taken / self.quantity).quantize(Decimal("1e-12"))
        return replace(
            self,
            quantity=EXACT.subtract(self.quantity, taken),
            cost=EXACT.subtract(self.cost, cost),
            opened_at=None if is_all else self.opened_at,
        )

    def at_most(self, quantity: Decimal) -> "Position":
        """The position without what exceeds `quantity`, at the same average price."""
        if quantity >= self.quantity or self.quantity <= 0:
            return self
        left = max(quantity, ZERO)
        return replace(self, quantity=left, cost=self.cost * left / self.quantity)

    def after(self, fill: Fill) -> "Position":
        """The position once `fill` is booked.

        A BUY adds quantity less a commission taken in the base asset, at the full
        quote paid. A SELL removes quantity at average cost, and books the rest of
        the proceeds, less a commission taken in quote, as realised.
        """
        return self._bought(fill) if fill.side is Side.BUY else self._sold(fill)

    def _adds_to(self, fill: Fill) -> bool:
        # less than a hundredth of what is bought now is the dust of an earlier position, not its beginning
        return self.quantity * 100 >= fill.quantity

    def _bought(self, fill: Fill) -> "Position":
        received = fill.quantity - (fill.commission if fill.commission_asset == self.base else ZERO)
        quote_fee = fill.commission if fill.commission_asset == self.quote else ZERO
        fee_value = quote_fee or (
            EXACT.multiply(fill.commission, fill.price) if fill.commission_asset == self.base else ZERO
        )
        return replace(
            self,
            quantity=EXACT.add(self.quantity, received),
            cost=EXACT.add(self.cost, fill.quote_quantity + quote_fee),
            fees_quote=EXACT.add(self.fees_quote, fee_value),
            opened_at=self.opened_at if self._adds_to(fill) else fill.traded_at,
            updated_at=fill.traded_at,
        )

    def _sold(self, fill: Fill) -> "Position":
        removed = fill.quantity + (fill.commission if fill.commission_asset == self.base else ZERO)
        quote_fee = fill.commission if fill.commission_asset == self.quote else ZERO
        held = self.quantity
        cost = self.cost if removed >= held else (self.cost * removed / held).quantize(Decimal("1e-12"))
        left = EXACT.subtract(held, removed)
        return replace(
            self,
            quantity=left,
            cost=EXACT.subtract(self.cost, cost),
            realised=EXACT.add(self.realised, fill.quote_quantity - quote_fee - cost),
            fees_quote=EXACT.add(self.fees_quote, quote_fee),
            opened_at=self.opened_at if left > 0 else None,
            updated_at=fill.traded_at,
        )


def position_state(position: Position, rules: SymbolRules, price: Decimal) -> PositionState:
    """Whether what is held could be sold at about `price`."""
    if position.quantity <= 0:
        return PositionState.FLAT
    sellable = rules.market_quantity(position.quantity)
    notional_bound = rules.min_notional if rules.min_notional_for_market else ZERO
    return PositionState.OPEN if sellable and sellable * price >= notional_bound else PositionState.DUST


@dataclass(frozen=True, slots=True)
class Equity:
    """The book's worth at one moment, in the quote currency."""

    at: datetime
    quote: str
    cash: Decimal
    positions_value: Decimal
    realised: Decimal
    unrealised: Decimal
    #: What had been put in by then, less what was taken out.
    contributed: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Cash and positions together."""
        return self.cash + self.positions_value


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """What risk and signals see of the book: positions, own cash, and what unfinished orders hold back."""

    quote: str
    cash: Decimal
    reserved_quote: Decimal
    positions: dict[str, Position]
    #: symbol -> last known price, for the symbols held
    prices: dict[str, Decimal]
    locked_symbols: frozenset[str] = frozenset()
    #: symbols of which only dust is left: too little to sell by the symbol's rules
    dust_symbols: frozenset[str] = frozenset()
    #: symbol -> base currency that our own protection at the exchange keeps locked
    covered: Mapping[str, Decimal] = field(default_factory=dict)
    #: asset -> what the ledger says the account holds, foreign coins included
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    #: What was put in, in quote currency, less what was taken out; as of `cash`
    contributed: Decimal = ZERO

    def position(self, symbol: str) -> Position | None:
        """The position in `symbol`, if more than dust is held."""
        position = self.positions.get(symbol)
        return position if position and position.quantity > 0 and symbol not in self.dust_symbols else None

    def value(self, symbol: str) -> Decimal:
        """What is held of `symbol`, dust too, in quote currency at the last known price (at cost without one)."""
        position = self.positions.get(symbol)
        if position is None or position.quantity <= 0:
            return ZERO
        price = self.prices.get(symbol)
        return position.quantity * price if price is not None else position.cost

    @property
    def exposure(self) -> Decimal:
        """The value of all positions."""
        return sum((self.value(symbol) for symbol in self.positions), ZERO)

    @property
    def equity(self) -> Decimal:
        """Cash and positions."""
        return self.cash + self.exposure
