"""Crash points kill in the simulated mode only, and only at the visit that is asked for."""

import signal
import subprocess
import sys

import pytest

from binance_trade_agent.telemetry.crash_points import VARIABLE, CrashPoint, armed_point

SIMULATED = {"TRADING_MODE": "simulated"}


def test_a_point_and_its_visit_are_read() -> None:
    assert armed_point(SIMULATED | {VARIABLE: "booking"}) == (CrashPoint.BOOKING, 1)
    assert armed_point(SIMULATED | {VARIABLE: "intent-committed:3"}) == (CrashPoint.INTENT_COMMITTED, 3)


@pytest.mark.parametrize("mode", ["live", "testnet", "demo", "paper", ""])
def test_no_other_mode_ever_has_one(mode: str) -> None:
    assert armed_point({"TRADING_MODE": mode, VARIABLE: "booking"}) == (None, 0)


def test_a_point_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no-such-point"):
        armed_point(SIMULATED | {VARIABLE: "no-such-point"})


@pytest.mark.parametrize(("mode", "code"), [("simulated", -signal.SIGKILL), ("live", 0)])
def test_the_process_dies_at_the_second_visit(mode: str, code: int) -> None:
    program = (
        "from binance_trade_agent.telemetry.crash_points import CrashPoint, reached\n"
        "reached(CrashPoint.BOOKING)\nprint('once', flush=True)\n"
        "reached(CrashPoint.CYCLE_OPENED)\nreached(CrashPoint.BOOKING)\nprint('twice')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TRADING_MODE": mode, VARIABLE: "booking:2"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stdout.split() == (["once"] if code else ["once", "twice"])
