"""Keeping calls: nobody waits for the database, nothing is lost while it cannot be written, and old rows go."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from binance_trade_agent.control.call_log import CallKeeper, CallLog
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.domain.tool_calls import ToolCall
from tests.fakes import START, FakeClock, FakeToolCalls

CALL = ToolCall(START, "claude", "read", "get_status", "{}", "DONE", 1.5)


def eventually(probe: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < end
        time.sleep(0.005)


def log_of(calls: FakeToolCalls, told: list[str] | None = None, **more: int) -> CallLog:
    keeper = CallKeeper(calls, FakeClock())
    return CallLog(lambda: keeper, (told if told is not None else []).append, **more)


def test_noted_calls_are_written_in_order_without_anybody_waiting() -> None:
    calls = FakeToolCalls()
    log = log_of(calls)

    for number in range(5):
        log.note(replace(CALL, tool=str(number)))

    eventually(lambda: len(calls.written) == 5)
    assert [call.tool for call in calls.written] == ["0", "1", "2", "3", "4"]


def test_a_call_that_is_settled_is_written_with_all_before_it_when_its_promise_is_kept() -> None:
    calls = FakeToolCalls()
    log = log_of(calls)
    log.note(replace(CALL, tool="first"))

    log.settle(CALL).result(timeout=60)

    assert [call.tool for call in calls.written] == ["first", "get_status"]


def test_the_end_of_a_server_waits_for_what_was_noted() -> None:
    calls = FakeToolCalls()
    log = log_of(calls)
    log.flush()
    log.note(CALL)

    log.flush()

    assert calls.written == [CALL]


def test_a_database_that_cannot_be_written_holds_nobody_up_and_loses_nothing() -> None:
    calls, told = FakeToolCalls(broken="disk full"), list[str]()
    log = log_of(calls, told)

    for _ in range(3):
        log.settle(CALL).result(timeout=60)
    assert calls.written == []
    assert told == ["calls are not written: disk full"]

    calls.broken = None
    log.flush()
    assert calls.written == [CALL] * 3


def test_a_desk_that_does_not_open_is_as_a_database_that_cannot_be_written() -> None:
    told = list[str]()

    def closed() -> CallKeeper:
        raise StorageError("no database")

    CallLog(closed, told.append).settle(CALL).result(timeout=60)

    assert told == ["calls are not written: no database"]


def test_the_oldest_are_given_up_when_there_is_no_more_room() -> None:
    calls = FakeToolCalls(broken="disk full")
    log = log_of(calls, room=2)
    for number in range(5):
        log.settle(replace(CALL, tool=str(number))).result(timeout=60)

    calls.broken = None
    log.flush()

    assert [call.tool for call in calls.written] == ["3", "4"]


class SlowCalls(FakeToolCalls):
    """Writes only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Event()

    def write(self, calls: Sequence[ToolCall]) -> None:
        assert self.let.wait(60)
        super().write(calls)


def test_a_slow_database_is_nothing_to_those_who_only_note() -> None:
    calls = SlowCalls()
    log = log_of(calls)
    promise = log.settle(CALL)

    for _ in range(100):
        log.note(CALL)
    assert calls.written == []
    assert not promise.done()

    calls.let.set()
    log.flush()
    assert len(calls.written) == 101


def test_pruning_waits_a_minute_between_steps_unless_much_is_left() -> None:
    calls, clock = FakeToolCalls(), FakeClock()
    keeper = CallKeeper(calls, clock, keep=10, keep_for=timedelta(days=2))

    keeper.keep([CALL])
    keeper.keep([CALL])
    assert calls.pruned == [(START - timedelta(days=2), 10, 1000)]

    clock.advance(60)
    keeper.keep([CALL])
    assert len(calls.pruned) == 2


class BreakingToolCalls(FakeToolCalls):
    """Fails once, in a way that nobody foresaw."""

    def write(self, calls: Sequence[ToolCall]) -> None:
        if calls[0].tool == "poison":
            raise ValueError("no text of any database")
        super().write(calls)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_row_that_breaks_the_writer_holds_nobody_up_and_the_next_are_written() -> None:
    calls = BreakingToolCalls()
    others = set(threading.enumerate())
    log = log_of(calls)

    log.settle(replace(CALL, tool="poison")).result(timeout=60)
    eventually(lambda: not set(threading.enumerate()) - others)
    log.settle(CALL).result(timeout=60)

    assert calls.written == [CALL]
