"""The strategies that the settings name, one instance a symbol; and those that a session's plan names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.symbol_names import is_symbol, quote_of
from binance_trade_agent.settings import Settings
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy, Problem
from binance_trade_agent.strategies.files import StrategyFile, load_file
from binance_trade_agent.strategies.registry import Registry

#: In a plan: the strategy of symbols that it does not name.
OTHERS = "*"


class StrategyChoice:
    """Which strategy with which parameters the settings want for a symbol (upper case).

    `parameters` are those of `default`; but under a key that is the name of a strategy in use, or a symbol, an
    object holds those of the strategy or the symbol alone, and the symbol's win.
    """

    def __init__(
        self,
        default: str,
        parameters: Mapping[str, Any] | None = None,
        by_symbol: Mapping[str, str] | None = None,
        symbols: Sequence[str] = (),
    ) -> None:
        self.default = default
        self.by_symbol = dict(by_symbol or {})
        self.in_use = frozenset({default, *self.by_symbol.values()})
        scoped = {key: value for key, value in (parameters or {}).items() if isinstance(value, dict)}
        listed = {*symbols, *self.by_symbol}
        self._for_strategy = {key: value for key, value in scoped.items() if key in self.in_use}
        self._for_symbol = {
            key.upper(): value
            for key, value in scoped.items()
            if key not in self.in_use and (key.upper() in listed or _looks_like_symbol(key))
        }
        taken = {*self._for_strategy, *(key for key in scoped if key.upper() in self._for_symbol)}
        self._for_default = {key: value for key, value in (parameters or {}).items() if key not in taken}
        #: Symbols that are traded, or of which a setting says something.
        self.symbols = tuple(dict.fromkeys((*symbols, *self.by_symbol, *self._for_symbol)))

    def name_of(self, symbol: str) -> str:
        """The strategy that decides on `symbol`."""
        return self.by_symbol.get(symbol, self.default)

    def parameters_for(self, name: str) -> dict[str, Any]:
        """What differs from the defaults of a strategy, whatever the symbol."""
        return {**(self._for_default if name == self.default else {}), **self._for_strategy.get(name, {})}

    def parameters_of(self, symbol: str) -> dict[str, Any]:
        """What differs from the defaults for `symbol`."""
        return {**self.parameters_for(self.name_of(symbol)), **self._for_symbol.get(symbol, {})}

    def unused(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that parameters are given for although no symbol uses them."""
        given = self._for_default
        return [name for name in names if isinstance(given.get(name), dict)]


