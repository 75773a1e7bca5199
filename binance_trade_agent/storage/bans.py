"""`Retry-After` in force, kept over restarts."""

from datetime import datetime

from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database


class SqlBans:
    """`ports.Bans` of one exchange address."""

    def __init__(self, database: Database, address: str) -> None:
        self._database = database
        self._address = address

    def until(self) -> datetime | None:
        """When the last known ban ends or ended."""
        with self._database.read() as transaction:
            row = transaction.get(models.Ban, self._address)
            return row.until if row else None

    def set_until(self, until: datetime, reason: str) -> None:
        """Write a ban; one that ends earlier than the known one changes nothing."""
        with self._database.write() as transaction:
            row = transaction.get(models.Ban, self._address)
            if row is None:
                transaction.add(models.Ban(address=self._address, until=until, reason=reason))
            elif until > row.until:
                row.until, row.reason = until, reason
