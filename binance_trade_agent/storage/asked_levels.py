"""Stops and targets that people asked for, a row a position; gone with its round trip."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.records import AskedLevelsRow, ProtectionTerms
from binance_trade_agent.domain.round_trips import RoundTrip
from binance_trade_agent.storage import models
from binance_trade_agent.storage.sessions import latest_session
from binance_trade_agent.storage.symbol_rules import rules_of


def all_asked(transaction: Session, book_id: int) -> tuple[AskedLevelsRow, ...]:
    """Those of a book, by symbol."""
    query = select(models.AskedLevels).filter_by(book_id=book_id).order_by(models.AskedLevels.symbol)
    return tuple(
        AskedLevelsRow(row.symbol, row.stop_price, row.target_price, row.actor, row.reason, row.at)
        for row in transaction.scalars(query)
    )


def protection_terms(transaction: Session, book_id: int, symbols: Collection[str]) -> ProtectionTerms:
    """What decides where the stops and targets of `symbols` lie."""
    newest = latest_session(transaction, book_id)
    rules = rules_of(transaction, book_id, symbols)
    ticks: dict[str, Decimal] = {}
    for each in rules:
        ticks[each.symbol] = min(each.tick_size, ticks.get(each.symbol, each.tick_size))
    return ProtectionTerms(newest.settings if newest else {}, ticks, all_asked(transaction, book_id), rules)


def asked_of(transaction: Session, book_id: int, symbol: str) -> AskedLevelsRow | None:
    """Those of a symbol."""
    return next((row for row in all_asked(transaction, book_id) if row.symbol == symbol), None)


def store_asked(transaction: Session, book_id: int, row: AskedLevelsRow) -> None:
    """Let `row` be what is asked of its symbol."""
    transaction.merge(
        models.AskedLevels(
            book_id=book_id,
            symbol=row.symbol,
            stop_price=row.stop_price,
            target_price=row.target_price,
            actor=row.actor,
            reason=row.reason,
            at=row.at,
        )
    )


def forget_asked(transaction: Session, book_id: int, symbol: str) -> None:
    """Remove those of `symbol`."""
    row = transaction.get(models.AskedLevels, (book_id, symbol))
    if row is not None:
        transaction.delete(row)


def forget_closed(
    transaction: Session, book_id: int, symbol: str, before: int, first: int, trips: Sequence[RoundTrip]
) -> None:
    """Remove those of `symbol` if a booking closed the round trip they were for.

    `before` is the number of the newest trip before it, `trips` are those after it from number `first` on.
    """
    if not trips or trips[-1].closed_at is not None or first + len(trips) - 1 > before:
        forget_asked(transaction, book_id, symbol)
