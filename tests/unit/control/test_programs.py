"""Starting and stopping programs: once for a key, each act in the audit."""

import pytest

from binance_trade_agent.control.programs import Programs
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError
from tests.fake_programs import FakeSupervisor
from tests.fakes import FakeClock, FakeControlState


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


def test_a_program_of_others_is_refused(programs: Programs, state: FakeControlState) -> None:
    with pytest.raises(TradeAgentError, match="none of ours"):
        programs.stop("sshd", actor="me", channel="cli")
    assert [row.outcome for row in state.rows] == ["failed"]
