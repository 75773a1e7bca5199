"""Pages of time: every row once, whichever end a full page was cut at."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.exchange.binance.history import MAX_ROWS, read_since
from binance_trade_agent.exchange.binance.timestamps import from_ms

START_MS = 1_772_366_400_000
DAY_MS = 86_400_000


class Rows:
    """Rows that are their own time in ms, answered at most `MAX_ROWS` at once."""

    def __init__(self, times: Sequence[int], *, newest: bool) -> None:
        self._times = times
        self._newest = newest
        self.windows: list[tuple[int, int]] = []

    async def read(self, start_ms: int, end_ms: int) -> Sequence[int]:
        self.windows.append((start_ms, end_ms))
        found = [time for time in self._times if start_ms <= time <= end_ms]
        return found[-MAX_ROWS:] if self._newest else found[:MAX_ROWS]


@pytest.mark.parametrize("newest", [True, False])
async def test_full_pages_are_read_in_halves(newest: bool) -> None:
    times = [START_MS + n * 7 for n in range(3500)]
    rows = Rows(times, newest=newest)

    assert await read_since(from_ms(START_MS), from_ms(times[-1]), rows.read) == times


async def test_windows_are_a_day_long_and_reach_beyond_now() -> None:
    rows = Rows([START_MS, START_MS + 2 * DAY_MS + 500], newest=True)

    found = await read_since(from_ms(START_MS), from_ms(START_MS + 2 * DAY_MS), rows.read)

    assert found == [START_MS, START_MS + 2 * DAY_MS + 500]
    assert rows.windows == [(START_MS + day * DAY_MS, START_MS + (day + 1) * DAY_MS - 1) for day in range(3)]


async def test_a_start_in_the_future_asks_for_nothing() -> None:
    rows = Rows([], newest=True)

    assert await read_since(from_ms(START_MS) + timedelta(seconds=1), from_ms(START_MS), rows.read) == []


async def test_more_rows_in_a_millisecond_than_a_page_holds_is_a_failure() -> None:
    rows = Rows([START_MS] * 1000, newest=True)

    with pytest.raises(Unavailable):
        await read_since(from_ms(START_MS), from_ms(START_MS), rows.read)
