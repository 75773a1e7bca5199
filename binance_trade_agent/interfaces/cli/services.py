"""`supervise` and `run`: the commands that become another process."""

import os
import sys

import typer

from binance_trade_agent import __version__
from binance_trade_agent.bootstrap.supervision import prepare_launch, stop_supervisor
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.settings import load_settings


def supervise() -> None:
    """Check settings, folders and ports, print the addresses, and become supervisord."""
    with exit_statuses():
        settings = load_settings()
        launch = prepare_launch(settings)
    typer.echo(f"binance-trade-agent {__version__}, {settings.mode}: {settings.mode_note}")
    for name, address in launch.addresses:
        typer.echo(f"  {name:<12} {address}")
    typer.echo("Ctrl-C stops it, or `make down` from another terminal.")
    sys.stdout.flush()
    os.umask(0o077)  # supervisord applies its own only when it daemonises
    os.execve(launch.command[0], launch.command, os.environ | launch.environment)  # noqa: S606 - our own interpreter


def stop_supervising() -> None:
    """Stop what `supervise` started, and wait for its end."""
    with exit_statuses():
        settings = load_settings()
        try:
            stopped = stop_supervisor(settings)
        except TimeoutError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(ExitCode.FAILURE) from error
    typer.echo("stopped" if stopped else f"nothing runs on {settings.data_dir}")


def run_trader() -> None:
    """Become the trader."""
    with exit_statuses():
        load_settings()
    command = (sys.executable, "-m", "binance_trade_agent.autonomous_trading_loop")
    os.execv(command[0], command)  # noqa: S606 - our own interpreter
