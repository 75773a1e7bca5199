"""The command line `binance-trade-agent`.

This module only knows which commands there are. A command's own module is loaded by name
when it is used, so that `--help` stays fast.
"""

from importlib import import_module
from typing import Annotated, Any

import typer

from binance_trade_agent import __version__

app = typer.Typer(
    name="binance-trade-agent",
    help="An autonomous Binance Spot trader. Settings come from the environment, .env and trading.toml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="What is set, and where.", no_args_is_help=True)
app.add_typer(config_app, name="config")
strategy_app = typer.Typer(
    help="Strategies: what there is, how good one is, and how to write one.", no_args_is_help=True
)
app.add_typer(strategy_app, name="strategy")
token_app = typer.Typer(help="Who may use the MCP server, and for what.", no_args_is_help=True)
app.add_typer(token_app, name="token")

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many rows, newest first.")]
Symbol = Annotated[str | None, typer.Option("--symbol", "-s", help="Only this symbol.")]
Reason = Annotated[str | None, typer.Argument(help="Why, for the record.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, for the record.")]
Key = Annotated[str | None, typer.Option("--key", help="Idempotency key: the same key acts once.")]
Program = Annotated[str, typer.Argument(help="As `status` names it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def _command(module: str, name: str) -> Any:
    return getattr(import_module(f"{__package__}.{module}"), name)


def _why(words: str | None, reason: str | None) -> str:
    return reason or words or "by the command line"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"binance-trade-agent {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def supervise(
    stop: Annotated[
        bool, typer.Option("--stop", help="Stop the one that runs, and wait for its end.")
    ] = False,
) -> None:
    """Start everything under supervisord, in the foreground."""
    _command("services", "stop_supervising" if stop else "supervise")()


@app.command()
def run() -> None:
    """Run the trader alone, in the foreground."""
    _command("services", "run_trader")()


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    _command("migrate", "migrate")()


@app.command()
def health(json: Json = False) -> None:
    """Say whether the trader is healthy: exit status 0 if it is, 1 if not."""
    _command("status", "show_health")(json)


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again every 2 s, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Show the agent at a glance."""
    _command("status", "watch_status" if watch else "show_status")(json)


@app.command()
def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="How many lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="New ones too, until Ctrl-C.")] = False,
    program: Annotated[
        str, typer.Option("--program", "-p", help="Whose: autonomous_trader, binance_agent, dash_ui.")
    ] = "autonomous_trader",
    json: Json = False,
) -> None:
    """Show the newest lines of a program's log, secrets masked."""
    _command("logs", "show_logs")(program, lines, follow, json)


@app.command()
def positions(
    flat: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False, json: Json = False
) -> None:
    """List what the ledger holds, and the stop and target that guard it."""
    _command("listings", "show_positions")(flat, json)


@app.command()
def orders(
    limit: Limit = 50,
    symbol: Symbol = None,
    foreign: Annotated[
        bool, typer.Option("--foreign", help="Open orders of others instead: shown, never touched.")
    ] = False,
    json: Json = False,
) -> None:
    """List orders."""
    _command("listings", "show_foreign_orders" if foreign else "show_orders")(limit, symbol, json)


@app.command()
def fills(limit: Limit = 50, symbol: Symbol = None, json: Json = False) -> None:
    """List fills."""
    _command("listings", "show_fills")(limit, symbol, json)


@app.command()
def flows(
    limit: Limit = 50,
    opening: Annotated[bool, typer.Option("--all", help="What the account opened with too.")] = False,
    json: Json = False,
) -> None:
    """List what moved the account from outside: transfers, trades of others, differences."""
    _command("listings", "show_flows")(limit, opening, json)


@app.command()
def decisions(
    limit: Limit = 50,
    symbol: Symbol = None,
    outcome: Annotated[str | None, typer.Option("--outcome", "-o", help="Only this outcome.")] = None,
    json: Json = False,
) -> None:
    """List decisions, each with its reason."""
    _command("listings", "show_decisions")(limit, symbol, outcome, json)


@app.command()
def decision(
    reference: Annotated[str, typer.Argument(help="A decision's id or its beginning, or `last`.")] = "last",
    json: Json = False,
) -> None:
    """Show one decision in full: signal, values, every gate with its limit, outcome, order, timings."""
    _command("decision", "show_decision")(reference, json)


@app.command()
def trade(
    symbol: Annotated[str, typer.Argument(help="For example BTCUSDT.")],
    quantity: Annotated[
        str | None, typer.Option("--quantity", "-q", help="In base currency; unset: sized by the risk rules.")
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", help="buy or sell; unset: the strategy decides.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same key never trades twice.")
    ] = None,
    reason: ReasonOption = None,
    json: Json = False,
) -> None:
    """Run one workflow for a symbol, through risk and execution."""
    _command("trade", "trade")(symbol, quantity, side, key, reason or "", json)


@app.command()
def pause(words: Reason = None, reason: ReasonOption = None, key: Key = None, json: Json = False) -> None:
    """Open no more positions; exits go on."""
    _command("steer", "pause")(_why(words, reason), key, json)


@app.command()
def resume(words: Reason = None, reason: ReasonOption = None, key: Key = None, json: Json = False) -> None:
    """Trade again, whatever stopped it."""
    _command("steer", "resume")(_why(words, reason), key, json)


@app.command()
def halt(
    words: Reason = None, reason: ReasonOption = None, key: Key = None, yes: Yes = False, json: Json = False
) -> None:
    """The kill switch: no order of any kind until `resume`."""
    _command("steer", "halt")(_why(words, reason), key, yes, json)


@app.command()
def start(
    program: Program = "autonomous_trader",
    reason: ReasonOption = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Start the trader, or another program, under the supervisord that runs."""
    _command("programs", "start")(program, reason or "", key, json)


@app.command()
def stop(
    program: Program = "autonomous_trader",
    reason: ReasonOption = None,
    key: Key = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Stop the trader, or another program; it stays stopped until `start`."""
    _command("programs", "stop")(program, reason or "", key, yes, json)


@app.command()
def flatten(
    words: Reason = None, reason: ReasonOption = None, key: Key = None, yes: Yes = False, json: Json = False
) -> None:
    """Sell everything the ledger bought, then halt."""
    _command("trade", "flatten")(_why(words, reason), key, yes, json)


@app.command()
def cancel(
    client_order_id: Annotated[str, typer.Argument(help="As `orders` shows it.")],
    force: Annotated[bool, typer.Option("--force", help="Also an order that guards a position.")] = False,
    reason: ReasonOption = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Cancel one open order of ours."""
    _command("trade", "cancel")(client_order_id, force, reason or "", key, json)


@app.command()
def audit(
    limit: Limit = 50,
    since: Annotated[
        str | None,
        typer.Option("--since", help="How far back: 30m, 24h, 7d, or a time like 2026-11-23T08:00."),
    ] = None,
    json: Json = False,
) -> None:
    """List who did what, through what, why, and how it ended."""
    _command("audit", "show_audit")(limit, since, json)


@app.command()
def explain(
    symbol: Annotated[str | None, typer.Argument(help="Only this symbol.")] = None,
    since: Annotated[
        str, typer.Option("--since", help="How far back: 30m, 24h, 7d, or a time like 2026-11-23T08:00.")
    ] = "24h",
    json: Json = False,
) -> None:
    """Say why it has not traded, or why it did: from cycles to fills, with reasons ranked and nearest misses."""
    _command("explain", "explain")(symbol, since, json)


@app.command()
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
    _command("performance", "performance")(since, by, symbol, json)


@app.command()
def sessions(limit: Limit = 20, json: Json = False) -> None:
    """List the trader's sessions, as `replay` names them."""
    _command("replay", "show_sessions")(limit, json)


@app.command()
def replay(
    session: Annotated[
        str, typer.Argument(help="A session's id or its beginning (see `sessions`), or `last`.")
    ] = "last",
    json: Json = False,
) -> None:
    """Decide a past session again from what is stored: exit status 0 if nothing differs, 1 if something does."""
    _command("replay", "replay")(session, json)


@strategy_app.command("list")
def strategy_list(json: Json = False) -> None:
    """List the strategies there are: shipped, of installed packages, of STRATEGY_FILES."""
    _command("strategies", "show_strategies")(json)


@strategy_app.command("show")
def strategy_show(
    name: Annotated[str, typer.Argument(help="A strategy's name.")], json: Json = False
) -> None:
    """Show a strategy's rule and its parameters."""
    _command("strategies", "show_strategy")(name, json)


@strategy_app.command("new")
def strategy_new(
    name: Annotated[str, typer.Argument(help="Like my_breakout: small letters, digits, underscores.")],
    folder: Annotated[str, typer.Option("--folder", help="Where the files are written.")] = ".",
) -> None:
    """Write a working strategy and its test, to be changed."""
    _command("strategies", "new_strategy")(name, folder)


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
    _command("strategies", "check")(name, candles, json)


@app.command()
def mcp(
    tier: Annotated[
        str | None, typer.Option("--tier", help="read (as it is unset), control or trade.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", help="With tier and caps of this token; its text is not needed.")
    ] = None,
) -> None:
    """Serve an MCP client that starts this command, over stdin and stdout."""
    _command("mcp", "serve")(tier, name)


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
    json: Json = False,
) -> None:
    """Make a token for an MCP client, and show it this once."""
    _command("tokens", "create")(name, tier, orders_per_day, quote_per_day, days, json)


@token_app.command("list")
def token_list(json: Json = False) -> None:
    """List the tokens that were made."""
    _command("tokens", "show")(json)


@token_app.command("revoke")
def token_revoke(name: Annotated[str, typer.Argument(help="The token's name.")]) -> None:
    """Close a token for good; a running server refuses it at once."""
    _command("tokens", "revoke")(name)


@config_app.command("show")
def config_show(json: Json = False) -> None:
    """Show the effective settings and where each came from; secrets are masked."""
    _command("config", "show")(json)


@config_app.command("set")
def config_set(
    name: Annotated[str, typer.Argument(help="A setting of risk, protection, entries, or STRATEGY_PARAMS.")],
    value: Annotated[str, typer.Argument(help="As it would be written in .env.")],
    reason: ReasonOption = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Change a setting while the trader runs; it goes before environment and files until `unset`."""
    _command("config", "change")(name, value, reason or "", key, json)


@config_app.command("unset")
def config_unset(
    name: Annotated[str, typer.Argument(help="A setting that was changed with `set`.")],
    reason: ReasonOption = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Take back what was changed with `set`."""
    _command("config", "take_back")(name, reason or "", key, json)


def main() -> None:
    """The console script."""
    app()
