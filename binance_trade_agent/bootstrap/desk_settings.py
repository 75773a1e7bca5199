"""The settings as a desk shows them: what environment and files say, with what was set at run time going before it.

Whether a value that was set can be is not asked here, for that takes the strategies: where the trader ignores one,
an incident says so.
"""

from dataclasses import dataclass

from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.ports import Overrides
from binance_trade_agent.settings import CHANGEABLE, Settings, allowed_text, with_overrides


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting; secrets are masked. `configured` holds where nothing is set at run time, and `override` where it is."""

    name: str
    group: str
    configured: str
    origin: str
    description: str
    allowed: str
    is_changeable: bool
    override: Override | None

    @property
    def value(self) -> str:
        """What holds."""
        return self.configured if self.override is None else self.override.value

    @property
    def source(self) -> str:
        """Where that came from."""
        return self.origin if self.override is None else self.override.origin


class DeskSettings:
    """The settings of this process, and what is set at run time now."""

    def __init__(self, settings: Settings, overrides: Overrides) -> None:
        self._settings = with_overrides(settings, ())
        self._sources = self._settings.sources()
        self._overrides = overrides

    def all(self) -> tuple[ShownSetting, ...]:
        """Every setting, in the order of its groups; raises `StorageError`."""
        groups = _groups()
        set_now = {override.name: override for override in self._overrides.all()}
        return tuple(
            ShownSetting(
                name=name,
                group=groups[name],
                configured=configured,
                origin=origin,
                description=description,
                allowed=allowed_text(Settings.model_fields[name.lower()]),
                is_changeable=name in CHANGEABLE,
                override=set_now.get(name),
            )
            for name, configured, origin, description in self._sources
        )

    def check(self, change: Override) -> None:
        """Whether the settings could be with `change`, as far as that can be told without the strategies.

        Raises:
            ConfigurationError: they could not, with all problems.
        """
        others = (override for override in self._overrides.all() if override.name != change.name)
        with_overrides(self._settings, (*others, change))


def _groups() -> dict[str, str]:
    """setting -> what its group is called."""
    return {
        name.upper(): (group.__doc__ or group.__name__).strip().rstrip(".")
        for group in Settings.__bases__
        for name in group.__annotations__
        if name in Settings.model_fields
    }
