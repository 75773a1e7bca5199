"""Why decisions did not become orders, merged over symbols, the most telling first. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.decision_summary import ReasonCount
from binance_trade_agent.domain.decisions import Outcome
from binance_trade_agent.domain.funnel import Stage, is_signal, stage_of
from binance_trade_agent.domain.gate_advice import title_of

_SHARE = Decimal("0.0001")


class ReasonKind(StrEnum):
    """What a reason for not trading is."""

    BLOCKED = "blocked"  # an order was wanted, something stopped it
    UNABLE = "unable"  # nothing could be decided
    HELD = "held"  # no order was wanted
    WAITING = "waiting"  # no candle had closed since the decision before


_RANK = {ReasonKind.BLOCKED: 0, ReasonKind.UNABLE: 1, ReasonKind.HELD: 1, ReasonKind.WAITING: 2}


@dataclass(frozen=True, slots=True)
class RankedReason:
    """Decisions that did not trade for one reason. `code` is the gate's, or the reason's own.

    `share` is of all decisions, 0 to 1; `text` is the newest's, of `symbol`; `symbols` are all
    that it happened to, the most frequent first.
    """

    code: str
    kind: ReasonKind
    action: str | None
    title: str
    count: int
    share: Decimal
    first_at: datetime
    last_at: datetime
    text: str
    symbol: str
    symbols: tuple[str, ...]

    @property
    def has_title(self) -> bool:
        """Whether the title says more than the code."""
        return self.title != self.code.replace("_", " ")


def kind_of(count: ReasonCount) -> ReasonKind | None:
    """What the decisions say about not trading; None if they traded."""
    if count.outcome == Outcome.PLACED:
        return None
    if stage_of(count) is Stage.SENT or is_signal(count):
        return ReasonKind.BLOCKED
    if count.outcome == Outcome.HELD:
        return ReasonKind.WAITING if count.code == "no_new_candle" else ReasonKind.HELD
    return ReasonKind.UNABLE


def ranked(counts: Iterable[ReasonCount]) -> list[RankedReason]:
    """Reasons for not trading, merged over symbols, the most telling first."""
    counts = tuple(counts)
    total = sum(count.count for count in counts)
    groups: dict[tuple[ReasonKind, str, str | None], list[ReasonCount]] = {}
    for count in counts:
        if (kind := kind_of(count)) is not None:
            action = count.action if kind is ReasonKind.BLOCKED else None
            groups.setdefault((kind, count.gate or count.code, action), []).append(count)
    reasons = [_merged(kind, code, action, group, total) for (kind, code, action), group in groups.items()]
    return sorted(reasons, key=lambda reason: (_RANK[reason.kind], -reason.count, reason.code))


def _merged(
    kind: ReasonKind, code: str, action: str | None, group: list[ReasonCount], total: int
) -> RankedReason:
    newest = max(group, key=lambda count: count.last_at)
    number = sum(count.count for count in group)
    often = sorted(group, key=lambda count: (-count.count, count.symbol))
    return RankedReason(
        code=code,
        kind=kind,
        action=action,
        title=title_of(code),
        count=number,
        share=(Decimal(number) / total).quantize(_SHARE),
        first_at=min(count.first_at for count in group),
        last_at=newest.last_at,
        text=newest.text,
        symbol=newest.symbol,
        symbols=tuple(dict.fromkeys(count.symbol for count in often)),
    )
