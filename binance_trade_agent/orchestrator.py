"""One cycle: control state, market data, signal, risk, execution, ledger, decision log.

Each cycle is written before anything else happens, and each of its symbols gets exactly
one decision with a reason, whatever fails.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from binance_trade_agent.agents.execution.place import SendingForbidden, TradeExecutionAgent
from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.agents.market_data import MarketDataAgent, MarketView
from binance_trade_agent.agents.portfolio import PortfolioAgent
from binance_trade_agent.agents.risk import RiskContext, RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent, StrategyFailed
from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    CycleKind,
    CycleOutcome,
    CycleReport,
    CycleStart,
    Decision,
    ExecutionResult,
    GateResult,
    Outcome,
    Reason,
    Refused,
    Signal,
    SignalAction,
)
from binance_trade_agent.domain.errors import ExchangeError
from binance_trade_agent.domain.market import Candle, CandleInterval, MarketDataFailure, MarketSnapshot
from binance_trade_agent.domain.orders import JournalOrder, Side
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    PortfolioView,
)
from binance_trade_agent.ports import Clock, ControlState, DecisionLog, Exchange, OrderJournal
from binance_trade_agent.telemetry.stopwatch import Stopwatch


@dataclass(frozen=True, slots=True)
class TradingPlan:
    """What is traded: fixed for a session."""

    session_id: str
    symbols: tuple[str, ...]
    quote: str
    candle_interval: CandleInterval


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a person or an agent asked for: a side the strategy need not agree with, and its quantity."""

    side: Side | None = None
    quantity: Decimal | None = None
    reason: str = "requested"


@dataclass(frozen=True, slots=True)
class TradingDesk:
    """The agents and the books that a cycle works with."""

    exchange: Exchange
    market_data: MarketDataAgent
    signal: SignalAgent
    risk: RiskManagementAgent
    execution: TradeExecutionAgent
    resolver: OrderResolver
    portfolio: PortfolioAgent
    journal: OrderJournal
    decisions: DecisionLog
    control: ControlState
    clock: Clock


@dataclass(slots=True)
class _Cycle:
    """What a cycle has found out so far."""

    start: CycleStart
    request: OrderRequest | None
    control: ControlSnapshot
    unfinished: tuple[JournalOrder, ...]
    views: Mapping[str, MarketView]
    account: AccountSnapshot | None
    account_error: str
    portfolio: PortfolioView
    differences: Mapping[str, Decimal] | None
    decisions: list[Decision]
    executions: list[ExecutionResult]


