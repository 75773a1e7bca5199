"""What the commands that read and act share: the settings, the desk, and who acts."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from binance_trade_agent.bootstrap.desk import Desk, open_desk, open_desk_to_read
from binance_trade_agent.bootstrap.launched_book import check_found_book, check_launched_book
from binance_trade_agent.domain.errors import DatabaseUnwritable
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.cli.staleness import staleness
from binance_trade_agent.settings import Settings, load_settings

#: Through what these commands act, for the audit.
CHANNEL = "cli"


@contextmanager
def at_desk(
    *, tells_age: bool = False, mistaken: ExitCode = ExitCode.USAGE
) -> Iterator[tuple[Settings, Desk]]:
    """The settings and an open desk on the book that is traded; errors end the command.

    With `tells_age` it is said on stderr how old the data are, where no trader keeps them fresh.
    With the desk open the settings are good: `mistaken` is the status of what then cannot be meant.
    """
    with exit_statuses():
        settings = load_settings()
        check_launched_book(settings)
        desk = _open(settings)
        try:
            if tells_age and (told := staleness(desk.watch.status())):
                typer.echo(told, err=True)
            with exit_statuses(mistaken):
                yield settings, desk
        finally:
            desk.close()


@contextmanager
def acting_at_desk(*, mistaken: ExitCode = ExitCode.USAGE) -> Iterator[tuple[Settings, Desk]]:
    """As `at_desk`, for what changes something: refused for a book that is there only because of the current folder."""
    with at_desk(mistaken=mistaken) as (settings, desk):
        with exit_statuses():
            check_found_book(settings, has_traded=desk.watch.status().session is not None)
        yield settings, desk


def _open(settings: Settings) -> Desk:
    """The desk; one to read at, and a word about that, where the database cannot be written."""
    try:
        return open_desk(settings)
    except DatabaseUnwritable as error:
        desk = open_desk_to_read(settings)
        typer.echo(f"read only: {str(error).partition(': ')[0]}", err=True)
        return desk


def actor() -> str:
    """Who acts, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"uid {os.getuid()}"
