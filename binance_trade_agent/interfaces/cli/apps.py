"""The command line's applications, the panels of its help, and the options that commands share."""

from importlib import import_module
from typing import Annotated, Any

import typer

from binance_trade_agent.domain.act_reasons import NO_REASON

WATCH = "Watch"
STEER = "Steer"
EXPLAIN = "Explain"
SETUP = "Set up"

app = typer.Typer(
    name="binance-trade-agent",
    help="An autonomous Binance Spot trader. Settings come from the environment, .env and trading.toml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="What is set, and where.", no_args_is_help=True)
strategy_app = typer.Typer(
    help="Strategies: what there is, how good one is, and how to write one.", no_args_is_help=True
)
token_app = typer.Typer(help="Who may use the MCP server, and for what.", no_args_is_help=True)
for name, part in (("config", config_app), ("strategy", strategy_app), ("token", token_app)):
    app.add_typer(part, name=name, rich_help_panel=SETUP)

Json = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many rows, newest first.")]
Symbol = Annotated[str | None, typer.Option("--symbol", "-s", help="Only this symbol.")]
Reason = Annotated[str | None, typer.Argument(help="Why, for the record.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Why, for the record.")]
Key = Annotated[str | None, typer.Option("--key", help="Idempotency key: the same key acts once.")]
Program = Annotated[str, typer.Argument(help="As `status` names it.")]
#: Of an act that never asks: whoever gives `--yes` to every act need not know which do.
NeverAsks = Annotated[bool, typer.Option("--yes", "-y", hidden=True)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def command(module: str, name: str) -> Any:
    """A command's function; its module is loaded now and not before, so that `--help` stays fast."""
    return getattr(import_module(f"{__package__}.{module}"), name)


def why(words: str | None, reason: str | None) -> str:
    """The reason of an act, given as an argument or as an option."""
    return reason or words or NO_REASON
