"""The page's tables and lists, from a snapshot."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from binance_trade_agent.control.protections import Protection, is_at_rest
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import DecisionRow, FillRow, OrderRow
from binance_trade_agent.interfaces.dashboard.formats import (
    ABSENT,
    amount,
    attributes,
    direction,
    percent,
    price,
    quantity,
    signed_amount,
    time_of_day,
)
from binance_trade_agent.interfaces.dashboard.snapshot import Snapshot
from binance_trade_agent.interfaces.dashboard.tables import Child, Column, table

#: A word, its glyph and its style: never colour alone.
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
_HUNDRED = Decimal(100)

_NEAREST_MISS: Column[DecisionRow] = Column("Nearest miss", lambda d: d.nearest_miss or "", wide=True)


def positions(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    """What is held, with its gain at the price of the newest decision."""
    prices, quote, now = snapshot.last_prices, snapshot.quote, snapshot.status.as_of
    guarded = {protection.symbol: protection for protection in snapshot.protections}

    def gain(position: Position) -> Child:
        last = prices.get(position.symbol)
        if last is None:
            return ABSENT
        value = position.unrealised(last)
        return html.Span(
            [
                signed_amount(value, quote),
                html.Small(percent(value, position.cost, signed=True), className="under"),
            ],
            className=direction(value, quote),
        )

    def name(position: Position) -> Child:
        dust = [html.Span("dust", className="unit", title="too little to be sold")]
        return html.Span([html.Strong(position.symbol), *(dust if snapshot.is_dust(position) else [])])

    columns: list[Column[Position]] = [
        Column("Symbol", name),
        Column("Quantity", lambda p: with_unit(quantity(p.quantity), p.base), numeric=True),
        Column("Average", lambda p: price(p.average_price), numeric=True, unit=quote),
        Column("Last", lambda p: price(prices.get(p.symbol)), numeric=True, unit=quote),
        Column("Gain", gain, numeric=True, unit=quote),
        Column("Stop", lambda p: _stop(guarded.get(p.symbol)), numeric=True, unit=quote),
        Column("Target", lambda p: _target(guarded.get(p.symbol)), numeric=True, unit=quote),
        Column(
            "Since", lambda p: time_of_day(p.opened_at, zone, now) if p.opened_at else ABSENT, numeric=True
        ),
    ]
    return table(
        "Open positions",
        columns,
        sorted(snapshot.positions, key=snapshot.is_dust),
        empty=[
            "Nothing is held. A position opens when the strategy says BUY and every risk gate passes;"
            " the decisions below say which gate stood in the way."
        ],
    )


def decisions(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    """Why it did or did not trade."""
    now = snapshot.status.as_of
    columns: list[Column[DecisionRow]] = [
        Column("Time", lambda d: time_of_day(d.decided_at, zone, now)),
        Column("Symbol", lambda d: html.Strong(d.symbol)),
        Column("Signal", lambda d: action(d.action)),
        Column("Outcome", lambda d: _outcome(d.outcome)),
        Column("Reason", lambda d: html.Span(d.reason, title=d.reason_code), wide=True),
        *([_NEAREST_MISS] if any(row.nearest_miss for row in snapshot.decisions) else []),
        Column("Price", lambda d: price(d.price), numeric=True, unit=snapshot.quote),
    ]
    return table(
        "Recent decisions",
        columns,
        snapshot.decisions,
        empty=[
            "No decision yet. Start the trader with ",
            html.Code("make up"),
            " or ",
            html.Code("binance-trade-agent start"),
            ". Each cycle then adds a row for each symbol, whether it trades or not.",
        ],
    )


def fills(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    """What was traded."""
    now = snapshot.status.as_of
    columns: list[Column[FillRow]] = [
        Column("Time", lambda f: time_of_day(f.traded_at, zone, now)),
        Column("Symbol", lambda f: html.Strong(f.symbol)),
        Column("Side", lambda f: action(f.side)),
        Column("Quantity", lambda f: quantity(f.quantity), numeric=True),
        Column("Price", lambda f: price(f.price), numeric=True, unit=snapshot.quote),
        Column(
            "Total", lambda f: amount(f.quote_quantity, snapshot.quote), numeric=True, unit=snapshot.quote
        ),
        Column("Fee", lambda f: with_unit(quantity(f.commission), f.commission_asset), numeric=True),
    ]
    return table(
        "Recent fills",
        columns,
        snapshot.fills,
        empty=[
            "No fill yet. To trade once by hand: ",
            html.Code("binance-trade-agent trade BTCUSDT --side BUY"),
        ],
    )


def orders(snapshot: Snapshot, zone: ZoneInfo) -> Component:
    """What was asked of the exchange."""
    now = snapshot.status.as_of
    columns: list[Column[OrderRow]] = [
        Column("Time", lambda o: time_of_day(o.created_at, zone, now)),
        Column("Symbol", lambda o: html.Strong(o.symbol)),
        Column("Side", _side_and_purpose),
        Column("Quantity", lambda o: quantity(o.quantity), numeric=True),
        Column("At", _trigger, numeric=True, unit=snapshot.quote),
        Column("Executed", lambda o: percent(o.executed, o.quantity), numeric=True),
        Column("Status", _order_status, wide=True),
    ]
    return table(
        "Recent orders",
        columns,
        snapshot.orders,
        empty=["No order yet. Each one is written here before it is sent to the exchange."],
    )


def attention(snapshot: Snapshot, zone: ZoneInfo) -> list[Component]:
    """What a person must know now: incidents, unresolved orders and cancels; nothing when there is nothing."""
    now = snapshot.status.as_of
    notes = [
        alert(i.severity, i.text, time_of_day(i.opened_at, zone, now), title=i.key)
        for i in snapshot.status.incidents
    ]
    notes += [
        alert(
            "warning",
            f"{o.side} {quantity(o.quantity)} {o.symbol} is unresolved ({o.status}): it is being looked up at the"
            f" exchange, {o.symbol} waits until it is known.",
            time_of_day(o.created_at, zone, now),
            title=o.client_order_id,
        )
        for o in snapshot.status.unresolved
    ]
    notes += [
        alert(
            "warning",
            f"A cancel of {c.symbol} is unresolved ({c.status}): its order is being looked up at the exchange,"
            f" {c.symbol} waits until it is known.",
            time_of_day(c.created_at, zone, now),
            title=c.client_order_id,
        )
        for c in snapshot.status.unresolved_cancels
    ]
    return notes


def alert(severity: str, text: str, when: Child = "", *, title: str = "") -> Component:
    """One line that wants attention; `severity` is critical, warning or info."""
    glyph = {"critical": "✕", "info": "i"}.get(severity, "!")
    return html.Div(
        [
            html.Span(glyph, className="glyph", **attributes(aria_hidden="true")),
            html.Span(text),
            html.Span(when, className="when"),
        ],
        className=f"alert {severity}",
        title=title,
        role="alert",
    )


def action(word: str | None) -> Child:
    """BUY, SELL or HOLD with its glyph."""
    if word is None:
        return ABSENT
    glyph, style = _ACTIONS.get(word, ("", ""))
    return html.Span(f"{glyph} {word}".strip(), className=f"tag {style}")


def _outcome(outcome: str) -> Component:
    glyph, style = _OUTCOMES.get(outcome, ("", ""))
    return html.Span(f"{glyph} {outcome.replace('_', ' ')}".strip(), className=f"tag {style}")


def _order_status(order: OrderRow) -> Component:
    glyph, style = ("", "quiet") if is_at_rest(order) else _STATUSES.get(order.status, ("", ""))
    words = _AT_REST if is_at_rest(order) and not order.executed else order.status.replace("_", " ").lower()
    why = [html.Small(order.reason, className="under reason", title=order.reason)] if order.reason else []
    return html.Span([html.Span(f"{glyph} {words}".strip(), className=f"tag {style}"), *why])


def _side_and_purpose(order: OrderRow) -> Component:
    return html.Span([action(order.side), html.Small(order.purpose, className="under")])


def _trigger(order: OrderRow) -> Child:
    """The prices it waits for; empty for an order that waits for none."""
    if order.stop_price is None:
        return price(order.price) if order.price is not None else ""
    limit = [html.Small(f"limit {price(order.price)}", className="under")] if order.price else []
    return html.Span([price(order.stop_price), *limit])


def _stop(protection: Protection | None) -> Child:
    if protection is None:
        return ABSENT
    if protection.is_unprotected:
        return html.Span("✕ unprotected", className="tag bad", title=protection.alarm)
    return _level(protection.stop, protection.stop_distance_percent)


def _target(protection: Protection | None) -> Child:
    if protection is None:
        return ABSENT
    return _level(protection.target, protection.target_distance_percent)


def _level(level: Decimal | None, distance: Decimal | None) -> Child:
    if level is None:
        return ABSENT
    under = (
        [] if distance is None else [html.Small(percent(distance, _HUNDRED, signed=True), className="under")]
    )
    return html.Span([price(level), *under])


def with_unit(text: str, unit: str) -> Component:
    """A number and its unit beside it."""
    return html.Span([text, html.Span(unit, className="unit")])
