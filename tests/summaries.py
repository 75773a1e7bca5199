"""Summaries of decisions, as storage would count them, and the circumstances around them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.circumstances import Circumstances, Condition
from binance_trade_agent.domain.decision_summary import DecisionSummary, ReasonCount
from binance_trade_agent.domain.decisions import ControlSnapshot, GateResult, Reason, TradingState
from binance_trade_agent.domain.records import (
    CycleRow,
    DecisionRow,
    OrderRow,
)
from tests.fakes import START

SINCE = START - timedelta(hours=24)
RUNNING = ControlSnapshot(TradingState.RUNNING, "first start", "system", SINCE)


def count_of(
    number: int,
    code: str,
    text: str,
    *,
    symbol: str = "BTCUSDT",
    action: str | None = "HOLD",
    outcome: str = "held",
    gate: str | None = None,
    nearest: tuple[float, str] | None = None,
    last_at: datetime = START - timedelta(minutes=1),
) -> ReasonCount:
    """`number` decisions that ended alike; with a `gate`, BUY signals that it refused."""
    if gate is not None and outcome == "held":
        outcome, action = "refused", "BUY" if action == "HOLD" else action
    return ReasonCount(
        symbol=symbol,
        action=action,
        outcome=outcome,
        code=code,
        gate=gate,
        count=number,
        first_at=last_at - timedelta(hours=23),
        last_at=last_at,
        text=text,
        nearest=nearest[0] if nearest else None,
        nearest_text=nearest[1] if nearest else None,
        nearest_at=last_at if nearest else None,
    )


def decision_of(
    *,
    symbol: str = "BTCUSDT",
    action: str | None = "HOLD",
    outcome: str = "held",
    reason: Reason = Reason("quiet", "nothing to do"),  # noqa: B008 - frozen
    gates: Sequence[GateResult] = (),
    decision_id: str = "d1",
    at: datetime = START - timedelta(minutes=1),
    signal_reasons: tuple[Reason, ...] = (),
) -> DecisionRow:
    """A decision at the end of the time."""
    return DecisionRow(
        id=decision_id,
        cycle_id="c9",
        cycle_number=9,
        symbol=symbol,
        decided_at=at,
        action=action,
        strength=1.0,
        strategy="rsi_momentum",
        outcome=outcome,
        reason_code=reason.code,
        reason=reason.text,
        nearest_miss=None,
        values={"close": 100.5, "rsi": 31.25},
        gates=tuple(gates),
        blocking_gate=next((gate.gate for gate in gates if not gate.passed), None),
        price=Decimal("100.50"),
        first_candle=at - timedelta(minutes=2),
        last_candle=at - timedelta(minutes=1),
        candles_seen=2,
        client_order_id=None,
        step_ms={"signal": 1.25},
        signal_reasons=signal_reasons,
    )


def gate(name: str, passed: bool, limit: str, observed: str, text: str = "") -> GateResult:
    """A gate's result."""
    return GateResult(name, passed, limit, observed, text or f"{name} saw {observed}, allows {limit}")


def order_of(
    number: int,
    side: str = "BUY",
    *,
    symbol: str = "BTCUSDT",
    status: str = "FILLED",
    reason: str = "",
    at: datetime = START - timedelta(minutes=5),
) -> OrderRow:
    """An order of 0.5 at 100.4, traded in full if it is FILLED."""
    filled = status == "FILLED"
    return OrderRow(
        client_order_id=f"bta-{number}",
        exchange_order_id=number,
        symbol=symbol,
        side=side,
        order_type="MARKET",
        purpose="entry" if side == "BUY" else "exit",
        quantity=Decimal("0.50"),
        executed=Decimal("0.50") if filled else Decimal(0),
        quote_executed=Decimal("50.20") if filled else Decimal(0),
        average_price=Decimal("100.40") if filled else None,
        status=status,
        reason=reason,
        decision_id=f"d{number}",
        created_at=at,
        updated_at=at,
    )


def summary_of(
    *counts: ReasonCount,
    cycles: int | None = None,
    latest: Iterable[DecisionRow] = (),
    blocked: Iterable[DecisionRow] = (),
    orders: Sequence[OrderRow] = (),
    protection: Sequence[OrderRow] = (),
    asked: Sequence[OrderRow] = (),
) -> DecisionSummary:
    """What was decided in the 24 hours before `START`."""
    symbols = {count.symbol for count in counts}
    most = sum(count.count for count in counts) // max(len(symbols), 1)
    return DecisionSummary(
        since=SINCE,
        until=START,
        cycles=most if cycles is None else cycles,
        counts=counts,
        sent=len(orders),
        filled=sum(1 for order in orders if order.executed),
        latest={row.symbol: row for row in latest},
        latest_blocked={row.symbol: row for row in blocked},
        orders=tuple(orders),
        protection=tuple(protection),
        filled_of=Counter(order.symbol for order in orders if order.executed),
        reached=len(protection),
        asked=tuple(asked),
        asked_filled=len(asked),
    )


def around(
    *,
    symbol: str | None = None,
    control: ControlSnapshot = RUNNING,
    trader: Condition | None = None,
    last_cycle: CycleRow | None = None,
    settings: dict[str, str] | None = None,
    locked: dict[str, str] | None = None,
    guards: dict[str, str] | None = None,
    settings_since: datetime | None = None,
    placed: Iterable[DecisionRow] = (),
    resting: Iterable[str] = (),
) -> Circumstances:
    """A trader of BTCUSDT and ETHUSDT that runs."""
    return Circumstances(
        now=START,
        symbol=symbol,
        traded=("BTCUSDT", "ETHUSDT"),
        control=control,
        trader=trader,
        last_cycle=last_cycle,
        settings=settings or {},
        locked=locked or {},
        guards=guards or {},
        settings_since=settings_since,
        placed={row.id: row for row in placed},
        resting=frozenset(resting),
    )
