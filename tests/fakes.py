"""Hand-written stand-ins for ports, kept in memory."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.bootstrap.desk_settings import DeskSettings
from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.control.call_log import CallKeeper
from binance_trade_agent.control.explaining import Explainer
from binance_trade_agent.control.history import History
from binance_trade_agent.control.market import MarketReader
from binance_trade_agent.control.notifying import NotificationTest
from binance_trade_agent.control.performance import PerformanceView
from binance_trade_agent.control.programs import Programs
from binance_trade_agent.control.risk_state import RiskReader
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.acts import Act, ActOutcome, AuditRow, Restricted, Steered
from binance_trade_agent.domain.caps import Admission, AskedOrder
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.decisions import ControlSnapshot, GateResult, TradingState
from binance_trade_agent.domain.errors import ConfigurationError, LeaseHeld, StorageError
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.orders import OrderStatus, Purpose
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    Book,
    CancelRow,
    Command,
    CommandKind,
    CommandResult,
    CommandStatus,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Heartbeat,
    Incident,
    OrderRow,
    ProtectionTerms,
    Session,
    StoreStatus,
)
from binance_trade_agent.domain.tool_calls import ASKED, DONE, ToolCall
from binance_trade_agent.ports import SeenMarket
from tests.fake_history import FakeHistoryReads
from tests.fake_market import FakeMarket, btc_book
from tests.fake_programs import FakeSupervisor
from tests.fake_settings import NOWHERE, fake_settings
from tests.performances import RowsInMemory

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


class FakeClock:
    """Time that moves only when it is told to, or by sleeping."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.elapsed_s

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        self.elapsed_s += seconds
        self.time += timedelta(seconds=seconds)


