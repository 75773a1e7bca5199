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
#: A cycle is bounded by its requests' time limits; more than this is a hang.
CYCLE_ALLOWANCE = timedelta(seconds=120)


class HeartbeatFile:
    """Writes `{"pid", "at", "due_by"}` atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft = path.with_suffix(f".{os.getpid()}.tmp")

    def beat(self, now: datetime, allowance: timedelta) -> None:
        """Say that the next beat comes within `allowance`."""
        text = json.dumps(
            {"pid": os.getpid(), "at": now.isoformat(), "due_by": (now + allowance).isoformat()}
        )
        self._draft.write_text(text, encoding="utf-8")
        self._draft.replace(self._path)

    def remove(self) -> None:
        """Leave no heartbeat of a process that has ended."""
        self._path.unlink(missing_ok=True)
