"""Filters above a page. What is chosen stands in the query of the address (assets/choices.js, `queries`)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter: `name` in the query; `options` are values with their words, the first for a query without it.

    Without options it is a field: of `kind` `text`, or `moment` (a time in the viewer's zone, UTC in the query).
    """

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()
    kind: str = "text"
    hint: str = ""


def choices(*wanted: Choice) -> Component:
    """The row of filters; the browser fills it, for React must not own what a person types."""
    shown = json.dumps([asdict(choice) for choice in wanted])
    return html.Div(className="choices", role="search", **attributes(data_choices=shown))


def named(words: Iterable[str], first: str) -> list[tuple[str, str]]:
    """Options of words that name themselves, after `first`, which asks for nothing."""
    return [("", first), *((word, word.replace("_", " ")) for word in words)]
