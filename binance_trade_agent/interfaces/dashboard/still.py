"""Parts that no callback looks into are sent as markup, which assets/still.js puts on the page.

Dash keeps a subscription for each of its components and asks all of them at every update: a page of two thousand keeps
a browser busy for seconds. What is drawn stays a tree of components, and the elements on the page are the same.
"""

from html import escape
from typing import Any

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components.numbers import attributes

_HTML = "dash_html_components"
_VOID = frozenset({"br", "hr", "img", "wbr"})
_NAMES = {"className": "class", "htmlFor": "for"}
_LEFT_OUT = frozenset({"children", "key", "id", "refresh"})
#: What Dash notes on each of its components beside what it was given.
_NOTES = frozenset(
    {"_prop_names", "_valid_wildcard_attributes", "available_properties", "available_wildcard_properties"}
)
_NOT_WRITTEN = _LEFT_OUT | _NOTES


def still(drawn: Any) -> Any:
    """What was drawn, each largest part of it that has neither an id nor a script of its own as markup."""
    if isinstance(drawn, (list, tuple)):
        return [still(each) for each in drawn]
    if not isinstance(drawn, Component):
        return drawn
    children = getattr(drawn, "children", None)
    if _is_html(drawn) and _holds_components(children) and _is_still(children):
        markup = _markup(children)
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


def _markup(drawn: Any) -> str:
    parts: list[str] = []
    _write(drawn, parts)
    return "".join(parts)


def _write(drawn: Any, parts: list[str]) -> None:
    # thousands an update: neither generators nor Dash's own JSON of a component, which looks at every name that may be
    if isinstance(drawn, (list, tuple)):
        for each in drawn:
            _write(each, parts)
    elif isinstance(drawn, Component):
        own, is_link = vars(drawn), drawn._type == "Link"
        tag = "a" if is_link else drawn._type.lower()
        parts.append("<a data-link" if is_link else f"<{tag}")
        parts.extend([_attribute(name, value) for name, value in own.items() if name not in _NOT_WRITTEN])
        parts.append(">")
        if tag not in _VOID:
            _write(own.get("children"), parts)
            parts.append(f"</{tag}>")
    elif drawn is not None and not isinstance(drawn, bool):
        parts.append(escape(str(drawn)))


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    if name == "style":
        value = ";".join(f"{_hyphened(key)}:{each}" for key, each in value.items())
    shown = "" if value is True else escape(str(value))
    return f' {_NAMES.get(name) or name.lower()}="{shown}"'


def _hyphened(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
