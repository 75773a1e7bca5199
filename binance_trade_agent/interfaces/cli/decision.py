"""`decision`: one decision in full."""

from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.markup import escape

from binance_trade_agent.domain.decisions import GateResult, Outcome, SignalAction
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.phrases import counted
from binance_trade_agent.domain.records import DecisionRow, OrderRow
from binance_trade_agent.interfaces.cli.output import age, cell, console, print_json, prose, table
from binance_trade_agent.interfaces.cli.session import at_desk


def show_decision(reference: str, as_json: bool) -> None:
    """The decision whose id begins with `reference`, or the newest for `last`."""
    with at_desk() as (_, desk):
        row = desk.watch.decision(reference.strip().lower())
        order = None
        if row is not None and row.client_order_id is not None:
            orders = desk.watch.orders(limit=1000, symbol=row.symbol)
            order = next((found for found in orders if found.client_order_id == row.client_order_id), None)
    if row is None:
        typer.echo(f"no decision begins with {reference!r}: see `binance-trade-agent decisions`", err=True)
        raise typer.Exit(ExitCode.FAILURE)
    if as_json:
        print_json({"decision": row, "order": order})
        return
    draw_decision(row, order, console(), datetime.now(tz=UTC))


def draw_decision(row: DecisionRow, order: OrderRow | None, screen: Console, now: datetime) -> None:
    """Signal, gates, outcome, order and timings, in the order they came about."""
    for name, text in _head(row, now):
        _line(screen, name, text)
    if row.values:
        shown = ", ".join(f"{name} {value:.6g}" for name, value in row.values.items())
        _line(screen, "values", escape(shown))
    if row.gates:
        screen.print()
        draw_gates(row.gates, screen)
    elif row.outcome == Outcome.HELD and row.action == SignalAction.HOLD:
        _line(screen, "gates", "no gate was asked: the strategy wanted no order")
    if order is not None:
        screen.print()
        _line(screen, "order", _order_text(order))
    if row.step_ms:
        steps = ", ".join(f"{name} {value:.1f} ms" for name, value in row.step_ms.items())
        _line(screen, "took", escape(steps))


def _line(screen: Console, name: str, text: str) -> None:
    prose(screen, f"[bold]{name:<10}[/] {text}", hanging=11)


def draw_gates(gates: Sequence[GateResult], screen: Console) -> None:
    """All gates in order, each with a mark, what it saw and what it allows."""
    blocked = sum(not gate.passed for gate in gates)
    first = next((gate.gate for gate in gates if not gate.passed), None)
    title = (
        f"Gates: all {len(gates)} passed"
        if first is None
        else f"Gates: {blocked} of {len(gates)} block, first {first}"
    )
    table(
        title,
        ("", "gate", "observed", "limit", "what it says?"),
        [
            ("ok" if gate.passed else "BLOCK", gate.gate, gate.observed, gate.limit, gate.text)
            for gate in gates
        ],
        screen=screen,
    )
    for gate in gates:
        if not gate.passed:
            prose(screen, f"[bold]{gate.gate}[/]: {escape(gate.text)}", hanging=2)


def _head(row: DecisionRow, now: datetime) -> list[tuple[str, str]]:
    when = f"{row.decided_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {age(row.decided_at, now)} ago"
    lines = [
        ("decision", f"{row.id} (cycle {row.cycle_number:,})"),
        ("when", when),
        ("symbol", f"{row.symbol}" + (f" at {to_wire(row.price)}" if row.price is not None else "")),
        ("candles", _candles_text(row)),
        ("signal", _signal_text(row)),
    ]
    lines += [("", f"- {escape(reason.text)} ({reason.code})") for reason in row.signal_reasons]
    if row.nearest_miss:
        lines.append(("near miss", escape(row.nearest_miss)))
    lines.append(("outcome", f"{cell(row.outcome)}: {escape(row.reason)} ({row.reason_code})"))
    return lines


def _signal_text(row: DecisionRow) -> str:
    if row.action is None:
        return "none: the strategy was not asked"
    strength = "" if row.strength is None else f", strength {row.strength:.2f}"
    share = "" if row.signal_share in (None, 1) else f", {row.signal_share:f} of a usual order"
    return f"{cell(row.action)} by {escape(row.strategy or 'nobody')}{strength}{share}"


def _candles_text(row: DecisionRow) -> str:
    if row.first_candle is None or row.last_candle is None:
        return "no new one"
    span = f"{row.first_candle:%H:%M:%S}"
    if row.last_candle != row.first_candle:
        span += f" to {row.last_candle:%H:%M:%S}"
    return f"{counted(row.candles_seen, 'new one')}, opened {span} UTC"


def _order_text(order: OrderRow) -> str:
    price = f" at {to_wire(round(order.average_price, 8))}" if order.average_price is not None else ""
    traded = f"{to_wire(order.executed)} of {to_wire(order.quantity)} traded{price}"
    told = f": {escape(order.reason)}" if order.reason else ""
    return f"{order.side} {order.order_type} {cell(order.status)}{told}, {traded} ({order.client_order_id})"
