"""Candles from CSV text, digit for digit: Binance's 12 columns, or any columns with a header.

Numbers go from text to whole numbers without passing through a float. Times may be epoch
seconds, milliseconds or microseconds, or ISO 8601 (without an offset they are UTC).
"""

import csv
import re
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain
from pathlib import Path

import numpy as np

from binance_trade_agent.exchange.simulator.market.candles import Column, Scale, empty_table
from binance_trade_agent.exchange.simulator.market.recording import (
    ESTIMATED,
    REQUIRED,
    BadCandleFile,
    Recording,
    checked,
    columns_of,
    estimate,
    to_ms,
)
from binance_trade_agent.exchange.simulator.market.rules import grid_of

_PLAIN = re.compile(r"(\d+)(?:\.(\d*?)0*)?\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Binance's archive files and its REST reply; close time (6) and the last column are not needed.
_BINANCE_ORDER = {
    Column.OPEN_MS: 0,
    Column.OPEN: 1,
    Column.HIGH: 2,
    Column.LOW: 3,
    Column.CLOSE: 4,
    Column.VOLUME: 5,
    Column.QUOTE_VOLUME: 7,
    Column.TRADES: 8,
    Column.TAKER_BASE: 9,
    Column.TAKER_QUOTE: 10,
}
_MAX_DECIMALS = 12


class _Numbers:
    """A growing column of whole numbers that share one count of decimals."""

    def __init__(self) -> None:
        self.values = array("q")
        self.decimals = 0

    def append(self, text: str) -> None:
        """Add a number as written; raises `ValueError` or `OverflowError` if it is none that fits."""
        whole, fraction = _digits(text)
        if len(fraction) > self.decimals:
            self.rescale(len(fraction))
        self.values.append(int(whole + fraction.ljust(self.decimals, "0")))

    def rescale(self, decimals: int) -> None:
        """Carry more decimals."""
        factor = 10 ** (decimals - self.decimals)
        if factor > 1:
            self.values = array("q", (value * factor for value in self.values))
            self.decimals = decimals


def read_csv(path: Path, symbol: str) -> Recording:
    """Read one symbol's candles.

    A first row that begins with a number is data in Binance's order (12 columns, or 11
    without the unused last one); any other is a header. Raises `BadCandleFile` for what
    cannot be read as candles.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _read(path, symbol, csv.reader(file))
    except OSError as error:
        raise BadCandleFile(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadCandleFile(path, "is not text in UTF-8") from error
    except csv.Error as error:
        raise BadCandleFile(path, f"is not CSV: {error}") from error


def _read(path: Path, symbol: str, lines: Iterator[list[str]]) -> Recording:
    first = next(lines, None)
    if first is None:
        raise BadCandleFile(path, "is empty")
    if first and first[0].strip()[:1].isdigit():
        if len(first) not in (11, 12):
            raise BadCandleFile(path, f"{len(first)} columns without a header; Binance's files have 12", 1)
        places, first_row, lines = dict(_BINANCE_ORDER), 1, chain([first], lines)
    else:
        places, first_row = columns_of(path, first), 2
    if not all(column in places for column in ESTIMATED):
        places = {column: places[column] for column in REQUIRED}
    times = array("q")
    numbers: dict[Column, _Numbers] = {
        column: _Numbers() for column in places if column is not Column.OPEN_MS
    }
    for row, cells in enumerate(lines, first_row):
        _append(path, row, cells, places, times, numbers)
    return _recording(path, symbol, times, numbers, first_row)


def _append(
    path: Path,
    row: int,
    cells: list[str],
    places: dict[Column, int],
    times: "array[int]",
    numbers: dict[Column, _Numbers],
) -> None:
    column = Column.OPEN_MS
    try:
        times.append(_time(cells[places[column]]))
        for column, column_numbers in numbers.items():
            column_numbers.append(cells[places[column]])
    except IndexError:
        raise BadCandleFile(path, f"only {len(cells)} columns", row) from None
    except (ValueError, OverflowError):
        text = cells[places[column]]
        raise BadCandleFile(path, f"{column.name.lower()} is not usable: {text!r}", row) from None


def _recording(
    path: Path, symbol: str, times: "array[int]", numbers: dict[Column, _Numbers], first_row: int
) -> Recording:
    if not times:
        raise BadCandleFile(path, "has no candles")
    prices = [numbers[column] for column in (Column.OPEN, Column.HIGH, Column.LOW, Column.CLOSE)]
    lowest = Decimal(max(1, min(numbers[Column.LOW].values))).scaleb(-numbers[Column.LOW].decimals)
    grid = grid_of(symbol, lowest)
    bases = [numbers[column] for column in (Column.VOLUME, Column.TAKER_BASE) if column in numbers]
    quotes = [numbers[column] for column in (Column.QUOTE_VOLUME, Column.TAKER_QUOTE) if column in numbers]
    try:
        price_decimals = _aligned(prices, grid.price_decimals)
        base_decimals = _aligned(bases, grid.quantity_decimals)
        quote_decimals = _aligned(quotes, 0) if quotes else 0
    except OverflowError:
        raise BadCandleFile(path, "numbers too large for their count of decimals") from None
    if Column.TRADES in numbers and numbers[Column.TRADES].decimals:
        raise BadCandleFile(path, "a number of trades is not whole")
    table = empty_table(len(times))
    table[:, Column.OPEN_MS] = np.frombuffer(times, dtype=np.int64)
    for column, column_numbers in numbers.items():
        table[:, column] = np.frombuffer(column_numbers.values, dtype=np.int64)
    scale = Scale(price_decimals, base_decimals, quote_decimals)
    if not quotes:
        scale = estimate(path, table, price_decimals, base_decimals)
    return checked(path, scale, table, first_row)


def _aligned(columns: list[_Numbers], at_least: int) -> int:
    decimals = max(at_least, *(column.decimals for column in columns))
    for column in columns:
        column.rescale(decimals)
    return decimals


def _digits(text: str) -> tuple[str, str]:
    match = _PLAIN.match(text.strip())
    if match:
        whole, fraction = match[1], match[2] or ""
    else:
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            raise ValueError(text) from None
        if not number.is_finite() or number < 0:
            raise ValueError(text)
        whole, _, fraction = f"{number:f}".partition(".")
        fraction = fraction.rstrip("0")
    if len(fraction) > _MAX_DECIMALS:
        raise ValueError(text)
    return whole, fraction


def _time(text: str) -> int:
    text = text.strip()
    if text.isdecimal():
        return to_ms(int(text))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
