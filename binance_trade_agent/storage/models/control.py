"""Tables of people and programs: control state, commands, audit, messages, incidents, bans, weights."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from binance_trade_agent.storage.models.base import Base, NumberedOfBook, OfBook

_OPEN_INCIDENT = text("cleared_at IS NULL")
_UNSENT = text("sent_at IS NULL")
_PENDING = text("state <> 'finished'")


class Control(OfBook):
    """What the control plane allows."""

    __tablename__ = "control_state"

    state: Mapped[str]
    reason: Mapped[str]
    actor: Mapped[str]
    since: Mapped[datetime]


class ReduceOnly(OfBook):
    """A symbol of which nothing may be bought until a person says so."""

    __tablename__ = "reduce_only"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    actor: Mapped[str]
    since: Mapped[datetime]


class Override(OfBook):
    """A setting changed at run time."""

    __tablename__ = "overrides"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class Command(OfBook):
    """A handed-over command: pending, then claimed, then finished."""

    __tablename__ = "commands"
    __table_args__ = (
        UniqueConstraint("book_id", "idempotency_key"),
        Index(
            "ix_commands_waiting", "book_id", "created_at", sqlite_where=_PENDING, postgresql_where=_PENDING
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str]
    actor: Mapped[str]
    channel: Mapped[str]
    created_at: Mapped[datetime]
    reason: Mapped[str | None]
    state: Mapped[str]
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    status: Mapped[str | None]
    text: Mapped[str | None]
    details: Mapped[dict[str, Any]]


class Audit(NumberedOfBook):
    """Who did what, why (`text`), and how it ended; `outcome` is empty until then."""

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "book_id", "at"),
        Index(None, "book_id", "actor", "at"),
        Index("uq_audit_key", "book_id", "idempotency_key", unique=True),
    )

    at: Mapped[datetime]
    actor: Mapped[str]
    channel: Mapped[str]
    action: Mapped[str]
    text: Mapped[str]
    details: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str | None]
    before: Mapped[str | None]
    after: Mapped[str | None]
    outcome: Mapped[str | None]
    answer: Mapped[str | None]
    finished_at: Mapped[datetime | None]


class ToolCall(NumberedOfBook):
    """One call over MCP, refused ones too: `outcome` is DONE or the code of the refusal; `arguments` are cut short."""

    __tablename__ = "tool_calls"
    __table_args__ = (Index(None, "book_id", "at"),)

    at: Mapped[datetime]
    caller: Mapped[str]
    tier: Mapped[str]
    tool: Mapped[str]
    arguments: Mapped[str]
    outcome: Mapped[str]
    took_ms: Mapped[float]


class Message(NumberedOfBook):
    """A notification to send."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unsent", "book_id", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    )

    topic: Mapped[str]
    text: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Incident(NumberedOfBook):
    """A condition a person must know of; at most one open row a key."""

    __tablename__ = "incidents"
    __table_args__ = (
        Index(
            "uq_incidents_open",
            "book_id",
            "key",
            unique=True,
            sqlite_where=_OPEN_INCIDENT,
            postgresql_where=_OPEN_INCIDENT,
        ),
    )

    key: Mapped[str]
    text: Mapped[str]
    severity: Mapped[str]
    opened_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]


class Ban(Base):
    """`Retry-After` in force at an exchange address: it binds this machine, whatever the book."""

    __tablename__ = "bans"

    address: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    reason: Mapped[str]


class RequestWeight(Base):
    """Request weight used at an exchange address in one calendar minute (since 1970), by this machine."""

    __tablename__ = "request_weights"

    address: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int]
