"""Parts that no callback looks into are sent as markup, which assets/still.js puts on the page.

Dash keeps a subscription for each of its components and asks all of them at every update: a page of two thousand keeps
a browser busy for seconds. What is drawn stays a tree of components, and the elements on the page are the same.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components.numbers import attributes

_HTML = "dash_html_components"
_VOID = frozenset({"br", "hr", "img", "wbr"})
_NAMES = {"className": "class", "htmlFor": "for"}
_LEFT_OUT = frozenset({"children", "key", "id", "refresh"})


def still(drawn: Any) -> Any:
    """What was drawn, each largest part of it that has neither an id nor a script of its own as markup."""
    if isinstance(drawn, (list, tuple)):
        return [still(each) for each in drawn]
    if not isinstance(drawn, Component):
        return drawn
    children = getattr(drawn, "children", None)
    if _is_html(drawn) and _holds_components(children) and _is_still(children):
        markup = "".join(_markup(children))
        del drawn.children
        for name, value in attributes(data_still=markup).items():
            setattr(drawn, name, value)
    elif children is not None:
        drawn.children = still(children)
    return drawn


def _is_html(component: Component) -> bool:
    return bool(component._namespace == _HTML)


def _holds_components(children: Any) -> bool:
    return isinstance(children, Component) or (
        isinstance(children, (list, tuple)) and any(isinstance(each, Component) for each in children)
    )


def _is_still(drawn: Any) -> bool:
    if isinstance(drawn, (list, tuple)):
        return all(_is_still(each) for each in drawn)
    if not isinstance(drawn, Component):
        return True
    plain = _is_html(drawn) or drawn._type == "Link"
    return plain and getattr(drawn, "id", None) is None and _is_still(getattr(drawn, "children", None))


def _markup(drawn: Any) -> Iterator[str]:
    if isinstance(drawn, (list, tuple)):
        for each in drawn:
            yield from _markup(each)
    elif isinstance(drawn, Component):
        tag = "a" if drawn._type == "Link" else drawn._type.lower()
        link = " data-link" if drawn._type == "Link" else ""
        yield f"<{tag}{link}{''.join(_attributes(drawn))}>"
        if tag not in _VOID:
            yield from _markup(getattr(drawn, "children", None))
            yield f"</{tag}>"
    elif drawn is not None and not isinstance(drawn, bool):
        yield escape(str(drawn))


def _attributes(component: Any) -> Iterator[str]:
    for name, value in component.to_plotly_json()["props"].items():
        if name in _LEFT_OUT or value is None or value is False:
            continue
        if name == "style":
            value = ";".join(f"{_hyphened(key)}:{each}" for key, each in value.items())
        shown = "" if value is True else escape(str(value))
        yield f' {_NAMES.get(name, name.lower())}="{shown}"'


def _hyphened(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
