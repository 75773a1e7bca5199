"""`audit`: who did what, through what, why, and how it ended; with `--calls` every call over MCP."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from binance_trade_agent.control.explaining import since_of
from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.interfaces.cli.output import console, print_json, prose, table
from binance_trade_agent.interfaces.cli.session import at_desk


def show_audit(limit: int, since: str | None, as_json: bool) -> None:
    """Acts, newest first."""
    with at_desk() as (_, desk):
        begin = None if since is None else since_of(since, datetime.now(tz=UTC))
        rows = desk.watch.audit(limit=limit, since=begin)
    if as_json:
        print_json(rows)
        return
    screen = console()
    screen.print("Audit", style="bold")
    for row in rows:
        prose(screen, line_of(row), hanging=4)
    if not rows:
        screen.print("none yet", style="dim")


def show_calls(limit: int, since: str | None, as_json: bool) -> None:
    """Calls over MCP, newest first."""
    with at_desk() as (_, desk):
        begin = None if since is None else since_of(since, datetime.now(tz=UTC))
        rows = [row for row in desk.watch.tool_calls(limit=limit) if begin is None or row.at >= begin]
    if as_json:
        print_json(rows)
        return
    draw_calls(rows, console())


def draw_calls(rows: Sequence[ToolCall], screen: Console) -> None:
    """Calls with who made them and how they ended; a narrow terminal goes without their arguments."""
    columns = ("at", "who", "tier?", "tool", "outcome", "ms>", "arguments?")
    cells = [
        (
            f"{row.at:%m-%d %H:%M:%S}",
            row.caller,
            row.tier or None,
            row.tool,
            row.outcome,
            f"{row.took_ms:,.0f}",
            row.arguments,
        )
        for row in rows
    ]
    table("Calls over MCP", columns, cells, screen=screen)


def line_of(row: AuditRow) -> str:
    """An act in a line, with markup."""
    changed = row.before and row.after and row.before != row.after
    change = f" ({row.before} → {row.after})" if changed else ""
    what = " ".join(_words(row.details))
    outcome = f"{row.outcome or 'waiting'}{_took(row.at, row.finished_at)}"
    answer = f": {row.answer}" if row.answer else ""
    why = f" “{row.reason}”" if row.reason else ""
    return escape(
        f"{row.at:%Y-%m-%d %H:%M:%S} {row.actor} ({row.channel or 'unknown'})"
        f" {row.action}{f' {what}' if what else ''}{change}{why} – {outcome}{answer}"
    )


_NOT_SHOWN = frozenset({"command", "from", "to", "on"})
#: What comes first of an act's details, by its value alone.
_FIRST = ("side", "quantity", "symbol")
#: How details are told that a bare value would leave unclear; they come last.
_TOLD = {
    "stop_price": "stop {}",
    "target_price": "target {}",
    "limit_price": "at {}",
    "time_limit_s": "for {} s at most",
    "dry_run": "(dry run)",
    "tier": "of the tier {}",
    "orders_per_day": "{} orders a day",
    "quote_per_day": "{} of quote currency a day",
    "days": "for {} days",
}


def _words(details: Mapping[str, str]) -> Iterator[str]:
    """What an act was about."""
    yield from (details[name] for name in _FIRST if name in details)
    told = _NOT_SHOWN.union(_FIRST, _TOLD)
    yield from (value for name, value in sorted(details.items()) if name not in told)
    yield from (text.format(details[name]) for name, text in _TOLD.items() if name in details)
    if details.get("on") == "false":
        yield "off"


def _took(at: datetime, finished_at: datetime | None) -> str:
    seconds = (finished_at - at).total_seconds() if finished_at else 0
    return f" after {seconds:.1f} s" if seconds >= 0.1 else ""
