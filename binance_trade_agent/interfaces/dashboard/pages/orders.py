"""Orders: what was asked of the exchange, what came of it, and what is not known yet."""

from collections.abc import Iterator, Mapping, Sequence

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.control.explaining import since_of
from binance_trade_agent.control.performance import ALL
from binance_trade_agent.domain.history_rows import OrderFilter
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import CancelRow, OrderRow
from binance_trade_agent.interfaces.dashboard.acting import act_button
from binance_trade_agent.interfaces.dashboard.components import badges
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices, named
from binance_trade_agent.interfaces.dashboard.components.exports import export_button
from binance_trade_agent.interfaces.dashboard.components.numbers import percent, price, quantity
from binance_trade_agent.interfaces.dashboard.components.states import empty_state, loading, note
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.order_acts import CANCEL, may_cancel
from binance_trade_agent.interfaces.dashboard.order_life import RESOLVING, life_card
from binance_trade_agent.interfaces.dashboard.page import Context, CsvValue, Export, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, address, asked, moment_of, symbol_of
from binance_trade_agent.interfaces.desks import Desk

_PATH = "/orders"
_ROWS, _OPEN, _CANCELS = 50, 100, 20
_EXPORT_ROWS, _EXPORT_PAGE = 10_000, 1000
_PERIODS = (("", "any time"), ("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"))
_STATUSES = [("", "All"), *((s.value, s.value.replace("_", " ").lower()) for s in OrderStatus)]
_WAITING = (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading("Orders", "Each one is written before it is sent, and followed until its end."),
            html.Div(id="orders-unresolved", className="notes"),
            html.Div(loading(), id="orders-open"),
            html.Div(id="orders-choices"),
            html.Div(id="orders-one"),
            html.Div(loading(), id="orders-rows"),
            html.Div(loading(), id="orders-cancels"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    context.show(app, Output("orders-unresolved", "children"), (Topic.ORDERS,), unresolved)
    context.show(app, Output("orders-open", "children"), (Topic.ORDERS,), resting)
    context.show(app, Output("orders-choices", "children"), (Topic.HEALTH,), filters)
    context.show(app, Output("orders-one", "children"), (Topic.ORDERS,), one, inputs=(QUERY,))
    context.show(app, Output("orders-rows", "children"), (Topic.ORDERS,), rows, inputs=(QUERY,))
    context.show(app, Output("orders-cancels", "children"), (Topic.ORDERS,), cancels)


def unresolved(desk: Desk) -> list[Component]:
    """Orders and cancels whose fate is not known, and what resolves them; nothing when there are none."""
    status = desk.watch.status()
    notes = [
        note(
            "warning",
            f"{o.side} {quantity(o.quantity)} {o.symbol} is {o.status}: it is not known whether the exchange has it."
            f" {RESOLVING}",
            moment(o.created_at),
            title=o.client_order_id,
        )
        for o in status.unresolved
    ]
    return notes + [
        note(
            "warning",
            f"A cancel of {c.symbol} is {c.status}: its order is asked for in every cycle, and {c.symbol} waits until"
            " the exchange has told whether it is still open.",
            moment(c.created_at),
            title=c.client_order_id,
        )
        for c in status.unresolved_cancels
    ]


def resting(desk: Desk) -> Component:
    """What rests at the exchange, each with its cancel; entries first."""
    found = [
        row
        for status in _WAITING
        for row in desk.history.orders(OrderFilter(status=status.value), limit=_OPEN).rows
    ]
    found.sort(key=lambda row: (Purpose(row.purpose).is_protective, row.symbol, row.purpose))
    columns: list[Column[OrderRow]] = [
        *_beginning(quote_of(desk.watch)),
        Column("Since", lambda o: moment(o.created_at), numeric=True, value=lambda o: o.created_at),
        Column("", lambda o: html.Div([_open(o, {}), *_cancel(o)], className="row-acts")),
    ]
    empty = empty_state(
        "Nothing rests at the exchange.", ["Entries at a price, stops and targets stand here."]
    )
    shown = table("orders-open", "Open orders", columns, found, empty=empty)
    return card("At the exchange now", shown, aside=[html.Small(f"{len(found)} open")])


def filters(desk: Desk) -> Component:
    """What the rows can be chosen by."""
    traded = [position.symbol for position in desk.watch.positions()]
    symbols = sorted({*desk.watch.status().symbols, *traded})
    return choices(
        Choice("symbol", "Symbol", [("", "All"), *((symbol, symbol) for symbol in symbols)]),
        Choice("status", "Status", _STATUSES),
        Choice("purpose", "Purpose", named((purpose.value for purpose in Purpose), "All")),
        Choice("since", "In the last", _PERIODS),
        Choice("until", "Before", kind="moment"),
    )


def one(desk: Desk, search: str | None) -> Component | str:
    """The order that is open, if one is."""
    query = asked(search)
    client_order_id = query.get("id")
    return life_card(desk, client_order_id, address(_PATH, query, id=None)) if client_order_id else ""


def rows(desk: Desk, search: str | None) -> Component:
    """A page of orders, newest first."""
    query = asked(search)
    page = desk.history.orders(wanted_of(query, desk), limit=_ROWS, cursor=query.get("cursor"))
    columns: list[Column[OrderRow]] = [
        Column("Time", lambda o: moment(o.created_at), value=lambda o: o.created_at),
        *_beginning(quote_of(desk.watch)),
        Column(
            "Average price",
            lambda o: price(o.average_price),
            numeric=True,
            unit=quote_of(desk.watch),
            value=lambda o: o.average_price,
        ),
        Column("Status", badges.order_status, wide=True, value=lambda o: o.status),
        Column("", lambda o: _open(o, query)),
    ]
    is_filtered = any(name not in {"id", "cursor"} for name in query)
    shown = table("orders-rows", "Orders", columns, page.rows, empty=_none(is_filtered))
    pager: list[Component] = []
    if "cursor" in query:
        pager.append(dcc.Link("Newest", href=address(_PATH, query, cursor=None), className="act small"))
    if page.cursor:
        pager.append(dcc.Link("Older", href=address(_PATH, query, cursor=page.cursor), className="act small"))
    export = {name: value for name, value in query.items() if name not in {"id", "cursor"}}
    body = html.Div([shown, html.Div(pager, className="pager")])
    return card("All orders", body, aside=[export_button("orders", **export)])


def cancels(desk: Desk) -> Component:
    """The newest cancels and what came of them."""
    columns: list[Column[CancelRow]] = [
        Column("Time", lambda c: moment(c.created_at), value=lambda c: c.created_at),
        Column("Symbol", lambda c: html.Strong(c.symbol), value=lambda c: c.symbol),
        Column("Status", _cancel_status, value=lambda c: c.status),
        Column("Why, and what came of it", lambda c: c.reason, wide=True),
        Column("Order", lambda c: _order_link(c.client_order_id, "its order")),
        Column("In its place", lambda c: _order_link(c.replaced_by, "the new one") if c.replaced_by else ""),
    ]
    empty = empty_state("No cancel yet.", ["Each one is written before it is sent, like an order."])
    found = desk.watch.cancels(limit=_CANCELS)
    shown = table("orders-cancels", "Newest cancels", columns, found, empty=empty)
    return card("Newest cancels", shown)


def wanted_of(query: Mapping[str, str], desk: Desk) -> OrderFilter:
    """The filter that a query asks for.

    Raises:
        ConfigurationError: a symbol, a period or a time is none.
    """
    period = query.get("since")
    return OrderFilter(
        symbol=symbol_of(query),
        status=query.get("status"),
        purpose=query.get("purpose"),
        since=since_of(period, desk.watch.now()) if period and period != ALL else None,
        until=moment_of(query, "until"),
    )


def _beginning(quote: str) -> list[Column[OrderRow]]:
    return [
        Column("Symbol", lambda o: html.Strong(o.symbol), value=lambda o: o.symbol),
        Column("Side", badges.side_and_purpose, value=lambda o: o.side),
        Column("Quantity", lambda o: quantity(o.quantity), numeric=True, value=lambda o: o.quantity),
        Column("At", badges.waits_for, numeric=True, unit=quote),
        Column(
            "Executed", lambda o: percent(o.executed, o.quantity), numeric=True, value=lambda o: o.executed
        ),
    ]


def _open(order: OrderRow, query: Mapping[str, str]) -> Component:
    link = dcc.Link("Details", href=address(_PATH, query, id=order.client_order_id), className="act small")
    return html.Span(link, title=f"{order.purpose} of {order.symbol}: {order.client_order_id}")


def _cancel(order: OrderRow) -> list[Component]:
    if not may_cancel(order):
        return []
    said = f"Cancel the {order.purpose} of {order.symbol}"
    return [act_button(CANCEL, "Cancel", target=order.client_order_id, style="small grave", name=said)]


def _order_link(client_order_id: str, word: str) -> Component:
    return html.Span(dcc.Link(word, href=address(_PATH, {"id": client_order_id})), title=client_order_id)


def _cancel_status(cancel: CancelRow) -> Component:
    tones = {"DONE": "good", "REFUSED": "warn", "UNKNOWN": "bad", "INTENT": "warn"}
    glyphs = {"UNKNOWN": "?", "INTENT": "?", "REFUSED": "○"}
    word = cancel.status.replace("_", " ").lower()
    return badges.badge(word, tones.get(cancel.status, "quiet"), glyphs.get(cancel.status, ""))


def _none(is_filtered: bool) -> Component:
    if is_filtered:
        return empty_state("No order is all of this.", ["Take a filter away, or ask for a longer time."])
    return empty_state(
        "No order yet.",
        [
            "The strategy places one when it says BUY and every gate passes; ",
            dcc.Link("Decisions", href="/decisions"),
            " say what stands in the way. By hand: ",
            html.Code("binance-trade-agent trade BTCUSDT --side BUY"),
        ],
    )


def _export(desk: Desk, query: Mapping[str, str]) -> Iterator[Sequence[CsvValue]]:
    """Everything the filter asks for, up to 10,000 rows."""
    wanted = wanted_of({name: value for name, value in query.items() if value.strip()}, desk)
    cursor = None
    for _ in range(_EXPORT_ROWS // _EXPORT_PAGE):
        page = desk.history.orders(wanted, limit=_EXPORT_PAGE, cursor=cursor)
        yield from (tuple(getattr(row, name) for name in _CSV) for row in page.rows)
        cursor = page.cursor
        if cursor is None:
            return


_CSV = (
    "created_at",
    "updated_at",
    "symbol",
    "side",
    "order_type",
    "purpose",
    "quantity",
    "price",
    "stop_price",
    "executed",
    "quote_executed",
    "average_price",
    "status",
    "reason",
    "client_order_id",
    "exchange_order_id",
    "client_list_id",
    "decision_id",
)

PAGE = Page(
    _PATH,
    "Orders",
    "orders",
    50,
    layout,
    register,
    acts=(CANCEL,),
    exports=(Export("orders", _CSV, _export),),
)
