"""What a past session can be decided again from."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import func, select

from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.orders import Fill
from binance_trade_agent.domain.records import (
    Book,
    Booking,
    CycleRow,
    DecisionRow,
    OrderRow,
    PositionMoveRow,
    Session,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.storage import models
from binance_trade_agent.storage.candles import candles_around
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.decision_rows import shown
from binance_trade_agent.storage.positions import booked_fills
from binance_trade_agent.storage.sessions import latest_session, session_of
from binance_trade_agent.storage.shown import cycle_shown, order_shown
from binance_trade_agent.storage.symbol_rules import all_rules

#: The reference that means the newest run.
LAST = "last"
#: Cycles whose decisions are in memory at once.
_CHUNK_CYCLES = 100


class SqlReplaySource:
    """`ports.ReplaySource` of one book."""

    def __init__(self, database: Database, book: Book) -> None:
        self._database = database
        self._book_id = book.id

    def session(self, reference: str) -> Session | None:
        """The session whose id begins with `reference`, or the newest run for `last`; None if there is none.

        Raises:
            ConfigurationError: several begin so; all are named.
        """
        with self._database.read() as transaction:
            if reference == LAST:
                return latest_session(transaction, self._book_id)
            query = (
                select(models.Session)
                .filter_by(book_id=self._book_id)
                .where(func.substr(models.Session.id, 1, len(reference)) == reference)
                .order_by(models.Session.started_at)
            )
            found = [session_of(row) for row in transaction.scalars(query)]
        exact = [session for session in found if session.id == reference]
        if len(found) > 1 and not exact:
            named = ", ".join(session.id for session in found)
            raise ConfigurationError(
                f"{reference}: several sessions begin so: {named}; write more of the one meant"
            )
        return next(iter(exact or found), None)

    def sessions(self, limit: int) -> tuple[Session, ...]:
        """The latest sessions, newest first."""
        query = (
            select(models.Session)
            .filter_by(book_id=self._book_id)
            .order_by(models.Session.started_at.desc(), models.Session.id)
            .limit(max(limit, 0))
        )
        with self._database.read() as transaction:
            return tuple(session_of(row) for row in transaction.scalars(query))

    def cycles(self, session_id: str) -> tuple[CycleRow, ...]:
        """All cycles of the session, by number."""
        query = (
            select(models.Cycle)
            .filter_by(book_id=self._book_id, session_id=session_id)
            .order_by(models.Cycle.number, models.Cycle.started_at)
        )
        with self._database.read() as transaction:
            return tuple(cycle_shown(row) for row in transaction.scalars(query))

    def decisions(self, session_id: str) -> Iterator[DecisionRow]:
        """All decisions of the session, by cycle number and then in the order they were taken.

        Read piece by piece as they are asked for.
        """
        numbers = {cycle.id: cycle.number for cycle in self.cycles(session_id)}
        ids = list(numbers)
        for begin in range(0, len(ids), _CHUNK_CYCLES):
            yield from self._decisions_of(numbers, ids[begin : begin + _CHUNK_CYCLES])

    def candles(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> tuple[Candle, ...]:
        """The last `before` stored candles opened by `newest`, and the first `after` of those that follow; rising."""
        with self._database.read() as transaction:
            return candles_around(
                transaction, self._book_id, symbol, interval, newest, before=before, after=after
            )

    def rules(self) -> dict[str, SymbolRules]:
        """The name that decisions refer to -> the rules."""
        with self._database.read() as transaction:
            return all_rules(transaction, self._book_id)

    def bookings(self) -> tuple[Booking, ...]:
        """Every change of the book; of a fill that makes several flows, only the last carries the fill."""
        flow = models.Flow
        query = (
            select(flow.id, flow.asset, flow.amount, flow.at, flow.symbol, flow.trade_id)
            .filter_by(book_id=self._book_id)
            .order_by(flow.id)
        )
        with self._database.read() as transaction:
            fills: dict[tuple[str | None, int | None], Fill] = {
                (fill.symbol, fill.trade_id): fill for fill in booked_fills(transaction, self._book_id)
            }
            rows = transaction.execute(query).all()
        last = {(symbol, trade_id): mark for mark, *_, symbol, trade_id in rows}
        return tuple(
            Booking(
                mark,
                asset,
                amount,
                at,
                fills.get((symbol, trade_id)) if last[symbol, trade_id] == mark else None,
            )
            for mark, asset, amount, at, symbol, trade_id in rows
        )

    def moves(self) -> tuple[PositionMoveRow, ...]:
        """Every part of a position that someone else took away, in the order they were noted."""
        query = select(models.PositionMove).filter_by(book_id=self._book_id).order_by(models.PositionMove.id)
        with self._database.read() as transaction:
            return tuple(
                PositionMoveRow(row.symbol, row.after_trade_id, row.quantity, row.at, row.mark)
                for row in transaction.scalars(query)
            )

    def orders(self, session_id: str) -> tuple[OrderRow, ...]:
        """All orders that the session's decisions led to, oldest first."""
        order, decision, cycle = models.Order, models.Decision, models.Cycle
        query = (
            select(order)
            .join(decision, (order.book_id == decision.book_id) & (order.decision_id == decision.id))
            .join(cycle, (decision.book_id == cycle.book_id) & (decision.cycle_id == cycle.id))
            .where(order.book_id == self._book_id, cycle.session_id == session_id)
            .order_by(order.created_at, order.client_order_id)
        )
        with self._database.read() as transaction:
            return tuple(order_shown(row) for row in transaction.scalars(query))

    def _decisions_of(self, numbers: Mapping[str, int], cycle_ids: list[str]) -> list[DecisionRow]:
        """The decisions of these cycles, of one instant in the order in which the cycle names their symbols."""
        cycles = select(models.Cycle.id, models.Cycle.symbols).filter_by(book_id=self._book_id)
        decisions = select(models.Decision).filter_by(book_id=self._book_id)
        with self._database.read() as transaction:
            symbols = {
                cycle.id: {symbol: place for place, symbol in enumerate(cycle.symbols)}
                for cycle in transaction.execute(cycles.where(models.Cycle.id.in_(cycle_ids)))
            }
            rows = transaction.scalars(decisions.where(models.Decision.cycle_id.in_(cycle_ids)))
            found = [shown(row, numbers[row.cycle_id]) for row in rows]
        places = {cycle_id: place for place, cycle_id in enumerate(cycle_ids)}
        found.sort(
            key=lambda row: (places[row.cycle_id], row.decided_at, symbols[row.cycle_id].get(row.symbol, -1))
        )
        return found