class FakeControlState:
    """Control state and commands; `answer` is the result a trader would write to each."""

    def __init__(self, state: TradingState = TradingState.RUNNING) -> None:
        self.snapshot = ControlSnapshot(state, "first start", "system", START)
        self.history: list[ControlSnapshot] = []
        self.acts: list[Act] = []
        #: acts on programs
        self.rows: list[AuditRow] = []
        self.commands: dict[str, Command] = {}
        #: of flattens that were begun
        self.notes: dict[str, dict[str, str]] = {}
        self.results: dict[str, CommandResult] = {}
        self.answer: CommandResult | None = None
        #: what was asked for today, by actor
        self.asked: dict[str, tuple[AskedOrder, ...]] = {}
        self.submitted = asyncio.Event()

    def read(self) -> ControlSnapshot:
        return self.snapshot

    def write(
        self,
        state: TradingState,
        *,
        reason: str,
        actor: str,
        at: datetime,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> ControlSnapshot:
        if self.snapshot.state not in only_from:
            return self.snapshot
        self.snapshot = ControlSnapshot(state, reason, actor, at, self.snapshot.reduce_only)
        self.history.append(self.snapshot)
        return self.snapshot

    def steer(
        self,
        act: Act,
        state: TradingState,
        *,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> Steered:
        first = next((a for a in self.acts if a.idempotency_key == act.idempotency_key), None)
        if act.idempotency_key is not None and first is not None:
            if first.kind is not act.kind:
                raise ConfigurationError(f"the key {act.idempotency_key} was used for another act")
            return self._steered(first.at, repeated=True)
        self.acts.append(act)
        if self.snapshot.state not in only_from:
            return self._steered(act.at, refused=True)
        self.write(state, reason=act.reason, actor=act.actor, at=act.at)
        return self._steered(act.at)

    def _steered(self, at: datetime, *, repeated: bool = False, refused: bool = False) -> Steered:
        now = self.snapshot
        return Steered(
            now.state, now.reason, now.actor, now.since, done_at=at, repeated=repeated, refused=refused
        )

    def open_act(self, act: Act, before: str, details: Mapping[str, str] | None = None) -> AuditRow | None:
        for row in self.rows:
            if row.idempotency_key == act.idempotency_key:
                return row
        self.rows.append(
            AuditRow(
                id=len(self.rows) + 1,
                at=act.at,
                actor=act.actor,
                channel=act.channel,
                action=act.kind.value,
                reason=act.reason,
                before=before,
                after=None,
                idempotency_key=act.idempotency_key,
                outcome=None,
                answer=None,
                finished_at=None,
                details=dict(details or {}),
            )
        )
        return None

    def close_act(
        self, key: str, *, outcome: ActOutcome, answer: str, at: datetime, before: str, after: str
    ) -> None:
        self.rows = [
            replace(row, outcome=outcome.value, answer=answer, finished_at=at, before=before, after=after)
            if row.idempotency_key == key
            else row
            for row in self.rows
        ]

    def restrict(self, act: Act, symbols: Collection[str], *, on: bool) -> Restricted:
        before = dict(self.snapshot.reduce_only)
        first = next((a for a in self.acts if a.idempotency_key == act.idempotency_key), None)
        if act.idempotency_key is not None and first is not None:
            return Restricted(before, (), (), first.at, repeated=True)
        self.acts.append(act)
        changed = tuple(sorted(symbol for symbol in symbols if (symbol in before) is not on))
        named = dict.fromkeys(changed, f"{act.reason} ({act.actor})")
        after = before | named if on else {s: why for s, why in before.items() if s not in changed}
        self.snapshot = replace(self.snapshot, reduce_only=after)
        return Restricted(after, changed, (), act.at)

    def submit(self, command: Command, admit: Admission | None = None) -> Command:
        known = self.commands.get(command.idempotency_key)
        if known is not None:
            if known.arguments != command.arguments:
                raise ConfigurationError(
                    f"idempotency key {command.idempotency_key}: already used for another command"
                )
            return known
        if admit is not None:
            admit(self.asked.get(command.actor, ()))
        self.commands[command.idempotency_key] = command
        if self.answer is not None:
            self.results[command.id] = self.answer
        self.submitted.set()
        return command

    def pending(self) -> tuple[Command, ...]:
        return tuple(c for c in self.commands.values() if c.id not in {*self.results, *self.notes})

    def claim(self, command_id: str, at: datetime) -> bool:
        command = next((c for c in self.pending() if c.id == command_id), None)
        if command is not None and command.kind is CommandKind.FLATTEN:
            self.notes[command_id] = {}
        return command is not None

    def finish(self, command_id: str, result: CommandResult, state: TradingState | None = None) -> bool:
        if command_id in self.results:
            return False
        self.results[command_id] = result
        if state is not None:
            self.write(state, reason="flatten", actor="me", at=result.finished_at)
        return True

    def open_flatten(self) -> tuple[Command, dict[str, str]] | None:
        for command in self.commands.values():
            if command.id in self.notes and command.id not in self.results:
                return command, self.notes[command.id]
        return None

    def note(self, command_id: str, details: Mapping[str, str]) -> None:
        self.notes[command_id] = dict(details)

    def close_interrupted(self, at: datetime) -> int:
        return 0

    def result(self, command_id: str) -> CommandResult | None:
        return self.results.get(command_id)


class FakeLease:
    """A lease that one process holds, or none; `broken` is why that cannot be read."""

    def __init__(self, *, held: bool = True) -> None:
        self.held = held
        self.broken = ""

    @contextmanager
    def acquire(self) -> Iterator[None]:
        if self.held:
            raise LeaseHeld("held")
        self.held = True
        try:
            yield
        finally:
            self.held = False

    def is_held(self) -> bool:
        if self.broken:
            raise StorageError(self.broken)
        return self.held

    def is_still_held(self) -> bool:
        return self.held


class FakeLauncher:
    """Counts how often a one-shot process was asked for."""

    def __init__(self) -> None:
        self.launched = 0
        self.refuses = False

    def launch(self) -> None:
        self.launched += 1

    def was_refused(self) -> bool:
        return self.refuses


@dataclass
class FakeToolCalls:
    """The calls that were written, oldest first. `broken` makes every writing fail."""

    written: list[ToolCall] = field(default_factory=list)
    pruned: list[tuple[datetime, int, int]] = field(default_factory=list)
    broken: str | None = None

    def write(self, calls: Sequence[ToolCall]) -> None:
        if self.broken is not None:
            raise StorageError(self.broken)
        self.written.extend(calls)

    def prune(self, *, older_than: datetime, keep: int, at_most: int) -> int:
        self.pruned.append((older_than, keep, at_most))
        return 0


@dataclass
class FakeReadModels:
    """What a database would hold, as plain rows. `broken` makes every read fail."""

    control: FakeControlState
    stored: StoreStatus
    #: Sessions before the one that is stored there, newest first.
    older_sessions: tuple[Session, ...] = field(default=(), kw_only=True)
    position_rows: tuple[Position, ...] = ()
    balance_rows: dict[str, Decimal] = field(default_factory=dict)
    order_rows: tuple[OrderRow, ...] = ()
    fill_rows: tuple[FillRow, ...] = ()
    decision_rows: tuple[DecisionRow, ...] = ()
    equity_rows: tuple[EquityRow, ...] = ()
    cancel_rows: tuple[CancelRow, ...] = ()
    flow_rows: tuple[FlowRow, ...] = ()
    foreign_rows: tuple[ForeignOrderRow, ...] = ()
    audit_rows: tuple[AuditRow, ...] = ()
    #: All cycles, newest first; unset: the one that `stored` holds.
    cycle_rows: tuple[CycleRow, ...] = ()
    #: By symbol, None for all; and what was asked for.
    summaries: dict[str | None, DecisionSummary] = field(default_factory=dict)
    summaries_asked: list[tuple[datetime, datetime, str | None]] = field(default_factory=list)
    marks: LossMarks | None = None
    terms: ProtectionTerms = field(default_factory=ProtectionTerms)
    #: By actor.
    asked: dict[str, tuple[AskedOrder, ...]] = field(default_factory=dict)
    calls: FakeToolCalls = field(default_factory=FakeToolCalls)
    broken: str | None = None

    def status(self) -> StoreStatus:
        self._check()
        return replace(self.stored, control=self.control.read())

    def book(self) -> Book | None:
        self._check()
        return self.stored.book

    def sessions(self, *, limit: int = 50) -> tuple[Session, ...]:
        self._check()
        newest = (self.stored.session,) if self.stored.session else ()
        return (*newest, *self.older_sessions)[:limit]

    def positions(self) -> tuple[Position, ...]:
        self._check()
        return self.position_rows

    def balances(self) -> dict[str, Decimal]:
        self._check()
        return self.balance_rows

    def protection_terms(self, symbols: Collection[str]) -> ProtectionTerms:
        self._check()
        return self.terms

    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]:
        self._check()
        return tuple(row for row in self.order_rows if symbol in (None, row.symbol))[:limit]

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]:
        self._check()
        return tuple(row for row in self.fill_rows if symbol in (None, row.symbol))[:limit]

    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]:
        self._check()
        if self.cycle_rows:
            return self.cycle_rows[:limit]
        return (self.stored.last_cycle,)[:limit] if self.stored.last_cycle else ()

    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]:
        self._check()
        return tuple(
            row
            for row in self.decision_rows
            if symbol in (None, row.symbol) and outcome in (None, row.outcome)
        )[:limit]

    def decision(self, reference: str) -> DecisionRow | None:
        self._check()
        return next((row for row in self.decision_rows if row.id.startswith(reference)), None)

    def decisions_with(self, ids: Collection[str]) -> dict[str, DecisionRow]:
        self._check()
        return {row.id: row for row in self.decision_rows if row.id in ids}

    def summary(self, *, since: datetime, until: datetime, symbol: str | None = None) -> DecisionSummary:
        """What a test gave for `symbol`, or for all; without it, that nothing was decided."""
        self._check()
        self.summaries_asked.append((since, until, symbol))
        nothing = DecisionSummary(since, until, 0, (), 0, 0, {}, {}, ())
        return self.summaries.get(symbol) or self.summaries.get(None, nothing)

    def last_price(self, symbol: str) -> Decimal | None:
        self._check()
        return next((r.price for r in self.decision_rows if r.symbol == symbol and r.price is not None), None)

    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]:
        self._check()
        return self.equity_rows[-limit:]

    def entries(self, *, since: datetime) -> tuple[datetime, ...]:
        self._check()
        rows = (row for row in self.order_rows if row.purpose == Purpose.ENTRY)
        return tuple(row.created_at for row in rows if row.created_at >= since)

    def order(self, client_order_id: str) -> OrderRow | None:
        self._check()
        return next((row for row in self.order_rows if row.client_order_id == client_order_id), None)

    def unfinished_orders(self) -> tuple[OrderRow, ...]:
        self._check()
        return tuple(row for row in self.order_rows if not OrderStatus(row.status).is_terminal)

    def incidents(self) -> tuple[Incident, ...]:
        self._check()
        return self.stored.incidents

    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]:
        self._check()
        return self.cancel_rows[:limit]

    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        self._check()
        return self.flow_rows[:limit]

    def audit(self, *, limit: int = 50, since: datetime | None = None) -> tuple[AuditRow, ...]:
        self._check()
        rows = (row for row in self.audit_rows if since is None or row.at >= since)
        return tuple(rows)[:limit]

    def tool_calls(
        self, *, limit: int = 50, caller: str | None = None, refused_only: bool = False
    ) -> tuple[ToolCall, ...]:
        self._check()
        rows = (row for row in reversed(self.calls.written) if caller in (None, row.caller))
        return tuple(row for row in rows if not refused_only or row.outcome not in (DONE, ASKED))[:limit]

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]:
        self._check()
        return self.foreign_rows

    def asked_orders(self, actor: str, *, since: datetime) -> tuple[AskedOrder, ...]:
        self._check()
        return self.asked.get(actor, ())

    def loss_marks(self) -> LossMarks | None:
        self._check()
        return self.marks

    def _check(self) -> None:
        if self.broken is not None:
            raise StorageError(self.broken)


