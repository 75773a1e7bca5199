"""`orders`, `flows`, `fills`, `decisions`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.records import FlowRow, ForeignOrderRow, OrderRow
from binance_trade_agent.interfaces.cli.output import age, console, money, print_json, table
from binance_trade_agent.interfaces.cli.session import at_desk


def show_orders(limit: int, symbol: str | None, as_json: bool) -> None:
    """The order journal, newest first."""
    with at_desk(tells_age=True) as (_, desk):
        rows = desk.watch.orders(limit=limit, symbol=_upper(symbol))
    if as_json:
        print_json(rows)
        return
    draw_orders(rows, console(), datetime.now(tz=UTC))


def draw_orders(rows: Sequence[OrderRow], screen: Console, now: datetime) -> None:
    """Orders with what they are for and the prices they wait for."""
    columns = (
        "age>",
        "symbol",
        "side",
        "purpose",
        "type?",
        "quantity>",
        "stop>",
        "limit>",
        "executed?>",
        "average>",
        "status",
        "id?",
    )
    table(
        "Orders",
        columns,
        [
            (
                age(row.created_at, now),
                row.symbol,
                row.side,
                row.purpose,
                row.order_type,
                row.quantity,
                row.stop_price,
                row.price,
                row.executed,
                money(row.average_price),
                row.status,
                row.client_order_id,
            )
            for row in rows
        ],
        screen=screen,
    )


def show_foreign_orders(limit: int, symbol: str | None, as_json: bool) -> None:
    """Open orders of the account that are not ours, as the trader last saw them."""
    with at_desk(tells_age=True) as (_, desk):
        rows = [row for row in desk.watch.foreign_orders() if symbol is None or row.symbol == _upper(symbol)]
    rows = rows[:limit]
    if as_json:
        print_json(rows)
        return
    draw_foreign_orders(rows, console(), datetime.now(tz=UTC))


def draw_foreign_orders(rows: Sequence[ForeignOrderRow], screen: Console, now: datetime) -> None:
    """Orders of others, and how long ago each was first seen."""
    table(
        "Open orders of others",
        ("first seen>", "symbol", "side", "type", "quantity>", "executed>", "limit>", "exchange id>", "id?"),
        [
            (
                age(row.seen_at, now),
                row.symbol,
                row.side,
                row.order_type,
                row.quantity,
                row.executed,
                row.price or None,
                row.exchange_order_id,
                row.client_order_id,
            )
            for row in rows
        ],
        screen=screen,
    )


def show_flows(limit: int, opening: bool, as_json: bool) -> None:
    """What moved the account from outside, newest first; with `opening`, what it opened with too."""
    with at_desk(tells_age=True) as (_, desk):
        rows = desk.watch.flows(limit=limit) if opening else desk.watch.outside_flows(limit=limit)
    if as_json:
        print_json(rows)
        return
    draw_flows(rows, console(), datetime.now(tz=UTC))


def draw_flows(rows: Sequence[FlowRow], screen: Console, now: datetime) -> None:
    """Flows with their sign."""
    table(
        "Moved from outside",
        ("age>", "kind", "amount>", "asset", "symbol", "reason"),
        [
            (age(row.at, now), row.kind, _signed(row.amount), row.asset, row.symbol, row.reason)
            for row in rows
        ],
        screen=screen,
    )


def show_fills(limit: int, symbol: str | None, as_json: bool) -> None:
    """The exchange's trades of ours, newest first."""
    with at_desk(tells_age=True) as (_, desk):
        rows = desk.watch.fills(limit=limit, symbol=_upper(symbol))
    if as_json:
        print_json(rows)
        return
    now = datetime.now(tz=UTC)
    table(
        "Fills",
        ("age>", "symbol", "side", "quantity>", "price>", "value>", "commission>", "trade?", "order?"),
        [
            (
                age(row.traded_at, now),
                row.symbol,
                row.side,
                row.quantity,
                row.price,
                money(row.quote_quantity),
                f"{row.commission.normalize():f} {row.commission_asset}",
                row.trade_id,
                row.client_order_id,
            )
            for row in rows
        ],
    )


def show_decisions(limit: int, symbol: str | None, outcome: str | None, as_json: bool) -> None:
    """What was decided and why, newest first."""
    with at_desk(tells_age=True) as (_, desk):
        rows = desk.watch.decisions(limit=limit, symbol=_upper(symbol), outcome=outcome)
    if as_json:
        print_json(rows)
        return
    now = datetime.now(tz=UTC)
    table(
        "Decisions",
        ("id>", "age>", "cycle?>", "symbol", "signal", "strength?>", "outcome", "reason", "blocked by?"),
        [
            (
                row.id[:8],
                age(row.decided_at, now),
                row.cycle_number,
                row.symbol,
                row.action,
                None if row.strength is None else f"{row.strength:.2f}",
                row.outcome,
                row.reason,
                row.blocking_gate,
            )
            for row in rows
        ],
    )


def _signed(amount: Decimal) -> str:
    return f"+{to_wire(amount)}" if amount > 0 else to_wire(amount)


def _upper(symbol: str | None) -> str | None:
    return symbol.upper() if symbol else None
