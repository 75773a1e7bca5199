"""How a book stands: what is counted and open now, for a status page."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import Heartbeat, Incident
from binance_trade_agent.storage import models

_INCIDENTS = 100


def unscheduled_decisions(transaction: Session, book_id: int) -> int:
    """How many no schedule began, but a fill or a person: few, so that they can be counted each time."""
    query = (
        select(func.count(models.Decision.id))
        # by itself SQLite goes through the index of all decisions
        .with_hint(models.Decision, "INDEXED BY ix_decisions_unscheduled", "sqlite")
        .where(models.Decision.book_id == book_id, models.UNSCHEDULED)
    )
    return transaction.scalar(query) or 0


def orders_by_status(transaction: Session, book_id: int) -> dict[str, int]:
    """Status -> number of orders."""
    query = select(models.Order.status, func.count()).filter_by(book_id=book_id).group_by(models.Order.status)
    return dict(transaction.execute(query).all())


def heartbeats(transaction: Session, book_id: int) -> tuple[Heartbeat, ...]:
    """The newest of each process, by its name."""
    query = select(models.Heartbeat).filter_by(book_id=book_id).order_by(models.Heartbeat.process)
    return tuple(Heartbeat(row.process, row.pid, row.at, row.useful_at) for row in transaction.scalars(query))


def open_incidents(transaction: Session, book_id: int) -> tuple[Incident, ...]:
    """Oldest first."""
    query = (
        select(models.Incident)
        .filter_by(book_id=book_id, cleared_at=None)
        .order_by(models.Incident.opened_at)
        .limit(_INCIDENTS)
    )
    return tuple(
        Incident(row.key, row.text, row.severity, row.opened_at) for row in transaction.scalars(query)
    )
