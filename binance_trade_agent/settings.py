"""What an operator can set, where each value came from, and what is allowed.

Order of precedence: environment, `.env`, `trading.toml`, default. An empty variable counts as
unset. Secrets may be given as a file (`BINANCE_API_KEY_FILE`). `load_settings` either returns
settings that can work or raises `ConfigurationError` with every problem found.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from binance_trade_agent.domain import operator_rules as rules
from binance_trade_agent.domain import operator_text as text
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import (
    LogFormat,
    LogLevel,
    SessionEnd,
    SimulatorMarket,
    TradingAlign,
    TradingMode,
)
from binance_trade_agent.domain.setting_layers import Given, Layer, Merger, flat_text
from binance_trade_agent.domain.symbol_names import checked_symbols, quote_of

#: The only account of the local simulator. Not a secret: it opens nothing but a simulated exchange on this machine.
SIMULATOR_KEY_PAIR = (
    hashlib.sha256(b"binance-trade-agent local simulator key").hexdigest(),
    hashlib.sha256(b"binance-trade-agent local simulator secret").hexdigest(),
)

_MASK = "********"

_MODE_MEANINGS = {
    TradingMode.SIMULATED: "simulated prices, simulated money",
    TradingMode.PAPER: "real prices, simulated money",
    TradingMode.TESTNET: "Binance Spot testnet, test money",
    TradingMode.DEMO: "Binance demo mode, demo money",
    TradingMode.LIVE: "REAL MONEY at Binance",
}
_MODE_DEFAULTS: dict[str, dict[str, str]] = {
    TradingMode.SIMULATED: {"TRADING_INTERVAL_SECONDS": "5", "CANDLE_INTERVAL": "1s"},
    TradingMode.PAPER: {"SIMULATOR_MARKET": "relay"},
}


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _symbols(value: Any) -> tuple[str, ...]:
    return checked_symbols(text.items(value))


def _default(
    value: Any,
    description: str,
    *,
    allowed: str = "",
    unit: str = "",
    ge: Any = None,
    gt: Any = None,
    le: Any = None,
) -> Any:
    """A field's default, its sentence, what is allowed beyond the type, and the unit of the value."""
    return Field(
        value,
        description=description,
        json_schema_extra={"allowed": allowed, "unit": unit},
        ge=ge,
        gt=gt,
        le=le,
    )


_Port = Annotated[int, Field(ge=1, le=65535)]
_LOWER, _UPPER = BeforeValidator(_lower), BeforeValidator(_upper)
_HttpAddress = Annotated[str, BeforeValidator(text.http_address)]
_WebSocketAddress = Annotated[str, BeforeValidator(text.websocket_address)]
_HTTP_ADDRESS = "an address like http://127.0.0.1:9090"
_WS_ADDRESS = "an address like ws://127.0.0.1:9090"


class _Group(BaseSettings):
    """Values come from `load_settings` alone, so that building settings never reads the process's environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", alias_generator=str.upper)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given."""
        return (init_settings,)


