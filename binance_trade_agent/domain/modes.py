"""The choices an operator has: mode, alignment, session end, logs, source of simulated prices."""

from enum import StrEnum


class TradingMode(StrEnum):
    """Where orders go and prices come from."""

    SIMULATED = "simulated"
    PAPER = "paper"
    TESTNET = "testnet"
    DEMO = "demo"
    LIVE = "live"

    @property
    def note(self) -> str:
        """What the mode means, in a few words, for every surface that names it."""
        return {
            TradingMode.SIMULATED: "a simulated market on this machine, no real money",
            TradingMode.PAPER: "real prices, a simulated account, no real money",
            TradingMode.TESTNET: "Binance's Spot testnet, no real money",
            TradingMode.DEMO: "Binance's demo mode, no real money",
            TradingMode.LIVE: "REAL MONEY at Binance",
        }[self]


class TradingAlign(StrEnum):
    """What a tick is aligned to."""

    INTERVAL = "interval"
    CANDLE_CLOSE = "candle_close"


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
