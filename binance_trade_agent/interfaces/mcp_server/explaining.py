"""The tools that say why: an explanation of a span, one decision, the newest signal of a symbol."""

from datetime import datetime
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from binance_trade_agent.domain.records import DecisionRow
from binance_trade_agent.interfaces.mcp_server.answers import DecisionAnswer, GateAnswer, decimal_text
from binance_trade_agent.interfaces.mcp_server.arguments import Symbol, SymbolFilter, upper
from binance_trade_agent.interfaces.mcp_server.plain import Exact, Plain
from binance_trade_agent.interfaces.mcp_server.refusals import RefusalCode, refusal, refusals
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox, desk_of

#: Among so many newest decisions one with a signal is looked for: in many cycles no candle has closed.
_DECISIONS_SEEN = 50

Since = Annotated[
    str,
    Field(max_length=40, description="How far back: 30m, 24h, 7d, or a time such as 2026-11-23T08:00 (UTC)"),
]
DecisionReference = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$", description="A decision's id or its beginning, or `last`")
]


class ConditionAnswer(Plain):
    """What by itself keeps it from trading now, and what helps."""

    code: str
    text: str
    advice: str
    symbol: str | None


class FunnelAnswer(Plain):
    """How many decisions came how far."""

    symbol: str | None
    cycles: int
    decisions: int
    undecided: int
    signals: int
    risk_passed: int
    sized: int
    sent: int
    filled: int


class ReasonAnswer(Plain):
    """Decisions that did not trade for one reason. `share` is of all decisions, `text` the newest's."""

    code: str
    kind: str
    action: str | None
    title: str
    count: int
    share: Exact
    first_at: datetime
    last_at: datetime
    text: str
    symbols: list[str]


class MissAnswer(Plain):
    """How near a HOLD came to an order."""

    symbol: str
    text: str
    distance: float
    at: datetime


class ChangeAnswer(Plain):
    """What would have to change: the setting, its value, and the value that would have let it pass."""

    code: str
    text: str
    setting: str | None
    value: str | None
    needed: str | None
    symbol: str | None


class TradeAnswer(Plain):
    """An order and why it was placed."""

    at: datetime
    symbol: str
    side: str
    status: str
    executed: Exact
    text: str
    client_order_id: str
    decision_id: str


class ExplanationAnswer(Plain):
    """Why it did or did not trade. `code` is what to look at first."""

    as_of: datetime
    since: datetime
    symbol: str | None
    answer: str
    code: str
    headline: str
    remarks: list[str]
    conditions: list[ConditionAnswer]
    funnel: FunnelAnswer
    funnels: list[FunnelAnswer]
    reasons: list[ReasonAnswer]
    nearest_misses: list[MissAnswer]
    changes: list[ChangeAnswer]
    trades: list[TradeAnswer]


class SignalReason(Plain):
    """One thing the strategy saw."""

    code: str
    text: str


class SignalAnswer(Plain):
    """The newest signal of a symbol, and what became of it. `share` is of a usual order."""

    symbol: str
    decision_id: str
    decided_at: datetime
    age_s: float
    candle_time: datetime | None
    strategy: str | None
    action: str | None
    strength: float | None
    share: str | None
    reasons: list[SignalReason]
    indicator_values: dict[str, float]
    nearest_miss: str | None
    miss_distance: float | None
    price: str | None
    gates: list[GateAnswer]
    blocking_gate: str | None
    outcome: str
    reason: str


def explain(ctx: Context[Toolbox], symbol: SymbolFilter = None, since: Since = "24h") -> ExplanationAnswer:
    """Why it did or did not trade: headline, what is in the way, ranked reasons, near misses, what would have to change."""
    with refusals():
        return ExplanationAnswer.model_validate(desk_of(ctx).explainer.explain(symbol, since))


def get_decision(ctx: Context[Toolbox], decision: DecisionReference = "last") -> DecisionAnswer:
    """One decision in full: signal, indicator values, every gate with limit and observed value, outcome."""
    with refusals():
        row = desk_of(ctx).watch.decision(decision.lower())
    if row is None:
        raise refusal(
            RefusalCode.NOT_FOUND, f"no decision begins with {decision}; get_decisions lists the newest"
        )
    return DecisionAnswer.of(row)


def get_signal(ctx: Context[Toolbox], symbol: Symbol) -> SignalAnswer:
    """What the strategy said of a symbol last: action, strength, reasons, indicator values, gates, and what came of it."""
    name = upper(symbol)
    with refusals():
        watch = desk_of(ctx).watch
        rows = watch.decisions(limit=_DECISIONS_SEEN, symbol=name)
        now = watch.now()
    if not rows:
        raise refusal(
            RefusalCode.NOT_FOUND, f"there is no decision on {name}; get_status lists the symbols traded"
        )
    row = next((row for row in rows if row.action is not None and row.values), rows[0])
    return _signal(row, now)


def _signal(row: DecisionRow, now: datetime) -> SignalAnswer:
    return SignalAnswer(
        symbol=row.symbol,
        decision_id=row.id,
        decided_at=row.decided_at,
        age_s=(now - row.decided_at).total_seconds(),
        candle_time=row.signal_candle or row.last_candle,
        strategy=row.strategy,
        action=row.action,
        strength=row.strength,
        share=decimal_text(row.signal_share),
        reasons=[SignalReason(code=reason.code, text=reason.text) for reason in row.signal_reasons],
        indicator_values=dict(row.values),
        nearest_miss=row.nearest_miss,
        miss_distance=row.miss_distance,
        price=decimal_text(row.price),
        gates=[GateAnswer.of(gate) for gate in row.gates],
        blocking_gate=row.blocking_gate,
        outcome=row.outcome,
        reason=row.reason,
    )