class TradingGroup(_Group):
    """Trading"""

    trading_mode: Annotated[TradingMode, _LOWER] = _default(
        TradingMode.SIMULATED, "Where orders go; unset: testnet if both keys are set, else simulated."
    )
    trading_symbols: Annotated[tuple[str, ...], BeforeValidator(_symbols)] = _default(
        ("BTCUSDT", "ETHUSDT"),
        "The symbols to trade.",
        allowed="a comma list of symbols of one quote currency",
    )
    trading_interval_seconds: float = _default(
        120, "Time between two cycles; 5 in simulated mode.", unit="seconds", ge=Decimal("0.1"), le=86400
    )
    trading_align: Annotated[TradingAlign, _LOWER] = _default(
        TradingAlign.INTERVAL, "Whether cycles tick by the interval or just after each candle closes."
    )
    trading_duration_minutes: int = _default(
        0, "Length of a session; 0 runs until it is stopped.", unit="minutes", ge=0, le=525600
    )
    strategy_name: str = _default(
        "combined_default", "The strategy that decides.", allowed="a registered strategy"
    )
    strategy_params: Annotated[dict[str, Any], BeforeValidator(text.json_object)] = _default(
        {},
        "Parameters of the strategy that differ from its defaults.",
        allowed='a JSON object like {"period": 14}',
    )
    candle_interval: CandleInterval = _default(
        CandleInterval.M1, "The candles the strategy sees; 1s in simulated mode."
    )
    candle_history: int = _default(
        300, "How many closed candles a decision sees.", unit="candles", ge=50, le=1000
    )
    signal_agent_test_mode: bool = _default(
        False, "Buy the first symbol once, for real, and exit; refused in live mode."
    )
    live_trading_ack: str = _default("", "Live mode asks for it.", allowed=rules.LIVE_ACKNOWLEDGEMENT)
    on_session_end: Annotated[SessionEnd, _LOWER] = _default(
        SessionEnd.KEEP, "What happens to positions when a session ends."
    )


class RiskGroup(_Group):
    """Risk"""

    risk_order_share: Decimal = _default(
        Decimal("0.10"), "Share of equity one entry may cost.", unit="of equity", gt=0, le=1
    )
    risk_order_quote: Decimal = _default(
        Decimal(0),
        "Fixed cost of one entry instead of a share; 0 uses the share.",
        unit="quote currency",
        ge=0,
    )
    risk_max_symbol_share: Decimal = _default(
        Decimal("0.25"), "Share of equity one symbol may hold.", unit="of equity", gt=0, le=1
    )
    risk_max_total_share: Decimal = _default(
        Decimal("0.80"), "Share of equity all positions together may hold.", unit="of equity", gt=0, le=1
    )
    risk_max_open_positions: int = _default(5, "How many positions may be open at once.", ge=1, le=500)
    risk_cooldown_candles: int = _default(
        3, "Candles after an order before the symbol is entered again.", unit="candles", ge=0, le=10000
    )
    risk_max_data_age_seconds: float = _default(
        0, "Oldest newest candle to decide on; 0 is three candles and 10 s.", unit="seconds", ge=0, le=604800
    )
    risk_max_spread_bps: Decimal = _default(
        Decimal(50), "Widest spread to enter at.", unit="hundredths of a percent of the price", gt=0, le=10000
    )


class ExchangeGroup(_Group):
    """Exchange"""

    binance_api_key: SecretStr | None = _default(None, "API key of the testnet, demo or live account.")
    binance_api_secret: SecretStr | None = _default(
        None, "Secret of the API key.", allowed="an HMAC secret, or a PEM private key (Ed25519 or RSA)"
    )
    binance_rest_url: _HttpAddress | None = _default(
        None, "REST address instead of the mode's own.", allowed=_HTTP_ADDRESS
    )
    binance_stream_url: _WebSocketAddress | None = _default(
        None, "Market stream address instead of the mode's own.", allowed=_WS_ADDRESS
    )
    binance_ws_api_url: _WebSocketAddress | None = _default(
        None, "WebSocket API address instead of the mode's own.", allowed=_WS_ADDRESS + "/ws-api/v3"
    )
    binance_recv_window_ms: int = _default(
        5000,
        "How long the exchange may take to accept a signed request.",
        unit="milliseconds",
        ge=1,
        le=60000,
    )
    binance_request_timeout_seconds: float = _default(
        15, "How long to wait for an answer.", unit="seconds", ge=Decimal("0.1"), le=120
    )


