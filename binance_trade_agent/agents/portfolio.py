"""The book as a cycle sees it: positions at the last known prices, own cash, dust, and what the exchange holds otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.market import BookTop, MarketDataFailure, MarketSnapshot
from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import JournalOrder
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    Equity,
    PortfolioView,
    Position,
    PositionState,
    position_state,
)
from binance_trade_agent.domain.protection import covered, covers_of
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import Clock, Ledger


@dataclass(frozen=True, slots=True)
class BookView:
    """The book at one moment: what is held, its round trips, and `mark`, the newest flow in it."""

    portfolio: PortfolioView
    trips: TripBook
    mark: int


class PortfolioAgent:
    """Values the ledger in `quote`. It keeps the last price and rules of every symbol it was told of."""

    def __init__(self, ledger: Ledger, clock: Clock, quote: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._quote = quote
        self._prices: dict[str, Decimal] = {}
        self._rules: dict[str, SymbolRules] = {}
        #: Symbols that the exchange does not know any more.
        self._gone: set[str] = set()
        #: The round trips as of a mark: they change with bookings only.
        self._trips: tuple[int, TripBook] | None = None

    def held_elsewhere(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Positions in symbols that a cycle does not look at: equity must not reckon with old prices."""
        positions = self._ledger.positions()
        return tuple(s for s, position in positions.items() if position.quantity > 0 and s not in symbols)

    def to_be_left(self, symbols: tuple[str, ...]) -> tuple[str, ...]:
        """Those of them that can be sold as far as is known: all but dust."""
        positions = self._ledger.positions()
        return tuple(s for s in self.held_elsewhere(symbols) if not self._is_dust(positions[s]))

    def learn(
        self,
        views: Iterable[MarketSnapshot | MarketDataFailure],
        quotes: Mapping[str, tuple[SymbolRules, BookTop]],
    ) -> None:
        """Take over the prices and rules that a cycle has fetched."""
        for symbol, (rules, top) in quotes.items():
            self._prices[symbol], self._rules[symbol] = top.mid, rules
        for view in views:
            if isinstance(view, MarketSnapshot):
                self._prices[view.symbol], self._rules[view.symbol] = view.price, view.rules
                self._gone.discard(view.symbol)
            elif view.code == "unknown_symbol":
                self._gone.add(view.symbol)

    def open_with(self, account: AccountSnapshot) -> None:
        """Write the opening balances of a new book; does nothing for one that has some."""
        if not self._ledger.is_open:
            self._ledger.open_with(account, self._quote, self._clock.now())

    def book(self, unfinished: tuple[JournalOrder, ...]) -> BookView:
        """The book now; the symbols of `unfinished` orders are locked and their stakes reserved."""
        mark = self._ledger.mark()
        if self._trips is None or self._trips[0] != mark:
            self._trips = mark, self._ledger.trips()
        return BookView(self._view(unfinished), self._trips[1], mark)

    def _is_priced(self, portfolio: PortfolioView) -> bool:
        """Whether every position has a price that was seen; without one it counts at cost.

        What the exchange dropped will never have one, and does not count here.
        """
        held = {symbol for symbol, position in portfolio.positions.items() if position.quantity > 0}
        return held <= self._prices.keys() | self._gone

    def _view(self, unfinished: tuple[JournalOrder, ...]) -> PortfolioView:
        positions, balances = self._ledger.positions(), self._ledger.balances()
        return PortfolioView(
            quote=self._quote,
            cash=balances.get(self._quote, ZERO),
            reserved_quote=total(row.reserved_quote for row in unfinished),
            positions=positions,
            prices=self._prices,
            locked_symbols=frozenset(row.intent.symbol for row in unfinished if row.locks_symbol),
            covered={symbol: covered(covers_of(unfinished, symbol)) for symbol in positions},
            balances=balances,
            contributed=self._ledger.contributed(),
            dust_symbols=frozenset(symbol for symbol in positions if self._is_dust(positions[symbol])),
        )

    def equity(self, portfolio: PortfolioView) -> Equity | None:
        """The worth of `portfolio` now; None before the book is open, and while a position's price is not known."""
        if not self._ledger.is_open or not self._is_priced(portfolio):
            return None
        return Equity(
            at=self._clock.now(),
            quote=self._quote,
            cash=portfolio.cash,
            positions_value=portfolio.exposure,
            realised=total(p.realised for p in portfolio.positions.values()),
            unrealised=portfolio.exposure - total(p.cost for p in portfolio.positions.values()),
            contributed=portfolio.contributed,
        )

    def _is_dust(self, position: Position) -> bool:
        rules, price = self._rules.get(position.symbol), self._prices.get(position.symbol)
        if rules is None or price is None:
            return False
        return position_state(position, rules, price) is PositionState.DUST
