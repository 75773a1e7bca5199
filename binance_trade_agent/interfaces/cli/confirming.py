"""Asks before what is dangerous."""

import sys

import typer

from binance_trade_agent.domain.exit_codes import ExitCode


def confirm(what_will_happen: str, yes: bool) -> None:
    """Go on if a person agrees, or `yes` was given; else end the command, nothing done.

    Exit status 3 for a no; 2 where there is no terminal to ask at.
    """
    if yes:
        return
    typer.echo(what_will_happen, err=True)
    if not sys.stdin.isatty():
        typer.echo("There is no terminal to confirm this at: add --yes. Nothing was done.", err=True)
        raise typer.Exit(ExitCode.USAGE)
    if not typer.confirm("Go on?", default=False, err=True):
        typer.echo("Nothing was done.", err=True)
        raise typer.Exit(ExitCode.REFUSED)
