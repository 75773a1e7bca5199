"""Everything that was decided in a time, counted: what explanations are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from binance_trade_agent.domain.records import DecisionRow, OrderRow


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Decisions of one symbol that ended alike. `code` is the reason's, `gate` the first that blocked.

    `text` is of the newest of them; `nearest` is the smallest `miss_distance`, with its own text and time.
    """

    symbol: str
    action: str | None
    outcome: str
    code: str
    gate: str | None
    count: int
    first_at: datetime
    last_at: datetime
    text: str
    nearest: float | None = None
    nearest_text: str | None = None
    nearest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """Everything that was decided from `since` to `until`, counted: what an explanation is made of.

    `filled` counts entry and exit orders that traded at least in part, `filled_of` by symbol;
    `reached` counts stops and targets that traded, `asked_filled` the entries and exits that traded and were
    begun outside the schedule, mostly because a person asked.
    """

    since: datetime
    until: datetime
    cycles: int
    counts: tuple[ReasonCount, ...]
    sent: int
    filled: int
    #: symbol -> its newest decision
    latest: Mapping[str, DecisionRow]
    #: symbol -> its newest decision that a gate blocked, with all its gates
    latest_blocked: Mapping[str, DecisionRow]
    #: entry and exit orders of the time, newest first, at most 20
    orders: tuple[OrderRow, ...]
    #: stops and targets that traded in the time, newest first, at most 20
    protection: tuple[OrderRow, ...] = ()
    filled_of: Mapping[str, int] = field(default_factory=dict)
    reached: int = 0
    #: those of `asked_filled`, newest first, at most 20
    asked: tuple[OrderRow, ...] = ()
    asked_filled: int = 0
