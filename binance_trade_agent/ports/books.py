"""The books of a trader: journal, ledger, decision log. Synchronous; each writing method is one transaction.

All of them raise `StorageError` when the database cannot be used.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from binance_trade_agent.domain.decisions import (
    CycleReport,
    CycleStart,
    Decision,
)
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    Fill,
    JournalCancel,
    JournalOrder,
    OrderIntent,
    OrderListIntent,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot, Position
from binance_trade_agent.domain.protection import AskedLevels
from binance_trade_agent.domain.records import AskedLevelsRow
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.domain.symbol_rules import SymbolRules

#: symbol -> the candles that a decision on it was the first to see
SeenCandles = Mapping[str, tuple[CandleInterval, Sequence[Candle]]]


class OrderJournal(Protocol):
    """The write-ahead record of every order, order list and cancel."""

    def write_intent(
        self,
        intent: OrderIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
        *,
        check: Callable[[], None],
    ) -> None:
        """Commit the intent, its decision and the candles it saw for the first time, before anything is sent.

        `check` is asked when no other process can write any more until the commit: what it raises leaves here, and
        nothing is written.
        """
        ...

    def write_list(
        self,
        order_list: OrderListIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
        *,
        check: Callable[[], None],
    ) -> None:
        """The same for an order list: its row and a row for each leg."""
        ...

    def write_cancel(self, cancel: CancelIntent) -> None:
        """Commit a cancel before it is sent."""
        ...

    def write_replacement(
        self,
        cancel: CancelIntent,
        intent: OrderIntent,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
        *,
        check: Callable[[], None],
    ) -> None:
        """Commit both halves of a cancelReplace before it is sent."""
        ...

    def record_all(self, orders: Sequence[ExchangeOrder]) -> tuple[JournalOrder, ...]:
        """`record` for several orders, by their client order ids, in one transaction."""
        ...

    def mark_cancel(self, cancel_id: str, status: CancelStatus, reason: str) -> JournalCancel:
        """Note what became of a cancel. An UNKNOWN comes too late once its fate is known."""
        ...

    def unfinished_cancels(self) -> tuple[JournalCancel, ...]:
        """Cancels whose fate is not known, oldest first."""
        ...

    def record(self, client_order_id: str, order: ExchangeOrder) -> JournalOrder:
        """Take over the exchange's word: order state, fills not yet booked, positions and flows, in one transaction.

        Idempotent; a fill is booked once whoever brings it. An order stays non-terminal until
        its booked fills add up to what was executed.
        """
        ...

    def mark_unknown(self, client_order_id: str, reason: str) -> JournalOrder: ...

    def mark_rejected(self, client_order_id: str, reason: str) -> JournalOrder: ...

    def mark_not_placed(self, client_order_id: str, reason: str) -> JournalOrder: ...

    def get(self, client_order_id: str) -> JournalOrder:
        """Raises `KeyError` for an id the journal does not hold."""
        ...

    def unfinished(self) -> tuple[JournalOrder, ...]:
        """All rows of the book that are not terminal, oldest first."""
        ...

    def of_session(self, session_id: str) -> tuple[JournalOrder, ...]:
        """All rows that a session's decisions led to, oldest first."""
        ...

    def find(self, client_order_id: str) -> JournalOrder | None:
        """The row of this id, None if the journal does not hold it."""
        ...

    def latest_known(self, limit: int) -> tuple[JournalOrder, ...]:
        """The latest rows that the exchange has accepted, newest first."""
        ...

    def symbols_seen(self) -> frozenset[str]:
        """Symbols that ever had an order in this book."""
        ...

    def entries_since(self, at: datetime) -> int:
        """How many entries were begun (journalled) at or after `at`, whatever became of them."""
        ...


class Ledger(Protocol):
    """Positions and cash, derived from fills and flows."""

    def open_with(self, account: AccountSnapshot, quote: str, at: datetime) -> None:
        """Write the opening flows of a new book: every balance of the account. Does nothing for a book that has some."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether the book's opening flows are written."""
        ...

    def positions(self) -> dict[str, Position]:
        """symbol -> position, flat ones with history included."""
        ...

    def balances(self) -> dict[str, Decimal]:
        """asset -> what the account must hold by our flows (opening balances included)."""
        ...

    def contributed(self) -> Decimal:
        """What was put in, in quote currency, less what was taken out; 0 before the book is open."""
        ...

    def book_transfer(self, asset: str, amount: Decimal, at: datetime, reference: str) -> bool:
        """Write a deposit (positive) or withdrawal; False if `reference` is booked already."""
        ...

    def book_foreign(self, fills: Sequence[Fill]) -> int:
        """Write the flows of trades that are not ours, each once; returns how many were new."""
        ...

    def book_difference(self, asset: str, amount: Decimal, reason: str, at: datetime) -> None:
        """Write a flow that nothing explains, so that the ledger agrees with the exchange again."""
        ...

    def move_out(self, symbol: str, quantity: Decimal, at: datetime) -> None:
        """Take a part of a position out at its average cost: someone else sold or withdrew it. Raises `KeyError`."""
        ...

    def last_comparison(self) -> datetime | None:
        """Exchange time at which the ledger last agreed with the exchange; None before the first time."""
        ...

    def agreed(self, at: datetime) -> None:
        """Note that the ledger agrees with the exchange."""
        ...

    def mark(self) -> int:
        """The number of the book's newest flow; 0 before there is one. Rises with every booking."""
        ...

    def trips(self) -> TripBook:
        """The book's round trips: open ones, each symbol's last, and the losing streak."""
        ...

    def note_foreign_orders(self, orders: Sequence[ExchangeOrder], at: datetime) -> None:
        """Replace the list of open orders that are not ours, which is shown to people."""
        ...

    def asked_levels(self) -> dict[str, AskedLevels]:
        """symbol -> the stop and target that a person asked for its position; gone once that is closed."""
        ...

    def ask_levels(
        self, symbol: str, levels: AskedLevels, *, actor: str, reason: str, at: datetime
    ) -> AskedLevelsRow | None:
        """Let `levels` go before the settings' for what is held of `symbol`; returns what was asked before.

        With neither stop nor target they are taken back: the row stays until what rests agrees with the settings.
        """
        ...

    def restore_levels(self, symbol: str, before: AskedLevelsRow | None) -> None:
        """Let what was asked before be asked again; None removes the levels of `symbol`."""
        ...


class DecisionLog(Protocol):
    """One row a cycle, one row a symbol in it."""

    def open_cycle(self, start: CycleStart, session_id: str) -> None: ...

    def close_cycle(self, report: CycleReport, candles: SeenCandles) -> None:
        """Write the decisions that are not written yet, finish those written with an intent, store the candles
        that decisions saw for the first time and the report's equity, and close the cycle; one transaction."""
        ...

    def close_interrupted(self, at: datetime) -> int:
        """Close cycles a killed process left open, with a decision for each symbol that has none; returns how many."""
        ...

    def last_candles(self) -> dict[str, datetime]:
        """symbol -> open time of the last candle a decision has seen."""
        ...

    def stored_candles(self, symbol: str, interval: CandleInterval, limit: int) -> tuple[Candle, ...]: ...

    def note_rules(self, rules: Iterable[SymbolRules]) -> dict[str, str]:
        """Store rules that are not stored yet; returns symbol -> the name decisions refer to them by."""
        ...

    def loss_marks(self) -> LossMarks | None:
        """Where losses are counted from, as the last closed cycle reported; None before the first."""
        ...

    def last_entry_candles(self) -> dict[str, datetime]:
        """symbol -> open time of the last candle on which an order was placed."""
        ...
