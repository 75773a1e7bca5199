"""Reads the places where settings stand, and lists every problem at once."""

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from binance_trade_agent.domain import operator_rules as rules
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.setting_layers import Given, Layer, Merger, flat_text
from binance_trade_agent.settings.settings import Settings
from binance_trade_agent.settings.shown import MASK, allowed_text, is_secret, shown_value

#: Variables that begin like this are meant for us, so that one of them we do not know is misspelt.
_OWN_PREFIXES = (
    "TRADING_",
    "RISK_",
    "ENTRY_ORDER",
    "ENTRY_LIMIT",
    "ENTRY_TIME",
    "STOP_LOS",
    "TAKE_PROF",
    "TRAILING_",
    "STRATEGY_",
    "CANDLE_",
    "SIMULATOR_",
    "SIGNAL_AGENT",
    "DASHBOARD_",
    "METRICS_",
    # MCP_… alone is also what clients of MCP read
    "MCP_HOST",
    "MCP_PORT",
    "MCP_TOKEN",
    "MCP_ALLOWED",
    "MCP_CALLS",
    "MCP_CONFIRM",
)


def load_settings(environ: Mapping[str, str] | None = None, directory: Path | None = None) -> Settings:
    """The settings of this process.

    `environ` stands in for the process's environment; `.env` and `trading.toml` are looked for in
    `directory` (the working directory), and a relative DATA_DIR lies in it.

    Raises:
        ConfigurationError: with all problems found, a line each.
    """
    folder = (directory or Path.cwd()).resolve()
    given, problems = _merged(os.environ if environ is None else environ, folder)
    data_dir = Path(given["DATA_DIR"].text if "DATA_DIR" in given else "data").expanduser()
    settings = checked_settings(given, folder / data_dir, problems)
    settings.remember(given)
    return settings


def checked_settings(given: Mapping[str, Given], data_dir: Path, found: Sequence[str] = ()) -> Settings:
    """Settings of the values `given`, with an absolute `data_dir`.

    Raises:
        ConfigurationError: with the problems `found` before and all others, a line each.
    """
    problems = [*found]
    values: dict[str, Any] = {name: value.text for name, value in given.items()}
    values["DATA_DIR"] = str(data_dir)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        bad = {str(detail["loc"][0]): detail for detail in error.errors()}
        problems += [_field_problem(name, given[name], detail) for name, detail in bad.items()]
        settings = Settings(**{name: value for name, value in values.items() if name not in bad})
        problems += [text for text in _broken_rules(settings, given) if not any(name in text for name in bad)]
    else:
        problems += _broken_rules(settings, given)
    if problems:
        raise ConfigurationError(*problems)
    settings.note_origins({name: value.origin for name, value in given.items()})
    return settings


def _merged(environ: Mapping[str, str], folder: Path) -> tuple[dict[str, Given], list[str]]:
    def read(path: str) -> str:
        try:
            content = (folder / path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(error.strerror) from None
        if not content:
            raise ValueError("the file is empty")
        return content

    secret_names = {name for name, field in _fields().items() if is_secret(field)}
    merger = Merger(frozenset(_fields()), frozenset({*secret_names, "DATABASE_URL"}), _OWN_PREFIXES, read)
    toml, problems = _toml_values(folder / "trading.toml")
    dotenv, unreadable = _dotenv_values(folder / ".env")
    layers = (
        Layer("trading.toml", toml, is_ours=True),
        Layer(".env", dotenv),
        Layer("environment", environ),
    )
    given, found = merger.merge(layers)
    return given, problems + unreadable + found


def _dotenv_values(path: Path) -> tuple[dict[str, str | None], list[str]]:
    try:
        return dotenv_values(path, interpolate=False), []
    except (UnicodeDecodeError, OSError) as error:
        return {}, [f".env cannot be read: {error}"]


def _toml_values(path: Path) -> tuple[dict[str, str], list[str]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        return {}, [f"trading.toml cannot be read: {error}"]
    return {name.upper(): flat_text(value) for name, value in table.items()}, []


def _field_problem(name: str, given: Given, detail: Any) -> str:
    value = MASK if is_secret(_fields()[name]) else shown_value(given.text)
    reason = f"{detail['ctx']['error']}; " if detail["type"] == "value_error" else ""
    return f"{name}={value} ({given.origin}) is not allowed: {reason}it takes {allowed_text(_fields()[name])}"


def _broken_rules(settings: Settings, given: Mapping[str, Given]) -> Iterator[str]:
    yield from rules.mode_rules(
        settings.mode, given.keys(), settings.live_trading_ack, settings.signal_agent_test_mode
    )
    yield from rules.address_rules(
        settings.mode,
        {"BINANCE_REST_URL": settings.binance_rest_url, "BINANCE_WS_API_URL": settings.binance_ws_api_url},
    )
    yield from rules.symbol_rules(settings.symbols, settings.trading_symbols_exclude)
    yield from rules.folder_rules(str(settings.data_dir), "DATABASE_URL" not in given)
    ports = {name: getattr(settings, name.lower()) for name in ("METRICS_PORT", "MCP_PORT", "DASHBOARD_PORT")}
    if settings.uses_simulator:
        ports["SIMULATOR_PORT"] = settings.simulator_port
        yield from rules.simulator_rules(
            settings.simulator_market,
            settings.simulator_base_interval,
            settings.candle_interval,
            settings.simulated_symbols,
            settings.simulator_replay_files,
        )
        yield from rules.simulated_symbol_rules(settings.symbols, settings.simulated_symbols)
        missing = [str(path) for path in settings.simulator_replay_files.values() if not path.is_file()]
        if missing:
            yield f"SIMULATOR_REPLAY_FILES names what is no file: {', '.join(missing)}"
    yield from rules.port_rules(ports)


def _fields() -> dict[str, FieldInfo]:
    return {name.upper(): field for name, field in Settings.model_fields.items()}
