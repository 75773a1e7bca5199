"""Waits for what the holder of the trading lease carries out, and says on stderr what it waits for."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import typer

from binance_trade_agent.control.steering import CommandTimeout, Stage, Steering
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import CommandResult

#: Nothing is said of an answer that comes at once; after that a line comes every so often.
_FIRST_LINE_S = 2.0
_LINES_S = 5.0

Asking = Callable[[Steering], Coroutine[Any, Any, CommandResult]]


def answer(
    steering: Steering, asking: Asking, hindrance: Callable[[], str], *, first_line_s: float = _FIRST_LINE_S
) -> CommandResult:
    """What came of what is asked; `hindrance` says what is in its way, empty if that is not known.

    Where the database does not let it say so, that is told, and the waiting goes on. Without an answer in time, or
    where nobody can give one, the command ends: exit status 4.
    """
    try:
        return asyncio.run(_answer(steering, asking, hindrance, first_line_s))
    except CommandTimeout as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(ExitCode.OUTCOME_UNKNOWN) from error


async def _answer(
    steering: Steering, asking: Asking, hindrance: Callable[[], str], first_line_s: float
) -> CommandResult:
    stages: list[Stage] = []

    async def note(stage: Stage) -> None:
        stages.append(stage)

    asked = asyncio.create_task(asking(steering.telling(note)))
    began = time.monotonic()
    pause_s = first_line_s
    while True:
        done, _ = await asyncio.wait({asked}, timeout=pause_s)
        if done:
            return asked.result()
        pause_s = _LINES_S
        typer.echo(waiting_line(stages, time.monotonic() - began, _told(hindrance)), err=True)


def _told(hindrance: Callable[[], str]) -> str:
    try:
        return hindrance()
    except StorageError as error:
        return str(error)


def waiting_line(stages: list[Stage], waited_s: float, hindrance: str) -> str:
    """What is waited for, and for how long now."""
    is_taken = Stage.TAKEN in stages
    doing = (
        "being carried out" if is_taken else "waiting for the trader, or a process in its place, to take it"
    )
    return f"{doing}, {waited_s:.0f} s so far" + (f"; {hindrance}" if hindrance else "")
