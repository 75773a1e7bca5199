"""What can be done: pause, resume, halt, and run one workflow.

An act that trades is a command row. Whoever holds the trading lease carries it out:
the running trader within a second, or, while none runs, a one-shot process.
"""

import re
import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.control.command_arguments import (
    limit_arguments,
    most_arguments,
    price_text,
    workflow_arguments,
)
from binance_trade_agent.domain.acts import Act, ActKind, Restricted, Steered
from binance_trade_agent.domain.caps import Admission
from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Command, CommandKind, CommandResult
from binance_trade_agent.domain.symbol_names import checked_names
from binance_trade_agent.ports import Clock, ControlState, Launcher, Lease

_NOT_HALTED = frozenset(TradingState) - {TradingState.HALTED}
_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_POLL_S = 0.1
_RELAUNCH_S = 5.0
#: How long a command may wait before the trader refuses it as no longer meant.
COMMAND_TTL = timedelta(minutes=5)

#: The limits whose halt of entries begins their count anew when a person resumes.
LOSS_LIMITS = frozenset({"daily_loss", "drawdown"})


def resuming_from(control: ControlSnapshot) -> str:
    """What `resume` means in the state `control`; empty where it only means to trade again."""
    if control.state is TradingState.ENTRIES_HALTED and control.actor in LOSS_LIMITS:
        return (
            f"entries were halted by {control.actor}: {control.reason};"
            " with this resume the count of losses begins anew, so the same amount may be lost once more"
        )
    if control.state is TradingState.HALTED:
        return f"trading was halted by {control.actor}: {control.reason}; orders of every kind go out again"
    return ""


class Stage(StrEnum):
    """How far a command is that somebody waits for."""

    HANDED_OVER = "handed over"
    TAKEN = "taken"


#: Told of each stage once, while the command goes on.
Tell = Callable[[Stage], Awaitable[None]]


class CommandTimeout(TimeoutError):
    """No answer in time. The command stays stored and may still be carried out: ask by its key."""

    def __init__(self, command: Command) -> None:
        super().__init__(
            f"no answer yet; the command is stored and may still be carried out"
            f" (ask again with the key {command.idempotency_key})"
        )
        self.command = command


class NobodyCarriesOut(CommandTimeout):
    """No trader runs, and a process of its own cannot begin. The command stays stored for a trader that is started soon."""

    def __init__(self, command: Command) -> None:
        TimeoutError.__init__(
            self,
            "nothing was done: no trader runs, and none can start with this configuration (`binance-trade-agent config"
            f" check` says why). A trader that starts within {COMMAND_TTL.total_seconds():.0f} s carries it out",
        )
        self.command = command


