"""Commands that a killed process had taken."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import CommandKind, CommandStatus
from binance_trade_agent.storage import models
from binance_trade_agent.storage.audit import close_act

_TEXT = "the process that carried it out died: see orders and decisions for how far it came"


def fail_interrupted_commands(transaction: Session, book_id: int, at: datetime) -> int:
    """Finish them as failed, with their acts; returns how many.

    Only a flatten goes on: it knows from the books what is left to sell.
    """
    failed = transaction.scalars(
        update(models.Command)
        .filter_by(book_id=book_id, state="claimed")
        .where(models.Command.kind != CommandKind.FLATTEN.value)
        .values(state="finished", status=CommandStatus.FAILED.value, text=_TEXT, finished_at=at)
        .returning(models.Command.idempotency_key)
    ).all()
    for key in failed:
        close_act(transaction, book_id, key, outcome=CommandStatus.FAILED.value, answer=_TEXT, at=at)
    return len(failed)
