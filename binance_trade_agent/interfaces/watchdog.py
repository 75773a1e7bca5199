"""supervisord's event listener: ends a trader that hangs, and says when a program has failed.

Every 5 s it compares the trader's heartbeat file with the clock. A trader whose
heartbeat is overdue gets SIGKILL, and supervisord starts it again: an order in hand is
in the journal, and the new process resolves it. stdout belongs to the listener
protocol (supervisord.org/events.html); what there is to say goes to stderr.
"""

import json
import os
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TextIO

from binance_trade_agent.bootstrap.supervisor_rpc import (
    TRADER,
    ProcessInfo,
    ShuttingDown,
    SupervisionError,
    SupervisorClient,
)
from binance_trade_agent.domain.exit_codes import ExitCode

FIRST_BEAT_LIMIT_S = 60.0
_WINDOW_S, _FREE_KILLS, _SLOW_S = 600.0, 5, 60.0


@dataclass(frozen=True, slots=True)
class Beat:
    """What the heartbeat file says."""

    pid: int
    due_by: datetime


def read_beat(path: Path) -> Beat | None:
    """The heartbeat; None when there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Beat(int(content["pid"]), datetime.fromisoformat(content["due_by"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def overdue(process: ProcessInfo, beat: Beat | None, now: datetime) -> str | None:
    """Why the trader counts as hanging; None while it does not."""
    if process.state != "RUNNING":
        return None
    if beat is not None and beat.pid == process.pid:
        late = (now - beat.due_by).total_seconds()
        return f"its heartbeat is {late:.0f} s overdue" if late > 0 else None
    age = now.timestamp() - process.started_at
    return f"no heartbeat {age:.0f} s after its start" if age > FIRST_BEAT_LIMIT_S else None


class Supervisor(Protocol):
    """What the watchdog asks of supervisord; raises `SupervisionError`."""

    def process(self, program: str) -> ProcessInfo:
        """One program in detail."""
        ...

    def kill(self, program: str) -> None:
        """End a program so that it is started again."""
        ...


class KillBudget:
    """Five kills in ten minutes at once, after that one a minute. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._kills: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Whether a kill is allowed now; it is counted if so."""
        while self._kills and now - self._kills[0] > _WINDOW_S:
            self._kills.popleft()
        if len(self._kills) >= _FREE_KILLS and now - self._kills[-1] < _SLOW_S:
            return False
        self._kills.append(now)
        return True


class Watchdog:
    """Reacts to supervisord's events."""

    def __init__(
        self, run_dir: Path, log: TextIO, *, as_json: bool, supervisor: Supervisor | None = None
    ) -> None:
        self._supervisor = supervisor or SupervisorClient(run_dir)
        self._heartbeat = run_dir / "heartbeat.json"
        self._log = log
        self._as_json = as_json
        self._budget = KillBudget()
        self._suspect: Beat | None = None

    def handle(self, event: str, payload: Mapping[str, str]) -> None:
        """React to one event; a supervisord that does not answer is said and waited for."""
        try:
            if event.startswith("TICK"):
                self._check_trader()
            elif event == "PROCESS_STATE_FATAL":
                self._say(f"{payload.get('processname')} failed to start and is given up: see its log")
            elif event == "PROCESS_STATE_EXITED":
                self._report_exit(payload)
        except ShuttingDown:
            return
        except SupervisionError as error:
            self._say(str(error))

    def _check_trader(self) -> None:
        process = self._supervisor.process(TRADER)
        beat = read_beat(self._heartbeat)
        reason = overdue(process, beat, datetime.now(tz=UTC))
        # A machine that wakes from sleep finds every heartbeat overdue: a trader that lives beats before the next tick.
        first_sight = beat is not None and beat.pid == process.pid and beat != self._suspect
        self._suspect = beat if reason else None
        if reason is None or first_sight:
            return
        if self._budget.take(time.monotonic()):
            self._say(f"{TRADER} (pid {process.pid}) hangs, {reason}: killed, it will be started again")
            self._supervisor.kill(TRADER)

    def _report_exit(self, payload: Mapping[str, str]) -> None:
        name, pid = payload.get("processname", "?"), payload.get("pid")
        if payload.get("expected") == "0":
            self._say(f"{name} (pid {pid}) ended unexpectedly: it will be started again")
            return
        status = self._supervisor.process(name).exit_status
        if status == ExitCode.OK:
            self._say(f"{name} (pid {pid}) ended as planned", level="info")
            return
        self._say(f"{name} (pid {pid}) ended with exit status {status} and is not started again")

    def _say(self, text: str, *, level: str = "warning") -> None:
        at = datetime.now(tz=UTC)
        if self._as_json:
            line = json.dumps(
                {"event": text, "program": "watchdog", "level": level, "timestamp": at.isoformat()}
            )
        else:
            mark = "" if level == "info" else f"{level.upper()} "
            line = f"{at:%H:%M:%S} {mark}watchdog: {text}"
        self._log.write(line + "\n")
        self._log.flush()


def parse_tokens(text: str) -> dict[str, str]:
    """`name:value` tokens as supervisord writes headers and payloads."""
    return {name: value for name, _, value in (token.partition(":") for token in text.split())}


def listen(watchdog: Watchdog, source: TextIO, sink: TextIO) -> None:
    """Speak the listener protocol until supervisord closes it."""
    while True:
        sink.write("READY\n")
        sink.flush()
        header = source.readline()
        if not header:
            return
        headers = parse_tokens(header)
        payload = source.read(int(headers["len"]))
        watchdog.handle(headers["eventname"], parse_tokens(payload))
        sink.write("RESULT 2\nOK")
        sink.flush()


def main() -> None:
    """Run under supervisord, which names its socket in the environment."""
    socket_path = Path(os.environ["SUPERVISOR_SERVER_URL"].removeprefix("unix://"))
    as_json = os.environ.get("LOG_FORMAT", "").lower() == "json"
    listen(Watchdog(socket_path.parent, sys.stderr, as_json=as_json), sys.stdin, sys.stdout)


if __name__ == "__main__":
    main()
