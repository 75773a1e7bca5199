"""The gate: bans are believed from storage, extended and never shortened."""

from datetime import timedelta

import pytest

from binance_trade_agent.domain.errors import Throttled
from binance_trade_agent.domain.records import BanScope
from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.errors import TooManyOrders
from tests.fake_exchange_wire import ManualClock, MemoryBans


def test_nothing_is_held_back_without_a_ban() -> None:
    BanGate(MemoryBans(), ManualClock()).check()


def test_a_shorter_demand_does_not_shorten_a_longer_one() -> None:
    clock, bans = ManualClock(), MemoryBans()
    gate = BanGate(bans, clock)

    gate.impose(Throttled(120, "banned", banned=True))
    gate.impose(Throttled(5, "too many requests"))

    assert bans.until() == clock.now() + timedelta(seconds=120)
    assert bans.reasons == ["banned (wait 120 s)"]


def test_a_ban_another_process_stored_is_seen_within_a_second() -> None:
    clock, bans = ManualClock(), MemoryBans()
    gate = BanGate(bans, clock)
    gate.check()
    bans.set_until(BanScope.ALL, clock.now() + timedelta(seconds=30), "from elsewhere")

    clock.advance(1)

    with pytest.raises(Throttled) as caught:
        gate.check()
    assert caught.value.retry_after_s == 29


def test_a_ban_ends_by_itself() -> None:
    clock = ManualClock()
    gate = BanGate(MemoryBans(clock.now() + timedelta(seconds=10)), clock)
    with pytest.raises(Throttled):
        gate.check()

    clock.advance(10)

    gate.check()


def test_a_limit_of_orders_silences_orders_only() -> None:
    clock, bans = ManualClock(), MemoryBans()
    gate = BanGate(bans, clock)

    gate.impose(TooManyOrders(7, "too many new orders"))

    gate.check()
    with pytest.raises(Throttled, match="no new order is sent before"):
        BanGate(bans, clock).check(places=True)
    assert bans.until(BanScope.ALL) is None
    clock.advance(7)
    gate.check(places=True)
