"""The page's skeleton: drawn once, filled by the callbacks."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.charts import empty_equity
from binance_trade_agent.interfaces.dashboard.formats import attributes
from binance_trade_agent.interfaces.dashboard.tables import card

REFRESH_MS = 2500

_GRAPH_CONFIG: Any = {"displayModeBar": False, "responsive": True, "doubleClick": "reset"}


def page(mode: str, mode_note: str) -> Component:
    """The whole page."""
    return html.Div(
        [
            _header(mode, mode_note),
            html.Main(
                [
                    html.Div(id="attention", className="attention"),
                    html.Div(id="notice", className="notice", role="status"),
                    html.Dl(id="figures", className="figures"),
                    html.Div(
                        [_equity(), _card("Open positions", "positions")],
                        className="columns lead",
                    ),
                    _card("Recent decisions", "decisions", note="plan"),
                    html.Div(
                        [_card("Recent fills", "fills"), _card("Recent orders", "orders")],
                        className="columns",
                    ),
                    html.Div(id="outside", className="columns"),
                ]
            ),
            _dialog(),
            *_machinery(),
        ],
        className="page",
    )


def _header(mode: str, mode_note: str) -> Component:
    word = "LIVE" if mode == "live" else mode.capitalize()
    return html.Header(
        [
            html.H1("Trade agent"),
            html.Span(word, className=f"mode {mode}", id="mode", title=mode_note),
            html.Div(
                [
                    html.Span("Connecting", id="pill", className="pill plain", role="status"),
                    html.Span("", id="clock", className="clock"),
                ],
                className="health",
            ),
            html.Div(
                [
                    html.Div(id="control", className="control"),
                    html.Button("Pause", id="pause", className="act", hidden=True),
                    html.Button("Resume", id="resume", className="act primary", hidden=True),
                    html.A("Sign out", href="/logout", className="quiet-link"),
                ],
                className="steering",
            ),
        ],
        className="top",
    )


def _equity() -> Component:
    graph = dcc.Graph(
        id="equity-graph",
        figure=empty_equity(),
        config=_GRAPH_CONFIG,
        className="graph",
        style={"display": "none"},
        responsive=True,
    )
    empty = html.P(
        "No equity yet. The first cycle that ends writes the first point.",
        id="equity-empty",
        className="empty",
        hidden=True,
    )
    return html.Section(
        [html.H2("Equity"), graph, empty], className="card", **attributes(aria_label="Equity")
    )


def _card(title: str, identifier: str, *, note: str = "") -> Component:
    aside = [html.Small("", id=note)] if note else []
    return card(title, aside, html.Div(html.P("Reading …", className="empty"), id=identifier))


def _dialog() -> Component:
    return html.Dialog(
        [
            html.H2("", id="confirm-title"),
            html.P("", id="confirm-text"),
            html.Label("Reason", htmlFor="reason"),
            dcc.Input(
                id="reason",
                type="text",
                maxLength=200,
                placeholder="it is shown and kept",
                autoComplete="off",
                value="",
            ),
            html.Div(
                [
                    html.Button("Cancel", id="confirm-cancel", className="act"),
                    html.Button("Confirm", id="confirm-do", className="act primary"),
                ],
                className="buttons",
            ),
        ],
        id="confirm",
        className="confirm",
        **attributes(aria_labelledby="confirm-title"),
    )


def _machinery() -> list[Component]:
    return [
        dcc.Interval(id="tick", interval=REFRESH_MS),
        dcc.Interval(id="second", interval=1000),
        dcc.Store(id="pulse"),
        dcc.Store(id="seen"),
        dcc.Store(id="zone"),
        dcc.Store(id="intent"),
        dcc.Store(id="acted"),
        dcc.Store(id="closed"),
    ]
