"""Market: candles with what the strategy saw of them, what was traded, and where stop and target lie."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from dash import Dash, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.control.market import MarketNow
from binance_trade_agent.domain.errors import ConfigurationError, NoMarketData
from binance_trade_agent.domain.market import Candle, CandleInterval, SeenIndicators
from binance_trade_agent.domain.records import DecisionRow, FillRow
from binance_trade_agent.interfaces.dashboard import candle_chart
from binance_trade_agent.interfaces.dashboard.candle_chart import Levels, Lines
from binance_trade_agent.interfaces.dashboard.components import badges, charts
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import card, figure, heading
from binance_trade_agent.interfaces.dashboard.components.choices import Choice, choices
from binance_trade_agent.interfaces.dashboard.components.numbers import ABSENT, percent, price, quantity
from binance_trade_agent.interfaces.dashboard.components.states import Child, empty_state, loading
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.components.times import moment
from binance_trade_agent.interfaces.dashboard.held_tables import AVERAGE_COST
from binance_trade_agent.interfaces.dashboard.holdings import holdings, quote_of
from binance_trade_agent.interfaces.dashboard.live import Topic
from binance_trade_agent.interfaces.dashboard.page import Context, Page
from binance_trade_agent.interfaces.dashboard.queries import QUERY, address, asked, symbol_of
from binance_trade_agent.interfaces.desks import Desk

_CHART = "market-chart"
#: Candles drawn at most, and stored candles read for them.
_DRAWN, _READ = 240, 1200
_FILLS, _DECISIONS = 200, 10
_NO_DAY = "24 hours are not stored yet"
_INTERVALS = ("1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d")
#: A longer candle is made of at most so many stored ones: a chart of a few candles tells nothing.
_MOST_MERGED = 48


@dataclass(frozen=True, slots=True)
class Chart:
    """What a query asks for, as the database has it; `stored` is the interval the trader decides on."""

    symbol: str
    stored: CandleInterval
    interval: CandleInterval
    candles: list[Candle]
    seen: tuple[SeenIndicators, ...]

    @property
    def lines(self) -> Lines:
        """Its indicators."""
        return candle_chart.lines_of(self.seen, self.candles)


def layout() -> Component:
    """The skeleton."""
    graph = [html.Div(id="market-place"), html.Div(id="market-empty")]
    return html.Div(
        [
            heading("Market", "As the trader saw it: lines run through what its decisions saw."),
            html.Div(id="market-choices"),
            html.Div(loading(), id="market-now"),
            card("Candles", html.Div(graph)),
            html.Div(loading(), id="market-decisions"),
        ]
    )


def register(app: Dash, context: Context) -> None:
    """Connect each part with what it depends on."""
    context.show(app, Output("market-place", "children"), (), place, inputs=(QUERY,))
    parts = (
        ("market-choices", "children", (Topic.HEALTH,), filters),
        ("market-now", "children", (Topic.CYCLES,), now),
        (_CHART, "figure", (Topic.CYCLES, Topic.ORDERS), figure_of),
        ("market-place", "className", (Topic.CYCLES,), style),
        ("market-empty", "children", (Topic.CYCLES,), empty),
        ("market-decisions", "children", (Topic.CYCLES,), decisions),
    )
    for element, prop, topics, draw in parts:
        context.show(app, Output(element, prop), topics, draw, inputs=(QUERY,))


def filters(desk: Desk, search: str | None) -> Component:
    """Symbol, interval, and what is drawn beneath."""
    symbols = desk.watch.status().symbols
    shown = _chart(desk, search, _DRAWN)
    intervals = [("", shown.stored.value), *_longer(shown.stored)] if shown else []
    first_beneath, *more_beneath = shown.lines.beneath or ("",) if shown else ("",)
    beneath = [("", first_beneath), *((name, name) for name in more_beneath)]
    first, *others = symbols or ("",)
    wanted = [Choice("symbol", "Symbol", [("", first), *((symbol, symbol) for symbol in others)])]
    wanted += [Choice("interval", "Interval", intervals)] if intervals else []
    wanted += [Choice("indicator", "Beneath", beneath)] if len(beneath) > 1 else []
    return choices(*wanted) if symbols else html.Div()


def now(desk: Desk, search: str | None) -> Component | str:
    """The symbol's figures, as the newest decision that had data saw them."""
    symbol = symbol_of(asked(search)) or _first(desk)
    try:
        seen = desk.market.now(symbol)
    except NoMarketData:
        return ""
    quote = quote_of(desk.watch)
    base = symbol.removesuffix(quote)
    return html.Dl(
        [
            _price_figure("Price", seen.price, quote, note=html.Span(["seen ", moment(seen.seen_at, "ago")])),
            _price_figure("Bid", seen.bid, quote, note=badges.with_unit(quantity(seen.bid_quantity), base)),
            _price_figure("Ask", seen.ask, quote, note=badges.with_unit(quantity(seen.ask_quantity), base)),
            figure("Spread", f"{seen.spread_bps}", unit="bps", note="1 bps is 0.01 %"),
            _move(desk, seen),
            *_level_figures(_levels(desk, symbol), seen.price, quote),
        ],
        className="figures",
    )


