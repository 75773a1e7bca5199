"""Names and the strategies behind them: shipped ones, those of files, those other packages bring.

A package adds strategies through the entry point group `binance_trade_agent.strategies`, the operator through
files. A shipped name always means the shipped strategy; a name that two others claim means neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from inspect import getsourcefile, getsourcelines
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy, Problem, problem_of
from binance_trade_agent.strategies.files import StrategyFile, lacking, load_file
from binance_trade_agent.strategies.shipped import SHIPPED

ENTRY_POINT_GROUP = "binance_trade_agent.strategies"
#: The longest warm-up: so many candles are fetched of each symbol before its first decision.
MOST_WARMUP = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where a strategy comes from: `kind` is shipped, package or file; `where` the package or the path."""

    kind: str
    where: str = ""
    sha256: str = ""


class Registry:
    """Every strategy that can be asked for; packages are loaded when one of theirs is."""

    def __init__(self, files: Sequence[Path] = (), plugins: Iterable[EntryPoint] | None = None) -> None:
        """`plugins` are the installed entry points unless given."""
        self._files = [load_file(path) for path in dict.fromkeys(map(_absolute, files))]
        self._plugins = tuple(entry_points(group=ENTRY_POINT_GROUP) if plugins is None else plugins)
        self._loaded: dict[str, type[Strategy] | Problem] = {}

    def names(self) -> tuple[str, ...]:
        """All names that can be asked for, broken ones included, sorted."""
        broken = {problem.strategy for problem in self.problems if problem.strategy}
        return tuple(sorted({*SHIPPED, *self._places, *broken, *(plugin.name for plugin in self._plugins)}))

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files and with the names that they and packages use."""
        return (*(problem for file in self._files for problem in file.problems), *self._clashes)

    def source(self, name: str) -> Source:
        """Where `name` comes from, loadable or not; a name nobody knows counts as shipped with nothing."""
        if name in SHIPPED:
            return Source("shipped")
        for file in self._files:
            if name in file.strategies or any(problem.strategy == name for problem in file.problems):
                return Source("file", str(file.path), file.sha256)
        for plugin in self._plugins:
            if plugin.name == name:
                return Source("package", plugin.dist.name if plugin.dist else plugin.module)
        blamed = next((file for file in self._files if file.problems), None)
        return Source("file", str(blamed.path), blamed.sha256) if blamed else Source("shipped")

    def find(self, name: str) -> type[Strategy] | Problem:
        """The class behind `name`, or why it cannot be had although it should be there.

        Raises:
            ConfigurationError: nothing has the name, and no broken file can hold it.
        """
        if name not in self._loaded:
            self._loaded[name] = self._find(name)
        return self._loaded[name]

    def create(self, name: str, parameters: Mapping[str, object] | None = None) -> Strategy:
        """The strategy `name` with `parameters` that differ from its defaults, or a `BrokenStrategy` of that name.

        Raises:
            ConfigurationError: an unknown name, or parameters it does not accept, all of them listed.
        """
        found = self.find(name)
        if isinstance(found, Problem):
            return BrokenStrategy(name=name, problem=found)
        made = usable(found, parameters or {})
        return BrokenStrategy(name=name, problem=made) if isinstance(made, Problem) else made

    def _find(self, name: str) -> type[Strategy] | Problem:
        if name in SHIPPED:
            return SHIPPED[name]
        fault = next((problem for problem in self.problems if problem.strategy == name), None)
        if fault:
            return fault
        for file in self._files:
            if name in file.strategies:
                return file.strategies[name]
        plugin = next((plugin for plugin in self._plugins if plugin.name == name), None)
        if plugin:
            return load_plugin(plugin)
        return self._suspect(name)

    def _suspect(self, name: str) -> Problem:
        """The broken file that may hold `name`: the one called so, else the first."""
        nameless = [problem for problem in self.problems if not problem.strategy]
        if not nameless:
            raise ConfigurationError(_unknown(name, self.names()))
        own = [problem for problem in nameless if Path(problem.file).stem == name]
        return (own or nameless)[0]

    @cached_property
    def _places(self) -> dict[str, list[tuple[StrategyFile, int]]]:
        """name -> the files that define it, each with the line."""
        places: dict[str, list[tuple[StrategyFile, int]]] = {}
        for file in self._files:
            for name in file.strategies:
                places.setdefault(name, []).append((file, file.lines[name]))
        return places

    @cached_property
    def _clashes(self) -> tuple[Problem, ...]:
        """Names that are taken: a shipped strategy's, or one that another file or package uses too."""
        packages = [plugin.name for plugin in self._plugins]
        clashes = []
        for name, places in self._places.items():
            file, line = places[-1]
            others = [f"{other.path}, line {at}" for other, at in places[:-1]]
            others += [f"package {self._package(name)}"] if name in packages else []
            if name in SHIPPED:
                text = f"{name} is the name of a shipped strategy, which is the one that is used"
                clashes += [Problem(str(each.path), at, text, name) for each, at in places]
            elif others:
                text = f"the name {name} appears twice: here and in {' and '.join(others)}"
                clashes.append(Problem(str(file.path), line, text, name))
        twice = {name for name in packages if packages.count(name) > 1} - set(SHIPPED)
        clashes += [
            Problem(
                self._package(name), 0, f"the name {name} appears twice among the installed packages", name
            )
            for name in sorted(twice - set(self._places))
        ]
        return tuple(clashes)

    def _package(self, name: str) -> str:
        return next(plugin.value for plugin in self._plugins if plugin.name == name)


