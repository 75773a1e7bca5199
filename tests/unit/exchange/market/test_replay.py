"""Replay shows what was recorded, row for row, on the wall clock and step by step."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.exchange.simulator.market.base import EndOfData, MarketUnavailable
from binance_trade_agent.exchange.simulator.market.clock import SteppedClock
from binance_trade_agent.exchange.simulator.market.recording import BadCandleFile
from binance_trade_agent.exchange.simulator.market.replay import ReplayMarket, SteppedReplayMarket
from tests.unit.exchange.market.recorded import (
    MINUTE_MS,
    START_MS,
    rows_of,
    write_binance,
    write_eleven,
    write_parquet,
    write_six,
)
from tests.unit.exchange.market.test_candles import plainly_aggregated

ANCHOR = 1_790_000_123_456
OPENED = ANCHOR // 1000 * 1000
DATA = Path(__file__).parents[5] / "shared" / "data"


def wall(files, now_ms=ANCHOR, **settings):
    clock = SteppedClock(now_ms)
    return ReplayMarket(files, anchor_ms=ANCHOR, clock=clock, **settings), clock


def stepped(files, **settings):
    return SteppedReplayMarket(files, anchor_ms=ANCHOR, **{"base_interval": "1m", **settings})


def latest(market, limit, symbol="BTCUSDT", interval=None):
    return market.klines(symbol, interval or market.base_interval, start_ms=None, end_ms=None, limit=limit)


def texts(kline):
    """A candle as the numbers of a row of Binance's layout, from open to taker quote."""
    amounts = (kline.open, kline.high, kline.low, kline.close, kline.volume)
    tail = (kline.quote_volume, Decimal(kline.trades), kline.taker_buy_base, kline.taker_buy_quote)
    return [*amounts, *tail]


def numbers(row):
    return [Decimal(row[place]) for place in (1, 2, 3, 4, 5, 7, 8, 9, 10)]


@pytest.fixture
def rows():
    return rows_of(40)


@pytest.fixture
def gapped():
    return rows_of(40, missing=range(20, 25))


LAYOUTS = {
    "12 columns": ("a.csv", write_binance),
    "12 columns, header": ("a.csv", lambda path, rows: write_binance(path, rows, header=True)),
    "12 columns, microseconds": ("a.csv", lambda path, rows: write_binance(path, rows, micros=True)),
    "11 columns, header": ("a.csv", write_eleven),
}
SHORT_LAYOUTS = {"six columns": ("a.csv", write_six), "parquet": ("a.parquet", write_parquet)}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_full_layouts_come_back_row_for_row(tmp_path, rows, layout):
    name, write = LAYOUTS[layout]
    market = stepped({"BTCUSDT": write(tmp_path / name, rows)}, start_offset=10)
    market.step(30)
    klines = latest(market, 1000)
    assert [kline.open_ms for kline in klines] == [int(row[0]) for row in rows]
    assert [kline.close_ms for kline in klines] == [int(row[6]) for row in rows]
    assert [texts(kline) for kline in klines] == [numbers(row) for row in rows]


@pytest.mark.parametrize("layout", SHORT_LAYOUTS)
def test_short_layouts_come_back_row_for_row_with_estimates(tmp_path, rows, layout):
    name, write = SHORT_LAYOUTS[layout]
    market = stepped({"BTCUSDT": write(tmp_path / name, rows)}, start_offset=10)
    market.step(30)
    klines = latest(market, 1000)
    assert [kline.open_ms for kline in klines] == [int(row[0]) for row in rows]
    assert [texts(kline)[:5] for kline in klines] == [numbers(row)[:5] for row in rows]
    for kline in klines:
        mean = (kline.open + kline.high + kline.low + kline.close) / 4
        assert abs(kline.quote_volume - kline.volume * mean) < Decimal("0.01")
        assert kline.trades == 4
        assert 0 < kline.taker_buy_base <= kline.volume


def test_stepped_times_are_the_recorded_ones(tmp_path, rows):
    market = stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=10)
    assert market.now_ms() == START_MS + 10 * MINUTE_MS + 5
    assert [kline.open_ms for kline in latest(market, 2)] == [
        START_MS + 9 * MINUTE_MS,
        START_MS + 10 * MINUTE_MS,
    ]
    for number in range(10, 39):
        assert market.step() == START_MS + (number + 1) * MINUTE_MS + 5
        closed, opened = latest(market, 2)
        assert texts(closed) == numbers(rows[number])
        assert closed.close_ms < market.now_ms()
        first = Decimal(rows[number + 1][1])
        assert (opened.open, opened.high, opened.low, opened.close) == (first, first, first, first)
        assert market.last_price("BTCUSDT") == first


