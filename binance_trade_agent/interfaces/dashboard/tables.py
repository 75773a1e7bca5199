"""One way to draw a table: numbers right-aligned, rows stacked on a phone, an empty state that says what to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dash import html
from dash.development.base_component import Component

from binance_trade_agent.interfaces.dashboard.formats import attributes

Row = TypeVar("Row")
Child = str | Component


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column. `wide` takes a line of its own on a phone; `unit` stands under the title."""

    title: str
    cell: Callable[[Row], Child]
    numeric: bool = False
    wide: bool = False
    unit: str = ""


def table(
    name: str, columns: Sequence[Column[Row]], rows: Sequence[Row], *, empty: Sequence[Child]
) -> Component:
    """The rows as a table that assistive technology knows by `name`; `empty` stands in for no rows."""
    if not rows:
        return html.P(list(empty), className="empty")
    return html.Div(
        html.Table(
            [
                html.Caption(name, className="hidden-text"),
                html.Thead(html.Tr([_heading(column) for column in columns])),
                html.Tbody([html.Tr([_cell(column, row) for column in columns]) for row in rows]),
            ]
        ),
        className="table-scroll",
        tabIndex=0,
        role="region",
        **attributes(aria_label=name),
    )


def card(title: str, aside: Sequence[Child], body: Component) -> Component:
    """A titled part of the page; `aside` stands beside the title."""
    return html.Section([html.H2([title, *aside]), body], className="card", **attributes(aria_label=title))


def _heading(column: Column[Row]) -> Component:
    unit = [html.Span(column.unit, className="unit")] if column.unit else []
    return html.Th([column.title, *unit], scope="col", className=_classes(column))


def _cell(column: Column[Row], row: Row) -> Component:
    label = f"{column.title} ({column.unit})" if column.unit else column.title
    return html.Td(column.cell(row), className=_classes(column), **attributes(data_label=label))


def _classes(column: Column[Row]) -> str:
    return " ".join(name for name, on in (("number", column.numeric), ("wide", column.wide)) if on)
