"""What a replay found: how much was decided again, what could not be, and every difference."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.records import DecisionRow

#: How many differences a report lists; all are counted.
LISTED = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one decision that came out otherwise. `decision` is its id, empty for a cycle's own."""

    cycle: int
    symbol: str
    decision: str
    field: str
    stored: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A session decided again.

    `decisions` = `recomputed` + those of `partly` and `not_recomputed`, which are counted by kind: of the
    former, what could be checked was. `checked` counts what was compared: signals, gates, orders and so on.
    """

    session_id: str
    cycles: int
    decisions: int
    recomputed: int
    partly: Mapping[str, int]
    not_recomputed: Mapping[str, int]
    checked: Mapping[str, int]
    #: At most `LISTED`; `differences_in_all` and `by_field` count every one.
    differences: tuple[Difference, ...]
    differences_in_all: int
    by_field: Mapping[str, int]
    seconds: float = 0.0

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return self.differences_in_all == 0

    @property
    def is_empty(self) -> bool:
        """Whether no decision was compared, so that nothing could differ."""
        return not self.recomputed and not self.partly


@dataclass(slots=True)
class Tally:
    """A report in the making."""

    decisions: int = 0
    recomputed: int = 0
    partly: Counter[str] = field(default_factory=Counter)
    not_recomputed: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    by_field: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    def compare(self, row: DecisionRow, what: str, stored: Any, recomputed: Any) -> bool:
        """Note a difference if there is one; whether the two are the same."""
        if is_same(stored, recomputed):
            return True
        self.differ(row, what, shown(stored), shown(recomputed))
        return False

    def differ(self, row: DecisionRow, what: str, stored: str, recomputed: str) -> None:
        """Note a difference of a decision."""
        self.note(Difference(row.cycle_number, row.symbol, row.id, what, stored, recomputed))

    def note(self, difference: Difference) -> None:
        """Count a difference, and list it while there is room."""
        self.by_field[difference.field] += 1
        if len(self.differences) < LISTED:
            self.differences.append(difference)

    def report(self, session_id: str, cycles: int) -> ReplayReport:
        """What was found."""
        return ReplayReport(
            session_id=session_id,
            cycles=cycles,
            decisions=self.decisions,
            recomputed=self.recomputed,
            partly=dict(sorted(self.partly.items())),
            not_recomputed=dict(sorted(self.not_recomputed.items())),
            checked=dict(self.checked),
            differences=tuple(self.differences),
            differences_in_all=self.by_field.total(),
            by_field=dict(self.by_field.most_common()),
        )


def is_same(one: Any, other: Any) -> bool:
    """Equality to the last bit, where NaN equals NaN."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def shown(value: Any) -> str:
    """A value in a difference."""
    if value is None:
        return "none"
    if isinstance(value, Decimal):
        return to_wire(value)
    return repr(value) if isinstance(value, float) else str(value)