class SimulatorGroup(_Group):
    """Exchange simulator (modes simulated and paper)"""

    simulator_host: str = _default("127.0.0.1", "Address it listens on.")
    simulator_port: _Port = _default(9090, "Port it listens on.")
    simulator_seed: int | None = _default(
        None, "Seed of the generated market; unset: drawn once for each data folder.", ge=0, le=2**63 - 1
    )
    simulator_market: Annotated[SimulatorMarket, _LOWER] = _default(
        SimulatorMarket.GENERATED, "Where prices come from; relay of Binance's public data in paper mode."
    )
    simulator_relay_url: _HttpAddress | None = _default(
        None, "REST address whose public market data is relayed; unset: Binance's own for market data."
    )
    simulator_replay_files: Annotated[dict[str, Path], BeforeValidator(text.pairs)] = _default(
        {}, "Candle files (Parquet or CSV) to replay.", allowed="a comma list of SYMBOL=path"
    )
    simulator_replay_start: Annotated[datetime | int | None, BeforeValidator(text.time_or_count)] = _default(
        None, "Where the replay starts.", allowed="an ISO 8601 time, or how many candles of the file to skip"
    )
    simulator_stepped: bool = _default(
        False, "Whether exchange time stands still until it is stepped (tests)."
    )
    simulator_base_interval: CandleInterval = _default(
        CandleInterval.S1, "The shortest candle; a replayed candle lasts this long."
    )
    simulator_volatility: Decimal = _default(
        Decimal("0.002"),
        "Standard deviation of a generated one-minute return.",
        unit="of the price",
        ge=0,
        le=1,
    )
    simulator_balances: Annotated[dict[str, Decimal], BeforeValidator(text.amounts)] = _default(
        {"USDT": Decimal(10000)},
        "What the simulated account starts with; 10000 of the quote currency if unset.",
        allowed="a comma list of ASSET=amount",
    )


class ServiceGroup(_Group):
    """Storage, logs and services"""

    data_dir: Path = _default(
        Path("data"), "Folder of everything that must outlive a restart.", allowed="a path"
    )
    database_url: Annotated[str, BeforeValidator(text.database_address)] = _default(
        "sqlite:///data/portfolio.db",
        "Where the book is kept; portfolio.db in DATA_DIR if unset.",
        allowed="sqlite:///path or postgresql://user:password@host/name",
    )
    log_level: Annotated[LogLevel, _UPPER] = _default(LogLevel.INFO, "Least severe log line.")
    log_format: Annotated[LogFormat, _LOWER] = _default(
        LogFormat.LINE, "Form of a log line on stdout; the log files are always JSON."
    )
    metrics_host: str = _default("127.0.0.1", "Address the trader's metrics listen on.")
    metrics_port: int = _default(9108, "Port of the trader's metrics; 0 is off.", ge=0, le=65535)
    mcp_host: str = _default("127.0.0.1", "Address the MCP server listens on.")
    mcp_port: _Port = _default(8080, "Port of the MCP server.")
    mcp_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(text.items)] = _default(
        (),
        "Host headers the MCP server accepts besides its own address.",
        allowed="a comma list of host or host:port",
    )
    mcp_token: SecretStr | None = _default(
        None, "Token of MCP clients; unset: generated into DATA_DIR/secrets."
    )
    dashboard_host: str = _default("127.0.0.1", "Address the dashboard listens on.")
    dashboard_port: _Port = _default(8050, "Port of the dashboard.")
    dashboard_password: SecretStr | None = _default(
        None, "Password of the dashboard; unset: generated into DATA_DIR/secrets."
    )
    notify_urls: SecretStr | None = _default(
        None, "Where notifications go.", allowed="a comma list of Apprise addresses"
    )


