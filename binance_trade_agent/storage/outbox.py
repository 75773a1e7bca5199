"""Notifications that must not be lost, and incidents."""

from datetime import datetime

from sqlalchemy import select, update

from binance_trade_agent.domain.records import Book, Incident
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database


class SqlOutbox:
    """`ports.Outbox` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def raise_incident(self, incident: Incident) -> bool:
        """Open an incident unless one with its key is open; True if it is new."""
        is_open = select(models.Incident.id).filter_by(
            book_id=self._book_id, key=incident.key, cleared_at=None
        )
        with self._database.read() as transaction:
            # each cycle raises what still holds: most of the time there is nothing to write
            if transaction.scalar(is_open) is not None:
                return False
        with self._database.write() as transaction:
            if transaction.scalar(is_open) is not None:
                return False
            transaction.add(
                models.Incident(
                    book_id=self._book_id,
                    key=incident.key,
                    text=incident.text,
                    severity=incident.severity,
                    opened_at=incident.opened_at,
                )
            )
            return True

    def clear_incident(self, key: str, at: datetime) -> None:
        """Close the open incident of this key, if there is one."""
        is_open = select(models.Incident.id).filter_by(book_id=self._book_id, key=key, cleared_at=None)
        with self._database.read() as transaction:
            if transaction.scalar(is_open) is None:
                return
        with self._database.write() as transaction:
            transaction.execute(
                update(models.Incident)
                .filter_by(book_id=self._book_id, key=key, cleared_at=None)
                .values(cleared_at=at)
            )

    def enqueue(self, topic: str, text: str, at: datetime) -> None:
        """Store a message that is to be sent."""
        with self._database.write() as transaction:
            transaction.add(models.Message(book_id=self._book_id, topic=topic, text=text, created_at=at))

    def unsent(self, limit: int) -> tuple[tuple[int, str, str], ...]:
        """(id, topic, text), oldest first."""
        query = (
            select(models.Message.id, models.Message.topic, models.Message.text)
            .filter_by(book_id=self._book_id, sent_at=None)
            .order_by(models.Message.id)
            .limit(limit)
        )
        with self._database.read() as transaction:
            return tuple((row.id, row.topic, row.text) for row in transaction.execute(query))

    def mark_sent(self, message_id: int, at: datetime) -> None:
        """A message has been sent."""
        with self._database.write() as transaction:
            transaction.execute(
                update(models.Message).filter_by(book_id=self._book_id, id=message_id).values(sent_at=at)
            )
