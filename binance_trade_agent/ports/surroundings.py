"""Time, processes and people around the trader."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.programs import ProgramState


class Clock(Protocol):
    """Time. `now` is aware UTC; `monotonic` counts seconds and never jumps."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Supervisor(Protocol):
    """The process supervisor, for fixed program names only."""

    def start(self, program: str) -> None: ...
    def stop(self, program: str) -> None: ...
    def states(self) -> Mapping[str, str]: ...
    def programs(self) -> tuple[ProgramState, ...]: ...


class Launcher(Protocol):
    """Starts the one-shot process that carries out waiting commands while no trader runs."""

    def launch(self) -> None: ...

    def was_refused(self) -> bool:
        """Whether the last one has ended because its configuration cannot work: the next would, too."""
        ...


class Notifier(Protocol):
    """Sends a message to a person."""

    async def send(self, topic: str, text: str) -> None: ...
