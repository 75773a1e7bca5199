"""The heartbeat file: a sign of life that says by when the next one is due.

The watchdog kills a trader whose `due_by` has passed. Only the loop itself beats,
never a thread beside it, so a loop that hangs stops beating.
"""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

#: Between cycles the loop beats every second.
IDLE_ALLOWANCE = timedelta(seconds=15)
#: What a cycle, or a start, may take besides waiting for the exchange; more than this is a hang.
WORK_ALLOWANCE = timedelta(seconds=120)
#: Requests of a cycle that may each run into their time limit, one after another, besides one order a symbol.
_REQUESTS_IN_A_ROW = 8


def cycle_allowance(request_timeout_s: float, symbols: int) -> timedelta:
    """How long a cycle may take: an exchange that answers nothing must not look like a hang of ours."""
    return WORK_ALLOWANCE + timedelta(seconds=request_timeout_s * (_REQUESTS_IN_A_ROW + symbols))


class HeartbeatFile:
    """Writes `{"pid", "at", "due_by", "ended"}` atomically; `ended` is the session that has just ended, or null.

    The file stays until the process is about to exit: a process whose heartbeat is gone looks
    hung to the watchdog, and a session whose file still says `ended` was killed on its way out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_suffix(f".{os.getpid()}.tmp")

    def beat(self, now: datetime, allowance: timedelta, *, ended: str | None = None) -> None:
        """Say that the next beat, or the exit, comes within `allowance`."""
        due_by = now + allowance
        content = {
            "pid": os.getpid(),
            "at": now.isoformat(),
            "due_by": due_by.isoformat(),
            "ended": ended,
        }
        self._draft.write_text(json.dumps(content), encoding="utf-8")
        self._draft.replace(self._path)

    def ended_session(self) -> str | None:
        """The session whose process ended it and then did not get to its exit; None if there is none."""
        try:
            ended = json.loads(self._path.read_text(encoding="utf-8")).get("ended")
        except (FileNotFoundError, ValueError, AttributeError):
            return None
        return ended if isinstance(ended, str) else None

    def remove(self) -> None:
        """Leave no heartbeat of a process that has ended."""
        self._path.unlink(missing_ok=True)
