"""Keeps every position protected at the exchange: one step after another until nothing is left to do."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

import structlog

from binance_trade_agent.agents.execution.place import SendingForbidden, TradeExecutionAgent
from binance_trade_agent.agents.execution.sending import Answer, OrderSender, Sent
from binance_trade_agent.domain.decisions import Decision
from binance_trade_agent.domain.market import BookTop, MarketSnapshot
from binance_trade_agent.domain.money import ZERO, to_wire
from binance_trade_agent.domain.orders import (
    OrderIntent,
    OrderListIntent,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
    new_client_order_id,
)
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.protection import (
    AskedLevels,
    Cover,
    Drop,
    ExitNow,
    Leave,
    Levels,
    Move,
    Place,
    ProtectionPlan,
    Step,
    StopTerms,
    Wait,
    covers_of,
    levels_of,
)
from binance_trade_agent.domain.protection_steps import next_step
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.ports import Clock, ControlState, Exchange, Ledger, OrderJournal, SeenCandles

_log = structlog.get_logger(__name__)

#: Waits after protection was refused: the first, and the longest. Meanwhile its levels are watched in each cycle.
_FIRST_WAIT_S = 5.0
_LONGEST_WAIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Protected:
    """How a symbol's protection stands after a turn; `alarm` marks what a person should know of."""

    text: str
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is due for a symbol's protection, where its levels lie, and what rests. `trails`: its stop follows the price."""

    step: Step
    levels: Levels
    covers: tuple[Cover, ...]
    trails: bool


