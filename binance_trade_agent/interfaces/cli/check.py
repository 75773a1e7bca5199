"""`config check`: everything a start would check, and nothing of it changed."""

import typer

from binance_trade_agent.bootstrap.checking import start_problems
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.settings import load_settings


def check(as_json: bool) -> None:
    """A line a problem, and status 78 if there is one."""
    try:
        settings = load_settings()
        problems, told = start_problems(settings), f"{settings.mode}: {settings.mode_note}"
    except ConfigurationError as error:
        problems, told = error.problems, ""
    if as_json:
        print_json({"ok": not problems, "mode": told or None, "problems": problems})
    elif problems:
        for problem in problems:
            typer.echo(problem, err=True)
    else:
        typer.echo(f"ready to start, {told}")
    raise typer.Exit(ExitCode.CONFIGURATION if problems else ExitCode.OK)