@dataclass(frozen=True)
class FakeDesk:
    """A desk with its fakes in reach."""

    watch: Watch
    explainer: Explainer
    market: MarketReader
    performance: PerformanceView
    history: History
    programs: Programs
    risk: RiskReader
    steering: Steering
    reads: FakeReadModels
    history_reads: FakeHistoryReads
    state: FakeControlState
    lease: FakeLease
    launcher: FakeLauncher
    market_reads: FakeMarket
    clock: FakeClock
    calls: CallKeeper
    supervisor: FakeSupervisor
    settings: DeskSettings = field(default_factory=fake_settings)
    changes: LaunchedChanges = field(default_factory=LaunchedChanges)
    notifications: NotificationTest = field(
        default_factory=lambda: NotificationTest(lambda text: "json", FakeControlState(), FakeClock())
    )
    logs: LogTail = field(default_factory=lambda: LogTail(NOWHERE))

    def is_current(self) -> bool:
        return True


def fake_desk(
    *, empty: bool = False, mode: str = "simulated", clock: FakeClock | None = None, interval_s: int = 5
) -> FakeDesk:
    """A desk on a trader that has run for a while, or on an empty database."""
    clock = clock or FakeClock()
    state = FakeControlState()
    reads = (
        FakeReadModels(state, empty_status(state)) if empty else traded_reads(state, clock.now(), interval_s)
    )
    state.asked = reads.asked
    lease, launcher, market = FakeLease(), FakeLauncher(), FakeMarket()
    supervisor = FakeSupervisor()
    if not empty:
        market.seen["BTCUSDT"] = SeenMarket(btc_book(), clock.now() - timedelta(seconds=2), None)
    plan = WatchPlan(
        mode=mode,
        mode_note="no keys are set",
        symbols=("BTCUSDT", "ETHUSDT"),
        strategy="combined_default",
        interval=timedelta(seconds=interval_s),
    )
    watch = Watch(reads, clock, plan)
    past = FakeHistoryReads(lambda: reads.decision_rows, lambda: reads.order_rows, lambda: reads.equity_rows)
    return FakeDesk(
        watch=watch,
        explainer=Explainer(reads, watch, clock),
        market=MarketReader(market, market.ask),
        performance=PerformanceView(RowsInMemory(), clock),
        history=History(past, clock),
        programs=Programs(supervisor, state, clock),
        risk=RiskReader(reads, watch, clock),
        steering=Steering(state, lease, launcher, clock),
        reads=reads,
        history_reads=past,
        state=state,
        lease=lease,
        launcher=launcher,
        market_reads=market,
        clock=clock,
        calls=CallKeeper(reads.calls, clock),
        supervisor=supervisor,
    )


