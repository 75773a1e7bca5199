"""Settings changed at run time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.acts import Act, ActOutcome
from binance_trade_agent.domain.errors import ConfigurationError, KeySpent
from binance_trade_agent.domain.overrides import Override, SettingChange
from binance_trade_agent.domain.records import Book
from binance_trade_agent.storage import models
from binance_trade_agent.storage.audit import act_with_key, write_act
from binance_trade_agent.storage.database import Database


class SqlOverrides:
    """`ports.Overrides` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def all(self) -> tuple[Override, ...]:
        """Those that stand, oldest first."""
        query = (
            select(models.Override)
            .filter_by(book_id=self._book_id)
            .order_by(models.Override.at, models.Override.name)
        )
        with self._database.read() as transaction:
            return tuple(
                Override(row.name, row.value, row.actor, row.at) for row in transaction.scalars(query)
            )

    def change(self, act: Act, name: str, value: str | None, configured: str) -> SettingChange:
        """Set `name`, or take it back where `value` is None, with the audit row; once for the act's key.

        Raises:
            ConfigurationError: there is nothing to take back, or the key stands for another act.
        """
        with self._database.write() as transaction:
            if (first := self._done_before(transaction, act, name, value)) is not None:
                return first
            row = transaction.get(models.Override, (self._book_id, name))
            before = configured if row is None else row.value
            if value is None and row is None:
                raise ConfigurationError(f"{name} is not set at run time: {configured} holds")
            if value is None:
                transaction.delete(row)
            else:
                transaction.merge(
                    models.Override(book_id=self._book_id, name=name, value=value, actor=act.actor, at=act.at)
                )
            after = configured if value is None else value
            write_act(
                transaction,
                self._book_id,
                act,
                before=before,
                after=after,
                outcome=ActOutcome.DONE,
                details={"name": name},
            )
        return SettingChange(name, before, after, act.at)

    def _done_before(
        self, transaction: Session, act: Act, name: str, value: str | None
    ) -> SettingChange | None:
        """What the act with this key did; raises `ConfigurationError` if it was another one."""
        row = act_with_key(transaction, self._book_id, act)
        if row is None:
            return None
        if row.details.get("name") != name or (value is not None and row.after != value):
            raise KeySpent(
                f"the idempotency key {act.idempotency_key!r} was used for another act"
                f" ({row.action} {row.details.get('name')} to {row.after}); use a new key"
            )
        return SettingChange(name, row.before or "", row.after or "", row.at, repeated=True)
