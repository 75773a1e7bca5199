"""`performance`: what trading has earned, against what holding would have, and at what risk."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.performance import (
    Drawdown,
    EquityFigures,
    Grouping,
    Performance,
    PerformanceSlice,
)
from binance_trade_agent.domain.phrases import counted, length
from binance_trade_agent.domain.return_statistics import FEWEST_DAYS, FEWEST_DAYS_FOR_A_YEAR
from binance_trade_agent.interfaces.cli.output import (
    cell,
    console,
    gain,
    money,
    percent,
    print_json,
    prose,
    table,
)
from binance_trade_agent.interfaces.cli.session import at_desk

_SLICES_SHOWN = 62
_HOLDINGS_SHOWN = 8
#: Of the two lists beside each other: together 80 columns.
_LABEL_WIDTH = 22
_LEFT_WIDTH = 14
_RIGHT_WIDTH = 16

#: Label and value; a value of None is a dash.
Line = tuple[str, str | None]


def performance(since: str, by: str | None, symbol: str | None, as_json: bool) -> None:
    """Print the figures since a time or a span ago, with a breakdown `by` if one is named."""
    with at_desk(tells_age=True) as (_, desk):
        found = desk.performance.performance(since, symbol, by=_grouping(by))
    if as_json:
        print_json(found)
        return
    draw_performance(found, console())


def _grouping(by: str | None) -> Grouping | None:
    if by is None:
        return None
    try:
        return Grouping(by.lower())
    except ValueError:
        raise ConfigurationError(f"--by {by}: expected one of {', '.join(Grouping)}") from None


def draw_performance(found: Performance, screen: Console) -> None:
    """All figures, readable on 80 columns and without colours."""
    figures = found.figures
    about = f" of {found.symbol}" if found.symbol else ""
    begin = found.since if figures is None else max(found.since, figures.begin_at)
    span = "" if begin.year == 1970 else f" {begin:%Y-%m-%d %H:%M} to"
    title = f"[bold]Performance{escape(about)}[/]{span} {found.until:%Y-%m-%d %H:%M} UTC, in {found.quote}"
    screen.print(title, highlight=False)
    if figures is not None:
        _pair(screen, ("Equity", _equity(figures)), ("Return", _returns(figures)))
        _pair(screen, ("Risk", _risk(figures)), ("Round trips", _trips(found)))
        _pair(screen, ("Trading", _trading(found)), ("Drawdown", _drawdown(figures.drawdown)))
    else:
        _pair(screen, ("Round trips", _trips(found)), ("Trading", _trading(found)))
    _remarks(found, screen)
    if found.grouping is not None:
        screen.print()
        _breakdown(found, found.grouping, screen)


def _equity(figures: EquityFigures) -> list[Line]:
    return [
        ("equity", money(figures.equity)),
        ("  in cash", money(figures.cash)),
        ("  in positions", money(figures.invested)),
        ("put in, less taken out", gain(figures.put_in)),
        ("profit, net of fees", gain(figures.profit)),
        ("  realised", gain(figures.realised)),
        ("  unrealised, change", gain(figures.unrealised)),
        ("unrealised now", gain(figures.open_unrealised)),
    ]


def _returns(figures: EquityFigures) -> list[Line]:
    return [
        ("time-weighted", percent(figures.total_return, signed=True)),
        ("buy and hold", percent(figures.buy_and_hold, signed=True)),
        ("difference", percent(figures.excess, signed=True)),
        ("a year, at this pace", percent(figures.yearly_return, signed=True)),
        ("days", f"{figures.days:,}"),
    ]


def _risk(figures: EquityFigures) -> list[Line]:
    return [
        ("Sharpe", _ratio(figures.sharpe)),
        ("Sortino", _ratio(figures.sortino)),
        ("Calmar", _ratio(figures.calmar)),
        ("exposure", percent(figures.exposure)),
    ]


def _drawdown(fall: Drawdown | None) -> list[Line]:
    if fall is None:
        return [("largest", "none")]
    recovered = f"{fall.recovered_at:%Y-%m-%d %H:%M}" if fall.recovered_at else "not yet"
    return [
        ("largest", percent(fall.share)),
        ("amount", money(fall.amount)),
        ("from", f"{fall.from_at:%Y-%m-%d %H:%M}"),
        ("to", f"{fall.to_at:%Y-%m-%d %H:%M}"),
        ("recovered", recovered),
    ]


def _trips(found: Performance) -> list[Line]:
    trips = found.trips
    held = length(timedelta(seconds=trips.held_s)) if trips.held_s is not None else None
    return [
        ("closed", f"{trips.trips:,}"),
        ("net result", gain(trips.net)),
        ("won / lost", f"{trips.wins:,} / {trips.losses:,}"),
        ("win rate", percent(trips.win_rate)),
        ("profit factor", _ratio(trips.profit_factor)),
        ("expectancy", gain(trips.expectancy)),
        ("average win", money(trips.average_win)),
        ("average loss", money(trips.average_loss)),
        ("longest losing streak", f"{trips.losing_streak:,}"),
        ("held on average", held),
    ]


def _trading(found: Performance) -> list[Line]:
    lines: list[Line] = [
        ("fills", f"{found.fills:,}"),
        ("turnover", money(found.turnover)),
        ("  times mean equity", _ratio(found.turnover_share)),
        ("fees", money(found.fees)),
        ("  in third assets", money(found.outside_fees)),
    ]
    if found.symbol is None:
        return lines
    return [line for line in lines if "equity" not in line[0]] + [
        ("buy and hold", percent(found.buy_and_hold.get(found.symbol), signed=True))
    ]


def _remarks(found: Performance, screen: Console) -> None:
    remarks = []
    figures = found.figures
    if figures is None and found.symbol is None:
        remarks.append("No equity is stored yet: the first cycle writes it.")
    if figures is not None and figures.days < FEWEST_DAYS_FOR_A_YEAR:
        remarks.append(
            f"– : Sharpe and Sortino take {FEWEST_DAYS} days, what is said of a year "
            f"{FEWEST_DAYS_FOR_A_YEAR}; there are {figures.days}."
        )
    for asset, amount in found.unpriced_fees.items():
        remarks.append(
            f"{to_wire(amount)} {asset} of fees are not in these figures: no price of {asset}{found.quote} "
            "is stored. It is once that symbol is traded."
        )
    if figures is not None and len(found.buy_and_hold) > 1:
        best = sorted(found.buy_and_hold.items(), key=lambda one: -one[1])[:_HOLDINGS_SHOWN]
        more = (
            f" and {len(found.buy_and_hold) - len(best)} more" if len(found.buy_and_hold) > len(best) else ""
        )
        held = ", ".join(f"{symbol} {percent(rate, signed=True)}" for symbol, rate in best)
        remarks.append(f"Buy and hold: {held}{more}.")
    if remarks:
        screen.print()
    for remark in remarks:
        prose(screen, f"[dim]{escape(remark)}[/]")


def _breakdown(found: Performance, grouping: Grouping, screen: Console) -> None:
    shown = found.slices[-_SLICES_SHOWN:] if grouping.is_of_time else found.slices[:_SLICES_SHOWN]
    if grouping.is_of_time and found.symbol is None:
        columns = ["equity>", "profit>", "return>", "trips>", "won>", "realised>", "fees>", "turnover?>"]
        rows = [_time_cells(one) for one in shown]
    else:
        columns = ["net>", "trips>", "won>", "win rate>", "factor>", "average>", "fees>", "turnover?>"]
        rows = [_trip_cells(one) for one in shown]
    if grouping is Grouping.STRATEGY:
        columns, rows = columns[:-2], [row[:-2] for row in rows]
    table(f"By {grouping}", [grouping.value, *columns], rows, screen=screen)
    if rows and grouping is not Grouping.STRATEGY:
        trips = "trips, won, realised" if grouping.is_of_time and found.symbol is None else "net to average"
        told = f"{trips}: of round trips that closed; fees and turnover: of all fills, those of open positions too"
        prose(screen, f"[dim]{told}[/]")
    if len(found.slices) > len(shown):
        screen.print(f"{counted(len(found.slices) - len(shown), 'row')} more with --json", style="dim")


def _time_cells(one: PerformanceSlice) -> Sequence[Any]:
    return (
        one.name,
        money(one.equity),
        gain(one.profit),
        percent(one.total_return, signed=True),
        one.trips.trips,
        one.trips.wins,
        gain(one.trips.net),
        money(one.fees),
        money(one.turnover),
    )


def _trip_cells(one: PerformanceSlice) -> Sequence[Any]:
    trips = one.trips
    return (
        one.name,
        gain(trips.net),
        trips.trips,
        trips.wins,
        percent(trips.win_rate),
        _ratio(trips.profit_factor),
        gain(trips.expectancy),
        money(one.fees),
        money(one.turnover),
    )


def _pair(screen: Console, left: tuple[str, list[Line]], right: tuple[str, list[Line]]) -> None:
    """Two lists beside each other."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for (title, _), width in ((left, _LEFT_WIDTH), (right, _RIGHT_WIDTH)):
        grid.add_column(title, width=_LABEL_WIDTH, no_wrap=True)
        grid.add_column("", justify="right", width=width, no_wrap=True)
    for place in range(max(len(left[1]), len(right[1]))):
        cells = [lines[place] if place < len(lines) else ("", "") for _, lines in (left, right)]
        grid.add_row(*(cell(text) for one in cells for text in one))
    screen.print()
    screen.print(grid, highlight=False)


def _ratio(value: float | Decimal | None) -> str | None:
    return None if value is None else f"{value:,.2f}"
