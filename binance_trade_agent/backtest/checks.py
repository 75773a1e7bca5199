"""Compares what a decision recorded with what came out again, field by field."""

import math
from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal

from binance_trade_agent.backtest.replay_report import Difference, Tally, shown
from binance_trade_agent.domain.decisions import Approved, GateResult, Outcome, Reason, RiskVerdict, Signal
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.money import product, to_wire
from binance_trade_agent.domain.orders import Fill, Purpose
from binance_trade_agent.domain.records import DecisionRow, OrderRow

_GATE_FIELDS = tuple(field.name for field in fields(GateResult) if field.name != "gate")

#: Gates that sessions of an earlier version have not recorded.
_ADDED = frozenset({"reduce_only"})

#: What the exchange's eight decimals leave of a product.
_ROUNDING = Decimal("0.00000001")

#: How an approved order may end without having been written: the kill switch, a symbol that was made
#: reduce-only meanwhile, protection that traded, or a dry run.
_UNSENT = frozenset(
    {
        (Outcome.HALTED, "halted"),
        (Outcome.REFUSED, "reduce_only"),
        (Outcome.UNRESOLVED, "protection_in_the_way"),
        (Outcome.DRY_RUN, "dry_run"),
    }
)


def check_fills(tally: Tally, fills: Iterable[Fill]) -> None:
    """Whether each fill's value is its price times its quantity, as far as exchanges round it."""
    for fill in fills:
        tally.checked["fills"] += 1
        value = product(fill.price, fill.quantity)
        if abs(value - fill.quote_quantity) > _ROUNDING:
            stored = f"trade {fill.trade_id}: {to_wire(fill.quote_quantity)}"
            tally.note(Difference(0, fill.symbol, "", "fill", stored, to_wire(value)))


def check_seen(tally: Tally, row: DecisionRow, snapshot: MarketSnapshot) -> None:
    """The price, and which candles the decision says it was the first to see."""
    tally.compare(row, "price", row.price, snapshot.price)
    if not row.candles_seen:
        return
    fresh = snapshot.candles[-row.candles_seen :]
    tally.compare(row, "candles seen", row.candles_seen, len(fresh))
    tally.compare(row, "first candle", row.first_candle, fresh[0].open_time)
    tally.compare(row, "last candle", row.last_candle, fresh[-1].open_time)


def check_marks(tally: Tally, row: DecisionRow, before: LossMarks | None, now: LossMarks | None) -> None:
    """Marks that follow one another: within a count the peak never falls, and a day keeps what it began with."""
    if before is None or now is None or before.since != now.since:
        return
    tally.checked["loss marks"] += 1
    if now.peak_profit < before.peak_profit:
        tally.differ(row, "marks: peak", to_wire(now.peak_profit), f"{to_wire(before.peak_profit)} or more")
    if now.day < before.day:
        tally.differ(row, "marks: day", str(now.day), f"{before.day} or later")
    if now.day == before.day:
        tally.compare(row, "marks: profit at the day's beginning", now.day_profit, before.day_profit)
        tally.compare(row, "marks: equity at the day's beginning", now.day_equity, before.day_equity)


def check_signal(tally: Tally, row: DecisionRow, signal: Signal) -> None:
    """Every field of the signal."""
    tally.checked["signals"] += 1
    miss = signal.nearest_miss
    for name, stored, recomputed in (
        ("strategy", row.strategy, signal.strategy),
        ("action", row.action, signal.action.value),
        ("strength", row.strength, signal.strength),
        ("share", row.signal_share, signal.share),
        ("signal candle", row.signal_candle, signal.candle_time),
        ("nearest miss", row.nearest_miss, miss.text if miss else None),
        # a distance that does not compare is stored as none
        (
            "miss distance",
            row.miss_distance,
            miss.distance if miss and math.isfinite(miss.distance) else None,
        ),
    ):
        tally.compare(row, name, stored, recomputed)
    _check_reasons(tally, row, signal.reasons)
    for name in sorted({*row.values, *signal.values}):
        tally.checked["indicator values"] += 1
        tally.compare(row, f"value {name}", row.values.get(name), signal.values.get(name))


