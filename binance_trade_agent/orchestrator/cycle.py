"""What a cycle has found out so far, and what its symbols must wait for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from binance_trade_agent.agents.market_data import MarketView
from binance_trade_agent.agents.portfolio import BookView
from binance_trade_agent.agents.reconciliation import Comparison
from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleStart,
    Decision,
    Estimate,
    ExecutionResult,
)
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, MarketSnapshot
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import JournalCancel, JournalOrder, Side
from binance_trade_agent.domain.portfolio import AccountSnapshot, PortfolioView
from binance_trade_agent.orchestrator.desk import OrderRequest


@dataclass(slots=True)
class Cycle:
    """One cycle in the making. `locked` is symbol -> why it must wait, `rules` symbol -> the stored rules' name.

    `views` holds more than the start's symbols where others are compared with them.
    """

    start: CycleStart
    request: OrderRequest | None
    control: ControlSnapshot
    unfinished: tuple[JournalOrder, ...]
    locked: Mapping[str, str]
    views: Mapping[str, MarketView]
    account: AccountSnapshot | None
    account_error: str
    book: BookView
    comparison: Comparison
    rules: Mapping[str, str]
    marks: LossMarks | None = None
    #: What a dry run would have sent.
    estimate: Estimate | None = None
    #: Entries begun in the last minute and today; None until asked for, and again once another is begun.
    entries_begun: tuple[int, int] | None = None
    decisions: list[Decision] = field(default_factory=list)
    executions: list[ExecutionResult] = field(default_factory=list)
    alarms: dict[str, str] = field(default_factory=dict)

    def invested_windows(self) -> dict[str, Sequence[Candle]]:
        """Symbol -> its closed candles, for what is held or being bought."""
        held = {s for s in self.portfolio.positions if self.portfolio.position(s) is not None}
        buying = {row.intent.symbol for row in self.unfinished if row.intent.side is Side.BUY}
        return {
            symbol: view.candles
            for symbol, view in self.views.items()
            if isinstance(view, MarketSnapshot) and symbol in held | buying
        }

    @property
    def is_dry(self) -> bool:
        """Whether it was only asked what would happen: nothing is sent, cancelled or remembered."""
        return self.request is not None and self.request.dry_run

    @property
    def portfolio(self) -> PortfolioView:
        """What is held, as of the last look at the book."""
        return self.book.portfolio

    @property
    def known_account(self) -> AccountSnapshot:
        """The account; raises `LookupError` in a cycle that could not read it."""
        if self.account is None:
            raise LookupError(self.account_error)
        return self.account

    def has_something(self, symbol: str) -> bool:
        """Whether the book holds anything of `symbol`, or protection of it rests at the exchange."""
        position = self.portfolio.positions.get(symbol)
        return bool(position and position.quantity > 0) or bool(self.portfolio.covered.get(symbol))


def resting_entries(unfinished: Iterable[JournalOrder]) -> dict[str, str]:
    """symbol -> the entry that waits at the exchange for its price, in words."""
    return {
        row.intent.symbol: f"an entry of {to_wire(row.intent.quantity)} rests at {to_wire(row.intent.price)}"
        + (f" until {row.intent.expires_at:%Y-%m-%d %H:%M:%S} UTC" if row.intent.expires_at else "")
        for row in unfinished
        if row.rests_all_booked and row.intent.price is not None
    }


def locks_of(unfinished: Iterable[JournalOrder], cancels: Iterable[JournalCancel]) -> dict[str, str]:
    """symbol -> why it must wait: a cancel or an order that is not finished."""
    locks: dict[str, str] = {}
    for cancel in cancels:
        text = f"cancel {cancel.intent.cancel_id} is {cancel.status}"
        locks[cancel.intent.symbol] = text + (f": {cancel.reason}" if cancel.reason else "")
    for row in unfinished:
        if row.locks_symbol and not row.rests_all_booked:
            text = f"order {row.intent.client_order_id} is {row.status}"
            locks[row.intent.symbol] = text + (f": {row.reason}" if row.reason else "")
    return locks
