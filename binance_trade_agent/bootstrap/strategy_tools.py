"""What the command line does with strategies: list, describe, check, write a new one."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from binance_trade_agent.bootstrap.strategies import settings_choice
from binance_trade_agent.bootstrap.strategy_candles import file_market, generated_markets
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings
from binance_trade_agent.strategies import template
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.broken import Problem
from binance_trade_agent.strategies.files import load_file
from binance_trade_agent.strategies.honesty import Finding, Result, candles_wanted, check_strategy
from binance_trade_agent.strategies.registry import Registry, usable

#: Bars of a market that a check looks at beyond what it needs.
_MORE_GENERATED = 700
_MORE_OF_FILE = 2000


@dataclass(frozen=True, slots=True)
class ListedStrategy:
    """A strategy in a list. Without a warm-up it needs parameters that have no default, or is broken."""

    name: str
    summary: str
    source: str
    warmup_candles: int | None
    decides_on: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a strategy; `value` is what the settings make of it."""

    name: str
    type: str
    default: Any
    value: Any
    allowed: str
    description: str


@dataclass(frozen=True, slots=True)
class StrategyDetails:
    """A strategy in full. `rule` is its class's own description."""

    listed: ListedStrategy
    rule: str
    file: str
    adds: bool
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What the check of one strategy found. `error` is why it could not be asked at all."""

    name: str
    parameters: Mapping[str, Any]
    markets: tuple[str, ...]
    candles: int
    findings: tuple[Finding, ...] = ()
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return self.error is None and all(finding.result is not Result.FAILED for finding in self.findings)


def list_strategies(settings: Settings) -> tuple[tuple[ListedStrategy, ...], tuple[str, ...]]:
    """All strategies, and what is wrong with files where no strategy's name is known."""
    registry = Registry(settings.strategy_files)
    listed = tuple(_listed(settings, registry, name) for name in registry.names())
    told = {row.problem for row in listed}
    return listed, tuple(str(problem) for problem in registry.problems if str(problem) not in told)


def describe_strategy(settings: Settings, name: str) -> StrategyDetails:
    """One strategy; raises `ConfigurationError` if nobody knows the name."""
    registry = Registry(settings.strategy_files)
    found = registry.find(name)
    listed = _listed(settings, registry, name)
    if isinstance(found, Problem):
        return StrategyDetails(listed, "", found.place, False, ())
    given = settings_choice(settings).parameters_for(name)
    parameters = tuple(_parameter(key, field, given) for key, field in found.model_fields.items())
    rule = inspect.cleandoc(found.__doc__ or "")
    return StrategyDetails(listed, rule, inspect.getsourcefile(found) or "", found.adds, parameters)


def check_strategies(settings: Settings, name: str, candles: Path | None) -> tuple[CheckReport, ...]:
    """Check the strategy `name`, or all those of a file, on a candle file or generated markets.

    Raises:
        ConfigurationError: an unknown name, refused parameters, or candles that cannot be had.
    """
    choice = settings_choice(settings)
    path = Path(name).expanduser()
    if path.suffix == ".py":
        file = load_file(path)
        broken = [_unchecked(problem.strategy or path.name, problem) for problem in file.problems]
        found = file.strategies.values()
        return (*broken, *(_checked(each, choice.parameters_for(each.name), candles) for each in found))
    known = Registry(settings.strategy_files).find(name)
    if isinstance(known, Problem):
        return (_unchecked(name, known),)
    return (_checked(known, choice.parameters_for(name), candles),)


def write_strategy(name: str, folder: Path) -> tuple[Path, Path]:
    """Write a working strategy and its test; returns their paths.

    Raises:
        ConfigurationError: the name cannot be one, or a file is in the way or cannot be written.
    """
    fault = template.name_fault(name)
    if fault:
        raise ConfigurationError(f"{name!r} cannot be a strategy's name: {fault}")
    files = {
        folder / f"{name}.py": template.strategy_text(name),
        folder / f"test_{name}.py": template.tests_text(name),
    }
    in_the_way = [str(path) for path in files if path.exists()]
    if in_the_way:
        exist = "exists" if len(in_the_way) == 1 else "exist"
        raise ConfigurationError(f"{' and '.join(in_the_way)} {exist} already; nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{error.filename} cannot be written: {error.strerror}") from error
    written, test = files
    return written, test


def _listed(settings: Settings, registry: Registry, name: str) -> ListedStrategy:
    choice, source = settings_choice(settings), registry.source(name)
    where = source.where if source.kind != "shipped" else "shipped"
    symbols = tuple(symbol for symbol in choice.symbols if choice.name_of(symbol) == name)
    found = registry.find(name)
    if isinstance(found, Problem):
        return ListedStrategy(name, "", where, None, symbols, str(found))
    summary = inspect.cleandoc(found.__doc__ or "").partition("\n")[0]
    try:
        made = usable(found, choice.parameters_for(name))
    except ConfigurationError as error:
        return ListedStrategy(name, summary, where, None, symbols, "; ".join(error.problems))
    if isinstance(made, Problem):
        return ListedStrategy(name, summary, where, None, symbols, str(made))
    return ListedStrategy(name, summary, where, made.warmup_candles, symbols)


def _parameter(name: str, field: FieldInfo, given: Mapping[str, Any]) -> Parameter:
    kind = getattr(field.annotation, "__name__", str(field.annotation))
    default = "required" if field.is_required() else field.get_default(call_default_factory=True)
    return Parameter(name, kind, default, given.get(name, default), _allowed(field), field.description or "")


def _allowed(field: FieldInfo) -> str:
    """The bounds of a number, as a person writes them."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(item, key)}"
        for item in field.metadata
        for key, sign in signs.items()
        if getattr(item, key, None) is not None
    ]
    return ", ".join(bounds)


def _checked(kind: type[Strategy], given: Mapping[str, Any], candles: Path | None) -> CheckReport:
    strategy = usable(kind, given)
    if isinstance(strategy, Problem):
        return _unchecked(kind.name, strategy)
    wanted = candles_wanted(strategy)
    if candles is None:
        markets: Sequence[Any] = generated_markets(wanted + _MORE_GENERATED)
    else:
        markets = (file_market(candles, wanted + _MORE_OF_FILE),)
    count = min(len(market.candles) for market in markets)
    if count < wanted:
        raise ConfigurationError(
            f"{candles} has {count:,} candles; a check of {strategy.name} takes at least {wanted:,}"
        )
    findings = check_strategy(strategy, markets)
    return CheckReport(strategy.name, dict(given), tuple(market.name for market in markets), count, findings)


def _unchecked(name: str, problem: Problem) -> CheckReport:
    return CheckReport(name, {}, (), 0, error=str(problem))
