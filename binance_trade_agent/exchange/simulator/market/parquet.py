"""Candles from a Parquet file, rounded to the symbol's tick and step.

Only the replay of a Parquet file loads this module: pyarrow takes about 40 MB of memory.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from binance_trade_agent.exchange.simulator.market.candles import Column, Scale, Table, empty_table
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

_PRICES = (Column.OPEN, Column.HIGH, Column.LOW, Column.CLOSE)
_LARGEST = 2.0**62


def read_parquet(path: Path, symbol: str) -> Recording:
    """Read one symbol's candles; raises `BadCandleFile` for what cannot be read as candles.

    Doubles are rounded to the nearest tick and step, which gives back the decimals that
    were recorded. Times may be timestamps or epoch numbers.
    """
    # The system's own allocator gives memory back when a column has been taken over.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        with pq.ParquetFile(path) as file:
            return _read(path, symbol, file)
    except OSError as error:
        raise BadCandleFile(path, f"cannot be read: {error}") from error
    except pa.ArrowException as error:
        raise BadCandleFile(path, f"is not a Parquet file: {error}") from error


def _read(path: Path, symbol: str, file: pq.ParquetFile) -> Recording:
    names = file.schema_arrow.names
    places = columns_of(path, names)
    if not all(column in places for column in ESTIMATED):
        places = {column: places[column] for column in REQUIRED}
    table = empty_table(file.metadata.num_rows)
    if len(table) == 0:
        raise BadCandleFile(path, "has no candles")
    numbers: dict[Column, npt.NDArray[np.float64]] = {}
    for column, place in places.items():
        values = file.read(columns=[names[place]], use_threads=False).column(0)
        if values.null_count:
            raise BadCandleFile(path, f"{names[place]} is missing", 1 + values.to_pylist().index(None))
        if column is Column.OPEN_MS:
            table[:, column] = _times(path, values)
        else:
            numbers[column] = _doubles(path, names[place], values)
    scale = _fill(path, symbol, table, numbers)
    return checked(path, scale, table, 1)


def _fill(path: Path, symbol: str, table: Table, numbers: dict[Column, npt.NDArray[np.float64]]) -> Scale:
    lowest = numbers[Column.LOW].min()
    if lowest <= 0:
        raise BadCandleFile(path, "a price is not positive", 1 + int(numbers[Column.LOW].argmin()))
    grid = grid_of(symbol, Decimal(repr(lowest.item())))
    price, quantity = grid.price_decimals, grid.quantity_decimals
    scale = Scale(price, quantity, price + quantity)
    for column, values in numbers.items():
        decimals = {
            Column.QUOTE_VOLUME: scale.quote_decimals,
            Column.TAKER_QUOTE: scale.quote_decimals,
            Column.TRADES: 0,
        }.get(column, price if column in _PRICES else quantity)
        whole = np.rint(values * 10.0**decimals)
        if (abs(whole) > _LARGEST).any():
            raise BadCandleFile(path, f"{column.name.lower()} is too large", 1 + int(abs(whole).argmax()))
        table[:, column] = whole.astype(np.int64)
    if Column.QUOTE_VOLUME in numbers:
        return scale
    return estimate(path, table, price, quantity)


# NumPy converts, not Arrow: its cast loads all compute kernels, another 9 MB.
def _times(path: Path, values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    if pa.types.is_timestamp(values.type):
        moments: npt.NDArray[np.int64] = values.to_numpy().astype("datetime64[ms]").astype(np.int64)
        return moments
    if pa.types.is_integer(values.type):
        return np.array([to_ms(number) for number in values.to_pylist()], dtype=np.int64)
    raise BadCandleFile(path, f"open time is of type {values.type}, neither timestamp nor whole number")


def _doubles(path: Path, name: str, values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    kind = values.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise BadCandleFile(path, f"{name} is of type {kind}, not a number")
    numbers: npt.NDArray[np.float64] = values.to_numpy().astype(np.float64)
    if not np.isfinite(numbers).all():
        row = 1 + int((~np.isfinite(numbers)).argmax())
        raise BadCandleFile(path, f"{name} is not a finite number", row)
    return numbers
