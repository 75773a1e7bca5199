"""Names and the strategies behind them: those shipped here, and those other packages bring.

A package adds strategies through the entry point group `binance_trade_agent.strategies`.
A shipped name always means the shipped strategy.
"""

import traceback
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points

from pydantic import ValidationError

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.shipped import SHIPPED

ENTRY_POINT_GROUP = "binance_trade_agent.strategies"


def strategy_names(plugins: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """All names that can be asked for, sorted."""
    return tuple(sorted({*SHIPPED, *_found(plugins)}))


def strategy_class(name: str, plugins: Iterable[EntryPoint] | None = None) -> type[Strategy]:
    """The class behind `name`; `plugins` are the installed entry points unless given.

    Raises:
        ConfigurationError: no strategy has the name, or its package cannot be loaded.
    """
    if name in SHIPPED:
        return SHIPPED[name]
    found = _found(plugins)
    if name not in found:
        raise ConfigurationError(_unknown(name, tuple(sorted({*SHIPPED, *found}))))
    return _loaded(found[name])


def create_strategy(
    name: str,
    parameters: Mapping[str, object] | None = None,
    plugins: Iterable[EntryPoint] | None = None,
) -> Strategy:
    """The strategy `name` with `parameters` that differ from its defaults.

    Raises:
        ConfigurationError: an unknown name, or parameters it does not accept, all of them listed.
    """
    strategy = strategy_class(name, plugins)
    try:
        return strategy.model_validate(dict(parameters or {}))
    except ValidationError as error:
        raise ConfigurationError(*_problems(strategy, name, error)) from error


def _found(plugins: Iterable[EntryPoint] | None) -> dict[str, EntryPoint]:
    if plugins is None:
        plugins = entry_points(group=ENTRY_POINT_GROUP)
    return {plugin.name: plugin for plugin in plugins}


def _loaded(plugin: EntryPoint) -> type[Strategy]:
    try:
        loaded = plugin.load()
    except Exception as error:  # someone else's module may raise anything when it is imported
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ConfigurationError(
            f"strategy {plugin.name}: {plugin.value} cannot be loaded:"
            f" {type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Strategy)):
        raise ConfigurationError(f"strategy {plugin.name}: {plugin.value} is not a subclass of Strategy")
    missing = sorted(loaded.__abstractmethods__ | ({"name"} - set(dir(loaded))))
    if missing:
        raise ConfigurationError(f"strategy {plugin.name}: {plugin.value} lacks {', '.join(missing)}")
    return loaded


def _unknown(name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known)
    hint = f" did you mean {' or '.join(near)}?" if near else ""
    return f"strategy {name!r} is not known;{hint} There are: {', '.join(known)}"


def _problems(strategy: type[Strategy], name: str, error: ValidationError) -> list[str]:
    """A line for each parameter at fault: its name, the value, what is allowed."""
    known = ", ".join(strategy.model_fields) or "none"
    problems = []
    for found in error.errors():
        parameter = ".".join(str(part) for part in found["loc"])
        if not parameter:
            problems.append(f"strategy {name}: {found['msg'].removeprefix('Value error, ')}")
        elif found["type"] == "extra_forbidden":
            near = get_close_matches(parameter, strategy.model_fields)
            hint = f"did you mean {near[0]}? " if near else ""
            problems.append(f"strategy {name}: parameter {parameter} is not known; {hint}There are: {known}")
        else:
            problems.append(f"strategy {name}: {parameter} = {found['input']!r}: {found['msg']}")
    return problems
