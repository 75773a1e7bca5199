"""Words with a glyph and a tone: never colour alone."""

from dash.development.base_component import Component

from binance_trade_agent.control.protections import is_at_rest
from binance_trade_agent.domain.records import DecisionRow, OrderRow
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, price
from binance_trade_agent.interfaces.dashboard.components.states import Child

_OUTCOMES = {
    "held": ("·", "quiet"),
    "placed": ("●", "good"),
    "refused": ("○", "warn"),
    "rejected": ("✕", "bad"),
    "unknown": ("?", "bad"),
    "unresolved_order": ("?", "bad"),
    "no_data": ("!", "warn"),
    "failed": ("✕", "bad"),
    "halted": ("■", "warn"),
    "interrupted": ("!", "warn"),
}
_ACTIONS = {"BUY": ("▲", "up"), "SELL": ("▼", "down"), "HOLD": ("", "quiet")}
_STATUSES = {
    "FILLED": ("", "good"),
    "REJECTED": ("✕", "bad"),
    "UNKNOWN": ("?", "bad"),
    "INTENT": ("?", "warn"),
    "CANCELED": ("", "quiet"),
    "EXPIRED": ("", "quiet"),
    "NOT_PLACED": ("", "quiet"),
}
_AT_REST = "at rest"


def badge(text: str, tone: str = "", glyph: str = "", *, title: str = "") -> Component:
    """`tone` is good, warn, bad, quiet, up or down."""
    return html.Span(f"{glyph} {text}".strip(), className=f"tag {tone}".strip(), title=title)


def pill(text: str, tone: str) -> Component:
    """A state that stands out: good, warn, bad or plain."""
    return html.Span(text, className=f"pill {tone}")


def action(word: str | None) -> Child:
    """BUY, SELL or HOLD with its glyph."""
    if word is None:
        return ABSENT
    glyph, tone = _ACTIONS.get(word, ("", ""))
    return badge(word, tone, glyph)


def outcome(word: str) -> Component:
    """How a decision ended."""
    glyph, tone = _OUTCOMES.get(word, ("", ""))
    return badge(word.replace("_", " "), tone, glyph)


def reason(decision: DecisionRow) -> Component:
    """Why a decision ended as it did, and how near it came to another end."""
    miss = decision.nearest_miss
    near = [html.Small(f"nearest: {miss}", className="under faded reason", title=miss)] if miss else []
    return html.Span([html.Span(decision.reason, title=decision.reason_code), *near])


def order_status(order: OrderRow) -> Component:
    """An order's status, and why where it says so."""
    glyph, tone = ("", "quiet") if is_at_rest(order) else _STATUSES.get(order.status, ("", ""))
    words = _AT_REST if is_at_rest(order) and not order.executed else order.status.replace("_", " ").lower()
    why = [html.Small(order.reason, className="under reason", title=order.reason)] if order.reason else []
    return html.Span([badge(words, tone, glyph), *why])


def side_and_purpose(order: OrderRow) -> Component:
    """BUY or SELL, and what for."""
    return html.Span([action(order.side), html.Small(order.purpose, className="under")])


def trigger(order: OrderRow) -> Child:
    """The prices an order waits for; empty for one that waits for none."""
    if order.stop_price is None:
        return price(order.price) if order.price is not None else ""
    limit = [html.Small(f"limit {price(order.price)}", className="under")] if order.price else []
    return html.Span([price(order.stop_price), *limit])


def waits_for(order: OrderRow) -> Child:
    """The same, in words for an order that waits for none."""
    return trigger(order) or "market"


def with_unit(text: str, unit: str) -> Component:
    """A number and its unit beside it."""
    return html.Span([text, html.Span(unit, className="unit")])
