"""The order under examination, and the amounts that gates and sizing share."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from binance_trade_agent.agents.risk.limits import RiskContext, RiskLimits
from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, to_wire
from binance_trade_agent.domain.orders import OrderType, Side
from binance_trade_agent.domain.portfolio import PortfolioView, Position
from binance_trade_agent.domain.symbol_rules import SymbolRules

_CENT = Decimal("0.01")
_SATOSHI = Decimal("0.00000001")


@dataclass(frozen=True)
class Proposal:
    """An order as proposed: by the strategy, or by a person (`by_hand`).

    `quantity` is what was asked for; None leaves the size to risk.
    """

    side: Side
    by_hand: bool
    quantity: Decimal | None
    snapshot: MarketSnapshot
    portfolio: PortfolioView
    control: ControlSnapshot
    context: RiskContext
    limits: RiskLimits

    @property
    def symbol(self) -> str:
        """The symbol to be traded."""
        return self.snapshot.symbol

    @property
    def rules(self) -> SymbolRules:
        """The symbol's filters."""
        return self.snapshot.rules

    @property
    def price(self) -> Decimal:
        """What a MARKET order meets first: the ask for a BUY, the bid for a SELL."""
        book = self.snapshot.book
        return book.ask if self.side is Side.BUY else book.bid

    @cached_property
    def position(self) -> Position | None:
        """What the ledger holds of the symbol."""
        return self.portfolio.position(self.symbol)

    @property
    def held(self) -> Decimal:
        """The quantity the ledger holds."""
        return self.position.quantity if self.position else ZERO

    @cached_property
    def holds_dust(self) -> bool:
        """Whether what is held is too little to be sold."""
        return self.held > 0 and self.rules.sellable_quantity(self.held, self.snapshot.book.bid) == 0

    @property
    def last_exit(self) -> datetime | None:
        """When the symbol was last sold off; dust that a sale left over does not hide it."""
        found = self.context.last_exits.get(self.symbol)
        if found is None and self.position is not None and self.holds_dust:
            return self.position.updated_at
        return found

    # an entry's amounts, in quote currency --------------------------------------

    @cached_property
    def exposure(self) -> Decimal:
        """The value of all positions."""
        return self.portfolio.exposure

    @cached_property
    def equity(self) -> Decimal:
        """The book's cash and positions."""
        return self.portfolio.cash + self.exposure

    def cost(self, quantity: Decimal) -> Decimal:
        """What buying `quantity` at the ask costs, fee included."""
        return quantity * self.snapshot.book.ask * (1 + self.limits.fee_rate)

    @cached_property
    def smallest_entry(self) -> Decimal:
        """The smallest quantity that, less a fee in base currency, can be sold again at a lower price."""
        rules, limits = self.rules, self.limits
        sellable = rules.smallest_market_quantity(self.resale_price)
        quantity = max(sellable, sellable / (1 - limits.fee_rate))
        return ceil_to_step(ceil_to_step(quantity, rules.step_size), rules.market_step_size)

    @property
    def resale_price(self) -> Decimal:
        """The bid after the fall that an entry must be able to stand."""
        return self.snapshot.book.bid * (1 - self.limits.resale_room)

    @cached_property
    def needed(self) -> Decimal:
        """What must be left under a limit: the cost of the quantity asked for, else of the smallest entry."""
        return self.cost(self.quantity if self.quantity is not None else self.smallest_entry)

    @property
    def symbol_room(self) -> Decimal:
        """What the limit on one symbol leaves."""
        return self.limits.max_symbol_share * self.equity - self.portfolio.value(self.symbol)

    @property
    def limit_price(self) -> Decimal | None:
        """What an automatic entry bids where entries are limit orders; None for a MARKET order."""
        if self.side is Side.SELL or self.by_hand or self.limits.entry_type is not OrderType.LIMIT:
            return None
        bid_price = self.price * (1 - self.limits.entry_offset_bps / 10_000)
        return floor_to_step(bid_price, self.rules.tick_size)

    @property
    def total_room(self) -> Decimal:
        """What the limit on all positions leaves; unfinished entries count as bought."""
        return self.limits.max_total_share * self.equity - self.committed

    @property
    def committed(self) -> Decimal:
        """Positions and the stakes of unfinished entries."""
        return self.exposure + self.portfolio.reserved_quote

    @property
    def free_cash(self) -> Decimal:
        """What can be spent: the ledger's cash less reserved stakes, or what is free at the exchange if less."""
        own = self.portfolio.cash - self.portfolio.reserved_quote
        return max(ZERO, min(own, self.context.account.free(self.portfolio.quote)))

    @property
    def cash_room(self) -> Decimal:
        """Free cash, less what a fill above the ask may take."""
        return self.free_cash / (1 + self.limits.slippage_share)

    # an exit's amounts, in base currency ----------------------------------------

    @property
    def available(self) -> Decimal:
        """What the exchange lets us sell: what is free there, and what only our own protection locks."""
        covered = self.portfolio.covered.get(self.symbol, ZERO)
        return self.context.account.free(self.rules.base) + covered

    @property
    def bounded(self) -> Decimal:
        """What may be sold: what the ledger bought, still holds, and the exchange lets us sell."""
        in_books = self.portfolio.balances.get(self.rules.base, self.held)
        return max(ZERO, min(self.held, in_books, self.available))

    # how amounts read -----------------------------------------------------------

    def money(self, amount: Decimal) -> str:
        """An amount in quote currency, as text."""
        digits = _CENT if abs(amount) >= 1 or amount == 0 else _SATOSHI
        return f"{to_wire(amount.quantize(digits))} {self.portfolio.quote}"

    def base(self, quantity: Decimal) -> str:
        """A quantity in base currency, as text."""
        return f"{to_wire(quantity)} {self.rules.base}"
