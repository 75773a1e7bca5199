"""The equity chart, as plain dictionaries: building plotly's objects costs memory and time for nothing."""

from typing import Any
from zoneinfo import ZoneInfo

from dash import Patch

from binance_trade_agent.interfaces.dashboard.snapshot import Snapshot

#: Mid-tones that stand on both themes; the style sheet takes over where it can.
_LINE = "#2f7de1"
_FILL = "rgba(47, 125, 225, 0.10)"
_MUTED = "#8290a3"


_AXIS: dict[str, Any] = {"gridcolor": "rgba(130, 144, 163, 0.18)", "zeroline": False, "color": _MUTED}
_LAYOUT: dict[str, Any] = {
    "margin": {"l": 10, "r": 72, "t": 8, "b": 42},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 12, "color": _MUTED},
    "showlegend": False,
    "hovermode": "x",
    "dragmode": "zoom",
    "xaxis": {**_AXIS, "showgrid": False, "type": "date", "nticks": 5, "tickangle": 0},
    "yaxis": {**_AXIS, "side": "right", "ticklabelstandoff": 6, "tickformat": ",.2f", "nticks": 6},
    "uirevision": "equity",
}


def empty_equity() -> dict[str, Any]:
    """The chart before its first point."""
    return {"data": [], "layout": _LAYOUT}


def equity_update(snapshot: Snapshot, zone: ZoneInfo) -> Patch:
    """Equity over time in the viewer's zone, with where it began as a dotted line.

    Only the data is replaced: a layout sent anew would undo the viewer's zoom.
    """
    rows = snapshot.equity
    times = [row.at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds") for row in rows]
    update = Patch()
    update["data"] = _traces(times, [float(row.total) for row in rows], snapshot.quote)
    return update


def _traces(times: list[str], totals: list[float], quote: str) -> list[dict[str, Any]]:
    if not totals:
        return []
    begin = {
        "type": "scatter",
        "mode": "lines",
        "x": [times[0], times[-1]],
        "y": [totals[0], totals[0]],
        "line": {"color": _MUTED, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    curve = {
        "type": "scatter",
        "mode": "lines",
        "x": times,
        "y": totals,
        "line": {"color": _LINE, "width": 2},
        "fill": "tonexty",
        "fillcolor": _FILL,
        "hovertemplate": f"%{{y:,.2f}} {quote}<br>%{{x|%d %b %H:%M:%S}}<extra></extra>",
    }
    return [begin, curve]
