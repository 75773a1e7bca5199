"""Notifications that must not be lost, and incidents."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import INCIDENT_TOPIC, Book, Incident
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database


class SqlOutbox:
    """`ports.Outbox` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def raise_incident(self, incident: Incident, *, told: str = "", anew: bool = False) -> bool:
        """Open an incident, with a message `told` of it, unless one with its key is open; True if it is new.

        One that is raised `anew` ends the one that is open.
        """
        is_open = select(models.Incident.id).where(*self._is_open(incident.key))
        if not anew:
            with self._database.read() as transaction:
                # each cycle raises what still holds: most of the time there is nothing to write
                if transaction.scalar(is_open) is not None:
                    return False
        with self._database.write() as transaction:
            if anew:
                self._clear(transaction, incident.key, incident.opened_at)
            elif transaction.scalar(is_open) is not None:
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
            if told:
                # in one transaction: an incident that is there is never told again
                self._add(transaction, INCIDENT_TOPIC, told, incident.opened_at)
            return True

    def clear_incident(self, key: str, at: datetime) -> None:
        """Close the open incident of this key, if there is one."""
        with self._database.read() as transaction:
            if transaction.scalar(select(models.Incident.id).where(*self._is_open(key))) is None:
                return
        with self._database.write() as transaction:
            self._clear(transaction, key, at)

    def _is_open(self, key: str) -> tuple[ColumnElement[bool], ...]:
        incident = models.Incident
        return incident.book_id == self._book_id, incident.key == key, incident.cleared_at.is_(None)

    def _clear(self, transaction: Session, key: str, at: datetime) -> None:
        transaction.execute(update(models.Incident).where(*self._is_open(key)).values(cleared_at=at))

    def _add(self, transaction: Session, topic: str, text: str, at: datetime) -> None:
        transaction.add(models.Message(book_id=self._book_id, topic=topic, text=text, created_at=at))

    def enqueue(self, topic: str, text: str, at: datetime) -> None:
        """Store a message that is to be sent."""
        with self._database.write() as transaction:
            self._add(transaction, topic, text, at)

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

    def discard_unsent(self) -> int:
        """Drop what waits to be sent; returns how many messages."""
        if not self.unsent(1):
            return 0
        with self._database.write() as transaction:
            dropped = transaction.scalars(
                delete(models.Message)
                .filter_by(book_id=self._book_id, sent_at=None)
                .returning(models.Message.id)
            )
            return len(dropped.all())
