"""What performance figures are made of, read in one state of the database.

Fills are streamed and folded as they come: whatever the span, memory holds a row a day and symbol, beside the
round trips themselves; both are read again only once something was dealt (`dealt`). Snapshots of days that are
over come digested, a row a day, from `equity_days`.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, bindparam, case, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from binance_trade_agent.domain.dealt_sums import Dealings, DealtSums
from binance_trade_agent.domain.equity_curve import (
    Cost,
    CurvePoint,
    DayDigest,
    EquityCurve,
    Fall,
    microseconds_of,
    trace,
)
from binance_trade_agent.domain.money import EXACT, ZERO, total
from binance_trade_agent.domain.performance import PerformanceRows
from binance_trade_agent.domain.records import Book, EquityRow
from binance_trade_agent.domain.trip_statistics import BY_HAND, ClosedTrip
from binance_trade_agent.storage import models
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.dealt import KeptDealings
from binance_trade_agent.storage.equity_days import curve_between, points_between
from binance_trade_agent.storage.fee_prices import third_price
from binance_trade_agent.storage.kept_equity import KeptEquity
from binance_trade_agent.storage.positions import held, position_of
from binance_trade_agent.storage.sessions import COMMANDS

#: How far after the beginning a symbol's first price may be looked for.
_FIRST_PRICE_WITHIN = timedelta(days=1)
_ROWS_AT_A_TIME = 2000

_E, _F, _T, _D, _O = models.EquitySnapshot, models.Fill, models.RoundTrip, models.Decision, models.Order


class SqlPerformance:
    """`ports.PerformanceReads` of one book."""

    def __init__(self, database: Database, book: Book, kept: KeptEquity | None = None) -> None:
        self._database = database
        self._book = book
        self._dealt: KeptDealings[_Dealt] = KeptDealings(book.id)
        self._kept = kept or KeptEquity(book.id)

    def performance_rows(
        self, *, since: datetime, until: datetime, symbol: str | None = None
    ) -> PerformanceRows:
        """What happened in `[since, until)`, as of one state of the database."""
        with self._database.read() as transaction:
            reading = _Reading(transaction, self._book, self._kept, since, until, symbol)
            dealt = self._dealt.get(transaction, since, until, symbol, reading.dealt)
            return reading.rows(dealt)


class _PaidFee(NamedTuple):
    """A fee in a third asset, and its worth in quote currency."""

    at: datetime
    worth: Decimal


class _Reading:
    """One answer being put together."""

    def __init__(
        self,
        transaction: Session,
        book: Book,
        kept: KeptEquity,
        since: datetime,
        until: datetime,
        symbol: str | None,
    ) -> None:
        self._transaction = transaction
        self._book = book
        self._kept = kept
        self._since, self._until = since, until
        self._symbol = symbol

    def dealt(self) -> "_Dealt":
        trips = self._trips()
        earliest = min([self._since, *(trip.opened_at for trip in trips)])
        fills = _Fills(self._book, self._outside_shares(), self._since)
        for row in self._fills(earliest):
            fills.take(row)
        closed = tuple(_closed(trip, fills.paid) for trip in trips)
        return _Dealt(DealtSums(closed, fills.dealings()), fills)

    def rows(self, dealt: "_Dealt") -> PerformanceRows:
        fills = dealt.fills
        begin = self._begin()
        curve = None if self._symbol else self._curve(begin, fills.costs())
        start = self._start(begin)
        symbols = (self._symbol,) if self._symbol else self._symbols(start)
        return PerformanceRows(
            quote=self._book.quote,
            curve=curve,
            snapshots=self._snapshots(curve) if curve else {},
            from_opening=begin is None,
            trips=dealt.sums.trips,
            dealings=dealt.sums.dealings,
            first_prices=self._first_prices(symbols, start) if start else {},
            last_prices=self._prices(symbols, self._until),
            unpriced_fees=dict(fills.unpriced),
            fall_fees=fills.outside_during(curve.fall if curve else None),
            sums=dealt.sums,
        )

    def _of_symbol(self, column: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
        return [column == self._symbol] if self._symbol else []

    def _begin(self) -> datetime | None:
        """The last snapshot before the time; None if the book's first comes later."""
        query = (
            select(_E.at)
            .where(_E.book_id == self._book.id, _E.at < self._since, _E.contributed.is_not(None))
            .order_by(_E.at.desc())
            .limit(1)
        )
        return self._transaction.scalar(query)

    def _start(self, begin: datetime | None) -> datetime | None:
        """When prices are compared from: where the curve begins."""
        if begin is not None:
            return begin
        query = (
            select(_E.at)
            .where(_E.book_id == self._book.id, _E.at < self._until, _E.contributed.is_not(None))
            .order_by(_E.at)
            .limit(1)
        )
        return self._transaction.scalar(query)

    def _curve(self, begin: datetime | None, costs: Sequence[Cost]) -> EquityCurve | None:
        first = [] if begin is None else points_between(self._transaction, self._book.id, begin, self._since)
        points = curve_between(self._transaction, self._book.id, self._since, self._until)
        return trace(chain(first, points), costs, whole=begin is None, points_of=self._points_of)

    def _points_of(self, day: DayDigest) -> Iterable[CurvePoint]:
        return self._kept.points(self._transaction, day)

    def _streamed(self, query: Any) -> Iterator[Row[Any]]:
        found = self._transaction.connection().execute(
            query, execution_options={"yield_per": _ROWS_AT_A_TIME}
        )
        return chain.from_iterable(found.partitions())

    def _snapshots(self, curve: EquityCurve) -> dict[datetime, EquityRow]:
        moments = {curve.begin_at, *(end.at for end in curve.days)}
        if curve.fall is not None:
            moments |= {curve.fall.from_at, curve.fall.to_at}
        return self._kept.rows(self._transaction, moments)

    def _trips(self) -> list[Row[Any]]:
        """Those closed in the time, each with the strategy of the decision behind its first fill."""
        is_by_hand = _D.signal_reasons[(0, "code")].as_string() == "requested"
        strategy = (
            select(case((is_by_hand, literal(BY_HAND)), else_=_D.strategy))
            .select_from(_F)
            .join(_O, (_O.book_id == _F.book_id) & (_O.client_order_id == _F.client_order_id))
            .join(_D, (_D.book_id == _O.book_id) & (_D.id == _O.decision_id))
            .where(
                _F.book_id == _T.book_id,
                _F.symbol == _T.symbol,
                _F.traded_at == _T.opened_at,
                _F.side == "BUY",
            )
            # no plain column: SQLite would look through the symbol's trades in that order
            .order_by(_F.trade_id + 0)
            .limit(1)
            .correlate(_T)
            .scalar_subquery()
        )
        query = select(_T.symbol, _T.opened_at, _T.closed_at, _T.realised, strategy.label("strategy")).where(
            _T.book_id == self._book.id,
            _T.closed_at >= self._since,
            _T.closed_at < self._until,
            *self._of_symbol(_T.symbol),
        )
        return list(self._transaction.execute(query.order_by(_T.closed_at)).all())

    def _fills(self, earliest: datetime) -> Iterator[Row[Any]]:
        """The fills since `earliest`, which trips of the time may be made of; third-asset fees with a price."""
        query = select(
            _F.symbol,
            _F.traded_at,
            _F.price,
            _F.quote_quantity,
            _F.commission,
            _F.commission_asset,
            third_price(self._transaction, self._book.quote).label("third_price"),
        ).where(
            _F.book_id == self._book.id,
            _F.traded_at >= earliest,
            _F.traded_at < self._until,
            *self._of_symbol(_F.symbol),
        )
        return self._streamed(query.order_by(_F.traded_at, _F.trade_id))

    def _outside_shares(self) -> dict[str, Decimal]:
        """Asset -> the share of its fees that no position of ours has paid: the rest is in that position's cost."""
        own = {"book_id": self._book.id}
        positions = self._transaction.scalars(select(models.Position).filter_by(**own)).all()
        balances = self._transaction.scalars(select(models.Balance).filter_by(**own))
        shares = {}
        for balance in balances:
            if balance.fees > 0:
                before = [position_of(row) for row in positions if row.base == balance.asset]
                taken = total(
                    EXACT.subtract(position.quantity, held(position, balance).quantity) for position in before
                )
                shares[balance.asset] = 1 - taken / balance.fees
        return shares

    def _symbols(self, start: datetime | None) -> tuple[str, ...]:
        """What the run traded that was under way when the curve begins."""
        if start is None:
            return ()
        query = (
            select(models.Session.symbols)
            .filter_by(book_id=self._book.id)
            .where(models.Session.started_at <= start, models.Session.kind != COMMANDS)
            .order_by(models.Session.started_at.desc())
            .limit(1)
        )
        return tuple(self._transaction.scalar(query) or ())

    def _first_prices(self, symbols: Iterable[str], start: datetime) -> dict[str, Decimal]:
        """Symbol -> what a decision last saw by the snapshot at `start`, else first saw soon after it."""
        seen = {
            symbol: self._kept.prices(self._transaction, symbol, [start]).get(start) for symbol in symbols
        }
        known = {symbol: price for symbol, price in seen.items() if price is not None}
        late = self._prices([symbol for symbol in seen if symbol not in known], start)
        return {
            symbol: price for symbol in seen if (price := known.get(symbol) or late.get(symbol)) is not None
        }

    def _prices(self, symbols: Iterable[str], at: datetime) -> dict[str, Decimal]:
        """Symbol -> what a decision last saw by `at`, else first saw soon after it."""
        priced = select(_D.price).where(
            _D.book_id == self._book.id, _D.symbol == bindparam("symbol"), _D.price.is_not(None)
        )
        before = priced.where(_D.decided_at <= at).order_by(_D.decided_at.desc()).limit(1)
        soon = _D.decided_at.between(at, at + _FIRST_PRICE_WITHIN)
        after = priced.where(soon).order_by(_D.decided_at).limit(1)
        connection = self._transaction.connection()
        found = {}
        for symbol in symbols:
            row = connection.execute(before, {"symbol": symbol}).first()
            row = row or connection.execute(after, {"symbol": symbol}).first()
            if row is not None:
                found[symbol] = row.price
        return found