def done(text: str, at: datetime = START, **details: str) -> CommandResult:
    """The result of a command that was carried out."""
    return CommandResult(CommandStatus.DONE, text, details, at)


def empty_status(state: FakeControlState) -> StoreStatus:
    """A database nobody has traded on."""
    return StoreStatus(
        book=None,
        session=None,
        control=state.read(),
        last_cycle=None,
        cycles=0,
        decisions=0,
        unscheduled_decisions=0,
        orders_by_status={},
        unresolved=(),
        equity=None,
        contributed=None,
        heartbeats=(),
        incidents=(),
        failed_starts=0,
    )


def traded_reads(state: FakeControlState, now: datetime, interval_s: int) -> FakeReadModels:
    """Rows of a trader in its 240th cycle, holding BTC, having sold ETH."""
    equity = _equity_curve(now)
    orders = _orders(now)
    status = StoreStatus(
        book=Book(1, "simulated", "local", "0" * 12, 1, "USDT"),
        session=Session(
            id="s1",
            kind="loop",
            mode="simulated",
            strategy="combined_default",
            symbols=("BTCUSDT", "ETHUSDT"),
            settings={"TRADING_INTERVAL_SECONDS": str(interval_s)},
            duration_minutes=0,
            started_at=now - timedelta(minutes=20),
            deadline=None,
        ),
        control=state.read(),
        last_cycle=CycleRow(
            id="c240",
            session_id="s1",
            number=240,
            kind="scheduled",
            scheduled_at=now - timedelta(seconds=2),
            started_at=now - timedelta(seconds=2),
            finished_at=now - timedelta(seconds=1),
            duration_s=0.213,
            own_ms=11.4,
            skipped_ticks=0,
            outcome="completed",
        ),
        cycles=240,
        decisions=480,
        unscheduled_decisions=0,
        orders_by_status={"FILLED": 3, "REJECTED": 1},
        unresolved=(),
        equity=equity[-1],
        contributed=equity[0].total,
        heartbeats=(Heartbeat("autonomous_trader", 4711, now - timedelta(seconds=1), now),),
        incidents=(),
        failed_starts=0,
    )
    return FakeReadModels(
        control=state,
        stored=status,
        position_rows=_positions(now),
        balance_rows={"USDT": Decimal("9004.21180000"), "BTC": Decimal("0.01598400")},
        order_rows=orders,
        fill_rows=_fills(now),
        decision_rows=_decisions(now),
        equity_rows=equity,
    )


