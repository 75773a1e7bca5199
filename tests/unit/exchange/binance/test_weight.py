"""The weight budget: what it admits, what it holds back, and how little it asks of the shared book."""

from datetime import timedelta

import pytest

from binance_trade_agent.domain.errors import StorageError, Throttled
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.timestamps import to_ms
from binance_trade_agent.exchange.binance.weight import WeightBudget
from binance_trade_agent.exchange.binance.weight_costs import Cost, Share, cost_of
from tests.fake_exchange_wire import ManualClock, MemoryWeights

ORDER = Cost(1, Share.ORDERS, places=True)
ACCOUNT = Cost(20, Share.ACCOUNT)
CANDLES = Cost(2, Share.MARKET_DATA)


class BrokenWeights:
    def read(self) -> tuple[int, int]:
        raise StorageError("the disk is full")

    def note(self, minute: int, used: int) -> None:
        raise StorageError("the disk is full")


def budget_of(clock: ManualClock, book: MemoryWeights | BrokenWeights | None = None) -> WeightBudget:
    return WeightBudget(ExchangeClock(clock, 5000), clock, book or MemoryWeights())


def spend(budget: WeightBudget, used: int) -> None:
    """One market data request whose answer says that `used` is used."""
    sent_in = budget.admit(CANDLES, "GET klines")
    budget.settle(CANDLES, {"X-MBX-USED-WEIGHT-1M": str(used)}, sent_in)


def is_admitted(budget: WeightBudget, cost: Cost) -> bool:
    try:
        sent_in = budget.admit(cost, "GET something")
    except Throttled:
        return False
    budget.settle(cost, {"X-MBX-USED-WEIGHT-1M": "0"}, sent_in)
    return True


@pytest.mark.parametrize(
    ("used", "candles", "account", "order"),
    [
        (0, True, True, True),
        (4798, True, True, True),
        (4799, False, True, True),
        (5680, False, True, True),
        (5681, False, False, True),
        (5999, False, False, True),
        (6000, False, False, False),
    ],
)
def test_what_matters_less_is_held_back_first(used: int, candles: bool, account: bool, order: bool) -> None:
    budget = budget_of(ManualClock())
    spend(budget, used)

    assert is_admitted(budget, CANDLES) is candles
    assert is_admitted(budget, ACCOUNT) is account
    assert is_admitted(budget, ORDER) is order


def test_a_request_that_is_held_back_waits_for_the_rest_of_the_minute() -> None:
    clock = ManualClock()
    clock.advance(42.5)
    budget = budget_of(clock)
    spend(budget, 4800)

    with pytest.raises(Throttled, match=r"GET klines is held back: .* from 4800 to 4802") as caught:
        budget.admit(CANDLES, "GET klines")

    assert caught.value.retry_after_s == 17.5
    assert not caught.value.banned
    clock.advance(17.5)
    budget.admit(CANDLES, "GET klines")


def test_requests_under_way_count_until_they_are_answered() -> None:
    budget = budget_of(ManualClock())
    spend(budget, 4700)
    sent_in = [budget.admit(CANDLES, "GET klines") for _ in range(50)]

    with pytest.raises(Throttled):
        budget.admit(CANDLES, "GET klines")
    for minute in sent_in:
        budget.settle(CANDLES, {"X-MBX-USED-WEIGHT-1M": "4702"}, minute)

    assert budget.used == 4702
    assert is_admitted(budget, CANDLES)


@pytest.mark.parametrize(
    "headers", [{}, {"X-MBX-USED-WEIGHT-1M": "9" * 5000}, {"X-MBX-USED-WEIGHT-1M": "-3"}]
)
def test_an_answer_without_a_count_costs_what_is_listed(headers: dict[str, str]) -> None:
    budget = budget_of(ManualClock())
    spend(budget, 100)

    sent_in = budget.admit(ACCOUNT, "GET account")
    budget.settle(ACCOUNT, headers, sent_in)

    assert budget.used == 120


