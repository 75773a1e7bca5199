"""What is held, as several pages show it: open positions at a glance, and the dust that is too little to be sold."""

from collections.abc import Sequence
from decimal import Decimal

from dash import dcc
from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    amount,
    direction,
    percent,
    price,
    price_difference,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import Holding, holdings, parted
from binance_trade_agent.interfaces.desks import Desk

#: What an amount of base currency cost on average, said everywhere alike.
AVERAGE_COST = "Average cost"
_HUNDRED = Decimal(100)


def open_positions(desk: Desk) -> Component:
    """What is held, with its gain at the price of the newest decision; dust is told beneath, and is none of them."""
    rows, dust = parted(holdings(desk.watch))
    quote = rows[0].position.quote if rows else ""
    columns: list[Column[Holding]] = [
        *_names_and_quantities(),
        average_cost_column(quote),
        price_column("Last", quote),
        Column("Gain", gain, numeric=True, unit=quote, value=lambda h: h.gain),
        Column("Stop", stop_cell, numeric=True, unit=quote),
        Column("Target", target_cell, numeric=True, unit=quote),
        Column(
            "Since",
            lambda h: moment(h.position.opened_at),
            numeric=True,
            value=lambda h: h.position.opened_at,
        ),
    ]
    empty = empty_state(
        "No position is open.",
        [
            "A position opens when the strategy says BUY and every risk gate passes; the decisions below say"
            " which gate stood in the way."
        ],
    )
    shown = table("overview-positions", "Open positions", columns, rows, empty=empty)
    return html.Div([shown, html.P(_left_over(dust), className="card-note")]) if dust else shown


def average_cost_column(quote: str) -> Column[Holding]:
    """What it cost on average, the fees of buying included."""
    return Column(
        AVERAGE_COST,
        lambda h: price(h.position.average_price),
        numeric=True,
        unit=quote,
        value=lambda h: h.position.average_price,
    )


def price_column(name: str, quote: str) -> Column[Holding]:
    """The price that the newest decision saw."""
    return Column(name, lambda h: price(h.last_price), numeric=True, unit=quote, value=lambda h: h.last_price)


def _names_and_quantities() -> tuple[Column[Holding], Column[Holding]]:
    return (
        Column("Symbol", lambda h: html.Strong(h.position.symbol), value=lambda h: h.position.symbol),
        Column(
            "Quantity",
            lambda h: badges.with_unit(quantity(h.position.quantity), h.position.base),
            numeric=True,
            value=lambda h: h.position.quantity,
        ),
    )


def dust_table(identifier: str, rows: Sequence[Holding], *acts: Column[Holding]) -> Component:
    """What is too little to be sold."""
    quote = rows[0].position.quote if rows else ""
    columns: list[Column[Holding]] = [
        *_names_and_quantities(),
        price_column("Price", quote),
        Column("Worth", lambda h: amount(h.value, quote), numeric=True, unit=quote, value=lambda h: h.value),
        *acts,
    ]
    return table(identifier, "Too little to be sold", columns, rows, empty=html.Div())


def gain(holding: Holding) -> Child:
    """What is not realised, and its share of what it cost."""
    made, position = holding.gain, holding.position
    if made is None:
        return ABSENT
    share = html.Small(percent(made, position.cost, signed=True), className="under")
    return html.Span([signed_amount(made, position.quote), share], className=direction(made, position.quote))


def stop_cell(holding: Holding, *, in_full: bool = False) -> Child:
    """The stop and how far it is; that nothing rests at the exchange although something should, also beside it."""
    guard = holding.protection
    if guard is None:
        return ABSENT
    level = _level(
        holding, guard.stop, guard.stop_distance_percent, in_full=in_full, asked=guard.asked_stop is not None
    )
    if not guard.is_unprotected:
        return level
    bare = badges.badge("unprotected", "bad", "✕", title=guard.alarm)
    return bare if guard.stop is None else html.Span([level, html.Small(bare, className="under")])


def target_cell(holding: Holding, *, in_full: bool = False) -> Child:
    """The target and how far it is."""
    guard = holding.protection
    if guard is None:
        return ABSENT
    asked = guard.asked_target is not None
    return _level(holding, guard.target, guard.target_distance_percent, in_full=in_full, asked=asked)


def _level(
    holding: Holding, at: Decimal | None, share: Decimal | None, *, in_full: bool, asked: bool
) -> Child:
    """A level, how far it is in percent, and what reaching it means; `in_full` also in price, and that it was asked for."""
    if at is None:
        return ABSENT
    quote, made = holding.position.quote, holding.position.unrealised(at)
    lines: list[Child] = []
    if share is not None and holding.last_price is not None:
        far = f" ({price_difference(at, holding.last_price)})" if in_full else ""
        share_words = percent(share, _HUNDRED, signed=True)
        lines.append(html.Small(f"{share_words}{far}", className="under faded"))
    if asked and in_full:
        lines.append(html.Small(badges.badge("asked for", "quiet"), className="under"))
    return html.Span(
        [price(at), *lines],
        title=f"reached: {signed_amount(made, quote)} {quote} on what it cost, before the fee of selling",
    )


def _left_over(dust: Sequence[Holding]) -> list[Child]:
    quote = dust[0].position.quote
    worth = amount(sum((holding.value for holding in dust), Decimal(0)), quote)
    symbols = ", ".join(holding.position.symbol for holding in dust)
    return [
        f"Besides, {worth} {quote} of dust ({symbols}), too little to be sold: it is no open position, but counts in"
        " equity and exposure. ",
        dcc.Link("Portfolio", href="/portfolio"),
    ]
