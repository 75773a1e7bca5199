"""Which strategy with which parameters decides on a symbol, and a session's plan of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from binance_trade_agent.bootstrap.strategies import (
    StrategyBook,
    settings_strategies,
    strategies_of_plan,
)
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import load_settings
from binance_trade_agent.strategies.broken import BrokenStrategy
from tests.unit.strategies.test_files import line_of, strategy_text, written


def book_of(folder: Path, **environ: Any) -> StrategyBook:
    given = {
        name: json.dumps(value) if isinstance(value, dict) else str(value) for name, value in environ.items()
    }
    return settings_strategies(load_settings({"TRADING_SYMBOLS": "BTCUSDT,ETHUSDT", **given}, folder))


def test_each_symbol_has_an_instance_of_its_own_strategy(tmp_path: Path) -> None:
    book = book_of(
        tmp_path, STRATEGY_NAME="ema_cross", STRATEGY_BY_SYMBOL="ETHUSDT=rsi_momentum,SOLUSDT=macd_cross"
    )
    assert [book.of(symbol).name for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")] == [
        "ema_cross",
        "rsi_momentum",
        "macd_cross",
        "ema_cross",
    ]
    assert book.of("BTCUSDT") is book.of("BTCUSDT")
    assert book.of("BTCUSDT") is not book.of("XRPUSDT")
    assert book.names() == ("ema_cross", "macd_cross", "rsi_momentum")
    assert book.warmup_candles == max(book.of(s).warmup_candles for s in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
    assert book.problems == ()


def test_parameters_are_the_strategys_and_the_symbols_win(tmp_path: Path) -> None:
    book = book_of(
        tmp_path,
        STRATEGY_NAME="ema_cross",
        STRATEGY_BY_SYMBOL="ETHUSDT=rsi_momentum,SOLUSDT=rsi_momentum",
        STRATEGY_PARAMS={
            "fast": 5,
            "slow": 40,
            "ema_cross": {"slow": 50},
            "rsi_momentum": {"period": 7, "oversold": 20},
            "ETHUSDT": {"period": 9},
            "XRPUSDT": {"fast": 6},
        },
    )
    assert book.of("BTCUSDT").model_dump() | {"fast": 5, "slow": 50} == book.of("BTCUSDT").model_dump()
    assert book.of("XRPUSDT").model_dump() | {"fast": 6, "slow": 50} == book.of("XRPUSDT").model_dump()
    assert book.of("SOLUSDT").model_dump() | {"period": 7, "oversold": 20} == book.of("SOLUSDT").model_dump()
    assert book.of("ETHUSDT").model_dump() | {"period": 9, "oversold": 20} == book.of("ETHUSDT").model_dump()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"STRATEGY_NAME": "ema_cros"},
            "STRATEGY_NAME=ema_cros: strategy 'ema_cros' is not known; did you mean ema_cross",
        ),
        ({"STRATEGY_NAME": "mine"}, "one of your own stands in a file of STRATEGY_FILES"),
        (
            {"STRATEGY_BY_SYMBOL": "ETHUSDT=mine"},
            "STRATEGY_BY_SYMBOL: ETHUSDT=mine: strategy 'mine' is not known",
        ),
        (
            {"STRATEGY_NAME": "ema_cross", "STRATEGY_PARAMS": {"fast": 0}},
            "STRATEGY_PARAMS: strategy ema_cross: fast = 0: Input should be greater than or equal to 1",
        ),
        (
            {"STRATEGY_NAME": "ema_cross", "STRATEGY_PARAMS": {"ETHUSDT": {"fast": 30}}},
            "STRATEGY_PARAMS, for ETHUSDT: strategy ema_cross: fast (30) must be below slow (21)",
        ),
        (
            {"STRATEGY_NAME": "ema_cross", "STRATEGY_PARAMS": {"macd_cross": {"fast": 3}}},
            "STRATEGY_PARAMS has parameters for macd_cross, which no symbol uses",
        ),
        (
            {"STRATEGY_NAME": "ema_cross", "STRATEGY_PARAMS": {"ETHUSTD": {"fast": 3}}},
            "STRATEGY_PARAMS: strategy ema_cross: parameter ETHUSTD is not known",
        ),
    ],
)
def test_what_cannot_work_names_its_setting(tmp_path: Path, environ: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        book_of(tmp_path, **environ)
    assert len(caught.value.problems) == 1
    assert said in caught.value.problems[0]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        book_of(tmp_path, STRATEGY_NAME="one", STRATEGY_BY_SYMBOL="ETHUSDT=two")
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "STRATEGY_NAME=one",
        "STRATEGY_BY_SYMBOL",
    ]


def test_a_broken_file_keeps_no_other_symbol_from_trading(tmp_path: Path) -> None:
    bad = written(tmp_path, "import nowhere_to_be_found\n", "bad.py")
    good = written(tmp_path, strategy_text())
    book = book_of(
        tmp_path,
        STRATEGY_FILES=f"{bad},{good}",
        STRATEGY_NAME="mine",
        STRATEGY_BY_SYMBOL="ETHUSDT=bad",
        STRATEGY_PARAMS={"bad": {"any": 1}},
    )
    broken = book.of("ETHUSDT")
    assert isinstance(broken, BrokenStrategy)
    assert broken.name == "bad"
    assert [problem.place for problem in book.problems] == [f"{bad}, line 1"]
    assert book.of("BTCUSDT").warmup_candles == 3
    entry = book.plan()["ETHUSDT"]
    assert entry["params"] == {"any": 1}
    assert entry["problem"]["line"] == 1
    again = strategies_of_plan(json.loads(json.dumps(book.plan()))).of("ETHUSDT")
    assert isinstance(again, BrokenStrategy)
    assert again.problem.text == broken.problem.text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return self.period", "return 1 // 0", "ZeroDivisionError"),
        ("return self.period", "raise SystemExit(3)", "SystemExit: 3"),
        (
            "return self.period",
            "return 'many'",
            "warmup_candles is 'many': it takes a whole number from 1 to 10000",
        ),
        ("return self.period", "return 0", "warmup_candles is 0: it takes a whole number from 1 to 10000"),
        ("return self.period", "return 10**9", "warmup_candles is 1000000000: it takes"),
        ("    @property", "    what: object = object()\n\n    @property", "PydanticSerializationError"),
        (
            "    @property",
            "    def model_post_init(self, context):\n        {}['x']\n\n    @property",
            "KeyError: 'x'",
        ),
    ],
)
def test_a_strategy_whose_own_code_fails_at_the_start_keeps_no_other_symbol_from_trading(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = strategy_text()
    assert text.count(old) == 1
    path = written(tmp_path, text.replace(old, new))
    book = book_of(tmp_path, STRATEGY_FILES=path, STRATEGY_BY_SYMBOL="ETHUSDT=mine")
    assert isinstance(book.of("ETHUSDT"), BrokenStrategy)
    assert book.of("BTCUSDT").name == "combined_default"
    (problem,) = book.problems
    assert (problem.file, problem.strategy) == (str(path), "mine")
    assert problem.line > 0
    assert said in problem.text
    assert book.plan()["ETHUSDT"]["problem"]["text"] == problem.text
    assert book.warmup_candles > 1


def test_a_plan_builds_the_same_strategies_again(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text())
    book = book_of(
        tmp_path,
        STRATEGY_FILES=path,
        STRATEGY_NAME="mine",
        STRATEGY_BY_SYMBOL="ETHUSDT=rsi_momentum",
        STRATEGY_PARAMS={"period": 5, "SOLUSDT": {"period": 6}, "rsi_momentum": {"period": 9}},
    )
    plan = json.loads(json.dumps(book.plan()))
    assert set(plan) == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "*"}
    assert plan["ETHUSDT"]["source"] is None
    assert plan["ETHUSDT"]["params"]["period"] == 9
    assert "overbought" in plan["ETHUSDT"]["params"]
    assert plan["*"]["source"]["file"] == str(path)
    again = strategies_of_plan(plan)
    assert again.notes == ()
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"):
        assert again.of(symbol).name == book.of(symbol).name
        assert again.of(symbol).model_dump() == book.of(symbol).model_dump()


def test_a_plan_whose_file_changed_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, strategy_text())
    plan = book_of(tmp_path, STRATEGY_FILES=path, STRATEGY_NAME="mine").plan()
    written(tmp_path, strategy_text(doc="Changed."))
    assert strategies_of_plan(plan).notes == (f"{path} has changed since the session",)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    path.unlink()
    again = strategies_of_plan(plan, [written(moved, strategy_text())])
    assert (again.of("BTCUSDT").name, again.notes) == ("mine", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("import nowhere_to_be_found\n", "line 1: ModuleNotFoundError"),
        (strategy_text(name="yours"), "strategy mine no longer exists in"),
        (
            strategy_text().replace("period", "length"),
            "strategy mine no longer takes the parameters it had: period",
        ),
    ],
)
def test_a_plan_that_can_no_longer_be_followed_is_an_error(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = written(tmp_path, strategy_text())
    assert line_of(path, "class Mine")
    plan = book_of(tmp_path, STRATEGY_FILES=path, STRATEGY_NAME="mine").plan()
    path.unlink()
    if text is not None:
        written(tmp_path, text)
    with pytest.raises(ConfigurationError, match="of the session's plan, for BTCUSDT") as caught:
        strategies_of_plan(plan)
    assert said in str(caught.value)


def test_a_shipped_strategy_that_is_gone_is_an_error(tmp_path: Path) -> None:
    plan = book_of(tmp_path, STRATEGY_NAME="ema_cross").plan()
    plan["BTCUSDT"]["name"] = "ema_of_old"
    with pytest.raises(ConfigurationError, match="strategy 'ema_of_old' is not known"):
        strategies_of_plan(plan)
