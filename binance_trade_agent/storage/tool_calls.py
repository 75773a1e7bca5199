"""The calls over MCP."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import Book
from binance_trade_agent.domain.tool_calls import ASKED, DONE, ToolCall
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database

_ROW = models.ToolCall
#: What ended as it should: all else was refused, or went wrong.
_ACCEPTED = (DONE, ASKED)


class SqlToolCalls:
    """Writes calls in batches, and lets go of old ones."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book = book

    def write(self, calls: Sequence[ToolCall]) -> None:
        """Add calls in one transaction."""
        rows = [asdict(call) | {"book_id": self._book.id} for call in calls]
        if rows:
            with self._database.write() as transaction:
                transaction.execute(insert(_ROW), rows)

    def prune(self, *, older_than: datetime, keep: int, at_most: int) -> int:
        """Delete what is older, and what goes beyond the `keep` newest; `at_most` rows of each."""
        of_book = select(_ROW.id).filter_by(book_id=self._book.id)
        old = of_book.where(_ROW.at < older_than).order_by(_ROW.at).limit(at_most)
        beyond = of_book.order_by(_ROW.at.desc(), _ROW.id.desc()).offset(keep).limit(at_most)
        with self._database.read() as transaction:
            ids = {*transaction.scalars(old), *transaction.scalars(beyond)}
        if ids:
            with self._database.write() as transaction:
                transaction.execute(delete(_ROW).where(_ROW.id.in_(ids)))
        return len(ids)


def tool_calls(
    transaction: Session, book_id: int, *, limit: int, caller: str | None, refused_only: bool
) -> tuple[ToolCall, ...]:
    """The newest calls of a book, newest first."""
    query = select(_ROW).filter_by(book_id=book_id).order_by(_ROW.at.desc(), _ROW.id.desc()).limit(limit)
    if caller is not None:
        query = query.filter_by(caller=caller)
    if refused_only:
        query = query.where(_ROW.outcome.not_in(_ACCEPTED))
    return tuple(_shown(row) for row in transaction.scalars(query))


def _shown(row: models.ToolCall) -> ToolCall:
    return ToolCall(
        at=row.at,
        caller=row.caller,
        tier=row.tier,
        tool=row.tool,
        arguments=row.arguments,
        outcome=row.outcome,
        took_ms=row.took_ms,
    )
