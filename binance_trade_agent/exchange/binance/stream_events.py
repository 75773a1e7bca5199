"""The user data stream's events to the domain's (user-data-stream.md).

An `executionReport` is brought into the form of a REST answer, so that one function decides what an order is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import ExchangeOrder, Fill
from binance_trade_agent.domain.user_events import OrderReported, Transferred, UserEvent
from binance_trade_agent.exchange.binance.mapping import decimal, order_of, text, with_fills
from binance_trade_agent.exchange.binance.timestamps import from_ms

Payload = Mapping[str, Any]

#: Execution types whose `c` is the id of the cancel or amendment and whose `C` is the order's.
_OF_ANOTHER_REQUEST = frozenset({"CANCELED", "REPLACED"})

#: Events that tell nothing the others do not: balances and lists follow from orders and transfers.
_WITHOUT_NEWS = frozenset({"outboundAccountPosition", "listStatus", "externalLockUpdate"})

_FIELDS = {
    # the first line is in every report, the others under conditions
    "executionReport": frozenset("eEscSofqpPFgCxXrilzLnNTtIwmMOZYQWV")
    | frozenset("dDjJvABuUbak")
    | frozenset(["Cs", "pl", "pL", "pY", "uS", "gP", "gOT", "gOV", "gp", "eR"]),
    "balanceUpdate": frozenset("eEadT"),
}


def user_event(payload: Payload) -> UserEvent | None:
    """What an event means, None if nothing; raises one of `mapping.MALFORMED` if it cannot be read."""
    reader = _READERS.get(kind_of(payload))
    return reader(payload) if reader else None


def kind_of(payload: Payload) -> str:
    """The event's type."""
    return text(payload["e"])


def unknown_parts(payload: Payload) -> tuple[str, ...]:
    """What of an event this program has never heard of: its type, or fields of it as `type.field`."""
    kind = kind_of(payload)
    if kind in _FIELDS:
        return tuple(f"{kind}.{name}" for name in payload.keys() - _FIELDS[kind])
    return () if kind in _WITHOUT_NEWS else (kind,)


def _order_reported(payload: Payload) -> OrderReported:
    execution = text(payload["x"])
    own_id = payload["C"] if execution in _OF_ANOTHER_REQUEST else ""
    order = order_of(
        {
            "symbol": payload["s"],
            # the exchange's own cancels have no other request, and leave C empty
            "clientOrderId": own_id or payload["c"],
            "orderId": payload["i"],
            "side": payload["S"],
            "status": payload["X"],
            "type": payload["o"],
            "price": payload["p"],
            "stopPrice": payload["P"],
            "origQty": payload["q"],
            "executedQty": payload["z"],
            "cummulativeQuoteQty": payload["Z"],
            "updateTime": payload["T"],
        }
    )
    if execution != "TRADE":
        return OrderReported(order)
    return OrderReported(with_fills(order, _fills(payload, order)))


def _fills(payload: Payload, order: ExchangeOrder) -> tuple[Fill, ...]:
    """The one trade of a report; none where a free trade names no asset, so that `myTrades` brings it."""
    commission = decimal(payload["n"])
    if not commission and payload["N"] is None:
        return ()
    trade_id, quantity = int(payload["t"]), decimal(payload["l"])
    if trade_id < 0 or quantity <= 0:
        raise ValueError(f"trade {trade_id} of {quantity}")
    fill = Fill(
        symbol=order.symbol,
        trade_id=trade_id,
        exchange_order_id=order.exchange_order_id,
        side=order.side,
        price=decimal(payload["L"]),
        quantity=quantity,
        quote_quantity=decimal(payload["Y"]),
        commission=commission,
        commission_asset=text(payload["N"]),
        traded_at=order.updated_at,
        is_maker=bool(payload["m"]),
    )
    return (fill,)


def _transferred(payload: Payload) -> Transferred:
    # the event's own time E is left out of the reference: it is when it was told, not what happened
    asset, amount, cleared_ms = text(payload["a"]), decimal(payload["d"]), int(payload["T"])
    return Transferred(asset, amount, from_ms(cleared_ms), f"{asset}:{cleared_ms}:{to_wire(amount)}")


_READERS: dict[str, Callable[[Payload], UserEvent]] = {
    "executionReport": _order_reported,
    "balanceUpdate": _transferred,
}
