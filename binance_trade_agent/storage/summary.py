"""Decisions of a span of time, counted by the database: what an explanation is made of.

The counts come from the index `ix_decisions_summary` alone; of the decisions' rows, just those that
the answer quotes are read. So memory is bounded whatever the span.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Double, Row, cast, func, select, tuple_
from sqlalchemy.orm import Session

from binance_trade_agent.domain.decisions import CycleKind
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.records import DecisionRow, DecisionSummary, OrderRow, ReasonCount
from binance_trade_agent.storage import models
from binance_trade_agent.storage.decision_rows import shown
from binance_trade_agent.storage.shown import order_shown

_MOST_ORDERS = 20
_BY_INDEX = "INDEXED BY ix_decisions_summary"

_D, _C, _O, _F = models.Decision, models.Cycle, models.Order, models.Fill
#: What decisions that ended alike have in common, and which of it is never NULL.
_ALIKE = (_D.symbol, _D.action, _D.outcome, _D.reason_code, _D.blocking_gate)
_NEVER_NULL = (_D.symbol, _D.outcome, _D.reason_code)

Alike = tuple[str, str | None, str, str, str | None]
#: A symbol and the instant of a decision on it.
Moment = tuple[str, datetime]
Texts = Mapping[tuple[Alike, datetime], tuple[str, str | None]]


class Span(NamedTuple):
    """What is asked for: a book's time in `[since, until)`, of one symbol or of all."""

    book_id: int
    since: datetime
    until: datetime
    symbol: str | None

    def decisions(self) -> list[ColumnElement[bool]]:
        """What limits a query to the decisions of the span's scheduled cycles."""
        limits = [_D.book_id == self.book_id, _D.decided_at >= self.since, _D.decided_at < self.until]
        return [*limits, _D.scheduled.is_(True), *([_D.symbol == self.symbol] if self.symbol else [])]

    def orders(self, *, scheduled: bool = True) -> list[ColumnElement[bool]]:
        """What limits a query to the entries and exits that decisions of scheduled cycles, or of others, led to."""
        limits = [_O.book_id == self.book_id, _O.created_at >= self.since, _O.created_at < self.until]
        trades = _O.purpose.in_([Purpose.ENTRY.value, Purpose.EXIT.value])
        own = [_O.symbol == self.symbol] if self.symbol else []
        return [*limits, trades, _D.scheduled.is_(scheduled), *own]

    def at(self, moments: Collection[Moment]) -> list[ColumnElement[bool]]:
        """What limits a query to scheduled decisions at these moments of the span."""
        # SQLite looks instants up in the index, but pairs it does not
        instants = _D.decided_at.in_({at for _, at in moments})
        pairs = tuple_(_D.symbol, _D.decided_at).in_(moments)
        return [_D.book_id == self.book_id, instants, pairs, _D.scheduled.is_(True)]


