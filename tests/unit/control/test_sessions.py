"""Which run a start belongs to: a kill or a stray signal neither lengthens nor repeats it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from binance_trade_agent.control.sessions import (
    SessionKeeper,
    SessionRequest,
    is_over,
    wait_before_start,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.telemetry.health import GAVE_UP, STOPPED
from tests.fakes import START, FakeClock
from tests.unit.control.fakes import FakeSessions

HOUR = SessionRequest(
    kind="trading",
    mode="simulated",
    strategy="combined_default",
    symbols=("BTCUSDT",),
    settings={"TRADING_DURATION_MINUTES": "60"},
    duration=timedelta(hours=1),
)
ENDLESS = replace(HOUR, duration=timedelta(0))
TEST_RUN = replace(ENDLESS, kind="test")


class Trader:
    """Starts of a trader on one book."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sessions = FakeSessions()
        self.keeper = SessionKeeper(self.sessions, self.clock)


@pytest.fixture
def trader() -> Trader:
    return Trader()


def test_a_session_is_recorded_before_it_begins(trader: Trader) -> None:
    session = trader.keeper.enter(HOUR)
    assert trader.sessions.rows == [session]
    assert (session.started_at, session.deadline) == (START, START + timedelta(hours=1))
    assert session.duration_minutes == 60
    assert trader.keeper.enter(replace(ENDLESS, mode="testnet")).deadline is None


@pytest.mark.parametrize("request_", [HOUR, ENDLESS, TEST_RUN], ids=["hour", "endless", "test"])
@pytest.mark.parametrize("after_s", [1, 4000])
def test_a_killed_session_goes_on_however_late(
    trader: Trader, request_: SessionRequest, after_s: int
) -> None:
    first = trader.keeper.enter(request_)
    trader.clock.advance(after_s)
    again = trader.keeper.enter(request_)
    assert again == first
    assert len(trader.sessions.rows) == 1
    assert is_over(again, trader.clock.now()) is (request_ is HOUR and after_s > 3600)


@pytest.mark.parametrize("request_", [HOUR, TEST_RUN], ids=["hour", "test"])
def test_after_a_stray_sigterm_the_session_goes_on(trader: Trader, request_: SessionRequest) -> None:
    first = trader.keeper.enter(request_)
    trader.keeper.end(first, STOPPED, ExitCode.SIGTERM)
    trader.clock.advance(9)
    assert trader.keeper.enter(request_) == first
    latest = trader.sessions.latest()
    assert latest is not None
    assert (latest.ended_at, latest.end_reason, latest.exit_code) == (None, None, None)


@pytest.mark.parametrize("request_", [HOUR, TEST_RUN], ids=["hour", "test"])
def test_long_after_a_stop_a_start_is_a_new_session(trader: Trader, request_: SessionRequest) -> None:
    first = trader.keeper.enter(request_)
    trader.keeper.end(first, STOPPED, ExitCode.SIGTERM)
    trader.clock.advance(10)
    again = trader.keeper.enter(request_)
    assert again.id != first.id
    assert again.started_at == trader.clock.now()
    ended = trader.sessions.rows[0]
    assert (ended.end_reason, ended.exit_code) == (STOPPED, 143)


def test_a_session_without_an_end_is_new_after_any_stop(trader: Trader) -> None:
    first = trader.keeper.enter(ENDLESS)
    trader.keeper.end(first, STOPPED, ExitCode.SIGTERM)
    assert trader.keeper.enter(ENDLESS).id != first.id


@pytest.mark.parametrize("reason", ["duration", "test_mode", GAVE_UP])
def test_what_has_ended_is_never_taken_up_again(trader: Trader, reason: str) -> None:
    first = trader.keeper.enter(HOUR)
    trader.keeper.end(first, reason, ExitCode.OK)
    assert trader.keeper.enter(HOUR).id != first.id


@pytest.mark.parametrize(
    "other",
    [
        replace(HOUR, kind="test"),
        replace(HOUR, mode="testnet"),
        replace(HOUR, strategy="rsi_momentum"),
        replace(HOUR, symbols=("ETHUSDT",)),
        replace(HOUR, duration=timedelta(hours=2)),
    ],
    ids=["kind", "mode", "strategy", "symbols", "duration"],
)
def test_other_settings_begin_another_session(trader: Trader, other: SessionRequest) -> None:
    first = trader.keeper.enter(HOUR)
    assert trader.keeper.enter(other).id != first.id


