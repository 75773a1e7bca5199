"""Positions, books and protection at rest, for tests of what is to be done about them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.orders import (
    JournalOrder,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    RequestStamp,
    Side,
)
from binance_trade_agent.domain.portfolio import Position
from tests.trading_views import RULES, SYMBOL

NOW = datetime(2026, 5, 4, tzinfo=UTC)
EVERYTHING = replace(
    RULES,
    order_types=frozenset(OrderType),
    oco_allowed=True,
    cancel_replace_allowed=True,
    max_algo_orders=5,
)


def position(quantity: str = "2", paid: str = "100") -> Position:
    held = Decimal(quantity)
    return Position(SYMBOL, "BTC", "USDT", quantity=held, cost=held * Decimal(paid))


def book(bid: str = "100") -> BookTop:
    price = Decimal(bid)
    return BookTop(SYMBOL, price, Decimal(9), price + Decimal("0.02"), Decimal(9))


def leg(
    purpose: Purpose,
    quantity: str = "2",
    *,
    price: str = "95",
    list_id: str | None = "list",
    status: OrderStatus = OrderStatus.OPEN,
    booked: str = "0",
) -> JournalOrder:
    stop = purpose is Purpose.STOP
    intent = OrderIntent(
        client_order_id=f"bta-{purpose}-{list_id}-{price}",
        symbol=SYMBOL,
        side=Side.SELL,
        order_type=OrderType.STOP_LOSS if stop else OrderType.LIMIT_MAKER,
        quantity=Decimal(quantity),
        purpose=purpose,
        stamp=RequestStamp(0, 5000),
        reference_price=Decimal(price),
        created_at=NOW,
        price=None if stop else Decimal(price),
        stop_price=Decimal(price) if stop else None,
        client_list_id=list_id,
    )
    done = Decimal(booked)
    return JournalOrder(intent, "d", status, 1, done, done * 100, "", NOW, done)


def oco(
    quantity: str = "2", stop: str = "95", list_id: str = "list", target: str = "110"
) -> list[JournalOrder]:
    return [
        leg(Purpose.STOP, quantity, price=stop, list_id=list_id),
        leg(Purpose.TARGET, quantity, price=target, list_id=list_id),
    ]
