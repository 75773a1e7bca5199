"""`logs` and `status --watch`: what a person reads, and how Ctrl-C ends them."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.interfaces.cli.logs import readable
from tests.processes import CLI, Installation, eventually, installation

EVENT = {
    "event": "order sent",
    "symbol": "BTCUSDT",
    "level": "info",
    "timestamp": "2026-11-23T08:44:42.422582Z",
}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (json.dumps(EVENT), "2026-11-23 08:44:42 order sent symbol=BTCUSDT"),
        (
            json.dumps({**EVENT, "summary": "cycle 3 | held", "level": "warning"}),
            "2026-11-23 08:44:42 WARNING cycle 3 | held",
        ),
        (
            json.dumps({**EVENT, "level": "error", "exception": "Traceback: x"}),
            "2026-11-23 08:44:42 ERROR order sent symbol=BTCUSDT\nTraceback: x",
        ),
        ("not an event", "not an event"),
        ("[1]", "[1]"),
    ],
)
def test_an_event_is_read_as_a_line(line: str, shown: str) -> None:
    assert readable(line) == shown


def interrupted_once_it_said(place: Installation, text: str, *words: str) -> subprocess.Popen[bytes]:
    """A command that has ended by Ctrl-C, pressed when its output held `text`."""
    process = place.start(CLI, *words)
    try:
        eventually(lambda: text in place.output, within_s=120, what=f"{words} says {text}")
        process.send_signal(signal.SIGINT)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
    return process


def test_logs_are_followed_until_ctrl_c(tmp_path: Path) -> None:
    place = installation(tmp_path)
    logs = place.settings.log_dir
    logs.mkdir(parents=True)
    (logs / "autonomous_trader.log").write_text("old\n" + json.dumps(EVENT) + "\n")

    ended = interrupted_once_it_said(place, "order sent", "logs", "-f", "-n", "1")

    assert ended.returncode == ExitCode.OK
    assert place.output == "2026-11-23 08:44:42 order sent symbol=BTCUSDT\n"


def test_a_log_nobody_writes_is_a_mistake(tmp_path: Path) -> None:
    answer = installation(tmp_path).run(CLI, "logs", "--program", "nonsense")

    assert answer.returncode == ExitCode.CONFIGURATION
    assert "there is no such log; there are: none yet" in answer.stderr


def test_a_watched_status_is_plain_where_there_is_no_terminal_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    place = installation(tmp_path)

    ended = interrupted_once_it_said(place, "never started", "status", "--watch")

    assert ended.returncode == ExitCode.OK
    assert place.output.startswith("mode ")
    assert "\x1b" not in place.output
    assert "Traceback" not in place.output
