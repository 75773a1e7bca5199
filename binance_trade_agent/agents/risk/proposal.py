"""The order under examination, and the amounts that gates and sizing share."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property

from binance_trade_agent.agents.risk.correlation import Peer, peer_of
from binance_trade_agent.agents.risk.limits import RiskContext, RiskLimits
from binance_trade_agent.agents.risk.sizing import CANDLES_LOOKED_AT, Target, entry_target, exit_part
from binance_trade_agent.agents.risk.windows import Windows
from binance_trade_agent.agents.risk.wording import money
from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.money import ZERO, ceil_to_step, floor_to_step, to_wire
from binance_trade_agent.domain.orders import OrderType, Side
from binance_trade_agent.domain.portfolio import Equity, PortfolioView, Position
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.strategies.base import Candles

_NO_LIMIT = Decimal(1)


@dataclass(frozen=True)
class Proposal:
    """An order as proposed: by the strategy, or by a person (`by_hand`).

    `quantity` is what was asked for; None leaves the size to risk, which takes `share` of a usual
    entry, or of what is held. `asked_price` is the limit price that was asked for, of an entry.
    `at_most` is what an exit that risk sizes may not exceed.
    """

    side: Side
    by_hand: bool
    quantity: Decimal | None
    share: Decimal
    snapshot: MarketSnapshot
    portfolio: PortfolioView
    control: ControlSnapshot
    context: RiskContext
    limits: RiskLimits
    windows: Windows
    asked_price: Decimal | None = None
    at_most: Decimal | None = None

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
    def worst_price(self) -> Decimal:
        """What the order pays at worst, or gets first: a limit price that was asked for, else `price`."""
        return self.price if self.asked_price is None or self.limit_price is None else self.limit_price

    @property
    def average_at_most(self) -> Decimal:
        """What the exchange may take for the price when it bounds a MARKET order's worth: an average of minutes."""
        return self.worst_price * (1 + self.limits.resale_room)

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

    def closed_since(self, moment: datetime) -> int:
        """Whole candles from `moment` to the newest close; 0 if it came later."""
        return max(
            0, (self.snapshot.candles[-1].close_time - moment) // self.context.candle_interval.duration
        )

    @cached_property
    def sized(self) -> Decimal:
        """The quantity to order, on the symbol's steps; 0 when nothing orderable is left.

        Automatic sizes shrink to what limits leave; a person's quantity never does.
        """
        if self.quantity is not None:
            return self.quantity
        return self._entry_size if self.side is Side.BUY else self._exit_size

    # an entry's amounts, in quote currency --------------------------------------

    @cached_property
    def values(self) -> dict[str, Decimal]:
        """symbol -> value of what is held of it, dust too."""
        found = {symbol: self.portfolio.value(symbol) for symbol in self.portfolio.positions}
        return {symbol: value for symbol, value in found.items() if value}

    @cached_property
    def value(self) -> Decimal:
        """The value of what is held of the symbol."""
        return self.values.get(self.symbol, ZERO)

    @cached_property
    def exposure(self) -> Decimal:
        """The value of all positions."""
        return sum(self.values.values(), ZERO)

    @cached_property
    def equity(self) -> Decimal:
        """The book's cash and positions."""
        return self.portfolio.cash + self.exposure

    @cached_property
    def worth(self) -> Equity:
        """The book's worth now, as far as losses need it."""
        return Equity(
            at=self.snapshot.observed_at,
            quote=self.portfolio.quote,
            cash=self.portfolio.cash,
            positions_value=self.exposure,
            realised=ZERO,
            unrealised=ZERO,
            contributed=self.portfolio.contributed,
        )

    @cached_property
    def unit_cost(self) -> Decimal:
        """What one unit costs, fee included: at the ask, or at the limit price that was asked for."""
        price = self.worst_price if self.side is Side.BUY else self.snapshot.book.ask
        return price * (1 + self.limits.fee_rate)

    def cost(self, quantity: Decimal) -> Decimal:
        """What buying `quantity` costs at worst, fee included."""
        return quantity * self.unit_cost

    @cached_property
    def target(self) -> Target:
        """What an automatic entry would cost if no limit shrank it."""
        whole = entry_target(
            self.limits,
            equity=self.equity,
            quote=self.portfolio.quote,
            candles=self._columns,
            interval=self.context.candle_interval,
            unit_cost=self.unit_cost,
        )
        if self.share == 1:
            return whole
        return Target(whole.cost * max(self.share, ZERO), f"{self.share:%} of a usual entry: {whole.text}")

    @cached_property
    def smallest_entry(self) -> Decimal:
        """The smallest quantity that, less a fee in base currency, can be sold again at a lower price."""
        rules, limits = self.rules, self.limits
        sellable = rules.smallest_market_quantity(self.resale_price)
        quantity = max(sellable, sellable / (1 - limits.fee_rate))
        return ceil_to_step(ceil_to_step(quantity, rules.step_size), rules.market_step_size)

    @cached_property
    def resale_price(self) -> Decimal:
        """The bid after the fall that an entry must be able to stand; an entry that rests fills at its own price."""
        bid = self.snapshot.book.bid
        if self.side is Side.BUY:
            bid = min(bid, self.worst_price)
        return bid * (1 - self.limits.resale_room)

    @cached_property
    def needed(self) -> Decimal:
        """What must be left under a limit: the cost of the quantity asked for, else of the smallest entry."""
        return self.cost(self.quantity if self.quantity is not None else self.smallest_entry)

    @cached_property
    def symbol_room(self) -> Decimal:
        """What the limit on one symbol leaves."""
        return self.limits.max_symbol_share * self.equity - self.value

    @cached_property
    def limit_price(self) -> Decimal | None:
        """What an entry bids: the price asked for, or an automatic one where entries are limit orders.

        None for a MARKET order. Rounded down to the tick.
        """
        if self.side is Side.SELL:
            return None
        if self.asked_price is not None:
            return floor_to_step(self.asked_price, self.rules.tick_size)
        if self.by_hand or self.limits.entry_type is not OrderType.LIMIT:
            return None
        bid_price = self.price * (1 - self.limits.entry_offset_bps / 10_000)
        return floor_to_step(bid_price, self.rules.tick_size)

    @cached_property
    def committed(self) -> Decimal:
        """Positions and the stakes of unfinished entries."""
        return self.exposure + self.portfolio.reserved_quote

    @cached_property
    def total_room(self) -> Decimal:
        """What the limit on all positions leaves; unfinished entries count as bought."""
        return self.limits.max_total_share * self.equity - self.committed

    @cached_property
    def free_cash(self) -> Decimal:
        """What can be spent: the ledger's cash less reserved stakes, or what is free at the exchange if less."""
        own = self.portfolio.cash - self.portfolio.reserved_quote
        return max(ZERO, min(own, self.context.account.free(self.portfolio.quote)))

    @cached_property
    def cash_room(self) -> Decimal:
        """Free cash, less what a fill above the ask may take."""
        return self.free_cash / (1 + self.limits.slippage_share)

    # what moves together --------------------------------------------------------

    @cached_property
    def peers(self) -> tuple[Peer, ...]:
        """How the other symbols that are held or being bought move with this one; none without a limit on it."""
        if self.limits.max_correlated_share >= _NO_LIMIT:
            return ()
        held = {symbol for symbol in self.values if self.portfolio.position(symbol)}
        others = sorted((held | self.portfolio.locked_symbols) - {self.symbol})
        if not others:
            return ()
        count = self.limits.correlation_candles
        return tuple(peer_of(symbol, self._columns_of(symbol), self._columns, count) for symbol in others)

    @cached_property
    def companions(self) -> tuple[Peer, ...]:
        """Those that move together with this one."""
        return tuple(peer for peer in self.peers if peer.moves_along(self.limits.correlation_level))

    @cached_property
    def correlated(self) -> Decimal:
        """What is held of this symbol and its companions.

        Which symbol a stake is reserved for is not known, so all are counted if one of them waits for an order.
        """
        symbols = [peer.symbol for peer in self.companions]
        reserved = (
            self.portfolio.reserved_quote if self.portfolio.locked_symbols.intersection(symbols) else ZERO
        )
        return sum((self.values.get(symbol, ZERO) for symbol in symbols), self.value) + reserved

    @cached_property
    def correlated_room(self) -> Decimal | None:
        """What the limit on symbols that move together leaves; None while nothing held moves with this one."""
        if not self.companions:
            return None
        return self.limits.max_correlated_share * self.equity - self.correlated

    # the exchange's largest position, in base currency ---------------------------

    @cached_property
    def position_room(self) -> Decimal | None:
        """What MAX_POSITION leaves, coins that the ledger did not buy included; None without that filter."""
        return self.rules.max_position - self.available if self.rules.max_position else None

    # an exit's amounts, in base currency ----------------------------------------

    @cached_property
    def available(self) -> Decimal:
        """What the exchange lets us sell: what is free there, and what only our own protection locks."""
        covered = self.portfolio.covered.get(self.symbol, ZERO)
        return self.context.account.free(self.rules.base) + covered

    @cached_property
    def bounded(self) -> Decimal:
        """What may be sold: what the ledger bought, still holds, and the exchange lets us sell, `at_most` of it."""
        in_books = self.portfolio.balances.get(self.rules.base, self.held)
        bounded = max(ZERO, min(self.held, in_books, self.available))
        return bounded if self.at_most is None else min(bounded, self.at_most)

    @cached_property
    def part(self) -> Decimal:
        """What of `bounded` is to be sold: the share asked for, or all where a part or its rest would be dust."""
        return exit_part(
            self.held,
            self.bounded,
            self.share,
            rules=self.rules,
            bid=self.snapshot.book.bid,
            resale_price=self.resale_price,
        )

    # how amounts read -----------------------------------------------------------

    def money(self, amount: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
        """An amount in quote currency, as text."""
        return money(amount, self.portfolio.quote, rounding)

    def base(self, quantity: Decimal) -> str:
        """A quantity in base currency, as text."""
        return f"{to_wire(quantity)} {self.rules.base}"

    # candles as arrays --------------------------------------------------------------

    @cached_property
    def _columns(self) -> Candles:
        return self.windows.columns(self.symbol, self.snapshot.candles, self._looked_at)

    def _columns_of(self, symbol: str) -> Candles | None:
        window = self.context.candles.get(symbol)
        return self.windows.columns(symbol, window, self._looked_at) if window else None

    @property
    def _looked_at(self) -> int:
        return max(self.limits.correlation_candles, CANDLES_LOOKED_AT)

    # sizes ------------------------------------------------------------------------

    @property
    def _entry_size(self) -> Decimal:
        """Rounded down from the target cost or the least that a limit leaves, at `unit_cost`."""
        rooms = [self.symbol_room, self.total_room, self.cash_room]
        if self.correlated_room is not None:
            rooms.append(self.correlated_room)
        cost = min(self.target.cost, *rooms)
        if cost <= 0 or self.unit_cost <= 0:
            return ZERO
        quantity = self._under_max_notional(cost / self.unit_cost)
        if self.position_room is not None:
            quantity = min(quantity, max(ZERO, self.position_room))
        return self.rules.market_quantity(quantity)

    @property
    def _exit_size(self) -> Decimal:
        """What is to be sold, as far as one order can carry it."""
        return self.rules.market_quantity(self._under_max_notional(self.part))

    def _under_max_notional(self, quantity: Decimal) -> Decimal:
        rules = self.rules
        if not rules.max_notional or self.average_at_most <= 0:
            return quantity
        if not rules.max_notional_for_market and self.limit_price is None:
            return quantity
        return min(quantity, rules.max_notional / self.average_at_most)
