"""Exchange time: carried by the monotonic clock, renewed when due."""

from datetime import UTC, datetime

from binance_trade_agent.domain.orders import RequestStamp
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.timestamps import from_ms, to_ms
from tests.fake_exchange_wire import ManualClock

SERVER_MS = 1_772_366_400_123


def test_before_the_first_measurement_it_is_this_machines_time() -> None:
    clock = ManualClock()

    assert ExchangeClock(clock, 5000).now() == clock.now()
    assert ExchangeClock(clock, 5000).is_due


def test_a_measurement_is_carried_forward_and_survives_a_step_of_the_wall_clock() -> None:
    clock = ManualClock()
    exchange = ExchangeClock(clock, 4000)
    exchange.measured(SERVER_MS)

    clock.advance(2.5)
    clock.suspend(-3600)

    assert exchange.now() == from_ms(SERVER_MS + 2500)
    assert exchange.stamp() == RequestStamp(SERVER_MS + 2500, 4000)


def test_it_is_due_after_ten_minutes() -> None:
    clock = ManualClock()
    exchange = ExchangeClock(clock, 5000)
    exchange.measured(SERVER_MS)

    due = []
    for seconds in (600, 0.1):
        clock.advance(seconds)
        due.append(exchange.is_due)

    assert due == [False, True]


def test_it_is_due_when_the_machine_slept_or_its_time_was_set() -> None:
    due = []
    for seconds in (1, 2, -2, 3 * 3600):
        clock = ManualClock()
        exchange = ExchangeClock(clock, 5000)
        exchange.measured(SERVER_MS)
        clock.advance(60)
        clock.suspend(seconds)
        due.append(exchange.is_due)

    assert due == [False, True, True, True]


def test_a_refusal_expires_only_what_was_measured_before_it_was_sent() -> None:
    clock = ManualClock()
    exchange = ExchangeClock(clock, 5000)
    exchange.measured(SERVER_MS)
    clock.advance(1)
    sent_at = clock.monotonic()
    clock.advance(1)
    exchange.measured(SERVER_MS)

    due = []
    for used_at in (sent_at, clock.monotonic()):
        exchange.expire(used_at)
        due.append(exchange.is_due)

    assert due == [False, True]
    assert exchange.now() == from_ms(SERVER_MS)


def test_milliseconds_are_exact() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123_999, tzinfo=UTC)

    assert to_ms(moment) == SERVER_MS
    assert from_ms(SERVER_MS) == datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)
