"""What is there and how it goes: the commands of the panel "Watch"."""

from typing import Annotated

import typer

from binance_trade_agent.interfaces.cli.apps import WATCH, Json, Limit, Symbol, app, command


@app.command(rich_help_panel=WATCH)
def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every 2 s, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Show the agent at a glance."""
    command("status", "watch_status" if watch else "show_status")(json)


@app.command(rich_help_panel=WATCH)
def health(json: Json = False) -> None:
    """Say whether the trader is healthy: exit status 0 if it is, 1 if not."""
    command("status", "show_health")(json)


@app.command(rich_help_panel=WATCH)
def market(
    symbol: Annotated[
        str | None, typer.Argument(help="Only this symbol; unset: all that are traded.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask the exchange now.")] = False,
    json: Json = False,
) -> None:
    """Show prices, bid and ask, spread and 24 hours, as the trader last saw them, with their age."""
    command("market", "show_market")(symbol, fresh, json)


@app.command(rich_help_panel=WATCH)
def positions(
    flat: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False, json: Json = False
) -> None:
    """List what the ledger holds, and the stop and target that guard it."""
    command("positions", "show_positions")(flat, json)


@app.command(rich_help_panel=WATCH)
def orders(
    limit: Limit = 50,
    symbol: Symbol = None,
    foreign: Annotated[
        bool, typer.Option("--foreign", help="Open orders of others instead: shown, never touched.")
    ] = False,
    json: Json = False,
) -> None:
    """List orders."""
    command("listings", "show_foreign_orders" if foreign else "show_orders")(limit, symbol, json)


@app.command(rich_help_panel=WATCH)
def fills(limit: Limit = 50, symbol: Symbol = None, json: Json = False) -> None:
    """List fills."""
    command("listings", "show_fills")(limit, symbol, json)


@app.command(rich_help_panel=WATCH)
def flows(
    limit: Limit = 50,
    opening: Annotated[bool, typer.Option("--all", help="What the account opened with too.")] = False,
    json: Json = False,
) -> None:
    """List what moved the account from outside: transfers, trades of others, differences."""
    command("listings", "show_flows")(limit, opening, json)


@app.command(rich_help_panel=WATCH)
def decisions(
    limit: Limit = 50,
    symbol: Symbol = None,
    outcome: Annotated[str | None, typer.Option("--outcome", "-o", help="Only this outcome.")] = None,
    json: Json = False,
) -> None:
    """List decisions, each with its reason."""
    command("listings", "show_decisions")(limit, symbol, outcome, json)


@app.command(rich_help_panel=WATCH)
def performance(
    since: Annotated[
        str, typer.Option("--since", help="How far back: 24h, 30d, a time like 2026-11-23, or `all`.")
    ] = "30d",
    by: Annotated[
        str | None, typer.Option("--by", help="Break down by day, week, month, symbol or strategy.")
    ] = None,
    symbol: Symbol = None,
    json: Json = False,
) -> None:
    """Show what trading has earned: profit, return against buy and hold, risk, round trips, fees."""
    command("performance", "performance")(since, by, symbol, json)


@app.command(rich_help_panel=WATCH)
def risk(json: Json = False) -> None:
    """Show each risk limit, how much of it is used, and what is left."""
    command("risk", "show_risk")(json)


@app.command(rich_help_panel=WATCH)
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="New ones too, until Ctrl-C.")] = False,
    program: Annotated[
        str, typer.Option("--program", "-p", help="Whose: autonomous_trader, binance_agent, dash_ui.")
    ] = "autonomous_trader",
    json: Json = False,
) -> None:
    """Show the newest lines of a program's log, secrets masked."""
    command("logs", "show_logs")(program, lines, follow, json)
