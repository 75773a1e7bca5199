"""Weight windows, bans and order counts."""

import pytest

from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.limits import OrderCount, WeightLimit

MINUTE = 60_000


def refusal_of(limit: WeightLimit, now_ms: int, weight: int = 1, address: str = "a") -> ApiError | None:
    try:
        limit.charge(address, weight, now_ms)
    except ApiError as error:
        return error
    return None


def test_windows_are_calendar_minutes_per_address() -> None:
    limit = WeightLimit()
    assert refusal_of(limit, MINUTE + 59_000, 6000) is None
    error = refusal_of(limit, MINUTE + 59_500)
    assert error is not None
    assert (error.status, error.code, error.retry_after_s) == (429, -1003, 1)
    assert refusal_of(limit, MINUTE + 59_500, address="b") is None
    assert refusal_of(limit, 2 * MINUTE) is None
    assert limit.used("a", 2 * MINUTE) == 1


def test_going_on_is_banned_longer_each_time() -> None:
    limit = WeightLimit()
    now_ms = MINUTE
    lengths = []
    for _ in range(3):
        limit.charge("a", 6000, now_ms)
        errors = [refusal_of(limit, now_ms) for _ in range(21)]
        assert [error.status for error in errors if error] == [429] * 20 + [418]
        last = errors[-1]
        assert last is not None
        assert last.retry_after_s is not None
        assert f"IP banned until {now_ms + last.retry_after_s * 1000}" in last.message
        lengths.append(last.retry_after_s)
        assert refusal_of(limit, now_ms + last.retry_after_s * 1000 - 1) is not None
        now_ms += last.retry_after_s * 1000
    assert lengths == [120, 240, 480]


def test_refund() -> None:
    limit = WeightLimit()
    limit.charge("a", 7, MINUTE)
    limit.refund("a", 2)
    assert limit.used("a", MINUTE) == 5


def test_orders_in_ten_seconds() -> None:
    count = OrderCount()
    for _ in range(100):
        count.add(20_000)
    with pytest.raises(ApiError, match="100 orders per 10 SECOND") as caught:
        count.add(29_001)
    assert (caught.value.status, caught.value.code, caught.value.retry_after_s) == (429, -1015, 1)
    count.add(30_000)
    assert count.counts(30_000) == (1, 101)


def test_a_list_needs_room_for_all_its_orders() -> None:
    count = OrderCount()
    count.add(20_000, 98)
    with pytest.raises(ApiError, match="100 orders per 10 SECOND"):
        count.add(20_000, 3)
    count.add(20_000, 2)
    assert count.counts(20_000) == (100, 100)


def test_first_fills_give_back() -> None:
    count = OrderCount()
    for _ in range(8):
        count.add(20_000)
    count.first_fill(20_000, is_maker=False)
    count.first_fill(20_000, is_maker=True)
    assert count.counts(20_000) == (2, 2)
    count.first_fill(20_000, is_maker=True)
    assert count.counts(20_000) == (0, 0)
