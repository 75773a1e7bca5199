"""`config show`, `config set`, `config unset`."""

import typer

from binance_trade_agent.bootstrap.checking import strategy_problems
from binance_trade_agent.bootstrap.overrides import InForce, setting_changes, shown_in_force
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.overrides import SettingChange
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.output import print_json, table
from binance_trade_agent.interfaces.cli.session import CHANNEL, acting_at_desk, actor
from binance_trade_agent.settings import Settings, load_settings


def show(as_json: bool) -> None:
    """Every setting: value, where it came from, what it is."""
    with exit_statuses():
        found = _in_force(load_settings())
    for override, problem in found.ignored:
        typer.echo(f"{override.name}, {override.origin}, is ignored: {problem}", err=True)
    rows = found.settings.sources()
    if as_json:
        keys = ("name", "value", "source", "description")
        print_json([dict(zip(keys, row, strict=True)) for row in rows])
    else:
        table("Settings", ("name", "value", "from", "what it is?"), rows)
    with exit_statuses():
        if problems := strategy_problems(found.settings):
            raise ConfigurationError(*problems)


def change(name: str, value: str, reason: str, key: str | None, as_json: bool) -> None:
    """Set one at run time."""
    with acting_at_desk(mistaken=ExitCode.CONFIGURATION) as (settings, desk):
        changes = setting_changes(settings, desk.database, desk.book)
        done = changes.set(name, value, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=key)
    _tell(done, as_json)


def take_back(name: str, reason: str, key: str | None, as_json: bool) -> None:
    """Take back what was set at run time."""
    with acting_at_desk(mistaken=ExitCode.CONFIGURATION) as (settings, desk):
        changes = setting_changes(settings, desk.database, desk.book)
        done = changes.unset(name, actor=actor(), channel=CHANNEL, reason=reason, idempotency_key=key)
    _tell(done, as_json)


def _in_force(settings: Settings) -> InForce:
    try:
        return shown_in_force(settings)
    except (StorageError, ConfigurationError) as error:
        typer.echo(f"what was set at run time is not known: {error}", err=True)
        return InForce(settings)


def _tell(done: SettingChange, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    change = f"{done.name}: {done.before} → {done.after}"
    if done.repeated:
        typer.echo(f"already done at {done.done_at:%Y-%m-%d %H:%M:%S} UTC: {change}")
    else:
        typer.echo(f"{change}; a running trader takes it before its next cycle")
