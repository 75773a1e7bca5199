"""What a cycle does about one symbol: signal, risk, execution, and then the protection of what is held."""

import uuid
from dataclasses import replace
from datetime import timedelta

from binance_trade_agent.agents.execution.place import ProtectionInTheWay, SendingForbidden
from binance_trade_agent.agents.risk import RiskContext
from binance_trade_agent.agents.signal import StrategyFailed
from binance_trade_agent.domain.decisions import (
    Approved,
    CycleKind,
    Decision,
    GateResult,
    Outcome,
    Reason,
    Refused,
    Signal,
    SignalAction,
)
from binance_trade_agent.domain.market import MarketDataFailure, MarketSnapshot
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.protection import ExitNow
from binance_trade_agent.orchestrator.cycle import Cycle, locks_of, resting_entries
from binance_trade_agent.orchestrator.desk import OrderRequest, TradingDesk, TradingPlan
from binance_trade_agent.orchestrator.dry_run import dry_run_reason, estimate_of, rounding_note
from binance_trade_agent.orchestrator.progress import Progress
from binance_trade_agent.orchestrator.recording import assessment_inputs, decision_inputs
from binance_trade_agent.telemetry.stopwatch import Stopwatch

_MINUTE = timedelta(minutes=1)


class SymbolTurn:
    """Takes one symbol through a cycle. The desk's agents do the work; here is their order."""

    def __init__(self, plan: TradingPlan, desk: TradingDesk, progress: Progress) -> None:
        self._plan = plan
        self._desk = desk
        self._progress = progress
        self.stopping = False

    async def take(self, symbol: str, cycle: Cycle) -> Decision:
        """The one decision of `symbol` in this cycle, and after it the protection of what is held."""
        decision = await self._decide(symbol, cycle)
        view = cycle.views[symbol]
        if cycle.is_dry or cycle.start.kind is CycleKind.TEST or isinstance(view, MarketDataFailure):
            return decision
        if not cycle.has_something(symbol) or cycle.account is None:
            return decision
        protected = await self._desk.protection.protect(
            view, decision, cycle.start.id, self._progress.new_candles([decision], cycle)
        )
        cycle.unfinished = self._desk.journal.unfinished()
        cycle.book = self._desk.portfolio.book(cycle.unfinished)
        if protected.alarm:
            cycle.alarms[f"unprotected:{symbol}"] = f"{symbol}: {protected.text}"
        if decision.reason.code != "looked_after":
            return decision
        return replace(decision, reason=Reason("looked_after", protected.text))

    async def _decide(self, symbol: str, cycle: Cycle) -> Decision:
        """What becomes of `symbol` in this cycle."""
        watch = Stopwatch(self._desk.clock)
        view, now = cycle.views[symbol], self._desk.clock.now()
        decision = Decision(
            uuid.uuid4().hex, symbol, now, Outcome.NO_DATA, Reason("no_data", ""), step_ms=watch.laps
        )
        if isinstance(view, MarketDataFailure):
            return replace(decision, reason=Reason(view.code, view.text))
        if view.rules.quote != self._plan.quote:
            return replace(decision, reason=Reason("other_quote", self._quote_text(view)))
        if (request := cycle.request) is not None and request.side is None:
            # asked for now: the newest candle counts even if a cycle has already seen it
            view = replace(view, new_candles=max(1, view.new_candles))
        decision = replace(decision, price=view.price, inputs=decision_inputs(view, cycle))
        if self.stopping:
            text = "the trader was told to stop before this symbol's turn"
            return replace(decision, outcome=Outcome.INTERRUPTED, reason=Reason("stopping", text))
        if cycle.account is None:
            return replace(decision, reason=Reason("no_account", cycle.account_error))
        decision = _seen(decision, view, cycle)
        self._desk.protection.see(view)
        due = self._due_exit(view, cycle)
        if cycle.start.kind is CycleKind.FILL and due is None:
            text = "an order of it traded or was overdue"
            return replace(decision, outcome=Outcome.HELD, reason=Reason("looked_after", text))
        try:
            signal = _exit_signal(view, due) if due else self._signal(view, cycle)
        except StrategyFailed as error:
            return replace(decision, outcome=Outcome.FAILED, reason=Reason("strategy_failed", str(error)))
        watch.lap("signal")
        decision = replace(decision, signal=signal, nearest_miss=signal.nearest_miss)
        return await self._act(signal, decision, view, cycle, watch, _asked(cycle.request, due))

    async def _act(
        self,
        signal: Signal,
        decision: Decision,
        view: MarketSnapshot,
        cycle: Cycle,
        watch: Stopwatch,
        asked: OrderRequest,
    ) -> Decision:
        """Take a signal through locks, risk and execution; `asked` is what no strategy chose."""
        if signal.action is SignalAction.SELL:
            await self._clear_entries(signal.symbol, cycle)
        if (held_back := self._hold_back(signal, decision, cycle, asked)) is not None:
            return held_back
        context = self._context(signal, cycle)
        verdict = self._desk.risk.assess(
            signal,
            view,
            cycle.portfolio,
            control=cycle.control,
            context=context,
            quantity=asked.quantity,
            at_most=asked.at_most,
            side=asked.side,
            limit_price=asked.limit_price,
            time_limit=asked.time_limit,
        )
        watch.lap("risk")
        assessment = assessment_inputs(view, cycle, context, asked)
        if decision.inputs is not None:
            decision = replace(decision, inputs=replace(decision.inputs, assessment=assessment))
        decision = replace(decision, gates=verdict.gates)
        if isinstance(verdict, Refused):
            return _refused(decision, verdict.blocking)
        if cycle.is_dry:
            cycle.estimate = estimate_of(verdict, self._desk.risk.limits.fee_rate, self._plan.quote)
            decision = replace(decision, outcome=Outcome.DRY_RUN, reason=dry_run_reason(cycle.estimate))
        else:
            decision = await self._execute(verdict, decision, view, cycle)
            watch.lap("execution")
        return _with_note(decision, rounding_note(asked.limit_price, verdict))

    def _hold_back(
        self, signal: Signal, decision: Decision, cycle: Cycle, asked: OrderRequest
    ) -> Decision | None:
        """How the decision ends before any gate is asked; None where there is an order to judge."""
        if waiting := _must_wait(signal, cycle):
            if signal.action is SignalAction.SELL:
                # a crossing comes once: the candles stay new, so that the exit is decided on when it can be sent
                decision = replace(decision, first_candle=None, last_candle=None, candles_seen=0)
            return replace(decision, outcome=Outcome.UNRESOLVED, reason=waiting)
        resting = resting_entries(cycle.unfinished).get(signal.symbol)
        if resting is not None and not (cycle.is_dry and signal.action is SignalAction.SELL):
            outcome = Outcome.HELD if asked.side is None else Outcome.REFUSED
            return replace(decision, outcome=outcome, reason=Reason("entry_rests", resting))
        if signal.action is SignalAction.HOLD:
            return replace(decision, outcome=Outcome.HELD, reason=signal.reasons[0])
        return None

    async def _clear_entries(self, symbol: str, cycle: Cycle) -> None:
        """Take back what still rests to buy the symbol: an exit does not wait for it. A dry run only supposes so."""
        rows = [row for row in cycle.unfinished if row.intent.symbol == symbol and row.rests_as_entry]
        if cycle.is_dry:
            supposed = tuple(row for row in cycle.unfinished if row not in rows)
            cycle.book = self._desk.portfolio.book(supposed)
            return
        for row in rows:
            await self._desk.execution.cancel_entry(row, "an exit")
        if rows:
            cycle.unfinished = self._desk.journal.unfinished()
            cycle.locked = locks_of(cycle.unfinished, self._desk.journal.unfinished_cancels())
            cycle.book = self._desk.portfolio.book(cycle.unfinished)

    def _due_exit(self, view: MarketSnapshot, cycle: Cycle) -> ExitNow | None:
        if cycle.is_dry or cycle.start.kind is CycleKind.TEST or not cycle.has_something(view.symbol):
            return None
        return self._desk.protection.due_exit(cycle.portfolio.position(view.symbol), view)

    def _quote_text(self, view: MarketSnapshot) -> str:
        return f"{view.symbol} trades in {view.rules.quote}, this book in {self._plan.quote}"

    def _signal(self, view: MarketSnapshot, cycle: Cycle) -> Signal:
        request = cycle.request
        if request is None or request.side is None:
            position, trip = cycle.portfolio.position(view.symbol), cycle.book.trips.open.get(view.symbol)
            return self._desk.signal.evaluate(view, position, trip)
        return Signal(
            symbol=view.symbol,
            strategy=request.reason,
            action=SignalAction(request.side.value),
            strength=1.0,
            reasons=(Reason("requested", f"{request.side} was asked for, not decided by a strategy"),),
            values={},
            candle_time=view.candles[-1].close_time,
        )

    def _context(self, signal: Signal, cycle: Cycle) -> RiskContext:
        desk, portfolio = self._desk, cycle.portfolio
        last_minute, today = self._entries_begun(cycle) if signal.action is SignalAction.BUY else (0, 0)
        return RiskContext(
            account=cycle.known_account,
            candle_interval=self._plan.candle_interval,
            last_exits={
                symbol: position.updated_at
                for symbol, position in portfolio.positions.items()
                if position.updated_at is not None and portfolio.position(symbol) is None
            },
            last_traded_candles=self._progress.last_traded,
            marks=cycle.marks,
            trips=cycle.book.trips,
            orders_last_minute=last_minute,
            orders_today=today,
            is_traded=cycle.request is not None or signal.symbol in self._plan.symbols,
            warmup_candles=desk.signal.warmup_candles(signal.symbol),
            candles=cycle.invested_windows(),
        )

    def _entries_begun(self, cycle: Cycle) -> tuple[int, int]:
        """Asked of the journal once an entry: hundreds of symbols may want one in the same cycle."""
        if cycle.entries_begun is None:
            now, count = self._desk.clock.now(), self._desk.journal.entries_since
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            cycle.entries_begun = count(now - _MINUTE), count(midnight)
        return cycle.entries_begun

    async def _execute(
        self, approved: Approved, decision: Decision, view: MarketSnapshot, cycle: Cycle
    ) -> Decision:
        cycle.entries_begun = None
        try:
            result = await self._desk.execution.execute(
                approved,
                decision,
                cycle.start.id,
                self._progress.new_candles([decision], cycle),
                self._desk.protection.covers(approved.symbol),
                may_replace=view.rules.cancel_replace_allowed,
            )
        except SendingForbidden as error:
            if error.is_of_symbol:
                return replace(decision, outcome=Outcome.REFUSED, reason=Reason("reduce_only", str(error)))
            return replace(decision, outcome=Outcome.HALTED, reason=Reason("halted", str(error)))
        except ProtectionInTheWay as error:
            return replace(
                decision, outcome=Outcome.UNRESOLVED, reason=Reason("protection_in_the_way", str(error))
            )
        cycle.executions.append(result)
        cycle.unfinished = self._desk.journal.unfinished()
        cycle.book = self._desk.portfolio.book(cycle.unfinished)
        return replace(
            decision,
            outcome=result.outcome,
            reason=Reason(result.outcome.value, result.text),
            client_order_id=result.order.intent.client_order_id,
        )


