"""What can be looked up in a long history: filters, pages, round trips, series."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Generic, TypeVar

from binance_trade_agent.domain.records import CancelRow, EquityRow, FillRow, OrderRow

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, newest first; `cursor` asks for those that follow, None where there are none."""

    rows: tuple[Row, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Decisions in `[since, until)` that are all of this; None asks for nothing."""

    symbol: str | None = None
    outcome: str | None = None
    reason_code: str | None = None
    gate: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Orders created in `[since, until)` that are all of this; None asks for nothing."""

    symbol: str | None = None
    status: str | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderLife:
    """An order and all that happened to it: `legs` are the others of its order list, times rise.

    `cancels` are those that were sent for it or for its list; `replaces` is the order whose place it took.
    """

    order: OrderRow
    legs: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    cancels: tuple[CancelRow, ...]
    replaces: str | None


@dataclass(frozen=True, slots=True)
class TripFilter:
    """Round trips that closed in `[since, until)`, of one symbol or of all."""

    symbol: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoundTripRow:
    """A position from its opening to its close, in quote currency.

    `bought` and `sold` are base currency that was traded: a fee taken in it, and what was left over, lie between
    them. Prices are means over the fills of its side, before fees; `fees` are all of its fills' that have a price, those in
    third assets too; `profit` is net of them. `entry_reason` and `exit_reason` are of the first and the last order's
    decisions.
    """

    symbol: str
    number: int
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    exit_price: Decimal | None
    bought: Decimal
    sold: Decimal
    fees: Decimal
    profit: Decimal
    entry_reason: str
    exit_reason: str

    @property
    def duration(self) -> timedelta:
        """For how long it was open."""
        return self.closed_at - self.opened_at


@dataclass(frozen=True, slots=True)
class EquityBucket:
    """Snapshots of a piece of time: the first, the last, and those with the lowest and the highest equity."""

    first: EquityRow
    last: EquityRow
    lowest: EquityRow
    highest: EquityRow


@dataclass(frozen=True, slots=True)
class HoldPoint:
    """Equity, and what it would be had all of it been held in equal parts of the symbols since the beginning."""

    at: datetime
    equity: Decimal
    hold: Decimal | None


@dataclass(frozen=True, slots=True)
class DayProfit:
    """A day's change of equity less what was put in (UTC), and equity at its end, in quote currency."""

    day: date
    profit: Decimal
    equity: Decimal


@dataclass(frozen=True, slots=True)
class TableSize:
    """How many rows a table has; `is_least` where there are more than were counted."""

    name: str
    rows: int
    is_least: bool


@dataclass(frozen=True, slots=True)
class AssetFlows:
    """What flows of one kind, which no fill of ours made, added to an asset: their sum and how many there are."""

    asset: str
    kind: str
    amount: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class AccountBook:
    """The ledger beside the exchange: when they agreed last (exchange time), and what moved assets from outside.

    Flows of the kind `difference` are what the exchange showed and nothing explained: they are booked, so
    that the ledger agrees again.
    """

    agreed_at: datetime | None
    flows: tuple[AssetFlows, ...]


@dataclass(frozen=True, slots=True)
class DatabaseSize:
    """The database's size in bytes, and its tables by name."""

    size_bytes: int
    tables: tuple[TableSize, ...]


@dataclass(frozen=True, slots=True)
class WeightUse:
    """Request weight that this machine used at an exchange address in the minute that began at `minute`."""

    address: str
    minute: datetime
    used: int
