"""The answer to "why has it not traded?" and "why did it trade?", from what was recorded. Pure.

Signals that something stopped rank above decisions that wanted no order: they are what a
person asks about. What holds now and by itself forbids trading (a pause, a trader that does not run)
comes before both.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from binance_trade_agent.domain.circumstances import Circumstances, Condition, conditions_of
from binance_trade_agent.domain.decision_summary import DecisionSummary, ReasonCount
from binance_trade_agent.domain.decisions import GateResult, Outcome, SignalAction, TradingState
from binance_trade_agent.domain.explained_trades import Trade, trades_of, was_asked_for
from binance_trade_agent.domain.funnel import Funnel, funnel_of, funnels_of
from binance_trade_agent.domain.gate_advice import (
    OF_THE_STATE,
    Change,
    change_for,
    change_unseen,
    has_advice,
    others_that_failed,
)
from binance_trade_agent.domain.hold_rules import hold_rule
from binance_trade_agent.domain.phrases import counted, length, moment, sentence
from binance_trade_agent.domain.ranked_reasons import RankedReason, ReasonKind, ranked
from binance_trade_agent.domain.reasons_now import ENTRY_RESTS, as_of_now, rest_advice, resting_advice
from binance_trade_agent.domain.records import (
    DecisionRow,
)

_MISSES_SHOWN = 5
_CHANGES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class NearestMiss:
    """How near a HOLD came to an order. `distance` is a share of the price or of the indicator's scale."""

    symbol: str
    text: str
    distance: float
    at: datetime


