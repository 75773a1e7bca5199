"""Carries out commands that other processes handed over. Only the holder of the trading lease does."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.control.flattening import Flattening
from binance_trade_agent.control.protecting import Protecting
from binance_trade_agent.control.steering import COMMAND_TTL
from binance_trade_agent.domain.decisions import CycleReport, Estimate, Outcome
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import JournalOrder, OrderStatus, Side
from binance_trade_agent.domain.records import Command, CommandKind, CommandResult, CommandStatus
from binance_trade_agent.orchestrator import OrderRequest, TradingOrchestrator
from binance_trade_agent.ports import Clock, ControlState, Ledger, OrderJournal

_STATUS = {
    Outcome.PLACED: CommandStatus.DONE,
    Outcome.HELD: CommandStatus.DONE,
    Outcome.DRY_RUN: CommandStatus.DONE,
    Outcome.REFUSED: CommandStatus.REFUSED,
    Outcome.HALTED: CommandStatus.REFUSED,
    Outcome.REJECTED: CommandStatus.REFUSED,
    Outcome.UNRESOLVED: CommandStatus.REFUSED,
}

#: Reasons of a decision without data that no later try would change; the last is the exchange's own no.
_NOT_TRADABLE = frozenset({"unknown_symbol", "other_quote", "refused"})

_UNPROTECTED = (
    "the position is unprotected until the next cycle, which puts protection back unless trading is halted"
)

_NOBODY_STAYS = (
    "no trader runs: an entry that rests needs one to protect what it buys;"
    " start it (`binance-trade-agent start`) and ask again with a new key"
)


#: The strategy has a turn of every symbol that is held, also of one that is not traded any more.
_MAY_BE_SOLD = "the strategy decides on what is bought by hand too, and may sell it in its very next cycle"
_MAY_BE_SOLD_ONCE_BOUGHT = "nothing is bought yet; the strategy decides on what it buys, too, and may sell it"
_MAY_BE_SOLD_LATER = (
    "no trader runs: the strategy of the next one decides on what is bought by hand too, and may sell it in its first"
    " cycle"
)


class CommandRunner:
    """Takes pending commands in order. A command is claimed before it begins, so it never runs twice.

    A process that does not `stay` ends with its commands, and takes back by then what still rests to buy. `dust` are
    the symbols of which too little to be sold was held when last seen.
    """

    def __init__(
        self,
        state: ControlState,
        orchestrator: TradingOrchestrator,
        clock: Clock,
        next_cycle_number: Callable[[], int],
        ledger: Ledger,
        journal: OrderJournal,
        *,
        stays: bool = True,
        dust: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._stays = stays
        self._state = state
        self._journal = journal
        self._flattening = Flattening(
            state, orchestrator, ledger, journal, clock, next_cycle_number, dust, stays=stays
        )
        self._protecting = Protecting(state, orchestrator, ledger, journal, clock, next_cycle_number)
        self._orchestrator = orchestrator
        self._clock = clock
        self._next_cycle_number = next_cycle_number

    @property
    def is_flattening(self) -> bool:
        """Whether a flatten was begun and has not ended."""
        return self._state.open_flatten() is not None

    @property
    def has_work(self) -> bool:
        """Whether anything waits to be carried out, or is being carried out."""
        return self.is_flattening or bool(self._state.pending())

    async def run_next(self) -> CycleReport | None:
        """Take the next step of a flatten, or carry out the oldest pending command; None if no cycle came of it.

        A flatten goes before everything else, and while it lasts nothing else is begun.
        """
        if (begun := self._state.open_flatten()) is not None:
            return await self._flattening.step(*begun)
        for command in sorted(self._state.pending(), key=lambda each: each.kind is not CommandKind.FLATTEN):
            now = self._clock.now()
            if not self._state.claim(command.id, now):
                continue
            if now - command.created_at > COMMAND_TTL:
                text = f"not taken within {COMMAND_TTL.total_seconds():.0f} s: no longer meant"
                self._state.finish(command.id, CommandResult(CommandStatus.REFUSED, text, {}, now))
                continue
            if command.kind is CommandKind.FLATTEN:
                return await self._flattening.step(command, {})
            if command.kind is CommandKind.CANCEL:
                return await self._cancel(command)
            if command.kind is CommandKind.PROTECT:
                return await self._protecting.carry_out(command)
            return await self._workflow(command)
        return None

    async def _cancel(self, command: Command) -> CycleReport | None:
        """End one order of ours; after an entry that bought something its symbol is looked after."""
        row = self._journal.find(command.arguments["client_order_id"])
        refusal = _why_not_cancelled(row, forced="force" in command.arguments)
        if row is None or refusal:
            self._finish(command, CommandStatus.REFUSED, refusal, {})
            return None
        answer = await self._orchestrator.cancel_order(row, _asker(command))
        now = self._journal.get(row.intent.client_order_id)
        details = {
            "symbol": row.intent.symbol,
            "client_order_id": row.intent.client_order_id,
            "executed": to_wire(now.executed),
            "before": row.status.value,
            "after": now.status.value,
        }
        told = f"{row.intent.purpose} order of {to_wire(row.intent.quantity)} {row.intent.symbol}"
        if now.status.is_terminal and now.status is not OrderStatus.FILLED:
            text = f"cancelled: {told} is {now.status}, {to_wire(now.executed)} of it had traded"
            if row.rests_as_protection:
                text += f"; {_UNPROTECTED}"
            self._finish(command, CommandStatus.DONE, text, details)
        elif now.status is OrderStatus.FILLED:
            self._finish(command, CommandStatus.REFUSED, f"too late: {told} has traded in full", details)
        else:
            text = f"not cancelled: {told} is {now.status}: {answer.text or 'not known yet'}"
            self._finish(command, CommandStatus.FAILED, text, details)
        if now.executed and not row.rests_as_protection:
            return await self._orchestrator.run_turn(self._next_cycle_number(), row.intent.symbol)
        return None

    def _finish(self, command: Command, status: CommandStatus, text: str, details: dict[str, str]) -> None:
        self._state.finish(command.id, CommandResult(status, text, details, self._clock.now()))

    async def _workflow(self, command: Command) -> CycleReport | None:
        quantity, side = command.arguments.get("quantity"), command.arguments.get("side")
        price, limit_s = command.arguments.get("limit_price"), command.arguments.get("time_limit_s")
        dry_run = "dry_run" in command.arguments
        if price and not dry_run and not self._stays:
            self._finish(command, CommandStatus.REFUSED, _NOBODY_STAYS, {"reason": "no_trader"})
            return None
        report = await self._orchestrator.execute_trading_workflow(
            self._next_cycle_number(),
            command.arguments["symbol"],
            request=OrderRequest(
                side=Side(side) if side else None,
                quantity=Decimal(quantity) if quantity else None,
                at_most="at_most" in command.arguments,
                reason=_asker(command),
                limit_price=Decimal(price) if price else None,
                time_limit=timedelta(seconds=int(limit_s)) if limit_s else None,
                dry_run=dry_run,
            ),
        )
        result = _result(report)
        if side == Side.BUY and report.executions and report.decisions[0].outcome is Outcome.PLACED:
            bought = any(execution.order.executed for execution in report.executions)
            now = _MAY_BE_SOLD if bought else _MAY_BE_SOLD_ONCE_BOUGHT
            result = replace(result, text=f"{result.text}; {now if self._stays else _MAY_BE_SOLD_LATER}")
        self._state.finish(command.id, result)
        return report


def _asker(command: Command) -> str:
    """Through what and by whom: agents over MCP carry both in their name."""
    named = command.actor.startswith(f"{command.channel}:")
    return command.actor if named else f"{command.channel}:{command.actor}"


def _why_not_cancelled(row: JournalOrder | None, *, forced: bool) -> str:
    """Why a cancel is not sent; empty where it is."""
    if row is None:
        return "no order of ours has this id; orders of others are never touched"
    if row.status.is_terminal:
        return f"it is {row.status} already"
    if row.status.is_unresolved:
        return f"it is {row.status}: whether the exchange has it is looked up in each cycle; try again then"
    if row.rests_as_protection and not forced:
        return (
            f"it is the {row.intent.purpose} that guards {row.intent.symbol}; with --force it is cancelled,"
            f" with its whole order list, and {_UNPROTECTED}"
        )
    return ""


def _result(report: CycleReport) -> CommandResult:
    decision = report.decisions[0]
    details = {
        "cycle_id": report.start.id,
        "decision_id": decision.id,
        "symbol": decision.symbol,
        "outcome": decision.outcome.value,
        "reason": decision.reason.code,
    }
    if decision.signal is not None:
        details["signal"] = decision.signal.action.value
    for execution in report.executions:
        order = execution.order
        details |= {
            "client_order_id": order.intent.client_order_id,
            "order_status": order.status.value,
            "executed": to_wire(order.executed),
            "quote_executed": to_wire(order.quote_executed),
        }
    if decision.blocking_gate is not None:
        details["blocking_gate"] = decision.blocking_gate
    if report.dry_run:
        details |= {"dry_run": "true"} | _estimated(report.estimate)
    status, text = _STATUS.get(decision.outcome, CommandStatus.FAILED), decision.reason.text
    if decision.outcome is Outcome.NO_DATA and decision.reason.code in _NOT_TRADABLE:
        status, text = CommandStatus.REFUSED, f"{decision.symbol} cannot be traded: {text}"
    return CommandResult(status, text, details, report.finished_at)


def _estimated(estimate: Estimate | None) -> dict[str, str]:
    """What would have been sent: quantity, price, worth and fee."""
    if estimate is None:
        return {}
    order = estimate.order
    return {
        "side": order.side.value,
        "order_type": order.order_type.value,
        "quantity": to_wire(order.quantity),
        "price": to_wire(order.price or order.reference_price),
        "notional": to_wire(estimate.notional),
        "estimated_fee": to_wire(estimate.fee),
        "quote": estimate.quote,
    } | ({"time_limit_s": f"{order.time_limit.total_seconds():.0f}"} if order.time_limit is not None else {})
