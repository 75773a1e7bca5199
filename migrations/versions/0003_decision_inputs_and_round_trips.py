"""What decisions saw and how near they were, round trips, loss marks, symbol rules, a session's plan."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from binance_trade_agent.domain.history import History
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.portfolio import Position

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# the types as they were when this was written, not as the models have them now
AMOUNT = sa.Text().with_variant(sa.Numeric(), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SUMMARY = (
    "decided_at",
    "scheduled",
    "symbol",
    "action",
    "outcome",
    "reason_code",
    "blocking_gate",
    "miss_distance",
)
CLOSED = sa.text("closed_at IS NOT NULL")
OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.add_column("decisions", sa.Column("miss_distance", sa.Double(), nullable=True))
    op.add_column("decisions", sa.Column("signal_share", AMOUNT, nullable=True))
    op.add_column("decisions", sa.Column("inputs", JSON, nullable=True))
    _mark_scheduled()
    op.add_column("sessions", sa.Column("plan", JSON, nullable=False, server_default="{}"))
    op.add_column("position_moves", sa.Column("mark", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_flows_book_id_id", "flows", ["book_id", "id"])
    _create_loss_marks()
    _create_symbol_rules()
    _fill_round_trips(_create_round_trips())


def _mark_scheduled() -> None:
    op.add_column("decisions", sa.Column("scheduled", sa.Boolean(), nullable=False, server_default=sa.true()))
    # through the few cycles of other kinds: most rows stay as they are
    op.execute(
        "UPDATE decisions SET scheduled = false WHERE (book_id, cycle_id) IN "
        "(SELECT book_id, id FROM cycles WHERE kind <> 'scheduled')"
    )
    op.drop_index("ix_decisions_book_id_decided_at", "decisions")
    op.create_index("ix_decisions_summary", "decisions", ["book_id", *SUMMARY])


def _create_loss_marks() -> None:
    op.create_table(
        "loss_marks",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("day_profit", AMOUNT, nullable=False),
        sa.Column("day_equity", AMOUNT, nullable=False),
        sa.Column("peak_profit", AMOUNT, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("latched", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_loss_marks_book_id"),
        sa.PrimaryKeyConstraint("book_id", name="pk_loss_marks"),
    )


def _create_symbol_rules() -> None:
    op.create_table(
        "symbol_rules",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_symbol_rules_book_id"),
        sa.PrimaryKeyConstraint("book_id", "name", name="pk_symbol_rules"),
    )


def _create_round_trips() -> sa.Table:
    table = op.create_table(
        "round_trips",
        sa.Column("book_id", ROW_NUMBER, nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("first_price", AMOUNT, nullable=False),
        sa.Column("last_entry_price", AMOUNT, nullable=False),
        sa.Column("last_entry_at", INSTANT, nullable=False),
        sa.Column("last_order_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("exits", sa.Integer(), nullable=False),
        sa.Column("peak", AMOUNT, nullable=False),
        sa.Column("realised", AMOUNT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_round_trips_book_id"),
        sa.PrimaryKeyConstraint("book_id", "symbol", "number", name="pk_round_trips"),
    )
    op.create_index(
        "ix_round_trips_closed",
        "round_trips",
        ["book_id", "closed_at", "symbol", "number"],
        sqlite_where=CLOSED,
        postgresql_where=CLOSED,
    )
    op.create_index(
        "uq_round_trips_open",
        "round_trips",
        ["book_id", "symbol"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    return table


def _fill_round_trips(table: sa.Table) -> None:
    """Write the trips that the stored fills and moves make, as booking them would have."""
    connection = op.get_bind()
    columns = [column.name for column in table.columns if column.name not in {"book_id", "number"}]
    moves = connection.execute(
        sa.text(
            "SELECT book_id, symbol, after_trade_id, quantity, at FROM position_moves "
            "ORDER BY book_id, symbol, after_trade_id, id"
        )
    ).all()
    fills = connection.execute(
        sa.text(
            "SELECT fills.*, books.quote FROM fills JOIN books ON books.id = fills.book_id "
            "ORDER BY fills.book_id, fills.symbol, fills.trade_id"
        )
    )
    for (book_id, symbol, quote), rows in groupby(
        fills, key=lambda row: (row.book_id, row.symbol, row.quote)
    ):
        own = [move for move in moves if (move.book_id, move.symbol) == (book_id, symbol)]
        history = History(Position(symbol, symbol.removesuffix(quote), quote))
        for row in rows:
            while own and own[0].after_trade_id < row.trade_id:
                _move(history, own.pop(0))
            history.book(_fill(row))
        for move in own:
            _move(history, move)
        if history.trips:
            connection.execute(
                table.insert(),
                [
                    {"book_id": book_id, "number": number}
                    | {name: _stored(getattr(trip, name)) for name in columns}
                    for number, trip in enumerate(history.trips, 1)
                ],
            )


def _move(history: History, move: sa.Row[Any]) -> None:
    history.move_out(Decimal(move.quantity), _instant(move.at))


def _fill(row: sa.Row[Any]) -> Fill:
    return Fill(
        symbol=row.symbol,
        trade_id=row.trade_id,
        exchange_order_id=row.exchange_order_id,
        side=Side(row.side),
        price=Decimal(row.price),
        quantity=Decimal(row.quantity),
        quote_quantity=Decimal(row.quote_quantity),
        commission=Decimal(row.commission),
        commission_asset=row.commission_asset,
        traded_at=_instant(row.traded_at),
        is_maker=bool(row.is_maker),
    )


def _instant(value: int | datetime) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else EPOCH + value * MICROSECOND


def _stored(value: Any) -> Any:
    """A trip's value as a driver takes it."""
    if op.get_bind().dialect.name == "postgresql":
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value


def downgrade() -> None:
    for table in ("round_trips", "symbol_rules", "loss_marks"):
        op.drop_table(table)
    op.drop_index("ix_flows_book_id_id", "flows")
    op.drop_column("position_moves", "mark")
    op.drop_column("sessions", "plan")
    op.drop_index("ix_decisions_summary", "decisions")
    op.create_index("ix_decisions_book_id_decided_at", "decisions", ["book_id", "decided_at"])
    for column in ("scheduled", "inputs", "signal_share", "miss_distance"):
        op.drop_column("decisions", column)