class ProtectionAgent:
    """Places, moves and drops protective orders. Its orders belong to the decision of the symbol's turn.

    A decision has at most one stop and one target (they are unique together with it), so a
    turn places protection at most once; what is left over is the next cycle's.
    """

    def __init__(
        self,
        exchange: Exchange,
        journal: OrderJournal,
        ledger: Ledger,
        control: ControlState,
        clock: Clock,
        execution: TradeExecutionAgent,
        sender: OrderSender,
        plan: ProtectionPlan,
    ) -> None:
        self._exchange, self._journal, self._ledger = exchange, journal, ledger
        self._control, self._clock = control, clock
        self._execution, self._sender = execution, sender
        self._plan = plan
        self._seen: dict[str, MarketSnapshot] = {}
        #: symbol -> what was not taken, how often in a row, and when to try it again
        self._turned_away: dict[str, tuple[str, int, float]] = {}

    def see(self, view: MarketSnapshot) -> None:
        """Remember a symbol's rules and prices, to judge later whether a fill calls for protection."""
        self._seen[view.symbol] = view

    def is_due(self, symbol: str) -> bool:
        """Whether something is to be done for `symbol`, by what was last seen of its market."""
        view = self._seen.get(symbol)
        return view is not None and not isinstance(self._next(symbol, view.rules, view.book), Leave)

    def outlook(
        self, symbol: str, rules: SymbolRules, book: BookTop, asked: AskedLevels | None = None
    ) -> Outlook:
        """How the protection of `symbol` stands at these prices, its levels as if `asked` were; sends nothing."""
        position = self._held(self._ledger.positions().get(symbol))
        asked = self._ledger.asked_levels().get(symbol) if asked is None else asked
        levels = levels_of(position, rules, book, self._plan, asked) if position else Levels(None, None)
        step = self._next(symbol, rules, book)
        return Outlook(step, levels, self.covers(symbol), bool(self._plan.trailing_share))

    def covers(self, symbol: str) -> tuple[Cover, ...]:
        """The protection that rests for `symbol`."""
        return covers_of(self._journal.unfinished(), symbol)

    def due_exit(self, position: Position | None, view: MarketSnapshot) -> ExitNow | None:
        """Whether the price has passed a level that no order at the exchange guards."""
        held, asked = self._held(position), self._ledger.asked_levels().get(view.symbol)
        step = next_step(held, self.covers(view.symbol), view.rules, view.book, self._plan, asked)
        return step if isinstance(step, ExitNow) else None

    async def protect(
        self, view: MarketSnapshot, decision: Decision, cycle_id: str, candles: SeenCandles
    ) -> Protected:
        """Bring the protection of the view's symbol up to date; sends nothing while halted or locked."""
        told = ""
        placed = False
        while True:
            step = self._next(view.symbol, view.rules, view.book)
            if isinstance(step, ExitNow):
                return Protected(step.text, alarm=True)
            if isinstance(step, Leave):
                if not isinstance(step, Wait):
                    self._end_taking_back(view.symbol)
                return Protected(told or step.text, step.alarm)
            if placed:
                return Protected(told)
            if not self._control.read().state.orders_allowed:
                return _forbidden(step)
            if (wait_s := self._wait_s(view.symbol, step)) > 0:
                text = f"its protection was not taken and is tried again in {wait_s:.0f} s; its levels are watched"
                return Protected(text, alarm=True)
            try:
                answer = await self._take(step, view, decision, cycle_id, candles)
            except SendingForbidden:
                return _forbidden(step)
            placed = placed or not isinstance(step, Drop)
            told = _tell(step, answer)
            self._note(view.symbol, step, answer)
            if answer.sent is not Sent.DONE:
                _log.warning("protection", symbol=view.symbol, text=told)
                return Protected(told, alarm=True)

    def _end_taking_back(self, symbol: str) -> None:
        """Levels that were taken back have done their part once what rests agrees with the settings'."""
        asked = self._ledger.asked_levels().get(symbol)
        if asked is not None and asked.are_taken_back:
            self._ledger.restore_levels(symbol, None)

    def _wait_s(self, symbol: str, step: Place | Move | Drop) -> float:
        """How long to wait before `step` is tried again; another step than the one refused need not wait."""
        task, _, again_at = self._turned_away.get(symbol, ("", 0, -math.inf))
        return again_at - self._clock.monotonic() if task == _task(step) else 0.0

    def _note(self, symbol: str, step: Place | Move | Drop, answer: Answer) -> None:
        """Wait longer after each refusal in a row: a rule that refuses now will refuse in a second."""
        if answer.sent is Sent.DONE:
            self._turned_away.pop(symbol, None)
        elif answer.sent is Sent.REFUSED:
            task, times, _ = self._turned_away.get(symbol, ("", 0, 0.0))
            times = times + 1 if task == _task(step) else 1
            wait_s = min(_FIRST_WAIT_S * 2 ** (times - 1), _LONGEST_WAIT_S)
            self._turned_away[symbol] = (_task(step), times, self._clock.monotonic() + wait_s)

    def _next(self, symbol: str, rules: SymbolRules, book: BookTop) -> Step:
        rows = [row for row in self._journal.unfinished() if row.intent.symbol == symbol]
        # what an entry that rests on has bought so far is not left unguarded until it ends
        if any(row.locks_symbol and not row.rests_all_booked for row in rows):
            return Wait("an order of the symbol is not finished")
        if any(cancel.intent.symbol == symbol for cancel in self._journal.unfinished_cancels()):
            return Wait("a cancel of the symbol is not resolved")
        position = self._held(self._ledger.positions().get(symbol))
        asked = self._ledger.asked_levels().get(symbol)
        return next_step(position, covers_of(rows, symbol), rules, book, self._plan, asked)

    def _held(self, position: Position | None) -> Position | None:
        """The position as far as the account holds it: nothing else can be protected or sold."""
        if position is None:
            return None
        return position.at_most(self._ledger.balances().get(position.base, ZERO))

    async def _take(
        self,
        step: Place | Move | Drop,
        view: MarketSnapshot,
        decision: Decision,
        cycle_id: str,
        candles: SeenCandles,
    ) -> Answer:
        """Journal and send one step; raises `SendingForbidden` where a halt came first."""
        check = partial(self._check_allowed, view.symbol)
        if isinstance(step, Drop):
            cancel = self._execution.cancel_of(step.cover, step.reason)
            self._journal.write_cancel(cancel)
            return await self._sender.cancel(cancel)
        if isinstance(step, Move):
            intent = self._alone(view, step.quantity, step.stop, step.target)
            reason = "moved as a person asked" if step.asked else "the stop moves"
            moved = self._execution.cancel_of(step.cover, reason, replaced_by=intent)
            self._journal.write_replacement(moved, intent, decision, cycle_id, candles, check=check)
            return await self._sender.replacement(moved, intent)
        if step.stop is not None and step.target is not None:
            order_list = self._oco(view, step.quantity, step.stop, step.target)
            self._journal.write_list(order_list, decision, cycle_id, candles, check=check)
            return await self._sender.order_list(order_list)
        alone = self._alone(view, step.quantity, step.stop, step.target)
        self._journal.write_intent(alone, decision, cycle_id, candles, check=check)
        return await self._sender.order(alone)

    def _check_allowed(self, symbol: str) -> None:
        control = self._control.read()
        if not control.state.orders_allowed:
            raise SendingForbidden(control, symbol)

    def _alone(
        self, view: MarketSnapshot, quantity: Decimal, stop: StopTerms | None, target: Decimal | None
    ) -> OrderIntent:
        if stop is not None:
            return self._stop(view, quantity, stop, None)
        if target is not None:
            return self._target(view, quantity, target, None)
        raise ValueError("a cover has a stop or a target")

    def _oco(
        self, view: MarketSnapshot, quantity: Decimal, stop: StopTerms, target: Decimal
    ) -> OrderListIntent:
        list_id = new_client_order_id()
        stop_leg = self._stop(view, quantity, stop, list_id)
        # one request carries both legs, so they share its stamp
        target_leg = replace(self._target(view, quantity, target, list_id), stamp=stop_leg.stamp)
        return OrderListIntent(
            client_list_id=list_id,
            symbol=view.symbol,
            stop=stop_leg,
            target=target_leg,
            stamp=stop_leg.stamp,
            created_at=stop_leg.created_at,
        )

    def _stop(
        self, view: MarketSnapshot, quantity: Decimal, terms: StopTerms, list_id: str | None
    ) -> OrderIntent:
        limited = terms.order_type is OrderType.STOP_LOSS_LIMIT
        return OrderIntent(
            client_order_id=new_client_order_id(),
            symbol=view.symbol,
            side=Side.SELL,
            order_type=terms.order_type,
            quantity=quantity,
            purpose=Purpose.STOP,
            stamp=self._exchange.stamp(),
            reference_price=terms.price or terms.stop_price,
            created_at=self._clock.now(),
            price=terms.price,
            stop_price=terms.stop_price,
            time_in_force=TimeInForce.GTC if limited else None,
            client_list_id=list_id,
        )

    def _target(
        self, view: MarketSnapshot, quantity: Decimal, price: Decimal, list_id: str | None
    ) -> OrderIntent:
        return OrderIntent(
            client_order_id=new_client_order_id(),
            symbol=view.symbol,
            side=Side.SELL,
            order_type=OrderType.LIMIT_MAKER,
            quantity=quantity,
            purpose=Purpose.TARGET,
            stamp=self._exchange.stamp(),
            reference_price=price,
            created_at=self._clock.now(),
            price=price,
            client_list_id=list_id,
        )


