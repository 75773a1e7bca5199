"""CSV files: a button on a page, and the route that writes them."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

from dash.development.base_component import Component

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.interfaces.dashboard.components import elements as html

#: A cell that begins so is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_button(name: str, label: str = "CSV", **query: str) -> Component:
    """A link that saves `/export/<name>.csv`."""
    address = f"/export/{name}.csv" + (f"?{urlencode(query)}" if query else "")
    return html.A(label, href=address, download=f"{name}.csv", className="act small", title="Save as CSV")


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, line by line."""
    yield _line(columns)
    for row in rows:
        yield _line([_cell(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return to_wire(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return "; ".join(f"{name}={held}" for name, held in value.items())
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