def load_plugin(plugin: EntryPoint) -> type[Strategy] | Problem:
    """The class an entry point names, or why it is no strategy."""
    where = plugin.value
    try:
        loaded: Any = plugin.load()
    # someone else's module may do anything when it is imported
    except (Exception, SystemExit) as error:  # noqa: BLE001
        problem = problem_of(error, "", plugin.name)
        return Problem(problem.file, problem.line, f"{where} cannot be loaded: {problem.text}", plugin.name)
    if not (isinstance(loaded, type) and issubclass(loaded, Strategy)):
        return Problem(where, 0, "is not a subclass of Strategy", plugin.name)
    file, line = _class_place(loaded, where)
    missing = lacking(loaded)
    if missing:
        return Problem(file, line, f"{where} lacks {', '.join(missing)}", plugin.name)
    if loaded.name != plugin.name:
        text = f"{where} calls itself {loaded.name}, but its package names it {plugin.name}"
        return Problem(file, line, text, plugin.name)
    return loaded


def usable(strategy: type[Strategy], parameters: Mapping[str, object]) -> Strategy | Problem:
    """An instance that wants a sensible warm-up and can be recorded, or why its own code keeps it from that.

    Raises:
        ConfigurationError: parameters that are not accepted, all of them listed.
    """
    try:
        made = with_parameters(strategy, parameters)
        _check_warmup(made)
        made.model_dump(mode="json")
    except ConfigurationError:
        raise
    # what runs here is anyone's code; the trader must start nevertheless
    except (Exception, SystemExit) as error:  # noqa: BLE001
        file, line = _class_place(strategy, "")
        problem = problem_of(error, file, strategy.name)
        return problem if problem.line else replace(problem, line=line)
    return made


def with_parameters(strategy: type[Strategy], parameters: Mapping[str, object]) -> Strategy:
    """An instance with `parameters` that differ from the defaults.

    Raises:
        ConfigurationError: parameters that are not accepted, all of them listed.
    """
    try:
        return strategy.model_validate(dict(parameters))
    except ValidationError as error:
        raise ConfigurationError(*_refused(strategy, error)) from error


def _check_warmup(strategy: Strategy) -> None:
    wanted: object = strategy.warmup_candles
    if not isinstance(wanted, int) or not 1 <= wanted <= MOST_WARMUP:
        raise ValueError(f"warmup_candles is {wanted!r}: it takes a whole number from 1 to {MOST_WARMUP}")


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _class_place(loaded: type, where: str) -> tuple[str, int]:
    try:
        return getsourcefile(loaded) or where, getsourcelines(loaded)[1]
    except (OSError, TypeError, SyntaxError):
        return where, 0


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known)
    hint = f"; did you mean {' or '.join(near)}?" if near else "."
    return f"strategy {name!r} is not known{hint} There are {', '.join(known)}"


def _refused(strategy: type[Strategy], error: ValidationError) -> list[str]:
    """A line for each parameter at fault: its name, the value, what is allowed."""
    name = strategy.name
    known = ", ".join(strategy.model_fields) or "none"
    problems = []
    for found in error.errors():
        parameter = ".".join(str(part) for part in found["loc"])
        if not parameter:
            problems.append(f"strategy {name}: {found['msg'].removeprefix('Value error, ')}")
        elif found["type"] == "extra_forbidden":
            near = get_close_matches(parameter, strategy.model_fields)
            hint = f"; did you mean {near[0]}?" if near else "."
            problems.append(f"strategy {name}: parameter {parameter} is not known{hint} There are {known}")
        else:
            problems.append(f"strategy {name}: {parameter} = {found['input']!r}: {found['msg']}")
    return problems


def create_strategy(name: str, parameters: Mapping[str, object] | None = None) -> Strategy:
    """A strategy that is shipped or of an installed package; see `Registry.create`."""
    return Registry().create(name, parameters)
