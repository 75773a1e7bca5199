"""What the core needs from outside, as protocols.

Reads raise when they fail; none of them returns an empty result for a failure.
Storage ports are synchronous and raise `StorageError`; each writing method is one
transaction. Exchange methods are coroutines and raise one of the four `ExchangeError`s.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleReport,
    CycleStart,
    Decision,
    TradingState,
)
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    Fill,
    JournalCancel,
    JournalOrder,
    OrderIntent,
    OrderListIntent,
    Replacement,
    RequestStamp,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot, Position
from binance_trade_agent.domain.records import (
    BanScope,
    Book,
    CancelRow,
    Command,
    CommandResult,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Heartbeat,
    Incident,
    OrderRow,
    Session,
    StoreStatus,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.domain.user_events import UserEvent

#: symbol -> the candles that a decision on it was the first to see
SeenCandles = Mapping[str, tuple[CandleInterval, Sequence[Candle]]]


class Clock(Protocol):
    """Time. `now` is aware UTC; `monotonic` counts seconds and never jumps."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Exchange(Protocol):
    """The one exchange of a trader."""

    async def connect(self) -> None:
        """Measure the clock offset; raises `Unavailable` when the exchange cannot be reached."""
        ...

    def now(self) -> datetime:
        """Exchange time by the last measured offset."""
        ...

    def stamp(self) -> RequestStamp:
        """The timestamp and window the next order will be signed with."""
        ...

    async def rules(self, symbols: Sequence[str]) -> Mapping[str, SymbolRules]:
        """Trading rules, cached; raises `ConfigurationError` naming the symbols the exchange does not know."""
        ...

    async def candles(
        self, symbol: str, interval: CandleInterval, *, limit: int, since: datetime | None = None
    ) -> tuple[Candle, ...]:
        """Closed candles, rising: the latest `limit`, or those that open at or after `since` (at most `limit`)."""
        ...

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        """Best bid and ask; a symbol nobody bids or asks for is absent."""
        ...

    async def account(self) -> AccountSnapshot: ...

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        """Send the order once with the intent's own id, timestamp and window.

        Raises:
            Refused: it was not accepted.
            Throttled: it was turned away before it was looked at.
            Unavailable: the connection could not even be made.
            OutcomeUnknown: anything else that is not a clear answer.
        """
        ...

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        """The order with its fills as far as known; None only where the exchange says it has none (-2013)."""
        ...

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]: ...

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]: ...

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """Open orders of one symbol or of all, ours and others', without fills."""
        ...

    async def place_list(self, order_list: OrderListIntent) -> tuple[ExchangeOrder, ...]:
        """Send an OCO once, with the intent's own ids, timestamp and window; its legs as placed. Raises as `place`."""
        ...

    async def cancel(self, cancel: CancelIntent) -> None:
        """Cancel once an order, or the list it is a leg of. Raises as `place`; `Refused` -2011 when it is not open.

        What the order had executed is looked up with `find_order`.
        """
        ...

    async def replace(self, cancel: CancelIntent, intent: OrderIntent) -> Replacement:
        """Cancel an order (and its list) and place another, in one request that places nothing if the cancel fails.

        Raises as `place`; `Refused` means that neither happened.
        """
        ...

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting for answers since the start; grows for ever."""
        ...

    @property
    def used_weight(self) -> int:
        """Request weight used in the current minute, by the exchange's own header."""
        ...

    async def close(self) -> None: ...


class UserStream(Protocol):
    """What the exchange tells of the account by itself. Everything works without it, only later."""

    async def run(self, deliver: Callable[[UserEvent], None]) -> None:
        """Deliver events until cancelled, subscribing again after whatever ends a subscription."""
        ...

    def expect(self, client_order_id: str) -> None:
        """An event of this order must come soon; if it does not, the stream is deaf and is renewed."""
        ...


