"""Series of equity for charts: thinned without losing a peak or a trough, beside buy-and-hold, by days."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.equity_curve import microseconds_of, moment_of
from binance_trade_agent.domain.history_rows import DayProfit, EquityBucket, HoldPoint
from binance_trade_agent.domain.performance import profit_of
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.storage import models
from binance_trade_agent.storage.equity_days import day_of, points_between
from binance_trade_agent.storage.sessions import COMMANDS
from binance_trade_agent.storage.shown import equity_shown

_DAY = timedelta(days=1)
#: Longer spans are told by days, of which digests are stored.
_BY_SNAPSHOTS = timedelta(days=31)
#: Moments asked for in one query.
_AT_A_TIME = 500

_E, _Y, _D = models.EquitySnapshot, models.EquityDay, models.Decision

#: When equity was first, last, lowest and highest in a piece of time.
Moments = tuple[datetime, datetime, datetime, datetime]


def equity_curve(
    transaction: Session, book_id: int, since: datetime, until: datetime, points: int
) -> tuple[EquityBucket, ...]:
    """At most about `points` pieces of `[since, until)` that have snapshots."""
    first = transaction.scalar(select(func.min(_E.at)).where(_E.book_id == book_id, _E.at >= since))
    if first is None or first >= until:
        return ()
    begin = max(since, first)
    if until - begin > _BY_SNAPSHOTS:
        return _joined(_days(transaction, book_id, begin, until), points)
    width = max((until - begin) // points, timedelta(microseconds=1))
    return _buckets(transaction, book_id, _pieces(transaction, book_id, begin, until, begin, width))


def against_holding(
    transaction: Session, book_id: int, since: datetime, until: datetime, points: int
) -> tuple[HoldPoint, ...]:
    """The last snapshots of the pieces, each beside its worth had the first been held in the session's symbols.

    What is put in or taken out later is so of both.
    """
    rows = [bucket.last for bucket in equity_curve(transaction, book_id, since, until, points)]
    if not rows:
        return ()
    symbols = _symbols(transaction, book_id, rows[0].at)
    prices = [_prices(transaction, book_id, symbol, [row.at for row in rows]) for symbol in symbols]
    levels = [_level(prices, row.at, rows[0].at) for row in rows]
    hold: Decimal | None = rows[0].total if levels[0] is not None else None
    told = [HoldPoint(rows[0].at, rows[0].total, hold)]
    for (before, row), (level_before, level) in zip(pairwise(rows), pairwise(levels), strict=True):
        if hold is not None and level is not None and level_before:
            hold = hold * level / level_before + _put_in(row) - _put_in(before)
        told.append(HoldPoint(row.at, row.total, hold))
    return tuple(told)


def daily_profits(
    transaction: Session, book_id: int, since: datetime, until: datetime
) -> tuple[DayProfit, ...]:
    """Days with snapshots, rising; the first is told against the last snapshot before the time."""
    before = transaction.scalar(
        select(_E.at).where(_E.book_id == book_id, _E.at < since).order_by(_E.at.desc()).limit(1)
    )
    ends = [bucket.last for bucket in _days(transaction, book_id, since, until)]
    profit = profit_of(_snapshots(transaction, book_id, [before])[before]) if before else Decimal(0)
    days = []
    for row in ends:
        days.append(DayProfit(row.at.date(), profit_of(row) - profit, row.total))
        profit = profit_of(row)
    return tuple(days)


def _days(transaction: Session, book_id: int, since: datetime, until: datetime) -> tuple[EquityBucket, ...]:
    """A bucket a day: of whole days from their digests, of others from their snapshots."""
    stored = select(_Y).where(_Y.book_id == book_id, _Y.begins_at >= since, _Y.begins_at <= until - _DAY)
    pieces: list[Moments] = []
    at = since
    for day in transaction.scalars(stored.order_by(_Y.begins_at)):
        if at < day.begins_at:
            pieces += _pieces(transaction, book_id, at, day.begins_at, day_of(at), _DAY)
        pieces.append((day.first_at, day.last_at, day.lowest_at, day.highest_at))
        at = day.begins_at + _DAY
    pieces += _pieces(transaction, book_id, at, until, day_of(at), _DAY)
    return _buckets(transaction, book_id, pieces)


def _joined(buckets: tuple[EquityBucket, ...], points: int) -> tuple[EquityBucket, ...]:
    """At most `points` of them, each of several neighbours."""
    size = -(-len(buckets) // points) or 1
    groups = (buckets[place : place + size] for place in range(0, len(buckets), size))
    return tuple(
        EquityBucket(
            own[0].first,
            own[-1].last,
            min((bucket.lowest for bucket in own), key=_total_of),
            max((bucket.highest for bucket in own), key=_total_of),
        )
        for own in groups
    )


def _total_of(row: EquityRow) -> Decimal:
    return row.total


def _pieces(
    transaction: Session,
    book_id: int,
    since: datetime,
    until: datetime,
    begin: datetime,
    width: timedelta,
) -> list[Moments]:
    """The snapshots in `[since, until)` by pieces of `width` from `begin` on."""
    begin_us, width_us = microseconds_of(begin), width // timedelta(microseconds=1)
    found = points_between(transaction, book_id, since, until)
    pieces: list[Moments] = []
    for _, own in groupby(found, key=lambda point: (point[0] - begin_us) // width_us):
        piece = list(own)
        low, high = min(piece, key=lambda one: one[1]), max(piece, key=lambda one: one[1])
        moments = (moment_of(piece[0][0]), moment_of(piece[-1][0]), moment_of(low[0]), moment_of(high[0]))
        pieces.append(moments)
    return pieces


def _buckets(transaction: Session, book_id: int, pieces: list[Moments]) -> tuple[EquityBucket, ...]:
    rows = _snapshots(transaction, book_id, {at for moments in pieces for at in moments})
    return tuple(EquityBucket(*(rows[at] for at in moments)) for moments in pieces)


def _snapshots(transaction: Session, book_id: int, moments: Iterable[datetime]) -> dict[datetime, EquityRow]:
    wanted = sorted(set(moments))
    rows: dict[datetime, EquityRow] = {}
    for place in range(0, len(wanted), _AT_A_TIME):
        some = wanted[place : place + _AT_A_TIME]
        query = select(_E).where(_E.book_id == book_id, _E.at.in_(some))
        rows |= {row.at: equity_shown(row) for row in transaction.scalars(query)}
    return rows


def _symbols(transaction: Session, book_id: int, at: datetime) -> tuple[str, ...]:
    """Those of the session that was under way."""
    query = (
        select(models.Session.symbols)
        .where(models.Session.book_id == book_id, models.Session.started_at <= at)
        .where(models.Session.kind != COMMANDS)
        .order_by(models.Session.started_at.desc())
        .limit(1)
    )
    return tuple(transaction.scalar(query) or ())


def _prices(
    transaction: Session, book_id: int, symbol: str, moments: list[datetime]
) -> dict[datetime, Decimal | None]:
    """Moment of a snapshot -> the price that the newest decision by then saw."""
    price = (
        select(_D.price)
        .where(
            _D.book_id == _E.book_id,
            _D.symbol == symbol,
            _D.decided_at <= _E.at,
            _D.price.is_not(None),
        )
        .order_by(_D.decided_at.desc())
        .limit(1)
        .correlate(_E)
        .scalar_subquery()
    )
    query = select(_E.at, price.label("price")).where(_E.book_id == book_id, _E.at.in_(moments))
    return {row.at: row.price for row in transaction.execute(query)}


def _level(prices: list[dict[datetime, Decimal | None]], at: datetime, begin: datetime) -> Decimal | None:
    """The mean of the symbols' prices, each in units of its first; None where none had a price."""
    ratios = [now / then for own in prices if (now := own.get(at)) and (then := own.get(begin))]
    return sum(ratios, Decimal(0)) / len(ratios) if ratios else None


def _put_in(row: EquityRow) -> Decimal:
    return row.contributed if row.contributed is not None else Decimal(0)
