"""HTML elements as `dash.html` has them, made in a tenth of the time: a page is drawn of thousands at each update.

Dash checks every argument of every element with much care; here only the names are checked, against the same lists.
"""

from collections.abc import Callable
from typing import Any

from dash import html
from dash.development.base_component import Component


def _maker(kind: type[Component]) -> Callable[..., Component]:
    """What makes elements of `kind`; raises `TypeError` for an attribute that it has not."""
    noted = dict(vars(kind()))
    known, prefixes = frozenset(noted["_prop_names"]), tuple(noted["_valid_wildcard_attributes"])

    def make(children: Any = None, **named: Any) -> Component:
        for name in named.keys() - known:
            if not name.startswith(prefixes):
                raise TypeError(f"html.{kind._type} has no attribute {name!r}")
        element = kind.__new__(kind)
        own = element.__dict__
        own.update(noted)
        own["children"] = children
        own.update(named)
        return element

    return make


A = _maker(html.A)
Aside = _maker(html.Aside)
Button = _maker(html.Button)
Caption = _maker(html.Caption)
Code = _maker(html.Code)
Dd = _maker(html.Dd)
Details = _maker(html.Details)
Div = _maker(html.Div)
Dl = _maker(html.Dl)
Dt = _maker(html.Dt)
Form = _maker(html.Form)
H1 = _maker(html.H1)
H2 = _maker(html.H2)
H3 = _maker(html.H3)
Header = _maker(html.Header)
Li = _maker(html.Li)
Main = _maker(html.Main)
Nav = _maker(html.Nav)
Ol = _maker(html.Ol)
P = _maker(html.P)
Pre = _maker(html.Pre)
Section = _maker(html.Section)
Small = _maker(html.Small)
Span = _maker(html.Span)
Strong = _maker(html.Strong)
Summary = _maker(html.Summary)
Table = _maker(html.Table)
Tbody = _maker(html.Tbody)
Td = _maker(html.Td)
Th = _maker(html.Th)
Thead = _maker(html.Thead)
Time = _maker(html.Time)
Tr = _maker(html.Tr)
Ul = _maker(html.Ul)
