"""The programs of an installation, as what runs them sees them."""

from dataclasses import dataclass
from datetime import datetime

RUNNING, STARTING, STOPPING = "RUNNING", "STARTING", "STOPPING"


@dataclass(frozen=True, slots=True)
class ProgramState:
    """A program. `state` is supervisord's word (RUNNING, STOPPED, EXITED, …).

    `pid` and `started_at` are None unless it runs, `exit_code` is None unless it has ended.
    """

    name: str
    state: str
    pid: int | None
    started_at: datetime | None
    exit_code: int | None

    @property
    def is_up(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state in (RUNNING, STARTING)
