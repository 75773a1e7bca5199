"""Tables of orders and money: journal, fills, positions, flows, equity."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.storage.models.base import NumberedOfBook, OfBook, references

#: Flows that no fill of ours made: few beside those of fills, and indexed by themselves.
OUTSIDE = text("kind NOT IN ('fill', 'commission')")
#: The few orders and cancels that something can still happen to.
UNFINISHED_ORDER = text("status IN ('INTENT', 'UNKNOWN', 'OPEN', 'PARTIALLY_FILLED')")
UNFINISHED_CANCEL = text("status IN ('INTENT', 'UNKNOWN')")
_HAS_REFERENCE = text("reference IS NOT NULL")
#: Of round trips: those that are over, and at most one a symbol that is not.
_CLOSED = text("closed_at IS NOT NULL")
_OPEN = text("closed_at IS NULL")


class OrderList(OfBook):
    """The journal of an order list (OCO)."""

    __tablename__ = "order_lists"
    __table_args__ = (
        references("decisions", "decision_id"),
        UniqueConstraint("book_id", "decision_id", "purpose"),
        Index(None, "book_id", "status", "created_at"),
    )

    client_list_id: Mapped[str] = mapped_column(primary_key=True)
    decision_id: Mapped[str]
    purpose: Mapped[str]
    symbol: Mapped[str]
    exchange_list_id: Mapped[int | None] = mapped_column(BigInteger)
    status: Mapped[str]
    reason: Mapped[str]
    timestamp_ms: Mapped[int] = mapped_column(BigInteger)
    recv_window_ms: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Order(OfBook):
    """The journal of an order. `exchange_status` is the furthest state the exchange has reported."""

    __tablename__ = "orders"
    __table_args__ = (
        references("decisions", "decision_id"),
        references("order_lists", "client_list_id", key=("client_list_id",)),
        UniqueConstraint("book_id", "decision_id", "purpose"),
        Index(None, "book_id", "created_at"),
        Index(None, "book_id", "symbol", "created_at"),
        Index(None, "book_id", "status", "created_at"),
        Index(None, "book_id", "symbol", "exchange_order_id"),
        Index(None, "book_id", "client_list_id"),
        Index(
            "ix_orders_unfinished",
            "book_id",
            "created_at",
            "client_order_id",
            sqlite_where=UNFINISHED_ORDER,
            postgresql_where=UNFINISHED_ORDER,
        ),
    )

    client_order_id: Mapped[str] = mapped_column(primary_key=True)
    decision_id: Mapped[str]
    purpose: Mapped[str]
    client_list_id: Mapped[str | None]
    symbol: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    time_in_force: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    reference_price: Mapped[Decimal]
    candle: Mapped[datetime | None]
    timestamp_ms: Mapped[int] = mapped_column(BigInteger)
    recv_window_ms: Mapped[int]
    status: Mapped[str]
    exchange_status: Mapped[str | None]
    exchange_order_id: Mapped[int | None] = mapped_column(BigInteger)
    executed: Mapped[Decimal]
    quote_executed: Mapped[Decimal]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Cancel(OfBook):
    """The journal of a cancel, of one order or of the list it is a leg of.

    `intent_reason` is why it is sent, `reason` what became of it.
    """

    __tablename__ = "cancels"
    __table_args__ = (
        references("orders", "client_order_id", key=("client_order_id",)),
        references("orders", "replaced_by", key=("client_order_id",)),
        references("order_lists", "client_list_id", key=("client_list_id",)),
        Index(None, "book_id", "created_at"),
        Index(
            "ix_cancels_unfinished",
            "book_id",
            "created_at",
            "cancel_id",
            sqlite_where=UNFINISHED_CANCEL,
            postgresql_where=UNFINISHED_CANCEL,
        ),
    )

    cancel_id: Mapped[str] = mapped_column(primary_key=True)
    client_order_id: Mapped[str]
    client_list_id: Mapped[str | None]
    replaced_by: Mapped[str | None]
    symbol: Mapped[str]
    timestamp_ms: Mapped[int] = mapped_column(BigInteger)
    recv_window_ms: Mapped[int]
    intent_reason: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Fill(OfBook):
    """One exchange trade of ours."""

    __tablename__ = "fills"
    __table_args__ = (
        references("orders", "client_order_id", key=("client_order_id",)),
        Index(None, "book_id", "client_order_id"),
        Index(None, "book_id", "traded_at"),
        Index(None, "book_id", "symbol", "traded_at"),
    )

    symbol: Mapped[str] = mapped_column(primary_key=True)
    trade_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    client_order_id: Mapped[str]
    exchange_order_id: Mapped[int] = mapped_column(BigInteger)
    side: Mapped[str]
    price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    quote_quantity: Mapped[Decimal]
    commission: Mapped[Decimal]
    commission_asset: Mapped[str]
    is_maker: Mapped[bool]
    traded_at: Mapped[datetime]


class Position(OfBook):
    """What the book holds of a symbol, at average cost: derived from fills. `last_trade_id` is the newest one in it."""

    __tablename__ = "positions"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[str]
    quote: Mapped[str]
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]
    realised: Mapped[Decimal]
    fees_quote: Mapped[Decimal]
    opened_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    last_trade_id: Mapped[int] = mapped_column(BigInteger)


class AskedLevels(OfBook):
    """The stop and target that a person asked for a position; gone with its round trip."""

    __tablename__ = "asked_levels"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    stop_price: Mapped[Decimal | None]
    target_price: Mapped[Decimal | None]
    actor: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class Flow(NumberedOfBook):
    """One change of an asset's balance.

    `kind` is one of opening, fill, commission, deposit, withdrawal, foreign, difference, moved. `reference` is
    the exchange's own name of a transfer.
    """

    __tablename__ = "flows"
    __table_args__ = (
        UniqueConstraint("book_id", "symbol", "trade_id", "kind", "asset"),
        Index(None, "book_id", "at"),
        Index(None, "book_id", "id"),
        Index("ix_flows_outside_at", "book_id", "at", "id", sqlite_where=OUTSIDE, postgresql_where=OUTSIDE),
        Index("ix_flows_outside_asset", "book_id", "asset", sqlite_where=OUTSIDE, postgresql_where=OUTSIDE),
        Index(
            "uq_flows_reference",
            "book_id",
            "reference",
            unique=True,
            sqlite_where=_HAS_REFERENCE,
            postgresql_where=_HAS_REFERENCE,
        ),
    )

    kind: Mapped[str]
    asset: Mapped[str]
    amount: Mapped[Decimal]
    symbol: Mapped[str | None]
    trade_id: Mapped[int | None] = mapped_column(BigInteger)
    reference: Mapped[str | None]
    reason: Mapped[str]
    at: Mapped[datetime]


class Balance(OfBook):
    """The sum of an asset's flows. `fees` is what our fills of other assets have paid in it as commission."""

    __tablename__ = "balances"

    asset: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
    fees: Mapped[Decimal] = mapped_column(default=ZERO)