def summarise(transaction: Session, span: Span) -> DecisionSummary:
    """Everything that was decided in the span, counted."""
    groups = _groups(transaction, span)
    nearest = _nearest(transaction, span, groups)
    newest = {(group.symbol, group.last_at) for group in groups}
    latest = _latest(groups)
    blocked = _latest(group for group in groups if group.blocking_gate is not None)
    texts = _texts(transaction, span, newest | {(alike[0], at) for alike, at in nearest.items()})
    rows = _decisions(transaction, span, latest | blocked)
    sent, filled = _sent_and_filled(transaction, span)
    reached, protection = _protection(transaction, span)
    asked_filled, asked = _asked(transaction, span)
    return DecisionSummary(
        since=span.since,
        until=span.until,
        cycles=_cycles(transaction, span),
        counts=tuple(_count(group, nearest, texts) for group in groups),
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


def _groups(transaction: Session, span: Span) -> list[Row[Any]]:
    query = (
        select(
            *_ALIKE,
            func.count().label("number"),
            func.min(_D.decided_at).label("first_at"),
            func.max(_D.decided_at).label("last_at"),
            func.min(_D.miss_distance).label("nearest"),
        )
        .with_hint(_D, _BY_INDEX, "sqlite")
        .where(*span.decisions())
        .group_by(*_ALIKE)
    )
    groups: Sequence[Any] = transaction.execute(query).all()
    return sorted(groups, key=lambda group: (-group.number, group.last_at))


def _nearest(transaction: Session, span: Span, groups: Iterable[Row[Any]]) -> dict[Alike, datetime]:
    """Decisions that ended alike -> when one last came as near as the nearest of them."""
    # for the moment without action and gate, which may be NULL and then equal nothing
    smallest = {
        (group.symbol, group.outcome, group.reason_code, group.nearest)
        for group in groups
        if group.nearest is not None
    }
    query = (
        select(*_ALIKE, _D.miss_distance, func.max(_D.decided_at).label("last_at"))
        .with_hint(_D, _BY_INDEX, "sqlite")
        .where(*span.decisions(), tuple_(*_NEVER_NULL, _D.miss_distance).in_(smallest))
        .group_by(*_ALIKE, _D.miss_distance)
        .order_by(_D.miss_distance.desc())
    )
    found: Iterable[Row[Any]] = transaction.execute(query)
    # of those alike, the smallest comes last
    return {_alike(row): row.last_at for row in found}


def _latest(groups: Iterable[Row[Any]]) -> set[Moment]:
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


def _count(group: Row[Any], nearest: Mapping[Alike, datetime], texts: Texts) -> ReasonCount:
    alike = _alike(group)
    symbol, action, outcome, code, gate = alike
    at = nearest.get(alike)
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
        nearest_text=texts[alike, at][1] if at else None,
        nearest_at=at,
    )


def _cycles(transaction: Session, span: Span) -> int:
    query = select(func.count()).where(
        _C.book_id == span.book_id,
        _C.started_at >= span.since,
        _C.started_at < span.until,
        _C.kind == CycleKind.SCHEDULED.value,
    )
    return transaction.scalar(query) or 0


def _sent_and_filled(transaction: Session, span: Span) -> tuple[int, dict[str, int]]:
    """How many orders the exchange has accepted; symbol -> how many of them traded, where any did."""
    accepted = _O.exchange_order_id.is_not(None) & (_O.status != OrderStatus.REJECTED.value)
    traded = accepted & (cast(_O.executed, Double) > 0)
    query = (
        select(_O.symbol, func.count().filter(accepted), func.count().filter(traded))
        .select_from(_O)
        .join(_D, (_D.book_id == _O.book_id) & (_D.id == _O.decision_id))
        .where(*span.orders())
        .group_by(_O.symbol)
    )
    rows = transaction.execute(query).all()
    return sum(sent for _, sent, _ in rows), {symbol: filled for symbol, _, filled in rows if filled}


def _orders(transaction: Session, span: Span) -> tuple[OrderRow, ...]:
    query = (
        select(_O)
        .join(_D, (_D.book_id == _O.book_id) & (_D.id == _O.decision_id))
        .where(*span.orders())
        .order_by(_O.created_at.desc(), _O.client_order_id)
        .limit(_MOST_ORDERS)
    )
    return tuple(order_shown(row) for row in transaction.scalars(query))


def _asked(transaction: Session, span: Span) -> tuple[int, tuple[OrderRow, ...]]:
    """Orders that traded and that no scheduled cycle began: all counted, the newest told."""
    decided = (_D.book_id == _O.book_id) & (_D.id == _O.decision_id)
    traded = [*span.orders(scheduled=False), cast(_O.executed, Double) > 0]
    newest = (
        select(_O).join(_D, decided).where(*traded).order_by(_O.created_at.desc(), _O.client_order_id)
    ).limit(_MOST_ORDERS)
    told = tuple(order_shown(row) for row in transaction.scalars(newest))
    if len(told) < _MOST_ORDERS:
        return len(told), told
    number = select(func.count()).select_from(_O).join(_D, decided).where(*traded)
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
