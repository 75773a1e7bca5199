"""Decides a past session again from what is stored, and reports what comes out otherwise.

Each decision is taken by the same agents that took it: the signal from the stored candles and the
position that the bookings make, the gates from that book and what the decision noted of the
moment (control state, account, prices, marks). What was never decided from stored things
is counted by kind, and what of it can be checked is.
"""

from collections.abc import Callable, Mapping

from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent, StrategyFailed
from binance_trade_agent.backtest.book import BookFold, BookState
from binance_trade_agent.backtest.checks import (
    check_end,
    check_fills,
    check_gates,
    check_held,
    check_marks,
    check_order,
    check_seen,
    check_signal,
    check_verdict,
    decided_orders,
)
from binance_trade_agent.backtest.kinds import EARLIER_VERSION, WAITS, WITHOUT_INPUTS, Part, kind_of
from binance_trade_agent.backtest.replay_report import Difference, ReplayReport, Tally
from binance_trade_agent.backtest.restoring import (
    SessionTerms,
    context_of,
    portfolio_of,
    position_in,
    signal_of,
    snapshot_of,
)
from binance_trade_agent.backtest.windows import CandlesMissing, CandleWindows
from binance_trade_agent.domain.decisions import (
    AssessmentInputs,
    CycleKind,
    CycleOutcome,
    DecisionInputs,
    Outcome,
    Reason,
    Signal,
    SignalAction,
)
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.portfolio import PortfolioView
from binance_trade_agent.domain.records import CycleRow, DecisionRow, OrderRow, Session
from binance_trade_agent.domain.round_trips import TripBook
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import ReplaySource
from binance_trade_agent.strategies.base import Strategy