def place(desk: Desk, search: str | None) -> Component:
    """A chart without data: a new one, without the zoom of before, for another symbol or interval."""
    query = asked(search)
    chart = charts.chart(_CHART, candle_chart.LAYOUT, style="candles")
    return html.Div(chart, key=f"{query.get('symbol')} {query.get('interval')}")


def figure_of(desk: Desk, search: str | None) -> Any:
    """New data for the chart."""
    shown = _chart(desk, search, _DRAWN)
    if shown is None:
        return charts.new_data([])
    levels = _levels(desk, shown.symbol)
    drawn = traces(desk, shown, levels, asked(search).get("indicator"))
    update = charts.new_data(drawn)
    update["layout"]["annotations"] = candle_chart.level_notes(levels, shown.candles)
    # not whole axes: the range in them is the viewer's zoom
    used = {trace.get("yaxis") for trace in drawn}
    for name, axis in candle_chart.axes(has_own="y2" in used, has_hundred="y3" in used).items():
        for part in ("domain", "anchor", "visible"):
            if part in axis:
                update["layout"][name][part] = axis[part]
    return update


def traces(desk: Desk, shown: Chart, levels: Levels | None, beneath: str | None) -> list[dict[str, Any]]:
    """Candles, indicators, the position's levels, fills."""
    lines, candles, interval = shown.lines, shown.candles, shown.interval
    axis_of = (
        dict.fromkeys(lines.of_price, "y")
        | dict.fromkeys(candle_chart.shown_beneath(lines, beneath), "y2")
        | dict.fromkeys(lines.of_hundred, "y3")
    )
    return [
        candle_chart.candle_trace(candles, shown.symbol),
        *candle_chart.indicator_traces(shown.seen, candles, interval, axis_of),
        *candle_chart.level_traces(levels, candles),
        *candle_chart.fill_traces(_fills(desk, shown)),
    ]


def style(desk: Desk, search: str | None) -> str:
    """Hidden before the first candle."""
    return "" if _chart(desk, search, 1) else "gone"


def empty(desk: Desk, search: str | None) -> Component | str:
    """What stands in for the chart."""
    if _chart(desk, search, 1):
        return ""
    return empty_state(
        "No candle is stored of this symbol.",
        ["The trader stores the candles it decides on. Start it with ", html.Code("make up"), "."],
    )


def decisions(desk: Desk, search: str | None) -> Component:
    """What was decided on the symbol last."""
    symbol = symbol_of(asked(search)) or _first(desk)
    rows = desk.watch.decisions(limit=_DECISIONS, symbol=symbol)
    columns: list[Column[DecisionRow]] = [
        Column("Time", lambda d: moment(d.decided_at), value=lambda d: d.decided_at),
        Column("Signal", lambda d: badges.action(d.action)),
        Column("Outcome", lambda d: badges.outcome(d.outcome), value=lambda d: d.outcome),
        Column("Reason, and nearest miss", badges.reason, wide=True),
        Column(
            "Price",
            lambda d: price(d.price),
            numeric=True,
            unit=quote_of(desk.watch),
            value=lambda d: d.price,
        ),
        Column(
            "", lambda d: dcc.Link("Why", href=address("/decisions", {"id": d.id}), className="act small")
        ),
    ]
    more = dcc.Link("All", href=address("/decisions", {"symbol": symbol}), className="act small")
    none = empty_state("No decision on it yet.", ["Each cycle adds one for each symbol that is traded."])
    shown = table("market-decisions", "Decisions on the symbol", columns, rows, empty=none)
    return card(f"Decisions on {symbol}" if symbol else "Decisions", shown, aside=[more])


