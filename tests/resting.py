"""Orders that rest to protect a position, as rows."""

from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.records import OrderRow
from tests.fakes import FakeDesk


def oco(
    list_id: str,
    at: datetime,
    *,
    quantity: str = "0.01598",
    stop: str = "61000.00",
    target: str = "64000.00",
) -> tuple[OrderRow, OrderRow]:
    """Stop and target for BTCUSDT, at rest."""

    def leg(purpose: str, order_type: str, price: str | None, stop_price: str | None) -> OrderRow:
        return OrderRow(
            client_order_id=f"bta-{list_id}-{purpose}",
            exchange_order_id=2000,
            symbol="BTCUSDT",
            side="SELL",
            order_type=order_type,
            purpose=purpose,
            quantity=Decimal(quantity),
            executed=Decimal(0),
            quote_executed=Decimal(0),
            average_price=None,
            status="OPEN",
            reason="",
            decision_id="d2",
            created_at=at,
            updated_at=at,
            price=None if price is None else Decimal(price),
            stop_price=None if stop_price is None else Decimal(stop_price),
            client_list_id=list_id,
        )

    return leg("stop", "STOP_LOSS", None, stop), leg("target", "LIMIT_MAKER", target, None)


def with_oco(desk: FakeDesk) -> FakeDesk:
    """`desk`, whose position in BTC is guarded since it was opened."""
    opened_at = desk.reads.position_rows[0].opened_at
    assert opened_at is not None
    legs = oco("l1", opened_at + timedelta(seconds=1))
    desk.reads.order_rows = (*legs, *desk.reads.order_rows)
    return desk
