"""What would keep a start from working, found out without making or changing anything."""

import os
from collections.abc import Iterator
from pathlib import Path

from binance_trade_agent.bootstrap.overrides import shown_in_force
from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.bootstrap.supervision import port_problems, socket_problems
from binance_trade_agent.bootstrap.supervisor_rpc import SupervisorClient
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.exchange.simulator.faults.parsing import BadRule, read_rules
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.schema import check_usable


def start_problems(settings: Settings) -> tuple[str, ...]:
    """A sentence for each problem, with what to do; ports are not tried where our own programs hold them."""
    problems = [
        *_folder_problems(settings.data_dir),
        *socket_problems(settings),
        *strategy_problems(settings),
        *_override_problems(settings),
        *_simulator_problems(settings),
        *_database_problems(settings.database_url),
    ]
    if SupervisorClient(settings.run_dir).pid() is None:
        problems += port_problems(settings)
    return tuple(problems)


def _folder_problems(folder: Path) -> Iterator[str]:
    """Whether the folder can be written, or made where the nearest one above it is."""
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir():
        yield f"DATA_DIR={folder}: {existing} is not a folder; set DATA_DIR to one"
    elif not os.access(existing, os.W_OK | os.X_OK, effective_ids=True):
        yield f"DATA_DIR={folder}: {existing} cannot be written by user {os.geteuid()}; make it writable or set DATA_DIR"


def strategy_problems(settings: Settings) -> tuple[str, ...]:
    """Strategies that are not there, cannot be loaded, or have parameters that cannot be."""
    try:
        settings_strategies(settings)
    except ConfigurationError as error:
        return error.problems
    return ()


def _override_problems(settings: Settings) -> Iterator[str]:
    """What was set at run time and a start would ignore, each with what takes it back."""
    try:
        ignored = shown_in_force(settings).ignored
    except (ConfigurationError, StorageError):
        return  # a database that cannot be used is told by itself
    for override, problem in ignored:
        yield (
            f"{override.name}={override.value}, {override.origin}, would be ignored: {problem};"
            f" `config unset {override.name}` takes it back"
        )


def _simulator_problems(settings: Settings) -> Iterator[str]:
    if not settings.uses_simulator:
        return
    path = settings.simulator_faults_file
    try:
        if path is not None:
            read_rules(path)
    except (BadRule, OSError) as error:
        yield f"SIMULATOR_FAULTS_FILE={path}: {error}"
    for symbol, file in settings.simulator_replay_files.items():
        if not Path(file).is_file():
            yield f"SIMULATOR_REPLAY_FILES: {symbol}={file}: there is no such file"


def _database_problems(url: str) -> tuple[str, ...]:
    try:
        check_usable(url)
    except ConfigurationError as error:
        return error.problems
    except StorageError as error:
        return (str(error),)
    return ()
