"""Storage of settings changed at run time. Synchronous; raises `StorageError`."""

from typing import Protocol

from binance_trade_agent.domain.acts import Act
from binance_trade_agent.domain.overrides import Override, SettingChange


class Overrides(Protocol):
    """The settings changed at run time, of one book."""

    def all(self) -> tuple[Override, ...]:
        """Those that stand, oldest first."""
        ...

    def change(self, act: Act, name: str, value: str | None, configured: str) -> SettingChange:
        """Set `name`, or take it back where `value` is None, with the audit row, in one transaction; once for its key.

        `configured` is what holds without it, for `before` and `after`. Raises `ConfigurationError` if there is
        nothing to take back, or the key stands for another act.
        """
        ...
