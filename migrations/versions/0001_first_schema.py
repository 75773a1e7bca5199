"""Every table of the first version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# the types as they were when this was written, not as the models have them now
AMOUNT = sa.Text().with_variant(sa.Numeric(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bans",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_bans")),
    )
    op.create_table(
        "books",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("cycles", sa.BigInteger(), nullable=False),
        sa.Column("decisions", sa.BigInteger(), nullable=False),
        sa.Column("failed_starts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_books")),
        sa.UniqueConstraint(
            "mode", "address", "account", "epoch", name=op.f("uq_books_mode_address_account_epoch")
        ),
    )
    op.create_table(
        "audit",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_audit_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_book_id_at"), "audit", ["book_id", "at"], unique=False)
    op.create_table(
        "balances",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_balances_book_id")),
        sa.PrimaryKeyConstraint("book_id", "asset", name=op.f("pk_balances")),
    )
    op.create_table(
        "candles",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("open_time", INSTANT, nullable=False),
        sa.Column("close_time", INSTANT, nullable=False),
        sa.Column("open", AMOUNT, nullable=False),
        sa.Column("high", AMOUNT, nullable=False),
        sa.Column("low", AMOUNT, nullable=False),
        sa.Column("close", AMOUNT, nullable=False),
        sa.Column("volume", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_candles_book_id")),
        sa.PrimaryKeyConstraint("book_id", "symbol", "interval", "open_time", name=op.f("pk_candles")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "commands",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_commands_book_id")),
        sa.PrimaryKeyConstraint("book_id", "id", name=op.f("pk_commands")),
        sa.UniqueConstraint("book_id", "idempotency_key", name=op.f("uq_commands_book_id_idempotency_key")),
    )
    op.create_index(
        "ix_commands_waiting",
        "commands",
        ["book_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("state <> 'finished'"),
        postgresql_where=sa.text("state <> 'finished'"),
    )
    op.create_table(
        "control_state",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_control_state_book_id")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_control_state")),
    )
    op.create_table(
        "flows",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=True),
        sa.Column("trade_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_flows_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flows")),
        sa.UniqueConstraint(
            "book_id",
            "symbol",
            "trade_id",
            "kind",
            "asset",
            name=op.f("uq_flows_book_id_symbol_trade_id_kind_asset"),
        ),
    )
    op.create_index(op.f("ix_flows_book_id_at"), "flows", ["book_id", "at"], unique=False)
    op.create_table(
        "heartbeats",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("useful_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_heartbeats_book_id")),
        sa.PrimaryKeyConstraint("book_id", "process", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("cleared_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_incidents_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        "uq_incidents_open",
        "incidents",
        ["book_id", "key"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_outbox_book_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["book_id", "id"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "overrides",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_overrides_book_id")),
        sa.PrimaryKeyConstraint("book_id", "name", name=op.f("pk_overrides")),
    )
    op.create_table(
        "positions",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("quantity", AMOUNT, nullable=False),
        sa.Column("cost", AMOUNT, nullable=False),
        sa.Column("realised", AMOUNT, nullable=False),
        sa.Column("fees_quote", AMOUNT, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=True),
        sa.Column("updated_at", INSTANT, nullable=True),
        sa.Column("last_trade_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_positions_book_id")),
        sa.PrimaryKeyConstraint("book_id", "symbol", name=op.f("pk_positions")),
    )
    op.create_table(
        "sessions",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("symbols", JSON, nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("deadline", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_sessions_book_id")),
        sa.PrimaryKeyConstraint("book_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_book_id_started_at"), "sessions", ["book_id", "started_at"], unique=False
    )
    op.create_table(
        "symbol_progress",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("last_candle", INSTANT, nullable=True),
        sa.Column("last_entry_candle", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_symbol_progress_book_id")),
        sa.PrimaryKeyConstraint("book_id", "symbol", name=op.f("pk_symbol_progress")),
    )
    op.create_table(
        "cycles",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("symbols", JSON, nullable=False),
        sa.Column("scheduled_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("skipped_ticks", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("control_state", sa.Text(), nullable=True),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("duration_s", sa.Double(), nullable=True),
        sa.Column("own_ms", sa.Double(), nullable=True),
        sa.Column("unresolved", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["book_id", "session_id"],
            ["sessions.book_id", "sessions.id"],
            name=op.f("fk_cycles_book_id_session_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_cycles_book_id")),
        sa.PrimaryKeyConstraint("book_id", "id", name=op.f("pk_cycles")),
    )
    op.create_index(
        op.f("ix_cycles_book_id_session_id_number"),
        "cycles",
        ["book_id", "session_id", "number"],
        unique=False,
    )
    op.create_index(op.f("ix_cycles_book_id_started_at"), "cycles", ["book_id", "started_at"], unique=False)
    op.create_index(
        "ix_cycles_open",
        "cycles",
        ["book_id"],
        unique=False,
        sqlite_where=sa.text("outcome = 'open'"),
        postgresql_where=sa.text("outcome = 'open'"),
    )
    op.create_table(
        "decisions",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("strength", sa.Double(), nullable=True),
        sa.Column("signal_reasons", JSON, nullable=False),
        sa.Column("signal_values", JSON, nullable=False),
        sa.Column("signal_candle", INSTANT, nullable=True),
        sa.Column("gates", JSON, nullable=False),
        sa.Column("blocking_gate", sa.Text(), nullable=True),
        sa.Column("nearest_miss", sa.Text(), nullable=True),
        sa.Column("price", AMOUNT, nullable=True),
        sa.Column("first_candle", INSTANT, nullable=True),
        sa.Column("last_candle", INSTANT, nullable=True),
        sa.Column("candles_seen", sa.Integer(), nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=True),
        sa.Column("step_ms", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "cycle_id"],
            ["cycles.book_id", "cycles.id"],
            name=op.f("fk_decisions_book_id_cycle_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_decisions_book_id")),
        sa.PrimaryKeyConstraint("book_id", "id", name=op.f("pk_decisions")),
        sa.UniqueConstraint(
            "book_id", "cycle_id", "symbol", name=op.f("uq_decisions_book_id_cycle_id_symbol")
        ),
    )
    op.create_index(
        op.f("ix_decisions_book_id_decided_at"), "decisions", ["book_id", "decided_at"], unique=False
    )
    op.create_index(
        op.f("ix_decisions_book_id_outcome_decided_at"),
        "decisions",
        ["book_id", "outcome", "decided_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_decisions_book_id_symbol_decided_at"),
        "decisions",
        ["book_id", "symbol", "decided_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_decisions_book_id_symbol_outcome_decided_at"),
        "decisions",
        ["book_id", "symbol", "outcome", "decided_at"],
        unique=False,
    )
    op.create_table(
        "equity",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("cycle_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("cash", AMOUNT, nullable=False),
        sa.Column("positions_value", AMOUNT, nullable=False),
        sa.Column("realised", AMOUNT, nullable=False),
        sa.Column("unrealised", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "cycle_id"], ["cycles.book_id", "cycles.id"], name=op.f("fk_equity_book_id_cycle_id")
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_equity_book_id")),
        sa.PrimaryKeyConstraint("book_id", "cycle_id", name=op.f("pk_equity")),
    )
    op.create_index(op.f("ix_equity_book_id_at"), "equity", ["book_id", "at"], unique=False)
    op.create_table(
        "order_lists",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("client_list_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("exchange_list_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("recv_window_ms", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "decision_id"],
            ["decisions.book_id", "decisions.id"],
            name=op.f("fk_order_lists_book_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_order_lists_book_id")),
        sa.PrimaryKeyConstraint("book_id", "client_list_id", name=op.f("pk_order_lists")),
        sa.UniqueConstraint(
            "book_id", "decision_id", "purpose", name=op.f("uq_order_lists_book_id_decision_id_purpose")
        ),
    )
    op.create_index(
        op.f("ix_order_lists_book_id_status_created_at"),
        "order_lists",
        ["book_id", "status", "created_at"],
        unique=False,
    )
    op.create_table(
        "orders",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("client_list_id", sa.Text(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("quantity", AMOUNT, nullable=False),
        sa.Column("reference_price", AMOUNT, nullable=False),
        sa.Column("candle", INSTANT, nullable=True),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("recv_window_ms", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("exchange_status", sa.Text(), nullable=True),
        sa.Column("exchange_order_id", sa.BigInteger(), nullable=True),
        sa.Column("executed", AMOUNT, nullable=False),
        sa.Column("quote_executed", AMOUNT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "client_list_id"],
            ["order_lists.book_id", "order_lists.client_list_id"],
            name=op.f("fk_orders_book_id_client_list_id"),
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "decision_id"],
            ["decisions.book_id", "decisions.id"],
            name=op.f("fk_orders_book_id_decision_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_orders_book_id")),
        sa.PrimaryKeyConstraint("book_id", "client_order_id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "book_id", "decision_id", "purpose", name=op.f("uq_orders_book_id_decision_id_purpose")
        ),
    )
    op.create_index(op.f("ix_orders_book_id_created_at"), "orders", ["book_id", "created_at"], unique=False)
    op.create_index(
        op.f("ix_orders_book_id_status_created_at"),
        "orders",
        ["book_id", "status", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_orders_book_id_symbol_created_at"),
        "orders",
        ["book_id", "symbol", "created_at"],
        unique=False,
    )
    op.create_table(
        "fills",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("trade_id", sa.BigInteger(), nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("exchange_order_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("price", AMOUNT, nullable=False),
        sa.Column("quantity", AMOUNT, nullable=False),
        sa.Column("quote_quantity", AMOUNT, nullable=False),
        sa.Column("commission", AMOUNT, nullable=False),
        sa.Column("commission_asset", sa.Text(), nullable=False),
        sa.Column("is_maker", sa.Boolean(), nullable=False),
        sa.Column("traded_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id", "client_order_id"],
            ["orders.book_id", "orders.client_order_id"],
            name=op.f("fk_fills_book_id_client_order_id"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("fk_fills_book_id")),
        sa.PrimaryKeyConstraint("book_id", "symbol", "trade_id", name=op.f("pk_fills")),
    )
    op.create_index(
        op.f("ix_fills_book_id_client_order_id"), "fills", ["book_id", "client_order_id"], unique=False
    )
    op.create_index(
        op.f("ix_fills_book_id_symbol_traded_at"), "fills", ["book_id", "symbol", "traded_at"], unique=False
    )
    op.create_index(op.f("ix_fills_book_id_traded_at"), "fills", ["book_id", "traded_at"], unique=False)


def downgrade() -> None:
    # indexes go with their tables; those that point at others go first
    for table in (
        "fills",
        "orders",
        "order_lists",
        "equity",
        "decisions",
        "cycles",
        "symbol_progress",
        "sessions",
        "positions",
        "overrides",
        "outbox",
        "incidents",
        "heartbeats",
        "flows",
        "control_state",
        "commands",
        "candles",
        "balances",
        "audit",
        "books",
        "bans",
    ):
        op.drop_table(table)
