"""What an exchange address lets this machine ask: `Retry-After` in force, and the weight used; kept over restarts."""

from datetime import datetime

from binance_trade_agent.domain.records import BanScope
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database


class SqlBans:
    """`ports.Bans` of one exchange address."""

    def __init__(self, database: Database, address: str) -> None:
        self._database = database
        self._address = address

    def until(self, scope: BanScope) -> datetime | None:
        """When the last known ban of this scope ends or ended."""
        with self._database.read() as transaction:
            row = transaction.get(models.Ban, (self._address, scope.value))
            return row.until if row else None

    def set_until(self, scope: BanScope, until: datetime, reason: str) -> None:
        """Write a ban; one that ends earlier than the known one of its scope changes nothing."""
        with self._database.write() as transaction:
            row = transaction.get(models.Ban, (self._address, scope.value))
            if row is None:
                transaction.add(
                    models.Ban(address=self._address, scope=scope.value, until=until, reason=reason)
                )
            elif until > row.until:
                row.until, row.reason = until, reason


class SqlWeights:
    """`ports.WeightBook` of one exchange address: the exchange counts by machine, whatever the process or book."""

    def __init__(self, database: Database, address: str) -> None:
        self._database = database
        self._address = address

    def read(self) -> tuple[int, int]:
        """(calendar minute of exchange time since 1970, weight used in it); zeros before the first count."""
        with self._database.read() as transaction:
            row = transaction.get(models.RequestWeight, self._address)
            return (row.minute, row.used) if row else (0, 0)

    def note(self, minute: int, used: int) -> None:
        """Store a count unless a newer or larger one is stored."""
        with self._database.write() as transaction:
            row = transaction.get(models.RequestWeight, self._address)
            if row is None:
                transaction.add(models.RequestWeight(address=self._address, minute=minute, used=used))
            elif (minute, used) > (row.minute, row.used):
                row.minute, row.used = minute, used
