"""A decision and everything that led to it: signal, gates, verdict, outcome, cycle."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.orders import JournalOrder, OrderType, Purpose, Side
from binance_trade_agent.domain.portfolio import Equity


class SignalAction(StrEnum):
    """What a strategy wants."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


@dataclass(frozen=True, slots=True)
class Reason:
    """A stable code for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Miss:
    """How far a HOLD was from an order: in words, and as a number that compares.

    `distance` is the share of the price, or of the indicator's scale (RSI: of 100), by which
    the rule was missed: 0 is at the threshold.
    """

    text: str
    distance: float


@dataclass(frozen=True, slots=True)
class Signal:
    """What the strategy says of one symbol. `strength` runs from 0 to 1.

    `values` are the indicator values at the deciding candle, which closed at `candle_time`.
    `share` is how much of a usual entry is to be bought, or of the position to be sold.
    """

    symbol: str
    strategy: str
    action: SignalAction
    strength: float
    reasons: tuple[Reason, ...]
    values: Mapping[str, float]
    candle_time: datetime
    nearest_miss: Miss | None = None
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class GateResult:
    """One risk gate: what it allows, what it saw, and whether the order may pass."""

    gate: str
    passed: bool
    limit: str
    observed: str
    text: str


@dataclass(frozen=True, slots=True)
class Approved:
    """An order that passed every gate: the only thing the execution agent accepts."""

    symbol: str
    side: Side
    quantity: Decimal
    reference_price: Decimal
    purpose: Purpose
    gates: tuple[GateResult, ...]
    order_type: OrderType = OrderType.MARKET
    #: The limit price of a LIMIT order, and how long it may rest.
    price: Decimal | None = None
    time_limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """No order: all gates in order, at least one of which blocked."""

    symbol: str
    gates: tuple[GateResult, ...]

    @property
    def blocking(self) -> GateResult:
        """The first gate that blocked."""
        return next(gate for gate in self.gates if not gate.passed)


RiskVerdict = Approved | Refused


class Outcome(StrEnum):
    """How a decision ended."""

    HELD = "held"  # the signal was HOLD
    REFUSED = "refused"  # a risk gate blocked
    PLACED = "placed"  # the exchange has the order
    REJECTED = "rejected"  # the exchange refused the order
    UNKNOWN = "unknown"  # sent, answer missing: the symbol is locked
    NO_DATA = "no_data"  # market data or account could not be had
    UNRESOLVED = "unresolved_order"  # an earlier order of the symbol is not resolved
    HALTED = "halted"  # the kill switch is on
    INTERRUPTED = "interrupted"  # the process died in this cycle
    FAILED = "failed"  # the strategy raised an error
    DRY_RUN = "dry_run"  # every gate passed, but it was only asked what would happen


@dataclass(frozen=True, slots=True)
class ExecutionResult:
    """What became of an approved order. `order` is the journal row after the last news."""

    outcome: Outcome
    order: JournalOrder
    text: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a dry run would have sent. `notional` and `fee` are in `quote`, at the limit price or the price now."""

    order: Approved
    notional: Decimal
    fee: Decimal
    quote: str


