"""What a reason that was recorded comes to now: what it says is of its time, and a person asks about the present. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from binance_trade_agent.domain.circumstances import Circumstances
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.decisions import GateResult, SignalAction
from binance_trade_agent.domain.ranked_reasons import RankedReason
from binance_trade_agent.domain.records import DecisionRow

ENTRY_RESTS = "entry_rests"
_COOLDOWN, _LOSS_COOLDOWN = "cooldown", "loss_cooldown"
_OVER = "It holds no longer: no entry rests"
_BY_HAND = "A person asked for it: `cancel` ends it, or its time does; meanwhile nothing else of the symbol is bought"
_BY_STRATEGY = (
    "A limit order waits for its price, and meanwhile nothing else of it is bought: `cancel` ends it, or its time does."
    " The strategy's own come of ENTRY_ORDER_TYPE=limit; with market it buys at once"
)


def as_of_now(reason: RankedReason, summary: DecisionSummary, around: Circumstances) -> RankedReason:
    """The reason with what its sentence leaves out: a longer rest, the strategy's own words, that it is over."""
    if reason.code == _COOLDOWN:
        row = summary.latest_blocked.get(reason.symbol)
        longer = _longer_rest(row.gates) if row is not None and row.blocking_gate == _COOLDOWN else None
        if longer is not None:
            return replace(reason, text=f"{reason.text}, and {longer.limit} after a loss ({_LOSS_COOLDOWN})")
    if reason.code == ENTRY_RESTS:
        over = "" if _rests(reason, around) else "; it rests no longer"
        return replace(reason, text=f"{reason.text}{over}{_own_words(reason, summary.latest)}")
    return reason


def rest_advice(first: GateResult, others: tuple[GateResult, ...]) -> str:
    """What the rest after a sale must say where that after a loss is the longer one; else empty."""
    if _longer_rest((first, *others)) is None:
        return ""
    return "It was sold at a loss: the longer rest counts, that of loss_cooldown"


def resting_advice(reason: RankedReason, around: Circumstances) -> str:
    """What ends an entry that rests, by who asked for it; that it is over where none rests any more."""
    if not _rests(reason, around):
        return _OVER
    return _BY_STRATEGY if around.settings.get("ENTRY_ORDER_TYPE", "market") == "limit" else _BY_HAND


def _longer_rest(gates: tuple[GateResult, ...]) -> GateResult | None:
    """The rest after a loss, where it blocks besides that after a sale and for longer."""
    failed = {gate.gate: gate for gate in gates if not gate.passed}
    first, longer = failed.get(_COOLDOWN), failed.get(_LOSS_COOLDOWN)
    return longer if first and longer and _candles(longer) > _candles(first) else None


def _candles(gate: GateResult) -> int:
    number = gate.limit.partition(" ")[0]
    return int(number) if number.isdecimal() else 0


def _rests(reason: RankedReason, around: Circumstances) -> bool:
    return bool(around.resting & set(reason.symbols))


def _own_words(reason: RankedReason, latest: Mapping[str, DecisionRow]) -> str:
    """What the strategy said at the newest of these decisions, whatever waited; empty where a newer one is known."""
    row = latest.get(reason.symbol)
    if row is None or row.decided_at != reason.last_at or not row.signal_reasons:
        return ""
    wanted = "" if row.action in (None, SignalAction.HOLD) else f"{row.action}, "
    return f"; the strategy itself said: {wanted}{row.signal_reasons[0].text}"