# Fields stand in the order of the bases from last to first.
class Settings(ServiceGroup, SimulatorGroup, ExchangeGroup, RiskGroup, TradingGroup):
    """The settings of one process, checked and complete."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, Any]) -> dict[str, Any]:
        has_keys = bool(values.get("BINANCE_API_KEY") and values.get("BINANCE_API_SECRET"))
        mode = values.get("TRADING_MODE") or (TradingMode.TESTNET if has_keys else TradingMode.SIMULATED)
        filled = {"TRADING_MODE": mode, **_MODE_DEFAULTS.get(str(mode).lower(), {}), **values}
        if "DATA_DIR" in values:
            filled.setdefault("DATABASE_URL", f"sqlite:///{values['DATA_DIR']}/portfolio.db")
        try:
            quote = quote_of(_symbols(values.get("TRADING_SYMBOLS", "BTCUSDT"))[0])
        except ValueError:
            return filled
        filled.setdefault("SIMULATOR_BALANCES", f"{quote}=10000")
        return filled

    @property
    def mode(self) -> TradingMode:
        """Where orders go."""
        return self.trading_mode

    @property
    def mode_note(self) -> str:
        """Why this mode, and what it means for money, in one sentence for people."""
        meaning = _MODE_MEANINGS[self.mode]
        if "TRADING_MODE" in self._origins:
            return meaning
        reason = "no API keys are set" if self.uses_simulator else "API keys are set"
        return f"{meaning} (chosen because {reason} and TRADING_MODE is not)"

    @property
    def uses_simulator(self) -> bool:
        """Whether orders go to the local simulator."""
        return self.mode in (TradingMode.SIMULATED, TradingMode.PAPER)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols to trade, upper case, of one quote currency."""
        return self.trading_symbols

    @property
    def quote(self) -> str:
        """The quote currency of all symbols."""
        return quote_of(self.trading_symbols[0])

    @property
    def interval(self) -> timedelta:
        """Time between two cycles."""
        return timedelta(seconds=self.trading_interval_seconds)

    @property
    def duration(self) -> timedelta:
        """Length of a session; zero runs until it is stopped."""
        return timedelta(minutes=self.trading_duration_minutes)

    @property
    def max_data_age(self) -> timedelta:
        """How long ago the newest candle may have closed."""
        if self.risk_max_data_age_seconds:
            return timedelta(seconds=self.risk_max_data_age_seconds)
        return 3 * self.candle_interval.duration + timedelta(seconds=10)

    @property
    def rest_url(self) -> str | None:
        """REST address; None where the adapter knows the mode's own."""
        return self.binance_rest_url or self._simulator_address("http")

    @property
    def stream_url(self) -> str | None:
        """Market stream address; None where the adapter knows the mode's own."""
        return self.binance_stream_url or self._simulator_address("ws")

    @property
    def ws_api_url(self) -> str | None:
        """WebSocket API address; None where the adapter knows the mode's own."""
        return self.binance_ws_api_url or self._simulator_address("ws", "/ws-api/v3")

    @property
    def api_credentials(self) -> tuple[str, str]:
        """Key and secret to sign with: the simulator's own where orders go there, never the operator's."""
        if self.uses_simulator:
            return SIMULATOR_KEY_PAIR
        key, secret = self.binance_api_key, self.binance_api_secret
        return (key.get_secret_value() if key else "", secret.get_secret_value() if secret else "")

    @property
    def run_dir(self) -> Path:
        """Where socket, pid file and heartbeat live."""
        return self.data_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Where the rotated log files live."""
        return self.data_dir / "logs"

    def sources(self) -> list[tuple[str, str, str, str]]:
        """(name, shown value, where it came from, description) of every setting; secrets are masked."""
        return [
            (
                name.upper(),
                shown_value(getattr(self, name)),
                self._origin(name.upper()),
                field.description or "",
            )
            for name, field in type(self).model_fields.items()
        ]

    def _origin(self, name: str) -> str:
        if name in self._origins:
            return self._origins[name]
        in_mode = name in _MODE_DEFAULTS.get(self.mode, {})
        return f"default of {self.mode} mode" if in_mode else "default"

    def _simulator_address(self, scheme: str, path: str = "") -> str | None:
        if not self.uses_simulator:
            return None
        host = "127.0.0.1" if self.simulator_host in ("0.0.0.0", "::") else self.simulator_host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.simulator_port}{path}"


def load_settings(environ: Mapping[str, str] | None = None, directory: Path | None = None) -> Settings:
    """The settings of this process.

    `environ` stands in for the process's environment; `.env` and `trading.toml` are looked for in
    `directory` (the working directory), and a relative DATA_DIR lies in it.

    Raises:
        ConfigurationError: with all problems found, a line each.
    """
    folder = (directory or Path.cwd()).resolve()
    given, problems = _merged(os.environ if environ is None else environ, folder)
    values: dict[str, Any] = {name: value.text for name, value in given.items()}
    values["DATA_DIR"] = str(folder / values.get("DATA_DIR", "data"))
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
    settings._origins.update({name: value.origin for name, value in given.items()})
    return settings


def shown_value(value: Any) -> str:
    """A setting's value as text, as it would be written in `.env`; secrets masked."""
    match value:
        case None:
            return ""
        case SecretStr():
            return _MASK
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case dict() if any(isinstance(item, (Decimal, Path)) for item in value.values()):
            return ",".join(f"{name}={item}" for name, item in value.items())
        case dict():
            return json.dumps(value) if value else ""
        case float():
            return f"{value:g}"
    return re.sub(r"(?<=://)([^:/@]*):[^@]*@", rf"\1:{_MASK}@", str(value))


