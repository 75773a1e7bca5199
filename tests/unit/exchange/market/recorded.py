"""Small recorded markets, written as files in every layout a replay reads."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

START_MS = 1_722_816_000_000  # 5 August 2024, 00:00 UTC
MINUTE_MS = 60_000
NAMES = "open_time,open,high,low,close,volume,close_time,quote_volume,trades,taker_buy_base,taker_buy_quote"


def rows_of(count, *, missing=(), start_ms=START_MS, step_ms=MINUTE_MS, base="58000.00"):
    """Binance's 12 columns as text, wandering, all numbers different enough to tell columns apart."""
    rows = []
    price = Decimal(base)
    for number in range(count):
        close = price + (number * 37 % 21 - 10)
        high, low = max(price, close) + number % 4, min(price, close) - number % 3
        volume = Decimal(number % 17 + 1) / 7
        opened = start_ms + number * step_ms
        if number not in missing:
            rows.append(
                [
                    str(opened),
                    *(f"{value:.8f}" for value in (price, high, low, close)),
                    f"{volume:.5f}000",
                    str(opened + step_ms - 1),
                    f"{volume * close:.8f}",
                    str(number + 11),
                    f"{volume / 3:.5f}000",
                    f"{volume * close / 3:.8f}",
                    "0",
                ]
            )
        price = close
    return rows


def write_binance(path, rows, *, header=False, micros=False):
    """Binance's archive layout, 12 columns."""
    lines = [NAMES + ",ignore"] if header else []
    for row in rows:
        cells = list(row)
        if micros:
            cells[0], cells[6] = cells[0] + "000", cells[6] + "999"
        lines.append(",".join(cells))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_eleven(path, rows):
    """The layout with a header and without the unused column."""
    path.write_text("\n".join([NAMES, *(",".join(row[:11]) for row in rows)]) + "\n")
    return path


def write_six(path, rows):
    """Six columns with ISO times under other names."""
    lines = ["Date,Open,High,Low,Close,Volume"]
    for row in rows:
        moment = datetime.fromtimestamp(int(row[0]) // 1000, UTC)
        lines.append(",".join([moment.isoformat(), *row[1:6]]))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_parquet(path, rows):
    """Six columns of doubles and timestamps, as pandas writes them."""
    names = ("open", "high", "low", "close", "volume")
    columns = {"open_time": pa.array([int(row[0]) for row in rows], pa.timestamp("ms", "UTC"))}
    for place, name in enumerate(names, 1):
        columns[name] = pa.array([float(row[place]) for row in rows], pa.float64())
    pq.write_table(pa.table(columns), path)
    return path
