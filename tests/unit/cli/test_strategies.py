"""`strategy list`, `show`, `new` and `check`, as functions and as a shell sees them."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.bootstrap.strategy_tools import (
    check_strategies,
    describe_strategy,
    list_strategies,
    write_strategy,
)
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.strategies import draw_report, draw_strategies, draw_strategy
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.strategies.shipped import SHIPPED
from tests.unit.cli.test_command_line import cli
from tests.unit.strategies.test_files import line_of, strategy_text, written

ROOT = Path(__file__).parents[3]


def settings_of(folder: Path, **environ: object) -> Settings:
    return load_settings({name: str(value) for name, value in environ.items()}, folder)


def screen_of(width: int) -> Console:
    return Console(file=io.StringIO(), width=width)


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    lines = [line.rstrip() for line in screen.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= screen.width
    return "\n".join(lines)


@pytest.mark.parametrize("width", [80, 160])
def test_the_list_shows_rules_sources_and_what_is_broken(tmp_path: Path, width: int) -> None:
    bad = written(tmp_path, "import nowhere\n", "bad.py")
    text = strategy_text(doc="Does what I want.") + '\n\nclass Half(Strategy):\n    name = "half"\n'
    mine = written(tmp_path, text)
    settings = settings_of(
        tmp_path, STRATEGY_FILES=f"{bad},{mine}", STRATEGY_NAME="mine", TRADING_SYMBOLS="BTCUSDT"
    )
    rows, problems = list_strategies(settings)
    by_name = {row.name: row for row in rows}
    assert set(by_name) >= {*SHIPPED, "mine", "half"}
    assert (by_name["mine"].summary, by_name["mine"].warmup_candles) == ("Does what I want.", 3)
    assert by_name["mine"].source == str(mine)
    assert by_name["mine"].decides_on == ("BTCUSDT",)
    assert f"{mine}, line {line_of(mine, 'class Half')}: class Half lacks" in str(by_name["half"].problem)
    assert problems == (f"{bad}, line 1: ModuleNotFoundError: No module named 'nowhere'",)
    screen = screen_of(width)
    draw_strategies(rows, problems, screen)
    printed = shown(screen)
    assert "mine decides on BTCUSDT" in printed
    assert "No module named 'nowhere'" in " ".join(printed.split())


def test_a_strategy_whose_own_code_fails_is_shown_and_checked_as_broken(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text().replace("return self.period", "return 1 // 0"))
    settings = settings_of(tmp_path, STRATEGY_FILES=path)
    rows, _ = list_strategies(settings)
    said = f"{path}, line {line_of(path, '1 // 0')}: ZeroDivisionError"
    assert said in str(next(row for row in rows if row.name == "mine").problem)
    for name in ("mine", str(path)):
        (report,) = check_strategies(settings, name, None)
        assert not report.passed
        assert said in str(report.error)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_shipped_strategy_has_a_page_for_a_narrow_terminal(tmp_path: Path, name: str) -> None:
    details = describe_strategy(settings_of(tmp_path), name)
    screen = screen_of(80)
    draw_strategy(details, screen)
    printed = shown(screen)
    assert printed.startswith(name)
    assert details.listed.summary.split()[0] in printed
    assert all(parameter.name in printed for parameter in details.parameters)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_each_parameter_of_a_shipped_strategy_is_explained(tmp_path: Path, name: str) -> None:
    for parameter in describe_strategy(settings_of(tmp_path), name).parameters:
        assert parameter.description.endswith("."), parameter
        assert parameter.allowed or parameter.type == "bool", parameter


def test_a_page_shows_what_the_settings_make_of_parameters(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, STRATEGY_NAME="ema_cross", STRATEGY_PARAMS='{"fast": 5}')
    fast, slow, *_ = describe_strategy(settings, "ema_cross").parameters
    assert (fast.name, fast.type, fast.default, fast.value, fast.allowed) == (
        "fast",
        "int",
        9,
        5,
        "≥ 1, ≤ 400",
    )
    assert slow.value == slow.default
    with pytest.raises(ConfigurationError, match="did you mean ema_cross"):
        describe_strategy(settings, "ema_cros")


def test_a_new_strategy_works_at_once(tmp_path: Path) -> None:
    strategy, test = write_strategy("my_dip", tmp_path / "tests")
    run = [sys.executable, "-m"]
    checks = [
        [
            *run,
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:dash",
            "-p",
            "no:asyncio",
            "-W",
            "error",
            str(test),
        ],
        [*run, "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), "tests"],
        [*run, "ruff", "format", "--no-cache", "--check", "--config", str(ROOT / "pyproject.toml"), "tests"],
    ]
    for command in checks:
        answer = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
    settings = settings_of(
        tmp_path, STRATEGY_FILES=strategy, STRATEGY_NAME="my_dip", STRATEGY_PARAMS='{"period": 30}'
    )
    book = settings_strategies(settings)
    assert book.problems == ()
    assert book.of("BTCUSDT").warmup_candles == 30
    (report,) = check_strategies(settings, str(strategy), None)
    assert report.passed
    screen = screen_of(80)
    draw_report(report, screen)
    assert "honest" in shown(screen)


def test_a_new_strategy_is_typed(tmp_path: Path) -> None:
    strategy, _ = write_strategy("my_dip", tmp_path)
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")),
            *("--strict", "--cache-dir", os.devnull, "--follow-imports", "silent", str(strategy)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    "name", ["Bad", "1st", "a", "my-dip", "class", "ema_cross", "test_dip", "../dip", "", "ä1"]
)
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a strategy's name"):
        write_strategy(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "test_my_dip.py").write_text("precious")
    with pytest.raises(ConfigurationError, match=r"test_my_dip.py exists already; nothing was written"):
        write_strategy("my_dip", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_my_dip.py"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="file"):
        write_strategy("my_dip", tmp_path / "file")


def test_a_candle_file_is_read_and_refused_when_it_is_too_short(tmp_path: Path) -> None:
    rows = [
        f"{1_700_000_040_000 + i * 60_000},{100 + i % 7},{108},{99},{100 + i % 5},{i}" for i in range(200)
    ]
    path = tmp_path / "BTCUSDT-1m.csv"
    path.write_text("\n".join(["open_time,open,high,low,close,volume", *rows]))
    settings = settings_of(tmp_path)
    (report,) = check_strategies(settings, "bollinger_reversion", path)
    assert (report.candles, report.markets) == (200, ("BTCUSDT-1m.csv",))
    assert report.passed
    with pytest.raises(ConfigurationError, match=r"200 candles; a check of rsi_level takes at least \d+"):
        check_strategies(settings, "rsi_level", path)
    with pytest.raises(ConfigurationError, match="candle file"):
        check_strategies(settings, "rsi_level", tmp_path / "none.csv")


def test_the_shell_sees_what_was_written_and_what_failed(tmp_path: Path) -> None:
    answer = cli(tmp_path, "strategy", "new", "my_dip")
    assert answer.returncode == ExitCode.OK, answer.stderr
    for text in (
        "STRATEGY_FILES=",
        "STRATEGY_NAME=my_dip",
        "strategy check my_dip.py",
        "pytest test_my_dip.py",
    ):
        assert text in answer.stdout
    again = cli(tmp_path, "strategy", "new", "my_dip")
    assert again.returncode == ExitCode.CONFIGURATION
    assert "test_my_dip.py exist already" in again.stderr
    path = tmp_path / "my_dip.py"
    path.write_text(path.read_text().replace("return self.period", "return self.period // 2"))
    checked = cli(tmp_path, "strategy", "check", "my_dip.py", "--json")
    assert checked.returncode == ExitCode.FAILURE, checked.stderr
    (report,) = json.loads(checked.stdout)
    assert [finding["check"] for finding in report["findings"] if finding["result"] == "failed"] == ["warmup"]
    path.write_text("import nowhere\n")
    broken = cli(tmp_path, "strategy", "check", "my_dip.py")
    assert broken.returncode == ExitCode.FAILURE
    assert f"{path}, line 1: ModuleNotFoundError" in broken.stdout
    listed = cli(tmp_path, "strategy", "list", "--json", STRATEGY_FILES="my_dip.py")
    assert json.loads(listed.stdout)["problems"] == [
        f"{path}, line 1: ModuleNotFoundError: No module named 'nowhere'"
    ]
    unknown = cli(tmp_path, "strategy", "show", "nobody")
    assert unknown.returncode == ExitCode.CONFIGURATION


def test_the_example_of_the_page_for_authors_is_honest(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "writing-strategies.md").read_text()
    path = written(tmp_path, page.partition("```python\n")[2].partition("```")[0], "above_average.py")
    (report,) = check_strategies(settings_of(tmp_path), str(path), None)
    assert (report.name, report.passed) == ("above_average", True)