@dataclass(frozen=True, slots=True)
class AssessmentInputs:
    """What risk saw besides market, settings, candles and fills: enough to assess again.

    Mappings are by symbol. `mark` is the book's newest flow by then: an exit takes back resting entries
    after its signal, and they may have bought something. `held_in_books` is the base asset by the
    book's flows, free coins of the account are those the exchange reports. `windows` are the newest
    candle and the number of candles of each symbol whose returns were compared. `side`, `quantity`,
    `at_most`, `limit_price` and `time_limit` are what was asked for by someone other than the strategy.
    """

    mark: int
    control: "ControlSnapshot"
    cash: Decimal
    reserved_quote: Decimal
    free_quote: Decimal
    free_base: Decimal
    held_in_books: Decimal
    prices: Mapping[str, Decimal]
    covered: Mapping[str, Decimal]
    locked: tuple[str, ...]
    dust: tuple[str, ...]
    contributed: Decimal
    orders_last_minute: int
    orders_today: int
    is_traded: bool
    marks: LossMarks | None = None
    last_traded_candle: datetime | None = None
    windows: Mapping[str, tuple[datetime, int]] = field(default_factory=dict)
    side: Side | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    time_limit: timedelta | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    """What a decision saw that neither candles, settings nor fills tell.

    `window` candles ended with `newest_candle`, the last `new_candles` of which were new; `rules` names
    the symbol's rules as stored; `mark` is the book's newest flow when the signal was asked for.
    A `dry_run` was only asked what would happen: whatever it decided was not done.
    """

    observed_at: datetime
    newest_candle: datetime
    window: int
    new_candles: int
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal
    rules: str
    mark: int
    assessment: AssessmentInputs | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One symbol in one cycle: the whole trace. `id` is unique for ever.

    `step_ms` holds how long each step took, in milliseconds. `first_candle` and
    `last_candle` are the open times of the candles that this decision was the
    first to see; both are None when it saw no new one. `inputs` is what deciding it again needs
    besides candles, settings and fills; None where nothing could be decided on.
    """

    id: str
    symbol: str
    decided_at: datetime
    outcome: Outcome
    reason: Reason
    signal: Signal | None = None
    gates: tuple[GateResult, ...] = ()
    nearest_miss: Miss | None = None
    price: Decimal | None = None
    first_candle: datetime | None = None
    last_candle: datetime | None = None
    candles_seen: int = 0
    client_order_id: str | None = None
    step_ms: Mapping[str, float] = field(default_factory=dict)
    inputs: DecisionInputs | None = None

    @property
    def blocking_gate(self) -> str | None:
        """The first gate that blocked, if one did."""
        return next((gate.gate for gate in self.gates if not gate.passed), None)


class TradingState(StrEnum):
    """What the control plane allows. All but RUNNING are latched until a person acts."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ENTRIES_HALTED = "ENTRIES_HALTED"
    HALTED = "HALTED"

    @property
    def entries_allowed(self) -> bool:
        """Whether new positions may be opened."""
        return self is TradingState.RUNNING

    @property
    def orders_allowed(self) -> bool:
        """Whether we may send any order at all."""
        return self is not TradingState.HALTED


@dataclass(frozen=True, slots=True)
class ControlSnapshot:
    """The control state as stored: who set it, when and why.

    `reduce_only` is symbol -> why nothing of it may be bought for now; what is held of it may be sold.
    """

    state: TradingState
    reason: str
    actor: str
    since: datetime
    reduce_only: Mapping[str, str] = field(default_factory=dict)

    def may_enter(self, symbol: str) -> bool:
        """Whether a position in `symbol` may be opened or added to."""
        return self.state.entries_allowed and symbol not in self.reduce_only


class CycleKind(StrEnum):
    """What started a cycle."""

    SCHEDULED = "scheduled"
    FILL = "fill"  # an order of ours traded between two ticks: its position is protected now
    WORKFLOW = "workflow"
    TEST = "test"


class CycleOutcome(StrEnum):
    """How a cycle ended; OPEN while it runs."""

    OPEN = "open"
    COMPLETED = "completed"
    DEGRADED = "degraded"  # completed, but at least one symbol had no data
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class CycleStart:
    """A cycle as it is written before anything else happens. `skipped_ticks` were overrun by the one before."""

    id: str
    number: int
    kind: CycleKind
    scheduled_at: datetime
    started_at: datetime
    symbols: tuple[str, ...]
    skipped_ticks: int = 0


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle did; log line, metrics, notifications and heartbeat are projections of it."""

    start: CycleStart
    outcome: CycleOutcome
    control: ControlSnapshot
    decisions: tuple[Decision, ...]
    executions: tuple[ExecutionResult, ...]
    equity: Equity | None
    unresolved: int
    finished_at: datetime
    duration_s: float
    #: Our own share of `duration_s`: waiting for the exchange excluded.
    own_ms: float
    #: asset -> what the exchange holds more than the ledger says, where they differ
    differences: Mapping[str, Decimal] = field(default_factory=dict)
    #: Whether balances could be compared: not without the account, nor with an order unresolved.
    compared: bool = True
    #: Protection that traded since the last cycle, a sentence each.
    traded: tuple[str, ...] = ()
    #: incident key -> text, for conditions that a person should know of
    alarms: Mapping[str, str] = field(default_factory=dict)
    #: Where losses are counted from, after this cycle.
    marks: LossMarks | None = None
    #: It was only asked what would happen; `estimate` is what would have been sent, if anything.
    dry_run: bool = False
    estimate: Estimate | None = None
