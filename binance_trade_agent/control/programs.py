"""Starts and stops the programs through supervisord; each act is a row of the audit."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError
from binance_trade_agent.domain.programs import ProgramState
from binance_trade_agent.ports import Clock, ControlState, Supervisor

_TRADER = "autonomous_trader"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ProgramAct:
    """What a start or a stop did: supervisord's words for the program before and after it."""

    program: str
    before: str
    after: str
    done_at: datetime
    repeated: bool = False

    @property
    def told(self) -> str:
        """A sentence for whoever asked."""
        change = f"{self.program} was {self.before} and is {self.after}"
        return f"already done at {self.done_at:%Y-%m-%d %H:%M:%S} UTC: {change}" if self.repeated else change


class Programs:
    """Acts on the fixed program names of this project.

    All raise what the supervisor raises (it does not run, or refuses), and `ConfigurationError` for a
    key that stands for another act; the same key again does nothing.
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
            (self._supervisor.start if kind is ActKind.START else self._supervisor.stop)(program)
            after = self._supervisor.states().get(program, _UNKNOWN)
        except TradeAgentError as error:
            self._close(key, ActOutcome.FAILED, str(error), before, after)
            raise
        done = ProgramAct(program, before, after, self._clock.now())
        self._close(key, ActOutcome.DONE, done.told, before, after)
        return done

    def _close(self, key: str, outcome: ActOutcome, answer: str, before: str, after: str) -> None:
        self._state.close_act(
            key, outcome=outcome, answer=answer, at=self._clock.now(), before=before, after=after
        )


def _repeated(first: AuditRow, program: str) -> ProgramAct:
    if first.details.get("program") != program:
        raise ConfigurationError(
            f"the idempotency key {first.idempotency_key!r} was used for {first.details.get('program')}; use a new key"
        )
    return ProgramAct(program, first.before or _UNKNOWN, first.after or _UNKNOWN, first.at, repeated=True)
