"""Settings changed at run time: reading those in force, and changing them."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from binance_trade_agent.bootstrap.books import open_settings_book
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.strategies import settings_strategies
from binance_trade_agent.control.overrides import SettingChanges
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.overrides import Override
from binance_trade_agent.domain.records import Book
from binance_trade_agent.settings import CHANGEABLE, Settings, with_overrides
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.overrides import SqlOverrides
from binance_trade_agent.storage.schema import is_current


@dataclass(frozen=True, slots=True)
class InForce:
    """Settings with the overrides that can be, and those that cannot, each with the reason."""

    settings: Settings
    ignored: tuple[tuple[Override, str], ...] = ()


def checked(settings: Settings, overrides: Sequence[Override]) -> Settings:
    """`settings` with `overrides` and no others; raises `ConfigurationError` where a start would."""
    made = with_overrides(settings, overrides)
    if made.strategy_params != settings.strategy_params:
        settings_strategies(made)
    return made


def in_force(settings: Settings, overrides: Sequence[Override]) -> InForce:
    """`settings` with as many of `overrides` as can be: all of them, or else one after the other, oldest first."""
    try:
        return InForce(checked(settings, overrides))
    except ConfigurationError:
        pass
    made = with_overrides(settings, ())
    taken: list[Override] = []
    ignored: list[tuple[Override, str]] = []
    for override in overrides:
        try:
            made = checked(settings, (*taken, override))
        except ConfigurationError as error:
            ignored.append((override, "; ".join(error.problems)))
        else:
            taken.append(override)
    return InForce(made, tuple(ignored))


def shown_in_force(settings: Settings) -> InForce:
    """`settings` with what is set at run time in their book; a database that is not there yet is not made.

    Raises:
        StorageError: the database cannot be read.
        ConfigurationError: the settings do not fit the book.
    """
    if not is_current(settings.database_url):
        return InForce(settings)
    database, book = open_settings_book(settings)
    with closing(database):
        return in_force(settings, SqlOverrides(database, book).all())


def setting_changes(settings: Settings, database: Database, book: Book) -> SettingChanges:
    """The acts that change settings at run time, on `book`."""
    without = with_overrides(settings, ())

    def check(overrides: Sequence[Override]) -> None:
        checked(without, overrides)

    return SettingChanges(
        SqlOverrides(database, book),
        SystemClock(),
        configured={name: shown for name, shown, _, _ in without.sources()},
        changeable=CHANGEABLE,
        check=check,
    )
