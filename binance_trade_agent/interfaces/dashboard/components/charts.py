"""Charts, as plain dictionaries: building plotly's objects costs memory and time for nothing.

One template serves both themes: grounds are clear, colours are mid-tones that stand on either, and the style
sheet paints text and grid. A figure keeps its `uirevision`, so zoom survives updates: send new `data` through
`new_data`, never a new layout.
"""

from typing import Any

from dash import Patch, dcc, html
from dash.development.base_component import Component

#: Okabe and Ito's colours for colour-blind eyes, moved to mid-tones.
BLUE, ORANGE, TEAL, PURPLE, AMBER = "#2f7de1", "#d9722b", "#159a8c", "#a05fb8", "#b8860b"
GREY, SKY, ROSE = "#7d8a9c", "#3fa7d6", "#cf5c93"
SERIES = (BLUE, ORANGE, TEAL, PURPLE, AMBER)
GAIN, LOSS = BLUE, ORANGE
MUTED = "#8290a3"
_CONFIG: Any = {"displayModeBar": False, "responsive": True, "doubleClick": "reset"}
_AXIS: dict[str, Any] = {
    "gridcolor": "rgba(130, 144, 163, 0.18)",
    "zeroline": False,
    "color": MUTED,
    # clear ticks keep the numbers off the lines
    "ticks": "outside",
    "ticklen": 5,
    "tickcolor": "rgba(0, 0, 0, 0)",
}


def faint(colour: str, share: float = 0.12) -> str:
    """A hexadecimal colour, mostly clear, for fills."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def axis(**own: Any) -> dict[str, Any]:
    """An axis in the house style."""
    return {**_AXIS, **own}


def layout(revision: str, **own: Any) -> dict[str, Any]:
    """A layout in the house style; `revision` is what zoom belongs to: another one forgets it."""
    return {
        "margin": {"l": 8, "r": 64, "t": 8, "b": 38},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "color": MUTED},
        "colorway": list(SERIES),
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": "zoom",
        "xaxis": axis(showgrid=False, type="date", nticks=6, tickangle=0),
        "yaxis": axis(side="right", nticks=6),
        "uirevision": revision,
        **own,
    }


def frame(identifier: str, *inside: Component) -> Component:
    """What a chart stands in, to be hidden (class `gone`) while it is empty: a graph ignores a class of its own."""
    return html.Div(list(inside), id=identifier)


def chart(identifier: str, layout_: dict[str, Any], *, style: str = "") -> Component:
    """A chart without data yet."""
    return dcc.Graph(
        id=identifier,
        figure={"data": [], "layout": layout_},
        config=_CONFIG,
        className=f"chart {style}".strip(),
        responsive=True,
    )


def new_data(traces: list[dict[str, Any]]) -> Patch:
    """The same figure with other traces; zoom and hidden series stay."""
    update = Patch()
    update["data"] = traces
    return update


def line(name: str, times: list[str], values: list[float], colour: str, **own: Any) -> dict[str, Any]:
    """A line over time."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times,
        "y": values,
        "line": {"color": colour, "width": 2},
        **own,
    }
