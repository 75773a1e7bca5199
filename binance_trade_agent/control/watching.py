"""What can be seen: the status of the agent and its rows, from the database alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.decisions import ControlSnapshot
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import TradingAlign
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    CancelRow,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    Heartbeat,
    Incident,
    OrderRow,
    Session,
)
from binance_trade_agent.ports import Clock, ReadModels
from binance_trade_agent.telemetry.health import HealthVerdict, judge


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What the settings say, for a status to be shown beside what is."""

    mode: str
    mode_note: str
    symbols: tuple[str, ...]
    strategy: str
    interval: timedelta


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The whole agent at a glance. `profit` is equity now less what was put in."""

    as_of: datetime
    mode: str
    mode_note: str
    symbols: tuple[str, ...]
    strategy: str
    interval_s: float
    health: HealthVerdict
    control: ControlSnapshot
    session: Session | None
    last_cycle: CycleRow | None
    next_cycle_due: datetime | None
    cycles: int
    decisions: int
    orders_by_status: Mapping[str, int]
    unresolved: tuple[OrderRow, ...]
    equity: EquityRow | None
    profit: Decimal | None
    exposure: Decimal
    heartbeats: tuple[Heartbeat, ...]
    incidents: tuple[Incident, ...]


class Watch:
    """Read-only view for command line, MCP server and dashboard. All methods raise `StorageError`."""

    def __init__(self, reads: ReadModels, clock: Clock, plan: WatchPlan) -> None:
        self._reads = reads
        self._clock = clock
        self._plan = plan

    def status(self) -> AgentStatus:
        """The agent now."""
        stored = self._reads.status()
        session = stored.session
        interval = _period(session.settings if session else {}, self._plan.interval)
        now = self._clock.now()
        running = session is not None and session.ended_at is None
        cycle = stored.last_cycle
        equity, contributed = stored.equity, stored.contributed
        return AgentStatus(
            as_of=now,
            mode=self._plan.mode,
            mode_note=self._plan.mode_note,
            symbols=session.symbols if session and running else self._plan.symbols,
            strategy=session.strategy if session and running else self._plan.strategy,
            interval_s=interval.total_seconds(),
            health=judge(stored, now=now, interval=interval),
            control=stored.control,
            session=session,
            last_cycle=cycle,
            next_cycle_due=cycle.scheduled_at + interval if cycle and running else None,
            cycles=stored.cycles,
            decisions=stored.decisions,
            orders_by_status=stored.orders_by_status,
            unresolved=stored.unresolved,
            equity=equity,
            profit=equity.total - contributed if equity and contributed is not None else None,
            exposure=equity.positions_value if equity else ZERO,
            heartbeats=stored.heartbeats,
            incidents=stored.incidents,
        )

    def positions(self) -> tuple[Position, ...]:
        """Positions of the book, flat ones with history included."""
        return self._reads.positions()

    def balances(self) -> dict[str, Decimal]:
        """asset -> what the ledger says the account holds."""
        return self._reads.balances()

    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]:
        """Orders, newest first."""
        return self._reads.orders(limit=limit, symbol=symbol)

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]:
        """Fills, newest first."""
        return self._reads.fills(limit=limit, symbol=symbol)

    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]:
        """Cancels, newest first."""
        return self._reads.cancels(limit=limit)

    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that no fill of ours made, newest first."""
        return self._reads.flows(limit=limit)

    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]:
        """Cycles, newest first."""
        return self._reads.cycles(limit=limit)

    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]:
        """Decisions, newest first."""
        return self._reads.decisions(limit=limit, symbol=symbol, outcome=outcome)

    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]:
        """The latest equity snapshots, oldest first."""
        return self._reads.equity(limit=limit)


def _period(settings: Mapping[str, str], default: timedelta) -> timedelta:
    """Time between two ticks of a session, by the settings it began with."""
    if settings.get("TRADING_ALIGN") == TradingAlign.CANDLE_CLOSE and "CANDLE_INTERVAL" in settings:
        return CandleInterval(settings["CANDLE_INTERVAL"]).duration
    if "TRADING_INTERVAL_SECONDS" in settings:
        return timedelta(seconds=float(settings["TRADING_INTERVAL_SECONDS"]))
    return default
