"""The audit: who did what, why, what it changed and how it ended."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.acts import Act, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import KeySpent
from binance_trade_agent.storage import models


def act_with_key(transaction: Session, book_id: int, act: Act) -> models.Audit | None:
    """The act that spent the key of `act`; None if its key is free.

    Raises:
        ConfigurationError: the key stands for an act of another kind.
    """
    if act.idempotency_key is None:
        return None
    row = transaction.scalar(
        select(models.Audit).filter_by(book_id=book_id, idempotency_key=act.idempotency_key)
    )
    if row is not None and row.action != act.kind.value:
        raise KeySpent(
            f"the idempotency key {act.idempotency_key!r} was used for another act ({row.action}); use a new key"
        )
    return row


def write_act(
    transaction: Session,
    book_id: int,
    act: Act,
    *,
    before: str | None = None,
    after: str | None = None,
    outcome: ActOutcome | None = None,
    answer: str | None = None,
    details: Mapping[str, str] | None = None,
) -> models.Audit:
    """Add the row of an act; one without an outcome is closed by `close_act`."""
    row = models.Audit(
        book_id=book_id,
        at=act.at,
        actor=act.actor,
        channel=act.channel,
        action=act.kind.value,
        text=act.reason,
        details=dict(details or {}),
        idempotency_key=act.idempotency_key,
        before=before,
        after=after,
        outcome=outcome.value if outcome else None,
        answer=answer,
        finished_at=act.at if outcome else None,
    )
    transaction.add(row)
    return row


def close_act(
    transaction: Session,
    book_id: int,
    idempotency_key: str,
    *,
    outcome: str,
    answer: str,
    at: datetime,
    before: str | None = None,
    after: str | None = None,
) -> None:
    """Write how the act with the key ended; what is None stays as it is."""
    values: dict[str, str | datetime] = {"outcome": outcome, "answer": answer, "finished_at": at}
    values |= {name: text for name, text in (("before", before), ("after", after)) if text is not None}
    transaction.execute(
        update(models.Audit).filter_by(book_id=book_id, idempotency_key=idempotency_key).values(**values)
    )


def audit_shown(row: models.Audit) -> AuditRow:
    """An act as people see it."""
    return AuditRow(
        id=row.id,
        at=row.at,
        actor=row.actor,
        channel=row.channel,
        action=row.action,
        reason=row.text,
        before=row.before,
        after=row.after,
        idempotency_key=row.idempotency_key,
        outcome=row.outcome,
        answer=row.answer,
        finished_at=row.finished_at,
        details=row.details,
    )
