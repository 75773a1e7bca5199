"""What is asked before it is done, and what a no, a missing terminal and `--yes` lead to."""

import os
import pty
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.app import app
from binance_trade_agent.interfaces.cli.trade import flattening
from tests.processes import CLI, Installation
from tests.unit.cli.test_command_line import cli

LIVE = {
    "TRADING_MODE": "live",
    "LIVE_TRADING_ACK": "I-understand-real-money-is-at-risk",
    "BINANCE_API_KEY": "k" * 64,
    "BINANCE_API_SECRET": "s" * 64,
    "BINANCE_REST_URL": "http://127.0.0.1:9",
    "BINANCE_STREAM_URL": "ws://127.0.0.1:9",
    "BINANCE_WS_API_URL": "ws://127.0.0.1:9/ws-api/v3",
}

QUESTIONS = [
    pytest.param(
        ("trade", "BTCUSDT", "--side", "buy", "--quantity", "0.01"),
        "Real money: 0.01 of BTCUSDT is bought at market",
        id="a quantity",
    ),
    pytest.param(
        ("trade", "BTCUSDT", "--side", "buy", "--limit-price", "50000"),
        "Real money: an amount sized by the risk rules of BTCUSDT is bought with an order that rests at 50000",
        id="at a price",
    ),
    pytest.param(("trade", "BTCUSDT"), "Real money: the strategy decides on BTCUSDT", id="the strategy"),
    pytest.param(
        ("protect", "BTCUSDT", "--stop", "50000", "--target", "70000"),
        "Real money: the orders that guard BTCUSDT are replaced and go to stop 50000 and target 70000.",
        id="levels",
    ),
    pytest.param(
        ("protect", "BTCUSDT", "--back-to-settings"),
        "Real money: the orders that guard BTCUSDT are replaced and go back to what the settings say.",
        id="levels of the settings",
    ),
    pytest.param(("flatten",), "Entries stop now", id="flatten"),
    pytest.param(("halt",), "no order of any kind", id="halt"),
]


def at_a_terminal(folder: Path, answer: str, *words: str, **environ: str) -> tuple[int, str]:
    """Exit status and stderr of a command whose question is answered at a terminal."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        done = subprocess.run(
            [str(CLI), *words],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "DATA_DIR": "data", **environ},
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stderr


def acts(folder: Path) -> list[str]:
    """What the audit holds, newest first."""
    with Installation(folder, LIVE).desk() as desk:
        return [row.action for row in desk.watch.audit()]


@pytest.mark.parametrize(("words", "question"), QUESTIONS)
def test_with_real_money_a_question_without_a_terminal_ends_with_nothing_done(
    words: tuple[str, ...], question: str, tmp_path: Path
) -> None:
    answer = cli(tmp_path, *words, **LIVE)
    assert answer.returncode == ExitCode.USAGE, answer.stderr
    assert question in answer.stderr
    assert "add --yes. Nothing was done." in answer.stderr
    assert acts(tmp_path) == []


@pytest.mark.parametrize(
    "words",
    [
        "pause",
        "resume",
        "halt",
        "reduce-only BTCUSDT",
        "config set RISK_MAX_SPREAD_BPS 20",
        "token revoke ann",
    ],
)
def test_every_act_takes_a_yes_also_those_that_never_ask(words: str) -> None:
    answer = CliRunner().invoke(app, [*words.split(), "--yes", "--help"])
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize(
    "words", [("trade", "BTCUSDT", "--side", "buy"), ("protect", "BTCUSDT", "--stop", "5"), ("halt",)]
)
def test_a_no_at_the_terminal_ends_with_nothing_done(words: tuple[str, ...], tmp_path: Path) -> None:
    status, told = at_a_terminal(tmp_path, "n", *words, **LIVE)
    assert status == ExitCode.REFUSED
    assert told.endswith("Nothing was done.\n")
    assert acts(tmp_path) == []


def test_a_yes_at_the_terminal_goes_on(tmp_path: Path) -> None:
    status, told = at_a_terminal(tmp_path, "y", "halt", "fire", **LIVE)
    assert status == ExitCode.OK, told
    assert acts(tmp_path) == ["halt"]


def test_a_flatten_promises_only_what_can_be_sold() -> None:
    held = Protection("BTCUSDT", Decimal("0.5"), Decimal(60000), ())
    dust = Protection("ETHUSDT", Decimal("0.00003"), Decimal(3000), (), is_dust=True)
    assert "sold at market (0.5 BTCUSDT), " in flattening([held, dust])
    assert "Too little to be sold, so it is kept: 0.00003 ETHUSDT." in flattening([held, dust])
    assert "kept" not in flattening([held])
    assert "(nothing at present)" in flattening([dust])
