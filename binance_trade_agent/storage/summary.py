"""Decisions of a span of time, counted by the database: what an explanation is made of.

The counts come from `decision_counts`, and for the parts of hours at both ends from the index
`ix_decisions_summary`; of the decisions' rows, just those that the answer quotes are read. So neither
memory nor time grows much with the span.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Double, Row, cast, func, select, tuple_
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decision_summary import DecisionSummary, ReasonCount
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import (
    DecisionRow,
    OrderRow,
)
from binance_trade_agent.storage import models
from binance_trade_agent.storage.decision_counts import ALIKE, counted, merged, nearest_moments
from binance_trade_agent.storage.decision_rows import shown
from binance_trade_agent.storage.shown import order_shown

_MOST_ORDERS = 20

_D, _C, _O, _F = models.Decision, models.Cycle, models.Order, models.Fill
#: What decisions that ended alike have in common.
_ALIKE = (_D.symbol, _D.action, _D.outcome, _D.reason_code, _D.blocking_gate)

Alike = tuple[str, str | None, str, str, str | None]
#: A symbol and the instant of a decision on it.
Moment = tuple[str, datetime]
Texts = Mapping[tuple[Alike, datetime], tuple[str, str | None]]


class _Group(NamedTuple):
    """Decisions that ended alike, counted; what is missing is the empty text."""

    symbol: str
    action: str
    outcome: str
    reason_code: str
    blocking_gate: str
    number: int
    first_at: datetime
    last_at: datetime
    nearest: float | None
    nearest_at: datetime | None


class Span(NamedTuple):
    """What is asked for: a book's time in `[since, until)`, of one symbol or of all."""

    book_id: int
    since: datetime
    until: datetime
    symbol: str | None

    def orders(self, *, scheduled: bool = True) -> list[ColumnElement[bool]]:
        """What limits a query to the entries and exits that decisions of scheduled cycles, or of others, led to."""
        limits = [_O.book_id == self.book_id, _O.created_at >= self.since, _O.created_at < self.until]
        trades = _O.purpose.in_([Purpose.ENTRY.value, Purpose.EXIT.value])
        own = [_O.symbol == self.symbol] if self.symbol else []
        others = select(_D.id).where(_D.book_id == self.book_id, models.UNSCHEDULED)
        begun = _O.decision_id.not_in(others) if scheduled else _O.decision_id.in_(others)
        return [*limits, trades, begun, *own]

    def at(self, moments: Collection[Moment]) -> list[ColumnElement[bool]]:
        """What limits a query to scheduled decisions at these moments of the span."""
        # SQLite looks instants up in the index, but pairs it does not
        instants = _D.decided_at.in_({at for _, at in moments})
        pairs = tuple_(_D.symbol, _D.decided_at).in_(moments)
        return [_D.book_id == self.book_id, instants, pairs, _D.scheduled.is_(True)]


def summarise(transaction: Session, span: Span) -> DecisionSummary:
    """Everything that was decided in the span, counted."""
    groups = _groups(transaction, span)
    newest = {(group.symbol, group.last_at) for group in groups}
    nearest = {(group.symbol, group.nearest_at) for group in groups if group.nearest_at is not None}
    latest = _latest(groups)
    blocked = _latest(group for group in groups if group.blocking_gate)
    texts = _texts(transaction, span, newest | nearest)
    rows = _decisions(transaction, span, latest | blocked)
    sent, filled = _sent_and_filled(transaction, span)
    reached, protection = _protection(transaction, span)
    asked_filled, asked = _asked(transaction, span)
    return DecisionSummary(
        since=span.since,
        until=span.until,
        cycles=_cycles(transaction, span),
        counts=tuple(_count(group, texts) for group in groups),
        sent=sent,
        filled=sum(filled.values()),
        latest={symbol: rows[symbol, at] for symbol, at in latest},
        latest_blocked={symbol: rows[symbol, at] for symbol, at in blocked},
        orders=_orders(transaction, span),
        protection=protection,
        filled_of=filled,
        reached=reached,
        asked=asked,
        asked_filled=asked_filled,
    )


def _groups(transaction: Session, span: Span) -> list[_Group]:
    found = counted(transaction, span.book_id, span.since, span.until, span.symbol)
    rows: Sequence[Any] = transaction.execute(merged(found)).all()
    least = {row.nearest for row in rows if row.nearest is not None}
    seen: Iterable[Any] = transaction.execute(nearest_moments(found, least)) if least else ()
    # by what is alike and how near it was
    moments = {tuple(row[:-1]): row.nearest_at for row in seen}
    groups = (_Group._make((*row, moments.get((*row[: len(ALIKE)], row.nearest)))) for row in rows)
    return sorted(groups, key=lambda group: (-group.number, group.last_at))


