"""Runs of the trader, starts that came to nothing, and signs of life."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session as Transaction

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.records import Book, Heartbeat, Session
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database

#: The kind of session that carries out waiting commands and ends.
COMMANDS = "commands"


class SqlSessions:
    """`ports.Sessions` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def latest(self) -> Session | None:
        """The run that began last."""
        with self._database.read() as transaction:
            return latest_session(transaction, self._book_id)

    def begin(self, session: Session) -> None:
        """Write a run before it begins."""
        row = models.Session(
            book_id=self._book_id,
            id=session.id,
            kind=session.kind,
            mode=session.mode,
            strategy=session.strategy,
            symbols=list(session.symbols),
            settings=dict(session.settings),
            duration_minutes=session.duration_minutes,
            started_at=session.started_at,
            deadline=session.deadline,
            ended_at=session.ended_at,
            end_reason=session.end_reason,
            exit_code=session.exit_code,
            plan=dict(session.plan),
        )
        with self._database.write() as transaction:
            transaction.add(row)

    def end(self, session_id: str, *, reason: str, exit_code: int, at: datetime) -> None:
        """Write why and when a run ended; raises `StorageError` for an unknown one."""
        with self._database.write() as transaction:
            row = transaction.get(models.Session, (self._book_id, session_id))
            if row is None:
                raise StorageError(f"the database holds no session {session_id}")
            row.ended_at, row.end_reason, row.exit_code = at, reason, exit_code

    def resume(self, session_id: str) -> None:
        """Take back that a run ended; raises `StorageError` for an unknown one."""
        with self._database.write() as transaction:
            row = transaction.get(models.Session, (self._book_id, session_id))
            if row is None:
                raise StorageError(f"the database holds no session {session_id}")
            row.ended_at = row.end_reason = row.exit_code = None

    def next_cycle_number(self, session_id: str) -> int:
        """One more than the run's highest cycle number; 1 for a run without cycles."""
        highest = select(func.max(models.Cycle.number)).filter_by(
            book_id=self._book_id, session_id=session_id
        )
        with self._database.read() as transaction:
            return (transaction.scalar(highest) or 0) + 1

    def count_start(self) -> int:
        """Add one to the starts without a completed cycle, and return their number."""
        with self._database.write() as transaction:
            book = transaction.get_one(models.Book, self._book_id)
            book.failed_starts += 1
            return book.failed_starts

    def reset_starts(self) -> None:
        """A cycle was completed. Writes nothing when the count is 0 already."""
        with self._database.read() as transaction:
            if transaction.get_one(models.Book, self._book_id).failed_starts == 0:
                return
        with self._database.write() as transaction:
            transaction.execute(update(models.Book).filter_by(id=self._book_id).values(failed_starts=0))

    def beat(self, heartbeat: Heartbeat) -> None:
        """Replace the process's last sign of life; one that knows of no useful data keeps when there last was any."""
        with self._database.write() as transaction:
            known = transaction.get(models.Heartbeat, (self._book_id, heartbeat.process))
            row = models.Heartbeat(
                book_id=self._book_id,
                process=heartbeat.process,
                pid=heartbeat.pid,
                at=heartbeat.at,
                useful_at=heartbeat.useful_at or (known.useful_at if known else None),
            )
            transaction.merge(row)


def latest_session(transaction: Transaction, book_id: int) -> Session | None:
    """The run that began last; one-shot processes, which only carry out commands, are not runs."""
    return next(iter(latest_sessions(transaction, book_id, 1)), None)


def latest_sessions(transaction: Transaction, book_id: int, limit: int) -> tuple[Session, ...]:
    """The runs that began last, newest first."""
    query = (
        select(models.Session)
        .filter_by(book_id=book_id)
        .where(models.Session.kind != COMMANDS)
        .order_by(models.Session.started_at.desc())
        .limit(limit)
    )
    return tuple(session_of(row) for row in transaction.scalars(query))


def session_of(row: models.Session) -> Session:
    """The run a row holds."""
    return Session(
        id=row.id,
        kind=row.kind,
        mode=row.mode,
        strategy=row.strategy,
        symbols=tuple(row.symbols),
        settings=row.settings,
        duration_minutes=row.duration_minutes,
        started_at=row.started_at,
        deadline=row.deadline,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        exit_code=row.exit_code,
        plan=row.plan,
    )
