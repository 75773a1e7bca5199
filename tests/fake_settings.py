"""Settings of a desk in memory."""

from dataclasses import dataclass, field
from pathlib import Path

from binance_trade_agent.bootstrap.desk_settings import DeskSettings
from binance_trade_agent.domain.acts import Act
from binance_trade_agent.domain.overrides import Override, SettingChange
from binance_trade_agent.settings import load_settings

NOWHERE = Path("/nonexistent")


@dataclass
class FakeOverrides:
    """What was set at run time."""

    stored: list[Override] = field(default_factory=list)

    def all(self) -> tuple[Override, ...]:
        return tuple(self.stored)

    def change(self, act: Act, name: str, value: str | None, configured: str) -> SettingChange:
        before = next((each.value for each in self.stored if each.name == name), configured)
        self.stored = [each for each in self.stored if each.name != name]
        if value is not None:
            self.stored.append(Override(name, value, act.actor, act.at))
        return SettingChange(name, before, configured if value is None else value, act.at)


def fake_settings(overrides: FakeOverrides | None = None, **given: str) -> DeskSettings:
    """Settings of an environment that holds what is given alone."""
    return DeskSettings(load_settings(given, NOWHERE), overrides or FakeOverrides())
