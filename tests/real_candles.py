"""Real candles of the exchange from ../shared/data; a test that asks for them skips where they are absent."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from binance_trade_agent.strategies.base import Candles

FOLDER = Path(__file__).parents[2] / "shared" / "data"
#: name -> length of a candle, in seconds
FILES = {
    "BNBUSDT-1h-20260127-20260726.csv": 3600,
    "BTCUSDT-1h-20260127-20260726.csv": 3600,
    "BTCUSDT-1m-20240726-20240825.parquet": 60,
    "BTCUSDT-5m-20220801-20230927.parquet": 300,
    "ETHUSDT-1m-20240726-20240825.parquet": 60,
}
_COLUMNS = ("open", "high", "low", "close", "volume")


def real_file(name: str) -> Path:
    """The path of a file; skips the test if it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is absent")
    return path


def real_candles(name: str) -> Candles:
    """All candles of one of `FILES`; skips the test if it is not there."""
    return _read(real_file(name), FILES[name])


@cache
def _read(path: Path, length_s: int) -> Candles:
    columns = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    opened_s = columns.pop("opened_s")
    return Candles.from_arrays(**columns, opened_s=opened_s, closed_s=opened_s + length_s)


def _parquet(path: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(path)
    opened_ms = table.column("open_time").to_numpy().astype("datetime64[ms]").astype(np.int64)
    columns = {name: table.column(name).to_numpy().astype(np.float64) for name in _COLUMNS}
    return {"opened_s": opened_ms / 1000, **columns}


def _csv(path: Path) -> dict[str, np.ndarray]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in _COLUMNS}
    return {"opened_s": np.array([int(row["open_time"]) / 1000 for row in rows]), **columns}
