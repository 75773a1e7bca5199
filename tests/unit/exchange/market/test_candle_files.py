"""A bad file is refused with its name, the row and what is wrong."""

import subprocess
import sys
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from binance_trade_agent.exchange.simulator.market.recording import BadCandleFile
from binance_trade_agent.exchange.simulator.market.replay import read_recording
from tests.unit.exchange.market.recorded import NAMES, rows_of, write_binance, write_parquet, write_six


def spoiled(path, place, text, row=5):
    rows = rows_of(10)
    rows[row - 1][place] = text
    return write_binance(path, rows)


@pytest.mark.parametrize(
    ("place", "text", "problem"),
    [
        (0, "yesterday", "open_ms is not usable: 'yesterday'"),
        (0, "1722816000000", "its time is not later than the row before it"),
        (1, "abc", "open is not usable: 'abc'"),
        (2, "", "high is not usable: ''"),
        (3, "NaN", "low is not usable: 'NaN'"),
        (3, "0.0", "a price is not positive"),
        (4, "99999.0", "open or close is outside of low and high"),
        (5, "-1", "volume is not usable: '-1'"),
        (5, "9" * 30, "volume is not usable"),
        (7, "1e400", "quote_volume is not usable"),
        (1, "58000.0000000000001", "open is not usable"),
    ],
)
def test_bad_cell_is_named_with_its_row(tmp_path, place, text, problem):
    with pytest.raises(BadCandleFile) as caught:
        read_recording(spoiled(tmp_path / "a.csv", place, text), "BTCUSDT")
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'a.csv'}, row 5: ")


def test_row_counts_the_header(tmp_path):
    rows = rows_of(10)
    rows[4][1] = "x"
    with pytest.raises(BadCandleFile, match="row 6: open"):
        read_recording(write_binance(tmp_path / "a.csv", rows, header=True), "BTCUSDT")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        (NAMES + "\n", "has no candles"),
        ("open_time,open,high,low,close\n", "no column for volume"),
        ("1722816000000,1,1,1,1,1\n", "row 1: 6 columns without a header"),
        (NAMES + "\n1722816000000,1,1\n", "row 2: only 3 columns"),
        (NAMES + "\n1722816000000,1,1,1,1,1,2,1,1,1,1\n", "1 candles are too few"),
    ],
)
def test_bad_layout_is_named(tmp_path, text, problem):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(BadCandleFile, match=problem):
        read_recording(path, "BTCUSDT")


def test_odd_intervals_are_refused(tmp_path):
    with pytest.raises(BadCandleFile, match="row 2: 7000 ms after the row before it is no candle interval"):
        read_recording(write_binance(tmp_path / "a.csv", rows_of(10, step_ms=7000)), "BTCUSDT")
    shifted = rows_of(10, start_ms=1_722_816_001_000)
    with pytest.raises(BadCandleFile, match="row 1: its time is not a multiple of 60000 ms"):
        read_recording(write_binance(tmp_path / "b.csv", shifted), "BTCUSDT")


def test_missing_and_unknown_files_are_refused(tmp_path):
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(BadCandleFile, match=f"{name}: cannot be read"):
            read_recording(tmp_path / name, "BTCUSDT")
    with pytest.raises(BadCandleFile, match=r"neither \.csv nor \.parquet"):
        read_recording(tmp_path / "a.txt", "BTCUSDT")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00open")
    with pytest.raises(BadCandleFile, match="not text in UTF-8"):
        read_recording(tmp_path / "b.csv", "BTCUSDT")


def test_bad_parquet_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_text("not parquet, though it is long enough to hold a footer")
    with pytest.raises(BadCandleFile, match="is not a Parquet file"):
        read_recording(path, "BTCUSDT")
    table = pq.read_table(write_parquet(tmp_path / "b.parquet", rows_of(10)))
    for values, problem in (
        (pa.array([1.0] * 3 + [None] * 7, pa.float64()), "row 4: close is missing"),
        (pa.array([1.0] * 6 + [float("nan")] * 4), "row 7: close is not a finite number"),
        (pa.array(["x"] * 10), "close is of type string"),
        (pa.array([1e300] * 10), "row 1: close is too large"),
    ):
        pq.write_table(table.set_column(4, "close", values), path)
        with pytest.raises(BadCandleFile, match=problem):
            read_recording(path, "BTCUSDT")
    pq.write_table(table.drop_columns(["volume"]), path)
    with pytest.raises(BadCandleFile, match="no column for volume"):
        read_recording(path, "BTCUSDT")


def test_parquet_columns_may_be_of_other_number_types(tmp_path):
    rows = rows_of(10)
    table = pq.read_table(write_parquet(tmp_path / "a.parquet", rows))
    as_written = read_recording(tmp_path / "a.parquet", "BTCUSDT").table
    times = pa.array([int(row[0]) * 1000 for row in rows], pa.int64())
    opens = pa.array([Decimal(row[1]) for row in rows], pa.decimal128(18, 8))
    table = table.set_column(0, "open_time", times).set_column(1, "open", opens)
    pq.write_table(table, tmp_path / "b.parquet")
    assert (read_recording(tmp_path / "b.parquet", "BTCUSDT").table == as_written).all()


def test_prices_finer_than_todays_tick_are_kept(tmp_path):
    rows = rows_of(10)
    rows[3][1] = "58006.12345678"
    rows[3][2] = "59000.00000001"
    recording = read_recording(write_six(tmp_path / "a.csv", rows), "BTCUSDT")
    assert recording.scale.price_decimals == 8
    assert str(recording.scale.price(int(recording.table[3, 1]))) == "58006.12345678"


def test_csv_replay_does_not_load_pyarrow(tmp_path):
    path = write_binance(tmp_path / "a.csv", rows_of(10))
    code = (
        "import sys; from pathlib import Path;"
        "from binance_trade_agent.exchange.simulator.market.replay import read_recording;"
        f"assert len(read_recording(Path({str(path)!r}), 'BTCUSDT').table) == 10;"
        "assert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
