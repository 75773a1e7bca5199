"""Orders: what is asked (`OrderIntent`), what exists at the exchange (`ExchangeOrder`), what the journal holds.

A client order id is a key to look an order up, never a protection against sending
twice: Binance accepts the id of a filled order again (rest-api.md, newClientOrderId).
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.domain.money import ZERO, total

CLIENT_ORDER_ID_PREFIX = "bta-"


class Side(StrEnum):
    """Which way an order trades the base asset."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """The order types the trader sends."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"


class Purpose(StrEnum):
    """What an order is for; unique together with its decision."""

    ENTRY = "entry"
    EXIT = "exit"


class OrderStatus(StrEnum):
    """A journal row's state. The first two are unresolved: the exchange's word is missing."""

    INTENT = "INTENT"
    UNKNOWN = "UNKNOWN"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self not in {
            OrderStatus.INTENT,
            OrderStatus.UNKNOWN,
            OrderStatus.OPEN,
            OrderStatus.PARTIALLY_FILLED,
        }

    @property
    def is_unresolved(self) -> bool:
        """Whether it is not known if the exchange has the order."""
        return self in {OrderStatus.INTENT, OrderStatus.UNKNOWN}


@dataclass(frozen=True, slots=True)
class RequestStamp:
    """The very `timestamp` and `recvWindow` that will be signed: they bound when the request can land."""

    timestamp_ms: int
    recv_window_ms: int

    @property
    def instant(self) -> datetime:
        """The timestamp as exchange time."""
        return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=self.timestamp_ms)


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """One order that is about to be sent, as it is committed before the request."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    purpose: Purpose
    stamp: RequestStamp
    #: The price it was sized with: what it is expected to cost, and what is reserved for it.
    reference_price: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of ours at the exchange. (symbol, trade id) is unique there."""

    symbol: str
    trade_id: int
    exchange_order_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    commission: Decimal
    commission_asset: str
    traded_at: datetime
    is_maker: bool


@dataclass(frozen=True, slots=True)
class ExchangeOrder:
    """An order as the exchange reports it. `fills` may be fewer than `executed` until they are fetched."""

    symbol: str
    client_order_id: str
    exchange_order_id: int
    side: Side
    status: OrderStatus
    quantity: Decimal
    executed: Decimal
    quote_executed: Decimal
    updated_at: datetime
    fills: tuple[Fill, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the fills at hand account for all that was executed."""
        return total([fill.quantity for fill in self.fills]) == self.executed


@dataclass(frozen=True, slots=True)
class JournalOrder:
    """A row of the order journal. `booked` is how much of `executed` has its fills in the ledger."""

    intent: OrderIntent
    decision_id: str
    status: OrderStatus
    exchange_order_id: int | None
    executed: Decimal
    quote_executed: Decimal
    reason: str
    updated_at: datetime
    booked: Decimal = ZERO

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of what was executed."""
        return self.quote_executed / self.executed if self.executed else None

    @property
    def reserved_quote(self) -> Decimal:
        """Quote currency a not yet finished BUY may still take from the ledger: what has no fill booked."""
        if self.intent.side is Side.SELL or self.status.is_terminal:
            return ZERO
        return (self.intent.quantity - self.booked) * self.intent.reference_price

    @property
    def reserved_base(self) -> Decimal:
        """Base currency a not yet finished SELL may still take from the ledger: what has no fill booked."""
        if self.intent.side is Side.BUY or self.status.is_terminal:
            return ZERO
        return self.intent.quantity - self.booked

    def last_possible_landing(self, grace: timedelta) -> datetime:
        """Exchange time after which the request can no longer take effect: timestamp + recvWindow + `grace`."""
        stamp = self.intent.stamp
        return stamp.instant + timedelta(milliseconds=stamp.recv_window_ms) + grace


def new_client_order_id() -> str:
    """A globally unique id of Binance's form `^[a-zA-Z0-9-_]{1,36}$`, with our prefix (96 random bits)."""
    return CLIENT_ORDER_ID_PREFIX + secrets.token_hex(12)
