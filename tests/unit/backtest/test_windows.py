from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.backtest.windows import CandlesMissing, CandleWindows
from binance_trade_agent.domain.market import Candle, CandleInterval

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candle(minute: int) -> Candle:
    opened, price = START + minute * MINUTE, Decimal(100 + minute)
    return Candle(opened, opened + MINUTE, price, price, price, price, Decimal(1))


class Store:
    """Stored candles, and how many were read at each look."""

    def __init__(self, *minutes: int) -> None:
        self.stored = [candle(minute) for minute in minutes]
        self.looks: list[int] = []

    def candles(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> list[Candle]:
        early = [each for each in self.stored if each.open_time <= newest]
        late = [each for each in self.stored if each.open_time > newest]
        found = early[-before:] + late[:after]
        self.looks.append(len(found))
        return found


def windows(*minutes: int) -> CandleWindows:
    return CandleWindows(Store(*minutes).candles, CandleInterval.M1)


def test_a_window_ends_with_its_newest_candle_whatever_came_later() -> None:
    window = windows(*range(10)).window("BTCUSDT", START + 6 * MINUTE, 3)
    assert window == (candle(4), candle(5), candle(6))


def test_years_of_candles_are_not_all_in_memory() -> None:
    store = Store(*range(10_000))
    stored = CandleWindows(store.candles, CandleInterval.M1)
    for minute in range(3000, 7000):
        assert stored.window("BTCUSDT", START + minute * MINUTE, 300)[-1] == candle(minute)
    assert store.looks == [2300, 2300]


def test_the_same_candles_come_again_as_the_same_objects() -> None:
    stored = windows(*range(10))
    first = stored.window("BTCUSDT", START + 6 * MINUTE, 3)
    assert stored.window("BTCUSDT", START + 7 * MINUTE, 3)[0] is first[1]


def test_a_newest_candle_that_is_not_stored_is_named() -> None:
    with pytest.raises(CandlesMissing, match="candle 2026-05-04 12:03:00 is not stored"):
        windows(0, 1, 2, 4, 5).window("BTCUSDT", START + 3 * MINUTE, 2)


def test_what_is_missing_inside_a_first_window_is_named() -> None:
    with pytest.raises(CandlesMissing, match=r"1 of 6 candles are not stored: candle 2026-05-04 12:03:00"):
        windows(0, 1, 2, 4, 5).window("BTCUSDT", START + 5 * MINUTE, 6)


def test_a_window_that_reaches_back_before_the_first_stored_candle_says_so() -> None:
    with pytest.raises(CandlesMissing, match="2 of 4 candles are not stored before 2026-05-04 12:00:00"):
        windows(0, 1, 2).window("BTCUSDT", START + MINUTE, 4)


def test_gaps_are_named_the_first_three() -> None:
    stored = windows(0, 2, 5, 7, 9, 11)
    text = stored.gaps(stored.window("BTCUSDT", START + 11 * MINUTE, 6))
    assert text == (
        "candle 2026-05-04 12:01:00 is not stored, candle 2026-05-04 12:03:00 and 1 after it is not stored,"
        " candle 2026-05-04 12:06:00 is not stored and 2 more gaps"
    )
    assert stored.gaps(stored.window("BTCUSDT", START, 1)) == ""
