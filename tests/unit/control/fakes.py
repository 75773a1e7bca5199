"""Stand-ins that only the control plane's tests need, and cycle reports made by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    CycleKind,
    CycleOutcome,
    CycleReport,
    CycleStart,
    Decision,
    Outcome,
    Reason,
    TradingState,
)
from binance_trade_agent.domain.portfolio import Equity
from binance_trade_agent.domain.records import Heartbeat, Incident, Session
from binance_trade_agent.orchestrator import OrderRequest
from tests.fakes import START


@dataclass
class FakeSessions:
    """Runs in the order they began."""

    rows: list[Session] = field(default_factory=list)
    starts: int = 0
    cycles: int = 0

    def latest(self) -> Session | None:
        runs = [row for row in self.rows if row.kind != "commands"]
        return runs[-1] if runs else None

    def begin(self, session: Session) -> None:
        self.rows.append(session)

    def end(self, session_id: str, *, reason: str, exit_code: int, at: datetime) -> None:
        assert self.rows[-1].id == session_id
        self.rows[-1] = replace(self.rows[-1], ended_at=at, end_reason=reason, exit_code=exit_code)

    def resume(self, session_id: str) -> None:
        assert self.rows[-1].id == session_id
        self.rows[-1] = replace(self.rows[-1], ended_at=None, end_reason=None, exit_code=None)

    def next_cycle_number(self, session_id: str) -> int:
        self.cycles += 1
        return self.cycles

    def count_start(self) -> int:
        self.starts += 1
        return self.starts

    def reset_starts(self) -> None:
        self.starts = 0

    def beat(self, heartbeat: Heartbeat) -> None:
        raise AssertionError("the keeper of sessions does not beat")


@dataclass
class FakeOutbox:
    """What is open, and what was ever sent."""

    open: dict[str, Incident] = field(default_factory=dict)
    messages: list[tuple[str, str]] = field(default_factory=list)

    def raise_incident(self, incident: Incident, *, told: str = "", anew: bool = False) -> bool:
        if incident.key in self.open and not anew:
            return False
        self.open[incident.key] = incident
        if told:
            self.messages.append(("incident", told))
        return True

    def clear_incident(self, key: str, at: datetime) -> None:
        del self.open[key]

    def enqueue(self, topic: str, text: str, at: datetime) -> None:
        self.messages.append((topic, text))

    def unsent(self, limit: int) -> tuple[tuple[int, str, str], ...]:
        return tuple((number, *message) for number, message in enumerate(self.messages))[:limit]

    def mark_sent(self, message_id: int, at: datetime) -> None:
        raise AssertionError("only the worker sends")

    def discard_unsent(self) -> int:
        raise AssertionError("only the worker drops")


@dataclass
class FakeOrchestrator:
    """Answers each workflow with the decision it is told to make."""

    outcome: Outcome = Outcome.PLACED
    code: str = "code"
    asked: list[tuple[int, str, OrderRequest]] = field(default_factory=list)
    withdrawn: int = 0

    async def withdraw_entries(self) -> tuple[str, ...]:
        self.withdrawn += 1
        return ()

    async def execute_trading_workflow(
        self, number: int, symbol: str, *, request: OrderRequest, kind: CycleKind = CycleKind.WORKFLOW
    ) -> CycleReport:
        self.asked.append((number, symbol, request))
        return report(decision(symbol, self.outcome, code=self.code), number=number, kind=kind)


def decision(symbol: str, outcome: Outcome, text: str = "because", code: str = "code") -> Decision:
    return Decision(f"d-{symbol}", symbol, START, outcome, Reason(code, text))


def report(
    *decisions: Decision,
    number: int = 1,
    kind: CycleKind = CycleKind.SCHEDULED,
    state: TradingState = TradingState.RUNNING,
    differences: Mapping[str, Decimal] | None = None,
    equity: Equity | None = None,
    skipped: int = 0,
) -> CycleReport:
    symbols = tuple(each.symbol for each in decisions)
    return CycleReport(
        start=CycleStart(f"c{number}", number, kind, START, START, symbols, skipped),
        outcome=CycleOutcome.COMPLETED,
        control=ControlSnapshot(state, "lunch", "me", START),
        decisions=decisions,
        executions=(),
        equity=equity,
        unresolved=0,
        finished_at=START,
        duration_s=0.25,
        own_ms=12.0,
        differences=differences or {},
    )
