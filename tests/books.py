"""Compares what the database says with what the exchange itself holds."""

from decimal import Decimal

from binance_trade_agent.control.watching import Watch
from tests.processes import Installation

#: what a read model answers at most
_MANY = 10_000


def check_books(place: Installation, watch: Watch) -> None:
    """Same orders, same fills, same balances to the last digit; no order that the journal does not know."""
    assert len(watch.fills(limit=_MANY)) < _MANY, "too many rows to compare them all"
    truth_orders = {order["clientOrderId"]: order for order in place.truth("orders")}
    journal = {order.client_order_id: order for order in watch.orders(limit=_MANY)}
    placed = {cid for cid, order in journal.items() if order.status not in ("REJECTED", "NOT_PLACED")}
    assert placed == set(truth_orders)
    for cid in placed:
        assert journal[cid].executed == Decimal(truth_orders[cid]["executedQty"])
        assert journal[cid].status == truth_orders[cid]["status"]
    truth_fills = {(fill["symbol"], fill["id"]) for fill in place.truth("fills")}
    booked = [(fill.symbol, fill.trade_id) for fill in watch.fills(limit=_MANY)]
    assert len(booked) == len(set(booked))
    assert set(booked) == truth_fills
    (account,) = place.truth("state")["accounts"]
    held = {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in account["balances"]}
    assert {a: v for a, v in watch.balances().items() if v} == {a: v for a, v in held.items() if v}


def check_no_decision_ordered_twice(watch: Watch) -> None:
    """Each decision led to at most one order."""
    orders = [order.decision_id for order in watch.orders(limit=_MANY)]
    assert len(orders) == len(set(orders))
