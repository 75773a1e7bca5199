"""One verdict for each condition, and what separates it from its neighbours."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from binance_trade_agent.domain.records import Heartbeat, Incident, Session, StoreStatus
from binance_trade_agent.telemetry.health import GAVE_UP, REFUSED_START, STOPPED, TraderCondition, judge
from tests.fakes import START, FakeControlState, empty_status, traded_reads

INTERVAL = timedelta(seconds=5)


def cycling() -> StoreStatus:
    """In its 240th cycle, begun 2 s ago; its last sign of life is 1 s old."""
    return traded_reads(FakeControlState(), START, 5).stored


def session_of(status: StoreStatus) -> Session:
    assert status.session is not None
    return status.session


def verdict(status: StoreStatus, now: datetime = START, interval: timedelta = INTERVAL) -> tuple[str, bool]:
    found = judge(status, now=now, interval=interval)
    return found.condition, found.healthy


def beaten(status: StoreStatus, at: datetime, useful_at: datetime | None = None) -> StoreStatus:
    return replace(status, heartbeats=(Heartbeat("autonomous_trader", 1, at, useful_at or at),))


def test_nobody_has_traded_here_yet() -> None:
    assert verdict(empty_status(FakeControlState())) == (TraderCondition.NEVER_STARTED, False)


def test_a_trader_that_cycles() -> None:
    found = judge(cycling(), now=START, interval=INTERVAL)
    assert (found.condition, found.healthy) == (TraderCondition.CYCLING, True)
    assert found.text == "cycle 240 began 2 s ago"


@pytest.mark.parametrize(
    ("late_s", "expected"), [(65, TraderCondition.CYCLING), (66, TraderCondition.NOT_CYCLING)]
)
def test_up_but_not_cycling(late_s: int, expected: str) -> None:
    status = cycling()
    assert status.last_cycle is not None
    now = status.last_cycle.started_at + timedelta(seconds=late_s)
    condition, healthy = verdict(beaten(status, now), now)
    assert condition == expected
    assert healthy is (expected == TraderCondition.CYCLING)


@pytest.mark.parametrize(
    ("blind_s", "expected"), [(125, TraderCondition.CYCLING), (126, TraderCondition.BLIND)]
)
def test_cycling_without_an_exchange_that_answers(blind_s: int, expected: str) -> None:
    status = beaten(cycling(), START, START - timedelta(seconds=blind_s))
    condition, healthy = verdict(status)
    assert condition == expected
    assert healthy is (expected == TraderCondition.CYCLING)


def test_what_is_late_depends_on_the_interval() -> None:
    now = START + timedelta(minutes=30)
    assert verdict(beaten(cycling(), now), now, timedelta(hours=1)) == (TraderCondition.CYCLING, True)


@pytest.mark.parametrize(
    ("silent_s", "expected"), [(30, TraderCondition.CYCLING), (31, TraderCondition.DEAD)]
)
def test_no_sign_of_life(silent_s: int, expected: str) -> None:
    status = beaten(cycling(), START)
    condition, healthy = verdict(status, START + timedelta(seconds=silent_s))
    assert condition == expected
    assert healthy is (expected == TraderCondition.CYCLING)


@pytest.mark.parametrize(
    ("silent_s", "expected"),
    [(31, TraderCondition.CYCLING), (120, TraderCondition.NOT_CYCLING), (121, TraderCondition.DEAD)],
)
def test_a_cycle_that_waits_for_the_exchange_is_slow_before_it_is_dead(silent_s: int, expected: str) -> None:
    status = beaten(cycling(), START)
    assert status.last_cycle is not None
    waiting = replace(status, last_cycle=replace(status.last_cycle, started_at=START, finished_at=None))
    condition, healthy = verdict(waiting, START + timedelta(seconds=silent_s))
    assert condition == expected
    assert healthy is (expected == TraderCondition.CYCLING)


def test_another_process_is_no_sign_of_the_traders_life() -> None:
    status = replace(cycling(), heartbeats=(Heartbeat("dash_ui", 1, START, None),))
    assert verdict(status) == (TraderCondition.DEAD, False)


@pytest.mark.parametrize(
    ("age_s", "expected"), [(1, TraderCondition.STARTING), (66, TraderCondition.NOT_CYCLING)]
)
def test_a_start_without_a_cycle(age_s: int, expected: str) -> None:
    status = cycling()
    began = replace(session_of(status), id="s2", started_at=START - timedelta(seconds=age_s))
    assert verdict(beaten(replace(status, session=began), START)) == (expected, False)


@pytest.mark.parametrize(
    ("reason", "condition", "healthy"),
    [
        ("duration", TraderCondition.SESSION_ENDED, True),
        ("test_mode", TraderCondition.SESSION_ENDED, True),
        (STOPPED, TraderCondition.STOPPED, False),
        (GAVE_UP, TraderCondition.FAILED, False),
        ("something new", TraderCondition.FAILED, False),
        (None, TraderCondition.FAILED, False),
    ],
)
def test_how_a_session_ended(reason: str | None, condition: str, healthy: bool) -> None:
    status = cycling()
    ended = replace(session_of(status), ended_at=START, end_reason=reason)
    assert verdict(replace(status, session=ended), START + timedelta(days=3)) == (condition, healthy)


@pytest.mark.parametrize("before", ["never", "stopped", "killed"])
def test_a_refused_start_is_told_whatever_became_of_the_session_before_it(before: str) -> None:
    status = empty_status(FakeControlState()) if before == "never" else cycling()
    if before == "stopped":
        status = replace(status, session=replace(session_of(status), ended_at=START, end_reason=STOPPED))
    refused = Incident(REFUSED_START, "ended: strategy 'foo' is not known", "critical", START)
    found = judge(replace(status, incidents=(refused,)), now=START, interval=INTERVAL)
    assert (found.condition, found.healthy) == (TraderCondition.MISCONFIGURED, False)
    assert found.text == "ended: strategy 'foo' is not known"
