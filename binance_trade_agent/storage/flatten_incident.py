"""The incident of a flatten: open from the transaction that stores the flatten to the one that ends it."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.acts import FLATTEN_INCIDENT, Act
from binance_trade_agent.storage import models


def raise_flatten(transaction: Session, book_id: int, act: Act) -> None:
    """Open the incident, unless one is open."""
    is_open = select(models.Incident.id).filter_by(book_id=book_id, key=FLATTEN_INCIDENT, cleared_at=None)
    if transaction.scalar(is_open) is not None:
        return
    text = f"a flatten by {act.actor} has not ended since {act.at:%Y-%m-%d %H:%M:%S} UTC"
    transaction.add(
        models.Incident(
            book_id=book_id, key=FLATTEN_INCIDENT, text=text, severity="warning", opened_at=act.at
        )
    )


def clear_flatten(transaction: Session, book_id: int, at: datetime) -> None:
    """Close the incident, unless another flatten waits."""
    waits = (
        select(models.Command.id)
        .filter_by(book_id=book_id, kind=FLATTEN_INCIDENT)
        .where(models.Command.state != "finished")
        .limit(1)
    )
    transaction.flush()
    if transaction.scalar(waits) is not None:
        return
    transaction.execute(
        update(models.Incident)
        .filter_by(book_id=book_id, key=FLATTEN_INCIDENT, cleared_at=None)
        .values(cleared_at=at)
    )
