"""Tables of what ran and what was decided: sessions, cycles, decisions, and what they saw."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from binance_trade_agent.storage.models.base import OfBook, references

_OPEN_CYCLE = text("outcome = 'open'")
#: Almost all cycles, but an index that can be counted without reading one.
SCHEDULED = text("kind = 'scheduled'")
_BLOCKED = text("blocking_gate IS NOT NULL")
#: Decisions of cycles that no schedule began: few.
UNSCHEDULED = text("NOT scheduled")


class Session(OfBook):
    """One run of the trader."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "book_id", "started_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    mode: Mapped[str]
    strategy: Mapped[str]
    symbols: Mapped[list[Any]]
    settings: Mapped[dict[str, Any]]
    duration_minutes: Mapped[int]
    started_at: Mapped[datetime]
    deadline: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    exit_code: Mapped[int | None]
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Cycle(OfBook):
    """One tick."""

    __tablename__ = "cycles"
    __table_args__ = (
        references("sessions", "session_id"),
        Index(None, "book_id", "started_at"),
        Index(None, "book_id", "session_id", "number"),
        Index("ix_cycles_open", "book_id", sqlite_where=_OPEN_CYCLE, postgresql_where=_OPEN_CYCLE),
        Index(
            "ix_cycles_scheduled",
            "book_id",
            "started_at",
            sqlite_where=SCHEDULED,
            postgresql_where=SCHEDULED,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    number: Mapped[int]
    kind: Mapped[str]
    symbols: Mapped[list[Any]]
    scheduled_at: Mapped[datetime]
    started_at: Mapped[datetime]
    skipped_ticks: Mapped[int]
    outcome: Mapped[str]
    control_state: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    duration_s: Mapped[float | None]
    own_ms: Mapped[float | None]
    unresolved: Mapped[int | None]


class Decision(OfBook):
    """One symbol in one cycle: the whole trace."""

    __tablename__ = "decisions"
    __table_args__ = (
        references("cycles", "cycle_id"),
        UniqueConstraint("book_id", "cycle_id", "symbol"),
        # begins with the time, as lists need it, and holds all that a summary counts, so that no row is read
        Index(
            "ix_decisions_summary",
            "book_id",
            "decided_at",
            "scheduled",
            "symbol",
            "action",
            "outcome",
            "reason_code",
            "blocking_gate",
            "miss_distance",
        ),
        Index(None, "book_id", "symbol", "decided_at"),
        Index(None, "book_id", "outcome", "decided_at"),
        Index(None, "book_id", "symbol", "outcome", "decided_at"),
        Index(None, "book_id", "reason_code", "decided_at"),
        Index(
            "ix_decisions_unscheduled",
            "book_id",
            "id",
            sqlite_where=UNSCHEDULED,
            postgresql_where=UNSCHEDULED,
        ),
        Index(
            "ix_decisions_blocked",
            "book_id",
            "blocking_gate",
            "decided_at",
            sqlite_where=_BLOCKED,
            postgresql_where=_BLOCKED,
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    cycle_id: Mapped[str]
    symbol: Mapped[str]
    decided_at: Mapped[datetime]
    outcome: Mapped[str]
    reason_code: Mapped[str]
    reason: Mapped[str]
    strategy: Mapped[str | None]
    action: Mapped[str | None]
    strength: Mapped[float | None]
    signal_reasons: Mapped[list[Any]]
    signal_values: Mapped[dict[str, Any]]
    signal_candle: Mapped[datetime | None]
    signal_share: Mapped[Decimal | None]
    gates: Mapped[list[Any]]
    blocking_gate: Mapped[str | None]
    nearest_miss: Mapped[str | None]
    miss_distance: Mapped[float | None]
    price: Mapped[Decimal | None]
    first_candle: Mapped[datetime | None]
    last_candle: Mapped[datetime | None]
    candles_seen: Mapped[int]
    client_order_id: Mapped[str | None]
    step_ms: Mapped[dict[str, Any]]
    #: Whether its cycle was begun by the schedule.
    scheduled: Mapped[bool] = mapped_column(server_default=true())
    #: None where nothing could be decided on, and in rows of an earlier version.
    inputs: Mapped[dict[str, Any] | None]


class DecisionCount(OfBook):
    """Decisions of scheduled cycles that ended alike, of one symbol in one period of `hours` hours since 1970.

    No action and no gate are the empty text. `nearest_at` is when one last came as near as `nearest`.
    """

    __tablename__ = "decision_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    hours: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    reason_code: Mapped[str] = mapped_column(primary_key=True)
    blocking_gate: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    nearest: Mapped[float | None]
    nearest_at: Mapped[datetime | None]


class SymbolRules(OfBook):
    """A symbol's rules as decisions saw them. The name is made of their content, so they never change."""

    __tablename__ = "symbol_rules"

    name: Mapped[str] = mapped_column(primary_key=True)
    symbol: Mapped[str]
    rules: Mapped[dict[str, Any]]


class LossMarks(OfBook):
    """Where losses are counted from: one row a book."""

    __tablename__ = "loss_marks"

    day: Mapped[date]
    day_profit: Mapped[Decimal]
    day_equity: Mapped[Decimal]
    peak_profit: Mapped[Decimal]
    since: Mapped[datetime]
    latched: Mapped[str | None]


class Candle(OfBook):
    """One closed candle that a decision saw."""

    __tablename__ = "candles"
    __table_args__ = ({"sqlite_with_rowid": False},)

    symbol: Mapped[str] = mapped_column(primary_key=True)
    interval: Mapped[str] = mapped_column(primary_key=True)
    open_time: Mapped[datetime] = mapped_column(primary_key=True)
    close_time: Mapped[datetime]
    open: Mapped[Decimal]
    high: Mapped[Decimal]
    low: Mapped[Decimal]
    close: Mapped[Decimal]
    volume: Mapped[Decimal]


class SymbolProgress(OfBook):
    """How far a symbol's decisions have come: the newest candle seen, and the newest one an order was placed on."""

    __tablename__ = "symbol_progress"

    symbol: Mapped[str] = mapped_column(primary_key=True)
    last_candle: Mapped[datetime | None]
    last_entry_candle: Mapped[datetime | None]


class Heartbeat(OfBook):
    """A process's last sign of life."""

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int]
    at: Mapped[datetime]
    useful_at: Mapped[datetime | None]
