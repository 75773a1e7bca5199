"""Elements that are made quickly are those of Dash."""

import pytest
from dash import html

from binance_trade_agent.interfaces.dashboard.components import elements

NAMES = [name for name in dir(elements) if name[0].isupper() and name not in ("Any", "Callable", "Component")]


@pytest.mark.parametrize("name", NAMES)
def test_an_element_is_that_of_dash(name: str) -> None:
    named = {"className": "a", "id": "i", "title": "t", "data-value": "1", "aria-label": "l"}
    made, dashs = getattr(elements, name)(["x"], **named), getattr(html, name)(["x"], **named)
    assert type(made) is type(dashs)
    assert made.to_plotly_json() == dashs.to_plotly_json()


def test_what_is_changed_on_one_is_not_on_another() -> None:
    first, second = elements.Div(id="first"), elements.Div("text")
    first.children = "more"
    assert second.to_plotly_json()["props"] == {"children": "text"}
    assert elements.Div().to_plotly_json() == html.Div().to_plotly_json()


def test_an_attribute_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match=r"html\.Div has no attribute 'classname'"):
        elements.Div("x", classname="a")
