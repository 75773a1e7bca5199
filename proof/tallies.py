"""What became of the acts of a campaign, in figures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from binance_trade_agent.domain.decisions import TradingState
from proof.person import Asked

#: The kinds of faults that are of acts.
ACT_FAULTS = (
    "keys doubled",
    "orders of dry runs",
    "bought though reduce-only",
    "reduce-only lost",
    "levels lost",
    "not carried out",
    "sold more than bought",
    "flatten",
    "flatten left",
)


@dataclass(slots=True)
class Tally:
    """What became of the acts of one kind."""

    asked: int = 0
    repeated: int = 0
    done: int = 0
    refused: int = 0
    failed: int = 0
    died: int = 0
    waiting: int = 0
    #: orders and cancels at the exchange; of a `protect`, levels that were taken
    effects: int = 0


@dataclass(slots=True)
class Flattened:
    """A flatten from its asking to its end."""

    asked: Asked
    kills: int = 0
    state: str = ""
    text: str = ""


@dataclass(slots=True)
class Checked:
    """What was looked at, so that a table of no faults says of how much."""

    flattens: list[Flattened] = field(default_factory=list)
    levels: int = 0
    #: of symbols whose act died: whether its levels were stored
    stored: int = 0
    not_stored: int = 0
    restricted: int = 0
    rested: int = 0
    rested_filled: int = 0
    covered: int = 0


def added(parts: Iterable[Mapping[str, Tally]]) -> dict[str, Tally]:
    """The tallies of several lanes as one."""
    whole = defaultdict[str, Tally](Tally)
    for part in parts:
        for kind, tally in part.items():
            for each in fields(Tally):
                total = getattr(whole[kind], each.name) + getattr(tally, each.name)
                setattr(whole[kind], each.name, total)
    return dict(sorted(whole.items()))


def figures(parts: Iterable[Checked]) -> dict[str, int]:
    """Of how much can be said that it holds."""
    found = list(parts)
    flattens = [each for part in found for each in part.flattens]
    return {
        "flattens": len(flattens),
        "flattens killed": sum(1 for each in flattens if each.kills),
        "flattens that ended HALTED": sum(1 for each in flattens if each.state == TradingState.HALTED),
        "levels seen to hold": sum(part.levels for part in found),
        "levels of a killed act stored": sum(part.stored for part in found),
        "levels of a killed act not stored": sum(part.not_stored for part in found),
        "restrictions": sum(part.restricted for part in found),
        "entries by hand that rested": sum(part.rested for part in found),
        "of them filled": sum(part.rested_filled for part in found),
        "positions seen to be guarded": sum(part.covered for part in found),
    }
