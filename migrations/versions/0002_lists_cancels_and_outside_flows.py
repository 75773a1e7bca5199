"""Order lists and cancels, limit and stop prices, transfers and others' trades, scoped bans, request weights."""

from collections import defaultdict
from decimal import Context, Decimal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# the types as they were when this was written, not as the models have them now
AMOUNT = sa.Text().with_variant(sa.Numeric(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EXACT = Context(prec=50)
OUTSIDE = sa.text("kind NOT IN ('fill', 'commission')")
UNFINISHED_ORDER = sa.text("status IN ('INTENT', 'UNKNOWN', 'OPEN', 'PARTIALLY_FILLED')")
UNFINISHED_CANCEL = sa.text("status IN ('INTENT', 'UNKNOWN')")
HAS_REFERENCE = sa.text("reference IS NOT NULL")


def upgrade() -> None:
    op.add_column("books", sa.Column("compared_at", INSTANT, nullable=True))
    op.add_column("equity", sa.Column("contributed", AMOUNT, nullable=True))
    _widen_orders()
    _create_cancels()
    _widen_flows()
    _create_foreign_orders()
    _create_position_moves()
    _count_fees()
    op.create_table(
        "request_weights",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_request_weights"),
    )
    op.add_column("bans", sa.Column("scope", sa.Text(), nullable=False, server_default="all"))
    _key_bans("address", "scope")


def _widen_orders() -> None:
    op.add_column("orders", sa.Column("price", AMOUNT, nullable=True))
    op.add_column("orders", sa.Column("stop_price", AMOUNT, nullable=True))
    op.add_column("orders", sa.Column("time_in_force", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("expires_at", INSTANT, nullable=True))
    op.create_index(
        "ix_orders_book_id_symbol_exchange_order_id", "orders", ["book_id", "symbol", "exchange_order_id"]
    )
    op.create_index("ix_orders_book_id_client_list_id", "orders", ["book_id", "client_list_id"])
    op.create_index(
        "ix_orders_unfinished",
        "orders",
        ["book_id", "created_at", "client_order_id"],
        sqlite_where=UNFINISHED_ORDER,
        postgresql_where=UNFINISHED_ORDER,
    )


def _create_cancels() -> None:
    op.create_table(
        "cancels",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("cancel_id", sa.Text(), nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("client_list_id", sa.Text(), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("recv_window_ms", sa.Integer(), nullable=False),
        sa.Column("intent_reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_cancels_book_id"),
        sa.ForeignKeyConstraint(
            ["book_id", "client_order_id"],
            ["orders.book_id", "orders.client_order_id"],
            name="fk_cancels_book_id_client_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "replaced_by"],
            ["orders.book_id", "orders.client_order_id"],
            name="fk_cancels_book_id_replaced_by",
        ),
        sa.ForeignKeyConstraint(
            ["book_id", "client_list_id"],
            ["order_lists.book_id", "order_lists.client_list_id"],
            name="fk_cancels_book_id_client_list_id",
        ),
        sa.PrimaryKeyConstraint("book_id", "cancel_id", name="pk_cancels"),
    )
    op.create_index("ix_cancels_book_id_created_at", "cancels", ["book_id", "created_at"])
    op.create_index(
        "ix_cancels_unfinished",
        "cancels",
        ["book_id", "created_at", "cancel_id"],
        sqlite_where=UNFINISHED_CANCEL,
        postgresql_where=UNFINISHED_CANCEL,
    )


def _widen_flows() -> None:
    op.add_column("flows", sa.Column("reference", sa.Text(), nullable=True))
    for name, columns in (("ix_flows_outside_at", ["at", "id"]), ("ix_flows_outside_asset", ["asset"])):
        op.create_index(name, "flows", ["book_id", *columns], sqlite_where=OUTSIDE, postgresql_where=OUTSIDE)
    op.create_index(
        "uq_flows_reference",
        "flows",
        ["book_id", "reference"],
        unique=True,
        sqlite_where=HAS_REFERENCE,
        postgresql_where=HAS_REFERENCE,
    )


def _create_foreign_orders() -> None:
    op.create_table(
        "foreign_orders",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("exchange_order_id", sa.BigInteger(), nullable=False),
        sa.Column("client_order_id", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("price", AMOUNT, nullable=False),
        sa.Column("quantity", AMOUNT, nullable=False),
        sa.Column("executed", AMOUNT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_foreign_orders_book_id"),
        sa.PrimaryKeyConstraint("book_id", "symbol", "exchange_order_id", name="pk_foreign_orders"),
    )


def _create_position_moves() -> None:
    op.create_table(
        "position_moves",
        sa.Column("id", ROW_NUMBER, nullable=False),
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("after_trade_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", AMOUNT, nullable=False),
        sa.Column("cost", AMOUNT, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_position_moves_book_id"),
        sa.PrimaryKeyConstraint("id", name="pk_position_moves"),
    )
    op.create_index(
        "ix_position_moves_book_id_symbol_after_trade_id",
        "position_moves",
        ["book_id", "symbol", "after_trade_id"],
    )


def _count_fees() -> None:
    """Add up what fills of other assets paid in each: the new column `balances.fees`."""
    op.add_column("balances", sa.Column("fees", AMOUNT, nullable=False, server_default="0"))
    connection = op.get_bind()
    paid = connection.execute(
        sa.text(
            "SELECT flows.book_id, flows.asset, flows.symbol, flows.amount, books.quote FROM flows "
            "JOIN books ON books.id = flows.book_id WHERE flows.kind = 'commission'"
        )
    )
    fees: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for book_id, asset, symbol, amount, quote in paid:
        if asset != quote and symbol != f"{asset}{quote}":
            fees[book_id, asset] = EXACT.subtract(fees[book_id, asset], Decimal(amount))
    balances = sa.table("balances", sa.column("book_id"), sa.column("asset"), sa.column("fees", AMOUNT))
    exact = connection.dialect.name == "postgresql"
    for (book_id, asset), amount in fees.items():
        connection.execute(
            balances.update()
            .where(balances.c.book_id == book_id, balances.c.asset == asset)
            .values(fees=amount if exact else format(amount, "f"))
        )


def _key_bans(*columns: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_bans", "bans", type_="primary")
        op.create_primary_key("pk_bans", "bans", list(columns))
        return
    op.create_table(
        "bans_rekeyed",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False, server_default="all"),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(*columns, name="pk_bans"),
    )
    op.execute("INSERT INTO bans_rekeyed SELECT address, scope, until, reason FROM bans")
    op.drop_table("bans")
    op.rename_table("bans_rekeyed", "bans")


def downgrade() -> None:
    # an earlier version knows only bans of everything
    op.execute("DELETE FROM bans WHERE scope <> 'all'")
    _key_bans("address")
    op.drop_column("bans", "scope")
    for table in ("request_weights", "foreign_orders", "position_moves", "cancels"):
        op.drop_table(table)
    for name in ("uq_flows_reference", "ix_flows_outside_at", "ix_flows_outside_asset"):
        op.drop_index(name, "flows")
    op.drop_column("flows", "reference")
    op.drop_column("balances", "fees")
    for name in ("book_id_symbol_exchange_order_id", "book_id_client_list_id", "unfinished"):
        op.drop_index(f"ix_orders_{name}", "orders")
    for column in ("price", "stop_price", "time_in_force", "expires_at"):
        op.drop_column("orders", column)
    op.drop_column("equity", "contributed")
    op.drop_column("books", "compared_at")
