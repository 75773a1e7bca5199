"""supervisord in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from binance_trade_agent.bootstrap.supervisor_rpc import SupervisionError


@dataclass
class FakeSupervisor:
    """Programs by name; `broken` is what it raises."""

    programs: dict[str, str] = field(
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
        return dict(self.programs)

    def _act(self, verb: str, program: str, state: str) -> None:
        if program not in self.programs:
            raise SupervisionError(f"{program} is none of ours")
        self.asked.append((verb, program))
        self.programs[program] = state
