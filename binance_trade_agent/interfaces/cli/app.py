"""The command line `binance-trade-agent`.

These modules only know which commands there are; the module with a command's work is loaded when it is used.
"""

from typing import Annotated

import typer

from binance_trade_agent import __version__
from binance_trade_agent.interfaces.cli.apps import app

# in the order of these imports the help shows its panels
# isort: off
from binance_trade_agent.interfaces.cli import app_watch
from binance_trade_agent.interfaces.cli import app_steer
from binance_trade_agent.interfaces.cli import app_explain
from binance_trade_agent.interfaces.cli import app_setup
# isort: on

PANELS = (app_watch, app_steer, app_explain, app_setup)


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


def main() -> None:
    """The console script."""
    app()