def _positions(now: datetime) -> tuple[Position, ...]:
    held = Position(
        "BTCUSDT",
        "BTC",
        "USDT",
        quantity=Decimal("0.01598400"),
        cost=Decimal("999.84120000"),
        fees_quote=Decimal("0.99984120"),
        opened_at=now - timedelta(minutes=11),
        updated_at=now - timedelta(minutes=11),
    )
    sold = Position("ETHUSDT", "ETH", "USDT", realised=Decimal("4.05300000"), fees_quote=Decimal("1.98"))
    return held, sold


def _orders(now: datetime) -> tuple[OrderRow, ...]:
    def order(number: int, symbol: str, side: str, quantity: str, quote: str, status: str) -> OrderRow:
        filled = status == "FILLED"
        at = now - timedelta(minutes=18 - 3 * number)
        return OrderRow(
            client_order_id=f"bta-{number:024x}",
            exchange_order_id=1000 + number if filled else None,
            symbol=symbol,
            side=side,
            order_type="MARKET",
            purpose="entry" if side == "BUY" else "exit",
            quantity=Decimal(quantity),
            executed=Decimal(quantity) if filled else Decimal(0),
            quote_executed=Decimal(quote) if filled else Decimal(0),
            average_price=Decimal(quote) / Decimal(quantity) if filled else None,
            status=status,
            reason="" if filled else "Filter failure: NOTIONAL (-1013)",
            decision_id=f"d{number}",
            created_at=at,
            updated_at=at,
        )

    return (
        order(4, "ETHUSDT", "BUY", "0.0010", "3.10", "REJECTED"),
        order(3, "ETHUSDT", "SELL", "0.3190", "994.01", "FILLED"),
        order(2, "BTCUSDT", "BUY", "0.01600000", "999.84120000", "FILLED"),
        order(1, "ETHUSDT", "BUY", "0.3193", "989.96", "FILLED"),
    )


