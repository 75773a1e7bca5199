"""Equity over time against buying and holding, and how far below its highest it stood."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dash import Patch

from binance_trade_agent.control.performance import begin_of
from binance_trade_agent.domain.history_rows import EquityBucket
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.interfaces.dashboard.components import charts
from binance_trade_agent.interfaces.dashboard.components.numbers import amount_format
from binance_trade_agent.interfaces.dashboard.components.times import chart_times
from binance_trade_agent.interfaces.dashboard.holdings import quote_of
from binance_trade_agent.interfaces.desks import Desk

#: Of each piece of time four snapshots are drawn at most.
_PIECES, _HOLD_POINTS = 120, 60

EQUITY_LAYOUT = charts.layout(
    "equity",
    xaxis=charts.axis(showgrid=False, type="date", nticks=6, tickangle=0, anchor="y2"),
    yaxis=charts.axis(side="right", nticks=5, domain=[0.30, 1]),
    yaxis2=charts.axis(side="right", nticks=3, domain=[0, 0.20], ticksuffix=" %", rangemode="tozero"),
)


def equity_data(desk: Desk, period: str) -> Patch:
    """New data for the chart; another period forgets the zoom.

    Raises:
        StorageError: the database cannot be read.
        ConfigurationError: `period` is none.
    """
    update = charts.new_data(equity_traces(desk, period))
    update["layout"]["uirevision"] = period
    update["layout"]["yaxis"]["tickformat"] = amount_format(quote_of(desk.watch))
    return update


def equity_traces(desk: Desk, period: str) -> list[dict[str, Any]]:
    """Equity with every peak and trough, what holding would have made of it, and the drawdown; none before the first.

    Raises:
        StorageError: the database cannot be read.
        ConfigurationError: `period` is none.
    """
    now = desk.watch.now()
    rows = snapshots(desk.history.equity_curve(begin_of(period, now), now, _PIECES))
    if not rows:
        return []
    times, quote = chart_times([row.at for row in rows]), rows[0].quote
    curve = charts.line(
        "Equity",
        times,
        [float(row.total) for row in rows],
        charts.BLUE,
        hovertemplate=_hover(quote),
    )
    fall = charts.line(
        "Drawdown",
        times,
        drawdown_percent(rows),
        charts.ORANGE,
        yaxis="y2",
        fill="tozeroy",
        fillcolor=charts.faint(charts.ORANGE, 0.18),
        hovertemplate="%{y:.2f} %",
    )
    return [curve, *_held(desk, period, quote), fall]


def snapshots(buckets: Sequence[EquityBucket]) -> list[EquityRow]:
    """What the buckets hold, each snapshot once, rising in time."""
    rows = {row.at: row for each in buckets for row in (each.first, each.lowest, each.highest, each.last)}
    return [rows[at] for at in sorted(rows)]


def _held(desk: Desk, period: str, quote: str) -> list[dict[str, Any]]:
    points = [p for p in desk.history.against_holding(period, _HOLD_POINTS) if p.hold is not None]
    if not points:
        return []
    line = charts.line(
        "Buy and hold",
        chart_times([p.at for p in points]),
        [float(p.hold) for p in points if p.hold is not None],
        charts.AMBER,
        hovertemplate=_hover(quote),
    )
    return [line | {"line": {"color": charts.AMBER, "width": 1.6, "dash": "dash"}}]


def _hover(quote: str) -> str:
    return f"%{{y:{amount_format(quote)}}} {quote}"


def drawdown_percent(rows: list[EquityRow]) -> list[float]:
    """Of each row, how far what trading made stands below its highest so far, in percent; 0 or less.

    What was put in or taken out is no rise or fall: profit is compared, on the equity of the highest.
    """
    highest: Decimal | None = None
    base = Decimal(1)
    falls = []
    for row in rows:
        made = row.total - (row.contributed or Decimal(0))
        if highest is None or made >= highest:
            highest, base = made, row.total
        falls.append(float((made - highest) / base * 100) if base > 0 else 0.0)
    return falls
