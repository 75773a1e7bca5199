"""Processes, settings, strategies and tokens: the commands of the panel "Set up"."""

from typing import Annotated

import typer

from binance_trade_agent.interfaces.cli.apps import (
    SETUP,
    Json,
    Key,
    NeverAsks,
    ReasonOption,
    app,
    command,
    config_app,
    strategy_app,
    token_app,
)


@app.command(rich_help_panel=SETUP)
def supervise(
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the one that runs, and wait for its end.")
    ] = False,
) -> None:
    """Start everything under supervisord, in the foreground."""
    command("services", "stop_supervising" if stop else "supervise")()


@app.command(rich_help_panel=SETUP)
def run() -> None:
    """Run the trader alone, in the foreground."""
    command("services", "run_trader")()


@app.command(rich_help_panel=SETUP)
def migrate() -> None:
    """Bring the database to the newest schema."""
    command("migrate", "migrate")()


@app.command(rich_help_panel=SETUP)
def mcp(
    tier: Annotated[
        str | None, typer.Option("--tier", help="read (as it is unset), control or trade.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", help="With tier and caps of this token; its text is not needed.")
    ] = None,
) -> None:
    """Serve an MCP client that starts this command, over stdin and stdout."""
    command("mcp", "serve")(tier, name)


@app.command(rich_help_panel=SETUP)
def notify(reason: ReasonOption = None, key: Key = None, json: Json = False) -> None:
    """Send a test message to every address of NOTIFY_URLS."""
    command("notify", "notify")(reason or "", key, json)


@config_app.command("show")
def config_show(json: Json = False) -> None:
    """Show the effective settings and where each came from; secrets are masked."""
    command("config", "show")(json)


@config_app.command("check")
def config_check(json: Json = False) -> None:
    """Check all that a start would check, and change nothing: exit status 0, or 78 with what to do."""
    command("check", "check")(json)


@config_app.command("set")
def config_set(
    name: Annotated[str, typer.Argument(help="A setting of risk, protection, entries, or STRATEGY_PARAMS.")],
    value: Annotated[str, typer.Argument(help="As it would be written in .env.")],
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Change a setting while the trader runs; it goes before environment and files until `unset`."""
    command("config", "change")(name, value, reason or "", key, json)


@config_app.command("unset")
def config_unset(
    name: Annotated[str, typer.Argument(help="A setting that was changed with `set`.")],
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Take back what was changed with `set`."""
    command("config", "take_back")(name, reason or "", key, json)


@strategy_app.command("list")
def strategy_list(json: Json = False) -> None:
    """List the strategies there are: shipped, of installed packages, of STRATEGY_FILES."""
    command("strategies", "show_strategies")(json)


@strategy_app.command("show")
def strategy_show(
    name: Annotated[str, typer.Argument(help="A strategy's name.")], json: Json = False
) -> None:
    """Show a strategy's rule and its parameters."""
    command("strategies", "show_strategy")(name, json)


@strategy_app.command("new")
def strategy_new(
    name: Annotated[str, typer.Argument(help="Like my_breakout: small letters, digits, underscores.")],
    folder: Annotated[str, typer.Option("--folder", help="Where the files are written.")] = ".",
) -> None:
    """Write a working strategy and its test, to be changed."""
    command("strategies", "new_strategy")(name, folder)


@strategy_app.command("check")
def strategy_check(
    name: Annotated[str, typer.Argument(help="A strategy's name, or a Python file that holds one.")],
    candles: Annotated[
        str | None,
        typer.Option("--candles", help="A candle file (Parquet or CSV); unset: a generated market."),
    ] = None,
    json: Json = False,
) -> None:
    """Check that a strategy neither looks ahead nor needs more warm-up than it declares: exit status 1 if it does."""
    command("strategies", "check")(name, candles, json)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whom it is for; acts are recorded under this name.")],
    tier: Annotated[str, typer.Option("--tier", help="read, control or trade; each includes those before.")],
    orders_per_day: Annotated[
        int | None, typer.Option("--orders-per-day", help="Orders it may cause in a day (UTC).")
    ] = None,
    quote_per_day: Annotated[
        str | None, typer.Option("--quote-per-day", help="Quote currency it may trade in a day (UTC).")
    ] = None,
    days: Annotated[int | None, typer.Option("--days", help="Expires after so many days.")] = None,
    reason: ReasonOption = None,
    json: Json = False,
) -> None:
    """Make a token for an MCP client, and show it this once."""
    limits = (orders_per_day, quote_per_day, days)
    command("tokens", "create")(name, tier, limits, reason or "", json)


@token_app.command("list")
def token_list(json: Json = False) -> None:
    """List the tokens that were made."""
    command("tokens", "show")(json)


@token_app.command("revoke")
def token_revoke(
    name: Annotated[str, typer.Argument(help="The token's name.")],
    reason: ReasonOption = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Close a token for good; a running server refuses it at once."""
    command("tokens", "revoke")(name, reason or "", json)
