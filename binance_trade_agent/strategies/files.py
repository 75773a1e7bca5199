"""Strategies from Python files that the operator names.

A file is compiled from the very bytes whose SHA-256 is recorded, never from cached bytecode. It
may import the modules beside it; those are its own, so that files of different folders may both have a `helpers.py`.
"""

import ast
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.broken import Problem, problem_of

_PACKAGE = "binance_trade_agent_strategy_file"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class StrategyFile:
    """What a file holds: strategies by name with the line each begins in, and what is wrong with it."""

    path: Path
    sha256: str
    strategies: dict[str, type[Strategy]]
    lines: dict[str, int]
    problems: tuple[Problem, ...]


def load_file(path: Path) -> StrategyFile:
    """Load the strategies that `path` defines.

    These are its subclasses of `Strategy` whose names begin without an underscore; an abstract one that
    others in the file build on is no strategy. Whatever goes wrong is in `problems`; nothing is raised.
    """
    path = path.expanduser().absolute()
    try:
        source = path.read_bytes()
    except OSError as error:
        return _unusable(path, "", Problem(str(path), 0, f"cannot be read: {error.strerror or error}"))
    digest = hashlib.sha256(source).hexdigest()
    try:
        module = _imported(path, source)
    # whatever the file does when it is imported, ending the process included, must not end ours
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return _unusable(path, digest, problem_of(error, str(path)))
    return _sorted_out(path, digest, module, _class_lines(source))


def lacking(strategy: type[Strategy]) -> list[str]:
    """What a class lacks to be a strategy."""
    named = isinstance(getattr(strategy, "name", None), str)
    return sorted({*strategy.__abstractmethods__, *(() if named else ("name",))})


class _FileLoader(SourceLoader):
    """Gives out bytes that are already read; without modification times, so that nothing is cached."""

    def __init__(self, path: Path, source: bytes) -> None:
        self._path = path
        self._source = source

    def get_filename(self, fullname: str) -> str:
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        if str(path) != str(self._path):
            raise OSError(f"{path!r} is not the strategy file")
        return self._source


def _imported(path: Path, source: bytes) -> ModuleType:
    """The module of a file, under a name that no other path has."""
    name = f"{_PACKAGE}_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    loader = _FileLoader(path, source)
    spec = spec_from_loader(name, loader, origin=str(path))
    if spec is None:
        raise ImportError(f"{path} cannot be imported")
    spec.has_location = True  # gives the module its `__file__`
    module = module_from_spec(spec)
    before = sys.modules.get(name)
    sys.modules[name] = module  # where pydantic and dataclasses look annotations up
    try:
        with _neighbours(path.parent):
            loader.exec_module(module)
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    return module


@contextmanager
def _neighbours(folder: Path) -> Iterator[None]:
    """Modules of `folder` can be imported, last of all, and are forgotten by name afterwards."""
    known = set(sys.modules)
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        fresh = {name for name in set(sys.modules) - known if name.partition(".")[0] not in known}
        beside = {name for name in fresh if _stands_in(sys.modules[name], folder)}
        for name in fresh:
            if name.partition(".")[0] in beside:
                del sys.modules[name]


def _stands_in(module: ModuleType, folder: Path) -> bool:
    """Whether a module or package is an entry of `folder` itself."""
    file = getattr(module, "__file__", None)
    if not file or module.__name__.startswith(_PACKAGE):
        return False
    path = Path(str(file))
    return folder == (path.parent.parent if path.name == "__init__.py" else path.parent)


def _sorted_out(path: Path, digest: str, module: ModuleType, lines: dict[str, int]) -> StrategyFile:
    """The module's strategies, and a problem for each class that cannot be one."""
    found: dict[str, type[Strategy]] = {}
    problems: list[Problem] = []
    places: dict[str, int] = {}
    candidates = _candidates(module)
    for strategy in candidates:
        line = lines.get(strategy.__name__, 0)
        problem = _fault(strategy, path, line)
        if problem:
            problems.append(problem)
        elif strategy.name in found:
            first = found[strategy.name].__name__
            text = f"classes {first} and {strategy.__name__} are both called {strategy.name}"
            problems.append(Problem(str(path), line, text, strategy.name))
        else:
            found[strategy.name] = strategy
            places[strategy.name] = line
    if not candidates:
        problems.append(Problem(str(path), 0, "it has no subclass of Strategy"))
    for name in {problem.strategy for problem in problems} & set(found):
        del found[name]
    return StrategyFile(path, digest, found, places, tuple(problems))


def _candidates(module: ModuleType) -> Sequence[type[Strategy]]:
    """Subclasses of `Strategy` that the module itself defines, in its order."""
    own = [
        thing
        for name, thing in vars(module).items()
        if isinstance(thing, type)
        and issubclass(thing, Strategy)
        and thing.__module__ == module.__name__
        and name == thing.__name__
        and not name.startswith("_")
    ]
    return [
        thing
        for thing in own
        if not (lacking(thing) and any(other is not thing and issubclass(other, thing) for other in own))
    ]


def _fault(strategy: type[Strategy], path: Path, line: int) -> Problem | None:
    name = getattr(strategy, "name", "")
    name = name if isinstance(name, str) else ""
    missing = lacking(strategy)
    if missing:
        return Problem(str(path), line, f"class {strategy.__name__} lacks {', '.join(missing)}", name)
    if not _NAME.fullmatch(name):
        text = f"class {strategy.__name__}: name {name!r} is not made of letters, digits and underscores"
        return Problem(str(path), line, text, name)
    return None


def _class_lines(source: bytes) -> dict[str, int]:
    """Where the classes of a module begin."""
    return {node.name: node.lineno for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def _unusable(path: Path, digest: str, problem: Problem) -> StrategyFile:
    return StrategyFile(path, digest, {}, {}, (problem,))
