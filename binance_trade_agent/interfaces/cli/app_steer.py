"""What stops, starts and trades: the commands of the panel "Steer"."""

from typing import Annotated

import typer

from binance_trade_agent.interfaces.cli.apps import (
    STEER,
    Json,
    Key,
    NeverAsks,
    Program,
    Reason,
    ReasonOption,
    Yes,
    app,
    command,
    why,
)


@app.command(rich_help_panel=STEER)
def pause(
    words: Reason = None,
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Open no more positions; exits go on."""
    command("steer", "pause")(why(words, reason), key, json)


@app.command(rich_help_panel=STEER)
def resume(
    words: Reason = None,
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Trade again, whatever stopped it."""
    command("steer", "resume")(why(words, reason), key, json)


@app.command(rich_help_panel=STEER)
def halt(
    words: Reason = None, reason: ReasonOption = None, key: Key = None, yes: Yes = False, json: Json = False
) -> None:
    """The kill switch: no order of any kind until `resume`."""
    command("steer", "halt")(why(words, reason), key, yes, json)


@app.command(rich_help_panel=STEER)
def flatten(
    words: Reason = None, reason: ReasonOption = None, key: Key = None, yes: Yes = False, json: Json = False
) -> None:
    """Sell everything the ledger bought, then halt."""
    command("trade", "flatten")(why(words, reason), key, yes, json)


@app.command(name="reduce-only", rich_help_panel=STEER)
def reduce_only(
    symbols: Annotated[list[str], typer.Argument(help="For example BTCUSDT ETHUSDT.")],
    off: Annotated[bool, typer.Option("--off", help="Let them be bought again.")] = False,
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Buy nothing of these symbols until it is lifted; what is held of them may be sold."""
    command("steer", "reduce_only")(symbols, not off, why(None, reason), key, json)


@app.command(rich_help_panel=STEER)
def trade(
    symbol: Annotated[str, typer.Argument(help="For example BTCUSDT.")],
    quantity: Annotated[
        str | None, typer.Option("--quantity", "-q", help="In base currency; unset: sized by the risk rules.")
    ] = None,
    side: Annotated[
        str | None, typer.Option("--side", help="buy or sell; unset: the strategy decides.")
    ] = None,
    limit_price: Annotated[
        str | None, typer.Option("--limit-price", help="A BUY rests at this price.")
    ] = None,
    time_limit: Annotated[
        int | None, typer.Option("--time-limit", help="How many seconds it rests at most.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and do none of it.")
    ] = False,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key: the same key never trades twice.")
    ] = None,
    reason: ReasonOption = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Run one workflow for a symbol, through risk and execution."""
    wish = command("trade", "Wish")(symbol.upper(), quantity, side, limit_price, time_limit, dry_run)
    command("trade", "trade")(wish, reason or "", key, yes, json)


@app.command(rich_help_panel=STEER)
def protect(
    symbol: Annotated[str, typer.Argument(help="A position's symbol.")],
    stop_price: Annotated[
        str | None, typer.Option("--stop", help="Sell when the price falls to this.")
    ] = None,
    target_price: Annotated[
        str | None, typer.Option("--target", help="Sell when the price rises to this.")
    ] = None,
    back: Annotated[
        bool, typer.Option("--back-to-settings", help="Forget asked prices; the settings' hold again.")
    ] = False,
    reason: ReasonOption = None,
    key: Key = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Move a position's stop, its target, or both."""
    command("trade", "protect")(symbol, (stop_price, target_price), back, reason or "", key, yes, json)


@app.command(rich_help_panel=STEER)
def cancel(
    client_order_id: Annotated[str, typer.Argument(help="As `orders` shows it.")],
    force: Annotated[bool, typer.Option("--force", help="Also an order that guards a position.")] = False,
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Cancel one open order of ours."""
    command("trade", "cancel")(client_order_id, force, reason or "", key, json)


@app.command(rich_help_panel=STEER)
def start(
    program: Program = "autonomous_trader",
    reason: ReasonOption = None,
    key: Key = None,
    yes: NeverAsks = False,
    json: Json = False,
) -> None:
    """Start the trader, or another program, under the supervisord that runs."""
    command("programs", "start")(program, reason or "", key, json)


@app.command(rich_help_panel=STEER)
def stop(
    program: Program = "autonomous_trader",
    reason: ReasonOption = None,
    key: Key = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Stop the trader, or another program; it stays stopped until `start`."""
    command("programs", "stop")(program, reason or "", key, yes, json)
