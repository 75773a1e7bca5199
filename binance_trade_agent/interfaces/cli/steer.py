"""`pause`, `resume`, `halt`."""

import typer

from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import actor, at_desk


def pause(reason: str, as_json: bool) -> None:
    """No entries until resumed."""
    with at_desk() as (_, desk):
        _show(desk.steering.pause(reason, actor=actor()), as_json)


def resume(reason: str, as_json: bool) -> None:
    """Trade again."""
    with at_desk() as (_, desk):
        _show(desk.steering.resume(reason, actor=actor()), as_json)


def halt(reason: str, as_json: bool) -> None:
    """No order of any kind."""
    with at_desk() as (_, desk):
        _show(desk.steering.halt(reason, actor=actor()), as_json)


def _show(control: ControlSnapshot, as_json: bool) -> None:
    if as_json:
        print_json(control)
    else:
        typer.echo(f"{control.state}: {control.reason} (by {control.actor})")
