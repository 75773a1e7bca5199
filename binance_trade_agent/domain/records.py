"""Rows as they are stored and shown: books, sessions, commands, heartbeats, incidents, and what read models return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    DecisionInputs,
    GateResult,
    Reason,
)
from binance_trade_agent.domain.orders import Fill
from binance_trade_agent.domain.symbol_rules import SymbolRules


@dataclass(frozen=True, slots=True)
class Book:
    """One account's book. Its id is part of every key, so modes never mix; a testnet wipe starts a new epoch."""

    id: int
    mode: str
    address: str
    account: str
    epoch: int
    quote: str


class BanScope(StrEnum):
    """What a demand for silence forbids: every request, or new orders only (-1015)."""

    ALL = "all"
    NEW_ORDERS = "new_orders"


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the trader. `deadline` is None for a run without an end."""

    id: str
    kind: str
    mode: str
    strategy: str
    symbols: tuple[str, ...]
    settings: Mapping[str, str]
    duration_minutes: int
    started_at: datetime
    deadline: datetime | None
    ended_at: datetime | None = None
    end_reason: str | None = None
    exit_code: int | None = None
    #: What it decides by, complete and readable by programs: strategies with every parameter, limits, candles
    #: (see bootstrap/plan.py). Empty in rows of an earlier version.
    plan: Mapping[str, Any] = field(default_factory=dict)


class CommandKind(StrEnum):
    """What can be handed to whoever holds the trading lease."""

    WORKFLOW = "workflow"
    FLATTEN = "flatten"
    CANCEL = "cancel"
    PROTECT = "protect"


@dataclass(frozen=True, slots=True)
class Command:
    """A request from a person or an agent. `arguments` are text; the key makes it happen once."""

    id: str
    kind: CommandKind
    arguments: Mapping[str, str]
    idempotency_key: str
    actor: str
    channel: str
    created_at: datetime
    #: Why, in a person's words; it is no part of what the key stands for.
    reason: str = field(default="", compare=False)


class CommandStatus(StrEnum):
    """How a command ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What came of a command: a sentence, and details as text. `repeated`: its key had been spent before."""

    status: CommandStatus
    text: str
    details: Mapping[str, str]
    finished_at: datetime
    repeated: bool = field(default=False, compare=False)

    @property
    def told(self) -> str:
        """The sentence for whoever asked: a repetition says when it was done."""
        if not self.repeated:
            return self.text
        again = "" if self.status is CommandStatus.DONE else " (another attempt needs a new key)"
        return f"already {self.status} at {self.finished_at:%Y-%m-%d %H:%M:%S} UTC: {self.text}{again}"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life. `useful_at` is when the process last had data it could work with."""

    process: str
    pid: int
    at: datetime
    useful_at: datetime | None


#: Of messages on incidents.
INCIDENT_TOPIC = "incident"


@dataclass(frozen=True, slots=True)
class Incident:
    """A named condition that a person must know of until it is gone."""

    key: str
    text: str
    severity: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as people see it."""

    client_order_id: str
    exchange_order_id: int | None
    symbol: str
    side: str
    order_type: str
    purpose: str
    quantity: Decimal
    executed: Decimal
    quote_executed: Decimal
    average_price: Decimal | None
    status: str
    reason: str
    decision_id: str
    created_at: datetime
    updated_at: datetime
    #: The limit price and the trigger, of the types that have them.
    price: Decimal | None = None
    stop_price: Decimal | None = None
    client_list_id: str | None = None


@dataclass(frozen=True, slots=True)
class FillRow:
    """A fill as people see it."""

    symbol: str
    trade_id: int
    client_order_id: str
    side: str
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    commission: Decimal
    commission_asset: str
    traded_at: datetime


@dataclass(frozen=True, slots=True)
class CycleRow:
    """A cycle as people see it."""

    id: str
    session_id: str
    number: int
    kind: str
    scheduled_at: datetime
    started_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    own_ms: float | None
    skipped_ticks: int
    outcome: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as people see it."""

    id: str
    cycle_id: str
    cycle_number: int
    symbol: str
    decided_at: datetime
    action: str | None
    strength: float | None
    strategy: str | None
    outcome: str
    reason_code: str
    reason: str
    nearest_miss: str | None
    values: Mapping[str, float]
    gates: tuple[GateResult, ...]
    blocking_gate: str | None
    price: Decimal | None
    first_candle: datetime | None
    last_candle: datetime | None
    candles_seen: int
    client_order_id: str | None
    step_ms: Mapping[str, float]
    #: How near `nearest_miss` was; the signal's own reasons, in order.
    miss_distance: float | None = None
    signal_reasons: tuple[Reason, ...] = ()
    signal_candle: datetime | None = None
    signal_share: Decimal | None = None
    inputs: DecisionInputs | None = None


@dataclass(frozen=True, slots=True)
class EquityRow:
    """An equity snapshot as people see it."""

    at: datetime
    quote: str
    cash: Decimal
    positions_value: Decimal
    realised: Decimal
    unrealised: Decimal
    total: Decimal
    #: What had been put in by then; None in rows of an earlier version.
    contributed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """All of the database that a status page needs, in one consistent read."""

    book: Book | None
    session: Session | None
    control: ControlSnapshot
    last_cycle: CycleRow | None
    cycles: int
    decisions: int
    #: of `decisions`, those that no schedule began: after a fill, or because a person asked
    unscheduled_decisions: int
    orders_by_status: Mapping[str, int]
    unresolved: tuple[OrderRow, ...]
    equity: EquityRow | None
    #: quote currency put in: the opening balance and what was deposited since, less what was withdrawn
    contributed: Decimal | None
    heartbeats: tuple[Heartbeat, ...]
    incidents: tuple[Incident, ...]
    failed_starts: int


@dataclass(frozen=True, slots=True)
class CancelRow:
    """A cancel as people see it."""

    cancel_id: str
    client_order_id: str
    replaced_by: str | None
    symbol: str
    status: str
    reason: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A change of a balance that no fill of ours made."""

    kind: str
    asset: str
    amount: Decimal
    symbol: str | None
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ForeignOrderRow:
    """An open order of the account that is not ours: shown, never touched."""

    symbol: str
    exchange_order_id: int
    client_order_id: str
    side: str
    order_type: str
    price: Decimal
    quantity: Decimal
    executed: Decimal
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class AskedLevelsRow:
    """The stop and target that a person asked for a position; with neither, they were taken back just now."""

    symbol: str
    stop_price: Decimal | None
    target_price: Decimal | None
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProtectionTerms:
    """What decides where stops and targets lie: the newest session's settings, symbol -> tick, and what was asked for.

    `rules` are the symbols' of every version seen: they decide what is dust.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    ticks: Mapping[str, Decimal] = field(default_factory=dict)
    asked: tuple[AskedLevelsRow, ...] = ()
    rules: tuple[SymbolRules, ...] = ()


@dataclass(frozen=True, slots=True)
class Booking:
    """One change of the book, in the order in which it was booked: a flow, and the fill it belongs to, if any.

    `mark` rises; a decision's `inputs.mark` is the newest one it knew of. Of a fill that makes several
    flows (base, quote, commission), each is a booking and only the last carries the `fill`.
    """

    mark: int
    asset: str
    amount: Decimal
    at: datetime
    fill: Fill | None = None


@dataclass(frozen=True, slots=True)
class PositionMoveRow:
    """A part of a position that someone else sold or withdrew, after the trade `after_trade_id`.

    `mark` is the booking it was noted with; 0 in rows of an earlier version.
    """

    symbol: str
    after_trade_id: int
    quantity: Decimal
    at: datetime
    mark: int
