"""What the user data stream tells: one frozen value an event."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.orders import ExchangeOrder


@dataclass(frozen=True, slots=True)
class OrderReported:
    """An order's new state; `order.fills` holds the one trade this event tells of, if it tells of one."""

    order: ExchangeOrder


@dataclass(frozen=True, slots=True)
class Transferred:
    """A deposit (positive) or withdrawal; `reference` is the same for the same one told again."""

    asset: str
    amount: Decimal
    at: datetime
    reference: str


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A subscription began: whatever happened before was not told, so everything must be looked up."""


@dataclass(frozen=True, slots=True)
class StreamLost:
    """The subscription ended or went deaf; a new one is being made."""

    reason: str


UserEvent = OrderReported | Transferred | StreamOpened | StreamLost