@dataclass(slots=True)
class _Sums:
    """Fills of one symbol on one day, so far."""

    fills: int = 0
    turnover: Decimal = ZERO
    fees: Decimal = ZERO
    outside_fees: Decimal = ZERO


class _Fills:
    """Fills, folded into a row a day and symbol, and the fees that were paid in third assets."""

    def __init__(self, book: Book, outside_shares: dict[str, Decimal], since: datetime) -> None:
        self._book = book
        self._shares = outside_shares
        self._since = since
        self._days: dict[tuple[date, str], _Sums] = defaultdict(_Sums)
        self.paid: dict[str, list[_PaidFee]] = defaultdict(list)
        self._outside: list[_PaidFee] = []
        self.unpriced: dict[str, Decimal] = defaultdict(Decimal)

    def take(self, fill: Row[Any]) -> None:
        """The next fill."""
        is_of_the_time = fill.traded_at >= self._since
        worth, outside = self._fee(fill, is_of_the_time=is_of_the_time)
        if not is_of_the_time:
            return
        day = self._days[fill.traded_at.date(), fill.symbol]
        day.fills += 1
        day.turnover = EXACT.add(day.turnover, fill.quote_quantity)
        day.fees = EXACT.add(day.fees, worth)
        day.outside_fees = EXACT.add(day.outside_fees, outside)

    def dealings(self) -> tuple[Dealings, ...]:
        """What was dealt, by day and symbol."""
        return tuple(
            Dealings(day, symbol, sums.fills, sums.turnover, sums.fees, sums.outside_fees)
            for (day, symbol), sums in self._days.items()
        )

    def costs(self) -> list[Cost]:
        """What was paid out of coins that are not the book's, rising in time."""
        return [Cost(microseconds_of(fee.at), float(fee.worth)) for fee in self._outside]

    def outside_during(self, fall: Fall | None) -> Decimal:
        """The sum of it after the fall's top, until its lowest."""
        if fall is None:
            return ZERO
        return total(fee.worth for fee in self._outside if fall.from_at < fee.at <= fall.to_at)

    def _fee(self, fill: Row[Any], *, is_of_the_time: bool) -> tuple[Decimal, Decimal]:
        """What the fill's fee was worth, and how much of that no cash and no position of ours has paid."""
        asset, fee = fill.commission_asset, fill.commission
        if not fee or asset == self._book.quote:
            return fee, ZERO
        if asset + self._book.quote == fill.symbol:
            return EXACT.multiply(fee, fill.price), ZERO
        if fill.third_price is None:
            if is_of_the_time:
                self.unpriced[asset] = EXACT.add(self.unpriced[asset], fee)
            return ZERO, ZERO
        worth = EXACT.multiply(fee, fill.third_price)
        outside = EXACT.multiply(worth, self._shares.get(asset, Decimal(1)))
        self.paid[fill.symbol].append(_PaidFee(fill.traded_at, worth))
        if is_of_the_time:
            self._outside.append(_PaidFee(fill.traded_at, outside))
        return worth, outside


class _Dealt(NamedTuple):
    """The round trips that closed in a time, its dealings, and the fills they are made of."""

    sums: DealtSums
    fills: _Fills


def _closed(trip: Row[Any], paid: dict[str, list[_PaidFee]]) -> ClosedTrip:
    """The trip with what its own fills, those of its symbol from its opening to its close, paid in third assets."""
    own = paid.get(trip.symbol, [])
    first = bisect_left(own, trip.opened_at, key=_paid_at)
    last = bisect_right(own, trip.closed_at, key=_paid_at)
    fees = total(fee.worth for fee in own[first:last])
    return ClosedTrip(trip.symbol, trip.strategy, trip.opened_at, trip.closed_at, trip.realised, fees)


def _paid_at(fee: _PaidFee) -> datetime:
    return fee.at
