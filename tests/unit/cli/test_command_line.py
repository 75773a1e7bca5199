"""The command line as a process: what a shell sees."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from binance_trade_agent.domain.exit_codes import ExitCode

CLI = Path(sys.executable).with_name("binance-trade-agent")


def cli(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(CLI), *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "DATA_DIR": "data", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_act_where_no_trader_ever_ran_is_refused_unless_the_folder_is_named(tmp_path: Path) -> None:
    acts = (
        ("pause",),
        ("resume",),
        ("halt", "--yes"),
        ("flatten", "--yes"),
        ("reduce-only", "BTCUSDT"),
        ("trade", "BTCUSDT", "--side", "buy"),
        ("protect", "BTCUSDT", "--stop", "50000"),
        ("cancel", "bta-1"),
        ("config", "set", "RISK_MAX_SPREAD_BPS", "20"),
        ("config", "unset", "RISK_MAX_SPREAD_BPS"),
    )
    for words in acts:
        answer = cli(tmp_path, *words, DATA_DIR="")
        assert (answer.returncode, answer.stdout) == (ExitCode.CONFIGURATION, ""), words
        assert "no trader has run on" in answer.stderr, words
        assert "set DATA_DIR" in answer.stderr, words
    audit = cli(tmp_path, "audit", "--json", DATA_DIR="")
    assert json.loads(audit.stdout) == []
    assert cli(tmp_path, "pause").returncode == ExitCode.OK


def test_help_names_the_commands_and_loads_none_of_them() -> None:
    code = (
        "import sys\nfrom binance_trade_agent.interfaces.cli.app import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit([m for m in ('pydantic', 'sqlalchemy', 'pandas', 'binance') if m in sys.modules] or 0)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr
    for command in (
        "supervise",
        "status",
        "trade",
        "positions",
        "orders",
        "fills",
        "flows",
        "decisions",
        "health",
        "config",
    ):
        assert command in answer.stdout


def test_settings_are_shown_with_their_source_and_without_secrets(tmp_path: Path) -> None:
    answer = cli(
        tmp_path,
        "config",
        "show",
        "--json",
        BINANCE_API_KEY="my-key",
        BINANCE_API_SECRET="my-secret",
        MCP_PORT="8123",
    )
    assert answer.returncode == ExitCode.OK
    assert "my-" not in answer.stdout
    rows = {row["name"]: row for row in json.loads(answer.stdout)}
    assert rows["MCP_PORT"]["value"] == "8123"
    assert rows["MCP_PORT"]["source"] == "environment"
    assert rows["BINANCE_API_KEY"]["value"] == "********"
    assert rows["TRADING_MODE"] == {
        "name": "TRADING_MODE",
        "value": "testnet",
        "source": "default",
        "description": "Where orders go; unset: testnet if both keys are set, else simulated.",
    }


@pytest.mark.parametrize("command", [["config", "show"], ["supervise"], ["run"], ["orders"], ["health"]])
def test_bad_settings_end_every_command_with_78_and_all_problems(tmp_path: Path, command: list[str]) -> None:
    answer = cli(tmp_path, *command, TRADING_INTERVAL_SECONDS="-5", RISK_ODER_SHARE="0.1")
    assert answer.returncode == ExitCode.CONFIGURATION
    assert answer.stdout == ""
    unknown, interval = answer.stderr.splitlines()
    assert unknown == "RISK_ODER_SHARE (environment) is no setting; did you mean RISK_ORDER_SHARE?"
    assert interval.startswith("TRADING_INTERVAL_SECONDS=-5 (environment) is not allowed")


@pytest.mark.parametrize("words", [["nonsense"], ["orders", "--limit", "0"], ["trade"]])
def test_what_cannot_be_meant_is_a_usage_error(tmp_path: Path, words: list[str]) -> None:
    assert cli(tmp_path, *words).returncode == ExitCode.USAGE


@pytest.mark.parametrize("words", [["--quantity", "much"], ["--side", "up"]])
def test_a_trade_that_cannot_be_meant_is_a_usage_error(tmp_path: Path, words: list[str]) -> None:
    answer = cli(tmp_path, "trade", "BTCUSDT", *words)
    assert answer.returncode == ExitCode.USAGE
    assert words[1] in answer.stderr


def test_an_empty_book_can_be_read(tmp_path: Path) -> None:
    for listing in (["positions"], ["orders"], ["orders", "--foreign"], ["flows"], ["fills"], ["decisions"]):
        answer = cli(tmp_path, *listing, "--json")
        assert (answer.returncode, answer.stdout) == (ExitCode.OK, "[]\n"), answer.stderr
    status = json.loads(cli(tmp_path, "status", "--json").stdout)
    assert (status["mode"], status["cycles"], status["processes"]) == ("simulated", 0, None)
    assert "simulated" in cli(tmp_path, "status").stdout


def test_health_of_a_trader_that_never_ran(tmp_path: Path) -> None:
    answer = cli(tmp_path, "health", "--json")
    assert answer.returncode == ExitCode.FAILURE
    assert json.loads(answer.stdout)["condition"] == "never started"


def test_pause_and_resume_are_recorded_with_who_and_why(tmp_path: Path) -> None:
    paused = json.loads(cli(tmp_path, "pause", "holiday", "--json").stdout)
    assert (paused["state"], paused["reason"]) == ("PAUSED", "holiday")
    assert paused["actor"]
    assert cli(tmp_path, "resume").stdout.startswith("RUNNING")
    by_option = json.loads(cli(tmp_path, "pause", "--reason", "lunch", "--key", "k", "--json").stdout)
    assert (by_option["reason"], by_option["repeated"]) == ("lunch", False)
    resumed = cli(tmp_path, "resume")
    assert resumed.returncode == ExitCode.OK
    assert resumed.stderr.endswith("`make up` (or `binance-trade-agent supervise`) starts everything\n")
    again = cli(tmp_path, "pause", "--reason", "lunch", "--key", "k")
    assert again.stdout.startswith("already done at ")
    assert "now RUNNING" in again.stdout
    rows = json.loads(cli(tmp_path, "audit", "--json").stdout)
    assert [row["action"] for row in rows] == ["resume", "pause", "resume", "pause"]
    assert {row["channel"] for row in rows} == {"cli"}
    assert (rows[1]["before"], rows[1]["after"], rows[1]["idempotency_key"]) == ("RUNNING", "PAUSED", "k")
    table = cli(tmp_path, "audit", "--limit", "2").stdout
    assert "pause (RUNNING → PAUSED) “lunch” – done" in table


def test_start_and_stop_say_so_where_supervisord_does_not_run(tmp_path: Path) -> None:
    started = cli(tmp_path, "start")
    assert started.returncode == ExitCode.FAILURE
    assert "supervisord does not run" in started.stderr
    assert "`make up`" in started.stderr
    assert cli(tmp_path, "stop").returncode == ExitCode.USAGE
    assert cli(tmp_path, "stop", "--yes").returncode == ExitCode.FAILURE
    rows = json.loads(cli(tmp_path, "audit", "--json").stdout)
    assert [(row["action"], row["outcome"]) for row in rows] == [("stop", "failed"), ("start", "failed")]


def test_a_flatten_needs_a_yes_or_a_terminal_and_says_what_will_happen(tmp_path: Path) -> None:
    refused = cli(tmp_path, "flatten", "fire")
    assert refused.returncode == ExitCode.USAGE
    assert "everything the ledger bought is sold at market (nothing at present)" in refused.stderr
    assert json.loads(cli(tmp_path, "audit", "--json").stdout) == []


def test_a_halt_needs_a_yes_or_a_terminal_and_a_pause_does_not_weaken_it(tmp_path: Path) -> None:
    refused = cli(tmp_path, "halt", "fire")
    assert refused.returncode == ExitCode.USAGE
    assert "no order of any kind" in refused.stderr
    assert "--yes" in refused.stderr
    assert json.loads(cli(tmp_path, "audit", "--json").stdout) == []
    assert cli(tmp_path, "halt", "fire", "--yes").stdout.startswith("HALTED: fire")
    paused = cli(tmp_path, "pause")
    assert paused.returncode == ExitCode.REFUSED
    assert paused.stdout.startswith("refused, it stays HALTED: fire")
    resumed = cli(tmp_path, "resume")
    assert "orders of every kind go out again" in resumed.stderr
    assert resumed.stdout.startswith("RUNNING")
