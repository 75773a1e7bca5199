"""Starts, stops and restarts the programs through supervisord; each act is a row of the audit."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile

from binance_trade_agent.control.act_record import ActRecord, unended, unrecorded_note
from binance_trade_agent.domain.acts import ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError
from binance_trade_agent.domain.programs import RUNNING, STARTING, STOPPING, ProgramState
from binance_trade_agent.ports import Clock, ControlState, Supervisor

_TRADER = "autonomous_trader"
_UNKNOWN = "unknown"
_ACTS = frozenset({ActKind.START.value, ActKind.STOP.value, ActKind.RESTART.value})
#: A restart that nobody finished for so long is no longer meant.
RESTART_MEANT = timedelta(minutes=5)
#: Longer than any program takes to stop, and how often it is looked at meanwhile.
_STOPPING_S, _POLL_S = 20.0, 0.5
#: Between two attempts to end what was left open.
_AGAIN_S = 5.0
#: What is up takes the right to trade some seconds later.
_BEGINNING = (RUNNING, STARTING)


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
    kind: ActKind | None = None

    @property
    def told(self) -> str:
        """A sentence for whoever asked."""
        change = f"{self.program} was {self.before} and is {self.after}"
        if self.kind is ActKind.RESTART:
            # RUNNING before and after would read as if nothing had happened
            now = "starting" if self.after in _BEGINNING else self.after
            change = f"{self.program} was restarted: it is {now}"
        if self.repeated:
            return f"already done at {self.done_at:%Y-%m-%d %H:%M:%S} UTC: {change}"
        return change + unrecorded_note(self.unrecorded)


class Programs:
    """Acts on the fixed program names of this project.

    All raise what the supervisor raises (it does not run, or refuses), `ConfigurationError` for a key that
    stands for another act, and `StorageError` where the database cannot be written, before anything is done.
    The same key again does nothing; where the act was not done, or its end is not known, it raises `ProgramActFailed`.
    """

    def __init__(self, supervisor: Supervisor, state: ControlState, clock: Clock) -> None:
        self._supervisor = supervisor
        self._record = ActRecord(state, clock)
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

    def stopped_note(self) -> str:
        """What is stopped and what to do, where no trader runs."""
        try:
            found = self._supervisor.states()
        except TradeAgentError:
            return (
                "no trader runs, and whether its supervisor does is not known, it gives no answer: `make up`"
                " (or `binance-trade-agent supervise`) starts everything"
            )
        state = found.get(_TRADER, _UNKNOWN)
        if state in _BEGINNING:
            return f"no trader trades yet, {_TRADER} is {state}: it is starting"
        return f"no trader runs, {_TRADER} is {state}: `binance-trade-agent start` starts it"

    async def end_left_open(
        self, audit: Callable[[], Iterable[AuditRow]], channel: str, *, before: datetime
    ) -> tuple[str, ...]:
        """End the acts that an earlier process of `channel` left open when it was killed, those of up to `before`.

        `audit` reads the newest acts, newest first. A program that a restart had stopped is started, unless the restart
        is long ago or another act on the program came after it; what goes wrong is tried again until then. Call it in
        the one process of the channel. Returns what the audit could not be told.

        Raises:
            StorageError: the audit cannot be read; nothing was done.
        """
        give_up_at = self._clock.monotonic() + RESTART_MEANT.total_seconds()
        unrecorded = []
        for row in audit():
            if row.action in _ACTS and row.outcome is None and row.channel == channel and row.at <= before:
                outcome, told = await self._finished(row, audit)
                unrecorded.append(await self._recorded(row, outcome, told, give_up_at))
        return tuple(filter(None, unrecorded))

    async def _finished(
        self, row: AuditRow, audit: Callable[[], Iterable[AuditRow]]
    ) -> tuple[ActOutcome, str]:
        program = _program_of(row)
        told, hindrance = "whoever did it ended in between", ""
        while True:
            try:
                now = await self._settled(program)
                # it was waited for: somebody may have acted meanwhile
                if not now.is_up and self._is_in_time(row) and _is_newest(row, audit()):
                    self._supervisor.start(program)
                    told += f"; {program} was stopped, and was started afterwards"
                    return ActOutcome.DONE, f"{told}; {program} is {self._state_of(program)}"
                if _came_true(row, now):
                    outcome, hindrance = ActOutcome.DONE, ""
                else:
                    outcome = ActOutcome.FAILED
            except TradeAgentError as error:
                if not self._is_in_time(row):
                    return ActOutcome.FAILED, f"{told}; how {program} is now is not known: {error}"
                hindrance = f", it could not be started: {error}"
            else:
                return outcome, f"{told}; {program} is {self._state_of(program)}{hindrance}"
            await self._clock.sleep(_AGAIN_S)

    def _is_in_time(self, row: AuditRow) -> bool:
        return row.action == ActKind.RESTART and self._clock.now() - row.at <= RESTART_MEANT

    async def _recorded(self, row: AuditRow, outcome: ActOutcome, told: str, give_up_at: float) -> str:
        """Write how an act ended, tried again until then; returns why it could not be, or nothing."""
        key, after = row.idempotency_key or "", self._state_of(_program_of(row))
        while problem := self._record.end(key, outcome, told, before=row.before or _UNKNOWN, after=after):
            if self._clock.monotonic() >= give_up_at:
                return f"{row.action} by {row.actor}: {told}{unrecorded_note(problem)}"
            await self._clock.sleep(_AGAIN_S)
        return ""

    async def _settled(self, program: str) -> ProgramState:
        """The program, once it is not on its way to its end any more: a start would be lost on it."""
        end = self._clock.monotonic() + _STOPPING_S
        while True:
            found = next((each for each in self._supervisor.programs() if each.name == program), None)
            if found is None:
                raise ProgramActFailed(f"supervisord has no {program}")
            if found.state != STOPPING or self._clock.monotonic() >= end:
                return found
            await self._clock.sleep(_POLL_S)

    def all(self) -> tuple[ProgramState, ...]:
        """Every program, by name."""
        return self._supervisor.programs()

    def _do(
        self, kind: ActKind, program: str, actor: str, channel: str, reason: str, key: str | None
    ) -> ProgramAct:
        key, first = self._record.begin(
            kind, actor, channel, reason, key, before=_UNKNOWN, details={"program": program}
        )
        if first is not None:
            return _repeated(first, program)
        before = after = _UNKNOWN
        try:
            before = self._supervisor.states().get(program, _UNKNOWN)
            self._carry_out(kind, program)
            after = self._state_of(program)
        except TradeAgentError as error:
            self._record.end(key, ActOutcome.FAILED, str(error), before=before, after=after)
            raise
        done = ProgramAct(program, before, after, self._clock.now(), kind=kind)
        ended = self._record.end(key, ActOutcome.DONE, done.told, before=before, after=after)
        return replace(done, unrecorded=ended)

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


def _program_of(row: AuditRow) -> str:
    return row.details.get("program", "")


def _is_newest(row: AuditRow, audit: Iterable[AuditRow]) -> bool:
    """Whether nobody acted on the program of `row` after it; `audit` has the newest first."""
    later = takewhile(lambda other: other.idempotency_key != row.idempotency_key, audit)
    return not any(other.action in _ACTS and _program_of(other) == _program_of(row) for other in later)


def _came_true(row: AuditRow, now: ProgramState) -> bool:
    """Whether a program is as an act wanted it to be."""
    if row.action == ActKind.RESTART:
        # supervisord tells whole seconds
        return now.started_at is not None and now.started_at >= row.at.replace(microsecond=0)
    return now.is_up is (row.action == ActKind.START)


def _repeated(first: AuditRow, program: str) -> ProgramAct:
    if first.details.get("program") != program:
        raise ConfigurationError(
            f"the idempotency key {first.idempotency_key!r} was used for {first.details.get('program')}; use a new key"
        )
    if first.outcome != ActOutcome.DONE:
        raise ProgramActFailed(unended(first))
    return ProgramAct(
        program,
        first.before or _UNKNOWN,
        first.after or _UNKNOWN,
        first.at,
        repeated=True,
        kind=ActKind(first.action),
    )
