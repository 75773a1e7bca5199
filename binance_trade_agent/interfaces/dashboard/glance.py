"""What is always visible: the figures in a row, the control state, and the pulse that the browser's clock reads."""

from collections.abc import Mapping
from datetime import datetime

from dash import html
from dash.development.base_component import Component

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.interfaces.dashboard.formats import ABSENT, amount, direction, percent, signed_amount
from binance_trade_agent.interfaces.dashboard.snapshot import Snapshot
from binance_trade_agent.telemetry.health import TraderCondition

#: How early a status is named beside the number of orders; what is not resolved comes first.
_FIRST_STATUSES = ("UNKNOWN", "INTENT", "OPEN", "PARTIALLY_FILLED", "FILLED", "REJECTED")

_STATES = {
    TradingState.RUNNING: ("Entries allowed", "good"),
    TradingState.PAUSED: ("Paused", "warn"),
    TradingState.ENTRIES_HALTED: ("Entries halted", "warn"),
    TradingState.HALTED: ("Halted", "bad"),
}

Pulse = dict[str, str | int | float | None]


def figures(snapshot: Snapshot) -> list[Component]:
    """The row of key figures."""
    status, quote = snapshot.status, snapshot.quote
    equity = status.equity
    total, cash = (equity.total, equity.cash) if equity else (None, None)
    put_in = total - status.profit if total is not None and status.profit is not None else ZERO
    profit_share = percent(status.profit, put_in, signed=True) if status.profit is not None else ""
    exposure_share = f"{percent(status.exposure, total)} of equity" if total else ""
    cash_share = f"{percent(cash, total)} of equity" if cash is not None and total else ""
    return [
        _figure("Equity", amount(total, quote), quote, f"{amount(put_in, quote)} put in" if total else ""),
        _figure(
            "Profit",
            signed_amount(status.profit, quote),
            quote,
            profit_share,
            style=direction(status.profit, quote),
        ),
        _figure("Exposure", amount(status.exposure if equity else None, quote), quote, exposure_share),
        _figure("Cash", amount(cash, quote), quote, cash_share),
        _figure(
            "Open positions",
            str(len(snapshot.open_positions)),
            "",
            ", ".join(position.symbol for position in snapshot.open_positions),
        ),
        _figure("Cycles", f"{status.cycles:,}", "", f"{status.decisions:,} decisions"),
        _figure(
            "Orders",
            f"{sum(status.orders_by_status.values()):,}",
            "",
            _by_status(status.orders_by_status),
        ),
    ]


def control(status: AgentStatus) -> list[Component]:
    """The control state with who set it and why."""
    word, style = _STATES[status.control.state]
    why = (
        "" if status.control.state.entries_allowed else f"by {status.control.actor}: {status.control.reason}"
    )
    return [html.Span(word, className=f"state {style}"), html.Span(why, className="why")]


def plan(status: AgentStatus) -> str:
    """What decides on what, and how often."""
    symbols = ", ".join(status.symbols[:4]) + (
        f" and {len(status.symbols) - 4} more" if len(status.symbols) > 4 else ""
    )
    rule = f"{'by' if symbols else 'what fits'} {status.symbol_rule}" if status.symbol_rule else ""
    return f"{status.strategy} on {' '.join(filter(None, (symbols, rule)))}, every {status.interval_s:g} s"


def may_pause(status: AgentStatus) -> bool:
    """Whether pausing would change anything."""
    return status.control.state is TradingState.RUNNING


def pulse(status: AgentStatus) -> Pulse:
    """The health verdict, and the moments from which the browser counts ages and the countdown (ms since 1970)."""
    cycle, health = status.last_cycle, status.health
    cycling = health.condition is TraderCondition.CYCLING
    return {
        "word": health.condition.value.capitalize(),
        "tone": "good" if cycling else ("plain" if health.healthy else "bad"),
        # a healthy verdict's sentence is an age, which the browser counts itself
        "text": "" if health.healthy else health.text,
        "cycle": cycle.number if cycle else None,
        "cycle_at": _ms(cycle.started_at) if cycle else None,
        "due_at": _ms(status.next_cycle_due) if status.next_cycle_due and cycling else None,
        "interval_ms": status.interval_s * 1000,
    }


def unreadable_pulse() -> Pulse:
    """The pulse when the database cannot be read."""
    return {
        "word": "Unreadable",
        "tone": "bad",
        "text": "the database cannot be read",
        "cycle": None,
        "cycle_at": None,
        "due_at": None,
        "interval_ms": 0,
    }


def _figure(label: str, value: str, unit: str, note: str, *, style: str = "") -> Component:
    shown_unit = [html.Span(unit, className="unit")] if unit and value != ABSENT else []
    return html.Div(
        [
            html.Dt(label),
            html.Dd([html.Span(value, className="value"), *shown_unit], className=style),
            html.Dd(note or "\u00a0", className="note", title=note),
        ],
        className="figure",
    )


def _by_status(counts: Mapping[str, int]) -> str:
    names = [name for name in _FIRST_STATUSES if name in counts]
    names += sorted(counts.keys() - set(names))
    words = [f"{counts[name]:,} {name.replace('_', ' ').lower()}" for name in names]
    return " · ".join(words[:3])


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