class PositionMove(NumberedOfBook):
    """A part of a position that someone else sold or withdrew: taken out at its cost, after the trade `after_trade_id`.

    `mark` is the number of the flow that was written with it; 0 in rows of an earlier version.
    """

    __tablename__ = "position_moves"
    __table_args__ = (Index(None, "book_id", "symbol", "after_trade_id"),)

    symbol: Mapped[str]
    after_trade_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[Decimal]
    cost: Mapped[Decimal]
    at: Mapped[datetime]
    mark: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class RoundTrip(OfBook):
    """A position from its opening to its close: derived from fills and moves. Numbers of a symbol rise from 1."""

    __tablename__ = "round_trips"
    __table_args__ = (
        Index(
            "ix_round_trips_closed",
            "book_id",
            "closed_at",
            "symbol",
            "number",
            sqlite_where=_CLOSED,
            postgresql_where=_CLOSED,
        ),
        Index(
            "uq_round_trips_open",
            "book_id",
            "symbol",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    symbol: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    opened_at: Mapped[datetime]
    first_price: Mapped[Decimal]
    last_entry_price: Mapped[Decimal]
    last_entry_at: Mapped[datetime]
    last_order_id: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int]
    exits: Mapped[int]
    peak: Mapped[Decimal]
    realised: Mapped[Decimal]
    closed_at: Mapped[datetime | None]


class ForeignOrder(OfBook):
    """An open order of the account that is not ours, as it was last seen. `seen_at` is when it was first."""

    __tablename__ = "foreign_orders"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    exchange_order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    client_order_id: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    price: Mapped[Decimal]
    quantity: Mapped[Decimal]
    executed: Mapped[Decimal]
    seen_at: Mapped[datetime]


class EquitySnapshot(OfBook):
    """The book's worth at the end of a cycle."""

    __tablename__ = "equity"
    __table_args__ = (references("cycles", "cycle_id"), Index(None, "book_id", "at"))

    cycle_id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    quote: Mapped[str]
    cash: Mapped[Decimal]
    positions_value: Mapped[Decimal]
    realised: Mapped[Decimal]
    unrealised: Mapped[Decimal]
    #: None in rows of an earlier version.
    contributed: Mapped[Decimal | None]


class EquityDay(OfBook):
    """A day of snapshots that is over, as `domain.equity_curve.DayDigest` has it: derived from them.

    `lowest_at` and `highest_at` are when equity itself, with what was put in, was smallest and largest.
    """

    __tablename__ = "equity_days"

    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    first_at: Mapped[datetime]
    first_total: Mapped[float]
    first_invested: Mapped[float]
    first_contributed: Mapped[float]
    last_at: Mapped[datetime]
    last_total: Mapped[float]
    last_invested: Mapped[float]
    last_contributed: Mapped[float]
    growth: Mapped[float]
    high: Mapped[float]
    high_at: Mapped[datetime]
    low: Mapped[float]
    low_at: Mapped[datetime]
    fall: Mapped[float]
    invested_us: Mapped[float]
    lowest_at: Mapped[datetime]
    highest_at: Mapped[datetime]
