"""Which part of a decision can be decided again: what it came from, by what its row says."""

from dataclasses import dataclass
from enum import Enum

from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.records import DecisionRow

#: A session without a plan.
EARLIER_VERSION = "recorded by an earlier version"
#: A decision that says nothing of what it saw, and should.
WITHOUT_INPUTS = "stored without what it saw"


class Part(Enum):
    """How much of a decision is decided again."""

    ALL = "all"
    RISK = "risk"  # the signal came from elsewhere
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a decision came from. `name` says why not all of it is decided again; empty where all is."""

    part: Part
    name: str = ""


def kind_of(row: DecisionRow) -> Kind:
    """What can be decided again of a decision."""
    if row.outcome == Outcome.INTERRUPTED:
        return Kind(Part.NOTHING, "interrupted")
    if row.outcome == Outcome.NO_DATA:
        return Kind(Part.NOTHING, f"nothing to decide on ({row.reason_code})")
    if row.inputs is None:
        return Kind(Part.NOTHING, WITHOUT_INPUTS)
    if row.reason_code == "looked_after":
        return Kind(Part.NOTHING, "looked after between two ticks")
    if row.strategy == "protection":
        return Kind(Part.RISK, "an exit that was watched for here")
    if is_by_hand(row):
        return Kind(Part.RISK, "asked for by a person")
    return Kind(Part.ALL)


def is_by_hand(row: DecisionRow) -> bool:
    """Whether a person chose the side."""
    return bool(row.signal_reasons) and row.signal_reasons[0].code == "requested"


#: Reason codes of decisions that stopped at what cannot be decided again -> what it was, in words.
WAITS = {
    "unresolved_order": "waited for an order",
    "stray_order": "waited for a stray order",
    "entry_rests": "an entry rested",
}