class OrderJournal(Protocol):
    """The write-ahead record of every order, order list and cancel."""

    def write_intent(
        self, intent: OrderIntent, decision: Decision, cycle_id: str, candles: SeenCandles
    ) -> None:
        """Commit the intent, its decision and the candles it saw for the first time, before anything is sent."""
        ...

    def write_list(
        self, order_list: OrderListIntent, decision: Decision, cycle_id: str, candles: SeenCandles
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

    def book_transfer(self, asset: str, amount: Decimal, at: datetime, reference: str) -> bool:
        """Write a deposit (positive) or withdrawal; False if `reference` is booked already."""
        ...

    def book_foreign(self, fills: Sequence[Fill]) -> int:
        """Write the flows of trades that are not ours, each once; returns how many were new."""
        ...

    def book_difference(self, asset: str, amount: Decimal, reason: str, at: datetime) -> None:
        """Write a flow that nothing explains, so that the ledger agrees with the exchange again."""
        ...

    def last_comparison(self) -> datetime | None:
        """Exchange time at which the ledger last agreed with the exchange; None before the first time."""
        ...

    def agreed(self, at: datetime) -> None:
        """Note that the ledger agrees with the exchange."""
        ...

    def note_foreign_orders(self, orders: Sequence[ExchangeOrder], at: datetime) -> None:
        """Replace the list of open orders that are not ours, which is shown to people."""
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

    def last_entry_candles(self) -> dict[str, datetime]:
        """symbol -> open time of the last candle on which an order was placed."""
        ...


class ControlState(Protocol):
    """The control state, and commands handed over by other processes."""

    def read(self) -> ControlSnapshot: ...

    def write(
        self,
        state: TradingState,
        *,
        reason: str,
        actor: str,
        at: datetime,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> ControlSnapshot:
        """Set the state and write the audit row, in one transaction; changes nothing in a state not in `only_from`.

        Returns the state that holds then.
        """
        ...

    def submit(self, command: Command) -> Command:
        """Store a command; the one already stored if its idempotency key is known (`ConfigurationError` if it differs)."""
        ...

    def pending(self) -> tuple[Command, ...]: ...

    def claim(self, command_id: str, at: datetime) -> bool:
        """Mark a pending command as taken; False if it is not pending any more."""
        ...

    def finish(self, command_id: str, result: CommandResult) -> None: ...

    def result(self, command_id: str) -> CommandResult | None: ...

    def close_interrupted(self, at: datetime) -> int:
        """Finish as FAILED the commands that a killed process had claimed; returns how many. They never run again."""
        ...


class Sessions(Protocol):
    """Runs of the trader, and the counter of starts that came to nothing."""

    def latest(self) -> Session | None: ...
    def begin(self, session: Session) -> None: ...
    def end(self, session_id: str, *, reason: str, exit_code: int, at: datetime) -> None: ...
    def resume(self, session_id: str) -> None:
        """Take back that a session ended."""
        ...

    def next_cycle_number(self, session_id: str) -> int: ...

    def count_start(self) -> int:
        """Add one to the starts without a completed cycle, and return their number."""
        ...

    def reset_starts(self) -> None: ...

    def beat(self, heartbeat: Heartbeat) -> None: ...


class Outbox(Protocol):
    """Notifications and incidents that must not be lost."""

    def raise_incident(self, incident: Incident) -> bool:
        """Open an incident unless one with its key is open; True if it is new."""
        ...

    def clear_incident(self, key: str, at: datetime) -> None: ...
    def enqueue(self, topic: str, text: str, at: datetime) -> None: ...
    def unsent(self, limit: int) -> tuple[tuple[int, str, str], ...]:
        """(id, topic, text), oldest first."""
        ...

    def mark_sent(self, message_id: int, at: datetime) -> None: ...


class Bans(Protocol):
    """`Retry-After` in force, kept over restarts. Scope: one exchange address, and all of it or new orders only."""

    def until(self, scope: BanScope) -> datetime | None: ...
    def set_until(self, scope: BanScope, until: datetime, reason: str) -> None: ...


class WeightBook(Protocol):
    """Request weight as the processes of this machine have last seen it counted, by exchange address."""

    def read(self) -> tuple[int, int]:
        """(calendar minute of exchange time since 1970, weight used in it)."""
        ...

    def note(self, minute: int, used: int) -> None:
        """Store a count unless a newer or larger one is stored."""
        ...


class ReadModels(Protocol):
    """Bounded, read-only queries for people and programs that watch.

    Lists hold the latest `limit` rows, newest first; `equity` alone rises in time.
    """

    def status(self) -> StoreStatus: ...
    def contributed(self) -> Decimal | None:
        """What was put in, in quote currency, less what was taken out; None before the book is open."""
        ...

    def book(self) -> Book | None: ...
    def positions(self) -> tuple[Position, ...]: ...
    def balances(self) -> dict[str, Decimal]: ...
    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]: ...
    def unfinished_orders(self) -> tuple[OrderRow, ...]:
        """Every order that is not terminal, newest first."""
        ...

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]: ...
    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]: ...
    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]: ...
    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]: ...
    def incidents(self) -> tuple[Incident, ...]: ...
    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]: ...
    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that are not fills of ours: openings, transfers, others' trades, differences."""
        ...

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]: ...


class Lease(Protocol):
    """The right to trade on a book; it dies with its process."""

    def acquire(self) -> AbstractContextManager[None]:
        """Hold the lease while the context lasts; raises `LeaseHeld` if another process has it."""
        ...

    def is_held(self) -> bool:
        """Whether some process holds it now."""
        ...

    def is_still_held(self) -> bool:
        """Whether this very object holds it; once lost it stays lost until it is acquired again. Cheap, never raises."""
        ...


class Supervisor(Protocol):
    """The process supervisor, for fixed program names only."""

    def start(self, program: str) -> None: ...
    def stop(self, program: str) -> None: ...
    def states(self) -> Mapping[str, str]: ...


class Launcher(Protocol):
    """Starts the one-shot process that carries out waiting commands while no trader runs."""

    def launch(self) -> None: ...


class Notifier(Protocol):
    """Sends a message to a person."""

    async def send(self, topic: str, text: str) -> None: ...
