"""Why, and who did it: the commands of the panel "Explain"."""

from typing import Annotated

import typer

from binance_trade_agent.interfaces.cli.apps import EXPLAIN, Json, Limit, app, command


@app.command(rich_help_panel=EXPLAIN)
def explain(
    symbol: Annotated[str | None, typer.Argument(help="Only this symbol.")] = None,
    since: Annotated[
        str, typer.Option("--since", help="How far back: 30m, 24h, 7d, or a time like 2026-11-23T08:00.")
    ] = "24h",
    json: Json = False,
) -> None:
    """Say why it has not traded, or why it did: from cycles to fills, with reasons ranked and nearest misses."""
    command("explain", "explain")(symbol, since, json)


@app.command(rich_help_panel=EXPLAIN)
def decision(
    reference: Annotated[str, typer.Argument(help="A decision's id or its beginning, or `last`.")] = "last",
    json: Json = False,
) -> None:
    """Show one decision in full: signal, values, every gate with its limit, outcome, order, timings."""
    command("decision", "show_decision")(reference, json)


@app.command(rich_help_panel=EXPLAIN)
def audit(
    limit: Limit = 50,
    since: Annotated[
        str | None,
        typer.Option("--since", help="How far back: 30m, 24h, 7d, or a time like 2026-11-23T08:00."),
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="Every call over MCP instead, refused ones too.")
    ] = False,
    json: Json = False,
) -> None:
    """List who did what, through what, why, and how it ended."""
    command("audit", "show_calls" if calls else "show_audit")(limit, since, json)


@app.command(rich_help_panel=EXPLAIN)
def sessions(limit: Limit = 20, json: Json = False) -> None:
    """List the trader's sessions, as `replay` names them."""
    command("replay", "show_sessions")(limit, json)


@app.command(rich_help_panel=EXPLAIN)
def replay(
    session: Annotated[
        str, typer.Argument(help="A session's id or its beginning (see `sessions`), or `last`.")
    ] = "last",
    json: Json = False,
) -> None:
    """Decide a past session again from what is stored: exit status 0 if nothing differs, 1 if something does."""
    command("replay", "replay")(session, json)
