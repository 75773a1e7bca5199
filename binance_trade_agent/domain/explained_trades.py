"""Why it did trade: the orders of a time with the signal behind each, the gates, the price and the protection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.circumstances import Circumstances
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import OrderStatus, Purpose, Side
from binance_trade_agent.domain.phrases import counted
from binance_trade_agent.domain.records import (
    DecisionRow,
    OrderRow,
)

_PRICE = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Trade:
    """An entry or exit order and why it was placed, or protection and why it traded.

    `why` is the signal's first reason, `values` the indicators it saw; `gates_passed` counts the risk
    gates. `protection` says what guards the position now, None where nothing is known of it. `text` is all of
    it in one sentence.
    """

    at: datetime
    symbol: str
    side: str
    status: str
    quantity: Decimal
    executed: Decimal
    average_price: Decimal | None
    strategy: str | None
    why: str
    values: Mapping[str, float]
    gates_passed: int
    protection: str | None
    client_order_id: str
    decision_id: str
    text: str


def trades_of(summary: DecisionSummary, around: Circumstances) -> tuple[Trade, ...]:
    """The summary's orders, and the stops and targets that traded, newest first."""
    guarded: set[str] = set()
    trades = []
    for order in sorted((*summary.orders, *summary.asked), key=_begun, reverse=True):
        # what guards a position now belongs to its newest entry
        is_newest_entry = order.purpose == Purpose.ENTRY and order.symbol not in guarded
        if is_newest_entry and order.executed:
            guarded.add(order.symbol)
        protection = around.guards.get(order.symbol) if is_newest_entry else None
        trades.append(_trade(order, around.placed.get(order.decision_id), protection))
    trades += [_by_protection(order) for order in summary.protection]
    return tuple(sorted(trades, key=lambda trade: trade.at, reverse=True))


def _begun(order: OrderRow) -> datetime:
    return order.created_at


def was_asked_for(row: DecisionRow | None) -> bool:
    """Whether a person chose the side, not a strategy or the protection."""
    return row is not None and any(reason.code == "requested" for reason in row.signal_reasons)


def _trade(order: OrderRow, row: DecisionRow | None, protection: str | None) -> Trade:
    why = row.signal_reasons[0].text if row and row.signal_reasons else ""
    if row is not None and was_asked_for(row):
        why = f"asked for by {row.strategy}"
    return Trade(
        at=order.created_at,
        symbol=order.symbol,
        side=order.side,
        status=order.status,
        quantity=order.quantity,
        executed=order.executed,
        average_price=order.average_price,
        strategy=row.strategy if row else None,
        why=why,
        values=row.values if row else {},
        gates_passed=sum(gate.passed for gate in row.gates) if row else 0,
        protection=protection,
        client_order_id=order.client_order_id,
        decision_id=order.decision_id,
        text=_text(order, why),
    )


def _by_protection(order: OrderRow) -> Trade:
    """A stop or target, which trades without a decision of its own."""
    level = order.stop_price if order.purpose == Purpose.STOP else order.price
    at = f" at {to_wire(level)}" if level is not None else ""
    why = f"the price reached its {order.purpose}{at}"
    return replace(_trade(order, None, None), at=order.updated_at, why=why, text=_text(order, why))


def _text(order: OrderRow, why: str) -> str:
    because = f", {'' if why.startswith('asked for') else 'because '}{why}" if why else ""
    verb = "bought" if order.side == Side.BUY else "sold"
    if order.executed:
        price = f" at {to_wire(order.average_price.quantize(_PRICE))}" if order.average_price else ""
        part = "" if order.executed == order.quantity else f" of {to_wire(order.quantity)}"
        return f"{verb} {to_wire(order.executed)}{part} {order.symbol}{price}{because}"
    what = f"{order.side} {to_wire(order.quantity)} {order.symbol}"
    if order.status in (OrderStatus.INTENT, OrderStatus.UNKNOWN):
        return f"{what}: sent, what became of it is not known yet{because}"
    if order.status == OrderStatus.OPEN:
        price = f" at {to_wire(order.price)}" if order.price is not None else ""
        return f"{what} waits at the exchange{price}{because}"
    told = f" ({order.reason})" if order.reason else ""
    return f"{what} did not trade: {order.status}{told}{because}"


def passed_text(trade: Trade) -> str:
    """How many gates it passed, in words; empty where they are not recorded."""
    return f"passed {counted(trade.gates_passed, 'gate')}" if trade.gates_passed else ""
