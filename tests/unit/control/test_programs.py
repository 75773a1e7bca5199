"""Starting and stopping programs: once for a key, each act in the audit."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError
from binance_trade_agent.control.programs import ProgramActFailed, Programs
from binance_trade_agent.domain.errors import ConfigurationError, DatabaseBusy, TradeAgentError
from tests.fake_programs import FakeSupervisor
from tests.fakes import FakeClock, FakeControlState


class BusyAtTheEnd(FakeControlState):
    """Takes an act, and cannot write how it ended."""

    def close_act(self, key: str, **ended: object) -> None:
        raise DatabaseBusy("another process writes")


@dataclass
class Stubborn(FakeSupervisor):
    """What it is asked for by a name in `refused` goes wrong; a stop does so after it was carried out."""

    refused: set[str] = field(default_factory=set)

    def start(self, program: str) -> None:
        if "start" in self.refused:
            raise SupervisionError("supervisord refused: SPAWN_ERROR")
        super().start(program)

    def stop(self, program: str) -> None:
        super().stop(program)
        if "stop" in self.refused:
            raise SupervisionError("nothing answers")


@pytest.fixture
def supervisor() -> FakeSupervisor:
    return FakeSupervisor()


@pytest.fixture
def state() -> FakeControlState:
    return FakeControlState()


@pytest.fixture
def programs(supervisor: FakeSupervisor, state: FakeControlState) -> Programs:
    return Programs(supervisor, state, FakeClock())


def test_a_stop_and_a_start_are_in_the_audit(programs: Programs, state: FakeControlState) -> None:
    assert programs.stop(actor="me", channel="cli", reason="lunch").told == (
        "autonomous_trader was RUNNING and is STOPPED"
    )
    assert programs.start(actor="me", channel="mcp").after == "STARTING"
    assert [(r.action, r.channel, r.reason, r.before, r.after, r.outcome) for r in state.rows] == [
        ("stop", "cli", "lunch", "RUNNING", "STOPPED", "done"),
        ("start", "mcp", "", "STOPPED", "STARTING", "done"),
    ]


def test_the_same_key_stops_once(programs: Programs, supervisor: FakeSupervisor) -> None:
    programs.stop(actor="me", channel="mcp", idempotency_key="k")
    programs.start(actor="me", channel="cli")
    again = programs.stop(actor="me", channel="mcp", idempotency_key="k")
    assert again.repeated
    assert again.told.startswith("already done at 2026-05-04 09:30:00 UTC: autonomous_trader was RUNNING")
    assert [verb for verb, _ in supervisor.asked] == ["stop", "start"]
    with pytest.raises(ConfigurationError, match="was used for autonomous_trader"):
        programs.stop("dash_ui", actor="me", channel="mcp", idempotency_key="k")


def test_a_supervisor_that_does_not_run_is_a_failed_act(
    programs: Programs, supervisor: FakeSupervisor, state: FakeControlState
) -> None:
    supervisor.broken = "supervisord does not run: `make up`"
    with pytest.raises(TradeAgentError, match="make up"):
        programs.start(actor="me", channel="cli")
    (row,) = state.rows
    assert (row.outcome, row.answer) == ("failed", "supervisord does not run: `make up`")


def test_a_trader_that_is_up_and_does_not_trade_yet_is_starting(
    programs: Programs, supervisor: FakeSupervisor
) -> None:
    assert programs.stopped_note() == "no trader trades yet, autonomous_trader is RUNNING: it is starting"
    supervisor.running["autonomous_trader"] = "STARTING"
    assert programs.stopped_note().endswith("autonomous_trader is STARTING: it is starting")


def test_what_is_stopped_is_said_with_what_to_do(programs: Programs, supervisor: FakeSupervisor) -> None:
    programs.stop(actor="me", channel="cli")
    assert programs.stopped_note() == (
        "no trader runs, autonomous_trader is STOPPED: `binance-trade-agent start` starts it"
    )
    supervisor.broken = "supervisord does not run"
    assert programs.stopped_note() == (
        "no trader runs, and whether its supervisor does is not known, it gives no answer: `make up`"
        " (or `binance-trade-agent supervise`) starts everything"
    )


def test_a_program_of_others_is_refused(programs: Programs, state: FakeControlState) -> None:
    with pytest.raises(TradeAgentError, match="none of ours"):
        programs.stop("sshd", actor="me", channel="cli")
    assert [row.outcome for row in state.rows] == ["failed"]


def test_the_key_of_an_act_that_failed_says_how_and_that_another_attempt_needs_a_new_one(
    programs: Programs, supervisor: FakeSupervisor
) -> None:
    supervisor.broken = "supervisord does not run"
    with pytest.raises(SupervisionError):
        programs.start(actor="me", channel="mcp", idempotency_key="k")
    supervisor.broken = ""
    with pytest.raises(
        ProgramActFailed, match=r"already tried at .*: supervisord does not run; use a new key"
    ):
        programs.start(actor="me", channel="mcp", idempotency_key="k")
    assert supervisor.asked == []


def test_what_was_done_and_could_not_be_recorded_is_told_as_done(supervisor: FakeSupervisor) -> None:
    programs = Programs(supervisor, BusyAtTheEnd(), FakeClock())
    done = programs.stop(actor="me", channel="cli", idempotency_key="k")
    assert done.told == (
        "autonomous_trader was RUNNING and is STOPPED; done, but not recorded in the audit: another process writes"
    )
    with pytest.raises(
        ProgramActFailed, match="its end was not recorded: look at what holds now; use a new key"
    ):
        programs.stop(actor="me", channel="cli", idempotency_key="k")
    assert supervisor.asked == [("stop", "autonomous_trader")]

    supervisor.broken = "supervisord does not run"
    with pytest.raises(SupervisionError):
        programs.start(actor="me", channel="cli")


def test_a_restart_is_one_act(
    programs: Programs, supervisor: FakeSupervisor, state: FakeControlState
) -> None:
    done = programs.restart(actor="me", channel="dashboard", reason="new settings", idempotency_key="k")
    assert done.told == "autonomous_trader was restarted: it is starting"
    again = programs.restart(actor="me", channel="dashboard", idempotency_key="k")
    assert again.told.endswith("UTC: autonomous_trader was restarted: it is starting")
    assert [verb for verb, _ in supervisor.asked] == ["stop", "start"]
    assert [(row.action, row.reason, row.before, row.after, row.outcome) for row in state.rows] == [
        ("restart", "new settings", "RUNNING", "STARTING", "done")
    ]


@pytest.mark.parametrize(
    ("refused", "told", "now"),
    [
        (
            {"start"},
            "was not restarted: it was stopped, and it could not be started: .*SPAWN_ERROR",
            "STOPPED",
        ),
        ({"stop"}, "may not have been restarted: its stop went wrong: nothing answers", "STARTING"),
        ({"stop", "start"}, "its stop went wrong: nothing answers, and it could not be started", "STOPPED"),
    ],
)
def test_a_restart_that_goes_wrong_tries_the_start_all_the_same_and_says_how_it_stands(
    refused: set[str], told: str, now: str, state: FakeControlState
) -> None:
    supervisor = Stubborn(refused=refused)
    programs = Programs(supervisor, state, FakeClock())
    with pytest.raises(ProgramActFailed, match=told) as failed:
        programs.restart(actor="me", channel="dashboard")
    assert str(failed.value).endswith(f"it is {now}")
    assert supervisor.running["autonomous_trader"] == now
    assert [(row.outcome, row.answer) for row in state.rows] == [("failed", str(failed.value))]


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class KilledBefore(FakeSupervisor):
    """Its caller is killed where it asks for `verb`."""

    verb: str = "start"

    def _act(self, verb: str, program: str, state: str) -> None:
        if verb == self.verb:
            raise KilledError
        super()._act(verb, program, state)


def killed(state: FakeControlState, verb: str, act: str = "restart") -> FakeSupervisor:
    """A dashboard that is killed right before a half of its act; what it leaves to the next one."""
    supervisor = KilledBefore(verb=verb)
    with pytest.raises(KilledError):
        getattr(Programs(supervisor, state, FakeClock()), act)(
            actor="me", channel="dashboard", idempotency_key="k"
        )
    return FakeSupervisor(running=supervisor.running)


async def ended(
    supervisor: FakeSupervisor, state: FakeControlState, clock: FakeClock, channel: str = "dashboard"
) -> tuple[str, ...]:
    """What the next process of `channel` could not tell the audit, after it has ended what was left open."""
    programs = Programs(supervisor, state, clock)
    return await programs.end_left_open(lambda: tuple(reversed(state.rows)), channel, before=clock.now())


async def test_a_restart_that_a_kill_cut_in_two_is_finished_by_the_next_process(
    state: FakeControlState,
) -> None:
    supervisor = killed(state, "start")
    assert supervisor.running["autonomous_trader"] == "STOPPED"
    clock = FakeClock()
    clock.advance(5)
    await ended(supervisor, state, clock)
    assert supervisor.asked == [("start", "autonomous_trader")]
    (row,) = state.rows
    assert (row.outcome, row.after) == ("done", "STARTING")
    assert "autonomous_trader was stopped, and was started afterwards" in (row.answer or "")

    await ended(supervisor, state, clock)
    assert len(supervisor.asked) == 1


async def test_a_program_that_is_on_its_way_to_its_end_is_waited_for(state: FakeControlState) -> None:
    supervisor = killed(state, "start")
    supervisor.running["autonomous_trader"] = "STOPPING"

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            supervisor.running["autonomous_trader"] = "STOPPED"
            await super().sleep(seconds)

    await ended(supervisor, state, Clock())
    assert supervisor.running["autonomous_trader"] == "STARTING"


async def test_a_stop_that_is_asked_for_while_it_ends_is_not_undone(state: FakeControlState) -> None:
    supervisor = killed(state, "start")
    supervisor.running["autonomous_trader"] = "STOPPING"

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            Programs(supervisor, state, self).stop(actor="ann", channel="cli")

    await ended(supervisor, state, Clock())
    assert supervisor.running["autonomous_trader"] == "STOPPED"
    assert [(row.action, row.outcome) for row in state.rows] == [("restart", "failed"), ("stop", "done")]


@pytest.mark.parametrize(
    ("recovers", "now", "outcome"), [(True, "STARTING", "done"), (False, "STOPPED", "failed")]
)
async def test_a_start_that_is_refused_is_tried_again_while_the_restart_is_meant(
    state: FakeControlState, recovers: bool, now: str, outcome: str
) -> None:
    supervisor = Stubborn(running=killed(state, "start").running, refused={"start"})

    class Clock(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if recovers:
                supervisor.refused.clear()

    clock = Clock()
    assert await ended(supervisor, state, clock) == ()
    assert supervisor.running["autonomous_trader"] == now
    (row,) = state.rows
    assert row.outcome == outcome
    assert recovers or "SPAWN_ERROR" in (row.answer or "")
    assert clock.elapsed_s == (5 if recovers else 305)


async def test_how_it_ended_is_written_once_the_database_takes_it(state: FakeControlState) -> None:
    supervisor, busy = killed(state, "start"), BusyAtTheEnd()
    busy.rows = state.rows
    (told,) = await ended(supervisor, busy, FakeClock())
    assert told.startswith("restart by me: whoever did it ended in between; autonomous_trader was stopped")
    assert told.endswith("not recorded in the audit: another process writes")
    assert supervisor.asked == [("start", "autonomous_trader")]


async def test_what_this_process_does_itself_is_not_ended(state: FakeControlState) -> None:
    supervisor, clock = killed(state, "start"), FakeClock()
    programs = Programs(supervisor, state, clock)
    before = clock.now() - timedelta(seconds=1)
    await programs.end_left_open(lambda: state.rows, "dashboard", before=before)
    assert [row.outcome for row in state.rows] == [None]


async def test_a_restart_that_never_stopped_anything_is_told_and_not_done_again(
    state: FakeControlState,
) -> None:
    supervisor = killed(state, "stop")
    await ended(supervisor, state, FakeClock())
    (row,) = state.rows
    assert (row.outcome, row.answer) == (
        "failed",
        "whoever did it ended in between; autonomous_trader is RUNNING",
    )
    assert supervisor.asked == []


@pytest.mark.parametrize("why", ["old", "another channel", "a later stop"])
async def test_a_restart_that_is_not_meant_any_more_starts_nothing(state: FakeControlState, why: str) -> None:
    supervisor, clock = killed(state, "start"), FakeClock()
    if why == "old":
        clock.advance(301)
    if why == "a later stop":
        clock.advance(1)
        Programs(supervisor, state, clock).stop(actor="ann", channel="cli")
    channel = "mcp" if why == "another channel" else "dashboard"
    await ended(supervisor, state, clock, channel)
    assert supervisor.running["autonomous_trader"] == "STOPPED"
    assert state.rows[0].outcome == (None if why == "another channel" else "failed")


@pytest.mark.parametrize(("act", "outcome"), [("stop", "failed"), ("start", "done")])
async def test_an_act_that_was_left_open_is_told_as_what_holds_now(
    state: FakeControlState, act: str, outcome: str
) -> None:
    supervisor = killed(state, act, act)
    await ended(supervisor, state, FakeClock())
    assert [row.outcome for row in state.rows] == [outcome]

    supervisor.broken = "supervisord does not run"
    state.rows[0] = replace(state.rows[0], outcome=None)
    await ended(supervisor, state, FakeClock())
    assert "is not known: supervisord does not run" in (state.rows[0].answer or "")
