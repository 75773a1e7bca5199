"""One way to draw a table: sorted and filtered in the browser, numbers right-aligned, rows stacked on a phone.

Sort order and filter belong to the table's `identifier`; they survive updates and a change of page
(assets/times.js).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from dash.development.base_component import Component

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.dashboard.components import elements as html
from binance_trade_agent.interfaces.dashboard.components.numbers import attributes
from binance_trade_agent.interfaces.dashboard.components.states import Child

Row = TypeVar("Row")
Value = Decimal | datetime | str | int | float | None
#: Rows that a phone shows before more are asked for (assets/2-parts.css, assets/times.js).
_FIRST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column. `wide` takes a line of its own on a phone; `unit` stands under the title.

    `value` is what the cell stands for, exactly: it is sorted by, and put on the cell as `data-value`.
    """

    title: str
    cell: Callable[[Row], Child]
    numeric: bool = False
    wide: bool = False
    unit: str = ""
    value: Callable[[Row], Value] | None = None


def table(
    identifier: str,
    name: str,
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    *,
    empty: Component,
    filterable: bool = False,
) -> Component:
    """The rows as a table that assistive technology knows by `name`; `empty` stands in for no rows."""
    if not rows:
        return empty
    grid = html.Table(
        [
            html.Caption(name, className="hidden-text"),
            html.Thead(html.Tr([_heading(column) for column in columns])),
            html.Tbody([html.Tr([_cell(column, row) for column in columns]) for row in rows]),
        ],
        **attributes(data_table=identifier),
    )
    more = [html.Button(f"Show all {len(rows)}", type="button", className="more act small")]
    scroll = html.Div(
        [grid, *more * (len(rows) > _FIRST_ROWS)],
        className="table-scroll",
        tabIndex=0,
        role="region",
        **attributes(aria_label=name),
    )
    return html.Div([_filter(identifier, name), scroll]) if filterable else scroll


def _filter(identifier: str, name: str) -> Component:
    # filled by assets/times.js: React must not own what a person types here
    return html.Div(
        className="table-filter", **attributes(data_filter=identifier, data_label=f"Filter {name.lower()}")
    )


def _heading(column: Column[Any]) -> Component:
    unit = [html.Span(column.unit, className="unit")] if column.unit else []
    inside = html.Button([column.title, *unit], type="button", className="sort")
    return html.Th(inside if column.title else "", scope="col", className=_classes(column))


def _cell(column: Column[Row], row: Row) -> Component:
    label = f"{column.title} ({column.unit})" if column.unit else column.title
    value = {} if column.value is None else {"data_value": _exact(column.value(row))}
    return html.Td(column.cell(row), className=_classes(column), **attributes(data_label=label, **value))


def _exact(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return to_wire(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _classes(column: Column[Any]) -> str:
    return " ".join(name for name, on in (("number", column.numeric), ("wide", column.wide)) if on)
