"""A strategy bar by bar over a window, with a position of its own: for checks and tests, not a backtest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy

# What is left of a position when lots of 1/n were sold one by one.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Fill:
    """What was bought (positive) or sold (negative) at the open of a candle.

    A usual entry spends 1, so `quantity` is 1 / price times the share that was advised.
    """

    index: int
    price: float
    quantity: float


@dataclass(frozen=True, slots=True)
class Trade:
    """From the entry into an empty position to the fill that emptied it; open while `closed_index` is None.

    Prices are those of the first and the last fill. `gain_share` is what the fills brought as a
    share of what was spent, after costs; None while the trade is open.
    """

    opened_index: int
    entry_price: float
    closed_index: int | None
    exit_price: float | None
    fills: tuple[Fill, ...]
    gain_share: float | None


@dataclass(frozen=True, slots=True)
class Walk:
    """The advice for each bar from `first` on, and the trades that came of it."""

    first: int
    advice: list[Advice]
    trades: tuple[Trade, ...]


def walk(strategy: Strategy, candles: Candles, *, first: int | None = None, cost_share: float = 0.0) -> Walk:
    """Ask for every bar from index `first` (default: the strategy's warm-up) on.

    What bar t advises fills at the open of t + 1; an entry with a position only counts for a
    strategy that adds, an exit without one never. `cost_share` of each fill is paid as costs and,
    for what was bought, part of the average price. The end of the candles leaves the last trade open.
    """
    first = strategy.warmup_candles if first is None else first
    series, opens = strategy.series(candles), candles.open
    book = _Book(strategy.adds, cost_share)
    advice: list[Advice] = []
    for index in range(first, len(candles)):
        if advice:
            book.fill(advice[-1], index, opens.item(index), candles)
        advice.append(strategy.advise(Bar(series, index, candles, book.holding)))
    return Walk(first, advice, book.trades())


class _Book:
    """The position of one walk."""

    def __init__(self, adds: bool, cost_share: float) -> None:
        self.holding: Holding | None = None
        self._adds = adds
        self._cost_share = cost_share
        self._fills: list[Fill] = []
        self._closed: list[Trade] = []

    def fill(self, advice: Advice, index: int, price: float, candles: Candles) -> None:
        """Do what was advised, where the position allows it."""
        share = float(advice.share)
        if advice.action is SignalAction.BUY and (self.holding is None or self._adds):
            self._fills.append(Fill(index, price, share / price))
            self.holding = self._held(candles.opened_at(index))
        elif advice.action is SignalAction.SELL and self.holding is not None:
            left = _quantity(self._fills)
            self._fills.append(Fill(index, price, -left * share))
            if left * (1 - share) * price > _NOTHING:
                self.holding = self._held(candles.opened_at(index))
            else:
                self._closed.append(self._trade(index, price))
                self._fills, self.holding = [], None

    def trades(self) -> tuple[Trade, ...]:
        """All trades so far, the open one last."""
        return (*self._closed, *([self._trade(None, None)] if self._fills else []))

    def _held(self, now: datetime) -> Holding:
        """What the fills leave; the average is that of the cost, from which sales take their share."""
        bought = [fill for fill in self._fills if fill.quantity > 0]
        is_entry = self._fills[-1].quantity > 0
        return Holding(
            average_price=_average_price(self._fills) * (1 + self._cost_share),
            first_price=bought[0].price,
            last_entry_price=bought[-1].price,
            opened_at=now if self.holding is None else self.holding.opened_at,
            last_entry_at=now if self.holding is None or is_entry else self.holding.last_entry_at,
            entries=len(bought),
            exits=len(self._fills) - len(bought),
        )

    def _trade(self, closed_index: int | None, exit_price: float | None) -> Trade:
        gain = None if closed_index is None else _gain_share(self._fills, self._cost_share)
        first = self._fills[0]
        return Trade(first.index, first.price, closed_index, exit_price, tuple(self._fills), gain)


def _quantity(fills: Sequence[Fill]) -> float:
    return sum(fill.quantity for fill in fills)


def _average_price(fills: Sequence[Fill]) -> float:
    """Cost of what is left over its quantity: a sale takes cost in proportion."""
    quantity = cost = 0.0
    for fill in fills:
        cost += fill.quantity * (fill.price if fill.quantity > 0 else cost / quantity)
        quantity += fill.quantity
    return cost / quantity


def _gain_share(fills: Sequence[Fill], cost_share: float) -> float:
    spent = sum(fill.quantity * fill.price for fill in fills if fill.quantity > 0)
    earned = -sum(fill.quantity * fill.price for fill in fills if fill.quantity < 0)
    return earned * (1 - cost_share) / (spent * (1 + cost_share)) - 1
