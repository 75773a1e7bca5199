"""Replay of recorded candles, on the wall clock or step by step.

On the wall clock each recorded candle is presented as one candle of the base interval (1s
unless set): the candle at the start offset opens at the anchor, the next one a base interval
later, and all recorded earlier stand before the anchor as history. In stepped mode time
is virtual; if the base interval is the recorded one, the recorded times are kept.

Inside a candle the price goes open, nearer extreme, other extreme, close, at 0, 1/4, 1/2
and 3/4 of its length (at equal distance the high comes first), with a quarter of the
volume traded at each. The open candle shows the points reached so far and that share of
volume, quote volume and trades; from 3/4 of its length on it is what was recorded.

Several symbols are aligned by recorded time. A candle missing in one file is a gap in that
symbol, in both modes: no candle, no trade, the price stays. On the wall clock a gap lasts as
many base intervals as candles are missing; a step goes over a gap of all symbols at once.

When a symbol's data has ended on the wall clock, its last price stays, what was recorded can
still be read by its times, and what is new (the book, the latest candles) is
`MarketUnavailable`. A step with nothing left raises `EndOfData`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import numpy as np

from binance_trade_agent.exchange.simulator.market.base import (
    Depth,
    EndOfData,
    Kline,
    MarketTrade,
    MarketUnavailable,
)
from binance_trade_agent.exchange.simulator.market.candles import (
    Column,
    Scale,
    Table,
    interval_ms,
    joined,
)
from binance_trade_agent.exchange.simulator.market.clock import Clock, SteppedClock
from binance_trade_agent.exchange.simulator.market.csv_file import read_csv
from binance_trade_agent.exchange.simulator.market.recording import BadCandleFile, Recording, iso_text
from binance_trade_agent.exchange.simulator.market.rules import Grid, grid_of
from binance_trade_agent.exchange.simulator.market.series import STEP_OFFSET_MS, SeriesMarket, known_at

DEFAULT_HISTORY = 1500

_POINTS = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_recording(path: Path, symbol: str) -> Recording:
    """Read a `.csv` or `.parquet` file; raises `BadCandleFile`."""
    if path.suffix.lower() in (".parquet", ".pq"):
        # By name, so that pyarrow's 40 MB are loaded only by a simulator that replays Parquet.
        reader = import_module("binance_trade_agent.exchange.simulator.market.parquet")
        recording: Recording = reader.read_parquet(path, symbol)
        return recording
    if path.suffix.lower() == ".csv":
        return read_csv(path, symbol)
    raise BadCandleFile(path, "is neither .csv nor .parquet")


class ReplaySeries:
    """One recorded symbol, its candles opening at the times they are presented at; see `Series`."""

    def __init__(self, symbol: str, recording: Recording, opens_ms: Table, base_ms: int) -> None:
        self._symbol = symbol
        self._base_ms = base_ms
        # taken over, not copied: the recorded times are not needed any more
        self._table = recording.table
        self._table[:, Column.OPEN_MS] = opens_ms
        self._opens = self._table[:, Column.OPEN_MS]
        self.scale: Scale = recording.scale
        self.reference_price = self.scale.price(int(np.median(self._table[:, Column.CLOSE])))
        lowest = self.scale.price(int(self._table[:, Column.LOW].min()))
        usual = grid_of(symbol, lowest)
        self.grid = Grid(min(usual.tick, Decimal(1).scaleb(-self.scale.price_decimals)), usual.step)

    @property
    def end_ms(self) -> int:
        """The first millisecond after its last candle."""
        return int(self._opens[-1]) + self._base_ms

    def opens_from(self, start_ms: int) -> Table:
        """Open times of its candles from `start_ms` on."""
        return self._opens[np.searchsorted(self._opens, start_ms) :]

    def first_ms(self, length_ms: int) -> int:
        """Open time of its first candle, whatever the length."""
        del length_ms
        return int(self._opens[0])

    def rows(self, start_ms: int, end_ms: int, now_ms: int, length_ms: int) -> Table:
        """Base candles, which divide every `length_ms` asked for."""
        del length_ms
        closed = known_at(self._table, start_ms, end_ms, now_ms, self._base_ms)
        index = self._index_at(now_ms)
        if index is None or not start_ms <= self._opens[index] < end_ms:
            return closed
        return joined((closed, self._so_far(index, now_ms)))

    def trades(self, after_ms: int, until_ms: int) -> list[MarketTrade]:
        """The trades in (after_ms, until_ms], rising."""
        first, last = np.searchsorted(self._opens, (after_ms - self._base_ms + 1, until_ms + 1))
        return [
            trade
            for index in range(first, last)
            for trade in self._trades_of(index)
            if after_ms < trade.time_ms <= until_ms
        ]

    def latest_trades(self, until_ms: int, limit: int) -> list[MarketTrade]:
        """The last `limit` trades up to `until_ms`; candles without volume have none."""
        index = int(np.searchsorted(self._opens, until_ms, side="right"))
        found: list[MarketTrade] = []
        while index > 0 and len(found) < limit:
            index -= 1
            found[:0] = [trade for trade in self._trades_of(index) if trade.time_ms <= until_ms]
        return found[-limit:]

    def last_ticks(self, now_ms: int) -> int:
        """The price at `now_ms`, in ticks; before the first candle its open."""
        before = int(np.searchsorted(self._opens, now_ms, side="right")) - 1
        if before < 0:
            return int(self._table[0, Column.OPEN])
        return self._path(before)[self._point(before, now_ms)]

    def _index_at(self, now_ms: int) -> int | None:
        """The candle that is open at `now_ms`."""
        index = int(np.searchsorted(self._opens, now_ms, side="right")) - 1
        if index < 0 or now_ms >= self._opens[index] + self._base_ms:
            return None
        return index

    def _point(self, index: int, now_ms: int) -> int:
        reached = (now_ms - int(self._opens[index])) * _POINTS // self._base_ms
        return min(reached, _POINTS - 1)

    def _path(self, index: int) -> tuple[int, int, int, int]:
        opened, high, low, close = self._table[index, Column.OPEN : Column.VOLUME].tolist()
        if high - opened <= opened - low:
            return opened, high, low, close
        return opened, low, high, close

    def _so_far(self, index: int, now_ms: int) -> Table:
        row = self._table[index : index + 1].copy()
        point = self._point(index, now_ms)
        if point < _POINTS - 1:
            path = self._path(index)[: point + 1]
            row[0, Column.OPEN : Column.VOLUME] = path[0], max(path), min(path), path[-1]
            row[0, Column.VOLUME :] = row[0, Column.VOLUME :] * (point + 1) // _POINTS
        return row

    def _trades_of(self, index: int) -> list[MarketTrade]:
        volume = int(self._table[index, Column.VOLUME])
        if volume == 0:
            return []
        before = int(self._table[index - 1, Column.CLOSE]) if index else 0
        trades: list[MarketTrade] = []
        for point, price in enumerate(self._path(index)):
            share = volume * (point + 1) // _POINTS - volume * point // _POINTS
            trades.append(
                MarketTrade(
                    trade_id=index * _POINTS + point + 1,
                    symbol=self._symbol,
                    price=self.scale.price(price),
                    # a candle of fewer than four steps still trades at each of its points
                    quantity=self.scale.quantity(max(1, share)),
                    time_ms=int(self._opens[index]) + point * self._base_ms // _POINTS,
                    buyer_is_maker=price < before,
                )
            )
            before = price
        return trades


class ReplayMarket(SeriesMarket):
    """A replay on the wall clock.

    `files` maps each symbol to its file. `start_offset` says which candle opens at the anchor:
    a number of candles after the first moment all files cover, or an aware time; without one
    it is 1,500 candles in, or half of what the files share if that is less. The anchor is
    rounded down to the base interval. Raises `BadCandleFile` for a file that cannot be
    replayed and `ValueError` for an offset outside of the files.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        *,
        anchor_ms: int,
        clock: Clock,
        base_interval: str = "1s",
        start_offset: int | datetime | None = None,
    ) -> None:
        base_ms = interval_ms(base_interval)
        recordings = _read_all(files)
        start_ms = _start_of(recordings, start_offset)
        self._replayed = _presented(recordings, start_ms, anchor_ms // base_ms * base_ms, base_ms)
        super().__init__(self._replayed, base_interval, clock)

    @property
    def has_ended(self) -> bool:
        """Whether one of its symbols has no data any more, and never will."""
        return any(self._is_over(symbol) for symbol in self.symbols)

    def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> list[Kline]:
        """As `SeriesMarket`; without an end in the past, `MarketUnavailable` once the data has ended."""
        self._of(symbol)
        if end_ms is None or end_ms >= self._replayed[symbol].end_ms:
            self._require_data(symbol)
        return super().klines(symbol, interval, start_ms=start_ms, end_ms=end_ms, limit=limit)

    def depth(self, symbol: str, limit: int) -> Depth:
        """As `SeriesMarket`; `MarketUnavailable` once the data has ended."""
        self._of(symbol)
        self._require_data(symbol)
        return super().depth(symbol, limit)

    def _require_data(self, symbol: str) -> None:
        if self._is_over(symbol):
            end_ms = self._replayed[symbol].end_ms
            raise MarketUnavailable(f"the replay of {symbol} ended at {iso_text(end_ms)}")

    def _is_over(self, symbol: str) -> bool:
        # one interval of grace, so that the last candle is also seen closed
        return self.now_ms() >= self._replayed[symbol].end_ms + self._base_ms


class SteppedReplayMarket(SeriesMarket):
    """A replay in virtual time; arguments and errors as `ReplayMarket`.

    With a base interval equal to the recorded one the recorded times are kept, else candles
    are presented from the anchor on. Time stands `STEP_OFFSET_MS` after the close of the candle
    just presented, which is the open of the next: the next candle, if there is one, shows
    its open price alone. Before the first step all candles before the start are closed.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        *,
        anchor_ms: int,
        base_interval: str = "1s",
        start_offset: int | datetime | None = None,
    ) -> None:
        base_ms = interval_ms(base_interval)
        recordings = _read_all(files)
        start_ms = _start_of(recordings, start_offset)
        recorded_ms = next(iter(recordings.values())).interval_ms
        origin_ms = start_ms if base_ms == recorded_ms else anchor_ms // base_ms * base_ms
        series = _presented(recordings, start_ms, origin_ms, base_ms)
        self._opens = np.unique(np.concatenate([one.opens_from(origin_ms) for one in series.values()]))
        self._presented = 0
        self._stepped = SteppedClock(origin_ms + STEP_OFFSET_MS)
        super().__init__(series, base_interval, self._stepped, longest_sleep_ms=None)

    def step(self, candles: int = 1) -> int:
        """Present the next `candles` recorded moments and return the new time.

        Raises `EndOfData`, without moving, if fewer are left.
        """
        if candles < 1:
            raise ValueError(f"a step is at least one candle, not {candles}")
        left = len(self._opens) - self._presented
        if candles > left:
            raise EndOfData(f"{left} candles are left of the replay, {candles} were asked for")
        self._presented += candles
        self._stepped.move_to(int(self._opens[self._presented - 1]) + self._base_ms + STEP_OFFSET_MS)
        return self.now_ms()


def _read_all(files: Mapping[str, Path]) -> dict[str, Recording]:
    if not files:
        raise ValueError("a replay needs a candle file for each symbol")
    recordings = {symbol: read_recording(path, symbol) for symbol, path in files.items()}
    first = next(iter(recordings.values()))
    for recording in recordings.values():
        if recording.interval_ms != first.interval_ms:
            raise BadCandleFile(
                recording.path,
                f"has candles of {recording.interval_ms} ms, {first.path} of {first.interval_ms} ms",
            )
    return recordings


def _start_of(recordings: Mapping[str, Recording], offset: int | datetime | None) -> int:
    """The recorded open time of the candle that is presented first."""
    length_ms = next(iter(recordings.values())).interval_ms
    first_ms = max(recording.first_ms for recording in recordings.values())
    end_ms = min(recording.end_ms for recording in recordings.values())
    candles = (end_ms - first_ms) // length_ms
    if candles < 1:
        raise ValueError("the candle files have no time in common")
    if offset is None:
        offset = min(DEFAULT_HISTORY, candles // 2)
    if isinstance(offset, datetime):
        if offset.tzinfo is None:
            raise ValueError(f"the start of a replay needs a time zone: {offset}")
        offset = (offset - _EPOCH) // timedelta(milliseconds=length_ms) - first_ms // length_ms
    if not 0 <= offset < candles:
        raise ValueError(
            f"the start offset must be 0 to {candles - 1} candles"
            f" ({iso_text(first_ms)} to {iso_text(end_ms - length_ms)}), not {offset}"
        )
    return first_ms + offset * length_ms


def _presented(
    recordings: Mapping[str, Recording], start_ms: int, origin_ms: int, base_ms: int
) -> dict[str, ReplaySeries]:
    """The recordings as series in which the candle of `start_ms` opens at `origin_ms`."""
    return {
        symbol: ReplaySeries(
            symbol,
            recording,
            origin_ms + (recording.table[:, Column.OPEN_MS] - start_ms) // recording.interval_ms * base_ms,
            base_ms,
        )
        for symbol, recording in recordings.items()
    }
