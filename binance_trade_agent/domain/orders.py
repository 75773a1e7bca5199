"""Orders: what is asked, what exists at the exchange, and what the journal holds of them.

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
    """Binance's order types, by their names on the wire."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def takes(self) -> bool:
        """Whether it trades at once with what rests, never at a price of its own."""
        return self in {OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}

    @property
    def is_algo(self) -> bool:
        """Whether it waits for a trigger, and counts against MAX_NUM_ALGO_ORDERS."""
        return self.value.startswith(("STOP_LOSS", "TAKE_PROFIT"))


class TimeInForce(StrEnum):
    """How long an order may rest: until cancelled, not at all, or all at once or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Purpose(StrEnum):
    """What an order is for; unique together with its decision."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    TARGET = "target"

    @property
    def is_protective(self) -> bool:
        """Whether it rests to end a position: it holds back nothing else of its symbol."""
        return self in {Purpose.STOP, Purpose.TARGET}


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
    #: The limit price, for the types that have one.
    price: Decimal | None = None
    #: What triggers it, for the types that wait.
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    #: The order list it is a leg of.
    client_list_id: str | None = None
    #: When to cancel what still rests of it; None leaves it.
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderListIntent:
    """An OCO that is about to be sent: whichever leg trades first ends the other. Both legs sell the same quantity."""

    client_list_id: str
    symbol: str
    stop: OrderIntent
    target: OrderIntent
    stamp: RequestStamp
    created_at: datetime

    @property
    def legs(self) -> tuple[OrderIntent, OrderIntent]:
        """Stop and target."""
        return self.stop, self.target


@dataclass(frozen=True, slots=True)
class CancelIntent:
    """A cancel that is about to be sent, of one order or of the list it is a leg of.

    `replaced_by` names the order that a cancelReplace puts in its place with the same request.
    """

    cancel_id: str
    symbol: str
    client_order_id: str
    client_list_id: str | None
    replaced_by: str | None
    stamp: RequestStamp
    reason: str
    created_at: datetime
    #: Refused by the exchange if any of the order was executed by then.
    only_untraded: bool = False


class CancelStatus(StrEnum):
    """A cancel's state. The first two are unresolved: the exchange's word is missing."""

    INTENT = "INTENT"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"  # the order is no longer open, whatever ended it
    REFUSED = "REFUSED"
    NOT_PLACED = "NOT_PLACED"

    @property
    def is_unresolved(self) -> bool:
        """Whether it is not known if the exchange has acted on it."""
        return self in {CancelStatus.INTENT, CancelStatus.UNKNOWN}


@dataclass(frozen=True, slots=True)
class JournalCancel:
    """A row of the journal of cancels."""

    intent: CancelIntent
    status: CancelStatus
    reason: str
    updated_at: datetime

    def last_possible_landing(self, grace: timedelta) -> datetime:
        """Exchange time after which the request can no longer take effect."""
        return _last_landing(self.intent.stamp, grace)


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
    order_type: OrderType = OrderType.MARKET
    #: Its limit price and trigger, 0 for none.
    price: Decimal = ZERO
    stop_price: Decimal = ZERO

    @property
    def is_complete(self) -> bool:
        """Whether the fills at hand account for all that was executed."""
        return total([fill.quantity for fill in self.fills]) == self.executed


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a cancelReplace did once the old order was cancelled: the new order, or why it was refused."""

    order: ExchangeOrder | None
    refusal: str = ""


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
        return _last_landing(self.intent.stamp, grace)

    @property
    def rests_as_protection(self) -> bool:
        """Whether it is a protective order that the exchange holds open."""
        return (
            self.intent.purpose.is_protective
            and not self.status.is_terminal
            and not self.status.is_unresolved
        )

    @property
    def rests_as_entry(self) -> bool:
        """Whether it is an entry that the exchange holds open."""
        return (
            self.intent.purpose is Purpose.ENTRY
            and not self.status.is_terminal
            and not self.status.is_unresolved
        )

    @property
    def rests_all_booked(self) -> bool:
        """Whether it is an entry that rests, with every fill so far in the books."""
        return self.rests_as_entry and self.booked == self.executed

    @property
    def locks_symbol(self) -> bool:
        """Whether the symbol must wait for it: all but protection at rest with every fill booked."""
        if self.status.is_terminal:
            return False
        return not self.rests_as_protection or self.booked < self.executed

    @property
    def remaining(self) -> Decimal:
        """Base currency that has no fill booked yet."""
        return self.intent.quantity - self.booked


def _last_landing(stamp: RequestStamp, grace: timedelta) -> datetime:
    return stamp.instant + timedelta(milliseconds=stamp.recv_window_ms) + grace


def new_client_order_id() -> str:
    """A globally unique id of Binance's form `^[a-zA-Z0-9-_]{1,36}$`, with our prefix (96 random bits)."""
    return CLIENT_ORDER_ID_PREFIX + secrets.token_hex(12)
