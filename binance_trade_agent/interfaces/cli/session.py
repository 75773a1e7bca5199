"""What the commands that read and act share: the settings, the desk, and who acts."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.settings import Settings, load_settings


@contextmanager
def at_desk() -> Iterator[tuple[Settings, Desk]]:
    """The settings and an open desk; errors end the command."""
    with exit_statuses():
        settings = load_settings()
        desk = open_desk(settings)
        try:
            yield settings, desk
        finally:
            desk.close()


def actor() -> str:
    """Who acts, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"uid {os.getuid()}"
