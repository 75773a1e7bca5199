"""Control state, sessions, messages and the lease. Synchronous; each writing method is one transaction.

All of them raise `StorageError` when the database cannot be used.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.acts import Act, ActOutcome, AuditRow, Restricted, Steered
from binance_trade_agent.domain.caps import Admission
from binance_trade_agent.domain.decisions import (
    ControlSnapshot,
    TradingState,
)
from binance_trade_agent.domain.records import (
    Command,
    CommandResult,
    Heartbeat,
    Incident,
    Session,
)


class ControlState(Protocol):
    """The control state, and commands handed over by other processes."""

    def read(self) -> ControlSnapshot: ...

    def write(
        self,
        state: TradingState,
        *,
        reason: str,
        actor: str,
        at: datetime,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> ControlSnapshot:
        """Set the state and write the audit row, in one transaction; nothing at all in a state not in `only_from`.

        Returns the state that holds then. For what the trader does by itself; people use `steer`.
        """
        ...

    def steer(
        self,
        act: Act,
        state: TradingState,
        *,
        only_from: Collection[TradingState] = tuple(TradingState),
    ) -> Steered:
        """Set the state as a person asked, once for its key (`ConfigurationError` if that stands for another act).

        The audit keeps the act, also one that a state not in `only_from` refuses.
        """
        ...

    def open_act(self, act: Act, before: str, details: Mapping[str, str] | None = None) -> AuditRow | None:
        """Write an act down before it is done; the one that spent its key if it was done before."""
        ...

    def close_act(
        self, key: str, *, outcome: ActOutcome, answer: str, at: datetime, before: str, after: str
    ) -> None:
        """Write how the act with the key ended."""
        ...

    def restrict(self, act: Act, symbols: Collection[str], *, on: bool) -> Restricted:
        """Let nothing of `symbols` be bought, or again, once for the act's key (`ConfigurationError` if it differs)."""
        ...

    def submit(self, command: Command, admit: Admission | None = None) -> Command:
        """Store a command; the one already stored if its idempotency key is known (`ConfigurationError` if it differs).

        `admit` is shown what the command's actor asked for today, in the same transaction, and refuses by raising.
        A flatten pauses trading in the same transaction.
        """
        ...

    def pending(self) -> tuple[Command, ...]: ...

    def claim(self, command_id: str, at: datetime) -> bool:
        """Mark a pending command as taken; False if it is not pending any more."""
        ...

    def finish(self, command_id: str, result: CommandResult, state: TradingState | None = None) -> bool:
        """Write what came of a command, and the control state that it leaves; False if it was withdrawn.

        `before` and `after` of the details are what its audit row shows as changed.
        """
        ...

    def open_flatten(self) -> tuple[Command, dict[str, str]] | None:
        """The flatten that was begun and has not ended, with what was noted of it."""
        ...

    def note(self, command_id: str, details: Mapping[str, str]) -> None:
        """Keep how far a command has come."""
        ...

    def result(self, command_id: str) -> CommandResult | None: ...

    def close_interrupted(self, at: datetime) -> int:
        """Finish as FAILED the commands that a killed process had claimed; returns how many.

        They never run again, but for a flatten: it goes on.
        """
        ...


class Sessions(Protocol):
    """Runs of the trader, and the counter of starts that came to nothing."""

    def latest(self) -> Session | None: ...
    def begin(self, session: Session) -> None: ...
    def end(self, session_id: str, *, reason: str, exit_code: int, at: datetime) -> None: ...
    def resume(self, session_id: str) -> None:
        """Take back that a session ended."""
        ...

    def next_cycle_number(self, session_id: str) -> int: ...

    def count_start(self) -> int:
        """Add one to the starts without a completed cycle, and return their number."""
        ...

    def reset_starts(self) -> None: ...

    def beat(self, heartbeat: Heartbeat) -> None: ...


class Outbox(Protocol):
    """Notifications and incidents that must not be lost."""

    def raise_incident(self, incident: Incident, *, told: str = "", anew: bool = False) -> bool:
        """Open an incident, with a message `told` of it, unless one with its key is open; True if it is new.

        One that is raised `anew` ends the one that is open.
        """
        ...

    def clear_incident(self, key: str, at: datetime) -> None: ...
    def enqueue(self, topic: str, text: str, at: datetime) -> None: ...
    def unsent(self, limit: int) -> tuple[tuple[int, str, str], ...]:
        """(id, topic, text), oldest first."""
        ...

    def mark_sent(self, message_id: int, at: datetime) -> None: ...
    def discard_unsent(self) -> int:
        """Drop what waits to be sent; returns how many messages."""
        ...


class Lease(Protocol):
    """The right to trade on a book; it dies with its process."""

    def acquire(self) -> AbstractContextManager[None]:
        """Hold the lease while the context lasts; raises `LeaseHeld` if another process has it."""
        ...

    def is_held(self) -> bool:
        """Whether some process holds it now."""
        ...

    def is_still_held(self) -> bool:
        """Whether this very object holds it; once lost it stays lost until it is acquired again. Cheap, never raises."""
        ...
