"""Starts, stops and restarts the programs through supervisord; each act is a row of the audit."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import ConfigurationError, StorageError, TradeAgentError
from binance_trade_agent.domain.programs import ProgramState
from binance_trade_agent.ports import Clock, ControlState, Supervisor

_TRADER = "autonomous_trader"
_UNKNOWN = "unknown"


class ProgramActFailed(TradeAgentError):
    """An act on a program did not come to its end: part of a restart, or what the key was used for before."""


@dataclass(frozen=True, slots=True)
class ProgramAct:
    """What an act did: supervisord's words for the program before and after it.

    `unrecorded` says why the audit does not know its end; empty where it does.
    """

    program: str
    before: str
    after: str
    done_at: datetime
    repeated: bool = False
    unrecorded: str = ""

    @property
    def told(self) -> str:
        """A sentence for whoever asked."""
        change = f"{self.program} was {self.before} and is {self.after}"
        if self.repeated:
            return f"already done at {self.done_at:%Y-%m-%d %H:%M:%S} UTC: {change}"
        return change + unrecorded_note(self.unrecorded)


def unrecorded_note(problem: str) -> str:
    """What a sentence on an act that was done ends with, where the audit could not be told; empty without a `problem`."""
    return f"; done, but not recorded in the audit: {problem}" if problem else ""


def unended(first: AuditRow) -> str:
    """What to tell whoever gives the key of an act again that was not done, or whose end is not known."""
    answer = first.answer or "it has not ended yet, or its end was not recorded: look at what holds now"
    return f"already tried at {first.at:%Y-%m-%d %H:%M:%S} UTC: {answer}; use a new key for another attempt"


class Programs:
    """Acts on the fixed program names of this project.

    All raise what the supervisor raises (it does not run, or refuses), `ConfigurationError` for a key that
    stands for another act, and `StorageError` where the database cannot be written, before anything is done.
    The same key again does nothing; where the act was not done, or its end is not known, it raises `ProgramActFailed`.
    """

    def __init__(self, supervisor: Supervisor, state: ControlState, clock: Clock) -> None:
        self._supervisor = supervisor
        self._state = state
        self._clock = clock

    def start(
        self,
        program: str = _TRADER,
        *,
        actor: str,
        channel: str,
        reason: str = "",
        idempotency_key: str | None = None,
    ) -> ProgramAct:
        """Start a program and do not wait for it; one that runs already is left alone."""
        return self._do(ActKind.START, program, actor, channel, reason, idempotency_key)

    def stop(
        self,
        program: str = _TRADER,
        *,
        actor: str,
        channel: str,
        reason: str = "",
        idempotency_key: str | None = None,
    ) -> ProgramAct:
        """Stop a program and wait for its end; it stays stopped until it is started."""
        return self._do(ActKind.STOP, program, actor, channel, reason, idempotency_key)

    def restart(
        self,
        program: str = _TRADER,
        *,
        actor: str,
        channel: str,
        reason: str = "",
        idempotency_key: str | None = None,
    ) -> ProgramAct:
        """Stop a program, wait for its end and start it again, also where the stop gave no good answer.

        Raises:
            ProgramActFailed: the stop or the start went wrong; it says which, and how the program is now.
        """
        return self._do(ActKind.RESTART, program, actor, channel, reason, idempotency_key)

    def all(self) -> tuple[ProgramState, ...]:
        """Every program, by name."""
        return self._supervisor.programs()

    def _do(
        self, kind: ActKind, program: str, actor: str, channel: str, reason: str, key: str | None
    ) -> ProgramAct:
        key = key or uuid.uuid4().hex
        act = Act(kind, actor, channel, reason, self._clock.now(), key)
        first = self._state.open_act(act, _UNKNOWN, {"program": program})
        if first is not None:
            return _repeated(first, program)
        before = after = _UNKNOWN
        try:
            before = self._supervisor.states().get(program, _UNKNOWN)
            self._carry_out(kind, program)
            after = self._state_of(program)
        except TradeAgentError as error:
            self._close(key, ActOutcome.FAILED, str(error), before, after)
            raise
        done = ProgramAct(program, before, after, self._clock.now())
        return replace(done, unrecorded=self._close(key, ActOutcome.DONE, done.told, before, after))

    def _carry_out(self, kind: ActKind, program: str) -> None:
        if kind is ActKind.START:
            self._supervisor.start(program)
        elif kind is ActKind.STOP:
            self._supervisor.stop(program)
        else:
            self._restart(program)

    def _restart(self, program: str) -> None:
        hindrance = ""
        try:
            self._supervisor.stop(program)
        except TradeAgentError as error:
            hindrance = f"its stop went wrong: {error}"
        # a stop without an answer may have been carried out all the same: the start is tried whatever it said
        try:
            self._supervisor.start(program)
        except TradeAgentError as error:
            raise ProgramActFailed(
                f"{program} was not restarted: {hindrance or 'it was stopped'}, and it could not be started: {error};"
                f" it is {self._state_of(program)}"
            ) from error
        if hindrance:
            raise ProgramActFailed(
                f"{program} may not have been restarted: {hindrance}; it is {self._state_of(program)}"
            )

    def _state_of(self, program: str) -> str:
        """Its state after an act: what was done is done, also where it cannot be read."""
        try:
            return self._supervisor.states().get(program, _UNKNOWN)
        except TradeAgentError:
            return _UNKNOWN

    def _close(self, key: str, outcome: ActOutcome, answer: str, before: str, after: str) -> str:
        """Write how the act ended; returns why that could not be written, or nothing."""
        try:
            self._state.close_act(
                key, outcome=outcome, answer=answer, at=self._clock.now(), before=before, after=after
            )
        except StorageError as error:
            return str(error)
        return ""


def _repeated(first: AuditRow, program: str) -> ProgramAct:
    if first.details.get("program") != program:
        raise ConfigurationError(
            f"the idempotency key {first.idempotency_key!r} was used for {first.details.get('program')}; use a new key"
        )
    if first.outcome != ActOutcome.DONE:
        raise ProgramActFailed(unended(first))
    return ProgramAct(program, first.before or _UNKNOWN, first.after or _UNKNOWN, first.at, repeated=True)
