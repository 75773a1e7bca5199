"""Series of equity for charts: thinned without losing a peak or a trough, beside buy-and-hold, by days."""

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
from binance_trade_agent.storage.equity_days import day_of, microseconds, points_between
from binance_trade_agent.storage.kept_equity import KeptEquity
from binance_trade_agent.storage.sessions import COMMANDS

_DAY = timedelta(days=1)
#: Longer spans are told by days, of which digests are stored. A week that begins at 00:00 is shorter.
_BY_SNAPSHOTS = timedelta(days=8)

_E, _Y = models.EquitySnapshot, models.EquityDay

#: When equity was first, last, lowest and highest in a piece of time.
Moments = tuple[datetime, datetime, datetime, datetime]


def equity_curve(
    transaction: Session, kept: KeptEquity, since: datetime, until: datetime, points: int
) -> tuple[EquityBucket, ...]:
    """At most about `points` pieces of `[since, until)` that have snapshots."""
    book_id = kept.book_id
    begin = _begin(transaction, book_id, since, until)
    if begin is None:
        return ()
    if until - begin > _BY_SNAPSHOTS:
        days = _day_pieces(transaction, book_id, begin, until)
        return _buckets(transaction, kept, _joined_pieces(transaction, kept, days, points))
    width = timedelta(microseconds=_width_us(begin, until, points))
    return _buckets(transaction, kept, _pieces(transaction, book_id, begin, until, begin, width))


def against_holding(
    transaction: Session, kept: KeptEquity, since: datetime, until: datetime, points: int
) -> tuple[HoldPoint, ...]:
    """The last snapshots of the pieces, each beside its worth had the first been held in the session's symbols.

    What is put in or taken out later is so of both.
    """
    rows = _ends(transaction, kept, since, until, points)
    if not rows:
        return ()
    symbols = _symbols(transaction, kept.book_id, rows[0].at)
    prices = [kept.prices(transaction, symbol, [row.at for row in rows]) for symbol in symbols]
    levels = [_level(prices, row.at, rows[0].at) for row in rows]
    hold: Decimal | None = rows[0].total if levels[0] is not None else None
    told = [HoldPoint(rows[0].at, rows[0].total, hold)]
    for (before, row), (level_before, level) in zip(pairwise(rows), pairwise(levels), strict=True):
        if hold is not None and level is not None and level_before:
            hold = hold * level / level_before + _put_in(row) - _put_in(before)
        told.append(HoldPoint(row.at, row.total, hold))
    return tuple(told)


def daily_profits(
    transaction: Session, kept: KeptEquity, since: datetime, until: datetime
) -> tuple[DayProfit, ...]:
    """Days with snapshots, rising; the first is told against the last snapshot before the time."""
    before = transaction.scalar(
        select(_E.at).where(_E.book_id == kept.book_id, _E.at < since).order_by(_E.at.desc()).limit(1)
    )
    ends = [last for _, last, *_ in _day_pieces(transaction, kept.book_id, since, until)]
    rows = kept.rows(transaction, [*ends, before] if before else ends)
    profit = profit_of(rows[before]) if before else Decimal(0)
    days = []
    for row in (rows[at] for at in ends):
        days.append(DayProfit(row.at.date(), profit_of(row) - profit, row.total))
        profit = profit_of(row)
    return tuple(days)


def _ends(
    transaction: Session, kept: KeptEquity, since: datetime, until: datetime, points: int
) -> list[EquityRow]:
    """The last snapshots of the pieces that `equity_curve` tells."""
    book_id = kept.book_id
    begin = _begin(transaction, book_id, since, until)
    if begin is None:
        return []
    if until - begin > _BY_SNAPSHOTS:
        ends = [last for _, last, *_ in _day_pieces(transaction, book_id, begin, until)]
        size = _size(len(ends), points)
        moments = [*ends[size - 1 :: size], ends[-1]] if ends else []
    else:
        number = (microseconds(transaction, _E.at) - microseconds_of(begin)) // _width_us(
            begin, until, points
        )
        last = select(func.max(_E.at)).where(_E.book_id == book_id, _E.at >= begin, _E.at < until)
        moments = list(transaction.scalars(last.where(_E.contributed.is_not(None)).group_by(number)))
    rows = kept.rows(transaction, moments)
    return [rows[at] for at in sorted(rows)]


def _begin(transaction: Session, book_id: int, since: datetime, until: datetime) -> datetime | None:
    """Where the snapshots of a time begin; None if it has none."""
    first = transaction.scalar(select(func.min(_E.at)).where(_E.book_id == book_id, _E.at >= since))
    return None if first is None or first >= until else max(since, first)


def _width_us(begin: datetime, until: datetime, points: int) -> int:
    """Rounded up to three binary digits: pieces that grew with each second would never be those of before."""
    width = max(-(-((until - begin) // timedelta(microseconds=1)) // points), 1)
    step = 1 << max(width.bit_length() - 3, 0)
    return -(-width // step) * step


def _size(days: int, points: int) -> int:
    """How many days make a piece."""
    return -(-days // points) or 1


def _day_pieces(transaction: Session, book_id: int, since: datetime, until: datetime) -> list[Moments]:
    """Days, rising: whole ones from their digests, others from their snapshots."""
    stored = (
        select(_Y.begins_at, _Y.first_at, _Y.last_at, _Y.lowest_at, _Y.highest_at)
        .where(_Y.book_id == book_id, _Y.begins_at >= since, _Y.begins_at <= until - _DAY)
        .order_by(_Y.begins_at)
    )
    pieces: list[Moments] = []
    at = since
    for begins_at, first, last, lowest, highest in transaction.execute(stored):
        if at < begins_at:
            pieces += _pieces(transaction, book_id, at, begins_at, day_of(at), _DAY)
        pieces.append((first, last, lowest, highest))
        at = begins_at + _DAY
    return pieces + _pieces(transaction, book_id, at, until, day_of(at), _DAY)


def _joined_pieces(transaction: Session, kept: KeptEquity, days: list[Moments], points: int) -> list[Moments]:
    """At most `points` of them, each of several neighbours."""
    size = _size(len(days), points)
    if size == 1:
        return days
    rows = kept.rows(transaction, {at for _, _, *ends in days for at in ends})
    totals = {at: row.total for at, row in rows.items()}
    groups = [days[place : place + size] for place in range(0, len(days), size)]
    return [
        (
            own[0][0],
            own[-1][1],
            min((lowest for _, _, lowest, _ in own), key=totals.__getitem__),
            max((highest for _, _, _, highest in own), key=totals.__getitem__),
        )
        for own in groups
    ]


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


def _buckets(transaction: Session, kept: KeptEquity, pieces: list[Moments]) -> tuple[EquityBucket, ...]:
    rows = kept.rows(transaction, {at for moments in pieces for at in moments})
    return tuple(EquityBucket(*(rows[at] for at in moments)) for moments in pieces)


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


def _level(prices: list[dict[datetime, Decimal | None]], at: datetime, begin: datetime) -> Decimal | None:
    """The mean of the symbols' prices, each in units of its first; None where none had a price."""
    ratios = [now / then for own in prices if (now := own.get(at)) and (then := own.get(begin))]
    return sum(ratios, Decimal(0)) / len(ratios) if ratios else None


def _put_in(row: EquityRow) -> Decimal:
    return row.contributed if row.contributed is not None else Decimal(0)
