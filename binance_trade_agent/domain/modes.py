"""The choices an operator has: mode, alignment, session end, logs, source of simulated prices."""

from enum import StrEnum


class TradingMode(StrEnum):
    """Where orders go and prices come from."""

    SIMULATED = "simulated"
    PAPER = "paper"
    TESTNET = "testnet"
    DEMO = "demo"
    LIVE = "live"


class TradingAlign(StrEnum):
    """What a tick is aligned to."""

    INTERVAL = "interval"
    CANDLE_CLOSE = "candle_close"


class EntryOrderType(StrEnum):
    """How positions are entered: at once at the market's price, or at a price of our own for a while."""

    MARKET = "market"
    LIMIT = "limit"


class SizingMethod(StrEnum):
    """What decides how large an entry is, before limits shrink it."""

    SHARE = "share"
    QUOTE = "quote"
    ATR_RISK = "atr_risk"
    VOLATILITY_TARGET = "volatility_target"


class SessionEnd(StrEnum):
    """What happens to positions when a session ends."""

    KEEP = "keep"
    FLATTEN = "flatten"


class LogFormat(StrEnum):
    """How a log line is written to stdout."""

    LINE = "line"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe log line that is written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class SimulatorMarket(StrEnum):
    """Where the simulator's prices come from."""

    GENERATED = "generated"
    REPLAY = "replay"
    RELAY = "relay"