class TradingOrchestrator:
    """Runs cycles, one at a time. Only the holder of the trading lease may have one."""

    def __init__(self, plan: TradingPlan, desk: TradingDesk) -> None:
        self._plan = plan
        self._desk = desk
        self._last_seen: dict[str, datetime] = desk.decisions.last_candles()
        self._last_traded: dict[str, datetime] = desk.decisions.last_entry_candles()
        self._stopping = False

    def stop(self) -> None:
        """Begin no further order; the cycle in hand ends with a decision for each symbol."""
        self._stopping = True

    async def run_cycle(self, number: int, scheduled_at: datetime, *, skipped_ticks: int = 0) -> CycleReport:
        """The scheduled cycle over all symbols."""
        start = self._start(CycleKind.SCHEDULED, number, scheduled_at, self._plan.symbols, skipped_ticks)
        return await self._run(start, None)

    async def execute_trading_workflow(
        self,
        number: int,
        symbol: str,
        *,
        request: OrderRequest | None = None,
        kind: CycleKind = CycleKind.WORKFLOW,
    ) -> CycleReport:
        """The same steps for one symbol, outside the schedule; without a side the strategy decides."""
        start = self._start(kind, number, self._desk.clock.now(), (symbol,), 0)
        return await self._run(start, request or OrderRequest())

    async def resolve_orders(self) -> tuple[JournalOrder, ...]:
        """Look up orders whose fate is not known, without deciding anything; returns what is still unfinished."""
        return await self._desk.resolver.resolve_all()

    async def _run(self, start: CycleStart, request: OrderRequest | None) -> CycleReport:
        desk, began, waited = self._desk, self._desk.clock.monotonic(), self._desk.exchange.waited_s
        desk.decisions.open_cycle(start, self._plan.session_id)
        cycle = await self._observe(start, request)
        for symbol in start.symbols:
            cycle.decisions.append(await self._decide(symbol, cycle))
        report = self._report(cycle, began, waited)
        desk.decisions.close_cycle(report, self._new_candles(cycle.decisions, cycle))
        self._remember(cycle)
        return report

    # what a cycle sees -------------------------------------------------------

    async def _observe(self, start: CycleStart, request: OrderRequest | None) -> _Cycle:
        desk = self._desk
        control = desk.control.read()
        unfinished = await desk.resolver.resolve_all()
        views, account, quotes = await asyncio.gather(
            desk.market_data.snapshots(start.symbols, self._last_seen),
            self._account(),
            desk.market_data.quotes(desk.portfolio.held_elsewhere(start.symbols)),
        )
        known = account if isinstance(account, AccountSnapshot) else None
        desk.portfolio.learn(views.values(), quotes)
        if known is not None:
            desk.portfolio.open_with(known)
        return _Cycle(
            start=start,
            request=request,
            control=control,
            unfinished=unfinished,
            views=views,
            account=known,
            account_error="" if isinstance(account, AccountSnapshot) else account,
            portfolio=desk.portfolio.view(unfinished),
            differences=desk.portfolio.differences(known, unfinished),
            decisions=[],
            executions=[],
        )

    async def _account(self) -> AccountSnapshot | str:
        try:
            return await self._desk.exchange.account()
        except ExchangeError as error:
            return str(error)

    # one symbol ----------------------------------------------------------------

    async def _decide(self, symbol: str, cycle: _Cycle) -> Decision:
        """The one decision of `symbol` in this cycle."""
        watch = Stopwatch(self._desk.clock)
        view, now = cycle.views[symbol], self._desk.clock.now()
        decision = Decision(
            uuid.uuid4().hex, symbol, now, Outcome.NO_DATA, Reason("no_data", ""), step_ms=watch.laps
        )
        if isinstance(view, MarketDataFailure):
            return replace(decision, reason=Reason(view.code, view.text))
        if view.rules.quote != self._plan.quote:
            return replace(decision, reason=Reason("other_quote", self._quote_text(view)))
        decision = replace(decision, price=view.price)
        if self._stopping:
            text = "the trader was told to stop before this symbol's turn"
            return replace(decision, outcome=Outcome.INTERRUPTED, reason=Reason("stopping", text))
        if cycle.account is None:
            return replace(decision, reason=Reason("no_account", cycle.account_error))
        decision = _seen(decision, view, cycle.request)
        try:
            signal = self._signal(view, cycle)
        except StrategyFailed as error:
            return replace(decision, outcome=Outcome.FAILED, reason=Reason("strategy_failed", str(error)))
        watch.lap("signal")
        decision = replace(decision, signal=signal, nearest_miss=signal.nearest_miss)
        if symbol in cycle.portfolio.locked_symbols:
            return _locked(decision, cycle.unfinished)
        if signal.action is SignalAction.HOLD:
            return replace(decision, outcome=Outcome.HELD, reason=signal.reasons[0])
        verdict = self._desk.risk.assess(
            signal,
            view,
            cycle.portfolio,
            control=cycle.control,
            context=self._context(cycle, cycle.account),
            quantity=cycle.request.quantity if cycle.request else None,
            side=cycle.request.side if cycle.request else None,
        )
        watch.lap("risk")
        decision = replace(decision, gates=verdict.gates)
        if isinstance(verdict, Refused):
            return _refused(decision, verdict.blocking)
        decision = await self._execute(verdict, decision, cycle)
        watch.lap("execution")
        return decision

    def _quote_text(self, view: MarketSnapshot) -> str:
        return f"{view.symbol} trades in {view.rules.quote}, this book in {self._plan.quote}"

    def _signal(self, view: MarketSnapshot, cycle: _Cycle) -> Signal:
        request = cycle.request
        if request is None:
            return self._desk.signal.evaluate(view, cycle.portfolio.position(view.symbol))
        if request.side is None:
            # asked for now: the newest candle counts even if a cycle has already seen it
            view = replace(view, new_candles=max(1, view.new_candles))
            return self._desk.signal.evaluate(view, cycle.portfolio.position(view.symbol))
        return Signal(
            symbol=view.symbol,
            strategy=request.reason,
            action=SignalAction(request.side.value),
            strength=1.0,
            reasons=(Reason("requested", f"{request.side} was asked for, not decided by a strategy"),),
            values={},
            candle_time=view.candles[-1].close_time,
        )

    def _context(self, cycle: _Cycle, account: AccountSnapshot) -> RiskContext:
        return RiskContext(
            account=account,
            candle_interval=self._plan.candle_interval,
            last_exits={
                symbol: position.updated_at
                for symbol, position in cycle.portfolio.positions.items()
                if position.updated_at is not None and cycle.portfolio.position(symbol) is None
            },
            last_traded_candles=self._last_traded,
        )

    async def _execute(self, approved: Approved, decision: Decision, cycle: _Cycle) -> Decision:
        try:
            result = await self._desk.execution.execute(
                approved, decision, cycle.start.id, self._new_candles([decision], cycle)
            )
        except SendingForbidden as error:
            return replace(decision, outcome=Outcome.HALTED, reason=Reason("halted", str(error)))
        cycle.executions.append(result)
        cycle.unfinished = self._desk.journal.unfinished()
        cycle.portfolio = self._desk.portfolio.view(cycle.unfinished)
        return replace(
            decision,
            outcome=result.outcome,
            reason=Reason(result.outcome.value, result.text),
            client_order_id=result.order.intent.client_order_id,
        )

    # what a cycle leaves ---------------------------------------------------------

    def _report(self, cycle: _Cycle, began: float, waited_s: float) -> CycleReport:
        desk = self._desk
        duration_s = desk.clock.monotonic() - began
        waited_s = desk.exchange.waited_s - waited_s
        degraded = any(decision.outcome is Outcome.NO_DATA for decision in cycle.decisions)
        return CycleReport(
            start=cycle.start,
            outcome=CycleOutcome.DEGRADED if degraded else CycleOutcome.COMPLETED,
            control=cycle.control,
            decisions=tuple(cycle.decisions),
            executions=tuple(cycle.executions),
            equity=desk.portfolio.equity(cycle.portfolio),
            unresolved=sum(1 for row in cycle.unfinished if row.status.is_unresolved),
            differences=cycle.differences or {},
            compared=cycle.differences is not None,
            finished_at=desk.clock.now(),
            duration_s=duration_s,
            own_ms=max(0.0, duration_s - waited_s) * 1000,
        )

    def _new_candles(
        self, decisions: Iterable[Decision], cycle: _Cycle
    ) -> dict[str, tuple[CandleInterval, tuple[Candle, ...]]]:
        """The candles that `decisions` were the first to see; a symbol's first one saw its whole history first."""
        seen = {decision.symbol for decision in decisions if decision.candles_seen}
        return {
            view.symbol: (
                view.interval,
                view.fresh_candles if view.symbol in self._last_seen else view.candles,
            )
            for view in cycle.views.values()
            if isinstance(view, MarketSnapshot) and view.symbol in seen
        }

    def _remember(self, cycle: _Cycle) -> None:
        for symbol, (_, candles) in self._new_candles(cycle.decisions, cycle).items():
            self._last_seen[symbol] = candles[-1].open_time
        for result in cycle.executions:
            symbol = result.order.intent.symbol
            if symbol in self._last_seen:
                self._last_traded[symbol] = self._last_seen[symbol]

    def _start(
        self,
        kind: CycleKind,
        number: int,
        scheduled_at: datetime,
        symbols: tuple[str, ...],
        skipped_ticks: int,
    ) -> CycleStart:
        return CycleStart(
            id=uuid.uuid4().hex,
            number=number,
            kind=kind,
            scheduled_at=scheduled_at,
            started_at=self._desk.clock.now(),
            symbols=symbols,
            skipped_ticks=skipped_ticks,
        )


def _is_by_hand(request: OrderRequest | None) -> bool:
    """Whether a person chose the side: such a decision looks at no candle."""
    return request is not None and request.side is not None


def _seen(decision: Decision, view: MarketSnapshot, request: OrderRequest | None) -> Decision:
    """Note which candles this decision is the first to see."""
    fresh = view.fresh_candles
    if not fresh or _is_by_hand(request):
        return decision
    return replace(
        decision,
        first_candle=fresh[0].open_time,
        last_candle=fresh[-1].open_time,
        candles_seen=len(fresh),
    )


def _refused(decision: Decision, gate: GateResult) -> Decision:
    outcome = Outcome.HALTED if gate.gate == "halted" else Outcome.REFUSED
    return replace(decision, outcome=outcome, reason=Reason(gate.gate, gate.text))


def _locked(decision: Decision, unfinished: tuple[JournalOrder, ...]) -> Decision:
    row = next(row for row in unfinished if row.intent.symbol == decision.symbol)
    cid = row.intent.client_order_id
    text = f"order {cid} is {row.status}" + (f": {row.reason}" if row.reason else "")
    return replace(decision, outcome=Outcome.UNRESOLVED, reason=Reason("unresolved_order", text))
