"""Migrates the database in a process of its own, for servers that must stay small: Alembic's memory ends with it."""

import subprocess
import sys

from binance_trade_agent.storage.schema import is_current

_MIGRATE = "import sys; from binance_trade_agent.storage.migration import migrate; migrate(sys.stdin.read())"


def migrate_apart(url: str) -> None:
    """Bring the database to this version's schema; raises `StorageError` where it cannot even be looked at.

    If it fails, whoever opens the database next migrates it, and says what is wrong.
    """
    if not is_current(url):
        subprocess.run(  # noqa: S603 - our own interpreter; the URL goes by stdin, for it may hold a password
            (sys.executable, "-c", _MIGRATE), input=url.encode(), capture_output=True, check=False
        )
