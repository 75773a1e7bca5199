"""How rows are printed: JSON with stable keys for programs, tables for people."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from binance_trade_agent.domain.money import to_wire

#: Wider than any row: what is piped is a line a row, to be searched.
_PIPED_WIDTH = 20_000
_WIDE = 120
#: Lines of prose are no longer than this, however wide the terminal.
_PROSE_WIDTH = 100

_STYLES = {
    "BUY": "green",
    "SELL": "red",
    "FILLED": "green",
    "REJECTED": "red",
    "unprotected": "bold red",
    "reached": "bold red",
    "dust": "dim",
    "UNKNOWN": "bold yellow",
    "INTENT": "yellow",
    "NOT_PLACED": "dim",
    "CANCELED": "dim",
    "EXPIRED": "dim",
    "placed": "green",
    "held": "dim",
    "refused": "yellow",
    "rejected": "red",
    "unknown": "bold yellow",
    "no_data": "red",
    "failed": "red",
    "halted": "red",
    "RUNNING": "green",
    "PAUSED": "yellow",
    "ENTRIES_HALTED": "yellow",
    "HALTED": "bold red",
    "EXITED": "yellow",
    "STOPPED": "yellow",
    "STARTING": "yellow",
    "BACKOFF": "red",
    "FATAL": "bold red",
}


def print_json(value: Any) -> None:
    """Dataclasses as objects, decimals as text (exact), times as ISO 8601."""
    data = orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(data.decode() + "\n")


def console() -> Console:
    """Rich on the terminal's width, or wide enough for whole rows when piped."""
    return Console() if sys.stdout.isatty() else Console(width=_PIPED_WIDTH)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, screen: Console | None = None
) -> None:
    """Print rows.

    A column whose name ends in `>` is aligned to the right and never broken, one with a `?` is left out of
    a narrow terminal.
    """
    screen = screen or console()
    shown = [place for place, name in enumerate(columns) if screen.width >= _WIDE or "?" not in name]
    grid = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for name in (columns[place] for place in shown):
        is_number = name.endswith(">")
        grid.add_column(
            name.rstrip(">?"), justify="right" if is_number else "left", overflow="fold", no_wrap=is_number
        )
    for row in rows:
        grid.add_row(*(cell(row[place]) for place in shown))
    print_whole(grid, screen)
    if not rows:
        screen.print("none yet", style="dim")


def print_whole(grid: Table, screen: Console) -> None:
    """Print a table; where it is piped, without the blanks that fill its last column."""
    if screen.is_terminal:
        screen.print(grid)
        return
    with screen.capture() as taken:
        screen.print(grid)
    screen.file.writelines(f"{line.rstrip()}\n" for line in taken.get().splitlines())


def prose(screen: Console, markup: str, left: int = 0, hanging: int = 0) -> None:
    """Print wrapped text, `left` in from the margin, lines after the first by `hanging` more."""
    width = min(screen.width, _PROSE_WIDTH) - left
    text = screen.render_str(markup, highlight=False)
    lines = text.wrap(screen, max(20, width - hanging))
    for place, line in enumerate(lines):
        line.rstrip()
        screen.print(
            Padding(line, (0, 0, 0, left + (hanging if place else 0)), expand=False), highlight=False
        )


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        return to_wire(value)
    text = str(value).replace("[", r"\[")
    style = _STYLES.get(text)
    return f"[{style}]{text}[/]" if style else text


def money(value: Decimal | None) -> str | None:
    """An amount of quote currency to two places."""
    return None if value is None else f"{value:,.2f}"


def percent(share: float | Decimal | None, *, signed: bool = False) -> str | None:
    """A share in percent, to two places."""
    if share is None:
        return None
    return f"{share * 100:+,.2f} %" if signed else f"{share * 100:,.2f} %"


def distance(value: Decimal | None) -> str:
    """A signed distance in percent."""
    return "" if value is None else f" {value:+.2f} %"


def gain(value: Decimal | None) -> str | None:
    """A signed amount of quote currency."""
    return None if value is None else f"{value:+,.2f}"


def age(moment: datetime | None, now: datetime) -> str | None:
    """How long ago, in the largest fitting unit."""
    if moment is None:
        return None
    seconds = (now - moment) // timedelta(seconds=1)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return to_wire(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)
