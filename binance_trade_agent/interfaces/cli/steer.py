"""`pause`, `resume`, `halt`, `reduce-only`."""

from collections.abc import Iterator, Sequence

import typer

from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.control.resting import cancelled_next, entries_to_cancel
from binance_trade_agent.control.steering import resuming_from
from binance_trade_agent.domain.acts import Restricted, Steered
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.confirming import confirm
from binance_trade_agent.interfaces.cli.output import print_json
from binance_trade_agent.interfaces.cli.session import CHANNEL, acting_at_desk, actor
from binance_trade_agent.settings import Settings

_HALT = (
    "The trader will send no order of any kind, also none that sells, until you `resume`. Orders that rest at the"
    " exchange stay: stops and targets go on guarding, entries are cancelled in the next cycle."
)


def pause(reason: str, key: str | None, as_json: bool) -> None:
    """No entries until resumed."""
    with acting_at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        resting = entries_to_cancel(desk.history)
        done = desk.steering.pause(reason, actor=actor(), channel=CHANNEL, idempotency_key=key)
        _note_cancelled(done, resting)
        _show(done, as_json)


def resume(reason: str, key: str | None, as_json: bool) -> None:
    """Trade again."""
    with acting_at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        meaning = resuming_from(desk.watch.status().control)
        done = desk.steering.resume(reason, actor=actor(), channel=CHANNEL, idempotency_key=key)
        if meaning and not done.repeated:
            typer.echo(meaning, err=True)
        _show(done, as_json)
        # after the act, which a supervisor that hangs is not to hold up
        if not done.repeated and desk.steering.is_untraded:
            typer.echo(desk.programs.stopped_note(), err=True)


def halt(reason: str, key: str | None, yes: bool, as_json: bool) -> None:
    """No order of any kind."""
    confirm(_HALT, yes)
    with acting_at_desk() as (settings, desk):
        _note_untraded(settings, desk)
        resting = entries_to_cancel(desk.history)
        done = desk.steering.halt(reason, actor=actor(), channel=CHANNEL, idempotency_key=key)
        _note_cancelled(done, resting)
        _show(done, as_json)


def reduce_only(symbols: Sequence[str], on: bool, reason: str, key: str | None, as_json: bool) -> None:
    """Let nothing of `symbols` be bought, or lift that."""
    with acting_at_desk() as (_, desk):
        done = desk.steering.reduce_only(
            symbols, reason, on=on, actor=actor(), channel=CHANNEL, idempotency_key=key
        )
    if as_json:
        print_json(done)
        return
    for line in _restricted(done, on):
        typer.echo(line)


def _restricted(done: Restricted, on: bool) -> Iterator[str]:
    """What the act changed, and what is reduce-only now."""
    if done.repeated:
        yield f"already done at {done.done_at:%Y-%m-%d %H:%M:%S} UTC"
    elif done.changed:
        yield f"{'reduce-only' if on else 'may be bought again'}: {', '.join(done.changed)}"
    else:
        yield "nothing to change"
    if done.untraded:
        yield f"not traded at present: {', '.join(done.untraded)}"
    for symbol, why in sorted(done.reduce_only.items()):
        yield f"  {symbol}: {why}"


def _note_untraded(settings: Settings, desk: Desk) -> None:
    """Say so when no trader ever ran on this book: perhaps another data folder was meant."""
    if desk.watch.status().session is None:
        note = f"no trader has run on DATA_DIR={settings.data_dir} ({settings.mode.value}): this is for its first start"
        typer.echo(note, err=True)


def _note_cancelled(done: Steered, resting: tuple[str, ...]) -> None:
    """Name the entries at rest that an act just done takes back."""
    if resting and not (done.refused or done.repeated):
        typer.echo(cancelled_next(resting), err=True)


def _show(done: Steered, as_json: bool) -> None:
    if as_json:
        print_json(done)
    else:
        typer.echo(told(done))
    if done.refused:
        raise typer.Exit(ExitCode.REFUSED)


def told(done: Steered) -> str:
    """The state that holds, who set it and why, and whether this act did so."""
    state = f"{done.state}: {done.reason} (by {done.actor})"
    if done.repeated:
        return f"already done at {done.done_at:%Y-%m-%d %H:%M:%S} UTC; now {state}"
    return f"refused, it stays {state}" if done.refused else state
