"""Candles with what the strategy saw, what was traded, and where a position's levels lie, as plotly draws them.

Indicators are those that decisions stored: what decided, not what another computation might say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from statistics import median
from typing import Any

from binance_trade_agent.domain.market import Candle, CandleInterval, SeenIndicators
from binance_trade_agent.domain.records import FillRow
from binance_trade_agent.interfaces.dashboard.components import charts
from binance_trade_agent.interfaces.dashboard.components.numbers import percent, price
from binance_trade_agent.interfaces.dashboard.components.times import chart_times

#: Values of a candle that the candles show themselves.
_OF_CANDLES = frozenset({"open", "high", "low", "close", "volume"})
_MOST_LINES, _MOST_BENEATH = 6, 3
#: No two lines of a chart look the same, to colour-blind eyes neither: another colour, and every third another dash.
_COLOURS = (charts.PURPLE, charts.TEAL, charts.AMBER, charts.ROSE, charts.SKY, charts.GREY)
_DASHES = ("solid", "dash", "dot", "longdash")
_EACH_DASH = 3
#: What runs from 0 to 100, by how its name begins, and only where its values do.
_OF_HUNDRED = ("rsi", "stoch_rsi", "adx", "plus_di", "minus_di")
#: A line of an indicator is broken where decisions lie further apart than so many times as usual.
_LONGEST_JOIN = 4
#: How far beyond the candles a level may lie to be drawn, as a share of their height.
_ROOM = Decimal("0.35")


def axes(*, has_own: bool, has_hundred: bool) -> dict[str, dict[str, Any]]:
    """The axes: beneath the price a pane for what has a scale of its own, and one for what runs from 0 to 100."""
    own_from, price_from = 0.21 * has_hundred, 0.24 * (has_own + has_hundred)
    own = charts.axis(
        side="right", nticks=4, domain=[own_from, own_from + 0.17], tickformat=",.4~g", visible=has_own
    )
    hundred = charts.axis(
        side="right", domain=[0, 0.17], range=[0, 100], tickvals=[0, 30, 70, 100], visible=has_hundred
    )
    price = charts.axis(side="right", nticks=7, domain=[price_from, 1], tickformat=",.6~g")
    time = charts.axis(
        showgrid=False,
        type="date",
        nticks=7,
        tickangle=0,
        anchor="y3" if has_hundred else "y2" if has_own else "y",
        rangeslider={"visible": False},
    )
    return {"xaxis": time, "yaxis": price, "yaxis2": own, "yaxis3": hundred}


LAYOUT = charts.layout(
    "market",
    **axes(has_own=True, has_hundred=True),
    margin={"l": 8, "r": 64, "t": 8, "b": 40},
    showlegend=True,
    legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}},
)


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices that matter to a position, since it was opened."""

    since: datetime | None
    entry: Decimal
    stop: Decimal | None
    target: Decimal | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Indicators by name, split by where they are drawn: along the price, beneath as chosen, or from 0 to 100."""

    of_price: tuple[str, ...]
    beneath: tuple[str, ...]
    of_hundred: tuple[str, ...]


def merged(candles: Sequence[Candle], interval: CandleInterval) -> list[Candle]:
    """Candles of a longer interval, cut at whole multiples of it since 1970 (UTC); the newest may be incomplete.

    An oldest one of which the beginning is not there is left out, unless it is the only one.
    """
    length = interval.duration
    length_s = length.total_seconds()
    groups = groupby(candles, key=lambda candle: candle.open_time.timestamp() // length_s)
    own = [(begin_of_candle(one[0].open_time, interval), one) for one in (list(group) for _, group in groups)]
    found = [_one(begin, begin + length, group) for begin, group in own]
    is_cut = len(found) > 1 and candles[0].open_time > found[0].open_time
    return found[1:] if is_cut else found


def begin_of_candle(at: datetime, interval: CandleInterval) -> datetime:
    """When the candle that holds `at` opens."""
    return at - timedelta(seconds=at.timestamp() % interval.duration.total_seconds())


def seen_of(
    seen: Sequence[SeenIndicators], candles: Sequence[Candle], interval: CandleInterval
) -> tuple[SeenIndicators, ...]:
    """What was seen of these candles: what another strategy saw before them has no value in the time shown."""
    begins = {candle.open_time for candle in candles}
    return tuple(each for each in seen if _begin_of(each, interval) in begins)


def lines_of(seen: Sequence[SeenIndicators], candles: Sequence[Candle]) -> Lines:
    """Which indicators run along the price: those that never leave its neighbourhood."""
    if not candles:
        return Lines((), (), ())
    low = float(min(candle.low for candle in candles)) / 2
    high = float(max(candle.high for candle in candles)) * 2
    names = dict.fromkeys(name for each in seen for name in each.values if name not in _OF_CANDLES)

    def is_within(name: str, least: float, most: float) -> bool:
        return all(least <= each.values[name] <= most for each in seen if name in each.values)

    of_hundred = tuple(name for name in names if name.startswith(_OF_HUNDRED) and is_within(name, 0, 100))
    of_price = tuple(name for name in names if name not in of_hundred and is_within(name, low, high))
    own_scale = tuple(name for name in names if name not in (*of_price, *of_hundred))
    # what the pane from 0 to 100 has no room for can be chosen like the others
    beneath = (*own_scale, *of_hundred[_MOST_BENEATH:])
    return Lines(of_price[:_MOST_LINES], beneath, of_hundred[:_MOST_BENEATH])


def shown_beneath(lines: Lines, chosen: str | None) -> tuple[str, ...]:
    """Of those beneath the one that is chosen, or the first, with those that are named after it."""
    name = chosen if chosen in lines.beneath else next(iter(lines.beneath), None)
    if name is None:
        return ()
    found = (each for each in lines.beneath if each == name or each.startswith(f"{name}_"))
    return tuple(found)[:_MOST_BENEATH]


def candle_trace(candles: Sequence[Candle], symbol: str) -> dict[str, Any]:
    """Rising candles are hollow, falling ones filled: never colour alone."""
    return {
        "type": "candlestick",
        "name": symbol,
        "x": chart_times([candle.open_time for candle in candles]),
        "open": [float(candle.open) for candle in candles],
        "high": [float(candle.high) for candle in candles],
        "low": [float(candle.low) for candle in candles],
        "close": [float(candle.close) for candle in candles],
        "increasing": {"line": {"color": charts.GAIN, "width": 1.2}, "fillcolor": charts.faint(charts.GAIN)},
        "decreasing": {"line": {"color": charts.LOSS, "width": 1.2}, "fillcolor": charts.LOSS},
    }


def indicator_traces(
    seen: Sequence[SeenIndicators],
    candles: Sequence[Candle],
    interval: CandleInterval,
    axis_of: Mapping[str, str],
) -> list[dict[str, Any]]:
    """A line for each name over the candles, on its axis; of a longer candle the last value in it."""
    by_candle = {_begin_of(each, interval): each.values for each in seen}
    points = _joined([(c.open_time, by_candle[c.open_time]) for c in candles if by_candle.get(c.open_time)])
    times = chart_times([at for at, _ in points])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": times,
            "y": [values.get(name) for _, values in points],
            "yaxis": axis,
            "line": {
                "color": _COLOURS[place % len(_COLOURS)],
                "width": 1.6,
                "dash": _DASHES[place // _EACH_DASH % len(_DASHES)],
            },
            "hovertemplate": "%{y:,.6~g}",
        }
        for place, (name, axis) in enumerate(axis_of.items())
    ]


def fill_traces(fills: Sequence[FillRow]) -> list[dict[str, Any]]:
    """A triangle for each fill: up for bought, down for sold."""
    sides = (("BUY", "Bought", "triangle-up", charts.GAIN), ("SELL", "Sold", "triangle-down", charts.LOSS))
    return [
        _markers(word, shape, colour, own)
        for side, word, shape, colour in sides
        if (own := [fill for fill in fills if fill.side == side])
    ]


def level_traces(levels: Levels | None, candles: Sequence[Candle]) -> list[dict[str, Any]]:
    """Lines from the position's opening to the end of the chart; of far ones see `level_notes`."""
    if levels is None:
        return []
    end, since = candles[-1].close_time, max(candles[0].open_time, levels.since or candles[0].open_time)
    low, high = _reach(candles)
    return [
        {
            "type": "scatter",
            "mode": "lines+text",
            "name": name,
            "x": chart_times([since, end]),
            "y": [float(at), float(at)],
            "text": ["", name],
            "textposition": "top left",
            "textfont": {"color": colour, "size": 12},
            "line": {"color": colour, "width": 1.4, "dash": dash},
            "showlegend": False,
            "hoverinfo": "skip",
        }
        for name, at, colour, dash in _named(levels)
        if low <= at <= high
    ]