def test_stepped_replay_ends_after_its_last_candle(tmp_path, rows):
    market = stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=37)
    with pytest.raises(EndOfData, match="3 candles are left"):
        market.step(4)
    assert market.now_ms() == START_MS + 37 * MINUTE_MS + 5
    market.step(3)
    assert texts(latest(market, 1)[0]) == numbers(rows[-1])
    assert market.depth("BTCUSDT", 5).bids[0].price <= Decimal(rows[-1][4])
    with pytest.raises(EndOfData):
        market.step()


def test_every_candle_trades_at_its_open_extremes_and_close(tmp_path, rows):
    market = stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=10)
    told = []
    market.subscribe(lambda symbol, trades: told.extend(trades))
    for _ in range(30):
        market.step()
        market.advance()
    assert [trade.time_ms for trade in told] == sorted(trade.time_ms for trade in told)
    assert len({trade.trade_id for trade in told}) == len(told)
    for row in rows[11:]:
        opened, high, low, close = (Decimal(text) for text in row[1:5])
        own = [trade for trade in told if int(row[0]) <= trade.time_ms <= int(row[6])]
        middle = [high, low] if high - opened <= opened - low else [low, high]
        assert [trade.price for trade in own] == [opened, *middle, close]
        assert sum(trade.quantity for trade in own) == Decimal(row[5])
    assert market.trades("BTCUSDT", 7) == told[-7:]


