import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.strategies.base import Candles, Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy, StrategyUnusable
from binance_trade_agent.strategies.registry import ENTRY_POINT_GROUP, Registry, create_strategy
from binance_trade_agent.strategies.shipped import SHIPPED
from tests.trading_views import candles_of

ABOVE_MEAN = "tests.unit.strategies.test_base:AboveMean"


def plugin(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP)


def test_the_shipped_strategies_have_defaults_and_their_own_names() -> None:
    assert set(Registry(plugins=()).names()) == set(SHIPPED)
    for name in SHIPPED:
        assert create_strategy(name).name == name


def test_an_unknown_name_gives_the_nearest_and_the_list() -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_strategy("rsi_momentun")
    text = str(caught.value)
    assert "'rsi_momentun' is not known" in text
    assert "did you mean rsi_momentum?" in text
    assert all(name in text for name in SHIPPED)


def test_parameters_are_typed_and_may_be_text() -> None:
    strategy = create_strategy("rsi_momentum", {"period": "7", "oversold": 25})
    assert strategy.model_dump() == {"period": 7, "oversold": 25.0, "overbought": 70.0, "trend_period": 0}


def test_all_bad_parameters_are_listed_with_value_and_what_is_allowed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_strategy("rsi_momentum", {"period": 1, "oversold": "low", "overbougt": 80})
    period, oversold, unknown = caught.value.problems
    assert "period = 1" in period
    assert "greater than or equal to 2" in period
    assert "oversold = 'low'" in oversold
    assert "number" in oversold
    assert "overbougt is not known; did you mean overbought?" in unknown


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("rsi_momentum", {"oversold": 80}, "oversold (80.0) must be below overbought (70.0)"),
        ("macd_cross", {"fast": 30}, "fast (30) must be below slow (26)"),
        ("ema_cross", {"fast": 21}, "fast (21) must be below slow (21)"),
        ("bollinger_reversion", {"deviations": "nan"}, "deviations"),
        ("combined_default", {"quorum": 5}, "quorum = 5"),
    ],
)
def test_parameters_that_cannot_work_together_are_refused(
    name: str, parameters: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        create_strategy(name, parameters)
    assert said in str(caught.value)


def broken(strategy: Strategy) -> str:
    """What every question to it says."""
    assert isinstance(strategy, BrokenStrategy)
    with pytest.raises(StrategyUnusable) as caught:
        strategy.series(Candles(candles_of([1, 2])))
    return str(caught.value)


def test_a_plugin_is_found_by_its_name() -> None:
    registry = Registry(plugins=[plugin("above_mean", ABOVE_MEAN)])
    assert set(registry.names()) == {*SHIPPED, "above_mean"}
    assert registry.create("above_mean", {"period": 5}).warmup_candles == 5
    assert registry.source("above_mean").kind == "package"
    assert registry.problems == ()


def test_a_shipped_name_always_means_the_shipped_strategy() -> None:
    registry = Registry(plugins=[plugin("ema_cross", ABOVE_MEAN)])
    assert type(registry.create("ema_cross")) is SHIPPED["ema_cross"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("tests.unit.strategies.test_base:NAN", "is not a subclass of Strategy"),
        ("binance_trade_agent.strategies.base:Strategy", "lacks decide, indicators, name, warmup_candles"),
        ("no_such_module_anywhere:Thing", "cannot be loaded: ModuleNotFoundError"),
        (ABOVE_MEAN, "calls itself above_mean, but its package names it mine"),
    ],
)
def test_a_plugin_that_is_no_strategy_fails_when_it_is_asked(value: str, said: str) -> None:
    strategy = Registry(plugins=[plugin("mine", value)]).create("mine", {"any": "parameters"})
    assert strategy.name == "mine"
    assert said in broken(strategy)


def test_two_packages_of_one_name_are_neither() -> None:
    twice = [plugin("mine", "one:Mine"), plugin("mine", "other:Mine")]
    assert "mine appears twice among the installed packages" in broken(Registry(plugins=twice).create("mine"))


@pytest.mark.parametrize("line", ["THRESHOLD = math.sqroot(4)", "raise SystemExit(0)"])
def test_a_broken_plugin_is_reported_with_its_file_and_line(tmp_path: Path, line: str) -> None:
    name = f"broken_strategy_module_{len(line)}"
    module = tmp_path / f"{name}.py"
    module.write_text(f"import math\n\n{line}\n")
    sys.path.insert(0, str(tmp_path))
    try:
        text = broken(Registry(plugins=[plugin("mine", f"{name}:Mine")]).create("mine"))
    finally:
        sys.path.remove(str(tmp_path))
    assert text.startswith(f"{module}, line 3: ")
    assert ("sqroot" if "sqroot" in line else "SystemExit") in text
