"""Changing a setting while the trader runs, and taking that back, as acts."""

from binance_trade_agent.bootstrap.desk_settings import ShownSetting
from binance_trade_agent.bootstrap.launched_changes import ChangeAsked
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.overrides import Override, SettingChange
from binance_trade_agent.interfaces.dashboard.acting import (
    ACTOR,
    CHANNEL,
    Act,
    Doing,
    Field,
    Told,
    Wish,
    Words,
)
from binance_trade_agent.interfaces.desks import Desk

_UNSET = "unset"
_LONGEST_SHOWN = 400


def _fields(desk: Desk, wish: Wish) -> tuple[Field, ...]:
    setting = _changeable(desk, wish)
    return (
        Field("value", setting.name, setting.value, f"{setting.description.rstrip('.')}: {setting.allowed}"),
    )


def _set_words(desk: Desk, wish: Wish) -> Words:
    setting, value = _changeable(desk, wish), _value(wish)
    if value == setting.value:
        raise ConfigurationError(f"{setting.name} is {value} already")
    wanted = Override(setting.name, value, ACTOR, desk.watch.now())
    try:
        desk.settings.check(wanted)
    except ConfigurationError as error:
        raise ConfigurationError(*map(wanted.as_wanted, error.problems)) from error
    return Words(
        f"Change {setting.name}?",
        f"It is {_shown(setting.value)} and becomes {_shown(value)}, before the trader's next cycle. That goes before"
        " what environment and files say until it is taken back, over restarts too.",
        "Change",
        basis={setting.name: setting.value or _UNSET},
    )


def _unset_words(desk: Desk, wish: Wish) -> Words:
    setting = _changeable(desk, wish)
    if setting.override is None:
        raise ConfigurationError(f"{setting.name} is not set at run time")
    return Words(
        f"Take back {setting.name}?",
        f"It was {setting.override.origin} to {_shown(setting.value)}. What environment and files say holds again before"
        f" the trader's next cycle: {_shown(setting.configured)} ({setting.origin}).",
        "Take back",
        basis={setting.name: f"{setting.value or _UNSET} ({setting.override.origin})"},
    )


def _set(doing: Doing) -> Told:
    return _change(doing, _value(doing.wish))


def _unset(doing: Doing) -> Told:
    return _change(doing, None)


def _change(doing: Doing, value: str | None) -> Told:
    name = _changeable(doing.desk, doing.wish).name
    asked = ChangeAsked(name, value, ACTOR, CHANNEL, doing.reason, doing.key)
    return Told(True, _told(doing.desk.changes.change(asked)))


def _told(done: SettingChange) -> str:
    return f"{done.name}: {_shown(done.before)} → {_shown(done.after)}; a running trader takes it before its next cycle."


def _changeable(desk: Desk, wish: Wish) -> ShownSetting:
    found = next((each for each in desk.settings.all() if each.name == wish.target), None)
    if found is None or not found.is_changeable:
        raise ConfigurationError(f"{wish.target[:60]} cannot change at run time")
    return found


def _value(wish: Wish) -> str:
    value = wish.values.get("value", "").strip()
    if not value:
        raise ConfigurationError("a blank value is none; take the setting back instead")
    return value


def _shown(value: str) -> str:
    if len(value) > _LONGEST_SHOWN:
        return f"{value[:_LONGEST_SHOWN]}…"
    return value or _UNSET


SET = Act("set-setting", _set_words, _set, _fields)
UNSET = Act("unset-setting", _unset_words, _unset)
ALL = (SET, UNSET)
