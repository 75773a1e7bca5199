"""Binance's JSON to the domain's types.

Each function raises one of `MALFORMED` when the answer is not what the protocol promises; what that
means depends on the request, so the caller decides (see `errors`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, DayFigures
from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import (
    ExchangeOrder,
    Fill,
    OrderStatus,
    OrderType,
    Side,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance
from binance_trade_agent.exchange.binance.timestamps import from_ms

#: What reading a malformed answer raises.
MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)

_STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    # self-trade prevention ended it; what was executed before stays executed
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}


def decimal(value: object) -> Decimal:
    """A finite number that came as text; a JSON number would already have been rounded."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a decimal in text")
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value!r} is not finite")
    return number


def rows_of(answer: object) -> list[Any]:
    """An answer that must be a list: an object in its place is not "nothing found"."""
    if not isinstance(answer, list):
        raise TypeError(f"{type(answer).__name__} instead of a list")
    return answer


def order_of(
    row: Mapping[str, Any], id_field: str = "clientOrderId", time_field: str = "updateTime"
) -> ExchangeOrder:
    """An order without fills. A negative quote amount means "not available" and is malformed here."""
    executed, quote_executed = decimal(row["executedQty"]), decimal(row["cummulativeQuoteQty"])
    if executed < 0 or quote_executed < 0:
        raise ValueError(f"executed {executed} for {quote_executed}")
    status = _STATUSES[row["status"]]
    if status is OrderStatus.OPEN and executed:
        status = OrderStatus.PARTIALLY_FILLED
    return ExchangeOrder(
        symbol=text(row["symbol"]),
        client_order_id=text(row[id_field]),
        exchange_order_id=int(row["orderId"]),
        side=Side(row["side"]),
        status=status,
        quantity=decimal(row["origQty"]),
        executed=executed,
        quote_executed=quote_executed,
        updated_at=from_ms(row[time_field]),
        order_type=OrderType(row["type"]),
        price=decimal(row["price"]),
        # only orders that wait for a trigger have the field in every answer
        stop_price=decimal(row.get("stopPrice", "0")),
    )


def with_trades(order: ExchangeOrder, rows: Sequence[Mapping[str, Any]]) -> ExchangeOrder:
    """The order with its fills from `myTrades`; malformed if it was executed further in between."""
    fills = tuple(fill_of(row) for row in rows)
    if any(fill.exchange_order_id != order.exchange_order_id for fill in fills):
        raise ValueError("a trade of another order")
    return with_fills(order, fills)


def fill_of(row: Mapping[str, Any]) -> Fill:
    """A row of `myTrades`."""
    return Fill(
        symbol=text(row["symbol"]),
        trade_id=int(row["id"]),
        exchange_order_id=int(row["orderId"]),
        side=Side.BUY if row["isBuyer"] else Side.SELL,
        price=decimal(row["price"]),
        quantity=decimal(row["qty"]),
        quote_quantity=decimal(row["quoteQty"]),
        commission=decimal(row["commission"]),
        commission_asset=text(row["commissionAsset"]),
        traded_at=from_ms(row["time"]),
        is_maker=bool(row["isMaker"]),
    )


def candles_of(rows: object, interval: CandleInterval) -> tuple[Candle, ...]:
    """Rows of `klines`, the open candle included if it is there; raises unless they rise in time."""
    candles = tuple(_candle(row, interval) for row in rows_of(rows))
    if any(later.open_time <= earlier.open_time for earlier, later in pairwise(candles)):
        raise ValueError("the candles do not rise in time")
    return candles


def book_top_of(row: Mapping[str, Any]) -> BookTop:
    """A row of `ticker/bookTicker`; prices are 0 where nobody bids or asks."""
    return BookTop(
        symbol=text(row["symbol"]),
        bid=decimal(row["bidPrice"]),
        bid_quantity=decimal(row["bidQty"]),
        ask=decimal(row["askPrice"]),
        ask_quantity=decimal(row["askQty"]),
    )


def day_of(row: Mapping[str, Any]) -> DayFigures:
    """A row of `ticker/24hr`; the change is given in percent."""
    return DayFigures(
        change=decimal(row["priceChangePercent"]) / 100,
        high=decimal(row["highPrice"]),
        low=decimal(row["lowPrice"]),
        volume=decimal(row["volume"]),
    )


def account_of(answer: Mapping[str, Any], observed_at: datetime) -> AccountSnapshot:
    """The account with every asset the exchange lists, empty ones too."""
    balances = {
        text(row["asset"]): AssetBalance(row["asset"], decimal(row["free"]), decimal(row["locked"]))
        for row in answer["balances"]
    }
    return AccountSnapshot(balances, bool(answer["canTrade"]), observed_at)


def with_fills(order: ExchangeOrder, fills: tuple[Fill, ...]) -> ExchangeOrder:
    """The order with these fills; malformed if they are more than was executed."""
    if total([fill.quantity for fill in fills]) > order.executed:
        raise ValueError("the fills are more than was executed")
    return replace(order, fills=fills)


def _candle(row: Sequence[Any], interval: CandleInterval) -> Candle:
    open_time = from_ms(row[0])
    opened, high, low, closed, volume = (decimal(value) for value in row[1:6])
    return Candle(open_time, open_time + interval.duration, opened, high, low, closed, volume)


def text(value: object) -> str:
    """A name: text that is not empty."""
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is not a name")
    return value
