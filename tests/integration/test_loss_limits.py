"""A loss beyond its limit halts entries until a person resumes; exits go on, and restarts change nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.control.projections import Projector
from binance_trade_agent.domain.decisions import TradingState
from tests.desk import UNRESTRAINED, DeskUnderTest, make_desk
from tests.fake_exchange import FakeExchange

BOLD = replace(
    UNRESTRAINED, order_share=Decimal("0.8"), max_symbol_share=Decimal("0.8"), max_total_share=Decimal("0.8")
)
DAILY = replace(BOLD, daily_loss_share=Decimal("0.05"))
DRAWDOWN = replace(BOLD, max_drawdown_share=Decimal("0.05"))


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Callable[..., DeskUnderTest]]:
    made: list[DeskUnderTest] = []

    def make(limits: RiskLimits, exchange: FakeExchange | None = None) -> DeskUnderTest:
        made.append(make_desk(tmp_path, exchange, limits))
        return made[-1]

    yield make
    for desk in made:
        desk.store.database.close()


async def holding(desk: DeskUnderTest) -> None:
    """Buy about 800 USDT worth at 101."""
    await desk.cycle()
    await closing(desk, 101)
    assert desk.store.reads.status().unresolved == ()


async def closing(desk: DeskUnderTest, *closes: int) -> None:
    """A cycle after each of the closes."""
    for close in closes:
        desk.exchange.close_candle(close)
        await desk.cycle()


def state(desk: DeskUnderTest) -> tuple[TradingState, str]:
    control = desk.store.control.read()
    return control.state, control.actor


def resume(desk: DeskUnderTest) -> None:
    desk.store.control.write(TradingState.RUNNING, reason="go on", actor="me", at=desk.clock.now())


@pytest.mark.parametrize(("limits", "gate"), [(DAILY, "daily_loss"), (DRAWDOWN, "drawdown")])
async def test_a_loss_of_what_is_held_halts_entries_but_not_exits(
    new_desk: Callable[..., DeskUnderTest], limits: RiskLimits, gate: str
) -> None:
    desk = new_desk(limits, FakeExchange(("BTCUSDT",)))
    await holding(desk)
    await closing(desk, 98)
    assert state(desk) == (TradingState.RUNNING, "system")
    await closing(desk, 94)
    assert state(desk) == (TradingState.ENTRIES_HALTED, gate)
    await closing(desk, 99)
    assert [order.side for order in desk.orders] == ["SELL", "BUY"]
    await closing(desk, 101)
    assert desk.decisions[0].blocking_gate == gate
    assert len(desk.orders) == 2


async def test_a_halt_is_told_once_though_the_loss_goes_on_changing(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    desk = new_desk(DAILY)
    await holding(desk)
    told = []
    for close in (94, 93, 92):
        desk.exchange.close_candle(close)
        told.append((await desk.cycle()).alarms["loss_limit:daily_loss"])
    assert told == [desk.store.control.read().reason] * 3


async def test_an_entry_in_the_cycle_of_the_breach_meets_the_limit_itself(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    exchange = FakeExchange(("BTCUSDT", "ETHUSDT"))
    desk = new_desk(DAILY, exchange)
    await holding(desk)
    # the candle wants to buy, but the price has fallen since it closed
    exchange.close_candle(101)
    exchange.move_to(90)
    await desk.cycle()
    blocked = {row.symbol: row.blocking_gate for row in desk.decisions[:2]}
    assert blocked == {"BTCUSDT": None, "ETHUSDT": "daily_loss"}
    assert state(desk) == (TradingState.ENTRIES_HALTED, "daily_loss")


async def test_the_halt_outlives_the_process_and_so_do_the_marks(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    desk = new_desk(DRAWDOWN)
    await holding(desk)
    await closing(desk, 110)
    # 3 % under the peak of 110 in one process, 6 % in the next: only the stored peak can tell
    await closing(desk, 107)
    again = new_desk(DRAWDOWN, desk.exchange)
    await closing(again, 102)
    assert state(again) == (TradingState.ENTRIES_HALTED, "drawdown")
    third = new_desk(DRAWDOWN, desk.exchange)
    await closing(third, 99, 101)
    assert third.decisions[0].blocking_gate == "drawdown"


async def test_losses_count_from_the_resume_of_a_person(new_desk: Callable[..., DeskUnderTest]) -> None:
    desk = new_desk(DAILY)
    await holding(desk)
    await closing(desk, 94)
    resume(desk)
    await closing(desk, 93, 92)
    assert state(desk) == (TradingState.RUNNING, "me")
    await closing(desk, 87)
    assert state(desk) == (TradingState.ENTRIES_HALTED, "daily_loss")


async def test_a_pause_does_not_hide_a_loss(new_desk: Callable[..., DeskUnderTest]) -> None:
    desk = new_desk(DAILY)
    await holding(desk)
    desk.store.control.write(TradingState.PAUSED, reason="lunch", actor="me", at=desk.clock.now())
    await closing(desk, 94)
    assert state(desk) == (TradingState.PAUSED, "me")
    resume(desk)
    await closing(desk, 94)
    assert state(desk) == (TradingState.ENTRIES_HALTED, "daily_loss")


async def test_a_new_day_begins_a_new_count_but_does_not_resume(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    desk = new_desk(DAILY)
    await holding(desk)
    await closing(desk, 98)
    desk.exchange.time += timedelta(days=1)
    # another 4 % on the next day: 8 % in all, but none of the days lost 5 %
    await closing(desk, 98)
    await closing(desk, 94)
    assert state(desk)[0] is TradingState.RUNNING
    await closing(desk, 91)
    assert state(desk) == (TradingState.ENTRIES_HALTED, "daily_loss")
    desk.exchange.time += timedelta(days=1)
    await closing(desk, 91)
    assert state(desk) == (TradingState.ENTRIES_HALTED, "daily_loss")


async def test_a_withdrawal_is_no_loss(new_desk: Callable[..., DeskUnderTest]) -> None:
    desk = new_desk(replace(DAILY, max_drawdown_share=Decimal("0.05")))
    await holding(desk)
    desk.exchange.balances["USDT"] -= Decimal(100)
    desk.store.ledger.book_transfer("USDT", Decimal(-100), desk.clock.now(), "w1")
    await closing(desk, 101)
    assert state(desk)[0] is TradingState.RUNNING


async def test_a_breach_is_an_incident_until_it_is_over(new_desk: Callable[..., DeskUnderTest]) -> None:
    desk = new_desk(DAILY)
    projector = Projector(desk.store.outbox, desk.store.control, stop_entries_on_difference=False)
    await holding(desk)
    desk.exchange.close_candle(94)
    projector.project(await desk.cycle())
    assert [incident.key for incident in desk.store.reads.incidents()] == ["loss_limit:daily_loss"]
    resume(desk)
    desk.exchange.close_candle(94)
    projector.project(await desk.cycle())
    assert desk.store.reads.incidents() == ()


async def test_a_breach_whose_cycle_was_killed_is_an_incident_though_the_price_recovers(
    new_desk: Callable[..., DeskUnderTest],
) -> None:
    desk = new_desk(DAILY)
    projector = Projector(desk.store.outbox, desk.store.control, stop_entries_on_difference=False)
    await holding(desk)
    desk.exchange.close_candle(94)
    # halted, and nobody came to raise the incident
    await desk.cycle()
    desk.exchange.close_candle(100)
    for _ in range(2):
        projector.project(await desk.cycle())
    ((_, topic, text),) = [row for row in desk.store.outbox.unsent(20) if row[1] == "incident"]
    assert topic == "incident"
    assert text.startswith(desk.store.control.read().reason)
    assert "entries are halted until somebody resumes" in text
    resume(desk)
    projector.project(await desk.cycle())
    assert desk.store.reads.incidents() == ()