def _fills(now: datetime) -> tuple[FillRow, ...]:
    def fill(number: int, symbol: str, side: str, price: str, quantity: str, asset: str, fee: str) -> FillRow:
        return FillRow(
            symbol=symbol,
            trade_id=500 + number,
            client_order_id=f"bta-{number:024x}",
            side=side,
            price=Decimal(price),
            quantity=Decimal(quantity),
            quote_quantity=Decimal(price) * Decimal(quantity),
            commission=Decimal(fee),
            commission_asset=asset,
            traded_at=now - timedelta(minutes=18 - 3 * number),
        )

    return (
        fill(3, "ETHUSDT", "SELL", "3116.02", "0.3190", "USDT", "0.994"),
        fill(2, "BTCUSDT", "BUY", "62490.07500000", "0.01600000", "BTC", "0.00001600"),
        fill(1, "ETHUSDT", "BUY", "3100.41", "0.3193", "ETH", "0.0003193"),
    )


def _decisions(now: datetime) -> tuple[DecisionRow, ...]:
    def decision(
        number: int,
        symbol: str,
        action: str,
        outcome: str,
        code: str,
        reason: str,
        miss: str | None,
        price: str,
    ) -> DecisionRow:
        gates = (GateResult("cooldown", outcome != "refused", "3 candles", "1 candle", reason),)
        return DecisionRow(
            id=f"dec-{number}",
            cycle_id=f"c{number // 2}",
            cycle_number=number // 2,
            symbol=symbol,
            decided_at=now - timedelta(seconds=2 + 5 * (240 - number // 2)),
            action=action,
            strength=0.62,
            strategy="combined_default",
            outcome=outcome,
            reason_code=code,
            reason=reason,
            nearest_miss=miss,
            values={"rsi": 48.2, "macd": -1.25},
            gates=gates if action != "HOLD" else (),
            blocking_gate="cooldown" if outcome == "refused" else None,
            price=Decimal(price),
            first_candle=None,
            last_candle=None,
            candles_seen=5,
            client_order_id=None,
            step_ms={"signal": 1.2},
        )

    hold = ("HOLD", "held", "no_agreement", "1 of 4 votes for BUY, 3 needed", "RSI 31.8, buys below 30")
    wait = ("BUY", "refused", "cooldown", "1 candle since the last order, 3 needed", None)
    rows = []
    for number in range(481, 471, -1):
        btc = number % 2 == 0
        what = wait if number == 478 else hold
        rows.append(
            decision(number, "BTCUSDT" if btc else "ETHUSDT", *what, "62855.40" if btc else "3098.77")
        )
    return tuple(rows)


def _equity_curve(now: datetime) -> tuple[EquityRow, ...]:
    values = [Decimal(10000) + Decimal((i * i) % 37) / 10 + Decimal(i) / 40 for i in range(240)]
    last = Decimal("1004.68")
    rows = [
        EquityRow(
            at=now - timedelta(seconds=5 * (240 - i)),
            quote="USDT",
            cash=value - last,
            positions_value=last,
            realised=Decimal(0),
            unrealised=Decimal(0),
            total=value,
        )
        for i, value in enumerate(values)
    ]
    cash = Decimal("9004.2118")
    rows.append(
        EquityRow(
            at=now - timedelta(seconds=1),
            quote="USDT",
            cash=cash,
            positions_value=last,
            realised=Decimal("4.053"),
            unrealised=Decimal("4.8388"),
            total=cash + last,
        )
    )
    return tuple(rows)
