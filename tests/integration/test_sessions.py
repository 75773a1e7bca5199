"""Which session a start belongs to, on a real database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from binance_trade_agent.bootstrap.trader import Store, open_store
from binance_trade_agent.control.sessions import MOST_FAILED_STARTS, SessionKeeper, SessionRequest
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.settings import load_settings
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
REQUEST = SessionRequest("trading", "simulated", "marked", ("BTCUSDT",), {"RISK_X": "1"}, HOUR)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(load_settings({"TRADING_MODE": "simulated", "DATA_DIR": str(tmp_path)}, tmp_path))
    yield opened
    opened.database.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keeper(store: Store, clock: FakeClock) -> SessionKeeper:
    return SessionKeeper(store.sessions, clock)


def test_a_killed_session_goes_on_to_its_old_deadline(keeper: SessionKeeper, clock: FakeClock) -> None:
    first = keeper.enter(REQUEST)
    clock.advance(600)
    again = keeper.enter(REQUEST)
    assert (again.id, again.deadline) == (first.id, first.deadline)


@pytest.mark.parametrize("kind", ["trading", "test"])
def test_a_process_killed_between_its_sessions_end_and_its_exit_does_not_start_afresh(
    keeper: SessionKeeper, clock: FakeClock, kind: str
) -> None:
    session = keeper.enter(replace(REQUEST, kind=kind))
    assert not keeper.has_just_ended(session.id)
    keeper.end(session, "duration" if kind == "trading" else "test_mode", ExitCode.OK)
    assert not keeper.has_just_ended(None)
    assert not keeper.has_just_ended("another")
    assert keeper.has_just_ended(session.id)
    clock.advance(3600)
    assert not keeper.has_just_ended(session.id)


def test_a_stopped_session_has_not_ended_as_planned(keeper: SessionKeeper) -> None:
    session = keeper.enter(REQUEST)
    keeper.end(session, "stopped", ExitCode.SIGTERM)
    assert not keeper.has_just_ended(session.id)


@pytest.mark.parametrize(("after_s", "resumed"), [(2, True), (30, False)])
def test_a_stray_sigterm_is_healed_and_a_stop_by_a_person_is_not(
    keeper: SessionKeeper, clock: FakeClock, after_s: float, resumed: bool
) -> None:
    session = keeper.enter(REQUEST)
    keeper.end(session, "stopped", ExitCode.SIGTERM)
    clock.advance(after_s)
    assert (keeper.enter(REQUEST).id == session.id) is resumed


def test_starts_without_a_cycle_are_counted_until_one_completes(keeper: SessionKeeper) -> None:
    assert [keeper.count_start() for _ in range(3)] == [1, 2, 3]
    keeper.cycle_completed()
    assert keeper.count_start() == 1


def test_other_settings_begin_a_session_of_their_own_with_the_old_deadline(
    keeper: SessionKeeper, store: Store, clock: FakeClock
) -> None:
    first = keeper.enter(REQUEST)
    clock.advance(600)
    second = keeper.enter(replace(REQUEST, settings={"RISK_X": "2"}))
    assert second.id != first.id
    assert (second.deadline, second.settings) == (first.deadline, {"RISK_X": "2"})
    assert keeper.enter(replace(REQUEST, settings={"RISK_X": "2"})).id == second.id


def test_a_test_run_stays_one_session_whatever_is_set(keeper: SessionKeeper) -> None:
    test = replace(REQUEST, kind="test", duration=timedelta(0))
    first = keeper.enter(test)
    assert keeper.enter(replace(test, settings={"RISK_X": "2"})).id == first.id


def test_a_session_that_is_not_taken_up_again_has_ended(
    keeper: SessionKeeper, store: Store, clock: FakeClock
) -> None:
    keeper.enter(REQUEST)
    clock.advance(60)
    keeper.enter(replace(REQUEST, symbols=("ETHUSDT",)))
    with store.database.read() as transaction:
        rows = transaction.execute(text("SELECT end_reason FROM sessions ORDER BY started_at")).scalars()
        assert list(rows) == ["interrupted", None]


def test_a_start_that_was_stopped_before_its_first_cycle_has_not_failed(keeper: SessionKeeper) -> None:
    for _ in range(MOST_FAILED_STARTS + 1):
        assert keeper.count_start() == 1
        keeper.end(keeper.enter(REQUEST), "stopped", ExitCode.SIGTERM)
