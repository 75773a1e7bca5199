"""Changing settings while the trader runs: each change is checked as a start would, then a row of the audit."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches

from binance_trade_agent.domain.acts import Act, ActKind
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.overrides import Override, SettingChange
from binance_trade_agent.ports import Clock, Overrides


class SettingChanges:
    """Sets and takes back overrides.

    `configured` are the shown values of all settings without any override, `changeable` the names of those that
    may change, and `check` raises `ConfigurationError` for overrides with which the trader could not work.
    """

    def __init__(
        self,
        overrides: Overrides,
        clock: Clock,
        *,
        configured: Mapping[str, str],
        changeable: tuple[str, ...],
        check: Callable[[tuple[Override, ...]], None],
    ) -> None:
        self._overrides = overrides
        self._clock = clock
        self._configured = configured
        self._changeable = changeable
        self._check = check

    def set(
        self,
        name: str,
        value: str,
        *,
        actor: str,
        channel: str,
        reason: str = "",
        idempotency_key: str | None = None,
    ) -> SettingChange:
        """Let `value` go before what environment and files say, from the trader's next cycle on.

        Raises:
            ConfigurationError: the setting cannot change at run time, or the value cannot be; nothing has changed.
        """
        name, value = self._known(name), value.strip()
        if not value:
            raise ConfigurationError(f"{name}: a blank value is none; `config unset {name}` takes one back")
        act = Act(ActKind.SET_SETTING, actor, channel, reason, self._clock.now(), idempotency_key)
        others = tuple(each for each in self._overrides.all() if each.name != name)
        wanted = Override(name, value, actor, act.at)
        try:
            self._check((*others, wanted))
        except ConfigurationError as error:
            raise ConfigurationError(*map(wanted.as_wanted, error.problems)) from error
        return self._overrides.change(act, name, value, self._shown(name))

    def unset(
        self, name: str, *, actor: str, channel: str, reason: str = "", idempotency_key: str | None = None
    ) -> SettingChange:
        """Let environment and files say again what `name` is.

        Raises:
            ConfigurationError: it is not set at run time, or the others could not stand without it.
        """
        name = self._known(name)
        act = Act(ActKind.UNSET_SETTING, actor, channel, reason, self._clock.now(), idempotency_key)
        now = self._overrides.all()
        # where they do not stand now either, taking one back is the way out
        if self._stands(now):
            self._check(tuple(each for each in now if each.name != name))
        return self._overrides.change(act, name, None, self._shown(name))

    def _shown(self, name: str) -> str:
        return self._configured[name] or "unset"

    def _stands(self, overrides: tuple[Override, ...]) -> bool:
        try:
            self._check(overrides)
        except ConfigurationError:
            return False
        return True

    def _known(self, name: str) -> str:
        known = name.strip().upper()
        if known in self._changeable:
            return known
        if known in self._configured:
            raise ConfigurationError(
                f"{known} cannot change at run time: set it in the environment, .env or trading.toml and restart;"
                f" what can: {', '.join(self._changeable)}"
            )
        nearest = get_close_matches(known, self._configured, 1, 0.5)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ConfigurationError(f"{name.strip()[:60]} is no setting{hint}")
