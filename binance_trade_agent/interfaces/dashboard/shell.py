"""What stands around every page: the bar, the navigation, the dialog of acts."""

import json
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc
from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.cards import heading
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes
from binance_trade_agent.interfaces.dashboard.components.states import empty_state
from binance_trade_agent.interfaces.dashboard.live import Beat, Topic
from binance_trade_agent.interfaces.dashboard.page import Page
from binance_trade_agent.interfaces.dashboard.registry import all_pages, page_at

_NAME = "Trade agent"


def layout(beat: Beat, mode: str, mode_note: str) -> Component:
    """The whole document; the page in it follows the address."""
    return html.Div(
        [
            html.A("Skip to the page", href="#page", className="skip"),
            _side(),
            html.Div(
                [
                    _bar(mode, mode_note),
                    html.Div(
                        id="toasts", role="status", className="toasts", **attributes(aria_live="polite")
                    ),
                    html.Main(id="page", tabIndex=-1),
                ],
                className="body",
            ),
            html.Div(id="dialog-place"),
            dcc.Location(id="location", refresh="callback-nav"),
            *[dcc.Store(id=topic.store, data=beat.topics.get(topic.value)) for topic in Topic],
            dcc.Store(id="title"),
            dcc.Store(id="title-told"),
            html.Div(
                id="live",
                hidden=True,
                **attributes(
                    data_mark=beat.mark,
                    data_topics=json.dumps(beat.topics),
                    data_pulse=json.dumps(beat.pulse),
                ),
            ),
        ],
        className=f"shell mode-{mode}",
    )


def register(app: Dash) -> None:
    """Let the page follow the address."""

    def open_page(path: str | None) -> tuple[Component, list[Component], str]:
        page = page_at(path)
        links = [_link(each, page) for each in all_pages()]
        if page is None:
            return _no_page(), links, f"Not found · {_NAME}"
        return html.Div(page.layout(), key=page.path, className="page"), links, f"{page.title} · {_NAME}"

    app.callback(
        Output("page", "children"),
        Output("navigation", "children"),
        Output("title", "data"),
        Input("location", "pathname"),
    )(open_page)
    connect: Any = app.clientside_callback  # Dash does not type it
    connect(ClientsideFunction("navigation", "title"), Output("title-told", "data"), Input("title", "data"))


def _side() -> Component:
    return html.Aside(
        [
            html.Div(
                [
                    html.Span(className="brand-mark", **attributes(aria_hidden="true")),
                    html.Span(_NAME, className="brand-name"),
                    html.Button(
                        "✕",
                        id="close-menu",
                        type="button",
                        className="icon-button",
                        **attributes(aria_label="Close the menu"),
                    ),
                ],
                className="brand",
            ),
            html.Nav(html.Ul(id="navigation"), **attributes(aria_label="Pages")),
            html.Div(
                [
                    html.Button("Theme", id="theme", type="button", className="side-button icon-theme"),
                    html.Form(
                        html.Button("Sign out", type="submit", className="side-button icon-leave"),
                        action="/logout",
                        method="post",
                    ),
                ],
                className="side-foot",
            ),
        ],
        id="side",
        className="side",
    )


def _link(page: Page, current: Page | None) -> Component:
    here: dict[str, str] = {"aria_current": "page"} if page is current else {}
    return html.Li(
        dcc.Link(page.title, href=page.path, className=f"icon-{page.icon}" + (" here" if here else "")),
        className="here" if here else "",
        **attributes(**here),
        key=page.path,
    )


def _bar(mode: str, mode_note: str) -> Component:
    word = "LIVE" if mode == "live" else mode.capitalize()
    return html.Header(
        [
            html.Button(
                "☰",
                id="open-menu",
                type="button",
                className="icon-button menu",
                **attributes(aria_label="Menu", aria_expanded="false", aria_controls="side"),
            ),
            html.Span(word, id="mode", className=f"mode {mode}", title=mode_note),
            html.Span("Connecting", id="bar-health", className="pill plain", role="status"),
            html.Span(id="bar-control", className="pill plain"),
            html.Span(id="bar-clock", className="bar-clock"),
            html.Span(id="bar-why", className="bar-why"),
            html.Dl(
                [
                    _bar_figure("Equity", "equity"),
                    _bar_figure("Today", "today", "since 00:00 UTC"),
                    _bar_figure("Data", "data", "age of what the trader last decided on"),
                    _bar_figure("Unresolved", "unresolved", "orders and cancels whose fate is not known yet"),
                    _bar_figure("Incidents", "incidents", "open; see System and Overview"),
                ],
                className="bar-figures",
            ),
        ],
        className="bar",
        **attributes(aria_label="State of the trader"),
    )


def _bar_figure(label: str, name: str, title: str = "") -> Component:
    return html.Div([html.Dt(label), html.Dd(id=f"bar-{name}")], className="bar-figure", title=title)


def _no_page() -> Component:
    return html.Div(
        [
            heading("There is no such page"),
            empty_state("The address leads nowhere.", ["Choose a page of the menu."]),
        ],
        className="page",
    )
