"""Waiting time: the union of what is in flight."""

import pytest

from binance_trade_agent.exchange.binance.network_time import NetworkTime
from tests.fake_exchange_wire import ManualClock


def test_concurrent_waits_count_once_and_running_ones_count_so_far() -> None:
    clock = ManualClock()
    network = NetworkTime(clock)

    with network.waiting():
        clock.advance(1)
        with network.waiting():
            clock.advance(2)
        clock.advance(3)
        assert network.waited_s == 6
    clock.advance(50)

    assert network.waited_s == 6


def fail_after(seconds: float, clock: ManualClock, network: NetworkTime) -> None:
    with network.waiting():
        clock.advance(seconds)
        raise ConnectionError


def test_a_failed_wait_counts_too() -> None:
    clock = ManualClock()
    network = NetworkTime(clock)

    with pytest.raises(ConnectionError):
        fail_after(4, clock, network)

    assert network.waited_s == 4
