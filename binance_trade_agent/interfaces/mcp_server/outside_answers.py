"""The structured answers about what others did with the account."""

from datetime import datetime

from pydantic import BaseModel, Field

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow
from binance_trade_agent.interfaces.mcp_server.answers import AS_OF


class FlowAnswer(BaseModel):
    """A change of a balance that no order of ours made; it is never profit or loss."""

    kind: str = Field(
        description="deposit, withdrawal, foreign (someone else's trade), difference (unexplained) or moved (a part"
        " of a position left it by one of them)"
    )
    asset: str
    amount: str = Field(description="negative for what left the account")
    symbol: str | None
    reason: str
    at: datetime

    @classmethod
    def of(cls, row: FlowRow) -> "FlowAnswer":
        """The answer for `row`."""
        return cls(
            kind=row.kind,
            asset=row.asset,
            amount=to_wire(row.amount),
            symbol=row.symbol,
            reason=row.reason,
            at=row.at,
        )


class ForeignOrderAnswer(BaseModel):
    """An open order of the account that is not ours: shown, never touched."""

    symbol: str
    exchange_order_id: int
    client_order_id: str
    side: str
    type: str
    price: str = Field(description="the limit; 0 for none")
    quantity: str
    executed: str
    seen_at: datetime = Field(description="when it was first seen")

    @classmethod
    def of(cls, row: ForeignOrderRow) -> "ForeignOrderAnswer":
        """The answer for `row`."""
        return cls(
            symbol=row.symbol,
            exchange_order_id=row.exchange_order_id,
            client_order_id=row.client_order_id,
            side=row.side,
            type=row.order_type,
            price=to_wire(row.price),
            quantity=to_wire(row.quantity),
            executed=to_wire(row.executed),
            seen_at=row.seen_at,
        )


class OutsideAnswer(BaseModel):
    """What others did with the account: `flows` newest first, `open_orders` as the trader last saw them."""

    as_of: datetime | None = AS_OF
    flows: list[FlowAnswer]
    open_orders: list[ForeignOrderAnswer]
