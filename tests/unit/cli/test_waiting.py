"""What a command says while it waits."""

import asyncio

import pytest
import typer

from binance_trade_agent.control.steering import Stage, Steering
from binance_trade_agent.domain.errors import DatabaseBusy
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import CommandResult, CommandStatus
from binance_trade_agent.interfaces.cli.waiting import answer, waiting_line
from tests.fakes import START, FakeClock, FakeControlState, FakeLauncher, FakeLease


def steering(launcher: FakeLauncher | None = None) -> Steering:
    return Steering(FakeControlState(), FakeLease(held=False), launcher or FakeLauncher(), FakeClock())


def test_what_is_waited_for_is_said_with_what_is_in_its_way() -> None:
    assert waiting_line([Stage.HANDED_OVER], 2.1, "") == (
        "waiting for the trader, or a process in its place, to take it, 2 s so far"
    )
    assert waiting_line([Stage.HANDED_OVER, Stage.TAKEN], 7, "BTCUSDT: no route") == (
        "being carried out, 7 s so far; BTCUSDT: no route"
    )


def test_an_answer_that_comes_at_once_is_not_announced(capsys: pytest.CaptureFixture[str]) -> None:
    done = CommandResult(CommandStatus.DONE, "done", {}, START)

    async def asking(_: Steering) -> CommandResult:
        await asyncio.sleep(0)
        return done

    assert answer(steering(), asking, str) is done
    assert capsys.readouterr().err == ""


def test_a_database_that_is_busy_for_a_moment_does_not_end_the_waiting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done = CommandResult(CommandStatus.DONE, "done", {}, START)
    has_asked = asyncio.Event()

    def hindrance() -> str:
        has_asked.set()
        raise DatabaseBusy("another process writes")

    async def asking(_: Steering) -> CommandResult:
        await has_asked.wait()
        return done

    assert answer(steering(), asking, hindrance, first_line_s=0.01) is done
    assert "so far; another process writes" in capsys.readouterr().err


def test_where_nobody_can_carry_it_out_it_ends_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    launcher = FakeLauncher()
    launcher.refuses = True
    with pytest.raises(typer.Exit) as ended:
        answer(steering(launcher), lambda acts: acts.flatten("fire", actor="ann", channel="cli"), str)
    assert ended.value.exit_code == ExitCode.OUTCOME_UNKNOWN
    assert "config check" in capsys.readouterr().err