def test_the_exchange_names_its_limit() -> None:
    budget = budget_of(ManualClock())
    budget.learn_limit(
        [
            {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ]
    )
    spend(budget, 960)

    assert not is_admitted(budget, CANDLES)
    assert is_admitted(budget, ACCOUNT)


def test_what_another_process_used_counts_within_a_second() -> None:
    clock, book = ManualClock(), MemoryWeights()
    mine, other = budget_of(clock, book), budget_of(clock, book)
    assert is_admitted(mine, CANDLES)
    spend(other, 5000)

    clock.advance(1)

    assert not is_admitted(mine, CANDLES)
    assert mine.used == 0
    clock.advance(59)
    assert is_admitted(mine, CANDLES)


def test_the_book_is_read_once_a_second() -> None:
    clock, book = ManualClock(), MemoryWeights()
    budget = budget_of(clock, book)
    for _ in range(30):
        spend(budget, 1)
        clock.advance(0.1)

    assert book.reads == 3


def test_the_book_is_written_once_a_second_and_only_for_a_rise_of_five_percent() -> None:
    clock, book = ManualClock(), MemoryWeights()
    minute = to_ms(clock.now()) // 60_000
    budget = budget_of(clock, book)

    for used in (300, 301, 900):
        spend(budget, used)
    assert book.noted == [(minute, 301)]
    clock.advance(1)
    spend(budget, 901)
    spend(budget, 2000)
    clock.advance(1)
    spend(budget, 2000)
    clock.advance(1)
    spend(budget, 2300)
    assert book.noted == [(minute, 301), (minute, 901), (minute, 2000)]
    clock.advance(57)
    spend(budget, 301)
    assert book.noted[-1] == (minute + 1, 301)


def test_a_book_that_cannot_be_used_stops_nothing() -> None:
    budget = budget_of(ManualClock(), BrokenWeights())

    spend(budget, 4000)

    assert budget.used == 4000


def test_a_count_ends_with_the_exchanges_minute_not_with_this_machines() -> None:
    clock = ManualClock()
    exchange_clock = ExchangeClock(clock, 5000)
    exchange_clock.measured(to_ms(clock.now() + timedelta(seconds=30)))
    budget = WeightBudget(exchange_clock, clock, MemoryWeights())
    spend(budget, 70)

    clock.advance(29)
    assert budget.used == 70
    clock.advance(1)
    assert budget.used == 0


@pytest.mark.parametrize(
    ("method", "path", "params", "weight", "share"),
    [
        ("get", "openOrders", {}, 80, Share.ACCOUNT),
        ("get", "openOrders", {"symbol": None}, 80, Share.ACCOUNT),
        ("get", "openOrders", {"symbol": "BTCUSDT"}, 6, Share.ORDERS),
        ("get", "myTrades", {"symbol": "BTCUSDT"}, 20, Share.ACCOUNT),
        ("get", "myTrades", {"symbol": "BTCUSDT", "orderId": 28}, 5, Share.ORDERS),
        ("get", "ticker/bookTicker", {"symbol": "BTCUSDT"}, 2, Share.MARKET_DATA),
        ("get", "ticker/bookTicker", {"symbols": "[]"}, 4, Share.MARKET_DATA),
        ("get", "order", {}, 4, Share.ORDERS),
        ("get", "account", {}, 20, Share.ACCOUNT),
    ],
)
def test_costs_depend_on_the_parameters(
    method: str, path: str, params: dict[str, object], weight: int, share: Share
) -> None:
    assert cost_of(method, path, params) == Cost(weight, share)


def test_only_requests_that_place_orders_say_so() -> None:
    for path in ("order", "order/cancelReplace", "orderList/oco"):
        assert cost_of("post", path, {}).places
    for path in ("order", "orderList"):
        assert not cost_of("delete", path, {}).places
        assert cost_of("delete", path, {}).share is Share.ORDERS


def test_a_request_of_unknown_cost_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        cost_of("get", "depth", {})


def test_an_old_minutes_count_does_not_burden_the_new_one() -> None:
    clock = ManualClock()
    clock.advance(59.9)
    budget = budget_of(clock)
    sent_in = budget.admit(CANDLES, "GET klines")
    clock.advance(0.2)
    budget.settle(CANDLES, {"X-MBX-USED-WEIGHT-1M": "4900"}, sent_in)
    assert budget.used == CANDLES.weight
    assert is_admitted(budget, CANDLES)