def level_notes(levels: Levels | None, candles: Sequence[Candle]) -> list[dict[str, Any]]:
    """The last price beside its axis, and at the edge in their direction the levels that lie beyond it.

    A note at an edge takes no part in the scale.
    """
    last = candles[-1].close
    notes = [_note(1, float(last), "y", price(last), "left") | {"bgcolor": charts.BLUE}]
    notes[0]["font"] = {"color": "#ffffff", "size": 12}
    if levels is None:
        return notes
    low, high = _reach(candles)
    above = [each for each in _named(levels) if each[1] > high]
    below = [each for each in _named(levels) if each[1] < low]
    for glyph, edge, found in (("↑", 1, above), ("↓", 0, below)):
        words = [
            f"{glyph} {name} {price(at)} ({percent(at - last, last, signed=True)})"
            for name, at, _, _ in found
        ]
        if words:
            notes.append(_note(0.01, edge, "y domain", "   ".join(words), "left"))
    return notes


def _begin_of(seen: SeenIndicators, interval: CandleInterval) -> datetime:
    """When the candle that was seen opens; it is named by its end."""
    return begin_of_candle(seen.candle - timedelta(microseconds=1), interval)


def _joined(
    found: Sequence[tuple[datetime, Mapping[str, float]]],
) -> list[tuple[datetime, Mapping[str, float]]]:
    """The points of a line: it runs on from one decision to the next, several candles later, and is broken where
    the trader did not decide for longer than it usually takes."""
    if len(found) < 2:
        return list(found)
    apart = [(after - before).total_seconds() for (before, _), (after, _) in pairwise(found)]
    longest = timedelta(seconds=_LONGEST_JOIN * median(apart))
    points = [found[0]]
    for at, values in found[1:]:
        if at - points[-1][0] > longest:
            points.append((at, {}))
        points.append((at, values))
    return points


