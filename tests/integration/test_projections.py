"""What a cycle's report does to incidents and to the control state."""

from datetime import timedelta
from pathlib import Path

from binance_trade_agent.control.projections import Projector
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.domain.decisions import CycleReport, TradingState
from binance_trade_agent.domain.errors import Unavailable
from tests.desk import DeskUnderTest, make_desk
from tests.fake_exchange import FakeExchange
from tests.fakes import FakeLauncher, FakeLease

TWO = ("BTCUSDT", "ETHUSDT")


def projector_of(desk: DeskUnderTest, *, live: bool = False) -> Projector:
    return Projector(desk.store.outbox, desk.store.control, stop_entries_on_difference=live)


def open_keys(desk: DeskUnderTest) -> set[str]:
    return {incident.key for incident in desk.store.reads.incidents()}


async def report_with_a_difference(desk: DeskUnderTest) -> CycleReport:
    await desk.cycle()
    desk.exchange.balances["USDT"] -= 1
    await desk.cycle()
    desk.exchange.time += timedelta(seconds=30)
    return await desk.cycle()


async def test_a_difference_stops_entries_in_live_mode(desk: DeskUnderTest) -> None:
    projector_of(desk, live=True).project(await report_with_a_difference(desk))
    assert desk.store.control.read().state is TradingState.ENTRIES_HALTED
    assert open_keys(desk) == {"balance_difference:USDT"}


async def test_a_halt_by_a_person_during_the_cycle_outlasts_what_the_cycle_found(
    desk: DeskUnderTest,
) -> None:
    report = await report_with_a_difference(desk)
    desk.store.control.write(TradingState.HALTED, reason="stop", actor="me", at=desk.clock.now())
    projector_of(desk, live=True).project(report)
    assert desk.store.control.read().state is TradingState.HALTED


def test_a_pause_never_loosens_a_halt(desk: DeskUnderTest) -> None:
    steering = Steering(desk.store.control, FakeLease(), FakeLauncher(), desk.clock)
    steering.halt("stop", actor="me")
    assert steering.pause("lunch", actor="you").state is TradingState.HALTED
    assert desk.store.control.read().actor == "me"
    steering.resume("go on", actor="me")
    assert steering.pause("lunch", actor="you").state is TradingState.PAUSED


async def test_a_workflow_clears_no_incident_of_another_symbol(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, FakeExchange(TWO))
    projector = projector_of(desk)
    desk.exchange.errors["candles"] = Unavailable("no route")
    projector.project(await desk.cycle())
    assert open_keys(desk) == {"no_data:BTCUSDT", "no_data:ETHUSDT"}
    desk.exchange.errors.clear()
    projector.project(await desk.orchestrator.execute_trading_workflow(desk.next_number, "BTCUSDT"))
    assert open_keys(desk) == {"no_data:ETHUSDT"}
    projector.project(await desk.cycle())
    assert open_keys(desk) == set()
    desk.store.database.close()


async def test_a_difference_stays_an_incident_for_an_hour_after_it_was_booked(desk: DeskUnderTest) -> None:
    projector = projector_of(desk)
    projector.project(await report_with_a_difference(desk))
    projector.project(await desk.cycle())
    assert open_keys(desk) == {"balance_difference:USDT"}
    # a restart does not forget since when
    projector = projector_of(desk)
    projector.adopt(desk.store.reads.incidents())
    desk.exchange.time += timedelta(minutes=59)
    projector.project(await desk.cycle())
    assert "balance_difference:USDT" in open_keys(desk)
    desk.exchange.time += timedelta(minutes=2)
    projector.project(await desk.cycle())
    assert "balance_difference:USDT" not in open_keys(desk)


async def test_incidents_of_a_symbol_that_is_traded_no_more_are_cleared(tmp_path: Path) -> None:
    before = make_desk(tmp_path, FakeExchange(TWO))
    before.exchange.errors["candles"] = Unavailable("no route")
    projector_of(before).project(await before.cycle())
    before.store.database.close()
    after = make_desk(tmp_path, FakeExchange(("BTCUSDT",)))
    projector = projector_of(after)
    projector.adopt(after.store.reads.incidents())
    projector.project(await after.cycle())
    assert open_keys(after) == set()
    after.store.database.close()