class Answer(StrEnum):
    """Whether anything was traded in the time asked about."""

    TRADED = "traded"
    NOT_TRADED = "not_traded"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it did or did not trade, from `since` to `until`, of one `symbol` or of all.

    `code` is what to look at first: of a condition, a gate or a reason; `traded` where nothing is left to explain.
    `headline` and `remarks` are whole sentences.
    """

    as_of: datetime
    since: datetime
    until: datetime
    symbol: str | None
    answer: Answer
    code: str
    headline: str
    remarks: tuple[str, ...]
    conditions: tuple[Condition, ...]
    funnel: Funnel
    funnels: tuple[Funnel, ...]
    reasons: tuple[RankedReason, ...]
    nearest_misses: tuple[NearestMiss, ...]
    changes: tuple[Change, ...]
    trades: tuple[Trade, ...]


def explain(summary: DecisionSummary, around: Circumstances) -> Explanation:
    """The explanation of `summary` under the circumstances `around` it."""
    conditions = conditions_of(summary, around)
    decisive = tuple(found for found in conditions if _is_decisive(found, conditions, summary, around))
    reasons = tuple(as_of_now(reason, summary, around) for reason in ranked(summary.counts))
    funnel = funnel_of(summary)
    trades = trades_of(summary, around)
    others = tuple(found for found in conditions if found not in decisive)
    sentences = [
        _headline(summary, around, funnel, decisive, reasons, trades),
        *_remarks(summary, funnel, decisive, others, reasons),
    ]
    codes = [condition.code for condition in decisive] + [reason.code for reason in reasons]
    codes += [condition.code for condition in others]
    return Explanation(
        as_of=around.now,
        since=summary.since,
        until=summary.until,
        symbol=around.symbol,
        answer=Answer.TRADED if _has_traded(summary) else Answer.NOT_TRADED,
        code=codes[0] if codes else "traded" if funnel.sent or summary.asked_filled else "no_decisions",
        headline=sentences[0],
        remarks=tuple(sentences[1:]),
        conditions=conditions,
        funnel=funnel,
        funnels=funnels_of(summary),
        reasons=reasons,
        nearest_misses=tuple(_misses(summary.counts)),
        changes=tuple(_changes(summary, reasons, around)),
        trades=trades,
    )


def _misses(counts: Iterable[ReasonCount]) -> list[NearestMiss]:
    """The nearest miss of each symbol, nearest first."""
    found = [
        NearestMiss(count.symbol, count.nearest_text, count.nearest, count.nearest_at)
        for count in counts
        if count.nearest is not None and count.nearest_text is not None and count.nearest_at is not None
    ]
    by_symbol: dict[str, NearestMiss] = {}
    for miss in sorted(found, key=lambda miss: (miss.distance, miss.symbol)):
        by_symbol.setdefault(miss.symbol, miss)
    return list(by_symbol.values())[:_MISSES_SHOWN]


# what would have to change ----------------------------------------------------------


def _changes(
    summary: DecisionSummary, reasons: tuple[RankedReason, ...], around: Circumstances
) -> Iterator[Change]:
    """A sentence for each of the top reasons, and for whatever would have blocked behind them."""
    told: set[str] = set()
    for reason in reasons[:_CHANGES_SHOWN]:
        if reason.code in told:
            continue
        told.add(reason.code)
        row = _newest_blocked(summary, reason) if reason.kind is ReasonKind.BLOCKED else None
        if row is not None:
            yield from _behind(row, around, told)
        elif has_advice(reason.code):
            yield change_unseen(
                reason.code,
                around.settings,
                is_exit=reason.action == SignalAction.SELL,
                lifted=_lifted(reason.code, reason.symbols, around),
            )
        elif reason.code == ENTRY_RESTS:
            yield Change(reason.code, resting_advice(reason, around))
        elif reason.kind is ReasonKind.HELD or (reason.kind is ReasonKind.WAITING and len(reasons) == 1):
            yield Change(reason.code, hold_rule(_count_of(summary, reason)))


def _newest_blocked(summary: DecisionSummary, reason: RankedReason) -> DecisionRow | None:
    rows = [
        row
        for row in summary.latest_blocked.values()
        if row.blocking_gate == reason.code and row.action == reason.action
    ]
    return max(rows, key=lambda row: row.decided_at, default=None)


def _behind(row: DecisionRow, around: Circumstances, told: set[str]) -> Iterator[Change]:
    """The gate that blocked, then those that would have blocked after it."""
    is_exit = row.action == SignalAction.SELL
    is_earlier = around.settings_since is not None and row.decided_at < around.settings_since
    first, others = next(gate for gate in row.gates if not gate.passed), others_that_failed(row.gates)
    change_of = partial(
        change_for,
        settings=around.settings,
        symbol=row.symbol,
        is_exit=is_exit,
        is_earlier=is_earlier,
        is_alone=not others,
    )
    lifted = _lifted(first.gate, (row.symbol,), around) or rest_advice(first, others)
    changes = [change_of(first, lifted=lifted)]
    for gate in others:
        if gate.gate not in told:
            told.add(gate.gate)
            change = change_of(gate, lifted=_lifted(gate.gate, (row.symbol,), around))
            changes.append(replace(change, text=f"and then this blocks: {gate.text}. {change.text}"))
    if others:
        changes[-1] = replace(changes[-1], text=f"{changes[-1].text}. {_together(first, others)}")
    yield from changes


def _lifted(code: str, symbols: Collection[str], around: Circumstances) -> str:
    """That what a person lifts holds no longer; empty while it does, and of what nobody lifts."""
    control = around.control
    if code == "reduce_only" and not control.reduce_only.keys() & set(symbols):
        return "It holds no longer: it was lifted since"
    if code in OF_THE_STATE and control.state is TradingState.RUNNING:
        return f"It holds no longer: trading goes on since {moment(control.since, around.now)} (by {control.actor})"
    return ""


def _together(first: GateResult, others: tuple[GateResult, ...]) -> str:
    """That one change alone would not have done."""
    names = [gate.gate for gate in (first, *others)]
    alone = "neither alone" if len(names) == 2 else "none of them alone"
    both = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"All of them must change, {both}: {alone} would have let it pass"


def _count_of(summary: DecisionSummary, reason: RankedReason) -> ReasonCount:
    alike = [count for count in summary.counts if (count.gate or count.code) == reason.code]
    return max(alike, key=lambda count: count.last_at)


# in whole sentences -------------------------------------------------------------------


def _headline(
    summary: DecisionSummary,
    around: Circumstances,
    funnel: Funnel,
    decisive: tuple[Condition, ...],
    reasons: tuple[RankedReason, ...],
    trades: tuple[Trade, ...],
) -> str:
    """The one sentence to know."""
    about, when = f" of {around.symbol}" if around.symbol else "", _when(summary, around.now)
    if _has_traded(summary):
        newest = next((trade for trade in trades if trade.executed), None)
        tail = f"; the newest: {newest.text}" if newest else ""
        asked = _asked(summary, around)
        if not summary.filled and not summary.reached:
            return sentence(f"The strategy traded nothing{about} {when}; {asked}{tail}")
        filled = [counted(funnel.filled, "order") + " filled"] if funnel.filled else []
        if summary.reached:
            filled.append(counted(summary.reached, "stop or target", "stops or targets") + " reached")
        filled += [asked] if asked else []
        what = f" {around.symbol}" if around.symbol else ""
        return sentence(f"It has traded{what} {when}: {' and '.join(filled)}{tail}")
    why = decisive[0].text if decisive else _why(summary, funnel, reasons)
    return sentence(f"Nothing{about} was traded {when}: {why}")


def _remarks(
    summary: DecisionSummary,
    funnel: Funnel,
    decisive: tuple[Condition, ...],
    others: tuple[Condition, ...],
    reasons: tuple[RankedReason, ...],
) -> Iterator[str]:
    """What else must be known, a sentence each."""
    has_traded = _has_traded(summary)
    for found in decisive if has_traded else decisive[1:]:
        yield sentence(f"{'Now ' if has_traded else ''}{found.text}")
    is_told = any(reasons[0].text in found.text for found in decisive) if reasons else False
    why = _why(summary, funnel, reasons)
    tells_why = not (has_traded or decisive)
    if funnel.decisions and not tells_why and not is_told:
        tells_why = True
        yield sentence(why)
    for found in others:
        # what the reason quotes already is not told again
        newest = summary.latest.get(found.symbol or "")
        if not (
            tells_why and newest is not None and newest.outcome == Outcome.FAILED and newest.reason in why
        ):
            yield sentence(found.text)


def _has_traded(summary: DecisionSummary) -> bool:
    """Whether anything was bought or sold in the time."""
    return summary.filled > 0 or summary.reached > 0 or summary.asked_filled > 0


def _asked(summary: DecisionSummary, around: Circumstances) -> str:
    """What was filled outside the schedule; empty if nothing was."""
    if not summary.asked_filled:
        return ""
    verb = "was" if summary.asked_filled == 1 else "were"
    by_people = all(was_asked_for(around.placed.get(order.decision_id)) for order in summary.asked)
    origin = "that people asked for" if by_people else "begun between two cycles"
    return f"{counted(summary.asked_filled, 'order')} {origin} {verb} filled"


def _is_decisive(
    found: Condition, conditions: tuple[Condition, ...], summary: DecisionSummary, around: Circumstances
) -> bool:
    """Whether it explains the whole that was asked about, not only some symbols of it."""
    hindered = {condition.symbol for condition in conditions if condition.symbol}
    return found.symbol in (None, around.symbol) or hindered >= set(summary.latest or around.traded)


def _why(summary: DecisionSummary, funnel: Funnel, reasons: tuple[RankedReason, ...]) -> str:
    """What became of the decisions, as half a sentence."""
    if not reasons:
        return "all its orders went to the exchange" if funnel.sent else "no decision was taken"
    blocked = [reason for reason in reasons if reason.kind is ReasonKind.BLOCKED]
    if blocked:
        return _why_blocked(funnel, blocked)
    top = reasons[0]
    decisions = counted(funnel.decisions, "decision")
    if top.kind is ReasonKind.UNABLE:
        return f"{top.count:,} of {decisions} could not be taken: {_newest(top)}"
    if top.kind is ReasonKind.WAITING:
        return f"in {decisions} there was no new candle to look at: {_newest(top)}"
    looked = (
        funnel.decisions - funnel.undecided - sum(r.count for r in reasons if r.kind is ReasonKind.WAITING)
    )
    if funnel.signals:
        return (
            f"its {counted(funnel.signals, 'signal')} were all sent; in the other decisions: {_newest(top)}"
        )
    mostly = "each time" if top.count == looked else f"most often ({top.count:,} times)"
    return f"the strategy was asked {counted(looked, 'time')} and never wanted an order, {mostly}: {_newest(top)}"


def _why_blocked(funnel: Funnel, blocked: list[RankedReason]) -> str:
    top, stopped = blocked[0], sum(reason.count for reason in blocked)
    actions = {reason.action for reason in blocked}
    signals = counted(stopped, f"{top.action} signal" if len(actions) == 1 and top.action else "signal")
    if funnel.signals > stopped:
        signals = f"{stopped:,} of {counted(funnel.signals, 'signal')}"
    verb = "was" if stopped == 1 else "were"
    share = "" if top.count == stopped else f", {top.count:,} of them"
    title = f" ({top.title})" if top.has_title else ""
    return f"{signals} {verb} stopped{share} by {top.code}{title}: {_newest(top)}"


def _newest(reason: RankedReason) -> str:
    is_plain = len(reason.symbols) == 1 or reason.symbol in reason.text
    return reason.text if is_plain else f"{reason.text} ({reason.symbol})"


def _when(summary: DecisionSummary, now: datetime) -> str:
    """The span asked about, and where decisions began if that was well within it."""
    span = summary.until - summary.since
    unit = timedelta(minutes=1) if span >= timedelta(minutes=2) else timedelta(seconds=1)
    text = f"since {moment(summary.since, now)}" if span % unit else f"in the last {length(span)}"
    first = min((count.first_at for count in summary.counts), default=summary.since)
    return text if first - summary.since < span / 10 else f"{text} (decisions began at {moment(first, now)})"
