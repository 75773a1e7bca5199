"""Settings that were changed while the trader runs."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Override:
    """A setting's value that goes before what environment and files say, as text; who set it and when."""

    name: str
    value: str
    actor: str
    at: datetime

    @property
    def origin(self) -> str:
        """Where the value comes from, for people."""
        return f"set at run time by {self.actor} at {self.at:%Y-%m-%d %H:%M:%S} UTC"

    def as_wanted(self, problem: str) -> str:
        """`problem` of a value that is set nowhere yet: the value alone says what is meant."""
        given = f"{self.name}={self.value}"
        return problem.replace(f"{given} ({self.origin})", given)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What an act did to a setting. `repeated`: its key was spent at `done_at`, so nothing was done now."""

    name: str
    before: str
    after: str
    done_at: datetime
    repeated: bool = False
