"""supervisord in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError
from binance_trade_agent.domain.programs import ProgramState

STARTED = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@dataclass
class FakeSupervisor:
    """Programs by name; `broken` is what it raises."""

    running: dict[str, str] = field(
        default_factory=lambda: {"autonomous_trader": "RUNNING", "dash_ui": "RUNNING"}
    )
    asked: list[tuple[str, str]] = field(default_factory=list)
    broken: str = ""

    def start(self, program: str) -> None:
        self._act("start", program, "STARTING")

    def stop(self, program: str) -> None:
        self._act("stop", program, "STOPPED")

    def states(self) -> Mapping[str, str]:
        if self.broken:
            raise SupervisionError(self.broken)
        return dict(self.running)

    def programs(self) -> tuple[ProgramState, ...]:
        return tuple(
            ProgramState(
                name,
                state,
                4711 if state == "RUNNING" else None,
                STARTED if state == "RUNNING" else None,
                0 if state == "STOPPED" else None,
            )
            for name, state in sorted(self.states().items())
        )

    def _act(self, verb: str, program: str, state: str) -> None:
        if program not in self.running:
            raise SupervisionError(f"{program} is none of ours")
        self.asked.append((verb, program))
        self.running[program] = state
