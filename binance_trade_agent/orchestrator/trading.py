"""The cycle on one screen."""

import math
import uuid
from datetime import datetime

from binance_trade_agent.agents.execution.protect import Outlook
from binance_trade_agent.agents.execution.sending import Answer
from binance_trade_agent.domain.decisions import (
    CycleKind,
    CycleOutcome,
    CycleReport,
    CycleStart,
    Outcome,
)
from binance_trade_agent.domain.market import BookTop
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import JournalOrder, Purpose
from binance_trade_agent.domain.protection import AskedLevels
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.orchestrator.cycle import Cycle
from binance_trade_agent.orchestrator.desk import OrderRequest, TradingDesk, TradingPlan
from binance_trade_agent.orchestrator.observing import Observer
from binance_trade_agent.orchestrator.progress import Progress
from binance_trade_agent.orchestrator.turn import SymbolTurn
from binance_trade_agent.telemetry.crash_points import CrashPoint, reached

#: How long a symbol rests between two turns: protection that the exchange ends at once asks for one each time.
_TURN_PAUSE_S = 5.0
_NO_SYMBOLS = "the exchange could not be asked yet which symbols fit TRADING_SYMBOLS"


class TradingOrchestrator:
    """Runs cycles, one at a time. Only the holder of the trading lease may have one."""

    def __init__(self, plan: TradingPlan, desk: TradingDesk) -> None:
        self._plan = plan
        self._desk = desk
        self._progress = Progress(desk.decisions)
        self._observer = Observer(desk)
        self._turn = SymbolTurn(plan, desk, self._progress)
        #: Symbols that traded since they last had a turn.
        self._touched: set[str] = set()
        self._turned_at: dict[str, float] = {}
        self._resting: tuple[JournalOrder, ...] = ()
        #: Overdue entries that the last cycle tried to end: the next tick tries again.
        self._tried: frozenset[str] = frozenset()

    def stop(self) -> None:
        """Begin no further order; the cycle in hand ends with a decision for each symbol."""
        self._turn.stopping = True

    async def run_cycle(self, number: int, scheduled_at: datetime, *, skipped_ticks: int = 0) -> CycleReport:
        """The scheduled cycle over all symbols, and over what is held of others: they may be sold, not bought."""
        symbols = self._plan.symbols + self._desk.portfolio.to_be_left(self._plan.symbols)
        start = self._start(CycleKind.SCHEDULED, number, scheduled_at, symbols, skipped_ticks)
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
        return await self._desk.resolver.resolve_all(thorough=True)

    async def withdraw_entries(self) -> tuple[str, ...]:
        """Cancel entries that still rest: nobody would protect what they buy once this process is gone.

        Orders whose fate is not known are looked up first: one of them may rest too, or have traded. Returns the
        symbols of which something was bought, to be looked after by a last turn each.
        """
        journal = self._desk.journal
        unresolved = [row.intent for row in journal.unfinished() if row.status.is_unresolved]
        if unresolved:
            await self._desk.resolver.resolve_all(thorough=False)
        found = [
            journal.get(intent.client_order_id) for intent in unresolved if intent.purpose is Purpose.ENTRY
        ]
        resting = [row for row in journal.unfinished() if row.rests_as_entry]
        ended = [(await self._desk.execution.cancel_entry(row, "the trader ends")).row for row in resting]
        return tuple(dict.fromkeys(row.intent.symbol for row in (*found, *ended) if row.executed))

    async def cancel_order(self, row: JournalOrder, reason: str) -> Answer:
        """Cancel one order that rests, with the list it belongs to; what it traded stays."""
        return await self._desk.execution.cancel_entry(row, reason)

    async def market_of(self, symbol: str) -> tuple[SymbolRules, BookTop]:
        """The rules and the book's top of `symbol` now; raises `ExchangeError`."""
        rules = await self._desk.exchange.rules((symbol,))
        tops = await self._desk.exchange.book_tops((symbol,))
        return rules[symbol], tops[symbol]

    def protection_of(
        self, symbol: str, rules: SymbolRules, book: BookTop, asked: AskedLevels | None = None
    ) -> Outlook:
        """How the protection of `symbol` stands at these prices, its levels as if `asked` were."""
        return self._desk.protection.outlook(symbol, rules, book, asked)

    def wants_turn(self) -> str | None:
        """A symbol that cannot wait for the next tick: an order of it traded, or a resting entry is overdue."""
        self._touched |= self._desk.user_data.take_touched()
        self._touched = {symbol for symbol in self._touched if self._desk.protection.is_due(symbol)}
        latest = self._desk.clock.monotonic() - _TURN_PAUSE_S
        rested = (symbol for symbol in self._touched if self._turned_at.get(symbol, -math.inf) <= latest)
        if (symbol := next(rested, None)) is not None:
            return symbol
        overdue = self._observer.overdue(self._desk.journal.unfinished())
        return next((r.intent.symbol for r in overdue if r.intent.client_order_id not in self._tried), None)

    async def run_turn(self, number: int, symbol: str) -> CycleReport:
        """Look after one symbol between two ticks: orders and protection, no strategy."""
        self._turned_at[symbol] = self._desk.clock.monotonic()
        start = self._start(CycleKind.FILL, number, self._desk.clock.now(), (symbol,), 0)
        report = await self._run(start, None)
        if report.decisions[0].outcome is Outcome.NO_DATA:
            self._touched.add(symbol)
        return report

    async def _run(self, start: CycleStart, request: OrderRequest | None) -> CycleReport:
        desk, began, waited = self._desk, self._desk.clock.monotonic(), self._desk.exchange.waited_s
        desk.decisions.open_cycle(start, self._plan.session_id)
        reached(CrashPoint.CYCLE_OPENED)
        self._touched |= desk.user_data.take_touched()
        if request is None or not request.dry_run:
            self._touched -= set(start.symbols)
        cycle = await self._observer.observe(start, request, self._progress.last_seen)
        if self._lacks_symbols(start):
            cycle.alarms["no_symbols"] = _NO_SYMBOLS
        for symbol in start.symbols:
            cycle.decisions.append(await self._turn.take(symbol, cycle))
        report = self._report(cycle, began, waited)
        reached(CrashPoint.CYCLE_CLOSING)
        desk.decisions.close_cycle(report, self._progress.new_candles(cycle.decisions, cycle))
        self._progress.remember(cycle)
        if cycle.is_dry:
            return report
        # one whose time ended later, while this cycle ran, was not tried
        overdue = self._observer.overdue(cycle.unfinished, at=start.started_at)
        self._tried = frozenset(row.intent.client_order_id for row in overdue)
        return report

    def _report(self, cycle: Cycle, began: float, waited_s: float) -> CycleReport:
        desk = self._desk
        duration_s = desk.clock.monotonic() - began
        waited_s = desk.exchange.waited_s - waited_s
        degraded = self._lacks_symbols(cycle.start) or any(
            decision.outcome is Outcome.NO_DATA
            for decision in cycle.decisions
            if decision.symbol in self._plan.symbols or cycle.request is not None
        )
        return CycleReport(
            start=cycle.start,
            outcome=CycleOutcome.DEGRADED if degraded else CycleOutcome.COMPLETED,
            control=cycle.control,
            decisions=tuple(cycle.decisions),
            executions=tuple(cycle.executions),
            # what a dry run leaves behind is its decision: no point of the equity curve, no marks
            equity=None if cycle.is_dry else desk.portfolio.equity(cycle.portfolio),
            unresolved=sum(1 for row in cycle.unfinished if row.status.is_unresolved),
            differences=cycle.comparison.differences,
            compared=cycle.comparison.compared,
            traded=() if cycle.is_dry else self._protection_news(cycle),
            alarms=cycle.alarms,
            marks=None if cycle.is_dry else cycle.marks,
            dry_run=cycle.is_dry,
            estimate=cycle.estimate,
            finished_at=desk.clock.now(),
            duration_s=duration_s,
            own_ms=max(0.0, duration_s - waited_s) * 1000,
        )

    def _lacks_symbols(self, start: CycleStart) -> bool:
        """Whether this cycle should trade, but cannot know what: symbols that are held do not hide it."""
        return start.kind is CycleKind.SCHEDULED and not self._plan.symbols

    def _protection_news(self, cycle: Cycle) -> tuple[str, ...]:
        """What became of the protection that rested after the last cycle, where it traded."""
        before, self._resting = (
            self._resting,
            tuple(row for row in cycle.unfinished if row.rests_as_protection),
        )
        resting = {row.intent.client_order_id: row for row in self._resting}
        news = []
        for row in before:
            cid = row.intent.client_order_id
            now = resting[cid] if cid in resting else self._desk.journal.get(cid)
            if now.executed > row.executed:
                news.append(_told(now))
        return tuple(news)

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


def _told(row: JournalOrder) -> str:
    price = row.average_price
    at = f" at {to_wire(round(price, 8))}" if price is not None else ""
    return f"{row.intent.purpose} sold {to_wire(row.executed)} {row.intent.symbol}{at}: {row.status}"
