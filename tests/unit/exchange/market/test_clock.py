"""The clocks stand still rather than run backwards."""

import pytest

from binance_trade_agent.exchange.simulator.market.clock import OffsetClock, SteppedClock, WallClock


def test_wall_clock_is_in_milliseconds_and_never_falls():
    clock = WallClock()
    times = [clock.now_ms() for _ in range(1000)]
    assert times == sorted(times)
    assert times[0] > 1_700_000_000_000


def test_stepped_clock_refuses_the_past():
    clock = SteppedClock(100)
    clock.move_to(150)
    assert clock.now_ms() == 150
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move_to(149)


def test_offset_clock_holds_still_when_the_offset_shrinks():
    inner = SteppedClock(1000)
    clock = OffsetClock(inner, 50)
    assert clock.now_ms() == 1050
    clock.offset_ms = -20
    assert clock.now_ms() == 1050
    inner.move_to(1100)
    assert clock.now_ms() == 1080
