"""The heartbeat file says by when the next sign of life comes, and whose session has just ended."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from binance_trade_agent.telemetry.heartbeat import IDLE_ALLOWANCE, HeartbeatFile, cycle_allowance
from tests.fakes import START


def test_a_beat_names_the_process_and_when_the_next_is_due(tmp_path: Path) -> None:
    HeartbeatFile(tmp_path / "beat.json").beat(START, IDLE_ALLOWANCE)
    content = json.loads((tmp_path / "beat.json").read_text())
    assert content["pid"] == os.getpid()
    assert datetime.fromisoformat(content["due_by"]) == START + IDLE_ALLOWANCE
    assert [path.name for path in tmp_path.iterdir()] == ["beat.json"]


def test_the_last_beat_names_the_ended_session_until_the_exit(tmp_path: Path) -> None:
    file = HeartbeatFile(tmp_path / "beat.json")
    assert file.ended_session() is None
    file.beat(START, IDLE_ALLOWANCE)
    assert file.ended_session() is None
    file.beat(START, IDLE_ALLOWANCE, ended="s1")
    assert file.ended_session() == "s1"
    file.remove()
    assert file.ended_session() is None


def test_a_file_that_cannot_be_read_names_no_session(tmp_path: Path) -> None:
    path = tmp_path / "beat.json"
    for text in ("", "[]", '{"ended": 3}', "{"):
        path.write_text(text)
        assert HeartbeatFile(path).ended_session() is None


def test_a_cycle_may_wait_for_every_request_of_a_silent_exchange() -> None:
    assert cycle_allowance(15, 10) > timedelta(seconds=15 * 10 + 15 * 4)
    assert cycle_allowance(120, 2) > cycle_allowance(15, 2)
