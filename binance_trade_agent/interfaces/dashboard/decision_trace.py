"""One decision in full: what the strategy said, every gate in order, what came of it."""

from collections.abc import Mapping

from dash import dcc
from dash.development.base_component import Component

from binance_trade_agent.domain.decisions import GateResult
from binance_trade_agent.domain.records import DecisionRow, OrderRow
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    attributes,
    percent,
    price,
    quantity,
)
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.queries import address
from binance_trade_agent.interfaces.desks import Desk

_DIGITS = 6


def trace(desk: Desk, reference: str, close: str) -> Component:
    """The decision whose id is `reference`; `close` is the address without it.

    Raises:
        StorageError: the database cannot be read.
        ConfigurationError: several ids begin so.
    """
    found = desk.watch.decision(reference)
    aside = [dcc.Link("Close", href=close, className="act small")]
    if found is None:
        body: Component = empty_state("There is no such decision.", ["It may belong to another book."])
        return card("Decision", body, aside=aside)
    order = desk.watch.order(found.client_order_id) if found.client_order_id else None
    parts = [
        _figures(found),
        html.Div([_said(found), html.Div([_order(found, order), _values(found)])], className="told"),
        *_gates(found),
        _steps(found),
    ]
    return card(f"Decision on {found.symbol}", html.Div(parts), aside=[moment(found.decided_at), *aside])


def shown_value(value: float) -> str:
    """An indicator's value to six significant digits, large ones to two places."""
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.{_DIGITS}g}"


def values_list(values: Mapping[str, float]) -> Component:
    """Indicators with their values, exact ones on hover."""
    pairs = [
        html.Div([html.Dt(name), html.Dd(shown_value(value), title=repr(value))])
        for name, value in values.items()
    ]
    return html.Dl(pairs, className="values")


def _figures(row: DecisionRow) -> Component:
    # a share of the price, or of the indicator's scale: often far below a hundredth
    distance = "" if row.miss_distance is None else f"{row.miss_distance * 100:.4f} %"
    strength = "" if row.strength is None else f"strength {row.strength:.2f}"
    shown = [
        _fact("Signal", badges.action(row.action), strength),
        _fact("Outcome", badges.outcome(row.outcome), row.reason_code),
        _fact("Price", price(row.price), "middle of the book"),
        _fact("Nearest miss", distance or ABSENT, row.nearest_miss or ""),
        figure("Cycle", f"{row.cycle_number:,}", note=f"{row.candles_seen} new candles"),
    ]
    return html.Dl(shown, className="figures plain")


def _fact(label: str, value: Child, under: str) -> Component:
    return html.Div(
        [
            html.Dt(label),
            html.Dd(html.Span(value, className="value")),
            html.Dd(under or "\u00a0", className="figure-note", title=under),
        ],
        className="figure",
    )


def _said(row: DecisionRow) -> Component:
    dry = [note("info", "It was only asked what would happen: nothing was sent.")] if _is_dry(row) else []
    reasons = [html.Li(reason.text, title=reason.code) for reason in row.signal_reasons]
    by = [html.P(f"by {row.strategy}", className="quiet-text")] if row.strategy else []
    said = [html.H3("What the strategy said"), *by, html.Ul(reasons, className="said")] if reasons else by
    return html.Div([*dry, html.P(html.Strong(row.reason)), *said], className="card-body")


def _is_dry(row: DecisionRow) -> bool:
    return row.inputs is not None and row.inputs.dry_run


def _order(row: DecisionRow, order: OrderRow | None) -> Component:
    if row.client_order_id is None:
        return html.Div()
    link = dcc.Link(row.client_order_id, href=address("/orders", {"id": row.client_order_id}))
    done: list[Child] = []
    if order is not None:
        executed = percent(order.executed, order.quantity)
        what = f" {quantity(order.quantity)} {order.symbol} ({order.purpose}), {executed} executed, "
        done = [html.P([badges.action(order.side), what, badges.order_status(order)])]
    return html.Div([html.H3("Its order"), html.P(link), *done], className="card-body")


def _values(row: DecisionRow) -> Component:
    if not row.values:
        return html.Div()
    return html.Div([html.H3("Indicators it saw"), values_list(row.values)], className="card-body")


def _gates(row: DecisionRow) -> list[Component]:
    columns: list[Column[tuple[int, GateResult]]] = [
        Column("Order", lambda each: str(each[0]), numeric=True, value=lambda each: each[0]),
        Column(
            "Gate", lambda each: html.Strong(each[1].gate.replace("_", " ")), value=lambda each: each[1].gate
        ),
        Column("Passed", lambda each: _passed(each[1], row), value=lambda each: int(each[1].passed)),
        Column("Observed", lambda each: each[1].observed),
        Column("Limit", lambda each: each[1].limit),
        Column("In words", lambda each: each[1].text, wide=True),
    ]
    if not row.gates:
        return []
    rows = list(enumerate(row.gates, start=1))
    shown = table("decisions-gates", "Risk gates in order", columns, rows, empty=html.Div())
    stopped = sum(1 for gate in row.gates if not gate.passed)
    words = f"Risk gates in order: {len(rows)} asked, {stopped} blocked"
    return [html.H3(words), shown]


def _passed(gate: GateResult, row: DecisionRow) -> Component:
    if gate.passed:
        return badges.badge("passed", "good", "✓")
    return badges.badge("blocked first" if gate.gate == row.blocking_gate else "blocked", "bad", "✕")


def _steps(row: DecisionRow) -> Component:
    if not row.step_ms:
        return html.Div()
    steps = " · ".join(f"{name} {took:.1f} ms" for name, took in row.step_ms.items())
    return html.P(
        ["Own time of each step: ", steps], className="card-body quiet-text", **attributes(data_part="steps")
    )
