"""For which book the programs on a data folder were started.

The settings of a terminal need not be those that `supervise` was given. A command from such a terminal
would look at, or halt, another book than the one that is traded; with this it is refused instead.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from binance_trade_agent.bootstrap.books import account_fingerprint
from binance_trade_agent.bootstrap.supervisor_rpc import SupervisorClient
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings


def note_launched_book(settings: Settings) -> None:
    """Write down what `supervise` starts; raises `OSError`."""
    _path(settings).write_text(json.dumps(_book(settings)), encoding="utf-8")


def check_launched_book(settings: Settings) -> None:
    """Make sure that `settings` mean the book of the programs that run on their data folder, if any do.

    Raises:
        ConfigurationError: they mean another one.
    """
    try:
        launched = json.loads(_path(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    problems = tuple(_differences(launched, _book(settings)))
    if problems and SupervisorClient(settings.run_dir).pid() is not None:
        raise ConfigurationError(
            f"what runs on DATA_DIR={settings.data_dir} was started with other settings: nothing was done;"
            " give this command the same ones (.env and trading.toml hold for both)",
            *problems,
        )


def check_found_book(settings: Settings, has_traded: bool) -> None:
    """Make sure that an act is not for a book that is there by chance.

    Without DATA_DIR the data folder is that of the current folder: elsewhere it is another, empty one, and an act on
    its book would halt nobody, or trade the same account beside the trader that runs.

    Raises:
        ConfigurationError: nobody named the folder, and no trader has run on it.
    """
    origins = {name: origin for name, _, origin, _ in settings.sources()}
    if has_traded or origins["DATA_DIR"] != "default" or origins["DATABASE_URL"] != "default":
        return
    raise ConfigurationError(
        f"no trader has run on {settings.data_dir}: nothing was done; give this command in the folder where `make up`"
        " was given, or set DATA_DIR to the trader's data folder (DATA_DIR=data means this one all the same)"
    )


def _differences(launched: dict[str, str], here: dict[str, str]) -> Iterator[str]:
    if launched.get("mode") != here["mode"]:
        yield f"it trades in the mode {launched.get('mode')}, this command means {here['mode']}"
    elif launched.get("account") != here["account"]:
        yield "it has another API key"
    if launched.get("database") != here["database"]:
        yield "its DATABASE_URL is another"


def _book(settings: Settings) -> dict[str, str]:
    return {
        "mode": settings.mode.value,
        "account": account_fingerprint(settings.api_credentials[0]),
        "database": hashlib.sha256(settings.database_url.encode()).hexdigest()[:12],
    }


def _path(settings: Settings) -> Path:
    return settings.run_dir / "book.json"
