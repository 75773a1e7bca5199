"""How a span of time reads."""

from datetime import UTC, datetime

import pytest

from binance_trade_agent.domain.phrases import period

NOW = datetime(2026, 11, 23, 8, 46, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-11-22T08:46:25", "2026-11-23T08:46:25", "2026-11-22 08:46:25 to 2026-11-23 08:46:25 UTC"),
        ("2021-02-23T00:00:00", "2026-11-23T08:46:25", "2021-02-23 00:00:00 to 2026-11-23 08:46:25 UTC"),
        ("2021-02-23T08:00:00", "2021-02-23T09:00:00", "2021-02-23 08:00:00 to 09:00:00 UTC"),
        ("2026-11-23T08:00:00", "2026-11-23T08:30:00", "08:00:00 to 08:30:00 UTC"),
        ("2026-11-23T08:00:00", "2026-11-23T08:00:00", "at 08:00:00 UTC"),
        ("2021-02-23T08:00:00", "2021-02-23T08:00:00", "at 2021-02-23 08:00:00 UTC"),
    ],
)
def test_a_period_has_both_dates_where_they_differ(first: str, last: str, words: str) -> None:
    begin, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    assert period(begin, end, NOW) == words
