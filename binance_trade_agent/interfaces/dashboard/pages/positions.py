"""Positions: what is held, what it would earn, what guards it, and the acts that sell it or move its protection."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dash import Dash, Output
from dash.development.base_component import Component

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.money import total
from binance_trade_agent.interfaces.dashboard import position_acts, reduce_only_acts
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    amount,
    attributes,
    direction,
    percent,
    price,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.held_tables import (
    average_cost_column,
    dust_table,
    gain,
    price_column,
    stop_cell,
    target_cell,
)
from binance_trade_agent.interfaces.dashboard.holdings import Holding, besides, holdings, parted
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.desks import Desk

#: The snapshot of equity, which the bar tells, may be older.
_AT_NEWEST = "at the newest price"


@dataclass(frozen=True, slots=True)
class _Level:
    """A level, or a pair of them, that sells `quantity` when it is reached."""

    symbol: str
    place: str
    quantity: Decimal
    stop: Decimal | None
    target: Decimal | None
    asked: str


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Positions",
                "At the price that the newest decision saw. Average cost and gains hold the fees of buying.",
            ),
            html.Div(loading(), id="positions-all", className="stack"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """One part: everything on it comes from the same reading."""
    topics = (Topic.CYCLES, Topic.ORDERS, Topic.CONTROL)
    context.show(app, Output("positions-all", "children"), topics, everything)


def everything(desk: Desk) -> list[Component]:
    """Alarms, figures, the positions, and the levels that guard them."""
    held = holdings(desk.watch)
    status = desk.watch.status()
    equity = status.equity.total if status.equity else None
    reduce_only = dict(status.control.reduce_only)
    alarms = [note("critical", h.protection.alarm) for h in held if h.protection and h.protection.alarm]
    counted, dust = parted(held)
    shown = [
        html.Div(alarms, className="notes"),
        key_figures(held, equity),
        card("Open positions", positions(counted, reduce_only)),
        card("Stops and targets", levels(counted), aside=[html.Small("what ends each position by itself")]),
    ]
    if dust:
        small = html.Small("dust: no open position, and it needs no stop; sold with the next one")
        acts: Column[Holding] = Column("", lambda h: _acts(h, reduce_only), wide=True)
        shown.append(card("Too little to be sold", dust_table("positions-dust", dust, acts), aside=[small]))
    return shown


def key_figures(held: Sequence[Holding], equity: Decimal | None) -> Component:
    """The row of key figures: dust counts in amounts, and is no open position."""
    counted, dust = parted(held)
    quote = held[0].position.quote if held else ""
    worth = total(holding.value for holding in held)
    priced = [(holding.gain, holding.position.cost) for holding in held if holding.gain is not None]
    made, cost = total(gain for gain, _ in priced), total(cost for _, cost in priced)
    at_stops = [
        h.position.unrealised(h.protection.stop) for h in counted if h.protection and h.protection.stop
    ]
    bare = [h.position.symbol for h in counted if not (h.protection and h.protection.stop)]
    small = total(holding.value for holding in dust)
    of_equity = [f"{percent(worth, equity)} of equity"] if equity else []
    of_dust = [f"{amount(small, quote)} of it dust"] if dust else []
    return figures(
        figure(
            "Open positions",
            str(len(counted)),
            note=besides(len(dust)),
            name="positions",
            value=len(counted),
        ),
        figure(
            "Worth",
            amount(worth, quote),
            unit=quote,
            note=", ".join([*of_equity, *of_dust, _AT_NEWEST]),
            name="worth",
            value=worth,
        ),
        figure(
            "Unrealised",
            signed_amount(made, quote),
            unit=quote,
            note=f"{percent(made, cost, signed=True)} of their cost, {_AT_NEWEST}" if cost else "",
            tone=direction(made, quote),
            name="unrealised",
            value=made,
        ),
        figure(
            "If all stops are reached",
            signed_amount(total(at_stops), quote) if at_stops else ABSENT,
            unit=quote,
            note="gain or loss on what they cost",
            tone=direction(total(at_stops), quote) if at_stops else "",
            name="at-stops",
            value=total(at_stops) if at_stops else None,
        ),
        figure(
            "Without a stop",
            str(len(bare)),
            note=", ".join(bare),
            tone="down" if bare else "",
            name="without-stop",
            value=len(bare),
        ),
    )


def positions(held: Sequence[Holding], reduce_only: dict[str, str]) -> Component:
    """What is held, with its acts."""
    quote = held[0].position.quote if held else ""
    columns: list[Column[Holding]] = [
        Column("Symbol", lambda h: _name(h, reduce_only), value=lambda h: h.position.symbol),
        Column("Quantity", _size, numeric=True, value=lambda h: h.position.quantity),
        average_cost_column(quote),
        price_column("Price", quote),
        Column("Unrealised", gain, numeric=True, unit=quote, value=lambda h: h.gain),
        Column(
            "Stop",
            lambda h: stop_cell(h, in_full=True),
            numeric=True,
            unit=quote,
            value=lambda h: h.protection.stop if h.protection else None,
        ),
        Column(
            "Target",
            lambda h: target_cell(h, in_full=True),
            numeric=True,
            unit=quote,
            value=lambda h: h.protection.target if h.protection else None,
        ),
        Column("", lambda h: _acts(h, reduce_only), wide=True),
    ]
    empty = empty_state(
        "No position is open.",
        [
            "A position opens when the strategy says BUY and every risk gate passes; to buy by hand: ",
            html.Code("binance-trade-agent trade BTCUSDT --side BUY"),
        ],
    )
    return table("positions-open", "Open positions", columns, held, empty=empty)


def levels(held: Sequence[Holding]) -> Component:
    """What rests at the exchange, and what the trader watches itself."""
    rows = [row for h in held if h.protection for row in _levels_of(h.protection)]
    quote = held[0].position.quote if held else ""
    columns: list[Column[_Level]] = [
        Column("Symbol", lambda row: html.Strong(row.symbol), value=lambda row: row.symbol),
        Column("Held by", _place, value=lambda row: row.place),
        Column("Quantity", lambda row: quantity(row.quantity), numeric=True, value=lambda row: row.quantity),
        Column("Stop", lambda row: price(row.stop), numeric=True, unit=quote, value=lambda row: row.stop),
        Column(
            "Target", lambda row: price(row.target), numeric=True, unit=quote, value=lambda row: row.target
        ),
        Column("Set by", lambda row: row.asked or "the settings", wide=True),
    ]
    empty = empty_state(
        "No stop and no target.",
        [
            "With ",
            html.Code("STOP_LOSS_SHARE"),
            " and ",
            html.Code("TAKE_PROFIT_SHARE"),
            " each position gets them; a position's own are set with its button Move.",
        ],
    )
    return table("positions-levels", "Stops and targets", columns, rows, empty=empty)


def _levels_of(guard: Protection) -> list[_Level]:
    rows = [
        _Level(
            guard.symbol,
            "exchange",
            each.quantity,
            each.stop,
            each.target,
            _asked(guard, each.stop, each.target),
        )
        for each in guard.guards
    ]
    if guard.watched_stop is not None or guard.watched_target is not None:
        stop, target = guard.watched_stop, guard.watched_target
        rows.append(_Level(guard.symbol, "trader", guard.quantity, stop, target, _asked(guard, stop, target)))
    return rows


def _asked(guard: Protection, stop: Decimal | None, target: Decimal | None) -> str:
    named = [
        name
        for name, level, asked in (("stop", stop, guard.asked_stop), ("target", target, guard.asked_target))
        if asked is not None and level == asked
    ]
    if not named:
        return ""
    whose = "" if stop is None or target is None or len(named) == 2 else f"the {named[0]} by "
    return whose + guard.asked_words


def _place(row: _Level) -> Child:
    if row.place == "exchange":
        return badges.badge(
            "exchange", "good", title="an order rests there: it sells also while no trader runs"
        )
    return badges.badge("trader", "warn", "◷", title="no order holds it: the trader sells in a cycle")


def _name(holding: Holding, reduce_only: dict[str, str]) -> Child:
    symbol = holding.position.symbol
    words: list[Child] = [html.Strong(symbol)]
    words.append(html.Small(["since ", moment(holding.position.opened_at)], className="under faded"))
    if symbol in reduce_only:
        words.append(
            html.Small(badges.badge("reduce-only", "warn", "▼", title=reduce_only[symbol]), className="under")
        )
    return html.Span(words)


def _size(holding: Holding) -> Child:
    position = holding.position
    worth = html.Small(f"{amount(holding.value, position.quote)} {position.quote}", className="under faded")
    return html.Span([badges.with_unit(quantity(position.quantity), position.base), worth])


def _acts(holding: Holding, reduce_only: dict[str, str]) -> Component:
    symbol, guard = holding.position.symbol, holding.protection
    lift = symbol in reduce_only
    latch = reduce_only_acts.LIFT_REDUCE_ONLY if lift else reduce_only_acts.REDUCE_ONLY
    word = "Allow buying" if lift else "Reduce-only"
    buttons = [act_button(latch, word, target=symbol, style="small", name=f"{word}: {symbol}")]
    if not holding.is_dust:
        own = [
            act_button(
                position_acts.CLOSE, "Close", target=symbol, style="small grave", name=f"Close {symbol}"
            ),
            act_button(
                position_acts.PART, "Sell part", target=symbol, style="small", name=f"Sell a part of {symbol}"
            ),
            act_button(
                position_acts.MOVE,
                "Move",
                target=symbol,
                style="small",
                name=f"Move stop or target of {symbol}",
            ),
        ]
        if guard and guard.asked_by:
            own.append(
                act_button(
                    position_acts.BACK,
                    "Settings' levels",
                    target=symbol,
                    style="small",
                    name=f"Back to the settings' levels of {symbol}",
                )
            )
        buttons = [*own, *buttons]
    return html.Div(buttons, className="row-acts", role="group", **attributes(aria_label=f"Acts on {symbol}"))


PAGE = Page(
    "/positions",
    "Positions",
    "positions",
    40,
    layout,
    register,
    acts=(*position_acts.ALL, *reduce_only_acts.ALL),
)
