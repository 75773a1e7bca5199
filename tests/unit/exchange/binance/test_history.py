"""Pages of time: every row once, whichever end a full page was cut at."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.exchange.binance.history import MAX_ROWS, read_since
from binance_trade_agent.exchange.binance.timestamps import from_ms

START_MS = 1_772_366_400_000
DAY_MS = 86_400_000


class Rows:
    """Rows at `times`, answered at most `MAX_ROWS` at once; `windows` are those asked for, None for the latest."""

    def __init__(self, times: Sequence[int], *, newest: bool) -> None:
        self._rows = [{"time": time} for time in times]
        self._newest = newest
        self.windows: list[tuple[int, int] | None] = []

    async def read(self, start_ms: int | None, end_ms: int | None) -> Sequence[Mapping[str, int]]:
        if start_ms is None or end_ms is None:
            self.windows.append(None)
            return self._rows[-MAX_ROWS:]
        self.windows.append((start_ms, end_ms))
        found = [row for row in self._rows if start_ms <= row["time"] <= end_ms]
        return found[-MAX_ROWS:] if self._newest else found[:MAX_ROWS]


def times_of(rows: Sequence[Mapping[str, int]]) -> list[int]:
    return [row["time"] for row in rows]


@pytest.mark.parametrize("newest", [True, False])
async def test_full_pages_are_read_in_halves(newest: bool) -> None:
    times = [START_MS + n * 7 for n in range(3500)]
    rows = Rows(times, newest=newest)

    assert times_of(await read_since(from_ms(START_MS), from_ms(times[-1]), rows.read)) == times
    assert None not in rows.windows


async def test_windows_are_a_day_long_and_reach_beyond_now() -> None:
    last = START_MS + 2 * DAY_MS + 500
    times = [START_MS, *range(last - 2 * MAX_ROWS, last, 2), last]
    rows = Rows(times, newest=True)

    found = await read_since(from_ms(START_MS), from_ms(START_MS + 2 * DAY_MS), rows.read)

    assert times_of(found) == times
    days = [(START_MS + day * DAY_MS, START_MS + (day + 1) * DAY_MS - 1) for day in range(3)]
    assert [window for window in rows.windows if window is None or window in days] == [None, *days]


@pytest.mark.parametrize("count", [0, 3, 1500])
async def test_after_a_long_pause_the_latest_rows_are_enough_when_they_reach_back_far_enough(
    count: int,
) -> None:
    start_ms = START_MS + 10 * DAY_MS
    before = [START_MS + n for n in range(count)]
    since = [start_ms, start_ms + DAY_MS, start_ms + 29 * DAY_MS]
    rows = Rows(before + since, newest=True)

    found = await read_since(from_ms(start_ms), from_ms(start_ms + 30 * DAY_MS), rows.read)

    assert times_of(found) == since
    assert rows.windows == [None]


async def test_a_start_in_the_future_asks_for_nothing() -> None:
    rows = Rows([], newest=True)

    assert await read_since(from_ms(START_MS) + timedelta(seconds=1), from_ms(START_MS), rows.read) == []


async def test_more_rows_in_a_millisecond_than_a_page_holds_is_a_failure() -> None:
    rows = Rows([START_MS] * MAX_ROWS, newest=True)

    with pytest.raises(Unavailable):
        await read_since(from_ms(START_MS), from_ms(START_MS), rows.read)
