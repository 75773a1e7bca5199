"""Snapshots of equity by days that are over: a year's curve is read from as many rows as it has days."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Row,
    cast,
    delete,
    extract,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from binance_trade_agent.domain.equity_curve import (
    CurvePoint,
    DayDigest,
    digest,
    moment_of,
)
from binance_trade_agent.storage import models
from binance_trade_agent.storage.column_types import EPOCH

_DAY = timedelta(days=1)
_ROWS_AT_A_TIME = 2000

_E, _Y = models.EquitySnapshot, models.EquityDay


def digest_finished(transaction: Session, book_id: int, now: datetime) -> None:
    """Digest the days that ended by `now` and are not digested yet."""
    transaction.flush()
    newest = transaction.scalar(select(func.max(_Y.begins_at)).where(_Y.book_id == book_id))
    begin = newest + _DAY if newest else None
    while (day := _next_day(transaction, book_id, begin, day_of(now))) is not None:
        points = list(points_between(transaction, book_id, day, day + _DAY))
        transaction.add(_row(book_id, day, points))
        begin = day + _DAY


def forget_since(transaction: Session, book_id: int, at: datetime) -> None:
    """Let days be digested again: a snapshot of `at`, in one of them, came late."""
    transaction.execute(delete(_Y).where(_Y.book_id == book_id, _Y.begins_at >= day_of(at)))


def curve_between(
    transaction: Session, book_id: int, begin: datetime, end: datetime
) -> Iterator[CurvePoint | DayDigest]:
    """The snapshots in `[begin, end)`, rising; days that are digested and wholly within it as digests."""
    at = begin
    for row in transaction.execute(_digests(transaction, book_id, begin, end)):
        if at < row.begins_at:
            yield from points_between(transaction, book_id, at, row.begins_at)
        yield _digest(row)
        at = row.begins_at + _DAY
    yield from points_between(transaction, book_id, at, end)


def points_of(transaction: Session, book_id: int, day: DayDigest) -> Iterator[CurvePoint]:
    """The snapshots that were digested."""
    begin = day_of(moment_of(day.first[0]))
    return points_between(transaction, book_id, begin, begin + _DAY)


def points_between(
    transaction: Session, book_id: int, begin: datetime, end: datetime
) -> Iterator[CurvePoint]:
    """The snapshots in `[begin, end)` that know what was put in, rising."""
    query = (
        select(
            microseconds(transaction, _E.at),
            cast(_E.cash, Double) + cast(_E.positions_value, Double),
            cast(_E.positions_value, Double),
            cast(_E.contributed, Double),
        )
        .where(_E.book_id == book_id, _E.at >= begin, _E.at < end, _E.contributed.is_not(None))
        .order_by(_E.at)
    )
    found = transaction.connection().execute(query, execution_options={"yield_per": _ROWS_AT_A_TIME})
    for partition in found.partitions():
        yield from _points(partition)


def day_of(at: datetime) -> datetime:
    """The beginning of its day (UTC)."""
    return at - (at - EPOCH) % _DAY


def _points(rows: Any) -> Iterator[CurvePoint]:
    yield from rows


def _next_day(transaction: Session, book_id: int, begin: datetime | None, end: datetime) -> datetime | None:
    first = select(func.min(_E.at)).where(_E.book_id == book_id, _E.at < end, _E.contributed.is_not(None))
    found = transaction.scalar(first if begin is None else first.where(_E.at >= begin))
    return None if found is None else day_of(found)


def microseconds(transaction: Session, column: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    """An instant without the cost of a datetime for each row."""
    if transaction.get_bind().dialect.name == "sqlite":
        return type_coerce(column, BigInteger)
    return cast(extract("epoch", column) * 1_000_000, BigInteger)


def _row(book_id: int, day: datetime, points: list[CurvePoint]) -> models.EquityDay:
    return models.EquityDay(book_id=book_id, begins_at=day, **digested(points))


def digested(points: list[CurvePoint]) -> dict[str, Any]:
    """The columns of a day."""
    told = digest(points)
    return {
        **_end("first", told.first),
        **_end("last", told.last),
        "growth": told.growth,
        "high": told.high,
        "high_at": moment_of(told.high_us),
        "low": told.low,
        "low_at": moment_of(told.low_us),
        "fall": told.fall,
        "invested_us": told.invested_us,
        "lowest_at": moment_of(min(points, key=lambda point: point[1])[0]),
        "highest_at": moment_of(max(points, key=lambda point: point[1])[0]),
    }


def _end(name: str, point: CurvePoint) -> dict[str, Any]:
    at_us, total, invested, contributed = point
    return {
        f"{name}_at": moment_of(at_us),
        f"{name}_total": total,
        f"{name}_invested": invested,
        f"{name}_contributed": contributed,
    }


def _digests(transaction: Session, book_id: int, begin: datetime, end: datetime) -> Any:
    """The query of the digested days wholly in `[begin, end)`, rising: columns, for there may be hundreds."""
    moments = {"first_us": _Y.first_at, "last_us": _Y.last_at, "high_us": _Y.high_at, "low_us": _Y.low_at}
    return (
        select(
            _Y.begins_at,
            *(microseconds(transaction, column).label(name) for name, column in moments.items()),
            *(_Y.first_total, _Y.first_invested, _Y.first_contributed),
            *(_Y.last_total, _Y.last_invested, _Y.last_contributed),
            *(_Y.growth, _Y.high, _Y.low, _Y.fall, _Y.invested_us),
        )
        .where(_Y.book_id == book_id, _Y.begins_at >= begin, _Y.begins_at <= end - _DAY)
        .order_by(_Y.begins_at)
    )


def _digest(row: Row[Any]) -> DayDigest:
    return DayDigest(
        first=(row.first_us, row.first_total, row.first_invested, row.first_contributed),
        last=(row.last_us, row.last_total, row.last_invested, row.last_contributed),
        growth=row.growth,
        high=row.high,
        high_us=row.high_us,
        low=row.low,
        low_us=row.low_us,
        fall=row.fall,
        invested_us=row.invested_us,
    )
