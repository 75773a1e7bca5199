import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.supervisor_rpc import ProcessInfo, SupervisionError, SupervisorClient
from binance_trade_agent.interfaces.watchdog import (
    Beat,
    KillBudget,
    Watchdog,
    listen,
    overdue,
    parse_tokens,
    read_beat,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def process(state: str = "RUNNING", pid: int = 7, age_s: int = 10) -> ProcessInfo:
    return ProcessInfo(state, pid, int(NOW.timestamp()) - age_s, 0)


def beat(pid: int = 7, due_in_s: int = 5) -> Beat:
    return Beat(pid, NOW + timedelta(seconds=due_in_s))


@pytest.mark.parametrize(
    ("seen", "heart", "reason"),
    [
        (process(), beat(), None),
        (process(), beat(due_in_s=-3), "its heartbeat is 3 s overdue"),
        (process("STOPPED", pid=0), beat(due_in_s=-3), None),
        (process("STOPPING"), beat(due_in_s=-3), None),
        (process("EXITED", age_s=500), None, None),
        (process(age_s=59), None, None),
        (process(age_s=61), None, "no heartbeat 61 s after its start"),
        (process(age_s=59), beat(pid=6, due_in_s=-3), None),  # the one before it left the file
        (process(age_s=61), beat(pid=6), "no heartbeat 61 s after its start"),
    ],
)
def test_when_a_trader_counts_as_hanging(seen: ProcessInfo, heart: Beat | None, reason: str | None) -> None:
    assert overdue(seen, heart, NOW) == reason


def test_five_kills_at_once_then_one_a_minute() -> None:
    budget = KillBudget()
    assert [budget.take(float(second)) for second in range(7)] == [True] * 5 + [False] * 2
    assert not budget.take(63.9)
    assert budget.take(64.0)
    assert not budget.take(123.0)
    assert budget.take(2000.0)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "due_by": "soon"}'])
def test_a_heartbeat_file_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "heartbeat.json"
    path.write_text(content)
    assert read_beat(path) is None


def test_the_heartbeat_file_as_the_trader_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "heartbeat.json"
    path.write_text('{"pid": 7, "at": "2026-01-01T00:00:00+00:00", "due_by": "2026-01-01T00:00:05+00:00"}')
    assert read_beat(path) == beat()


def test_the_listener_protocol_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    payload = "processname:dash_ui groupname:dash_ui from_state:BACKOFF"
    source = io.StringIO(
        f"ver:3.0 server:supervisor serial:1 pool:watchdog eventname:PROCESS_STATE_FATAL len:{len(payload)}\n{payload}"
        "ver:3.0 server:supervisor serial:2 pool:watchdog eventname:TICK_5 len:15\nwhen:1201063880"
    )
    sink, log = io.StringIO(), io.StringIO()
    listen(Watchdog(tmp_path, log, as_json=False), source, sink)
    assert sink.getvalue() == "READY\nRESULT 2\nOK" * 2 + "READY\n"
    fatal, unreachable = log.getvalue().splitlines()
    assert "dash_ui failed to start" in fatal
    assert "supervisord does not run" in unreachable


class OneTrader:
    """supervisord with a trader that runs as process 7, and the kills it was asked for."""

    def __init__(self) -> None:
        self.kills: list[str] = []

    def process(self, program: str) -> ProcessInfo:
        return ProcessInfo("RUNNING", 7, int(datetime.now(tz=UTC).timestamp()) - 300, 0)

    def kill(self, program: str) -> None:
        self.kills.append(program)


def write_beat(folder: Path, due_in_s: float) -> None:
    due = datetime.now(tz=UTC) + timedelta(seconds=due_in_s)
    (folder / "heartbeat.json").write_text(json.dumps({"pid": 7, "due_by": due.isoformat()}))


def test_a_trader_is_killed_when_the_same_heartbeat_is_overdue_twice(tmp_path: Path) -> None:
    supervisor, log = OneTrader(), io.StringIO()
    watchdog = Watchdog(tmp_path, log, as_json=False, supervisor=supervisor)
    write_beat(tmp_path, due_in_s=-10)
    watchdog.handle("TICK_5", {})
    assert supervisor.kills == []
    watchdog.handle("TICK_5", {})
    assert supervisor.kills == ["autonomous_trader"]
    assert re.search(
        r"autonomous_trader \(pid 7\) hangs, its heartbeat is [1-9]\d+ s overdue", log.getvalue()
    )


def test_a_machine_that_wakes_from_sleep_kills_no_trader_that_lives(tmp_path: Path) -> None:
    supervisor, log = OneTrader(), io.StringIO()
    watchdog = Watchdog(tmp_path, log, as_json=False, supervisor=supervisor)
    for _ in range(3):
        write_beat(tmp_path, due_in_s=-3600)
        watchdog.handle("TICK_5", {})
        write_beat(tmp_path, due_in_s=15)
        watchdog.handle("TICK_5", {})
    assert (supervisor.kills, log.getvalue()) == ([], "")


def test_a_trader_that_never_beats_is_killed_too(tmp_path: Path) -> None:
    supervisor = OneTrader()
    Watchdog(tmp_path, io.StringIO(), as_json=False, supervisor=supervisor).handle("TICK_5", {})
    assert supervisor.kills == ["autonomous_trader"]


def test_tokens_keep_colons_in_values() -> None:
    assert parse_tokens("a:1 b:x:y\n") == {"a": "1", "b": "x:y"}


def test_only_this_projects_programs_can_be_touched(tmp_path: Path) -> None:
    client = SupervisorClient(tmp_path)
    for act in (client.start, client.stop, client.kill):
        with pytest.raises(SupervisionError, match="sshd is none of"):
            act("sshd")


def test_no_supervisord_at_all(tmp_path: Path) -> None:
    client = SupervisorClient(tmp_path)
    assert client.pid() is None
    with pytest.raises(SupervisionError, match="supervisord does not run"):
        client.states()
