"""The events of a user data stream, as Binance words them (user-data-stream.md). Pure.

For one change of an account: the reports of its orders in the order in which they happened,
its order lists, money from outside, then the balances touched.
"""

from collections.abc import Iterator
from typing import Any

from binance_trade_agent.exchange.simulator.changes import (
    AccountChange,
    Execution,
    ListReport,
    OrderReport,
    Transfer,
)

_ZERO = "0.00000000"

Event = dict[str, Any]


def events_of(change: AccountChange, execution_ids: Iterator[int]) -> list[Event]:
    """Every event of `change`, in order; each executionReport takes the next of `execution_ids`."""
    now_ms = change.time_ms
    events = [execution_report(report, now_ms, next(execution_ids)) for report in change.orders]
    events += [list_status(report, now_ms) for report in change.lists]
    events += [balance_update(transfer, now_ms) for transfer in change.transfers]
    if change.balances:
        events.append(account_position(change))
    return events


def execution_report(report: OrderReport, now_ms: int, execution_id: int) -> Event:
    """`executionReport`: one step of an order's life."""
    order, fill, cancel_id = report.order, report.fill, report.cancel_id
    event: Event = {
        "e": "executionReport",
        "E": now_ms,
        "s": order.symbol,
        "c": cancel_id or order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": order.quantity,
        "p": order.price,
        "P": order.stop_price,
        "F": _ZERO,
        "g": order.list_id,
        "C": order.client_order_id if cancel_id else "",
        "x": report.execution,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": fill.quantity if fill else _ZERO,
        "z": order.executed,
        "L": fill.price if fill else _ZERO,
        "n": fill.commission if fill else "0",
        "N": fill.commission_asset if fill else None,
        "T": now_ms,
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": order.is_working and order.status.is_open,
        "m": fill is not None and fill.is_maker,
        "M": fill is not None,
        "O": order.time_ms,
        "Z": order.executed_quote,
        "Y": fill.quote_quantity if fill else _ZERO,
        "Q": order.quote_quantity,
        "V": order.stp_mode,
    }
    return event | _conditional(report)


def _conditional(report: OrderReport) -> Event:
    order = report.order
    fields: Event = {}
    if order.is_working:
        fields["W"] = order.working_ms
    if order.trailing_delta:
        fields["d"] = order.trailing_delta
    if order.trailing_ms:
        fields["D"] = order.trailing_ms
    if report.execution is Execution.EXPIRED and order.expiry_reason:
        fields["eR"] = order.expiry_reason
    return fields


def list_status(report: ListReport, now_ms: int) -> Event:
    """`listStatus`: an order list begins or is over."""
    found = report.order_list
    return {
        "e": "listStatus",
        "E": now_ms,
        "s": found.symbol,
        "g": found.list_id,
        "c": found.contingency,
        "l": found.status,
        "L": found.status.order_status,
        "r": "NONE",
        "C": found.client_order_id,
        "T": found.update_ms,
        "O": [{"s": found.symbol, "i": leg.order_id, "c": leg.client_order_id} for leg in found.legs],
    }


def balance_update(transfer: Transfer, now_ms: int) -> Event:
    """`balanceUpdate`: money from or to outside, as a difference."""
    return {
        "e": "balanceUpdate",
        "E": now_ms,
        "a": transfer.asset,
        "d": transfer.amount,
        "T": transfer.time_ms,
    }


def account_position(change: AccountChange) -> Event:
    """`outboundAccountPosition`: the new balances of the assets that the change touched."""
    return {
        "e": "outboundAccountPosition",
        "E": change.time_ms,
        "u": change.time_ms,
        "B": [
            {"a": asset, "f": balance.free, "l": balance.locked}
            for asset, balance in sorted(change.balances.items())
        ],
    }


def stream_terminated(now_ms: int) -> Event:
    """`eventStreamTerminated`: the subscription is over."""
    return {"e": "eventStreamTerminated", "E": now_ms}


def server_shutdown(now_ms: int) -> Event:
    """`serverShutdown`: the connection will soon be closed."""
    return {"e": "serverShutdown", "E": now_ms}
