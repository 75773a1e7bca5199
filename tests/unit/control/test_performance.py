from datetime import UTC, datetime, timedelta

import pytest

from binance_trade_agent.control.performance import PerformanceView, begin_of
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.performance import Grouping
from tests.fakes import FakeClock
from tests.performances import DAY, RowsInMemory

NOW = datetime(2026, 3, 31, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", datetime(2026, 3, 1, tzinfo=UTC)),
        ("24h", datetime(2026, 3, 30, tzinfo=UTC)),
        ("1w", datetime(2026, 3, 24, tzinfo=UTC)),
        ("6h", NOW - timedelta(hours=6)),
        ("2026-03-05", datetime(2026, 3, 5, tzinfo=UTC)),
        ("2026-03-05T08:15", datetime(2026, 3, 5, 8, 15, tzinfo=UTC)),
        ("2026-03-05T08:15:00Z", datetime(2026, 3, 5, 8, 15, tzinfo=UTC)),
        ("ALL", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_periods(text: str, expected: datetime) -> None:
    assert begin_of(text, NOW) == expected


@pytest.mark.parametrize("text", ["", " ", "soon", "0d", "-3d", "99999d", "2026-04-01"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="--since"):
        begin_of(text, NOW)


def test_the_view_asks_for_the_period_until_now() -> None:
    reads = RowsInMemory()
    found = PerformanceView(reads, FakeClock(NOW)).performance("7d", "btcusdt", by=Grouping.DAY)
    assert reads.asked == [(datetime(2026, 3, 24, tzinfo=UTC), NOW, "BTCUSDT")]
    assert (found.symbol, found.until, found.grouping) == ("BTCUSDT", NOW, Grouping.DAY)


def test_the_whole_account_has_figures() -> None:
    found = PerformanceView(RowsInMemory(), FakeClock(NOW)).performance()
    assert found.figures is not None
    assert found.figures.end_at == DAY + timedelta(hours=2)
