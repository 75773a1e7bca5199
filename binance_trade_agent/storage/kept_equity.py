"""Snapshots of equity that were read before, and the prices by then: a chart asks for hundreds of them at each cycle.

A snapshot is stored in one transaction with the decisions of its cycle, and neither is priced anew: so what was read
once holds for ever.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.equity_curve import CurvePoint, DayDigest
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.storage import models
from binance_trade_agent.storage.equity_days import points_of
from binance_trade_agent.storage.shown import equity_shown

#: What is kept: some charts of a year, a few megabytes.
_MOST_ROWS, _MOST_PRICES, _MOST_POINTS = 4000, 6000, 20_000
#: Moments asked for in one query.
_AT_A_TIME = 500
#: A day that was not asked for while so many others were makes room: more than there are in a scan of ten years.
_FORGOTTEN_AFTER = 4000

_E, _D = models.EquitySnapshot, models.Decision
#: Columns, not rows of the session: there may be hundreds.
_SHOWN = (_E.at, _E.quote, _E.cash, _E.positions_value, _E.realised, _E.unrealised, _E.contributed)
K = TypeVar("K")
V = TypeVar("V")


class KeptEquity:
    """Of one book; may be shared by threads, and keeps at most so many points of days."""

    def __init__(
        self, book_id: int, *, most_points: int = _MOST_POINTS, forgotten_after: int = _FORGOTTEN_AFTER
    ) -> None:
        self.book_id = book_id
        self._most_points, self._forgotten_after = most_points, forgotten_after
        self._lock = threading.Lock()
        self._rows: dict[datetime, EquityRow] = {}
        self._prices: dict[tuple[str, datetime], Decimal | None] = {}
        #: By last use, the longest ago first, each with the number of that use.
        self._points: dict[DayDigest, tuple[int, list[CurvePoint]]] = {}
        self._points_held = self._points_asked = 0

    def rows(self, transaction: Session, moments: Iterable[datetime]) -> dict[datetime, EquityRow]:
        """Moment -> its snapshot, of those there are."""
        wanted = set(moments)
        with self._lock:
            found = {at: self._rows[at] for at in wanted & self._rows.keys()}
        read: dict[datetime, EquityRow] = {}
        for some in _portions(wanted - found.keys()):
            query = select(*_SHOWN).where(_E.book_id == self.book_id, _E.at.in_(some))
            rows: Iterable[Any] = transaction.execute(query)
            read |= {row.at: equity_shown(row) for row in rows}
        self._keep(self._rows, read, _MOST_ROWS)
        return found | read

    def prices(
        self, transaction: Session, symbol: str, moments: Iterable[datetime]
    ) -> dict[datetime, Decimal | None]:
        """Moment of a snapshot -> the price that the newest decision by then saw."""
        wanted = set(moments)
        with self._lock:
            found = {at: self._prices[symbol, at] for at in wanted if (symbol, at) in self._prices}
        read: dict[datetime, Decimal | None] = {}
        for some in _portions(wanted - found.keys()):
            read |= _prices(transaction, self.book_id, symbol, some)
        self._keep(self._prices, {(symbol, at): price for at, price in read.items()}, _MOST_PRICES)
        return found | read

    def points(self, transaction: Session, day: DayDigest) -> list[CurvePoint]:
        """The snapshots of a digested day, rising: a snapshot that comes late makes it another digest.

        Days are gone through one after the other, again and again: once it is full, what is kept stays, for a new day
        in the place of an old one would be gone itself when it is asked for the next time.
        """
        with self._lock:
            self._points_asked += 1
            kept = self._points.pop(day, None)
            if kept is not None:
                self._points[day] = (self._points_asked, kept[1])
                return kept[1]
        found = list(points_of(transaction, self.book_id, day))
        with self._lock:
            self._forget_points(len(found))
            if day not in self._points and self._points_held + len(found) <= self._most_points:
                self._points[day] = (self._points_asked, found)
                self._points_held += len(found)
        return found

    def _forget_points(self, wanted: int) -> None:
        """Make room for so many, of days that nobody asks for any more."""
        while self._points and self._points_held + wanted > self._most_points:
            oldest = next(iter(self._points))
            used, points = self._points[oldest]
            if self._points_asked - used < self._forgotten_after:
                return
            del self._points[oldest]
            self._points_held -= len(points)

    def _keep(self, kept: dict[K, V], read: Mapping[K, V], most: int) -> None:
        with self._lock:
            kept.update(read)
            for oldest in list(kept)[: max(len(kept) - most, 0)]:
                del kept[oldest]


def _prices(
    transaction: Session, book_id: int, symbol: str, moments: list[datetime]
) -> dict[datetime, Decimal | None]:
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


def _portions(moments: Iterable[datetime]) -> Iterator[list[datetime]]:
    wanted = sorted(moments)
    return (wanted[place : place + _AT_A_TIME] for place in range(0, len(wanted), _AT_A_TIME))
