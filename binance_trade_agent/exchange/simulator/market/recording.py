"""A recorded market in memory: one symbol's candles, checked, in whole numbers.

Readers (`csv_file`, `parquet`) fill a table and hand it to `checked`, so that a file is
refused for the same reasons whatever its format.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from binance_trade_agent.exchange.simulator.market.candles import INTERVAL_MS, Column, Scale, Table

DAY_MS = INTERVAL_MS["1d"]

# Half of what an int64 holds: sums of a day stay below this, or the file is refused.
_LARGEST_SUM = 2**62
_QUOTE_DECIMALS = 8

# Names under which exchanges, pandas and Binance's own archives know a column.
ALIASES: dict[Column, tuple[str, ...]] = {
    Column.OPEN_MS: ("open_time", "opentime", "time", "timestamp", "date", "datetime", "open_date"),
    Column.OPEN: ("open",),
    Column.HIGH: ("high",),
    Column.LOW: ("low",),
    Column.CLOSE: ("close",),
    Column.VOLUME: ("volume",),
    Column.QUOTE_VOLUME: ("quote_volume", "quote_asset_volume", "quote_av"),
    Column.TRADES: ("trades", "count", "number_of_trades", "num_trades"),
    Column.TAKER_BASE: (
        "taker_buy_base",
        "taker_buy_volume",
        "taker_buy_base_volume",
        "taker_buy_base_asset_volume",
    ),
    Column.TAKER_QUOTE: (
        "taker_buy_quote",
        "taker_buy_quote_volume",
        "taker_buy_quote_asset_volume",
    ),
}
REQUIRED = (Column.OPEN_MS, Column.OPEN, Column.HIGH, Column.LOW, Column.CLOSE, Column.VOLUME)
ESTIMATED = (Column.QUOTE_VOLUME, Column.TRADES, Column.TAKER_BASE, Column.TAKER_QUOTE)


class BadCandleFile(ValueError):
    """A candle file that cannot be replayed: says the file, the row (from 1, a header counts) and why."""

    def __init__(self, path: Path, problem: str, row: int | None = None) -> None:
        where = f"{path}" if row is None else f"{path}, row {row}"
        super().__init__(f"{where}: {problem}")
        self.path = path
        self.row = row
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Recording:
    """Checked candles of one symbol: rising, aligned to their interval, in `scale`."""

    path: Path
    interval_ms: int
    scale: Scale
    table: Table

    @property
    def first_ms(self) -> int:
        """Open time of the first candle."""
        return int(self.table[0, Column.OPEN_MS])

    @property
    def end_ms(self) -> int:
        """The first millisecond after the last candle."""
        return int(self.table[-1, Column.OPEN_MS]) + self.interval_ms


def columns_of(path: Path, names: Sequence[str]) -> dict[Column, int]:
    """Where each column stands, by its name; raises `BadCandleFile` if a required one is missing."""
    known = {name.strip().lower().replace(" ", "_"): place for place, name in enumerate(names)}
    found: dict[Column, int] = {}
    for column, aliases in ALIASES.items():
        place = next((known[alias] for alias in aliases if alias in known), None)
        if place is not None:
            found[column] = place
    missing = [column.name.lower() for column in REQUIRED if column not in found]
    if missing:
        raise BadCandleFile(path, f"no column for {', '.join(missing)}; it has {', '.join(names)}")
    return found


def to_ms(number: int) -> int:
    """Epoch seconds, milliseconds or microseconds (told apart by size) as milliseconds."""
    if number >= 10**14:
        return number // 1000
    if number >= 10**11:
        return number
    return number * 1000


def estimate(path: Path, table: Table, price_decimals: int, quantity_decimals: int) -> Scale:
    """Fill in what a file without these columns does not say; returns the table's scale.

    Quote volume is the volume at the mean of open, high, low and close, to eight decimals
    at most as on the wire; four trades a candle, half of the volume bought by takers.
    Raises `BadCandleFile` for a volume that is absurdly large.
    """
    decimals = price_decimals + quantity_decimals
    quote_decimals = min(decimals, _QUOTE_DECIMALS)
    volume = table[:, Column.VOLUME]
    # Python's own integers: with fine prices and quantities the product outgrows 64 bits
    prices = table[:, Column.OPEN : Column.VOLUME].sum(axis=1).astype(object)
    quote = prices * volume // (4 * 10 ** (decimals - quote_decimals))
    if max(quote) > _LARGEST_SUM:
        raise BadCandleFile(path, "a volume is too large")
    table[:, Column.QUOTE_VOLUME] = quote
    table[:, Column.TRADES] = np.where(volume > 0, 4, 0)
    table[:, Column.TAKER_BASE] = volume // 2
    table[:, Column.TAKER_QUOTE] = quote // 2
    return Scale(price_decimals, quantity_decimals, quote_decimals)


def checked(path: Path, scale: Scale, table: Table, first_row: int) -> Recording:
    """The table as a recording; `first_row` is the row of the file its first candle stands in.

    Raises `BadCandleFile` if times do not rise or are not aligned to a Binance interval, a
    price is not positive or outside [low, high], or a volume is negative or absurdly large.
    """
    if len(table) < 2:
        raise BadCandleFile(path, f"{len(table)} candles are too few to replay")
    opens = table[:, Column.OPEN_MS]
    steps = np.diff(opens)
    _refuse(path, steps <= 0, first_row + 1, "its time is not later than the row before it")
    length_ms = int(steps.min())
    if length_ms not in INTERVAL_MS.values():
        row = first_row + 1 + int(steps.argmin())
        raise BadCandleFile(path, f"{length_ms} ms after the row before it is no candle interval", row)
    _refuse(path, opens % length_ms != 0, first_row, f"its time is not a multiple of {length_ms} ms")
    prices = table[:, Column.OPEN : Column.VOLUME]
    _refuse(path, prices.min(axis=1) <= 0, first_row, "a price is not positive")
    high, low = table[:, Column.HIGH], table[:, Column.LOW]
    outside = (prices.max(axis=1) > high) | (prices.min(axis=1) < low)
    _refuse(path, outside, first_row, "open or close is outside of low and high")
    amounts = table[:, Column.VOLUME :]
    _refuse(path, amounts.min(axis=1) < 0, first_row, "a volume is negative")
    limit = _LARGEST_SUM // (DAY_MS // length_ms)
    _refuse(path, amounts.max(axis=1) > limit, first_row, "a volume is too large")
    return Recording(path, length_ms, scale, table)


def iso_text(time_ms: int) -> str:
    """A time for a message: `2024-08-05T06:00:00+00:00`."""
    return datetime.fromtimestamp(time_ms // 1000, UTC).isoformat()


def _refuse(path: Path, bad: npt.NDArray[np.bool_] | np.bool_, first_row: int, problem: str) -> None:
    if np.any(bad):
        raise BadCandleFile(path, problem, first_row + int(np.argmax(bad)))