def _chart(desk: Desk, search: str | None, most: int) -> Chart | None:
    """What is stored for a query, at most so many candles; None where nothing is.

    Raises:
        StorageError: the database cannot be read.
        ConfigurationError: the query asks for what cannot be.
    """
    query = asked(search)
    symbol = symbol_of(query) or _first(desk)
    if not symbol:
        return None
    try:
        newest = desk.market.candles(symbol, 1)
        interval = _interval(query.get("interval"), newest.interval)
        wanted = min(_READ, most * (interval.duration // newest.interval.duration))
        series = newest if wanted == 1 else desk.market.candles(symbol, wanted)
    except NoMarketData:
        return None
    candles = list(series.candles)
    if interval is not newest.interval:
        candles = candle_chart.merged(candles, interval)
    seen = desk.market.indicators(symbol, wanted) if most > 1 else ()
    drawn = candles[-most:]
    return Chart(symbol, newest.interval, interval, drawn, candle_chart.seen_of(seen, drawn, interval))


def _interval(wanted: str | None, stored: CandleInterval) -> CandleInterval:
    allowed = {stored.value, *(value for value, _ in _longer(stored))}
    if wanted is None:
        return stored
    if wanted not in allowed:
        raise ConfigurationError(f"candles of {wanted[:8]!r} cannot be made of {stored.value} candles")
    return CandleInterval(wanted)


def _longer(stored: CandleInterval) -> list[tuple[str, str]]:
    """Intervals that the stored one divides."""
    found = []
    for name in _INTERVALS:
        parts, rest = divmod(CandleInterval(name).duration, stored.duration)
        if rest == timedelta(0) and 1 < parts <= _MOST_MERGED:
            found.append((name, name))
    return found


def _first(desk: Desk) -> str:
    return next(iter(desk.watch.status().symbols), "")


def _levels(desk: Desk, symbol: str) -> Levels | None:
    for holding in holdings(desk.watch):
        if holding.position.symbol == symbol and not holding.is_dust:
            guard, held = holding.protection, holding.position
            stop, target = (guard.stop, guard.target) if guard else (None, None)
            if held.average_price is None:
                return None
            return Levels(held.opened_at, held.average_price, stop, target)
    return None


def _price_figure(label: str, at: Decimal, quote: str, note: Child) -> Component:
    """The unit stands beside the label: eight of them share a line."""
    name = label.lower().replace(" ", "-")
    return figure([label, html.Span(quote, className="unit")], price(at), note=note, name=name, value=at)


def _level_figures(levels: Levels | None, now_at: Decimal, quote: str) -> list[Component]:
    shown = (
        []
        if levels is None
        else [(AVERAGE_COST, levels.entry), ("Stop", levels.stop), ("Target", levels.target)]
    )
    return [
        _price_figure(name, at, quote, note=f"{percent(at - now_at, now_at, signed=True)} from here")
        for name, at in shown
        if at is not None
    ]


def _fills(desk: Desk, shown: Chart) -> list[FillRow]:
    begin = shown.candles[0].open_time
    return [fill for fill in desk.watch.fills(limit=_FILLS, symbol=shown.symbol) if fill.traded_at >= begin]


def _move(desk: Desk, seen: MarketNow) -> Component:
    """The change of 24 hours where that many are stored, else since the oldest candle that is looked at."""
    if seen.change_24h is not None:
        span = f"{price(seen.low_24h)} to {price(seen.high_24h)}"
        return figure("24 hours", percent(seen.change_24h, Decimal(1), signed=True), note=span)
    try:
        candles = desk.market.candles(seen.symbol, _READ).candles
    except NoMarketData:
        return figure("Change", ABSENT, note="no candle is stored")
    first, last = candles[0], candles[-1]
    low, high = min(candle.low for candle in candles), max(candle.high for candle in candles)
    return figure(
        ["Since ", moment(first.open_time)],
        percent(last.close - first.open, first.open, signed=True),
        note=html.Span(
            f"{price(low)} to {price(high)}; {_NO_DAY}",
            title="They are added up from stored candles of a minute or longer, once 24 hours of them have no gap.",
        ),
    )


PAGE = Page("/market", "Market", "market", 30, layout, register)