def _forbidden(step: Place | Move | Drop) -> Protected:
    return Protected("no order may be sent now to protect it", alarm=isinstance(step, Place))


def _task(step: Place | Move | Drop) -> str:
    """What a step does and for how much: prices move, but the exchange's refusal is of the same task.

    Another price that a person asks for is another task.
    """
    quantity = step.cover.quantity if isinstance(step, Drop) else step.quantity
    at = f" {_levels_text(step.stop, step.target)}" if isinstance(step, Move) and step.asked else ""
    return f"{type(step).__name__} {to_wire(quantity)}{at}"


def _levels_text(stop: StopTerms | None, target: Decimal | None) -> str:
    levels = [f"stop {to_wire(stop.stop_price)}"] if stop else []
    levels += [f"target {to_wire(target)}"] if target else []
    return " and ".join(levels)


def _tell(step: Place | Move | Drop, answer: Answer) -> str:
    """What was done, and how it went where it went wrong."""
    if isinstance(step, Drop):
        told = f"cancelled protection: {step.reason}"
    elif isinstance(step, Move):
        told = f"moved the protection to {_levels_text(step.stop, step.target)}"
    else:
        told = f"protected {to_wire(step.quantity)} by {_levels_text(step.stop, step.target)}"
    return told if answer.sent is Sent.DONE else f"not {told}: {answer.text}"