class Steering:
    """Acts of people and agents: each is a row of the audit, with who did it, through what and why.

    An act with an idempotency key is done once: the same key again only tells what holds now
    (`Steered.repeated`). A key that stands for another act raises `ConfigurationError`.
    """

    def __init__(
        self, state: ControlState, lease: Lease, launcher: Launcher, clock: Clock, tell: Tell | None = None
    ) -> None:
        self._state = state
        self._lease = lease
        self._launcher = launcher
        self._clock = clock
        self._tell = tell

    def telling(self, tell: Tell) -> "Steering":
        """The same, with `tell` called while it waits for a command."""
        return Steering(self._state, self._lease, self._launcher, self._clock, tell)

    @property
    def is_untraded(self) -> bool:
        """Whether no process holds the right to trade on the book: no trader, none that carries out a command.

        For a note that no act may fail for: False also where that cannot be read.
        """
        try:
            return not self._lease.is_held()
        except StorageError:
            return False

    def pause(
        self, reason: str, *, actor: str, channel: str = "", idempotency_key: str | None = None
    ) -> Steered:
        """No entries until resumed; exits go on. A halted trader stays halted: `refused` says so."""
        act = Act(ActKind.PAUSE, actor, channel, reason, self._clock.now(), idempotency_key)
        return self._state.steer(act, TradingState.PAUSED, only_from=_NOT_HALTED)

    def resume(
        self,
        reason: str,
        *,
        actor: str,
        channel: str = "",
        idempotency_key: str | None = None,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> Steered:
        """Trade again, whatever stopped it; a state not in `only_from` stays: `refused` says so."""
        act = Act(ActKind.RESUME, actor, channel, reason, self._clock.now(), idempotency_key)
        return self._state.steer(act, TradingState.RUNNING, only_from=only_from)

    def halt(
        self, reason: str, *, actor: str, channel: str = "", idempotency_key: str | None = None
    ) -> Steered:
        """The kill switch: no order of any kind until a person resumes."""
        act = Act(ActKind.HALT, actor, channel, reason, self._clock.now(), idempotency_key)
        return self._state.steer(act, TradingState.HALTED)

    def reduce_only(
        self,
        symbols: Collection[str],
        reason: str,
        *,
        on: bool,
        actor: str,
        channel: str = "",
        idempotency_key: str | None = None,
    ) -> Restricted:
        """Let nothing of `symbols` be bought until it is lifted (`on` false); what is held of them is sold as ever.

        Any symbol may be named; `Restricted.untraded` tells those that are not traded now.

        Raises:
            ConfigurationError: a symbol's name is none, none is named, or the key stands for another act.
        """
        try:
            names = checked_names(symbols)
        except ValueError as error:
            raise ConfigurationError(str(error)) from error
        if not names:
            raise ConfigurationError("no symbol is named")
        act = Act(ActKind.REDUCE_ONLY, actor, channel, reason, self._clock.now(), idempotency_key)
        return self._state.restrict(act, names, on=on)

    async def trade(
        self,
        symbol: str,
        quantity: Decimal | None = None,
        side: Side | None = None,
        *,
        actor: str,
        channel: str,
        idempotency_key: str | None = None,
        reason: str = "",
        at_most: bool = False,
        limit_price: Decimal | None = None,
        time_limit_s: int | None = None,
        dry_run: bool = False,
        timeout_s: float = 60.0,
        admit: Admission | None = None,
    ) -> CommandResult:
        """Run one workflow for `symbol`; without `side` the strategy decides.

        A SELL of `at_most` its quantity sells what can be sold of that, and no more: what is free, and what one order takes.
        A BUY with a `limit_price` rests at that price, for `time_limit_s` at most. A `dry_run` tells
        what would happen, and does none of it. `admit` judges a new order beside those the actor has asked
        for today, in the transaction that stores it; what it raises leaves here, and nothing is stored.

        The same key again returns the first result, `repeated`, and trades nothing, also where that
        was a refusal: an answer that got lost must not become an order later, in another market.

        Raises:
            ConfigurationError: the arguments cannot be meant.
            CommandTimeout: no answer within `timeout_s`; the command stays stored.
        """
        asked = self._command(
            CommandKind.WORKFLOW,
            workflow_arguments(symbol, quantity, side)
            | most_arguments(quantity, side, at_most=at_most)
            | limit_arguments(side, limit_price, time_limit_s)
            | ({"dry_run": "true"} if dry_run else {}),
            actor=actor,
            channel=channel,
            key=idempotency_key,
            reason=reason,
        )
        return await self._carried_out(asked, timeout_s, admit)

    async def flatten(
        self,
        reason: str,
        *,
        actor: str,
        channel: str,
        idempotency_key: str | None = None,
        timeout_s: float = 180.0,
    ) -> CommandResult:
        """Cancel our entries, sell everything the ledger bought, then halt. Entries are stopped at once.

        A halted trader may sell for it. A `halt` or `resume` before its end withdraws it.

        Raises:
            CommandTimeout: it has not ended within `timeout_s`; it goes on.
        """
        asked = self._command(
            CommandKind.FLATTEN, {}, actor=actor, channel=channel, key=idempotency_key, reason=reason
        )
        return await self._carried_out(asked, timeout_s)

    async def cancel(
        self,
        client_order_id: str,
        *,
        actor: str,
        channel: str,
        force: bool = False,
        reason: str = "",
        idempotency_key: str | None = None,
        timeout_s: float = 60.0,
    ) -> CommandResult:
        """Cancel one order of ours that rests; one that guards a position only with `force`.

        Raises:
            ConfigurationError: the id cannot be an order's.
            CommandTimeout: no answer within `timeout_s`; the command stays stored.
        """
        if not _ORDER_ID.fullmatch(client_order_id):
            raise ConfigurationError(
                f"client order id {client_order_id[:40]!r}: see `orders` for those there are"
            )
        arguments = {"client_order_id": client_order_id} | ({"force": "true"} if force else {})
        asked = self._command(
            CommandKind.CANCEL, arguments, actor=actor, channel=channel, key=idempotency_key, reason=reason
        )
        return await self._carried_out(asked, timeout_s)

    async def protect(
        self,
        symbol: str,
        *,
        stop_price: Decimal | None = None,
        target_price: Decimal | None = None,
        actor: str,
        channel: str,
        reason: str = "",
        idempotency_key: str | None = None,
        timeout_s: float = 60.0,
    ) -> CommandResult:
        """Move a position's stop, its target, or both, to prices of a person's own; without either, back to the settings'.

        They hold until the position is closed, and go before what the settings say.

        Raises:
            ConfigurationError: the arguments cannot be meant.
            CommandTimeout: no answer within `timeout_s`; the command stays stored.
        """
        arguments = workflow_arguments(symbol, None, None)
        for name, price in (("stop_price", stop_price), ("target_price", target_price)):
            if price is not None:
                arguments[name] = price_text(name, price)
        if stop_price is not None and target_price is not None and stop_price >= target_price:
            raise ConfigurationError(f"stop {stop_price}: it must be below the target {target_price}")
        asked = self._command(
            CommandKind.PROTECT, arguments, actor=actor, channel=channel, key=idempotency_key, reason=reason
        )
        return await self._carried_out(asked, timeout_s)

    def _command(
        self,
        kind: CommandKind,
        arguments: dict[str, str],
        *,
        actor: str,
        channel: str,
        key: str | None,
        reason: str,
    ) -> Command:
        return Command(
            id=uuid.uuid4().hex,
            kind=kind,
            arguments=arguments,
            idempotency_key=key or uuid.uuid4().hex,
            actor=actor,
            channel=channel,
            created_at=self._clock.now(),
            reason=reason,
        )

    async def _carried_out(
        self, asked: Command, timeout_s: float, admit: Admission | None = None
    ) -> CommandResult:
        """What came of a command, or of the one that spent its key."""
        command = self._state.submit(asked, admit)
        result = await self._answer(command, timeout_s)
        return replace(result, repeated=command.id != asked.id)

    async def _answer(self, command: Command, timeout_s: float) -> CommandResult:
        end = self._clock.monotonic() + timeout_s
        launch_at, has_launched = self._clock.monotonic(), False
        told = await self._told(command, None)
        while self._clock.monotonic() < end:
            try:
                if (result := self._state.result(command.id)) is not None:
                    return result
                told = await self._told(command, told)
                nobody_runs = self._clock.monotonic() >= launch_at and not self._lease.is_held()
            except StorageError:
                # the command is stored: what cannot be read now says nothing of what comes of it
                nobody_runs = False
            if nobody_runs:
                if has_launched and self._launcher.was_refused():
                    raise NobodyCarriesOut(command)
                self._launcher.launch()
                has_launched = True
                launch_at = self._clock.monotonic() + _RELAUNCH_S
            await self._clock.sleep(_POLL_S)
        raise CommandTimeout(command)

    async def _told(self, command: Command, last: Stage | None) -> Stage | None:
        """The stage that is told now, after `last` was."""
        if self._tell is None or last is Stage.TAKEN:
            return last
        if last is None:
            await self._tell(Stage.HANDED_OVER)
            return Stage.HANDED_OVER
        if any(one.id == command.id for one in self._state.pending()):
            return last
        await self._tell(Stage.TAKEN)
        return Stage.TAKEN
