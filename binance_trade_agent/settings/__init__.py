"""What an operator can set, where each value came from, and what is allowed.

Order of precedence: what was set at run time (some settings only), environment, `.env`, `trading.toml`, the
mode's default, the built-in default. An empty variable counts as
unset. Secrets may be given as a file (`BINANCE_API_KEY_FILE`). `load_settings` either returns
settings that can work or raises `ConfigurationError` with every problem found.
"""

from binance_trade_agent.settings.loading import load_settings
from binance_trade_agent.settings.run_time import CHANGEABLE, with_overrides
from binance_trade_agent.settings.settings import SIMULATOR_KEY_PAIR, Settings
from binance_trade_agent.settings.shown import allowed_text, shown_value

__all__ = [
    "CHANGEABLE",
    "SIMULATOR_KEY_PAIR",
    "Settings",
    "allowed_text",
    "load_settings",
    "shown_value",
    "with_overrides",
]
