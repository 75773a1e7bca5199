"""A decision as a row, how far its symbol has come by it, and what an order's news makes of it."""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decisions import CycleKind, Decision, GateResult, Outcome, Reason
from binance_trade_agent.domain.records import DecisionRow
from binance_trade_agent.storage import models
from binance_trade_agent.storage.decision_counts import count_again
from binance_trade_agent.storage.decision_inputs import inputs_from_json, inputs_to_json

#: What a decision that was stored with an intent may come to say later.
_COMPLETED = (
    "reason_code",
    "reason",
    "strategy",
    "action",
    "strength",
    "signal_reasons",
    "signal_values",
    "signal_candle",
    "signal_share",
    "gates",
    "blocking_gate",
    "nearest_miss",
    "miss_distance",
    "price",
    "first_candle",
    "last_candle",
    "candles_seen",
    "step_ms",
    "inputs",
)


def add_decisions(transaction: Session, book_id: int, cycle_id: str, decisions: Iterable[Decision]) -> None:
    """Write decisions that are not stored yet, count them, and remember the newest candles they saw."""
    rows = [_decision_row(book_id, cycle_id, decision) for decision in decisions]
    cycle = transaction.get_one(models.Cycle, (book_id, cycle_id))
    for row in rows:
        row.scheduled = cycle.kind == CycleKind.SCHEDULED.value
    transaction.add_all(rows)
    transaction.execute(
        update(models.Book).filter_by(id=book_id).values(decisions=models.Book.decisions + len(rows))
    )
    _note_candles(transaction, book_id, rows)
    transaction.flush()
    count_again(transaction, book_id, [(row.symbol, row.decided_at) for row in rows if row.scheduled])


def complete_decision(transaction: Session, row: models.Decision, decision: Decision) -> None:
    """Let a stored decision say all that it says by now, but for its outcome and its order."""
    whole = _decision_row(row.book_id, row.cycle_id, decision)
    for column in _COMPLETED:
        setattr(row, column, getattr(whole, column))
    _note_candles(transaction, row.book_id, [row])
    _changed(transaction, row)


def complete_with_order(transaction: Session, row: models.Decision, decision: Decision) -> None:
    """Let a stored decision say all that it says by now, its outcome and its order too."""
    complete_decision(transaction, row, decision)
    row.outcome, row.client_order_id = decision.outcome.value, decision.client_order_id
    _changed(transaction, row)


def progress_rows(transaction: Session, book_id: int) -> dict[str, models.SymbolProgress]:
    """Symbol -> how far its decisions have come."""
    query = select(models.SymbolProgress).filter_by(book_id=book_id)
    return {row.symbol: row for row in transaction.scalars(query)}


def note_entry(transaction: Session, book_id: int, symbol: str, candle: datetime | None) -> None:
    """Remember that the exchange has an order decided on at this candle."""
    if candle is None:
        return
    row = transaction.get(models.SymbolProgress, (book_id, symbol))
    if row is None:
        transaction.add(models.SymbolProgress(book_id=book_id, symbol=symbol, last_entry_candle=candle))
    elif row.last_entry_candle is None or row.last_entry_candle < candle:
        row.last_entry_candle = candle


def set_outcome(
    transaction: Session, book_id: int, decision_id: str, outcome: Outcome, reason: Reason | None
) -> None:
    """Let an order's news reach its decision; without `reason` the stored one stays."""
    row = transaction.get_one(models.Decision, (book_id, decision_id))
    row.outcome = outcome.value
    if reason is not None:
        row.reason_code, row.reason = reason.code, reason.text
    _changed(transaction, row)


def finish_decision(transaction: Session, row: models.Decision, decision: Decision) -> None:
    """Complete a row written with an order's intent from the cycle's report.

    What the journal has learned of the decision's order since stands against an outcome reported earlier.
    """
    reason = row.reason_code, row.reason
    complete_decision(transaction, row, decision)
    if row.client_order_id is None or row.outcome in {Outcome.UNKNOWN.value, decision.outcome.value}:
        row.outcome = decision.outcome.value
    else:
        row.reason_code, row.reason = reason
    _changed(transaction, row)


def shown(row: models.Decision, cycle_number: int) -> DecisionRow:
    """A row as people see it."""
    return DecisionRow(
        id=row.id,
        cycle_id=row.cycle_id,
        cycle_number=cycle_number,
        symbol=row.symbol,
        decided_at=row.decided_at,
        action=row.action,
        strength=row.strength,
        strategy=row.strategy,
        outcome=row.outcome,
        reason_code=row.reason_code,
        reason=row.reason,
        nearest_miss=row.nearest_miss,
        # JSON has no NaN: what was NaN came back as null
        values={name: math.nan if value is None else value for name, value in row.signal_values.items()},
        gates=tuple(GateResult(**gate) for gate in row.gates),
        blocking_gate=row.blocking_gate,
        price=row.price,
        first_candle=row.first_candle,
        last_candle=row.last_candle,
        candles_seen=row.candles_seen,
        client_order_id=row.client_order_id,
        step_ms=row.step_ms,
        miss_distance=row.miss_distance,
        signal_reasons=tuple(Reason(**reason) for reason in row.signal_reasons),
        signal_candle=row.signal_candle,
        signal_share=row.signal_share,
        inputs=inputs_from_json(row.inputs),
    )


def _changed(transaction: Session, row: models.Decision) -> None:
    if row.scheduled:
        count_again(transaction, row.book_id, [(row.symbol, row.decided_at)])


def _note_candles(transaction: Session, book_id: int, rows: Iterable[models.Decision]) -> None:
    seen = {row.symbol: row.last_candle for row in rows if row.last_candle is not None}
    if not seen:
        return
    progress = progress_rows(transaction, book_id)
    for symbol, candle in seen.items():
        row = progress.get(symbol)
        if row is None:
            transaction.add(models.SymbolProgress(book_id=book_id, symbol=symbol, last_candle=candle))
        elif row.last_candle is None or row.last_candle < candle:
            row.last_candle = candle


def _decision_row(book_id: int, cycle_id: str, decision: Decision) -> models.Decision:
    signal, miss = decision.signal, decision.nearest_miss
    return models.Decision(
        book_id=book_id,
        id=decision.id,
        cycle_id=cycle_id,
        symbol=decision.symbol,
        decided_at=decision.decided_at,
        outcome=decision.outcome.value,
        reason_code=decision.reason.code,
        reason=decision.reason.text,
        strategy=signal.strategy if signal else None,
        action=signal.action.value if signal else None,
        strength=signal.strength if signal else None,
        signal_reasons=[{"code": reason.code, "text": reason.text} for reason in signal.reasons]
        if signal
        else [],
        signal_values=dict(signal.values) if signal else {},
        signal_candle=signal.candle_time if signal else None,
        signal_share=signal.share if signal else None,
        gates=_gate_list(decision),
        blocking_gate=decision.blocking_gate,
        nearest_miss=miss.text if miss else None,
        # a distance that does not compare is none
        miss_distance=miss.distance if miss and math.isfinite(miss.distance) else None,
        price=decision.price,
        first_candle=decision.first_candle,
        last_candle=decision.last_candle,
        candles_seen=decision.candles_seen,
        client_order_id=decision.client_order_id,
        step_ms=dict(decision.step_ms),
        inputs=inputs_to_json(decision.inputs),
    )


def _gate_list(decision: Decision) -> list[Any]:
    return [
        {
            "gate": gate.gate,
            "passed": gate.passed,
            "limit": gate.limit,
            "observed": gate.observed,
            "text": gate.text,
        }
        for gate in decision.gates
    ]
