"""How many decisions came how far: from cycles to fills."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from binance_trade_agent.domain.decision_summary import DecisionSummary, ReasonCount
from binance_trade_agent.domain.decisions import Outcome, SignalAction
from binance_trade_agent.domain.gate_advice import SIZING_GATES


class Stage(IntEnum):
    """How far a decision came. Each contains those that follow."""

    UNDECIDED = 0  # the strategy could not be asked
    DECIDED = 1  # it wanted nothing
    SIGNAL = 2  # it wanted an order; a gate that asks whether to trade blocked it
    RISK_PASSED = 3  # a gate that asks how much blocked it
    SIZED = 4  # the order was not sent
    SENT = 5


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of one symbol, or of all (`symbol` None). `undecided` decisions had no data, or the strategy failed.

    `sent` counts decisions whose order went to the exchange, `filled` entry and exit orders that traded
    at least in part. What a person asked for between two cycles is in none of them.
    """

    symbol: str | None
    cycles: int
    decisions: int
    undecided: int
    signals: int
    buys: int
    sells: int
    risk_passed: int
    sized: int
    sent: int
    filled: int


def funnel_of(summary: DecisionSummary) -> Funnel:
    """The funnel of all symbols."""
    return _funnel(None, summary.cycles, summary.counts, summary.filled)


def funnels_of(summary: DecisionSummary) -> tuple[Funnel, ...]:
    """A funnel a symbol, in alphabetical order."""
    by_symbol: dict[str, list[ReasonCount]] = {}
    for count in summary.counts:
        by_symbol.setdefault(count.symbol, []).append(count)
    return tuple(
        _funnel(symbol, sum(count.count for count in counts), counts, summary.filled_of.get(symbol, 0))
        for symbol, counts in sorted(by_symbol.items())
    )


def is_signal(count: ReasonCount) -> bool:
    """Whether the strategy, a person or the protection wanted an order."""
    return count.action in (SignalAction.BUY, SignalAction.SELL)


def stage_of(count: ReasonCount) -> Stage:
    """How far these decisions came."""
    if count.outcome in (Outcome.PLACED, Outcome.REJECTED, Outcome.UNKNOWN):
        return Stage.SENT
    if not is_signal(count):
        undecided = count.outcome in (Outcome.NO_DATA, Outcome.FAILED, Outcome.INTERRUPTED)
        return Stage.UNDECIDED if undecided else Stage.DECIDED
    if count.gate is not None:
        return Stage.RISK_PASSED if count.gate in SIZING_GATES else Stage.SIGNAL
    # the kill switch or protection in the way, between the gates and the exchange
    is_late = count.outcome == Outcome.HALTED or count.code == "protection_in_the_way"
    return Stage.SIZED if is_late else Stage.SIGNAL


def _funnel(symbol: str | None, cycles: int, counts: Iterable[ReasonCount], filled: int) -> Funnel:
    stages = [(stage_of(count), count) for count in counts]

    def reached(least: Stage) -> int:
        return sum(count.count for stage, count in stages if stage >= least)

    def wanted(action: SignalAction) -> int:
        return sum(count.count for _, count in stages if count.action == action)

    return Funnel(
        symbol=symbol,
        cycles=cycles,
        decisions=reached(Stage.UNDECIDED),
        undecided=reached(Stage.UNDECIDED) - reached(Stage.DECIDED),
        signals=reached(Stage.SIGNAL),
        buys=wanted(SignalAction.BUY),
        sells=wanted(SignalAction.SELL),
        risk_passed=reached(Stage.RISK_PASSED),
        sized=reached(Stage.SIZED),
        sent=reached(Stage.SENT),
        filled=filled,
    )
