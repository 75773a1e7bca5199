"""`pause`, `resume`, `halt`."""

import typer

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import actor, at_desk
from binance_trade_agent.settings import Settings


def pause(reason: str, as_json: bool) -> None:
    """No entries until resumed."""
    with at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        _show(desk.steering.pause(reason, actor=actor()), as_json)


def resume(reason: str, as_json: bool) -> None:
    """Trade again."""
    with at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        _show(desk.steering.resume(reason, actor=actor()), as_json)


def halt(reason: str, as_json: bool) -> None:
    """No order of any kind."""
    with at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        _show(desk.steering.halt(reason, actor=actor()), as_json)


def _note_untraded(settings: Settings, desk: Desk) -> None:
    """Say so when no trader ever ran on this book: perhaps another data folder was meant."""
    if desk.watch.status().session is None:
        note = f"no trader has run on DATA_DIR={settings.data_dir} ({settings.mode.value}): this is for its first start"
        typer.echo(note, err=True)


def _show(control: ControlSnapshot, as_json: bool) -> None:
    if as_json:
        print_json(control)
    else:
        typer.echo(f"{control.state}: {control.reason} (by {control.actor})")
