"""Candles as whole numbers: a compact table, exact aggregation, and Binance's window rules.

A table is one int64 array of shape (candles, 10), 80 bytes a candle, in the columns
below: prices in ticks, quantities in steps, quote amounts in units of 10**-quote_decimals.
Whole numbers make every sum exact; they become `Decimal` only when they are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from binance_trade_agent.exchange.simulator.market.base import Kline

Table = npt.NDArray[np.int64]

INTERVAL_MS = {
    "1s": 1_000,
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": 86_400_000,
}


class Column(IntEnum):
    """The columns of a table."""

    OPEN_MS = 0
    OPEN = 1
    HIGH = 2
    LOW = 3
    CLOSE = 4
    VOLUME = 5
    QUOTE_VOLUME = 6
    TRADES = 7
    TAKER_BASE = 8
    TAKER_QUOTE = 9


_SUMMED = (
    Column.VOLUME,
    Column.QUOTE_VOLUME,
    Column.TRADES,
    Column.TAKER_BASE,
    Column.TAKER_QUOTE,
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How many decimals the whole numbers of a table carry."""

    price_decimals: int
    quantity_decimals: int
    quote_decimals: int

    def price(self, ticks: int) -> Decimal:
        """A price from ticks."""
        return Decimal(ticks).scaleb(-self.price_decimals)

    def quantity(self, steps: int) -> Decimal:
        """A quantity from steps."""
        return Decimal(steps).scaleb(-self.quantity_decimals)

    def quote(self, units: int) -> Decimal:
        """An amount of the quote asset."""
        return Decimal(units).scaleb(-self.quote_decimals)


def interval_ms(interval: str) -> int:
    """Length of a Binance interval up to `1d`, in milliseconds; raises `ValueError` for another."""
    if interval not in INTERVAL_MS:
        raise ValueError(f"interval {interval!r} is not one of {', '.join(INTERVAL_MS)}")
    return INTERVAL_MS[interval]


def empty_table(rows: int = 0) -> Table:
    """A table of zeros."""
    return np.zeros((rows, len(Column)), dtype=np.int64)


def joined(tables: Sequence[Table]) -> Table:
    """The tables one after another."""
    return np.concatenate(tables) if tables else empty_table()


def between(table: Table, start_ms: int, end_ms: int) -> Table:
    """The rows whose open time is in [start_ms, end_ms), as a view."""
    low, high = np.searchsorted(table[:, Column.OPEN_MS], (start_ms, end_ms))
    return table[low:high]


def aggregate(table: Table, length_ms: int) -> Table:
    """The same market in candles of `length_ms`, aligned to UTC.

    Rows must rise in time. A span without any row gives no candle: a gap stays a gap.
    """
    if len(table) == 0:
        return empty_table()
    opens = table[:, Column.OPEN_MS] // length_ms * length_ms
    first = np.flatnonzero(np.concatenate(([True], opens[1:] != opens[:-1])))
    if len(first) == len(table):
        # one row a candle: only the open times may need aligning
        same = table.copy()
        same[:, Column.OPEN_MS] = opens
        return same
    result = empty_table(len(first))
    result[:, Column.OPEN_MS] = opens[first]
    result[:, Column.OPEN] = table[first, Column.OPEN]
    result[:, Column.HIGH] = np.maximum.reduceat(table[:, Column.HIGH], first)
    result[:, Column.LOW] = np.minimum.reduceat(table[:, Column.LOW], first)
    result[:, Column.CLOSE] = table[np.concatenate((first[1:], [len(table)])) - 1, Column.CLOSE]
    for column in _SUMMED:
        result[:, column] = np.add.reduceat(table[:, column], first)
    return result


def klines_from(table: Table, length_ms: int, scale: Scale) -> list[Kline]:
    """The rows as candles of `length_ms`, in `Decimal`."""
    price, quantity, quote = scale.price, scale.quantity, scale.quote
    return [
        Kline(
            open_ms=open_ms,
            close_ms=open_ms + length_ms - 1,
            open=price(opened),
            high=price(high),
            low=price(low),
            close=price(close),
            volume=quantity(volume),
            quote_volume=quote(quote_volume),
            trades=trades,
            taker_buy_base=quantity(taker_base),
            taker_buy_quote=quote(taker_quote),
        )
        for (
            open_ms,
            opened,
            high,
            low,
            close,
            volume,
            quote_volume,
            trades,
            taker_base,
            taker_quote,
        ) in table.tolist()
    ]
