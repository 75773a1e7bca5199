"""`market`, `protect`, `reduce-only`, `config check`, `config show`: what a shell sees of them."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.market import draw_market
from binance_trade_agent.interfaces.cli.status import health_line, lines_of
from tests.fakes import START, fake_desk
from tests.processes import free_port
from tests.unit.cli.test_command_line import cli


def quiet(folder: Path) -> dict[str, str]:
    """Settings of a folder of its own, with ports that nothing holds."""
    ports = {f"{name}_PORT": str(free_port()) for name in ("SIMULATOR", "MCP", "DASHBOARD", "METRICS")}
    return {"TRADING_MODE": "simulated", "DATA_DIR": str(folder / "d"), **ports}


@pytest.mark.parametrize("width", [80, 200])
def test_a_market_has_its_price_and_age_in_every_width(width: int) -> None:
    desk = fake_desk()
    on = Console(width=width, file=io.StringIO())
    draw_market([desk.market.now("BTCUSDT")], on, START + timedelta(seconds=10))
    assert isinstance(on.file, io.StringIO)
    line = on.file.getvalue().splitlines()[2]
    assert line.split()[:5] == ["BTCUSDT", "62500", "62499.5", "62500.5", "0.16"]
    assert "12 s" in line
    assert "…" not in line


def test_a_check_that_finds_nothing_makes_nothing(tmp_path: Path) -> None:
    answer = cli(tmp_path, "config", "check", **quiet(tmp_path))
    assert (answer.returncode, answer.stdout.partition(",")[0]) == (ExitCode.OK, "ready to start"), (
        answer.stderr
    )
    assert list(tmp_path.iterdir()) == []


def test_a_check_names_every_problem_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("a file where the folder should be")
    wrong = quiet(tmp_path) | {"STRATEGY_NAME": "no_such_strategy"}
    answer = cli(tmp_path, "config", "check", "--json", **wrong)
    told = json.loads(answer.stdout)
    assert (answer.returncode, told["ok"]) == (ExitCode.CONFIGURATION, False)
    assert any("DATA_DIR" in problem for problem in told["problems"])
    assert any("no_such_strategy" in problem for problem in told["problems"])


def test_settings_with_a_strategy_that_is_not_there_are_shown_with_status_78(tmp_path: Path) -> None:
    answer = cli(tmp_path, "config", "show", **quiet(tmp_path), STRATEGY_NAME="no_such_strategy")
    assert answer.returncode == ExitCode.CONFIGURATION
    assert "STRATEGY_NAME" in answer.stdout
    assert "no_such_strategy" in answer.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("protect", "BTCUSDT"), ExitCode.USAGE, id="nothing to move"),
        pytest.param(("protect", "BTCUSDT", "--stop", "x"), ExitCode.USAGE, id="no number"),
        pytest.param(
            ("protect", "BTCUSDT", "--stop", "1", "--back-to-settings"), ExitCode.USAGE, id="both ways"
        ),
        pytest.param(
            ("protect", "BTCUSDT", "--stop", "9", "--target", "8"),
            ExitCode.USAGE,
            id="stop over target",
        ),
        pytest.param(("reduce-only", "BTC/USDT"), ExitCode.USAGE, id="no symbol"),
        pytest.param(("market", "BTC/USDT"), ExitCode.USAGE, id="no symbol of a market"),
        pytest.param(("market", "BTCUSDT"), ExitCode.FAILURE, id="never seen"),
        pytest.param(("trade", "BTCUSDT", "--limit-price", "9"), ExitCode.USAGE, id="a limit without a side"),
    ],
)
def test_what_cannot_be_done_ends_with_its_status(
    words: tuple[str, ...], status: ExitCode, tmp_path: Path
) -> None:
    answer = cli(tmp_path, *words, **quiet(tmp_path))
    assert answer.returncode == status, answer.stderr
    assert answer.stderr
    assert "Traceback" not in answer.stderr


def test_symbols_are_made_reduce_only_and_let_go(tmp_path: Path) -> None:
    place = quiet(tmp_path)
    done = cli(tmp_path, "reduce-only", "btcusdt", "--reason", "news", "--key", "k1", "--json", **place)
    assert done.returncode == ExitCode.OK, done.stderr
    assert json.loads(done.stdout)["changed"] == ["BTCUSDT"]
    lifted = cli(tmp_path, "reduce-only", "BTCUSDT", "--off", **place)
    assert lifted.stdout.splitlines()[0] == "may be bought again: BTCUSDT"


@pytest.mark.parametrize(
    ("empty", "processes", "advice"),
    [
        pytest.param(False, None, None, id="cycles"),
        pytest.param(True, None, "make up", id="nothing runs"),
        pytest.param(True, {"autonomous_trader": "FATAL"}, "binance-trade-agent start", id="gave up"),
        pytest.param(True, {"autonomous_trader": "STOPPED"}, "binance-trade-agent start", id="stopped"),
        pytest.param(True, {"autonomous_trader": "BACKOFF"}, None, id="supervisord starts it again"),
    ],
)
def test_the_status_says_what_starts_a_trader_that_does_not_run(
    empty: bool, processes: dict[str, str] | None, advice: str | None
) -> None:
    lines = dict(lines_of(fake_desk(empty=empty).watch.status(), processes))
    assert lines.get("to start") == advice


@pytest.mark.parametrize(
    ("processes", "advice"),
    [(None, "make up"), ({"autonomous_trader": "STOPPED"}, "binance-trade-agent start")],
)
def test_health_gives_the_advice_that_fits(processes: dict[str, str] | None, advice: str) -> None:
    told = health_line(fake_desk(empty=True).watch.status(), processes)
    assert told == f"unhealthy: the trader has not run on this data yet; to start it: `{advice}`"
    cycling = health_line(fake_desk().watch.status(), processes={"autonomous_trader": "RUNNING"})
    assert cycling.startswith("healthy: cycle ")
    assert "to start" not in cycling


def test_the_status_names_symbols_that_may_only_be_sold() -> None:
    desk = fake_desk()
    desk.steering.reduce_only(["BTCUSDT"], "news", on=True, actor="ann")
    assert ("may only be sold", "[yellow]BTCUSDT[/]: news (ann)") in lines_of(desk.watch.status(), None)


def test_a_trade_where_nothing_runs_says_what_is_stopped_and_what_to_do(tmp_path: Path) -> None:
    answer = cli(tmp_path, "trade", "BTCUSDT", "--side", "buy", "--dry-run", **quiet(tmp_path))
    assert (answer.returncode, answer.stdout[:7]) == (ExitCode.FAILURE, "failed:"), answer.stderr
    assert answer.stderr.splitlines()[-1] == (
        "no trader runs, and whether its supervisor does is not known, it gives no answer: `make up`"
        " (or `binance-trade-agent supervise`) starts everything"
    )