class Replayer:
    """Decides one session again, by the strategies and limits of its own plan."""

    def __init__(
        self,
        source: ReplaySource,
        session: Session,
        strategy_of: Callable[[str], Strategy],
        limits: RiskLimits,
    ) -> None:
        self._source = source
        self._session = session
        self._terms = SessionTerms.of(session)
        self._signal = SignalAgent(strategy_of, max_signal_age=self._terms.max_signal_age)
        self._risk = RiskManagementAgent(limits)
        self._tally = Tally()
        self._windows = CandleWindows(source.candles, self._terms.interval)
        self._rules: Mapping[str, SymbolRules] = {}
        self._orders: Mapping[str, OrderRow] = {}
        self._book = BookFold((), (), self._terms.quote)
        self._marks: LossMarks | None = None

    def replay(self) -> ReplayReport:
        """Every decision of the cycles that are closed by now, in the order in which they were taken.

        Raises:
            StorageError: the database cannot be read.
        """
        # cycles first: whatever a running trader adds meanwhile belongs to others than those closed by now
        cycles = {cycle.id: cycle for cycle in self._source.cycles(self._session.id)}
        decided: dict[str, set[str]] = {cycle: set() for cycle in cycles}
        self._rules = self._source.rules()
        self._orders = decided_orders(self._source.orders(self._session.id))
        bookings = self._source.bookings()
        self._book = BookFold(bookings, self._source.moves(), self._terms.quote)
        check_fills(self._tally, (booking.fill for booking in bookings if booking.fill is not None))
        for row in self._source.decisions(self._session.id):
            if row.cycle_id not in cycles:
                continue
            decided[row.cycle_id].add(row.symbol)
            self._tally.decisions += 1
            if cycles[row.cycle_id].outcome == CycleOutcome.OPEN:
                self._tally.not_recomputed["of a cycle that is not closed"] += 1
                continue
            self._replay(row)
            if cycles[row.cycle_id].outcome == CycleOutcome.INTERRUPTED:
                # marks are stored at the end of a cycle: those that one saw which never came there are lost
                self._marks = None
        for cycle in cycles.values():
            self._check_whole(cycle, decided[cycle.id])
        return self._tally.report(self._session.id, len(cycles))

    def _check_whole(self, cycle: CycleRow, symbols: set[str]) -> None:
        """Every closed cycle of the schedule has a decision for every symbol of the session."""
        if cycle.outcome == CycleOutcome.OPEN:
            return
        is_scheduled = cycle.kind == CycleKind.SCHEDULED
        missing = set(self._session.symbols) - symbols if is_scheduled else set()
        if missing or not (symbols or is_scheduled):
            named = ", ".join(sorted(missing))
            self._tally.note(Difference(cycle.number, named, "", "decision", "none", "one a symbol"))

    def _replay(self, row: DecisionRow) -> None:
        kind, inputs, tally = kind_of(row), row.inputs, self._tally
        if kind.part is Part.NOTHING or inputs is None:
            tally.not_recomputed[kind.name] += 1
            if kind.name == WITHOUT_INPUTS:
                # a session with a plan stores them with every decision that saw a market
                tally.differ(row, "inputs", "none", "what it saw")
            return
        before = tally.by_field.total()
        snapshot = self._snapshot(row, inputs)
        if snapshot is None:
            tally.not_recomputed["what it saw is not stored"] += 1
            return
        check_seen(tally, row, snapshot)
        waits = WAITS.get(row.reason_code) if inputs.assessment is None else None
        if kind.part is Part.RISK:
            self._replay_risk(row, snapshot, inputs.assessment, signal_of(row, snapshot), waits)
            tally.partly[kind.name] += 1
        else:
            self._replay_all(row, snapshot, inputs, waits)
            if waits:
                tally.partly[waits] += 1
            else:
                tally.recomputed += 1
        gaps = self._windows.gaps(snapshot.candles) if tally.by_field.total() > before else ""
        if gaps:
            tally.differ(row, "candles", gaps, "a window without gaps")

    def _snapshot(self, row: DecisionRow, inputs: DecisionInputs) -> MarketSnapshot | None:
        rules = self._rules.get(inputs.rules)
        if rules is None:
            self._tally.differ(row, "rules", f"{inputs.rules} are not stored", f"the rules of {row.symbol}")
            return None
        try:
            window = self._windows.window(row.symbol, inputs.newest_candle, inputs.window)
        except CandlesMissing as missing:
            self._tally.differ(row, "candles", str(missing), f"{inputs.window} candles")
            return None
        return snapshot_of(row.symbol, inputs, window, rules, self._terms.interval)

    def _replay_all(
        self, row: DecisionRow, snapshot: MarketSnapshot, inputs: DecisionInputs, waits: str | None
    ) -> None:
        """From the signal on."""
        book = self._book.at(inputs.mark)
        try:
            signal = self._signal.evaluate(
                snapshot, position_in(book, snapshot), book.trips.open.get(row.symbol)
            )
        except StrategyFailed as error:
            check_end(self._tally, row, Outcome.FAILED, Reason("strategy_failed", str(error)))
            return
        if row.outcome == Outcome.FAILED:
            self._tally.differ(row, "outcome", f"{row.outcome}: {row.reason}", signal.action.value)
            return
        check_signal(self._tally, row, signal)
        if signal.action is SignalAction.HOLD and inputs.assessment is None:
            if waits is None:
                check_held(self._tally, row, signal)
            return
        self._replay_risk(row, snapshot, inputs.assessment, signal, waits)

    def _replay_risk(
        self,
        row: DecisionRow,
        snapshot: MarketSnapshot,
        seen: AssessmentInputs | None,
        signal: Signal,
        waits: str | None,
    ) -> None:
        """From the gates on."""
        order = self._orders.get(row.id)
        if seen is None:
            if waits is None:
                self._tally.differ(row, "assessment", "none", f"the gates of a {signal.action}")
            check_order(self._tally, row, order, None)
            return
        if signal.action is SignalAction.HOLD and seen.side is None:
            self._tally.differ(row, "assessment", f"{len(row.gates)} gates", "none: the signal is HOLD")
            return
        book = self._book.at(seen.mark)
        self._check_book(row, snapshot, seen, book)
        check_marks(self._tally, row, self._marks, seen.marks)
        if row.inputs is None or not row.inputs.dry_run:
            # the marks that a dry run saw were not kept
            self._marks = seen.marks or self._marks
        portfolio = portfolio_of(seen, book, self._terms.quote)
        verdict = self._risk.assess(
            signal,
            snapshot,
            portfolio,
            control=seen.control,
            context=self._context(snapshot, portfolio, book.trips, row, seen),
            quantity=seen.quantity,
            at_most=seen.at_most,
            side=seen.side,
            limit_price=seen.limit_price,
            time_limit=seen.time_limit,
        )
        check_gates(self._tally, row, verdict.gates)
        check_verdict(self._tally, row, verdict, order)

    def _check_book(
        self, row: DecisionRow, snapshot: MarketSnapshot, seen: AssessmentInputs, book: BookState
    ) -> None:
        """The cash and coins of the bookings against those that the decision saw."""
        self._tally.checked["balances"] += 2
        base = snapshot.rules.base
        self._tally.compare(row, "cash", seen.cash, book.balances.get(self._terms.quote, ZERO))
        self._tally.compare(row, f"{base} in the books", seen.held_in_books, book.balances.get(base, ZERO))

    def _context(
        self,
        snapshot: MarketSnapshot,
        portfolio: PortfolioView,
        trips: TripBook,
        row: DecisionRow,
        seen: AssessmentInputs,
    ) -> RiskContext:
        windows = {row.symbol: snapshot.candles} if portfolio.position(row.symbol) else {}
        for symbol, (newest, count) in seen.windows.items():
            try:
                windows[symbol] = self._windows.window(symbol, newest, count)
            except CandlesMissing as missing:
                self._tally.differ(row, "candles", f"{symbol}: {missing}", f"{count} candles")
        return context_of(
            seen,
            snapshot,
            portfolio,
            trips,
            windows,
            warmup_candles=self._signal.warmup_candles(row.symbol),
        )


def unreplayable(source: ReplaySource, session: Session) -> ReplayReport:
    """The report on a session without a plan: what it holds, nothing of which can be decided again."""
    tally = Tally()
    for row in source.decisions(session.id):
        tally.decisions += 1
        kind = kind_of(row)
        is_told = kind.part is Part.NOTHING and kind.name != WITHOUT_INPUTS
        tally.not_recomputed[kind.name if is_told else EARLIER_VERSION] += 1
    return tally.report(session.id, len(source.cycles(session.id)))
