"""Every setting, by group: its default, what is allowed, its unit, and a sentence for people."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr

from binance_trade_agent.domain import operator_rules as rules
from binance_trade_agent.domain import operator_text as text
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import (
    EntryOrderType,
    LogFormat,
    LogLevel,
    SessionEnd,
    SimulatorMarket,
    SizingMethod,
    TradingAlign,
    TradingMode,
)
from binance_trade_agent.settings.fields import Group, default
from binance_trade_agent.settings.kinds import (
    LOWER,
    UPPER,
    Host,
    HttpAddress,
    IpAddress,
    Port,
    SymbolNames,
    SymbolPatterns,
    Symbols,
    WebSocketAddress,
)

_HOST = "a host name or IP address"
_HTTP_ADDRESS = "an address like http://127.0.0.1:9090"
_WS_ADDRESS = "an address like ws://127.0.0.1:9090"


class TradingGroup(Group):
    """Trading"""

    trading_mode: Annotated[TradingMode, LOWER] = default(
        TradingMode.SIMULATED, "Where orders go; unset: testnet if both keys are set, else simulated."
    )
    trading_symbols: Symbols = default(
        ("BTCUSDT", "ETHUSDT"),
        "The symbols to trade, or a rule that selects them when a session begins (docs/symbol-rules.md).",
        allowed="a comma list of symbols of one quote currency, or a rule like quote=USDT, top=20, max_spread_bps=10",
    )
    trading_symbols_exclude: SymbolPatterns = default(
        (),
        "Symbols that a rule never selects.",
        allowed="a comma list of symbols or patterns like USDCUSDT, *UPUSDT",
    )
    trading_interval_seconds: float = default(
        120, "Time between two cycles; 5 in simulated mode.", unit="seconds", ge=Decimal("0.1"), le=86400
    )
    trading_align: Annotated[TradingAlign, LOWER] = default(
        TradingAlign.INTERVAL, "Whether cycles tick by the interval or just after each candle closes."
    )
    trading_duration_minutes: int = default(
        0, "Length of a session; 0 runs until it is stopped.", unit="minutes", ge=0, le=525600
    )
    strategy_name: str = default(
        "combined_default", "The strategy that decides.", allowed="a registered strategy"
    )
    strategy_params: Annotated[dict[str, Any], BeforeValidator(text.json_object)] = default(
        {},
        "Parameters that differ from the strategy's defaults; under a strategy's name or a symbol: for it alone.",
        allowed='a JSON object like {"period": 14} or {"dca": {"every_hours": 6}, "ETHUSDT": {"steps": 3}}',
    )
    strategy_by_symbol: Annotated[dict[str, str], BeforeValidator(text.pairs)] = default(
        {},
        "Symbols that another strategy than STRATEGY_NAME decides on.",
        allowed="a comma list of SYMBOL=strategy",
    )
    strategy_files: Annotated[tuple[Path, ...], BeforeValidator(text.items)] = default(
        (), "Python files that hold strategies of your own.", allowed="a comma list of paths"
    )
    candle_interval: CandleInterval = default(
        CandleInterval.M1, "The candles the strategy sees; 1s in simulated mode."
    )
    candle_history: int = default(
        300,
        "How many closed candles a decision sees at least; more where a strategy or RISK_CORRELATION_CANDLES needs them.",
        unit="candles",
        ge=50,
        le=1000,
    )
    entry_order_type: Annotated[EntryOrderType, LOWER] = default(
        EntryOrderType.MARKET, "How positions are entered."
    )
    entry_limit_offset_bps: Decimal = default(
        Decimal(0),
        "How far below the ask a limit entry bids.",
        unit="hundredths of a percent of the price",
        ge=0,
        le=1000,
    )
    entry_time_limit_seconds: float = default(
        60,
        "How long a limit entry may rest before it is cancelled; what it bought stays.",
        unit="seconds",
        ge=1,
        le=86400,
    )
    signal_agent_test_mode: bool = default(
        False, "Buy the first symbol once, for real, and exit; refused in live mode."
    )
    live_trading_ack: str = default("", "Live mode asks for it.", allowed=rules.LIVE_ACKNOWLEDGEMENT)
    on_session_end: Annotated[SessionEnd, LOWER] = default(
        SessionEnd.KEEP, "What happens to positions when a session ends."
    )


class RiskGroup(Group):
    """Risk"""

    risk_sizing: Annotated[SizingMethod, LOWER] = default(
        SizingMethod.SHARE,
        "How large an entry is before limits shrink it; quote if RISK_ORDER_QUOTE is set.",
    )
    risk_order_share: Decimal = default(
        Decimal("0.10"), "Share of equity one entry costs (sizing share).", unit="of equity", gt=0, le=1
    )
    risk_order_quote: Decimal = default(
        Decimal(0), "Fixed cost of one entry (sizing quote).", unit="quote currency", ge=0
    )
    risk_per_trade_share: Decimal = default(
        Decimal("0.01"),
        "Share of equity lost if the price falls by RISK_ATR_STOPS average true ranges (sizing atr_risk).",
        unit="of equity",
        gt=0,
        le=1,
    )
    risk_atr_stops: Decimal = default(
        Decimal(2), "See RISK_PER_TRADE_SHARE.", unit="average true ranges", gt=0, le=100
    )
    risk_volatility_target: Decimal = default(
        Decimal("0.20"),
        "Yearly volatility that one position may bring to the whole (sizing volatility_target).",
        unit="of equity",
        gt=0,
        le=10,
    )
    risk_max_symbol_share: Decimal = default(
        Decimal("0.25"), "Share of equity one symbol may hold.", unit="of equity", gt=0, le=1
    )
    risk_max_total_share: Decimal = default(
        Decimal("0.80"), "Share of equity all positions together may hold.", unit="of equity", gt=0, le=1
    )
    risk_max_open_positions: int = default(5, "How many positions may be open at once.", ge=1, le=500)
    risk_cooldown_candles: int = default(
        3,
        "Candles after a position was sold before the symbol is entered again; 120 in simulated mode.",
        unit="candles",
        ge=0,
        le=10000,
    )
    risk_loss_cooldown_candles: int = default(
        10,
        "Candles after a position closed at a loss before the symbol is entered again; 600 in simulated mode.",
        unit="candles",
        ge=0,
        le=10000,
    )
    risk_max_losing_streak: int = default(
        5, "Losses in a row after which no position is opened for a while; 0 is no limit.", ge=0, le=1000
    )
    risk_losing_streak_candles: int = default(
        60, "How long entries rest after a losing streak.", unit="candles", ge=1, le=10000
    )
    risk_daily_loss_share: Decimal = default(
        Decimal("0.05"),
        "Loss of a day (UTC), positions included, that halts entries until a person resumes; 0, as when simulated, is none.",
        unit="of equity at the day's start",
        ge=0,
        le=1,
    )
    risk_max_drawdown_share: Decimal = default(
        Decimal("0.20"),
        "Loss since the best moment that halts entries until a person resumes; 0 is no limit, as in simulated mode.",
        unit="of equity at its peak",
        ge=0,
        le=1,
    )
    risk_max_orders_per_minute: int = default(
        20, "How many entries may be begun in a minute.", ge=1, le=10000
    )
    risk_max_orders_per_day: int = default(
        500, "How many entries may be begun in a day (UTC).", ge=1, le=200000
    )
    risk_max_price_jump_share: Decimal = default(
        Decimal("0.05"),
        "How far the price may be from the newest candle's close at an entry.",
        unit="of the price",
        gt=0,
        le=1,
    )
    risk_max_correlated_share: Decimal = default(
        Decimal("0.60"),
        "Share of equity that symbols which move together may hold; 1 is no limit.",
        unit="of equity",
        gt=0,
        le=1,
    )
    risk_correlation_level: Decimal = default(
        Decimal("0.80"), "Correlation of returns from which symbols move together.", ge=0, le=1
    )
    risk_correlation_candles: int = default(
        100, "How many candles the correlation is taken over.", unit="candles", ge=20, le=1000
    )
    risk_max_data_age_seconds: float = default(
        0, "Oldest newest candle to decide on; 0 is three candles and 10 s.", unit="seconds", ge=0, le=604800
    )
    risk_max_spread_bps: Decimal = default(
        Decimal(50), "Widest spread to enter at.", unit="hundredths of a percent of the price", gt=0, le=10000
    )


class ProtectionGroup(Group):
    """Protection at the exchange"""

    stop_loss_share: Decimal = default(
        Decimal("0.05"),
        "How far below the price paid a position is sold; 0 is no stop.",
        unit="of the price",
        ge=0,
        le=Decimal("0.99"),
    )
    take_profit_share: Decimal = default(
        Decimal("0.10"),
        "How far above the price paid a position is sold; 0 is no target.",
        unit="of the price",
        ge=0,
        le=10,
    )
    trailing_stop_share: Decimal = default(
        Decimal(0),
        "How far below the bid a stop follows a rising price; 0 leaves it where it is.",
        unit="of the price",
        ge=0,
        le=Decimal("0.99"),
    )


class ExchangeGroup(Group):
    """Exchange"""

    binance_api_key: SecretStr | None = default(None, "API key of the testnet, demo or live account.")
    binance_api_secret: SecretStr | None = default(
        None, "Secret of the API key.", allowed="an HMAC secret, or a PEM private key (Ed25519 or RSA)"
    )
    binance_rest_url: HttpAddress | None = default(
        None, "REST address instead of the mode's own.", allowed=_HTTP_ADDRESS
    )
    binance_stream_url: WebSocketAddress | None = default(
        None, "Market stream address instead of the mode's own.", allowed=_WS_ADDRESS
    )
    binance_ws_api_url: WebSocketAddress | None = default(
        None, "WebSocket API address instead of the mode's own.", allowed=_WS_ADDRESS + "/ws-api/v3"
    )
    binance_recv_window_ms: int = default(
        5000,
        "How long the exchange may take to accept a signed request.",
        unit="milliseconds",
        ge=1,
        le=60000,
    )
    binance_request_timeout_seconds: float = default(
        15, "How long to wait for an answer.", unit="seconds", ge=Decimal("0.1"), le=120
    )


class SimulatorGroup(Group):
    """Exchange simulator (modes simulated and paper)"""

    simulator_host: Host = default("127.0.0.1", "Address it listens on.", allowed=_HOST)
    simulator_port: Port = default(9090, "Port it listens on.")
    simulator_symbols: SymbolNames = default(
        (),
        "Symbols that can be traded on it; TRADING_SYMBOLS if unset, or for a rule: the replayed ones, in paper "
        "mode all of the rule's quote currency, else a dozen well-known ones.",
        allowed="a comma list of symbols",
    )
    simulator_seed: int | None = default(
        None, "Seed of the generated market; unset: drawn once for each data folder.", ge=0, le=2**63 - 1
    )
    simulator_market: Annotated[SimulatorMarket, LOWER] = default(
        SimulatorMarket.GENERATED,
        "Where prices come from; relay of Binance's public data in paper mode, replay if replay files are named.",
    )
    simulator_relay_url: HttpAddress | None = default(
        None, "REST address whose public market data is relayed; unset: Binance's own for market data."
    )
    simulator_replay_files: Annotated[dict[str, Path], BeforeValidator(text.pairs)] = default(
        {}, "Candle files (Parquet or CSV) to replay.", allowed="a comma list of SYMBOL=path"
    )
    simulator_replay_start: Annotated[datetime | int | None, BeforeValidator(text.time_or_count)] = default(
        None, "Where the replay starts.", allowed="an ISO 8601 time, or how many candles of the file to skip"
    )
    simulator_stepped: bool = default(
        False, "Whether exchange time stands still until it is stepped (tests)."
    )
    simulator_base_interval: CandleInterval = default(
        CandleInterval.S1, "The shortest candle; a replayed candle lasts this long."
    )
    simulator_volatility: Decimal = default(
        Decimal("0.002"),
        "Standard deviation of a generated one-minute return.",
        unit="of the price",
        ge=0,
        le=1,
    )
    simulator_balances: Annotated[dict[str, Decimal], BeforeValidator(text.amounts)] = default(
        {"USDT": Decimal(10000)},
        "What the simulated account starts with; 10000 of the quote currency if unset.",
        allowed="a comma list of ASSET=amount",
    )
    simulator_faults_file: Path | None = default(
        None,
        "JSON list of fault rules in force from its start (tests).",
        allowed="a path",
    )


class ServiceGroup(Group):
    """Storage, logs and services"""

    data_dir: Path = default(
        Path("data"), "Folder of everything that must outlive a restart.", allowed="a path"
    )
    database_url: Annotated[str, BeforeValidator(text.database_address)] = default(
        "sqlite:///data/portfolio.db",
        "Where the book is kept; portfolio.db in DATA_DIR if unset.",
        allowed="sqlite:///path or postgresql://user:password@host/name",
    )
    log_level: Annotated[LogLevel, UPPER] = default(LogLevel.INFO, "Least severe log line.")
    log_format: Annotated[LogFormat, LOWER] = default(
        LogFormat.LINE, "Form of a log line on stdout; the log files are always JSON."
    )
    metrics_host: Host = default("127.0.0.1", "Address the trader's metrics listen on.", allowed=_HOST)
    metrics_port: int = default(9108, "Port of the trader's metrics; 0 is off.", ge=0, le=65535)
    mcp_host: Host = default("127.0.0.1", "Address the MCP server listens on.", allowed=_HOST)
    mcp_port: Port = default(8080, "Port of the MCP server.")
    mcp_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(text.items)] = default(
        (),
        "Host headers the MCP server accepts besides its own address.",
        allowed="a comma list of host or host:port",
    )
    mcp_token: SecretStr | None = default(
        None, "Token of MCP clients; unset: generated into DATA_DIR/secrets."
    )
    mcp_calls_per_minute: int = default(
        600, "Calls of tools that the MCP server takes from one token in a minute.", ge=1, le=100_000
    )
    mcp_confirm_live: bool = default(
        True,
        "In live mode MCP clients ask for an order twice, the second time with the code of the first answer.",
    )
    dashboard_host: Host = default("127.0.0.1", "Address the dashboard listens on.", allowed=_HOST)
    dashboard_port: Port = default(8050, "Port of the dashboard.")
    dashboard_password: SecretStr | None = default(
        None, "Password of the dashboard; unset: generated into DATA_DIR/secrets."
    )
    dashboard_allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(text.items)] = default(
        (),
        "Host headers the dashboard accepts besides its own address and those of this machine.",
        allowed="a comma list of host or host:port",
    )
    dashboard_tls_proxy: IpAddress | None = default(
        None,
        "Proxy with TLS that stands before the dashboard: its X-Forwarded-For tells who asks, and the cookie is for"
        " TLS alone.",
        allowed="an IP address",
    )
    notify_urls: SecretStr | None = default(
        None, "Where notifications go.", allowed="a comma list of Apprise addresses"
    )