def _is_by_hand(request: OrderRequest | None) -> bool:
    """Whether a person chose the side: such a decision looks at no candle."""
    return request is not None and request.side is not None


def _seen(decision: Decision, view: MarketSnapshot, cycle: Cycle) -> Decision:
    """Note which candles this decision is the first to see."""
    fresh = view.fresh_candles
    if not fresh or cycle.is_dry or _is_by_hand(cycle.request) or cycle.start.kind is CycleKind.FILL:
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


def _must_wait(signal: Signal, cycle: Cycle) -> Reason | None:
    """Why nothing is done about the symbol now: an unfinished order, or, for an entry, a stray one."""
    if signal.symbol in cycle.locked:
        return Reason("unresolved_order", cycle.locked[signal.symbol])
    if signal.action is SignalAction.BUY and signal.symbol in cycle.comparison.strays:
        return Reason("stray_order", cycle.comparison.strays[signal.symbol])
    return None


def _asked(request: OrderRequest | None, due: ExitNow | None) -> OrderRequest:
    """What no strategy chose: a person's order, or an exit that protection could not leave to the exchange."""
    if due is not None:
        return OrderRequest(side=Side.SELL)
    return request or OrderRequest()


def _with_note(decision: Decision, note: str) -> Decision:
    return replace(decision, reason=replace(decision.reason, text=decision.reason.text + note))


def _exit_signal(view: MarketSnapshot, due: ExitNow) -> Signal:
    return Signal(
        symbol=view.symbol,
        strategy="protection",
        action=SignalAction.SELL,
        strength=1.0,
        reasons=(Reason(due.code, due.text),),
        values={},
        candle_time=view.candles[-1].close_time,
    )
