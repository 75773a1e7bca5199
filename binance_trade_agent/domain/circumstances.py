"""What, besides the decisions, keeps a trader from trading: whether it runs, what it is allowed, what is locked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.decisions import ControlSnapshot, Outcome, TradingState
from binance_trade_agent.domain.gate_advice import GATES, change_unseen
from binance_trade_agent.domain.phrases import length, moment
from binance_trade_agent.domain.records import (
    CycleRow,
    DecisionRow,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now and by itself explains that nothing is traded. Gates' codes where one stands for it."""

    code: str
    text: str
    advice: str
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The agent around its decisions, as it is `now`.

    `symbol` is the one asked about, None for all; `trader` says why the trader does not run, None if it
    does. `settings` are the session's, as text; decisions before `settings_since` were taken by others. By symbol:
    `locked`, why nothing may be sent, and `guards`, what protects a position, both as a sentence. By id: `placed`,
    the decisions behind the summary's orders. `resting` are the symbols of which an entry waits at the exchange.
    """

    now: datetime
    symbol: str | None
    traded: tuple[str, ...]
    control: ControlSnapshot
    trader: Condition | None = None
    last_cycle: CycleRow | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    settings_since: datetime | None = None
    locked: Mapping[str, str] = field(default_factory=dict)
    guards: Mapping[str, str] = field(default_factory=dict)
    placed: Mapping[str, DecisionRow] = field(default_factory=dict)
    resting: frozenset[str] = frozenset()


def conditions_of(summary: DecisionSummary, around: Circumstances) -> tuple[Condition, ...]:
    """What holds now, the most fundamental first."""
    return (
        *_not_traded(around),
        *((around.trader,) if around.trader else ()),
        *_steered(around),
        *_newest_failed(summary, around),
        *_locked(around),
        *_no_cycles(summary, around),
    )


def _not_traded(around: Circumstances) -> Iterator[Condition]:
    symbol = around.symbol
    if symbol is not None and symbol not in around.traded:
        traded = ", ".join(around.traded) or "none"
        text = f"{symbol} is not traded; traded: {traded}"
        yield Condition("not_traded", text, GATES["not_traded"].remedy, symbol)


def _steered(around: Circumstances) -> Iterator[Condition]:
    """What a person or a limit has forbidden."""
    control = around.control
    if control.state is TradingState.RUNNING:
        return
    since = f"since {moment(control.since, around.now)} by {control.actor}: {control.reason}"
    if control.state is TradingState.HALTED:
        text = f"trading is halted (no order of any kind) {since}"
        yield Condition("halted", text, change_unseen("halted", {}).text)
    elif control.state is TradingState.PAUSED:
        text = f"trading is paused (no new positions; exits go on) {since}"
        yield Condition("paused", text, change_unseen("paused", {}).text)
    else:
        code = control.actor if control.actor in ("daily_loss", "drawdown") else "entries_halted"
        text = f"entries are halted (no new positions; exits go on) {since}"
        yield Condition(code, text, change_unseen(code, around.settings).text)


def _newest_failed(summary: DecisionSummary, around: Circumstances) -> Iterator[Condition]:
    """Symbols whose newest decision could not be taken at all."""
    for symbol, row in sorted(summary.latest.items()):
        if row.outcome == Outcome.FAILED:
            yield Condition(
                "strategy_failed",
                f"{symbol}: {row.reason}",
                "Correct the strategy at the file and line named, try it with `binance-trade-agent strategy"
                " check`, and start the trader again; other symbols are not affected",
                symbol,
            )
        elif row.outcome == Outcome.NO_DATA:
            yield Condition(
                row.reason_code,
                f"{symbol}: there was nothing to decide on at {moment(row.decided_at, around.now)}: {row.reason}",
                "The trader asks again in each cycle; if it lasts, see `binance-trade-agent health` and whether"
                " the exchange can be reached",
                symbol,
            )


def _locked(around: Circumstances) -> Iterator[Condition]:
    for symbol, text in sorted(around.locked.items()):
        if around.symbol in (None, symbol):
            yield Condition(
                "unresolved_order", f"{symbol} is locked: {text}", GATES["unresolved_order"].remedy, symbol
            )


def _no_cycles(summary: DecisionSummary, around: Circumstances) -> Iterator[Condition]:
    if summary.cycles:
        return
    last, span = around.last_cycle, length(summary.until - summary.since)
    text = f"no cycle ran in these {span}"
    if last is None:
        yield Condition(
            "no_cycles", f"{text}, nor ever before", "Start the trader: `binance-trade-agent run`"
        )
    elif last.started_at >= summary.until or last.started_at >= summary.since:
        text = f"no scheduled cycle ran in these {span}"
        yield Condition("no_cycles", text, "Wait for the next tick, or ask for a longer time: `--since`")
    else:
        ago = length(around.now - last.started_at)
        text = f"{text}: the last one, number {last.number:,}, began {ago} ago, at {moment(last.started_at, around.now)}"
        yield Condition("no_cycles", text, f"Ask further back: `--since {_further(around, last)}`")


def _further(around: Circumstances, last: CycleRow) -> str:
    hours = (around.now - last.started_at).total_seconds() // 3600 + 24
    return f"{hours:.0f}h"
