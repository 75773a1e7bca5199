"""Orders, fills and order lists as rows of the simulated exchange's file; decimals are text."""

from decimal import Decimal

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.contingent import Contingency, Leg, ListStatus, OrderList
from binance_trade_agent.exchange.matching import Fill, Order, OrderStatus, OrderType, TimeInForce

ORDER_COLUMNS = (
    "order_id, account_id, symbol, client_order_id, side, type, time_in_force, price, quantity, quote_quantity,"
    " time_ms, update_ms, status, executed, executed_quote, expiry_reason, stp_mode, list_id, stop_price,"
    " trailing_delta, trailing_ms, extreme, reserve_price, working_ms"
)
FILL_COLUMNS = (
    "trade_id, order_id, account_id, symbol, side, price, quantity, quote_quantity, commission,"
    " commission_asset, is_maker, time_ms"
)
#: What a fill is read from: its own columns and the list of its order.
FILL_SOURCE = FILL_COLUMNS + ", (SELECT list_id FROM orders WHERE orders.order_id = fills.order_id)"  # noqa: S608
LIST_COLUMNS = "list_id, account_id, symbol, contingency, client_order_id, status, time_ms, update_ms"


def _insert(table: str, columns: str) -> str:
    places = ", ".join("?" * len(columns.split(",")))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608


def _upsert(table: str, columns: str, changing: str) -> str:
    changes = ", ".join(f"{column} = excluded.{column}" for column in changing.split())
    return f"{_insert(table, columns)} ON CONFLICT DO UPDATE SET {changes}"


WRITE_ORDER = _upsert(
    "orders",
    ORDER_COLUMNS,
    "update_ms status executed executed_quote expiry_reason trailing_ms extreme reserve_price working_ms",
)
WRITE_FILL = _insert("fills", FILL_COLUMNS)
WRITE_LIST = _upsert("order_lists", LIST_COLUMNS, "status update_ms")


def list_row(order_list: OrderList) -> tuple[object, ...]:
    """An order list's values, in the order of `LIST_COLUMNS`; its legs are in the orders."""
    return (
        order_list.list_id,
        order_list.account_id,
        order_list.symbol,
        order_list.contingency,
        order_list.client_order_id,
        order_list.status,
        order_list.time_ms,
        order_list.update_ms,
    )


def order_list(row: tuple[object, ...], legs: tuple[Leg, ...]) -> OrderList:
    """The order list that a row of `LIST_COLUMNS` holds, with its legs."""
    list_id, account_id, symbol, contingency, client_id, status, time_ms, update_ms = row
    return OrderList(
        list_id=int(str(list_id)),
        account_id=int(str(account_id)),
        symbol=str(symbol),
        contingency=Contingency(str(contingency)),
        client_order_id=str(client_id),
        legs=legs,
        time_ms=int(str(time_ms)),
        update_ms=int(str(update_ms)),
        status=ListStatus(str(status)),
    )


def order_row(order: Order) -> tuple[object, ...]:
    """An order's values, in the order of `ORDER_COLUMNS`."""
    return (
        order.order_id,
        order.account_id,
        order.symbol,
        order.client_order_id,
        order.side,
        order.type,
        order.time_in_force,
        format(order.price, "f"),
        format(order.quantity, "f"),
        format(order.quote_quantity, "f"),
        order.time_ms,
        order.update_ms,
        order.status,
        format(order.executed, "f"),
        format(order.executed_quote, "f"),
        order.expiry_reason,
        order.stp_mode,
        order.list_id,
        format(order.stop_price, "f"),
        order.trailing_delta,
        order.trailing_ms,
        format(order.extreme, "f"),
        format(order.reserve_price, "f"),
        order.working_ms,
    )


def order(row: tuple[object, ...]) -> Order:
    """The order that a row of `ORDER_COLUMNS` holds."""
    (order_id, account_id, symbol, client_id, side, kind, tif, price, quantity, quote, time_ms, update_ms,
     status, executed, executed_quote, reason, stp_mode, list_id, stop_price, trailing_delta, trailing_ms,
     extreme, reserve_price, working_ms) = row  # fmt: skip
    return Order(
        order_id=int(str(order_id)),
        account_id=int(str(account_id)),
        symbol=str(symbol),
        client_order_id=str(client_id),
        side=Side(str(side)),
        type=OrderType(str(kind)),
        time_in_force=TimeInForce(str(tif)),
        price=Decimal(str(price)),
        quantity=Decimal(str(quantity)),
        quote_quantity=Decimal(str(quote)),
        time_ms=int(str(time_ms)),
        update_ms=int(str(update_ms)),
        status=OrderStatus(str(status)),
        executed=Decimal(str(executed)),
        executed_quote=Decimal(str(executed_quote)),
        expiry_reason=str(reason),
        stp_mode=str(stp_mode),
        list_id=int(str(list_id)),
        stop_price=Decimal(str(stop_price)),
        trailing_delta=int(str(trailing_delta)),
        trailing_ms=int(str(trailing_ms)),
        extreme=Decimal(str(extreme)),
        reserve_price=Decimal(str(reserve_price)),
        working_ms=int(str(working_ms)),
    )


def fill_row(fill: Fill) -> tuple[object, ...]:
    """A fill's values, in the order of `FILL_COLUMNS`."""
    return (
        fill.trade_id,
        fill.order_id,
        fill.account_id,
        fill.symbol,
        fill.side,
        format(fill.price, "f"),
        format(fill.quantity, "f"),
        format(fill.quote_quantity, "f"),
        format(fill.commission, "f"),
        fill.commission_asset,
        int(fill.is_maker),
        fill.time_ms,
    )


def fill(row: tuple[object, ...]) -> Fill:
    """The fill that a row of `FILL_SOURCE` holds."""
    (trade_id, order_id, account_id, symbol, side, price, quantity, quote, commission, asset,
     is_maker, time_ms, list_id) = row  # fmt: skip
    return Fill(
        trade_id=int(str(trade_id)),
        order_id=int(str(order_id)),
        account_id=int(str(account_id)),
        symbol=str(symbol),
        side=Side(str(side)),
        price=Decimal(str(price)),
        quantity=Decimal(str(quantity)),
        quote_quantity=Decimal(str(quote)),
        commission=Decimal(str(commission)),
        commission_asset=str(asset),
        is_maker=bool(is_maker),
        time_ms=int(str(time_ms)),
        list_id=int(str(list_id)),
    )
