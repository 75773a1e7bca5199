"""Symbols that may only be sold, stops and targets that a person asked for, and calls over MCP."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# the types as they were when this was written, not as the models have them now
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
AMOUNT = sa.Text().with_variant(sa.Numeric(), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reduce_only",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_reduce_only_book_id"),
        sa.PrimaryKeyConstraint("book_id", "symbol", name="pk_reduce_only"),
    )
    op.create_table(
        "asked_levels",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("stop_price", AMOUNT, nullable=True),
        sa.Column("target_price", AMOUNT, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_asked_levels_book_id"),
        sa.PrimaryKeyConstraint("book_id", "symbol", name="pk_asked_levels"),
    )
    op.create_table(
        "tool_calls",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("took_ms", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_tool_calls_book_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tool_calls"),
    )
    op.create_index("ix_tool_calls_book_id_at", "tool_calls", ["book_id", "at"])


def downgrade() -> None:
    op.drop_table("tool_calls")
    op.drop_table("asked_levels")
    op.drop_table("reduce_only")
