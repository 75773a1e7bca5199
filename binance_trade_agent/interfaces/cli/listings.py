"""`positions`, `orders`, `fills`, `decisions`."""

from datetime import UTC, datetime

from binance_trade_agent.interfaces.cli.output import age, gain, money, print_json, table
from binance_trade_agent.interfaces.cli.session import at_desk


def show_positions(flat: bool, as_json: bool) -> None:
    """What the ledger holds; with `flat`, closed positions too."""
    with at_desk() as (_, desk):
        rows = [row for row in desk.watch.positions() if flat or row.quantity]
    if as_json:
        print_json(rows)
        return
    now = datetime.now(tz=UTC)
    table(
        "Positions",
        ("symbol", "quantity>", "average price>", "cost>", "realised>", "fees>", "held for>"),
        [
            (
                row.symbol,
                row.quantity,
                money(row.average_price),
                money(row.cost),
                gain(row.realised),
                money(row.fees_quote),
                age(row.opened_at, now),
            )
            for row in rows
        ],
    )


def show_orders(limit: int, symbol: str | None, as_json: bool) -> None:
    """The order journal, newest first."""
    with at_desk() as (_, desk):
        rows = desk.watch.orders(limit=limit, symbol=_upper(symbol))
    if as_json:
        print_json(rows)
        return
    now = datetime.now(tz=UTC)
    table(
        "Orders",
        ("age>", "symbol", "side", "type?", "purpose?", "quantity>", "executed>", "price>", "status", "id?"),
        [
            (
                age(row.created_at, now),
                row.symbol,
                row.side,
                row.order_type,
                row.purpose,
                row.quantity,
                row.executed,
                money(row.average_price),
                row.status,
                row.client_order_id,
            )
            for row in rows
        ],
    )


def show_fills(limit: int, symbol: str | None, as_json: bool) -> None:
    """The exchange's trades of ours, newest first."""
    with at_desk() as (_, desk):
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
    with at_desk() as (_, desk):
        rows = desk.watch.decisions(limit=limit, symbol=_upper(symbol), outcome=outcome)
    if as_json:
        print_json(rows)
        return
    now = datetime.now(tz=UTC)
    table(
        "Decisions",
        ("age>", "cycle>", "symbol", "signal", "strength>", "outcome", "reason", "blocked by?"),
        [
            (
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


def _upper(symbol: str | None) -> str | None:
    return symbol.upper() if symbol else None
