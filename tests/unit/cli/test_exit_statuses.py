"""docs/exit-codes.md: each command and each way to fail, with the status it ends with."""

from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.app import app

READING = [
    "status",
    "health",
    "market",
    "positions",
    "orders",
    "flows",
    "fills",
    "decisions",
    "decision",
    "performance",
    "risk",
    "explain",
    "audit",
    "audit --calls",
    "sessions",
]
ACTING = [
    "pause",
    "resume",
    "halt --yes",
    "flatten --yes",
    "reduce-only BTCUSDT",
    "trade BTCUSDT",
    "protect BTCUSDT --stop 5",
    "cancel bta-1",
    "start",
    "stop --yes",
    "config set STOP_LOSS_SHARE 0.1",
    "config unset STOP_LOSS_SHARE",
]
OTHERS = ["config show", "config check", "token list", "strategy list", "replay", "migrate"]
#: What no command line can mean, though each word of it is there.
MISTAKEN = [
    "trade BTCUSDT --quantity -1",
    "trade BTC",
    "trade BTCUSDT --side buy --limit-price 0",
    "trade BTCUSDT --side sell --limit-price 5",
    "trade BTCUSDT --side buy --time-limit 5",
    "protect BTCUSDT",
    "protect BTCUSDT --stop 9 --target 8",
    "cancel x/y",
    "reduce-only BTC/USDT",
    "market BTC/USDT",
    "explain --since yesterday",
    "audit --since 99",
]


def run(folder: Path, line: str, **environ: str) -> Result:
    """The command in this process, with the settings of `folder` alone."""
    given = {"TRADING_MODE": "simulated", "DATA_DIR": str(folder / "d"), **environ}
    with chdir(folder):
        return CliRunner(env=given).invoke(app, line.split())


def plain(result: Result) -> str:
    """What was said on stderr, which is a sentence and no trace."""
    assert "Traceback" not in result.output + result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.stderr


@pytest.mark.parametrize("line", [*READING, *ACTING, *OTHERS])
def test_a_bad_setting_ends_each_command_with_78(line: str, tmp_path: Path) -> None:
    result = run(tmp_path, line, TRADING_INTERVAL_SECONDS="-5")
    assert result.exit_code == ExitCode.CONFIGURATION
    assert "TRADING_INTERVAL_SECONDS=-5" in plain(result)


@pytest.mark.parametrize("line", [*READING, *ACTING, *OTHERS])
def test_an_option_that_is_none_ends_each_command_with_2(line: str, tmp_path: Path) -> None:
    result = run(tmp_path, f"{line} --nonsense")
    assert (result.exit_code, "--nonsense" in plain(result)) == (ExitCode.USAGE, True)


@pytest.mark.parametrize("line", MISTAKEN)
def test_what_cannot_be_meant_ends_with_2_and_leaves_no_act(line: str, tmp_path: Path) -> None:
    result = run(tmp_path, line)
    assert result.exit_code == ExitCode.USAGE, result.stderr
    assert plain(result)
    assert run(tmp_path, "audit --json").stdout.strip() == "[]"


@pytest.mark.parametrize("line", [*READING, *ACTING])
def test_a_database_that_is_none_ends_with_1(line: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    result = run(tmp_path, line, DATABASE_URL=f"sqlite:///{broken}")
    assert result.exit_code == ExitCode.FAILURE, result.stderr
    assert "broken.db" in plain(result)


@pytest.mark.parametrize("line", [*READING, *ACTING])
def test_a_database_that_cannot_be_there_ends_with_1(line: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run(tmp_path, line, DATA_DIR=str(tmp_path / "file" / "d"))
    assert result.exit_code == ExitCode.FAILURE, result.stderr
    assert "portfolio.db cannot be read" in plain(result)


def empty_book(line: str) -> ExitCode:
    """What a command ends with where nothing was ever traded."""
    if line in {"health", "market", "decision", "start", "stop --yes"}:
        return ExitCode.FAILURE
    return ExitCode.CONFIGURATION if line == "config unset STOP_LOSS_SHARE" else ExitCode.OK


@pytest.mark.parametrize(
    "line",
    # without a trader these are carried out by a process of their own
    [
        line
        for line in (*READING, *ACTING)
        if line.split()[0] not in {"trade", "flatten", "protect", "cancel"}
    ],
)
def test_an_empty_book_is_read_and_steered(line: str, tmp_path: Path) -> None:
    result = run(tmp_path, line)
    assert result.exit_code == empty_book(line), result.stderr + result.stdout
    plain(result)


def test_what_is_refused_ends_with_3(tmp_path: Path) -> None:
    assert run(tmp_path, "halt --yes --key k").exit_code == ExitCode.OK
    assert run(tmp_path, "pause").exit_code == ExitCode.REFUSED
    spent = run(tmp_path, "resume --key k")
    assert (spent.exit_code, "was used for another act" in plain(spent)) == (ExitCode.REFUSED, True)
