"""What all tables share: types, names of constraints, the book they belong to."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from binance_trade_agent.storage.column_types import ExactDecimal, Json, RowNumber, UtcDateTime

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Types of all columns, names of all constraints."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as it stands
        str: Text(),
        Decimal: ExactDecimal(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
    }


def references(table: str, *columns: str, key: tuple[str, ...] = ("id",)) -> ForeignKeyConstraint:
    """The rows of a book that a row of the same book points to."""
    return ForeignKeyConstraint(
        ["book_id", *columns], [f"{table}.book_id", *(f"{table}.{name}" for name in key)]
    )


class Book(Base):
    """One account's book, with its counters."""

    __tablename__ = "books"
    __table_args__ = (UniqueConstraint("mode", "address", "account", "epoch"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    mode: Mapped[str]
    address: Mapped[str]
    account: Mapped[str]
    epoch: Mapped[int]
    quote: Mapped[str]
    created_at: Mapped[datetime]
    cycles: Mapped[int] = mapped_column(BigInteger, default=0)
    decisions: Mapped[int] = mapped_column(BigInteger, default=0)
    failed_starts: Mapped[int] = mapped_column(default=0)
    compared_at: Mapped[datetime | None]
    #: The end of the newest hour whose decisions `decision_counts` counts; None before the first.
    counted_until: Mapped[datetime | None]


class OfBook(Base):
    """A row of a book; its id is the key's first part."""

    __abstract__ = True

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), primary_key=True, sort_order=-1)


class NumberedOfBook(Base):
    """A row of a book that is only listed in the order it came."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, sort_order=-2)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), sort_order=-1)
