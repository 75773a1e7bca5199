"""Which settings may change while the trader runs, and settings with such changes."""

from collections.abc import Iterable

from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.domain.setting_layers import Given
from binance_trade_agent.settings.groups import ProtectionGroup, RiskGroup
from binance_trade_agent.settings.loading import checked_settings
from binance_trade_agent.settings.settings import Settings

#: What may change at run time: all of risk and protection, how positions are entered, and the strategies' parameters.
CHANGEABLE = (
    *(name.upper() for name in RiskGroup.model_fields),
    *(name.upper() for name in ProtectionGroup.model_fields),
    "ENTRY_ORDER_TYPE",
    "ENTRY_LIMIT_OFFSET_BPS",
    "ENTRY_TIME_LIMIT_SECONDS",
    "STRATEGY_PARAMS",
)


def with_overrides(settings: Settings, overrides: Iterable[Override]) -> Settings:
    """What environment and files said when `settings` were loaded, with `overrides` and no others going before it.

    Raises:
        ConfigurationError: with all problems found, a line each, as at a start.
    """
    base, changed, problems = settings.given, {}, []
    for override in overrides:
        if override.name in CHANGEABLE:
            changed[override.name] = Given(override.value, override.origin)
        else:
            problems.append(f"{override.name} ({override.origin}) is no setting that may change at run time")
    made = checked_settings({**base, **changed}, settings.data_dir, problems)
    made.remember(base)
    return made