def _check_reasons(tally: Tally, row: DecisionRow, reasons: tuple[Reason, ...]) -> None:
    if not tally.compare(row, "reasons", len(row.signal_reasons), len(reasons)):
        return
    for place, (stored, again) in enumerate(zip(row.signal_reasons, reasons, strict=True), 1):
        tally.compare(row, f"reason {place}", _said(stored), _said(again))


def check_gates(tally: Tally, row: DecisionRow, gates: tuple[GateResult, ...]) -> None:
    """Every field of every gate, and their order."""
    stored_names = [gate.gate for gate in row.gates]
    # an earlier version did not ask it, and what it asks about did not exist
    gates = tuple(
        gate for gate in gates if not (gate.passed and gate.gate in _ADDED and gate.gate not in stored_names)
    )
    names = [gate.gate for gate in gates]
    if not tally.compare(row, "gates", ", ".join(stored_names), ", ".join(names)):
        return
    for stored, again in zip(row.gates, gates, strict=True):
        tally.checked["gates"] += 1
        for name in _GATE_FIELDS:
            tally.compare(row, f"gate {again.gate}: {name}", getattr(stored, name), getattr(again, name))


def check_held(tally: Tally, row: DecisionRow, signal: Signal) -> None:
    """How a signal without an order ends."""
    check_end(tally, row, Outcome.HELD, signal.reasons[0])


def check_end(tally: Tally, row: DecisionRow, outcome: Outcome, reason: Reason) -> None:
    """Outcome and reason."""
    tally.compare(row, "outcome", row.outcome, outcome.value)
    tally.compare(row, "reason", _said(Reason(row.reason_code, row.reason)), _said(reason))


def check_verdict(tally: Tally, row: DecisionRow, verdict: RiskVerdict, order: OrderRow | None) -> None:
    """Whether the verdict, and the order if there is one, are what came of the decision."""
    tally.checked["verdicts"] += 1
    if isinstance(verdict, Approved):
        check_order(tally, row, order, verdict)
        return
    gate = verdict.blocking
    outcome = Outcome.HALTED if gate.gate == "halted" else Outcome.REFUSED
    check_end(tally, row, outcome, Reason(gate.gate, gate.text))
    check_order(tally, row, order, None)


def check_order(tally: Tally, row: DecisionRow, order: OrderRow | None, approved: Approved | None) -> None:
    """The entry or exit in the journal against the approved one; None where there must be none."""
    if order is None:
        tally.compare(row, "order id", row.client_order_id, None)
        if approved is not None and (row.outcome, row.reason_code) not in _UNSENT:
            tally.differ(row, "order", "none", f"{approved.side} {shown(approved.quantity)}")
        return
    if approved is None:
        tally.differ(row, "order", f"{order.side} {shown(order.quantity)}", "none")
        return
    tally.checked["orders"] += 1
    for name, stored, recomputed in (
        ("id", row.client_order_id, order.client_order_id),
        ("symbol", order.symbol, approved.symbol),
        ("side", order.side, approved.side.value),
        ("type", order.order_type, approved.order_type.value),
        ("quantity", order.quantity, approved.quantity),
        ("price", order.price, approved.price),
        ("purpose", order.purpose, approved.purpose.value),
    ):
        tally.compare(row, f"order {name}", stored, recomputed)


def decided_orders(orders: tuple[OrderRow, ...]) -> dict[str, OrderRow]:
    """Decision -> the entry or exit it led to; protection is no decision's order."""
    purposes = {Purpose.ENTRY.value, Purpose.EXIT.value}
    return {order.decision_id: order for order in orders if order.purpose in purposes}


def _said(reason: Reason) -> str:
    return f"{reason.code}: {reason.text}"
