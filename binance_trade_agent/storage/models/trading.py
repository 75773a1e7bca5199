"""Tables of orders and money: journal, fills, positions, flows, equity."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from binance_trade_agent.storage.models.base import NumberedOfBook, OfBook, references


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
    )

    client_order_id: Mapped[str] = mapped_column(primary_key=True)
    decision_id: Mapped[str]
    purpose: Mapped[str]
    client_list_id: Mapped[str | None]
    symbol: Mapped[str]
    side: Mapped[str]
    order_type: Mapped[str]
    quantity: Mapped[Decimal]
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


class Flow(NumberedOfBook):
    """One change of an asset's balance. `kind` is one of opening, fill, commission, difference."""

    __tablename__ = "flows"
    __table_args__ = (
        UniqueConstraint("book_id", "symbol", "trade_id", "kind", "asset"),
        Index(None, "book_id", "at"),
    )

    kind: Mapped[str]
    asset: Mapped[str]
    amount: Mapped[Decimal]
    symbol: Mapped[str | None]
    trade_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    at: Mapped[datetime]


class Balance(OfBook):
    """The sum of an asset's flows."""

    __tablename__ = "balances"

    asset: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]


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
