"""What the exchange's answers to orders, order lists, cancels and replacements mean.

The functions for answers of success raise one of `mapping.MALFORMED` when the answer is not what the
protocol promises, or is about something else; `refused_replacement` raises domain errors.
"""

from collections.abc import Mapping
from typing import Any

from binance_trade_agent.domain.errors import OutcomeUnknown, Refused
from binance_trade_agent.domain.money import product, total
from binance_trade_agent.domain.orders import (
    CancelIntent,
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderListIntent,
    Replacement,
)
from binance_trade_agent.exchange.binance.errors import RefusedInPart, is_decided
from binance_trade_agent.exchange.binance.mapping import decimal, order_of, text, with_fills

_PARTIALLY_FAILED = -2021
_FAILED = -2022


def placed_order(answer: Mapping[str, Any], intent: OrderIntent) -> ExchangeOrder:
    """The FULL answer to a placement.

    Its fills carry no time and no maker flag: the order's `transactTime` stands for the one, and a
    fill at placement is always a taker's. They are left out when price × quantity does not give
    the quote amount exactly, so that `myTrades` brings the exchange's own amounts.
    """
    order = _about(order_of(answer, "clientOrderId", "transactTime"), intent)
    if not order.executed and not answer.get("fills"):
        return order
    fills = tuple(_placement_fill(row, order) for row in answer["fills"])
    exact = total([fill.quote_quantity for fill in fills]) == order.quote_executed
    return with_fills(order, fills) if exact else order


def placed_list(answer: Mapping[str, Any], order_list: OrderListIntent) -> tuple[ExchangeOrder, ...]:
    """The RESULT answer to an OCO: its legs, stop first, without fills."""
    if answer["listClientOrderId"] != order_list.client_list_id:
        raise ValueError(f"the answer is about another list: {answer['listClientOrderId']}")
    reports = {row["clientOrderId"]: row for row in answer["orderReports"]}
    if reports.keys() != {leg.client_order_id for leg in order_list.legs}:
        raise ValueError(f"the list has other legs: {', '.join(map(str, reports))}")
    return tuple(
        _about(order_of(reports[leg.client_order_id], "clientOrderId", "transactTime"), leg)
        for leg in order_list.legs
    )


def check_cancelled(answer: Mapping[str, Any], cancel: CancelIntent) -> None:
    """Read the answer to a cancel, where `clientOrderId` names the cancel and `origClientOrderId` the order."""
    if cancel.client_list_id is None:
        ended, meant = answer["origClientOrderId"], cancel.client_order_id
    else:
        ended, meant = answer["listClientOrderId"], cancel.client_list_id
    if ended != meant:
        raise ValueError(f"the answer is about another cancel: {ended}")


def replacement_of(answer: Mapping[str, Any], intent: OrderIntent) -> Replacement:
    """The answer to a cancelReplace of which both halves succeeded."""
    results = answer["cancelResult"], answer["newOrderResult"]
    if results != ("SUCCESS", "SUCCESS"):
        raise ValueError(f"cancel {results[0]}, new order {results[1]} in an answer of success")
    return Replacement(placed_order(answer["newOrderResponse"], intent))


def refused_replacement(refusal: Refused) -> Replacement:
    """What a refused cancelReplace did: only the cancel (-2021), or nothing.

    Raises:
        Refused: nothing was done; of -2022 with the code of the refused cancel.
        OutcomeUnknown: the answer contradicts itself or the mode STOP_ON_FAILURE, or one half is not known.
    """
    if refusal.code not in {_PARTIALLY_FAILED, _FAILED}:
        raise refusal
    data = refusal.data if isinstance(refusal, RefusedInPart) else {}
    results = refusal.code, data.get("cancelResult"), data.get("newOrderResult")
    if results == (_PARTIALLY_FAILED, "SUCCESS", "FAILURE"):
        half = _refusal_in(data.get("newOrderResponse"))
        if half is not None:
            return Replacement(None, str(half))
    if results == (_FAILED, "FAILURE", "NOT_ATTEMPTED"):
        half = _refusal_in(data.get("cancelResponse"))
        if half is not None:
            raise half from refusal
    raise OutcomeUnknown(
        f"POST order/cancelReplace: {refusal}: cancel {results[1]}, new order {results[2]}"
    ) from refusal


def _refusal_in(response: object) -> Refused | None:
    """The refusal that one half of a cancelReplace met; None unless it is a clear one."""
    if not isinstance(response, Mapping) or not isinstance(response.get("code"), int):
        return None
    code, message = response["code"], str(response.get("msg", ""))
    return Refused(code, message) if is_decided(code, message) else None


def _about(order: ExchangeOrder, intent: OrderIntent) -> ExchangeOrder:
    expected = (intent.client_order_id, intent.symbol, intent.side)
    if (order.client_order_id, order.symbol, order.side) != expected:
        raise ValueError(f"the answer is about another order: {order.client_order_id}")
    return order


def _placement_fill(row: Mapping[str, Any], order: ExchangeOrder) -> Fill:
    price, quantity = decimal(row["price"]), decimal(row["qty"])
    return Fill(
        symbol=order.symbol,
        trade_id=int(row["tradeId"]),
        exchange_order_id=order.exchange_order_id,
        side=order.side,
        price=price,
        quantity=quantity,
        quote_quantity=product(price, quantity),
        commission=decimal(row["commission"]),
        commission_asset=text(row["commissionAsset"]),
        traded_at=order.updated_at,
        is_maker=False,
    )