def allowed_text(field: FieldInfo) -> str:
    """What a field takes, in words."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        bounds |= {key: getattr(item, key) for key in ("ge", "gt", "le") if hasattr(item, key)}
    words = str(extra.get("allowed") or _type_text(field.annotation))
    unit = f" {extra['unit']}" if extra.get("unit") else ""
    if "ge" in bounds or "gt" in bounds:
        low = f"from {bounds['ge']}" if "ge" in bounds else f"above {bounds['gt']}"
        high = f" to {bounds['le']}" if "le" in bounds else ""
        return f"{words} {low}{high}{unit}"
    return words + unit


def _type_text(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(annotation)
    names = str(annotation)
    if annotation is bool:
        return "true or false"
    if "int" in names:
        return "a whole number"
    return "a number" if "float" in names or "Decimal" in names else "text"


def _merged(environ: Mapping[str, str], folder: Path) -> tuple[dict[str, Given], list[str]]:
    def read(path: str) -> str:
        try:
            content = (folder / path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(error.strerror) from None
        if not content:
            raise ValueError("the file is empty")
        return content

    secret_names = {name for name, field in _fields().items() if _is_secret(field)}
    merger = Merger(
        frozenset(_fields()), frozenset({*secret_names, "DATABASE_URL"}), ("TRADING_", "RISK_"), read
    )
    toml, problems = _toml_values(folder / "trading.toml")
    layers = (
        Layer("trading.toml", toml, is_ours=True),
        Layer(".env", dotenv_values(folder / ".env", interpolate=False)),
        Layer("environment", environ),
    )
    given, found = merger.merge(layers)
    return given, problems + found


def _toml_values(path: Path) -> tuple[dict[str, str], list[str]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        return {}, [f"trading.toml cannot be read: {error}"]
    return {name.upper(): flat_text(value) for name, value in table.items()}, []


def _field_problem(name: str, given: Given, detail: Any) -> str:
    value = _MASK if _is_secret(_fields()[name]) else shown_value(given.text)
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
    ports = {name: getattr(settings, name.lower()) for name in ("METRICS_PORT", "MCP_PORT", "DASHBOARD_PORT")}
    if settings.uses_simulator:
        ports["SIMULATOR_PORT"] = settings.simulator_port
        yield from rules.simulator_rules(
            settings.simulator_market,
            settings.simulator_base_interval,
            settings.candle_interval,
            settings.symbols,
            settings.simulator_replay_files,
        )
        missing = [str(path) for path in settings.simulator_replay_files.values() if not path.is_file()]
        if missing:
            yield f"SIMULATOR_REPLAY_FILES names what is no file: {', '.join(missing)}"
    yield from rules.port_rules(ports)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in get_args(field.annotation)


def _fields() -> dict[str, FieldInfo]:
    return {name.upper(): field for name, field in Settings.model_fields.items()}
