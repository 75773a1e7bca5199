"""The strategy that the settings name."""

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.registry import create_strategy


def settings_strategy(settings: Settings) -> Strategy:
    """STRATEGY_NAME with STRATEGY_PARAMS; raises `ConfigurationError` naming the setting."""
    try:
        return create_strategy(settings.strategy_name, settings.strategy_params)
    except ConfigurationError as error:
        raise ConfigurationError(
            *(f"STRATEGY_NAME={settings.strategy_name}: {problem}" for problem in error.problems)
        ) from error
