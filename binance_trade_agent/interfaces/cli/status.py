"""`status` and `health`."""

import sys
import time
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError, SupervisorClient
from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.phrases import counted
from binance_trade_agent.interfaces.cli.output import age, cell, console, money, print_json, print_whole
from binance_trade_agent.interfaces.cli.session import at_desk
from binance_trade_agent.interfaces.cli.staleness import staleness
from binance_trade_agent.settings import Settings
from binance_trade_agent.telemetry.health import TRADER_PROCESS, TraderCondition

_REFRESH_S = 2.0
#: States of supervisord in which it starts nothing by itself.
_DOWN = frozenset({"STOPPED", "EXITED", "FATAL"})
_RUNS = frozenset(
    {
        TraderCondition.STARTING,
        TraderCondition.CYCLING,
        TraderCondition.NOT_CYCLING,
        TraderCondition.BLIND,
    }
)


def show_status(as_json: bool) -> None:
    """The agent at a glance, with the processes when supervisord runs."""
    status, processes = _seen()
    if as_json:
        shown = {field.name: getattr(status, field.name) for field in fields(status)}
        print_json(shown | {"processes": processes})
        return
    print_whole(_printed(status, processes), console())


def watch_status(as_json: bool) -> None:
    """The agent at a glance every two seconds until Ctrl-C: in place on a terminal, else one below the other."""
    screen = console()
    try:
        if as_json or not screen.is_terminal:
            while True:
                show_status(as_json)
                sys.stdout.flush()
                time.sleep(_REFRESH_S)
        with Live(console=screen, auto_refresh=False) as live:
            while True:
                live.update(_printed(*_seen()), refresh=True)
                time.sleep(_REFRESH_S)
    except KeyboardInterrupt:
        pass


def show_health(as_json: bool) -> None:
    """One line and an exit status: 0 healthy, 1 not."""
    status, processes = _seen()
    verdict = status.health
    if as_json:
        print_json(verdict)
    else:
        typer.echo(health_line(status, processes))
    raise typer.Exit(ExitCode.OK if verdict.healthy else ExitCode.FAILURE)


def health_line(status: AgentStatus, processes: Mapping[str, str] | None) -> str:
    """The verdict, and what starts a trader that does not run."""
    advice = _to_start(status, processes)
    word = "healthy" if status.health.healthy else "unhealthy"
    return f"{word}: {status.health.text}{f'; to start it: `{advice}`' if advice else ''}"


def _seen() -> tuple[AgentStatus, Mapping[str, str] | None]:
    with at_desk() as (settings, desk):
        return desk.watch.status(), _processes(settings)


def _printed(status: AgentStatus, processes: Mapping[str, str] | None) -> Table:
    grid = Table.grid(padding=(0, 1), pad_edge=False)
    grid.add_column(style="bold", no_wrap=True, min_width=10)
    grid.add_column(overflow="fold")
    for line in lines_of(status, processes):
        grid.add_row(*line)
    return grid


def _processes(settings: Settings) -> Mapping[str, str] | None:
    try:
        return SupervisorClient(settings.run_dir).states()
    except SupervisionError:
        return None


def lines_of(status: AgentStatus, processes: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """What `status` says: a name and a text with markup, line by line."""
    health, control, cycle = status.health, status.control, status.last_cycle
    colour = "green" if health.healthy else "red"
    lines = [
        ("mode", f"[bold]{status.mode}[/]: {escape(status.mode_note)}"),
        ("health", f"[{colour}]{health.condition}[/]: {escape(health.text)}"),
        ("control", f"{cell(control.state)}: {escape(control.reason)} (by {escape(control.actor)})"),
        ("trades", f"{_symbols(status)} with {status.strategy}, every {status.interval_s:g} s"),
    ]
    lines += [
        ("may only be sold", f"[yellow]{symbol}[/]: {escape(why)}")
        for symbol, why in sorted(control.reduce_only.items())
    ]
    if (told := staleness(status)) and told != health.text:
        lines.append(("data", f"[yellow]{escape(told.partition(': ')[0])}[/]: nothing newer is known"))
    if cycle is not None:
        began = age(cycle.started_at, status.as_of)
        lines.append(
            (
                "cycles",
                f"{_cycles(status)}; the newest, number {cycle.number:,} of its session, began {began} ago",
            )
        )
    if status.orders_by_status:
        counts = ", ".join(f"{count} {cell(name)}" for name, count in sorted(status.orders_by_status.items()))
        lines.append(("orders", counts))
    lines += [
        ("unresolved", f"[yellow]{order.symbol} {order.side} {order.client_order_id}[/]")
        for order in status.unresolved
    ]
    lines += [
        ("unresolved", f"[yellow]cancel of {cancel.symbol} {cancel.client_order_id}[/]")
        for cancel in status.unresolved_cancels
    ]
    if status.equity is not None:
        lines.append(("equity", _equity_text(status)))
    if processes is not None:
        lines.append(("processes", ", ".join(f"{name} {cell(state)}" for name, state in processes.items())))
    if advice := _to_start(status, processes):
        lines.append(("to start", advice))
    lines += [
        ("incident", f"[red]{escape(incident.text)}[/], for {age(incident.opened_at, status.as_of)}")
        for incident in status.incidents
    ]
    return lines


def _to_start(status: AgentStatus, processes: Mapping[str, str] | None) -> str | None:
    """What starts a trader that does not run; None while one does, or where supervisord is about to."""
    if processes is not None:
        down = processes.get(TRADER_PROCESS) in _DOWN
        return "binance-trade-agent start" if down else None
    return "make up" if status.health.condition not in _RUNS else None


def _symbols(status: AgentStatus) -> str:
    names = ", ".join(status.symbols)
    if not status.symbol_rule:
        return names
    rule = escape(status.symbol_rule)
    return f"{names} (by {rule})" if names else f"what fits {rule}, selected when a session begins,"


def _equity_text(status: AgentStatus) -> str:
    equity = status.equity
    assert equity is not None  # noqa: S101 - only called with one
    return f"{money(equity.total)} {equity.quote}{_made(status.profit)}, of it {money(equity.cash)} cash"


def _cycles(status: AgentStatus) -> str:
    """Cycles with their decisions; those that came between two ticks are named apart."""
    told = f"{status.cycles:,} with {counted(status.decisions, 'decision')}"
    apart = status.unscheduled_decisions
    return f"{told}, {apart:,} of them after fills or by hand" if apart else told


def _made(profit: Decimal | None) -> str:
    """How much more or less it is than was put in; nothing where that is not known."""
    if profit is None:
        return ""
    word = "more" if profit >= 0 else "less"
    return f" ({money(abs(profit))} {word} than was put in)"
