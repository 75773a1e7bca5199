"""Markup instead of components: the same elements, escaped."""

from html.parser import HTMLParser

from dash import dcc, html
from hypothesis import given
from hypothesis import strategies as st

from binance_trade_agent.interfaces.dashboard.components.cards import card, figure
from binance_trade_agent.interfaces.dashboard.components.tables import Column, table
from binance_trade_agent.interfaces.dashboard.still import still


class Elements(HTMLParser):
    """Markup as a tree of `(tag, attributes, children)`."""

    def __init__(self, markup):
        super().__init__()
        self.tree = []
        self.path = [self.tree]
        self.feed(markup)
        self.close()
        assert self.path == [self.tree]

    def handle_starttag(self, tag, attrs):
        children = []
        self.path[-1].append((tag, dict(attrs), children))
        if tag not in ("br", "hr"):
            self.path.append(children)

    def handle_endtag(self, tag):
        self.path.pop()

    def handle_data(self, data):
        self.path[-1].append(data)


def markup_of(component):
    return still(component).to_plotly_json()["props"]["data-still"]


def test_a_part_without_ids_is_markup_in_its_own_element():
    drawn = still(card("Open & shut", html.P(["1 < 2", html.Br(), None, html.B(3)])))
    told = drawn.to_plotly_json()
    assert (told["type"], set(told["props"])) == ("Section", {"className", "aria-label", "data-still"})
    assert Elements(told["props"]["data-still"]).tree == [
        (
            "div",
            {"class": "card-head"},
            [("h2", {}, ["Open & shut"]), ("div", {"class": "aside"}, [])],
        ),
        ("p", {}, ["1 < 2", ("br", {}, []), ("b", {}, ["3"])]),
    ]


def test_attributes_are_those_of_the_page():
    inside = html.Button(
        "x",
        disabled=True,
        hidden=False,
        tabIndex=0,
        className='a"b',
        style={"marginLeft": "3px", "width": "5%"},
        **{"data-value": "1.50", "aria-label": "<b>"},
    )
    (only,) = Elements(markup_of(html.Div([inside, ""]))).tree
    assert only == (
        "button",
        {
            "disabled": "",
            "tabindex": "0",
            "class": 'a"b',
            "style": "margin-left:3px;width:5%",
            "data-value": "1.50",
            "aria-label": "<b>",
        },
        ["x"],
    )


def test_a_link_leads_within_the_page():
    (link,) = Elements(
        markup_of(html.P([dcc.Link("Why", href="/decisions?id=1&by=2", className="act")]))
    ).tree
    assert link == ("a", {"data-link": None, "href": "/decisions?id=1&by=2", "class": "act"}, ["Why"])


def test_what_callbacks_look_into_stays_a_component():
    drawn = still(
        html.Div([html.Div([html.B("a")]), dcc.Graph(id="chart"), html.Div([html.P("x", id="told")]), "text"])
    )
    first, chart, told, text = drawn.children
    assert first.to_plotly_json()["props"] == {"data-still": "<b>a</b>"}
    assert (chart.id, told.children[0].id, text) == ("chart", "told", "text")
    assert [still(html.P("plain")).children, still("text"), still(None)] == ["plain", "text", None]
    typed = still(html.Div([html.B("a"), dcc.Input(value="x")]))
    assert isinstance(typed.children[1], dcc.Input)


@given(st.text(), st.text())
def test_no_text_becomes_an_element(text, title):
    rows = table(
        "t", "name", [Column("Text", lambda row: html.Span(row, title=title))], [text], empty=html.Div()
    )
    drawn = html.Div([rows, figure("Label", text, note=title)])
    tags = []

    def walk(tree):
        for tag, _, children in (each for each in tree if isinstance(each, tuple)):
            tags.append(tag)
            walk(children)

    walk(Elements(markup_of(drawn)).tree)
    wanted = ["div", "table", "caption", "thead", "tr", "th", "button", "tbody", "tr", "td", "span"]
    assert tags == [*wanted, "div", "dt", "dd", "span", "dd"]
