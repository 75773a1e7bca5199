"""`start` and `stop`: the programs under supervisord."""

import typer

from binance_trade_agent.control.programs import ProgramAct
from binance_trade_agent.interfaces.cli.confirming import confirm
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import CHANNEL, actor, at_desk

_STOP_TRADER = (
    "The trader ends after the order in hand and takes back entries that rest. Positions are kept; their stops and"
    " targets rest at the exchange and go on guarding them. Nothing trades until `start`."
)


def start(program: str, reason: str, key: str | None, as_json: bool) -> None:
    """Start a program."""
    with at_desk() as (_, desk):
        done = desk.programs.start(
            program, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=key
        )
    _show(done, as_json)


def stop(program: str, reason: str, key: str | None, yes: bool, as_json: bool) -> None:
    """Stop a program."""
    trader = program == "autonomous_trader"
    confirm(_STOP_TRADER if trader else f"{program} ends and stays stopped until `start {program}`.", yes)
    with at_desk() as (_, desk):
        done = desk.programs.stop(program, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=key)
    _show(done, as_json)


def _show(done: ProgramAct, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        typer.echo(done.told)
