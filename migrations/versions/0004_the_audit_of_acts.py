"""What an act changed, its key and how it ended, in the audit; why a command was given."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# the types as they were when this was written, not as the models have them now
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

COLUMNS = ("idempotency_key", "before", "after", "outcome", "answer")
ACTIONS = {"RUNNING": "resume", "PAUSED": "pause", "ENTRIES_HALTED": "halt_entries", "HALTED": "halt"}
AUDIT = sa.table(
    "audit",
    *(sa.column(name) for name in ("id", "book_id", "action", *COLUMNS)),
    sa.column("details", JSON),
    sa.column("at", INSTANT),
    sa.column("finished_at", INSTANT),
)
COMMANDS = sa.table(
    "commands",
    *(sa.column(name) for name in ("book_id", "id", "idempotency_key", "status", "text")),
    sa.column("finished_at", INSTANT),
)


def upgrade() -> None:
    op.add_column("commands", sa.Column("reason", sa.Text(), nullable=True))
    for name in COLUMNS:
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("audit", sa.Column("finished_at", INSTANT, nullable=True))
    connection = op.get_bind()
    commands = {(row.book_id, row.id): row for row in connection.execute(COMMANDS.select())}
    for row in connection.execute(AUDIT.select()).all():
        values = _state_act(row) if row.action == "control_state" else _command_act(row, commands)
        if values:
            connection.execute(AUDIT.update().where(AUDIT.c.id == row.id).values(**values))
    op.create_index("uq_audit_key", "audit", ["book_id", "idempotency_key"], unique=True)


def _state_act(row: sa.Row[Any]) -> dict[str, Any]:
    before, after = row.details["from"], row.details["to"]
    return {
        "action": ACTIONS[after],
        "before": before,
        "after": after,
        "outcome": "done",
        "finished_at": row.at,
    }


def _command_act(row: sa.Row[Any], commands: dict[tuple[int, str], sa.Row[Any]]) -> dict[str, Any]:
    command = commands.get((row.book_id, row.details.get("command", "")))
    if command is None:
        return {}
    return {
        "action": "trade",
        "idempotency_key": command.idempotency_key,
        "outcome": command.status,
        "answer": command.text,
        "finished_at": command.finished_at,
    }


def downgrade() -> None:
    op.drop_index("uq_audit_key", "audit")
    for column in ("finished_at", *reversed(COLUMNS)):
        op.drop_column("audit", column)
    op.drop_column("commands", "reason")
