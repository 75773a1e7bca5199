"""Decisions counted by hours, days and blocks of 30 days; indexes for what people look for in a long history."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from binance_trade_agent.domain.equity_curve import CurvePoint, digest

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

log = logging.getLogger("alembic.runtime.migration")

# the types as they were when this was written, not as the models have them now
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
BLOCKED = sa.text("blocking_gate IS NOT NULL")
SCHEDULED = sa.text("kind = 'scheduled'")
UNSCHEDULED = sa.text("NOT scheduled")
KEY = ("symbol", "action", "outcome", "reason_code", "blocking_gate")

#: Decisions as counts of one, and counts of shorter periods.
SINGLE = (
    "SELECT symbol, coalesce(action, '') AS action, outcome, reason_code, "
    "coalesce(blocking_gate, '') AS blocking_gate, 1 AS number, decided_at AS first_at, decided_at AS last_at, "
    "miss_distance AS nearest, CASE WHEN miss_distance IS NOT NULL THEN decided_at END AS nearest_at "
    "FROM decisions WHERE book_id = :book AND decided_at >= :begin AND decided_at < :end AND scheduled"
)
SHORTER = (
    f"SELECT {', '.join(KEY)}, number, first_at, last_at, nearest, nearest_at FROM decision_counts "  # noqa: S608
    "WHERE book_id = :book AND hours = :shorter AND begins_at >= :begin AND begins_at < :end"
)
STORE = (
    "INSERT INTO decision_counts (book_id, hours, begins_at, {key}, number, first_at, last_at, nearest, nearest_at) "
    "SELECT :book, :hours, :begin, {key}, sum(number), min(first_at), max(last_at), min(nearest), "
    "max(CASE WHEN nearest = least THEN nearest_at END) "
    "FROM (SELECT found.*, min(nearest) OVER (PARTITION BY {key}) AS least FROM ({found}) AS found) AS alike "
    "GROUP BY {key}"
)


def upgrade() -> None:
    _create_counts()
    _create_equity_days()
    log.info("indexing the decisions")
    op.create_index(
        "ix_decisions_book_id_reason_code_decided_at", "decisions", ["book_id", "reason_code", "decided_at"]
    )
    op.create_index(
        "ix_decisions_blocked",
        "decisions",
        ["book_id", "blocking_gate", "decided_at"],
        sqlite_where=BLOCKED,
        postgresql_where=BLOCKED,
    )
    op.create_index(
        "ix_decisions_unscheduled",
        "decisions",
        ["book_id", "id"],
        sqlite_where=UNSCHEDULED,
        postgresql_where=UNSCHEDULED,
    )
    op.create_index(
        "ix_cycles_scheduled",
        "cycles",
        ["book_id", "started_at"],
        sqlite_where=SCHEDULED,
        postgresql_where=SCHEDULED,
    )
    op.create_index("ix_audit_book_id_actor_at", "audit", ["book_id", "actor", "at"])
    for (book,) in op.get_bind().execute(sa.text("SELECT id FROM books ORDER BY id")).all():
        _count_book(book)


def _create_equity_days() -> None:
    table = op.create_table(
        "equity_days",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        *_end_columns("first"),
        *_end_columns("last"),
        sa.Column("growth", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("high_at", INSTANT, nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("low_at", INSTANT, nullable=False),
        sa.Column("fall", sa.Double(), nullable=False),
        sa.Column("invested_us", sa.Double(), nullable=False),
        sa.Column("lowest_at", INSTANT, nullable=False),
        sa.Column("highest_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_equity_days_book_id"),
        sa.PrimaryKeyConstraint("book_id", "begins_at", name="pk_equity_days"),
    )
    log.info("digesting equity by days")
    _fill_equity_days(table)


def _end_columns(name: str) -> list[sa.Column[Any]]:
    return [
        sa.Column(f"{name}_at", INSTANT, nullable=False),
        *(
            sa.Column(f"{name}_{what}", sa.Double(), nullable=False)
            for what in ("total", "invested", "contributed")
        ),
    ]


def _fill_equity_days(table: sa.Table) -> None:
    """Digest each day but that of a book's newest snapshot."""
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT book_id, max(at) FROM equity GROUP BY book_id"))
    newest: dict[int, Any] = {book: at for book, at in found}
    rows = connection.execute(
        sa.text(
            "SELECT book_id, at, CAST(cash AS DOUBLE PRECISION) + CAST(positions_value AS DOUBLE PRECISION), "
            "CAST(positions_value AS DOUBLE PRECISION), CAST(contributed AS DOUBLE PRECISION) "
            "FROM equity WHERE contributed IS NOT NULL ORDER BY book_id, at"
        )
    )
    points = ((book, _instant(at), total, invested, put_in) for book, at, total, invested, put_in in rows)
    for (book, day), own in groupby(points, key=lambda row: (row[0], _floor(row[1], 24))):
        if day + 24 * HOUR <= _instant(newest[book]):
            told = [((at - EPOCH) // MICROSECOND, *amounts) for _, at, *amounts in own]
            columns = {name: _plain(value) for name, value in _digested(told).items()}
            connection.execute(table.insert(), {"book_id": book, "begins_at": _stored(day)} | columns)


def _digested(points: list[CurvePoint]) -> dict[str, Any]:
    told = digest(points)
    ends = {
        f"{name}_{what}": value
        for name, point in (("first", told.first), ("last", told.last))
        for what, value in zip(("total", "invested", "contributed"), point[1:], strict=True)
    }
    moments = {
        "first_at": told.first[0],
        "last_at": told.last[0],
        "high_at": told.high_us,
        "low_at": told.low_us,
        "lowest_at": min(points, key=lambda point: point[1])[0],
        "highest_at": max(points, key=lambda point: point[1])[0],
    }
    others = {name: getattr(told, name) for name in ("growth", "high", "low", "fall", "invested_us")}
    return ends | others | {name: EPOCH + at_us * MICROSECOND for name, at_us in moments.items()}


def _plain(value: float | datetime) -> Any:
    return _stored(value) if isinstance(value, datetime) else value


def _create_counts() -> None:
    op.add_column("books", sa.Column("counted_until", INSTANT, nullable=True))
    op.create_table(
        "decision_counts",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in KEY),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("nearest", sa.Double(), nullable=True),
        sa.Column("nearest_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_decision_counts_book_id"),
        sa.PrimaryKeyConstraint("book_id", "hours", "begins_at", *KEY, name="pk_decision_counts"),
        sqlite_with_rowid=False,
    )


def _count_book(book: int) -> None:
    """Count what the book has decided, but for the hour of its newest decision."""
    connection = op.get_bind()
    newest = connection.execute(
        sa.text("SELECT max(decided_at) FROM decisions WHERE book_id = :book"), {"book": book}
    ).scalar()
    if newest is None:
        return
    target = _floor(_instant(newest), 1)
    days, blocks = set(), set()
    begin = EPOCH
    while (hour := _next_hour(book, begin, target)) is not None:
        _store(SINGLE, book, 1, hour)
        if _floor(hour, 720) not in blocks:
            log.info("counting decisions of book %s since %s", book, f"{hour:%Y-%m-%d}")
        days.add(_floor(hour, 24))
        blocks.add(_floor(hour, 720))
        begin = hour + HOUR
    for shorter, hours, periods in ((1, 24, days), (24, 720, blocks)):
        for period in sorted(periods):
            if period + hours * HOUR <= target:
                _store(SHORTER, book, hours, period, shorter)
    connection.execute(
        sa.text("UPDATE books SET counted_until = :at WHERE id = :book"),
        {"at": _stored(target), "book": book},
    )


def _next_hour(book: int, begin: datetime, target: datetime) -> datetime | None:
    found = (
        op.get_bind()
        .execute(
            sa.text(
                "SELECT min(decided_at) FROM decisions "
                "WHERE book_id = :book AND decided_at >= :begin AND decided_at < :target"
            ),
            {"book": book, "begin": _stored(begin), "target": _stored(target)},
        )
        .scalar()
    )
    return None if found is None else _floor(_instant(found), 1)


def _store(found: str, book: int, hours: int, begin: datetime, shorter: int = 0) -> None:
    query = sa.text(STORE.format(key=", ".join(KEY), found=found)).bindparams(
        sa.bindparam("book", type_=sa.BigInteger()),
        sa.bindparam("hours", type_=sa.Integer()),
        sa.bindparam("begin", type_=INSTANT),
        sa.bindparam("end", type_=INSTANT),
    )
    values = {"book": book, "hours": hours, "begin": _stored(begin), "end": _stored(begin + hours * HOUR)}
    op.get_bind().execute(query, values | ({"shorter": shorter} if shorter else {}))


def _floor(at: datetime, hours: int) -> datetime:
    return at - (at - EPOCH) % (hours * HOUR)


def _instant(value: int | datetime) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else EPOCH + value * MICROSECOND


def _stored(at: datetime) -> Any:
    """An instant as a driver takes it."""
    return at if op.get_bind().dialect.name == "postgresql" else (at - EPOCH) // MICROSECOND


def downgrade() -> None:
    op.drop_index("ix_audit_book_id_actor_at", "audit")
    op.drop_index("ix_cycles_scheduled", "cycles")
    op.drop_index("ix_decisions_unscheduled", "decisions")
    op.drop_index("ix_decisions_blocked", "decisions")
    op.drop_index("ix_decisions_book_id_reason_code_decided_at", "decisions")
    op.drop_table("equity_days")
    op.drop_table("decision_counts")
    op.drop_column("books", "counted_until")
