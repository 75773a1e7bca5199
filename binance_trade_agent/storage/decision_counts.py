"""Decisions of scheduled cycles, counted by hours, days and blocks of 30 days, so that no count grows with its span.

`books.counted_until` is the end of the newest hour that is counted: rows of `decision_counts` say the same as the
decisions before it, and those since are counted from their own rows. Whoever changes an earlier decision counts
its hour again, in the same transaction.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery

from binance_trade_agent.storage import models
from binance_trade_agent.storage.column_types import EPOCH

#: Hours of the periods that are counted; each is made of the one before it.
PERIODS_H = (1, 24, 720)
BY_INDEX = "INDEXED BY ix_decisions_summary"
ALIKE = ("symbol", "action", "outcome", "reason_code", "blocking_gate")

_HOUR = timedelta(hours=1)
_D, _N = models.Decision, models.DecisionCount


def count_finished(transaction: Session, book_id: int, now: datetime) -> bool:
    """Count the hours that ended by `now` and are not counted yet, and the longer periods that ended with them.

    Returns whether there were any such hours.
    """
    book = transaction.get_one(models.Book, book_id)
    target, begin = _floor(now, 1), book.counted_until
    if begin is not None and begin >= target:
        return False
    transaction.flush()
    fresh = list(_hours_with_decisions(transaction, book_id, begin, target))
    for hour in fresh:
        _count(transaction, book_id, 1, hour, None)
    for lower, hours in pairwise(PERIODS_H):
        touched = {_floor(hour, hours) for hour in fresh}
        if begin is not None and _floor(begin, hours) != begin:
            # its first hours were counted before
            touched.add(_floor(begin, hours))
        for period in sorted(touched):
            if period + hours * _HOUR <= target:
                _gather(transaction, book_id, lower, hours, period, None)
    book.counted_until = target
    return True


def count_again(transaction: Session, book_id: int, changed: Collection[tuple[str, datetime]]) -> None:
    """Let the counts follow decisions on these symbols at these times, which were added or changed."""
    until = transaction.get_one(models.Book, book_id).counted_until
    hours = {(symbol, _floor(at, 1)) for symbol, at in changed if until is not None and at < until}
    if until is None or not hours:
        return
    transaction.flush()
    for symbol, hour in hours:
        _forget(transaction, book_id, 1, hour, symbol)
        _count(transaction, book_id, 1, hour, symbol)
    for lower, length in pairwise(PERIODS_H):
        for symbol, period in {(symbol, _floor(hour, length)) for symbol, hour in hours}:
            if period + length * _HOUR <= until:
                _forget(transaction, book_id, length, period, symbol)
                _gather(transaction, book_id, lower, length, period, symbol)


def counted(
    transaction: Session, book_id: int, since: datetime, until: datetime, symbol: str | None
) -> Subquery:
    """Counts of all decisions in `[since, until)`, a row or several for those alike; NULL reads as ''."""
    known = transaction.scalar(select(models.Book.counted_until).filter_by(id=book_id))
    parts: list[Select[Any]] = []
    for begin, end, hours in pieces(since, until, known):
        if hours:
            own = [_N.symbol == symbol] if symbol else []
            parts.append(_stored(book_id, hours, begin, end).where(*own))
        else:
            own = [_D.symbol == symbol] if symbol else []
            parts.append(_single(book_id, begin, end).where(*own))
    return union_all(*parts).subquery()


def merged(found: Subquery) -> Select[Any]:
    """Rows of counts as one row for decisions that are alike, but for when the nearest of them was: `nearest_moments`."""
    alike = [found.c[name] for name in ALIKE]
    return select(
        *alike,
        cast(func.sum(found.c.number), BigInteger).label("number"),
        func.min(found.c.first_at).label("first_at"),
        func.max(found.c.last_at).label("last_at"),
        func.min(found.c.nearest).label("nearest"),
    ).group_by(*alike)


def nearest_moments(found: Subquery, nearest: Collection[float]) -> Select[Any]:
    """When decisions that are alike came as near as one of `nearest`; of equally near misses the last counts."""
    alike = [*(found.c[name] for name in ALIKE), found.c.nearest]
    return (
        select(*alike, func.max(found.c.nearest_at).label("nearest_at"))
        .where(found.c.nearest.in_(nearest))
        .group_by(*alike)
    )


def together(found: Subquery) -> Select[Any]:
    """`merged` with `nearest_moments` as one query, to be stored: it sorts all rows, which `found` has few of then."""
    alike = [found.c[name] for name in ALIKE]
    nearest = func.min(found.c.nearest).over(partition_by=alike).label("least")
    inner = select(found, nearest).subquery()
    last = case((inner.c.nearest == inner.c.least, inner.c.nearest_at))
    return select(
        *(inner.c[name] for name in ALIKE),
        cast(func.sum(inner.c.number), BigInteger).label("number"),
        func.min(inner.c.first_at).label("first_at"),
        func.max(inner.c.last_at).label("last_at"),
        func.min(inner.c.nearest).label("nearest"),
        func.max(last).label("nearest_at"),
    ).group_by(*(inner.c[name] for name in ALIKE))


def pieces(
    since: datetime, until: datetime, known: datetime | None
) -> Iterator[tuple[datetime, datetime, int]]:
    """`[since, until)` as begin, end and the periods that tell it, the longest that can; 0 stands for single rows."""
    end = min(_floor(until, 1), known) if known is not None else since
    yield from _within(since, max(until, since), end, len(PERIODS_H) - 1)


def _within(
    since: datetime, until: datetime, known: datetime, level: int
) -> Iterator[tuple[datetime, datetime, int]]:
    """As `pieces`, with periods up to the one of `level`; nothing after `known` is counted."""
    if level < 0:
        yield since, until, 0
        return
    hours = PERIODS_H[level]
    begin, end = _ceiling(since, hours), _floor(min(until, known), hours)
    if begin >= end:
        yield from _within(since, until, known, level - 1)
        return
    if since < begin:
        yield from _within(since, begin, known, level - 1)
    yield begin, end, hours
    if end < until:
        yield from _within(end, until, known, level - 1)


def _single(book_id: int, begin: datetime, end: datetime) -> Select[Any]:
    """Decisions as counts of one."""
    missed = case((_D.miss_distance.is_not(None), _D.decided_at), else_=null())
    columns: list[ColumnElement[Any]] = [
        _D.symbol.label("symbol"),
        func.coalesce(_D.action, "").label("action"),
        _D.outcome.label("outcome"),
        _D.reason_code.label("reason_code"),
        func.coalesce(_D.blocking_gate, "").label("blocking_gate"),
        literal(1, BigInteger).label("number"),
        _D.decided_at.label("first_at"),
        _D.decided_at.label("last_at"),
        _D.miss_distance.label("nearest"),
        missed.label("nearest_at"),
    ]
    return (
        select(*columns)
        .with_hint(_D, BY_INDEX, "sqlite")
        .where(_D.book_id == book_id, _D.decided_at >= begin, _D.decided_at < end, _D.scheduled.is_(True))
    )


def _stored(book_id: int, hours: int, begin: datetime, end: datetime) -> Select[Any]:
    alike = [getattr(_N, name) for name in ALIKE]
    return select(*alike, _N.number, _N.first_at, _N.last_at, _N.nearest, _N.nearest_at).where(
        _N.book_id == book_id, _N.hours == hours, _N.begins_at >= begin, _N.begins_at < end
    )


def _count(transaction: Session, book_id: int, hours: int, begin: datetime, symbol: str | None) -> None:
    own = [_D.symbol == symbol] if symbol else []
    _store(transaction, book_id, hours, begin, _single(book_id, begin, begin + hours * _HOUR).where(*own))


def _gather(
    transaction: Session, book_id: int, lower: int, hours: int, begin: datetime, symbol: str | None
) -> None:
    own = [_N.symbol == symbol] if symbol else []
    _store(
        transaction, book_id, hours, begin, _stored(book_id, lower, begin, begin + hours * _HOUR).where(*own)
    )


def _store(transaction: Session, book_id: int, hours: int, begin: datetime, rows: Select[Any]) -> None:
    counts = together(rows.subquery()).subquery()
    names = [column.name for column in counts.c]
    whole = select(literal(book_id), literal(hours), literal(begin, _N.begins_at.type), *counts.c)
    transaction.execute(insert(_N).from_select(["book_id", "hours", "begins_at", *names], whole))


def _forget(transaction: Session, book_id: int, hours: int, begin: datetime, symbol: str) -> None:
    own: list[ColumnElement[bool]] = [_N.book_id == book_id, _N.hours == hours, _N.begins_at == begin]
    transaction.execute(delete(_N).where(*own, _N.symbol == symbol))


def _hours_with_decisions(
    transaction: Session, book_id: int, begin: datetime | None, target: datetime
) -> Iterator[datetime]:
    """Hours from `begin` on that hold decisions, rising: what was slept through is skipped."""
    first = select(func.min(_D.decided_at)).where(_D.book_id == book_id, _D.decided_at < target)
    while True:
        found = transaction.scalar(first if begin is None else first.where(_D.decided_at >= begin))
        if found is None:
            return
        hour = _floor(found, 1)
        yield hour
        begin = hour + _HOUR


def _floor(at: datetime, hours: int) -> datetime:
    return at - (at - EPOCH) % (hours * _HOUR)


def _ceiling(at: datetime, hours: int) -> datetime:
    return at + (EPOCH - at) % (hours * _HOUR)
