"""Binance's JSON shapes of orders, order lists, fills, accounts, candles and trades."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import OrderList
from binance_trade_agent.exchange.matching import Fill, Order
from binance_trade_agent.exchange.simulator.market.base import Kline, Level, MarketTrade
from binance_trade_agent.exchange.simulator.new_order import ResponseType
from binance_trade_agent.exchange.simulator.quotes import DayStatistics

_NOT_YET = -1
_ZERO = "0.00000000"


def _order_core(order: Order) -> dict[str, Any]:
    view: dict[str, Any] = {
        "price": order.price,
        "origQty": order.quantity,
        "executedQty": order.executed,
        "origQuoteOrderQty": order.quote_quantity,
        "cummulativeQuoteQty": order.executed_quote,
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "selfTradePreventionMode": order.stp_mode,
    }
    if order.stop_price:
        view["stopPrice"] = order.stop_price
    if order.trailing_delta:
        view |= {"trailingDelta": order.trailing_delta, "trailingTime": order.trailing_ms or _NOT_YET}
    if order.expiry_reason:
        view["expiryReason"] = order.expiry_reason
    return view


def order_view(order: Order) -> dict[str, Any]:
    """An order as a query shows it."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "stopPrice": _ZERO,
        **_order_core(order),
        "icebergQty": _ZERO,
        "time": order.time_ms,
        "updateTime": order.update_ms,
        "isWorking": order.is_working,
        "workingTime": order.working_ms or _NOT_YET,
    }


def placed_view(order: Order, fills: Iterable[Fill], response: ResponseType) -> dict[str, Any]:
    """The reply to a new order, as long as `response` wants it."""
    view = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": order.update_ms,
    }
    if response is ResponseType.ACK:
        return view
    view |= _order_core(order) | {"workingTime": order.working_ms or _NOT_YET}
    if response is ResponseType.FULL:
        view["fills"] = [
            {
                "price": fill.price,
                "qty": fill.quantity,
                "commission": fill.commission,
                "commissionAsset": fill.commission_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    return view


def cancelled_view(order: Order, cancel_id: str) -> dict[str, Any]:
    """The reply to a cancel: `clientOrderId` is that of the cancel itself."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": cancel_id,
        "transactTime": order.update_ms,
        **_order_core(order),
    }


def list_view(order_list: OrderList) -> dict[str, Any]:
    """An order list as a query shows it."""
    return {
        "orderListId": order_list.list_id,
        "contingencyType": order_list.contingency,
        "listStatusType": order_list.status,
        "listOrderStatus": order_list.status.order_status,
        "listClientOrderId": order_list.client_order_id,
        "transactionTime": order_list.update_ms,
        "symbol": order_list.symbol,
        "orders": [
            {"symbol": order_list.symbol, "orderId": leg.order_id, "clientOrderId": leg.client_order_id}
            for leg in order_list.legs
        ],
    }


def placed_list_view(
    order_list: OrderList, orders: Iterable[Order], fills: Sequence[Fill], response: ResponseType
) -> dict[str, Any]:
    """The reply to a new order list: `orderReports` tell of each order what `response` wants."""
    reports = [
        placed_view(order, [fill for fill in fills if fill.order_id == order.order_id], response)
        for order in orders
    ]
    return {**list_view(order_list), "orderReports": reports}


def cancelled_list_view(order_list: OrderList, orders: Iterable[Order], cancel_id: str) -> dict[str, Any]:
    """The reply to a cancel that ended a list: `orderReports` are the orders that it cancelled."""
    return {**list_view(order_list), "orderReports": [cancelled_view(order, cancel_id) for order in orders]}


def fill_view(fill: Fill) -> dict[str, Any]:
    """A fill as myTrades shows it."""
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id,
        "price": fill.price,
        "qty": fill.quantity,
        "quoteQty": fill.quote_quantity,
        "commission": fill.commission,
        "commissionAsset": fill.commission_asset,
        "time": fill.time_ms,
        "isBuyer": fill.side is Side.BUY,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def balances_view(balances: Mapping[str, Balance], *, omit_zero: bool = False) -> list[dict[str, Any]]:
    """An account's balances, by asset name."""
    return [
        {"asset": asset, "free": balance.free, "locked": balance.locked}
        for asset, balance in sorted(balances.items())
        if balance.total or not omit_zero
    ]


def kline_row(candle: Kline) -> list[Any]:
    """A candle as the 12 columns of /klines."""
    return [
        candle.open_ms,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.close_ms,
        candle.quote_volume,
        candle.trades,
        candle.taker_buy_base,
        candle.taker_buy_quote,
        "0",
    ]


def levels_view(levels: Iterable[Level]) -> list[tuple[Decimal, Decimal]]:
    """Book levels as pairs of price and quantity."""
    return [(level.price, level.quantity) for level in levels]


def trade_view(trade: MarketTrade) -> dict[str, Any]:
    """A public trade."""
    return {
        "id": trade.trade_id,
        "price": trade.price,
        "qty": trade.quantity,
        "quoteQty": trade.price * trade.quantity,
        "time": trade.time_ms,
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def aggregate_view(trade: MarketTrade) -> dict[str, Any]:
    """A public trade as an aggregate of one."""
    return {
        "a": trade.trade_id,
        "p": trade.price,
        "q": trade.quantity,
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": trade.time_ms,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def book_ticker_view(symbol: str, bid: Level | None, ask: Level | None) -> dict[str, Any]:
    """Best bid and ask; an empty side is zero."""
    return {
        "symbol": symbol,
        "bidPrice": bid.price if bid else _ZERO,
        "bidQty": bid.quantity if bid else _ZERO,
        "askPrice": ask.price if ask else _ZERO,
        "askQty": ask.quantity if ask else _ZERO,
    }


def day_view(
    day: DayStatistics, bid: Level | None, ask: Level | None, last_quantity: Decimal
) -> dict[str, Any]:
    """The 24 hour ticker, FULL."""
    book = book_ticker_view(day.symbol, bid, ask)
    return {
        "symbol": day.symbol,
        "priceChange": day.change,
        "priceChangePercent": f"{day.change_percent:.3f}",
        "weightedAvgPrice": day.average,
        "prevClosePrice": day.open,
        "lastPrice": day.last,
        "lastQty": last_quantity,
        **{name: value for name, value in book.items() if name != "symbol"},
        **_day_figures(day),
    }


def mini_day_view(day: DayStatistics) -> dict[str, Any]:
    """The 24 hour ticker, MINI."""
    return {"symbol": day.symbol, "lastPrice": day.last, **_day_figures(day)}


def _day_figures(day: DayStatistics) -> dict[str, Any]:
    return {
        "openPrice": day.open,
        "highPrice": day.high,
        "lowPrice": day.low,
        "volume": day.volume,
        "quoteVolume": day.quote_volume,
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }
