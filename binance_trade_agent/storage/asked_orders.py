"""The workflows that somebody asked for, with what became of their orders."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.records import CommandKind, CommandStatus
from binance_trade_agent.storage import models

#: After these a command without an order has sent none; a process that died may have.
_WITHOUT_DOUBT = frozenset({CommandStatus.DONE.value, CommandStatus.REFUSED.value})


def asked_orders(transaction: Session, book_id: int, actor: str, since: datetime) -> tuple[AskedOrder, ...]:
    """The workflows of `actor` since a moment, oldest first; dry runs, which can trade nothing, are left out."""
    rows = transaction.scalars(
        select(models.Command)
        .filter_by(book_id=book_id, actor=actor, kind=CommandKind.WORKFLOW.value)
        .where(models.Command.created_at >= since)
        .order_by(models.Command.created_at)
    )
    commands = [row for row in rows if "dry_run" not in row.arguments]
    ids = [row.details["client_order_id"] for row in commands if "client_order_id" in row.details]
    orders = {
        row.client_order_id: row
        for row in transaction.scalars(
            select(models.Order).filter_by(book_id=book_id).where(models.Order.client_order_id.in_(ids))
        )
    }
    return tuple(_asked(row, orders.get(row.details.get("client_order_id", ""))) for row in commands)


def _asked(row: models.Command, order: models.Order | None) -> AskedOrder:
    asked = {
        name: Decimal(row.arguments[name]) for name in ("quantity", "limit_price") if name in row.arguments
    }
    is_settled = row.status in _WITHOUT_DOUBT if order is None else OrderStatus(order.status).is_terminal
    return AskedOrder(
        key=row.idempotency_key,
        symbol=row.arguments["symbol"],
        # where risk chose the size, the order tells it
        quantity=asked.get("quantity", None if order is None else order.quantity),
        has_order=order is not None,
        is_settled=is_settled,
        quote_executed=order.quote_executed if order is not None else ZERO,
        price=asked.get("limit_price") if order is None else order.price,
    )
