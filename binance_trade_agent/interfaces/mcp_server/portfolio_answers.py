"""The structured answers about what is held, what guards it, and what it is worth."""

from datetime import datetime

from pydantic import BaseModel, Field

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import EquityRow
from binance_trade_agent.interfaces.mcp_server.answers import AS_OF, average_text, decimal_text


class EquityAnswer(BaseModel):
    """The book's worth at `at`, in quote currency."""

    at: datetime
    quote: str
    total: str
    cash: str
    positions_value: str
    realised: str
    unrealised: str

    @classmethod
    def of(cls, row: EquityRow) -> "EquityAnswer":
        """The answer for `row`."""
        return cls(
            at=row.at,
            quote=row.quote,
            total=to_wire(row.total),
            cash=to_wire(row.cash),
            positions_value=to_wire(row.positions_value),
            realised=to_wire(row.realised),
            unrealised=to_wire(row.unrealised),
        )


class GuardAnswer(BaseModel):
    """An order list, or one order, that rests to sell `quantity` at either price."""

    quantity: str
    stop: str | None
    target: str | None


class ProtectionAnswer(BaseModel):
    """What guards a position at the exchange. `stop` and `target` are the nearest of all guards."""

    stop: str | None
    stop_distance_percent: str | None = Field(description="from the last price, negative below it")
    target: str | None
    target_distance_percent: str | None
    last_price: str | None = Field(description="of the newest decision on the symbol")
    covered: str = Field(description="base currency that the guards would sell")
    watched_stop: str | None = Field(description="the trader itself sells there: no order rests for it")
    watched_target: str | None
    asked_stop: str | None = Field(description="that a person or an agent asked for, until it is closed")
    asked_target: str | None
    asked_by: str
    unprotected: bool = Field(description="nothing rests although something should: `alarm` says why")
    alarm: str
    guards: list[GuardAnswer]

    @classmethod
    def of(cls, protection: Protection) -> "ProtectionAnswer":
        """The answer for `protection`."""
        return cls(
            stop=decimal_text(protection.stop),
            stop_distance_percent=decimal_text(protection.stop_distance_percent),
            target=decimal_text(protection.target),
            target_distance_percent=decimal_text(protection.target_distance_percent),
            last_price=decimal_text(protection.last_price),
            covered=to_wire(protection.covered),
            watched_stop=decimal_text(protection.watched_stop),
            watched_target=decimal_text(protection.watched_target),
            asked_stop=decimal_text(protection.asked_stop),
            asked_target=decimal_text(protection.asked_target),
            asked_by=protection.asked_by,
            unprotected=protection.is_unprotected,
            alarm=protection.alarm,
            guards=[
                GuardAnswer(
                    quantity=to_wire(guard.quantity),
                    stop=decimal_text(guard.stop),
                    target=decimal_text(guard.target),
                )
                for guard in protection.guards
            ],
        )


class PositionAnswer(BaseModel):
    """What is held of a symbol. `cost`, `realised` and `fees` are in quote currency.

    `protection` is None when nothing is held.
    """

    symbol: str
    base: str
    quote: str
    quantity: str
    average_price: str | None = Field(description="what one unit held cost, the fee of buying included")
    cost: str
    realised: str
    fees: str
    opened_at: datetime | None
    protection: ProtectionAnswer | None

    @classmethod
    def of(cls, position: Position, protection: Protection | None) -> "PositionAnswer":
        """The answer for `position`."""
        return cls(
            symbol=position.symbol,
            base=position.base,
            quote=position.quote,
            quantity=to_wire(position.quantity),
            average_price=average_text(position.average_price),
            cost=to_wire(position.cost),
            realised=to_wire(position.realised),
            fees=to_wire(position.fees_quote),
            opened_at=position.opened_at,
            protection=ProtectionAnswer.of(protection) if protection else None,
        )


class PortfolioAnswer(BaseModel):
    """What the ledger holds. `equity` is None until a first cycle has ended."""

    as_of: datetime | None = AS_OF
    equity: EquityAnswer | None
    profit: str | None
    positions: list[PositionAnswer]
    balances: dict[str, str] = Field(description="asset -> amount, by the ledger")
