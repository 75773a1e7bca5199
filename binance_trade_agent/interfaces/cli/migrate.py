"""`migrate`."""

import typer

from binance_trade_agent.interfaces.cli.session import at_desk
from binance_trade_agent.settings import shown_value


def migrate() -> None:
    """Opening the desk brings the database to the newest schema, under a lock."""
    with at_desk() as (settings, _):
        typer.echo(f"{shown_value(settings.database_url)} is at the newest schema")
