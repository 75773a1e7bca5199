"""What can be seen: the status of the agent and its rows, from the database alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.control.protections import Protection, protection_seen
from binance_trade_agent.domain.act_reasons import NO_REASON
from binance_trade_agent.domain.acts import ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.decisions import ControlSnapshot, CycleKind
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import TradingAlign
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import CancelStatus
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    CancelRow,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Heartbeat,
    Incident,
    OrderRow,
    Session,
    StoreStatus,
)
from binance_trade_agent.domain.symbol_selection import is_rule
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.ports import Clock, ReadModels
from binance_trade_agent.telemetry.health import (
    TRADER_PROCESS,
    HealthVerdict,
    TraderCondition,
    judge,
    starting_by,
    stopped_by,
)

_OPENING = "opening"
_UNRESOLVED_CANCELS = frozenset(status.value for status in CancelStatus if status.is_unresolved)
#: Among so many newest cancels those that are not resolved are looked for: each holds a symbol back.
_CANCELS_SEEN = 200
_CYCLES_SEEN = 20
#: Among so many newest acts since so long before its end the one that stopped a trader is looked for.
_ACTS_SEEN = 200
_LONGEST_STOP = timedelta(minutes=10)
_STOPPING = frozenset({ActKind.STOP, ActKind.RESTART})
_STARTING = frozenset({ActKind.START, ActKind.RESTART})
#: A trader that was started so long ago and has no session yet is not about to begin one.
_LONGEST_START = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """What the settings say, for a status to be shown beside what is. A `symbol_rule` stands in for `symbols`."""

    mode: str
    mode_note: str
    symbols: tuple[str, ...]
    strategy: str
    interval: timedelta
    symbol_rule: str = ""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """The whole agent at a glance. `profit` is equity now less what was put in.

    Of `decisions`, those are unscheduled that came between two ticks: after a fill, or by hand.

    Under a `symbol_rule`, `symbols` are what it selected for the latest session, none before the first.
    """

    as_of: datetime
    mode: str
    mode_note: str
    symbols: tuple[str, ...]
    symbol_rule: str
    strategy: str
    interval_s: float
    health: HealthVerdict
    control: ControlSnapshot
    session: Session | None
    last_cycle: CycleRow | None
    next_cycle_due: datetime | None
    cycles: int
    decisions: int
    unscheduled_decisions: int
    orders_by_status: Mapping[str, int]
    unresolved: tuple[OrderRow, ...]
    unresolved_cancels: tuple[CancelRow, ...]
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

    def reading(self, through: Callable[[ReadModels], ReadModels]) -> "Watch":
        """The same view, whose reads go `through` something of the caller."""
        return Watch(through(self._reads), self._clock, self._plan)

    def now(self) -> datetime:
        """The time that ages are told against."""
        return self._clock.now()

    def status(self) -> AgentStatus:
        """The agent now."""
        stored = self._reads.status()
        session = stored.session
        interval = _period(session.settings if session else {}, self._plan.interval)
        now = self._clock.now()
        running = session is not None and session.ended_at is None
        cycle = stored.last_cycle
        equity = stored.equity
        # of the same moment: what was put in since is not in that equity yet
        contributed = equity.contributed if equity and equity.contributed is not None else stored.contributed
        return AgentStatus(
            as_of=now,
            mode=self._plan.mode,
            mode_note=self._plan.mode_note,
            symbols=self._symbols(session),
            symbol_rule=self._symbol_rule(session),
            strategy=session.strategy if session and running else self._plan.strategy,
            interval_s=interval.total_seconds(),
            health=self._health(stored, now, interval),
            control=stored.control,
            session=session,
            last_cycle=cycle,
            next_cycle_due=self._next_due(cycle, interval) if running else None,
            cycles=stored.cycles,
            decisions=stored.decisions,
            unscheduled_decisions=stored.unscheduled_decisions,
            orders_by_status=stored.orders_by_status,
            unresolved=stored.unresolved,
            unresolved_cancels=tuple(
                row for row in self.cancels(limit=_CANCELS_SEEN) if row.status in _UNRESOLVED_CANCELS
            ),
            equity=equity,
            profit=equity.total - contributed if equity and contributed is not None else None,
            exposure=equity.positions_value if equity else ZERO,
            heartbeats=stored.heartbeats,
            incidents=stored.incidents,
        )

    def health(self) -> HealthVerdict:
        """The verdict of `status` in one read; it does not name who stopped the trader."""
        stored = self._reads.status()
        interval = _period(stored.session.settings if stored.session else {}, self._plan.interval)
        return judge(stored, now=self._clock.now(), interval=interval)

    def positions(self) -> tuple[Position, ...]:
        """Positions of the book, flat ones with history included."""
        return self._reads.positions()

    def protection(self) -> tuple[Protection, ...]:
        """What guards each position that is held, with the distances from its newest decision's price."""
        return protection_seen(self._reads)

    def balances(self) -> dict[str, Decimal]:
        """asset -> what the ledger says the account holds."""
        return self._reads.balances()

    def asked_orders(self, actor: str) -> tuple[AskedOrder, ...]:
        """The workflows that `actor` asked for today (UTC), oldest first."""
        midnight = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return self._reads.asked_orders(actor, since=midnight)

    def last_price(self, symbol: str) -> Decimal | None:
        """The price that the newest decision on `symbol` saw."""
        return self._reads.last_price(symbol)

    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]:
        """Orders, newest first."""
        return self._reads.orders(limit=limit, symbol=symbol)

    def order(self, client_order_id: str) -> OrderRow | None:
        """One order; None if there is none of the id."""
        return self._reads.order(client_order_id)

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]:
        """Fills, newest first."""
        return self._reads.fills(limit=limit, symbol=symbol)

    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]:
        """Cancels, newest first."""
        return self._reads.cancels(limit=limit)

    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that no fill of ours made, openings included, newest first."""
        return self._reads.flows(limit=limit)

    def outside_flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """What moved the account from outside, newest first: transfers, others' trades, unexplained differences."""
        return tuple(row for row in self._reads.flows(limit=limit) if row.kind != _OPENING)

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]:
        """Open orders of the account that are not this book's, as last looked up: shown, never touched."""
        return self._reads.foreign_orders()

    def audit(self, *, limit: int = 50, since: datetime | None = None) -> tuple[AuditRow, ...]:
        """Acts of people, agents and limits, newest first."""
        return self._reads.audit(limit=limit, since=since)

    def tool_calls(
        self, *, limit: int = 50, caller: str | None = None, refused_only: bool = False
    ) -> tuple[ToolCall, ...]:
        """Calls over MCP, newest first; `refused_only`: those that did not do what they were asked."""
        return self._reads.tool_calls(limit=limit, caller=caller, refused_only=refused_only)

    def sessions(self, *, limit: int = 50) -> tuple[Session, ...]:
        """Runs of the trader, newest first."""
        return self._reads.sessions(limit=limit)

    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]:
        """Cycles, newest first."""
        return self._reads.cycles(limit=limit)

    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]:
        """Decisions, newest first."""
        return self._reads.decisions(limit=limit, symbol=symbol, outcome=outcome)

    def decision(self, reference: str) -> DecisionRow | None:
        """The decision whose id begins with `reference`, or the newest for `last`; None if there is none.

        Raises:
            ConfigurationError: several begin so.
        """
        return self._reads.decision(reference)

    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]:
        """The latest equity snapshots, oldest first."""
        return self._reads.equity(limit=limit)

    def _health(self, stored: StoreStatus, now: datetime, interval: timedelta) -> HealthVerdict:
        """The verdict, with who stopped the trader, or started it just now, where the audit knows."""
        verdict, session = judge(stored, now=now, interval=interval), stored.session
        if verdict.condition is not TraderCondition.STOPPED or session is None or session.ended_at is None:
            return verdict
        seen = self._reads.audit(limit=_ACTS_SEEN, since=session.ended_at - _LONGEST_STOP)
        acts = [act for act in seen if act.details.get("program") == TRADER_PROCESS]
        if acts and _is_starting(acts[0], session.ended_at, now):
            return starting_by(_through(acts[0]))
        for act in acts:
            if act.action in _STOPPING and act.at <= session.ended_at <= (act.finished_at or now):
                why = f" “{act.reason}”" if act.reason not in {"", NO_REASON} else ""
                return stopped_by(f"{_through(act)}{why}", session, now)
        return verdict

    def _symbols(self, session: Session | None) -> tuple[str, ...]:
        """Of a session that runs its own; else those of the settings, or what their rule selected last."""
        if session and (session.ended_at is None or self._plan.symbol_rule):
            return session.symbols
        return self._plan.symbols

    def _symbol_rule(self, session: Session | None) -> str:
        if session and session.ended_at is None:
            text = session.settings.get("TRADING_SYMBOLS", "")
            return text if is_rule(text) else ""
        return self._plan.symbol_rule

    def _next_due(self, newest: CycleRow | None, interval: timedelta) -> datetime | None:
        # a cycle after a fill or by hand moves no tick
        cycles = (
            [newest] if newest and newest.kind == CycleKind.SCHEDULED else self.cycles(limit=_CYCLES_SEEN)
        )
        ticks = (row.scheduled_at for row in cycles if row.kind == CycleKind.SCHEDULED)
        return next((tick + interval for tick in ticks), None)


def _through(act: AuditRow) -> str:
    """Who did it and through what; a name that is its channel's is told once."""
    return act.actor if act.actor == act.channel else f"{act.actor} ({act.channel})"


def _is_starting(newest: AuditRow, ended_at: datetime, now: datetime) -> bool:
    """Whether the newest act on the trader started it, after its session's end and a moment ago."""
    is_start = newest.action in _STARTING and newest.outcome in (None, ActOutcome.DONE)
    is_after = (newest.finished_at or now) >= ended_at
    return is_start and is_after and now - (newest.finished_at or newest.at) <= _LONGEST_START


def _period(settings: Mapping[str, str], default: timedelta) -> timedelta:
    """Time between two ticks of a session, by the settings it began with."""
    if settings.get("TRADING_ALIGN") == TradingAlign.CANDLE_CLOSE and "CANDLE_INTERVAL" in settings:
        return CandleInterval(settings["CANDLE_INTERVAL"]).duration
    if "TRADING_INTERVAL_SECONDS" in settings:
        return timedelta(seconds=float(settings["TRADING_INTERVAL_SECONDS"]))
    return default
