"""The settings of one process, and what follows from them."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, model_validator

from binance_trade_agent.domain.modes import SimulatorMarket, TradingAlign, TradingMode
from binance_trade_agent.domain.setting_layers import Given
from binance_trade_agent.domain.symbol_names import quote_of
from binance_trade_agent.domain.symbol_selection import SymbolRule
from binance_trade_agent.settings.groups import (
    ExchangeGroup,
    ProtectionGroup,
    RiskGroup,
    ServiceGroup,
    SimulatorGroup,
    TradingGroup,
)
from binance_trade_agent.settings.kinds import symbols
from binance_trade_agent.settings.shown import shown_value

#: The only account of the local simulator. Not a secret: it opens nothing but a simulated exchange on this machine.
SIMULATOR_KEY_PAIR = (
    hashlib.sha256(b"binance-trade-agent local simulator key").hexdigest(),
    hashlib.sha256(b"binance-trade-agent local simulator secret").hexdigest(),
)

_MODE_MEANINGS = {
    TradingMode.SIMULATED: "simulated prices, simulated money",
    TradingMode.PAPER: "real prices, simulated money",
    TradingMode.TESTNET: "Binance Spot testnet, test money",
    TradingMode.DEMO: "Binance demo mode, demo money",
    TradingMode.LIVE: "REAL MONEY at Binance",
}
_MODE_DEFAULTS: dict[str, dict[str, str]] = {
    # a generated market is a random walk, in which fees make every strategy lose: it trades seldom and never halts at it
    TradingMode.SIMULATED: {
        "TRADING_INTERVAL_SECONDS": "5",
        "CANDLE_INTERVAL": "1s",
        "RISK_COOLDOWN_CANDLES": "120",
        "RISK_LOSS_COOLDOWN_CANDLES": "600",
        "RISK_DAILY_LOSS_SHARE": "0",
        "RISK_MAX_DRAWDOWN_SHARE": "0",
    },
    TradingMode.PAPER: {"SIMULATOR_MARKET": "relay"},
}

#: What a simulator offers to a rule: well-known at the exchange, with prices and volumes that differ.
_SIMULATED_BASES = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "TRX", "LINK", "AVAX", "LTC", "SUI")


# Fields stand in the order of the bases from last to first.
class Settings(ServiceGroup, SimulatorGroup, ExchangeGroup, ProtectionGroup, RiskGroup, TradingGroup):
    """The settings of one process, checked and complete."""

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)
    _given: dict[str, Given] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, Any]) -> dict[str, Any]:
        has_keys = bool(values.get("BINANCE_API_KEY") and values.get("BINANCE_API_SECRET"))
        mode = values.get("TRADING_MODE") or (TradingMode.TESTNET if has_keys else TradingMode.SIMULATED)
        filled = {"TRADING_MODE": mode, **_MODE_DEFAULTS.get(str(mode).lower(), {}), **values}
        if "RISK_ORDER_QUOTE" in values:
            filled.setdefault("RISK_SIZING", "quote")
        if "SIMULATOR_REPLAY_FILES" in values:
            filled.setdefault("SIMULATOR_MARKET", "replay")
        if "DATA_DIR" in values:
            filled.setdefault("DATABASE_URL", f"sqlite:///{values['DATA_DIR']}/portfolio.db")
        try:
            quote = _quote(values.get("TRADING_SYMBOLS", "BTCUSDT"))
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
    def dashboard_tls_origin(self) -> str | None:
        """Where people sign in behind the proxy with TLS; None without one, or where its name is not told."""
        hosts = self.dashboard_allowed_hosts
        return f"https://{hosts[0]}" if self.dashboard_tls_proxy and hosts else None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols to trade, upper case, of one quote currency; none where a rule selects them at a session's start."""
        return () if isinstance(self.trading_symbols, SymbolRule) else self.trading_symbols

    @property
    def symbol_rule(self) -> SymbolRule | None:
        """The rule that selects the symbols; None where they are named."""
        return self.trading_symbols if isinstance(self.trading_symbols, SymbolRule) else None

    @property
    def most_symbols(self) -> int:
        """How many symbols a session trades at most."""
        return self.symbol_rule.top if self.symbol_rule else len(self.symbols)

    @property
    def quote(self) -> str:
        """The quote currency of all symbols."""
        return self.symbol_rule.quote if self.symbol_rule else quote_of(self.symbols[0])

    @property
    def simulated_symbols(self) -> tuple[str, ...]:
        """The symbols that can be traded on the simulator; none where it relays all of the rule's quote currency."""
        if self.simulator_symbols or self.symbol_rule is None:
            return self.simulator_symbols or self.symbols
        match self.simulator_market:
            case SimulatorMarket.RELAY:
                return ()
            case SimulatorMarket.REPLAY:
                return tuple(self.simulator_replay_files)
        return tuple(f"{base}{self.quote}" for base in _SIMULATED_BASES if base != self.quote)

    @property
    def interval(self) -> timedelta:
        """Time between two cycles."""
        return timedelta(seconds=self.trading_interval_seconds)

    @property
    def period(self) -> timedelta:
        """Time between two ticks: the interval, or a candle's length where ticks follow the candles."""
        is_aligned = self.trading_align is TradingAlign.CANDLE_CLOSE
        return self.candle_interval.duration if is_aligned else self.interval

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

    @property
    def given(self) -> Mapping[str, Given]:
        """What environment and files said when these settings were loaded; secrets in the clear."""
        return self._given

    def remember(self, given: Mapping[str, Given]) -> None:
        """Keep what environment and files said."""
        self._given = dict(given)

    def note_origins(self, origins: Mapping[str, str]) -> None:
        """Say where values came from: setting -> place."""
        self._origins.update(origins)

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


def _quote(value: Any) -> str:
    found = symbols(value)
    return found.quote if isinstance(found, SymbolRule) else quote_of(found[0])
