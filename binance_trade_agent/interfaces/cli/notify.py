"""`notify`: a test of the notifications."""

import typer

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import CHANNEL, acting_at_desk, actor


def notify(reason: str, key: str | None, as_json: bool) -> None:
    """Send a test message."""
    with acting_at_desk(mistaken=ExitCode.CONFIGURATION) as (_, desk):
        done = desk.notifications.run(actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=key)
    if as_json:
        print_json(done)
    else:
        typer.echo(done.told)
