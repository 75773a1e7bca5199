"""Equity over time, and how far below its highest it stood."""

from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.interfaces.dashboard.components import charts
from binance_trade_agent.interfaces.dashboard.components.times import chart_times
from binance_trade_agent.interfaces.desks import Desk

_READ = 2000
_DRAWN = 500

EQUITY_LAYOUT = charts.layout(
    "equity",
    xaxis=charts.axis(showgrid=False, type="date", nticks=6, tickangle=0, anchor="y2"),
    yaxis=charts.axis(side="right", nticks=5, domain=[0.30, 1], tickformat=",.2f"),
    yaxis2=charts.axis(side="right", nticks=3, domain=[0, 0.20], ticksuffix=" %", rangemode="tozero"),
)


def equity_traces(desk: Desk) -> list[dict[str, Any]]:
    """Equity, what buying and holding would have made of it, and the drawdown beneath; none before the first point.

    Raises:
        StorageError: the database cannot be read.
    """
    rows = thinned(desk.watch.equity(limit=_READ), _DRAWN)
    if not rows:
        return []
    times = chart_times([row.at for row in rows])
    quote = rows[0].quote
    begin = float(rows[0].total)
    flat = {
        "type": "scatter",
        "mode": "lines",
        "x": [times[0], times[-1]],
        "y": [begin, begin],
        "line": {"color": charts.MUTED, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    curve = charts.line(
        "Equity",
        times,
        [float(row.total) for row in rows],
        charts.BLUE,
        fill="tonexty",
        fillcolor=charts.faint(charts.BLUE, 0.10),
        hovertemplate=f"%{{y:,.2f}} {quote}",
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
    return [flat, curve, fall]


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


def thinned(rows: tuple[EquityRow, ...], most: int) -> list[EquityRow]:
    """Evenly chosen rows, the newest among them."""
    step = max(1, -(-len(rows) // most))
    return list(rows[::-1][::step][::-1])
