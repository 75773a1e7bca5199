"""Rows as people see them."""

from typing import Any

from sqlalchemy import Row

from binance_trade_agent.domain.money import EXACT
from binance_trade_agent.domain.records import (
    CancelRow,
    CycleRow,
    EquityRow,
    FillRow,
    ForeignOrderRow,
    OrderRow,
)
from binance_trade_agent.storage import models


def order_shown(row: models.Order) -> OrderRow:
    """An order as people see it."""
    return OrderRow(
        client_order_id=row.client_order_id,
        exchange_order_id=row.exchange_order_id,
        symbol=row.symbol,
        side=row.side,
        order_type=row.order_type,
        purpose=row.purpose,
        quantity=row.quantity,
        executed=row.executed,
        quote_executed=row.quote_executed,
        average_price=row.quote_executed / row.executed if row.executed else None,
        status=row.status,
        reason=row.reason,
        decision_id=row.decision_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        price=row.price,
        stop_price=row.stop_price,
        client_list_id=row.client_list_id,
    )


def cancel_shown(row: models.Cancel) -> CancelRow:
    """A cancel as people see it."""
    return CancelRow(
        cancel_id=row.cancel_id,
        client_order_id=row.client_order_id,
        replaced_by=row.replaced_by,
        symbol=row.symbol,
        status=row.status,
        reason=f"{row.intent_reason}: {row.reason}" if row.reason else row.intent_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def foreign_shown(row: models.ForeignOrder) -> ForeignOrderRow:
    """Someone else's open order as people see it."""
    return ForeignOrderRow(
        symbol=row.symbol,
        exchange_order_id=row.exchange_order_id,
        client_order_id=row.client_order_id,
        side=row.side,
        order_type=row.order_type,
        price=row.price,
        quantity=row.quantity,
        executed=row.executed,
        seen_at=row.seen_at,
    )


def fill_shown(row: models.Fill) -> FillRow:
    """A fill as people see it."""
    return FillRow(
        symbol=row.symbol,
        trade_id=row.trade_id,
        client_order_id=row.client_order_id,
        side=row.side,
        price=row.price,
        quantity=row.quantity,
        quote_quantity=row.quote_quantity,
        commission=row.commission,
        commission_asset=row.commission_asset,
        traded_at=row.traded_at,
    )


def cycle_shown(row: models.Cycle) -> CycleRow:
    """A cycle as people see it."""
    return CycleRow(
        id=row.id,
        session_id=row.session_id,
        number=row.number,
        kind=row.kind,
        scheduled_at=row.scheduled_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        duration_s=row.duration_s,
        own_ms=row.own_ms,
        skipped_ticks=row.skipped_ticks,
        outcome=row.outcome,
    )


def equity_shown(row: models.EquitySnapshot | Row[Any]) -> EquityRow:
    """An equity snapshot as people see it."""
    return EquityRow(
        at=row.at,
        quote=row.quote,
        cash=row.cash,
        positions_value=row.positions_value,
        realised=row.realised,
        unrealised=row.unrealised,
        total=EXACT.add(row.cash, row.positions_value),
        contributed=row.contributed,
    )