class StrategyBook:
    """Which strategy decides on which symbol."""

    def __init__(self, registry: Registry, choice: StrategyChoice) -> None:
        """Raises `ConfigurationError` for unknown names and refused parameters, all of them, naming the settings."""
        self._registry = registry
        self._choice = choice
        self._strategies: dict[str, Strategy] = {}
        problems = [
            f"STRATEGY_PARAMS has parameters for {name}, which no symbol uses"
            for name in choice.unused(registry.names())
        ]
        for symbol in (OTHERS, *choice.symbols) if not problems else ():
            try:
                self.of(symbol)
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise ConfigurationError(*dict.fromkeys(problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be loaded: files, and packages whose strategies are in use."""
        used = (
            strategy.problem for strategy in self._strategies.values() if isinstance(strategy, BrokenStrategy)
        )
        return tuple(dict.fromkeys((*self._registry.problems, *used)))

    @property
    def warmup_candles(self) -> int:
        """The most that a strategy in use wants."""
        return max(strategy.warmup_candles for strategy in self._strategies.values())

    def names(self) -> tuple[str, ...]:
        """Names of the strategies in use, STRATEGY_NAME first."""
        default = self._choice.default
        return (default, *sorted(self._choice.in_use - {default}))

    def of(self, symbol: str) -> Strategy:
        """The strategy of any symbol: the same instance each time, and another one for each symbol."""
        if symbol not in self._strategies:
            self._strategies[symbol] = self._create(symbol)
        return self._strategies[symbol]

    def plan(self) -> dict[str, Any]:
        """Name, all parameters and source of each symbol's strategy, `*` for the others; ready for JSON."""
        return {symbol: self._planned(symbol) for symbol in (*self._choice.symbols, OTHERS)}

    def _create(self, symbol: str) -> Strategy:
        choice = self._choice
        name = choice.name_of(symbol)
        try:
            self._registry.find(name)
        except ConfigurationError as error:
            is_own = symbol in choice.by_symbol
            setting = f"STRATEGY_BY_SYMBOL: {symbol}={name}" if is_own else f"STRATEGY_NAME={name}"
            hint = "; one of your own stands in a file of STRATEGY_FILES"
            raise ConfigurationError(*(f"{setting}: {text}{hint}" for text in error.problems)) from error
        parameters = choice.parameters_of(symbol)
        try:
            return self._registry.create(name, parameters)
        except ConfigurationError as error:
            has_own = parameters != choice.parameters_for(name)
            setting = f"STRATEGY_PARAMS, for {symbol}" if has_own else "STRATEGY_PARAMS"
            raise ConfigurationError(*(f"{setting}: {text}" for text in error.problems)) from error

    def _planned(self, symbol: str) -> dict[str, Any]:
        strategy = self.of(symbol)
        source = self._registry.source(strategy.name)
        entry: dict[str, Any] = {
            "name": strategy.name,
            "params": strategy.model_dump(mode="json"),
            "source": {"file": source.where, "sha256": source.sha256} if source.kind == "file" else None,
        }
        if isinstance(strategy, BrokenStrategy):
            problem = strategy.problem
            entry["params"] = self._choice.parameters_of(symbol)
            entry["problem"] = {"file": problem.file, "line": problem.line, "text": problem.text}
        return entry


@dataclass(frozen=True, slots=True)
class PlannedStrategies:
    """A session's strategies, built again. `notes` say what is not as it was."""

    strategies: Mapping[str, Strategy]
    notes: tuple[str, ...] = ()

    def of(self, symbol: str) -> Strategy:
        """The strategy of any symbol."""
        return self.strategies.get(symbol, self.strategies[OTHERS])


def settings_choice(settings: Settings) -> StrategyChoice:
    """What the settings say of strategies."""
    return StrategyChoice(
        settings.strategy_name, settings.strategy_params, settings.strategy_by_symbol, settings.symbols
    )


def settings_strategies(settings: Settings) -> StrategyBook:
    """The strategies of a session.

    A file or package that cannot be loaded is no error: its strategies fail in each cycle, see `problems`.

    Raises:
        ConfigurationError: names that nobody knows and parameters that are not accepted, naming the settings.
    """
    return StrategyBook(Registry(settings.strategy_files), settings_choice(settings))


def strategies_of_plan(plan: Mapping[str, Any], files: Sequence[Path] = ()) -> PlannedStrategies:
    """The strategies of a session from the "strategies" of its plan.

    A file is looked for where it was, then among `files` by its name. One that has changed is noted.

    Raises:
        ConfigurationError: a strategy or its file no longer exists, or no longer takes the parameters it had.
    """
    sources = _PlanSources(files)
    strategies, problems = {}, []
    for symbol, entry in plan.items():
        try:
            strategies[symbol] = sources.strategy(entry)
        except ConfigurationError as error:
            problems += [f"{text} (of the session's plan, for {symbol})" for text in error.problems]
    if problems:
        raise ConfigurationError(*problems)
    return PlannedStrategies(strategies, tuple(sources.notes))


class _PlanSources:
    """Where the strategies of a plan are loaded from, each file once."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.notes: list[str] = []
        self._files = files
        self._loaded: dict[str, StrategyFile] = {}
        self._registry = Registry()

    def strategy(self, entry: Mapping[str, Any]) -> Strategy:
        """Build one; raises `ConfigurationError`."""
        name, source, problem = entry["name"], entry["source"], entry.get("problem")
        if problem:
            return BrokenStrategy(name=name, problem=Problem(**problem, strategy=name))
        found = self._registry.find(name) if source is None else self._in_file(name, source)
        if isinstance(found, Problem):
            raise ConfigurationError(f"strategy {name} can no longer be loaded: {found}")
        try:
            return found.model_validate(entry["params"])
        except ValidationError as error:
            details = "; ".join(f"{'.'.join(map(str, at['loc']))}: {at['msg']}" for at in error.errors())
            raise ConfigurationError(
                f"strategy {name} no longer takes the parameters it had: {details}"
            ) from error

    def _in_file(self, name: str, source: Mapping[str, str]) -> type[Strategy] | Problem:
        file = self._file(source)
        if name in file.strategies:
            return file.strategies[name]
        if file.problems:
            return next((fault for fault in file.problems if fault.strategy == name), file.problems[0])
        raise ConfigurationError(f"strategy {name} no longer exists in {file.path}")

    def _file(self, source: Mapping[str, str]) -> StrategyFile:
        recorded = Path(source["file"])
        if source["file"] not in self._loaded:
            places = [recorded, *(path for path in self._files if path.name == recorded.name)]
            file = load_file(next((path for path in places if path.is_file()), recorded))
            if file.sha256 and file.sha256 != source["sha256"]:
                self.notes.append(f"{file.path} has changed since the session")
            self._loaded[source["file"]] = file
        return self._loaded[source["file"]]


def _looks_like_symbol(key: str) -> bool:
    try:
        return is_symbol(key) and bool(quote_of(key))
    except ValueError:
        return False
