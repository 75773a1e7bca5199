"""Trades: closed round trips with the reasons of both ends, and what each piece of time made."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.control.performance import begin_of
from binance_trade_agent.domain.history_rows import RoundTripRow, TripFilter
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.performance import Grouping, Performance, PerformanceSlice
from binance_trade_agent.domain.phrases import length
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.bars import net_bar
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, figures, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.exports import export_button
from binance_trade_agent.interfaces.dashboard.components.numbers import (
    ABSENT,
    amount,
    direction,
    percent,
    price,
    quantity,
    signed_amount,
)
from binance_trade_agent.interfaces.dashboard.components.states import (
    Child,
    clamped,
    empty_state,
    loading,
)
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, CsvValue, Export, Page
from binance_trade_agent.interfaces.dashboard.periods import whole_days
from binance_trade_agent.interfaces.dashboard.queries import QUERY, address, asked, symbol_of
from binance_trade_agent.interfaces.desks import Desk

_PATH = "/trades"
_ROWS, _PIECES = 25, 60
_EXPORT_ROWS, _EXPORT_PAGE = 10_000, 1000
_USUAL = "30d"
_GROUPINGS = (("", "Day"), (Grouping.WEEK.value, "Week"), (Grouping.MONTH.value, "Month"))


def layout() -> Component:
    """The skeleton."""
    return html.Div(
        [
            heading(
                "Trades",
                "From the fill that opened a position to the one that closed it. Entry and exit are mean prices"
                " before fees; profit is after all of them.",
            ),
            html.Div(id="trades-choices"),
            html.Div(loading(), id="trades-told", className="stack"),
            html.Div(loading(), id="trades-rows"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    context.show(app, Output("trades-choices", "children"), (Topic.HEALTH,), filters)
    context.show(app, Output("trades-told", "children"), (Topic.ORDERS,), told, inputs=(QUERY,))
    context.show(app, Output("trades-rows", "children"), (Topic.ORDERS,), rows, inputs=(QUERY,))


def filters(desk: Desk) -> Component:
    """What the trades can be chosen by."""
    symbols = sorted(position.symbol for position in desk.watch.positions())
    return choices(
        Choice("symbol", "Symbol", [("", "All"), *((symbol, symbol) for symbol in symbols)]),
        whole_days("since", _USUAL),
        Choice("by", "Sum up by", _GROUPINGS),
    )


def told(desk: Desk, search: str | None) -> list[Component]:
    """The figures of the period, and what each piece of it made."""
    query = asked(search)
    by = next((one for one in Grouping if one.is_of_time and one == query.get("by")), Grouping.DAY)
    found = desk.performance.performance(query.get("since", _USUAL), symbol_of(query), by=by)
    closed = [piece for piece in found.slices if piece.trips.trips or piece.fees]
    shown = [key_figures(found)]
    if closed:
        aside: list[Child] = [
            html.Small(
                "trades by the time they closed (UTC); fees and what was traded of all fills of that time"
            )
        ]
        if len(closed) > _PIECES:
            aside.insert(0, html.Small(f"the newest {_PIECES} of {len(closed)}"))
        shown.append(card(f"By {by}", pieces(closed[-_PIECES:][::-1], by, found.quote), aside=aside))
    return shown


def key_figures(found: Performance) -> Component:
    """The row of key figures."""
    trips, quote = found.trips, found.quote
    losses = f"{trips.losses} lost" if trips.trips else ""
    average = {"won": trips.average_win, "lost": trips.average_loss}
    return figures(
        figure("Closed", str(trips.trips), note=losses, name="trips", value=trips.trips),
        figure(
            "Net",
            signed_amount(trips.net, quote),
            unit=quote,
            note="of closed ones, after fees" if trips.trips else "",
            tone=direction(trips.net, quote),
            name="net",
            value=trips.net,
        ),
        figure(
            "Won",
            percent(Decimal(trips.wins), Decimal(trips.trips)),
            note=f"{trips.wins} of {trips.trips}" if trips.trips else "",
            name="wins",
            value=trips.wins,
        ),
        figure(
            "Profit factor",
            f"{trips.profit_factor:.2f}" if trips.profit_factor is not None else ABSENT,
            note="won / lost",
            name="profit-factor",
            value=trips.profit_factor,
        ),
        figure(
            "Average",
            signed_amount(trips.expectancy, quote),
            unit=quote,
            note=", ".join(
                f"{word} {amount(each, quote)}" for word, each in average.items() if each is not None
            ),
            tone=direction(trips.expectancy, quote),
            name="average",
            value=trips.expectancy,
        ),
        figure(
            "Fees",
            amount(found.fees, quote),
            unit=quote,
            note=f"of all fills, {amount(found.turnover, quote)} traded",
            name="fees",
            value=found.fees,
        ),
        figure(
            "Held",
            length(timedelta(seconds=trips.held_s)) if trips.held_s is not None else ABSENT,
            note="on average",
            name="held",
            value=trips.held_s,
        ),
    )


def pieces(shown: Sequence[PerformanceSlice], by: Grouping, quote: str) -> Component:
    """What each day, week or month made."""
    most = max((abs(piece.trips.net) for piece in shown), default=ZERO)
    columns: list[Column[PerformanceSlice]] = [
        Column(by.capitalize(), lambda p: html.Strong(p.name), value=lambda p: p.name),
        Column("Trades", lambda p: str(p.trips.trips), numeric=True, value=lambda p: p.trips.trips),
        Column(
            "Won",
            lambda p: percent(Decimal(p.trips.wins), Decimal(p.trips.trips)),
            numeric=True,
            value=lambda p: p.trips.win_rate,
        ),
        Column(
            "Net",
            lambda p: html.Span(signed_amount(p.trips.net, quote), className=direction(p.trips.net, quote)),
            numeric=True,
            unit=quote,
            value=lambda p: p.trips.net,
        ),
        Column("", lambda p: net_bar(p.trips.net, most)),
        Column(
            "Fees of all fills",
            lambda p: amount(p.fees, quote),
            numeric=True,
            unit=quote,
            value=lambda p: p.fees,
        ),
        Column(
            "Traded in all",
            lambda p: amount(p.turnover, quote),
            numeric=True,
            unit=quote,
            value=lambda p: p.turnover,
        ),
    ]
    return table(f"trades-by-{by}", f"What each {by} made", columns, shown, empty=html.Div())


def rows(desk: Desk, search: str | None) -> Component:
    """A page of round trips, the newest closed first."""
    query = asked(search)
    page = desk.history.round_trips(wanted_of(query, desk), limit=_ROWS, cursor=query.get("cursor"))
    quote = quote_of(desk.watch)
    columns: list[Column[RoundTripRow]] = [
        Column("Closed", lambda t: moment(t.closed_at), value=lambda t: t.closed_at),
        Column("Symbol", _symbol, value=lambda t: t.symbol),
        Column("Sold", _sold, numeric=True, value=lambda t: t.sold),
        Column(
            "Entry", lambda t: price(t.entry_price), numeric=True, unit=quote, value=lambda t: t.entry_price
        ),
        Column("Exit", lambda t: price(t.exit_price), numeric=True, unit=quote, value=lambda t: t.exit_price),
        Column("Profit", lambda t: _profit(t, quote), numeric=True, unit=quote, value=lambda t: t.profit),
        Column("Fees", lambda t: amount(t.fees, quote), numeric=True, unit=quote, value=lambda t: t.fees),
        Column("Held", _held, numeric=True, value=lambda t: int(t.duration.total_seconds())),
        Column("Why in, why out", _reasons, wide=True),
    ]
    shown = table("trades-rows", "Closed trades", columns, page.rows, empty=_none(query))
    pager: list[Component] = []
    if "cursor" in query:
        pager.append(dcc.Link("Newest", href=address(_PATH, query, cursor=None), className="act small"))
    if page.cursor:
        pager.append(dcc.Link("Older", href=address(_PATH, query, cursor=page.cursor), className="act small"))
    export = {name: value for name, value in query.items() if name in {"symbol", "since"}}
    body = html.Div([shown, html.Div(pager, className="pager")])
    return card("Closed trades", body, aside=[export_button("trades", **export)])


def wanted_of(query: Mapping[str, str], desk: Desk) -> TripFilter:
    """The filter that a query asks for.

    Raises:
        ConfigurationError: a symbol or a period is none.
    """
    since = begin_of(query.get("since", _USUAL), desk.watch.now())
    return TripFilter(symbol=symbol_of(query), since=since)


def _symbol(trip: RoundTripRow) -> Component:
    link = dcc.Link(
        f"trade {trip.number}", href=address("/orders", {"symbol": trip.symbol}), className="under faded"
    )
    return html.Span([html.Strong(trip.symbol), link], title=f"orders of {trip.symbol}")


def _sold(trip: RoundTripRow) -> Child:
    if trip.sold == trip.bought:
        return quantity(trip.sold)
    return html.Span(
        [
            quantity(trip.sold),
            html.Small(f"of {quantity(trip.bought)} bought", className="under faded"),
        ],
        title="the rest went as a fee, was left over as dust, or was moved away by others",
    )


def _profit(trip: RoundTripRow, quote: str) -> Child:
    share = html.Small(percent(trip.profit, trip.entry_price * trip.sold, signed=True), className="under")
    return html.Span([signed_amount(trip.profit, quote), share], className=direction(trip.profit, quote))


def _held(trip: RoundTripRow) -> Component:
    return html.Span(
        [
            length(trip.duration),
            html.Small(["from ", moment(trip.opened_at)], className="under faded"),
        ]
    )


def _reasons(trip: RoundTripRow) -> Component:
    ends = (("in", trip.entry_reason), ("out", trip.exit_reason))
    lines = [
        html.Small([html.Strong(f"{end} "), why], className="under", title=why) for end, why in ends if why
    ]
    return clamped(f"trade-{trip.symbol}-{trip.number}", lines) if lines else html.Span()


def _none(query: Mapping[str, str]) -> Component:
    if any(name in query for name in ("symbol", "cursor", "since")):
        return empty_state("No trade closed in this time.", ["Ask for a longer time, or for all symbols."])
    return empty_state(
        "No trade has closed in the last 30 days.",
        [
            "A trade is here once its position is sold; ",
            dcc.Link("Positions", href="/positions"),
            " shows what is open, ",
            dcc.Link("Decisions", href="/decisions"),
            " why nothing was bought.",
        ],
    )


def _export(desk: Desk, query: Mapping[str, str]) -> Iterator[Sequence[CsvValue]]:
    """Everything the filter asks for, up to 10,000 rows."""
    wanted = wanted_of({name: value for name, value in query.items() if value.strip()}, desk)
    cursor = None
    for _ in range(_EXPORT_ROWS // _EXPORT_PAGE):
        page = desk.history.round_trips(wanted, limit=_EXPORT_PAGE, cursor=cursor)
        for trip in page.rows:
            fields = (getattr(trip, name) for name in _CSV if name != "held_s")
            yield (*fields, int(trip.duration.total_seconds()))
        cursor = page.cursor
        if cursor is None:
            return


_CSV = (
    "symbol",
    "number",
    "opened_at",
    "closed_at",
    "bought",
    "sold",
    "entry_price",
    "exit_price",
    "fees",
    "profit",
    "entry_reason",
    "exit_reason",
    "held_s",
)

PAGE = Page(_PATH, "Trades", "trades", 55, layout, register, exports=(Export("trades", _CSV, _export),))
