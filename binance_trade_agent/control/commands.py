"""Carries out commands that other processes handed over. Only the holder of the trading lease does."""

from collections.abc import Callable
from decimal import Decimal

from binance_trade_agent.control.steering import COMMAND_TTL
from binance_trade_agent.domain.decisions import CycleReport, Outcome
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Command, CommandResult, CommandStatus
from binance_trade_agent.orchestrator import OrderRequest, TradingOrchestrator
from binance_trade_agent.ports import Clock, ControlState

_STATUS = {
    Outcome.PLACED: CommandStatus.DONE,
    Outcome.HELD: CommandStatus.DONE,
    Outcome.REFUSED: CommandStatus.REFUSED,
    Outcome.HALTED: CommandStatus.REFUSED,
    Outcome.REJECTED: CommandStatus.REFUSED,
    Outcome.UNRESOLVED: CommandStatus.REFUSED,
}


class CommandRunner:
    """Takes pending commands in order. A command is claimed before it begins, so it never runs twice."""

    def __init__(
        self,
        state: ControlState,
        orchestrator: TradingOrchestrator,
        clock: Clock,
        next_cycle_number: Callable[[], int],
    ) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._clock = clock
        self._next_cycle_number = next_cycle_number

    async def run_next(self) -> CycleReport | None:
        """Carry out the oldest pending command; None if there was none to carry out."""
        for command in self._state.pending():
            now = self._clock.now()
            if not self._state.claim(command.id, now):
                continue
            if now - command.created_at > COMMAND_TTL:
                text = f"not taken within {COMMAND_TTL.total_seconds():.0f} s: no longer meant"
                self._state.finish(command.id, CommandResult(CommandStatus.REFUSED, text, {}, now))
                continue
            return await self._workflow(command)
        return None

    async def _workflow(self, command: Command) -> CycleReport:
        quantity, side = command.arguments.get("quantity"), command.arguments.get("side")
        report = await self._orchestrator.execute_trading_workflow(
            self._next_cycle_number(),
            command.arguments["symbol"],
            request=OrderRequest(
                side=Side(side) if side else None,
                quantity=Decimal(quantity) if quantity else None,
                reason=f"{command.channel}:{command.actor}",
            ),
        )
        self._state.finish(command.id, _result(report))
        return report


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
    status = _STATUS.get(decision.outcome, CommandStatus.FAILED)
    return CommandResult(status, decision.reason.text, details, report.finished_at)
