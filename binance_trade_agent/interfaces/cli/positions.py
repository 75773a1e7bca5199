"""`positions`: what the ledger holds, and the levels that guard it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.interfaces.cli.output import age, console, gain, money, print_json, prose, table
from binance_trade_agent.interfaces.cli.session import at_desk


def show_positions(flat: bool, as_json: bool) -> None:
    """What the ledger holds and what guards it; with `flat`, closed positions too."""
    with at_desk(tells_age=True) as (_, desk):
        rows = [row for row in desk.watch.positions() if flat or row.quantity]
        guarded = {protection.symbol: protection for protection in desk.watch.protection()}
    if as_json:
        print_json([with_protection(row, guarded.get(row.symbol)) for row in rows])
        return
    draw_positions(rows, guarded, console(), datetime.now(tz=UTC))


def draw_positions(
    rows: Sequence[Position], guarded: Mapping[str, Protection], screen: Console, now: datetime
) -> None:
    """Positions, then the levels of `guarded` (by symbol), and below them what is alarming."""
    columns = (
        "symbol",
        "quantity>",
        "average cost>",
        "covered>",
        "cost?>",
        "held for>",
        "realised in all>",
        "fees in all?>",
    )
    table(
        "Positions",
        columns,
        [
            (
                row.symbol,
                row.quantity,
                money(row.average_price),
                _covered(guarded.get(row.symbol)),
                money(row.cost),
                # what is left over of a position is held by nobody's wish
                None if _is_dust(guarded.get(row.symbol)) else age(row.opened_at, now),
                gain(row.realised),
                money(row.fees_quote),
            )
            for row in rows
        ],
        screen=screen,
    )
    if rows:
        told = "average cost: with the fee of buying; realised and fees in all: of every position in the symbol so far"
        screen.print(told, style="dim", highlight=False)
    if levels := [cells for each in guarded.values() for cells in _levels(each)]:
        screen.print()
        heads = ("symbol", "level", "price>", "away, %>", "held by", "asked by")
        table("Stops and targets", heads, levels, screen=screen)
    for protection in guarded.values():
        if protection.alarm and not protection.is_dust:
            prose(screen, f"[bold red]![/] {escape(protection.alarm)}", hanging=2)
    if any(protection.is_dust for protection in guarded.values()):
        screen.print("dust: too little to be sold; it stays, and needs no stop", style="dim")


def with_protection(row: Position, protection: Protection | None) -> dict[str, Any]:
    """A position for programs, with what guards it under `protection`."""
    shown = {field.name: getattr(row, field.name) for field in fields(row)}
    if protection is None:
        return shown | {"protection": None}
    return shown | {
        "protection": {
            "stop": protection.stop,
            "stop_distance_percent": protection.stop_distance_percent,
            "watched_stop": protection.watched_stop,
            "asked_stop": protection.asked_stop,
            "target": protection.target,
            "target_distance_percent": protection.target_distance_percent,
            "watched_target": protection.watched_target,
            "asked_target": protection.asked_target,
            "asked_by": protection.asked_by,
            "asked_reason": protection.asked_reason,
            "last_price": protection.last_price,
            "covered": protection.covered,
            "dust": protection.is_dust,
            "unprotected": protection.is_unprotected,
            "alarm": protection.alarm,
            "guards": protection.guards,
        }
    }


def _is_dust(protection: Protection | None) -> bool:
    return protection is not None and protection.is_dust


def _covered(protection: Protection | None) -> str | None:
    """How much of the position is guarded at the exchange, or why none is."""
    if protection is None:
        return None
    if protection.is_dust:
        return "dust"
    if protection.is_unprotected:
        return "unprotected"
    return to_wire(protection.covered) if protection.guards else None


def _levels(found: Protection) -> Iterable[tuple[str | Decimal | None, ...]]:
    """A row for the stop that holds and one for the target."""
    kinds = (
        ("stop", found.stop, found.stop_distance_percent, found.stops, found.asked_stop),
        ("target", found.target, found.target_distance_percent, found.targets, found.asked_target),
    )
    for name, price, away, resting, asked in kinds:
        if price is not None:
            percent = None if away is None else f"{away:+.2f}"
            holder = "the exchange" if price in resting else "the trader, watching"
            yield (
                found.symbol,
                name,
                price,
                percent,
                holder,
                found.asked_words if price == asked else "the settings",
            )