def test_waiting_commands_end_no_session_that_a_kill_interrupted(trader: Trader) -> None:
    first = trader.keeper.enter(HOUR)
    trader.clock.advance(5)
    trader.keeper.enter(replace(HOUR, kind="commands", duration=timedelta(0)))
    assert trader.keeper.enter(HOUR) == first


BY_RULE = replace(
    HOUR,
    symbols=("BTCUSDT", "SOLUSDT"),
    settings={"TRADING_SYMBOLS": "quote=USDT, top=2", "TRADING_SYMBOLS_EXCLUDE": "USDCUSDT", "RISK_X": "1"},
)
UNASKED = replace(BY_RULE, symbols=())


def test_an_interrupted_session_by_a_rule_goes_on_with_its_symbols(trader: Trader) -> None:
    assert trader.keeper.selected_before(UNASKED) is None
    first = trader.keeper.enter(BY_RULE)
    trader.clock.advance(600)
    assert trader.keeper.selected_before(UNASKED) == first
    assert trader.keeper.enter(UNASKED) == first
    assert trader.keeper.enter(replace(BY_RULE, symbols=("ETHUSDT", "BTCUSDT"))) == first


def test_under_other_settings_it_is_followed_by_one_with_the_same_symbols(trader: Trader) -> None:
    first = trader.keeper.enter(BY_RULE)
    other = replace(UNASKED, settings={**UNASKED.settings, "RISK_X": "2"})
    assert trader.keeper.selected_before(other) == first
    second = trader.keeper.enter(other)
    assert second.id != first.id
    assert (second.symbols, second.deadline) == (first.symbols, first.deadline)


@pytest.mark.parametrize(
    "changes",
    [
        {"TRADING_SYMBOLS": "quote=USDT, top=3"},
        {"TRADING_SYMBOLS_EXCLUDE": ""},
        {"TRADING_SYMBOLS": "BTCUSDT"},
    ],
    ids=["rule", "exclude", "list"],
)
def test_another_rule_begins_another_session(trader: Trader, changes: dict[str, str]) -> None:
    first = trader.keeper.enter(BY_RULE)
    trader.clock.advance(600)
    other = replace(BY_RULE, symbols=("BTCUSDT",), settings={**BY_RULE.settings, **changes})
    assert trader.keeper.selected_before(other) is None
    second = trader.keeper.enter(other)
    assert second.symbols == ("BTCUSDT",)
    assert second.deadline != first.deadline


def test_a_session_that_has_ended_is_followed_by_what_the_rule_selects_then(trader: Trader) -> None:
    trader.keeper.end(trader.keeper.enter(BY_RULE), "duration", ExitCode.OK)
    assert trader.keeper.selected_before(UNASKED) is None


def test_commands_are_carried_out_with_the_symbols_of_the_latest_session(trader: Trader) -> None:
    commands = replace(UNASKED, kind="commands", duration=timedelta(0))
    assert trader.keeper.selected_before(commands) is None
    first = trader.keeper.enter(BY_RULE)
    trader.keeper.end(first, STOPPED, ExitCode.SIGTERM)
    trader.clock.advance(86_400)
    latest = trader.keeper.selected_before(commands)
    assert latest is not None
    assert latest.symbols == first.symbols


def test_it_is_over_at_its_deadline(trader: Trader) -> None:
    session = trader.keeper.enter(HOUR)
    assert not is_over(session, START + timedelta(minutes=59, seconds=59))
    assert is_over(session, START + timedelta(hours=1))
    assert not is_over(replace(session, deadline=None), START + timedelta(days=9999))


def test_starts_are_counted_until_a_cycle_is_completed_or_it_gave_up(trader: Trader) -> None:
    assert [trader.keeper.count_start() for _ in range(3)] == [1, 2, 3]
    trader.keeper.cycle_completed()
    assert trader.keeper.count_start() == 1
    trader.keeper.give_up(trader.keeper.enter(HOUR))
    latest = trader.sessions.latest()
    assert latest is not None
    assert (latest.end_reason, latest.exit_code) == (GAVE_UP, 79)
    assert trader.keeper.count_start() == 1


def test_the_waits_before_a_start() -> None:
    waits = [wait_before_start(starts).total_seconds() for starts in range(1, 12)]
    assert waits == [0, 0, 0, 2, 4, 8, 16, 32, 60, 60, 60]
