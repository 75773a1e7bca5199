"""What a session decides by, complete and exact, so that its decisions can be taken again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from binance_trade_agent import __version__
from binance_trade_agent.agents.risk import RiskLimits, limits_plan
from binance_trade_agent.settings import Settings

#: A signal older than so many trading intervals is not acted on any more.
_SIGNAL_LIFE_INTERVALS = 3


def signal_life(settings: Settings) -> timedelta:
    """How long ago the candle of a signal may have closed."""
    return _SIGNAL_LIFE_INTERVALS * settings.interval + settings.candle_interval.duration


def session_plan(settings: Settings, strategies: Mapping[str, Any], limits: RiskLimits) -> dict[str, Any]:
    """The plan as JSON can hold it; `strategies` is the strategy book's own part of it."""
    return {
        "version": 1,
        "program": __version__,
        "candle_interval": settings.candle_interval.value,
        "quote": settings.quote,
        "max_signal_age_s": signal_life(settings).total_seconds(),
        "strategies": dict(strategies),
        "risk": limits_plan(limits),
    }
