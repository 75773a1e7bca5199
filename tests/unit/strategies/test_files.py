"""Strategies from files: what is found in them, and how each way to be broken is reported."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.strategies.base import Candles, Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy
from binance_trade_agent.strategies.files import load_file
from binance_trade_agent.strategies.registry import Registry
from tests.trading_views import candles_of

HEAD = """\
from collections.abc import Mapping
from typing import ClassVar

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, sma

"""
BODY = '''
class {title}({base}):
    """{doc}"""

    name: ClassVar[str] = "{name}"
    period: int = 3

    @property
    def warmup_candles(self) -> int:
        return self.period

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {{"mean": sma(candles.close, self.period)}}

    def decide(self, bar: Bar) -> Advice:
        return Advice.hold("idle", "nothing to do")
'''


def strategy_text(name: str = "mine", title: str = "Mine", base: str = "Strategy", doc: str = "Mine.") -> str:
    return HEAD + BODY.format(name=name, title=title, base=base, doc=doc)


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(dedent(text))
    return path


def line_of(path: Path, text: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def test_a_file_brings_its_strategies(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text() + BODY.format(name="two", title="Two", base="Mine", doc="Two."))
    file = load_file(path)
    assert file.problems == ()
    assert set(file.strategies) == {"mine", "two"}
    assert file.lines["mine"] == line_of(path, "class Mine")
    registry = Registry([path], plugins=())
    assert registry.create("mine", {"period": "9"}).warmup_candles == 9
    source = registry.source("mine")
    assert (source.kind, source.where, len(source.sha256)) == ("file", str(path), 64)
    with pytest.raises(ConfigurationError, match="parameter perod is not known; did you mean period"):
        registry.create("mine", {"perod": 9})


def test_what_a_file_imports_or_builds_on_is_no_strategy_of_it(tmp_path: Path) -> None:
    text = HEAD + "from binance_trade_agent.strategies.ema_cross import EmaCross\n"
    text += "\n\nclass Common(Strategy):\n    pass\n\n\nclass _Hidden(Strategy):\n    pass\n"
    path = written(tmp_path, text + BODY.format(name="mine", title="Mine", base="Common", doc="Mine."))
    file = load_file(path)
    assert set(file.strategies) == {"mine"}
    assert file.problems == ()


def test_an_edited_file_is_read_anew_and_leaves_no_bytecode(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text(doc="Old."))
    first = load_file(path)
    path.write_text(path.read_text().replace("Old.", "New."))
    second = load_file(path)
    assert first.sha256 != second.sha256
    assert second.strategies["mine"].__doc__ == "New."
    assert list(tmp_path.iterdir()) == [path]


def test_postponed_annotations_are_understood(tmp_path: Path) -> None:
    path = written(tmp_path, "from __future__ import annotations\n" + strategy_text())
    assert load_file(path).strategies["mine"]().warmup_candles == 3


def test_files_of_one_name_in_two_folders_have_their_own_neighbours(tmp_path: Path) -> None:
    paths = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "levels_beside.py").write_text(f"LEVEL = {name!r}\n")
        text = "from levels_beside import LEVEL\n" + strategy_text(name=name)
        paths.append(written(folder, text.replace('"""Mine."""', "level: str = LEVEL")))
    before = list(sys.path)
    registry = Registry(paths, plugins=())
    assert registry.problems == ()
    assert [registry.create(name).model_dump()["level"] for name in ("one", "two")] == ["one", "two"]
    assert sys.path == before
    assert "levels_beside" not in sys.modules


BROKEN = [
    ("import math\n\nx = math.sqroot(4)\n", 3, "AttributeError"),
    ("x = (1,\ny = 2\n", 1, "SyntaxError: '(' was never closed"),
    ("import nothing_of_this_name\n", 1, "ModuleNotFoundError"),
    ("import sys\nsys.exit(0)\n", 2, "SystemExit: 0"),
    ("def f():\n    int('x')\n\nf()\n", 2, "ValueError"),
    ("x = 1\n", 0, "it has no subclass of Strategy"),
    ("x = '\x00'\n", 0, "null bytes"),
]


@pytest.mark.parametrize(("text", "line", "said"), BROKEN)
def test_a_file_that_cannot_be_used_is_a_problem_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    path = written(tmp_path, text)
    (problem,) = load_file(path).problems
    assert said in problem.text
    assert (problem.file, problem.line) == (str(path), line)


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    for path in (tmp_path / "none.py", tmp_path):
        (problem,) = load_file(path).problems
        assert str(problem).startswith(f"{path}: cannot be read: ")


def test_a_class_that_lacks_something_is_a_problem_of_its_name_alone(tmp_path: Path) -> None:
    text = strategy_text() + '\n\nclass Half(Strategy):\n    name = "half"\n'
    text += "\n\nclass Nameless(Mine):\n    pass\n"
    path = written(tmp_path, text.replace("class Nameless(Mine)", "class Nameless(Half)"))
    registry = Registry([path], plugins=())
    assert not isinstance(registry.create("mine"), BrokenStrategy)
    half = registry.create("half")
    assert isinstance(half, BrokenStrategy)
    assert half.problem.line in {line_of(path, "class Half"), line_of(path, "class Nameless")}
    assert "lacks decide, indicators, warmup_candles" in half.problem.text


def test_a_class_without_a_name_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text().replace('    name: ClassVar[str] = "mine"\n', ""))
    (problem,) = load_file(path).problems
    assert str(problem) == f"{path}, line {line_of(path, 'class Mine')}: class Mine lacks name"


def test_a_name_that_settings_cannot_hold_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load_file(written(tmp_path, strategy_text(name="a=b,c"))).problems
    assert "name 'a=b,c' is not made of letters" in problem.text


def test_a_shipped_name_in_a_file_is_a_problem_and_means_the_shipped_one(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text(name="ema_cross"))
    registry = Registry([path], plugins=())
    assert type(registry.create("ema_cross")).__module__ == "binance_trade_agent.strategies.ema_cross"
    (problem,) = registry.problems
    assert str(problem).startswith(
        f"{path}, line {line_of(path, 'class Mine')}: ema_cross is the name of a shipped"
    )


def test_a_name_that_appears_twice_means_neither(tmp_path: Path) -> None:
    first, second = written(tmp_path, strategy_text()), written(tmp_path, strategy_text(), "again.py")
    registry = Registry([first, second, first], plugins=())
    strategy = registry.create("mine")
    assert isinstance(strategy, BrokenStrategy)
    assert str(strategy.problem) == (
        f"{second}, line {line_of(second, 'class Mine')}: the name mine appears twice: here and in"
        f" {first}, line {line_of(first, 'class Mine')}"
    )
    within = written(
        tmp_path, strategy_text() + BODY.format(name="mine", title="B", base="Strategy", doc=""), "b.py"
    )
    (problem,) = load_file(within).problems
    assert problem.text == "classes Mine and B are both called mine"


def test_an_unknown_name_counts_as_in_the_file_that_is_broken(tmp_path: Path) -> None:
    bad, worse = written(tmp_path, "1 / 0\n", "bad.py"), written(tmp_path, "import\n", "worse.py")
    registry = Registry([bad, worse], plugins=())
    named, other = registry.create("worse"), registry.create("some_name")
    assert isinstance(named, BrokenStrategy)
    assert isinstance(other, BrokenStrategy)
    assert (named.problem.file, named.problem.line) == (str(worse), 1)
    assert str(other.problem) == f"{bad}, line 1: ZeroDivisionError: division by zero"
    with pytest.raises(ConfigurationError, match="'some_name' is not known"):
        Registry([written(tmp_path, strategy_text())], plugins=()).create("some_name")


def test_a_broken_strategy_fails_at_every_question(tmp_path: Path) -> None:
    strategy: Strategy = Registry([tmp_path / "none.py"], plugins=()).create("mine", {"period": 3})
    with pytest.raises(Exception, match="cannot be read"):
        strategy.indicators(Candles(candles_of([1, 2])))
    assert strategy.warmup_candles == 1