def test_candle_unfolds_on_the_wall_clock(tmp_path, rows):
    market, clock = wall({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, OPENED, start_offset=10)
    opened, high, low, close = (Decimal(text) for text in rows[10][1:5])
    path = [opened, high, low, close] if high - opened <= opened - low else [opened, low, high, close]
    volume = Decimal(0)
    for reached in range(1, 4):
        kline = latest(market, 1)[0]
        assert (kline.open_ms, kline.open, kline.close) == (OPENED, opened, path[reached - 1])
        assert (kline.high, kline.low) == (max(path[:reached]), min(path[:reached]))
        assert volume < kline.volume < Decimal(rows[10][5])
        volume = kline.volume
        clock.move_to(clock.now_ms() + 250)
    assert texts(latest(market, 1)[0]) == numbers(rows[10])


def test_wall_clock_presents_one_recorded_candle_a_base_candle(tmp_path, rows):
    market, clock = wall({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=10)
    clock.move_to(OPENED + 15_000)
    klines = latest(market, 1000)
    assert [kline.open_ms for kline in klines] == [OPENED + (n - 10) * 1000 for n in range(26)]
    assert [texts(kline) for kline in klines[:-1]] == [numbers(row) for row in rows[:25]]
    assert latest(market, 100, interval="1m") == plainly_aggregated(klines, 60_000)


def test_restarted_replay_stands_where_the_clock_is(tmp_path, rows):
    files = {"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}
    market, clock = wall(files, start_offset=10)
    clock.move_to(ANCHOR + 12_345)
    again, _ = wall(files, ANCHOR + 12_345, start_offset=10)
    assert latest(market, 100) == latest(again, 100)
    assert market.depth("BTCUSDT", 5) == again.depth("BTCUSDT", 5)


def test_wall_clock_replay_says_that_its_data_has_ended(tmp_path, rows):
    market, clock = wall({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=10)
    end_ms = OPENED + 30_000
    clock.move_to(end_ms + 999)
    assert texts(latest(market, 1)[0]) == numbers(rows[-1])
    clock.move_to(end_ms + 1000)
    with pytest.raises(MarketUnavailable, match="replay of BTCUSDT ended"):
        latest(market, 1)
    with pytest.raises(MarketUnavailable):
        market.depth("BTCUSDT", 5)
    assert market.last_price("BTCUSDT") == Decimal(rows[-1][4])
    assert len(market.klines("BTCUSDT", "1s", start_ms=None, end_ms=end_ms - 1000, limit=5)) == 5


def test_gap_stays_a_gap_in_both_modes(tmp_path, gapped):
    path = write_binance(tmp_path / "a.csv", gapped)
    market = stepped({"BTCUSDT": path}, start_offset=18)
    times = [market.step() for _ in range(4)]
    assert [(time - 5 - START_MS) // MINUTE_MS for time in times] == [19, 20, 26, 27]
    assert [(kline.open_ms - START_MS) // MINUTE_MS for kline in latest(market, 5)] == [18, 19, 25, 26, 27]

    market, clock = wall({"BTCUSDT": path}, start_offset=18)
    clock.move_to(OPENED + 4000)
    assert latest(market, 1)[0].open_ms == OPENED + 1000
    assert market.last_price("BTCUSDT") == Decimal(gapped[19][4])
    clock.move_to(OPENED + 8000)
    assert [kline.open_ms - OPENED for kline in latest(market, 4)] == [0, 1000, 7000, 8000]


def test_limit_counts_candles_across_a_gap(tmp_path, gapped):
    market = stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", gapped)}, start_offset=35)
    assert len(latest(market, 20)) == 20
    klines = market.klines("BTCUSDT", "1m", start_ms=START_MS + 18 * MINUTE_MS, end_ms=None, limit=4)
    assert [(kline.open_ms - START_MS) // MINUTE_MS for kline in klines] == [18, 19, 25, 26]


def test_symbols_are_aligned_by_recorded_time(tmp_path, rows, gapped):
    later = rows_of(37, start_ms=START_MS + 3 * MINUTE_MS, base="3000.00")
    files = {
        "BTCUSDT": write_binance(tmp_path / "btc.csv", gapped),
        "ETHUSDT": write_eleven(tmp_path / "eth.csv", later),
    }
    market = stepped(files, start_offset=15)
    assert market.now_ms() == START_MS + 18 * MINUTE_MS + 5
    for number in range(18, 40):
        now_ms = market.step()
        assert now_ms == START_MS + (number + 1) * MINUTE_MS + 5
        closed = market.klines("ETHUSDT", "1m", start_ms=None, end_ms=now_ms - 6, limit=1)[0]
        assert closed.open_ms == START_MS + number * MINUTE_MS
        own = market.klines("BTCUSDT", "1m", start_ms=closed.open_ms, end_ms=closed.open_ms, limit=1)
        assert len(own) == (0 if 20 <= number < 25 else 1)


def test_candle_without_volume_has_no_trades(tmp_path, rows):
    for number in (20, 21):
        rows[number][1:6] = ["58000.00000000"] * 4 + ["0.00000000"]
        rows[number][7:11] = ["0", "0", "0", "0"]
    market = stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=20)
    told = []
    market.subscribe(lambda symbol, trades: told.extend(trades))
    market.step(1)
    market.advance()
    assert told == []
    assert market.last_price("BTCUSDT") == Decimal(58000)
    assert len(market.trades("BTCUSDT", 10)) == 10


def test_start_may_be_a_time(tmp_path, rows):
    files = {"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}
    market = stepped(files, start_offset=datetime(2024, 8, 5, 0, 12, tzinfo=UTC))
    assert market.now_ms() == START_MS + 12 * MINUTE_MS + 5
    assert stepped(files).now_ms() == START_MS + 20 * MINUTE_MS + 5


@pytest.mark.parametrize(
    "offset", [40, -1, datetime(2024, 8, 6, tzinfo=UTC), datetime(2024, 8, 4, tzinfo=UTC)]
)
def test_start_outside_of_the_files_is_refused(tmp_path, rows, offset):
    with pytest.raises(ValueError, match=r"0 to 39 candles \(2024-08-05T00:00:00\+00:00 to"):
        stepped({"BTCUSDT": write_binance(tmp_path / "a.csv", rows)}, start_offset=offset)


def test_files_of_different_intervals_are_refused(tmp_path, rows):
    files = {
        "BTCUSDT": write_binance(tmp_path / "a.csv", rows),
        "ETHUSDT": write_binance(tmp_path / "b.csv", rows_of(40, step_ms=300_000)),
    }
    with pytest.raises(BadCandleFile, match=r"b.csv: has candles of 300000 ms, .*a.csv of 60000 ms"):
        stepped(files)


@pytest.fixture(scope="module")
def crash_files():
    files = {symbol: DATA / f"{symbol}-1m-20240726-20240825.parquet" for symbol in ("BTCUSDT", "ETHUSDT")}
    if not all(path.exists() for path in files.values()):
        pytest.skip("../shared/data with the candles of August 2024 is absent")
    return files


def test_crash_of_5_august_2024_passes_step_by_step(crash_files):
    market = stepped(crash_files, start_offset=datetime(2024, 8, 5, tzinfo=UTC))
    prices = []
    market.subscribe(lambda symbol, trades: prices.extend(t.price for t in trades if symbol == "BTCUSDT"))
    seen = []
    for _ in range(600):
        now_ms = market.step()
        market.advance()
        closed = latest(market, 2)[0]
        assert closed.close_ms + 1 + 5 == now_ms
        seen.append(closed)
    assert seen[0].open_ms == START_MS
    assert len({kline.open_ms for kline in seen}) == 600
    assert min(kline.low for kline in seen) == min(prices) == Decimal("49000.00")
    assert seen[0].open == Decimal("58161.00")
    hours = market.klines("BTCUSDT", "1h", start_ms=START_MS, end_ms=None, limit=10)
    assert hours == plainly_aggregated(seen, 3_600_000)
    assert len(latest(market, 1000, "ETHUSDT")) == 1000