def _latest(groups: Iterable[_Group]) -> set[Moment]:
    latest: dict[str, datetime] = {}
    for group in groups:
        latest[group.symbol] = max(group.last_at, latest.get(group.symbol, group.last_at))
    return set(latest.items())


def _texts(transaction: Session, span: Span, moments: Collection[Moment]) -> Texts:
    query = select(*_ALIKE, _D.decided_at, _D.reason, _D.nearest_miss).where(*span.at(moments))
    found: Iterable[Row[Any]] = transaction.execute(query)
    return {(_alike(row), row.decided_at): (row.reason, row.nearest_miss) for row in found}


def _decisions(transaction: Session, span: Span, moments: Collection[Moment]) -> dict[Moment, DecisionRow]:
    query = (
        select(_D, _C.number)
        .join(_C, (_C.book_id == _D.book_id) & (_C.id == _D.cycle_id))
        .where(*span.at(moments))
    )
    return {(row.symbol, row.decided_at): shown(row, number) for row, number in transaction.execute(query)}


def _alike(row: Row[Any]) -> Alike:
    return row.symbol, row.action, row.outcome, row.reason_code, row.blocking_gate


def _count(group: _Group, texts: Texts) -> ReasonCount:
    alike = (
        group.symbol,
        group.action or None,
        group.outcome,
        group.reason_code,
        group.blocking_gate or None,
    )
    symbol, action, outcome, code, gate = alike
    return ReasonCount(
        symbol=symbol,
        action=action,
        outcome=outcome,
        code=code,
        gate=gate,
        count=group.number,
        first_at=group.first_at,
        last_at=group.last_at,
        text=texts[alike, group.last_at][0],
        nearest=group.nearest,
        nearest_text=texts[alike, group.nearest_at][1] if group.nearest_at else None,
        nearest_at=group.nearest_at,
    )


def _cycles(transaction: Session, span: Span) -> int:
    query = select(func.count()).where(
        _C.book_id == span.book_id,
        _C.started_at >= span.since,
        _C.started_at < span.until,
        models.SCHEDULED,
    )
    return transaction.scalar(query) or 0


def _sent_and_filled(transaction: Session, span: Span) -> tuple[int, dict[str, int]]:
    """How many orders the exchange has accepted; symbol -> how many of them traded, where any did."""
    accepted = _O.exchange_order_id.is_not(None) & (_O.status != OrderStatus.REJECTED.value)
    traded = accepted & (cast(_O.executed, Double) > 0)
    query = (
        select(_O.symbol, func.count().filter(accepted), func.count().filter(traded))
        .where(*span.orders())
        .group_by(_O.symbol)
    )
    rows = transaction.execute(query).all()
    return sum(sent for _, sent, _ in rows), {symbol: filled for symbol, _, filled in rows if filled}


def _orders(transaction: Session, span: Span) -> tuple[OrderRow, ...]:
    query = (
        select(_O)
        .where(*span.orders())
        .order_by(_O.created_at.desc(), _O.client_order_id)
        .limit(_MOST_ORDERS)
    )
    return tuple(order_shown(row) for row in transaction.scalars(query))


def _asked(transaction: Session, span: Span) -> tuple[int, tuple[OrderRow, ...]]:
    """Orders that traded and that no scheduled cycle began: all counted, the newest told."""
    traded = [*span.orders(scheduled=False), cast(_O.executed, Double) > 0]
    newest = (select(_O).where(*traded).order_by(_O.created_at.desc(), _O.client_order_id)).limit(
        _MOST_ORDERS
    )
    told = tuple(order_shown(row) for row in transaction.scalars(newest))
    if len(told) < _MOST_ORDERS:
        return len(told), told
    number = select(func.count()).select_from(_O).where(*traded)
    return transaction.scalar(number) or 0, told


def _protection(transaction: Session, span: Span) -> tuple[int, tuple[OrderRow, ...]]:
    """Stops and targets by their trades, all counted and the newest told: they may be much older than the span."""
    traded = (
        select(_F.client_order_id)
        .where(_F.book_id == span.book_id, _F.traded_at >= span.since, _F.traded_at < span.until)
        .distinct()
    )
    own = [_O.symbol == span.symbol] if span.symbol else []
    reached = [
        _O.book_id == span.book_id,
        _O.purpose.in_([Purpose.STOP.value, Purpose.TARGET.value]),
        _O.client_order_id.in_(traded),
        *own,
    ]
    newest = select(_O).where(*reached).order_by(_O.updated_at.desc(), _O.client_order_id).limit(_MOST_ORDERS)
    told = tuple(order_shown(row) for row in transaction.scalars(newest))
    if len(told) < _MOST_ORDERS:
        return len(told), told
    return transaction.scalar(select(func.count()).select_from(_O).where(*reached)) or 0, told