def _reach(candles: Sequence[Candle]) -> tuple[Decimal, Decimal]:
    """From where to where a level may lie without flattening the candles."""
    low, high = min(candle.low for candle in candles), max(candle.high for candle in candles)
    room = (high - low) * _ROOM
    return low - room, high + room


def _named(levels: Levels) -> list[tuple[str, Decimal, str, str]]:
    shown = (
        ("Average cost", levels.entry, charts.MUTED, "dash"),
        ("Stop", levels.stop, charts.LOSS, "dashdot"),
        ("Target", levels.target, charts.GAIN, "dashdot"),
    )
    return [(name, at, colour, dash) for name, at, colour, dash in shown if at is not None]


def _note(x: float, y: float, yref: str, text: str, xanchor: str) -> dict[str, Any]:
    return {
        "x": x,
        "xref": "x domain",
        "xanchor": xanchor,
        "y": y,
        "yref": yref,
        "yanchor": "middle" if yref == "y" else "top" if y else "bottom",
        "text": text,
        "showarrow": False,
        "borderpad": 2,
        "font": {"color": charts.MUTED, "size": 12},
    }


def _markers(word: str, shape: str, colour: str, fills: Sequence[FillRow]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": word,
        "x": chart_times([fill.traded_at for fill in fills]),
        "y": [float(fill.price) for fill in fills],
        "text": [f"{fill.quantity.normalize():f}" for fill in fills],
        "marker": {"symbol": shape, "size": 13, "color": colour, "line": {"color": "#ffffff", "width": 1.5}},
        "hovertemplate": "%{text} at %{y:,.8~g}",
    }


def _one(begin: datetime, end: datetime, parts: Sequence[Candle]) -> Candle:
    return Candle(
        open_time=begin,
        close_time=end,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum((part.volume for part in parts), start=Decimal(0)),
    )
