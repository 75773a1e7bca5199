"""What can be done: pause, resume, halt, and run one workflow.

An act that trades is a command row. Whoever holds the trading lease carries it out:
the running trader within a second, or, while none runs, a one-shot process.
"""

import uuid
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Command, CommandKind, CommandResult
from binance_trade_agent.ports import Clock, ControlState, Launcher, Lease

_POLL_S = 0.1
_RELAUNCH_S = 5.0


class CommandTimeout(TimeoutError):
    """No answer in time. The command stays stored and may still be carried out: ask by its key."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            f"no answer yet; the command is stored and may still be carried out"
            f" (ask again with the key {command.idempotency_key})"
        )
        self.command = command


class Steering:
    """Acts of people and agents. Each is recorded with who did it and through what."""

    def __init__(self, state: ControlState, lease: Lease, launcher: Launcher, clock: Clock) -> None:
        self._state = state
        self._lease = lease
        self._launcher = launcher
        self._clock = clock

    def pause(self, reason: str, *, actor: str) -> ControlSnapshot:
        """No entries until resumed; exits go on. A halted trader stays halted."""
        return self._state.write(
            TradingState.PAUSED,
            reason=reason,
            actor=actor,
            at=self._clock.now(),
            only_from=frozenset(TradingState) - {TradingState.HALTED},
        )

    def resume(self, reason: str, *, actor: str) -> ControlSnapshot:
        """Trade again, whatever stopped it."""
        return self._set(TradingState.RUNNING, reason, actor)

    def halt(self, reason: str, *, actor: str) -> ControlSnapshot:
        """The kill switch: no order of any kind until a person resumes."""
        return self._set(TradingState.HALTED, reason, actor)

    async def trade(
        self,
        symbol: str,
        quantity: Decimal | None = None,
        side: Side | None = None,
        *,
        actor: str,
        channel: str,
        idempotency_key: str | None = None,
        timeout_s: float = 60.0,
    ) -> CommandResult:
        """Run one workflow for `symbol`; without `side` the strategy decides.

        The same key again returns the first result and trades nothing.

        Raises:
            ConfigurationError: the arguments cannot be meant.
            CommandTimeout: no answer within `timeout_s`; the command stays stored.
        """
        command = self._state.submit(
            Command(
                id=uuid.uuid4().hex,
                kind=CommandKind.WORKFLOW,
                arguments=_workflow_arguments(symbol, quantity, side),
                idempotency_key=idempotency_key or uuid.uuid4().hex,
                actor=actor,
                channel=channel,
                created_at=self._clock.now(),
            )
        )
        return await self._answer(command, timeout_s)

    async def _answer(self, command: Command, timeout_s: float) -> CommandResult:
        end = self._clock.monotonic() + timeout_s
        launch_at = self._clock.monotonic()
        while self._clock.monotonic() < end:
            if (result := self._state.result(command.id)) is not None:
                return result
            if self._clock.monotonic() >= launch_at and not self._lease.is_held():
                self._launcher.launch()
                launch_at = self._clock.monotonic() + _RELAUNCH_S
            await self._clock.sleep(_POLL_S)
        raise CommandTimeout(command)

    def _set(self, state: TradingState, reason: str, actor: str) -> ControlSnapshot:
        return self._state.write(state, reason=reason, actor=actor, at=self._clock.now())


def _workflow_arguments(symbol: str, quantity: Decimal | None, side: Side | None) -> dict[str, str]:
    problems = []
    if not (symbol.isalnum() and symbol.isascii() and 5 <= len(symbol) <= 20):
        problems.append(f"symbol {symbol[:40]!r}: expected a Binance symbol such as BTCUSDT")
    if quantity is not None and not (quantity.is_finite() and 0 < quantity < Decimal("1e15")):
        problems.append(f"quantity {str(quantity)[:40]}: expected a number above 0 and below 1e15")
    if problems:
        raise ConfigurationError(*problems)
    arguments = {"symbol": symbol.upper()}
    if quantity is not None:
        arguments["quantity"] = to_wire(quantity)
    if side is not None:
        arguments["side"] = side.value
    return arguments


#: How long a command may wait before the trader refuses it as no longer meant.
COMMAND_TTL = timedelta(minutes=5)
