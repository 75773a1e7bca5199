"""Acts that are done at once: a row of the audit is written before, and closed with how it ended."""

import uuid
from collections.abc import Mapping

from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.ports import Clock, ControlState


class ActRecord:
    """The rows of such acts."""

    def __init__(self, state: ControlState, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def begin(
        self,
        kind: ActKind,
        actor: str,
        channel: str,
        reason: str,
        key: str | None,
        *,
        before: str,
        details: Mapping[str, str] | None = None,
    ) -> tuple[str, AuditRow | None]:
        """The key that the act has from now on, and the earlier one that spent it, if one did.

        Raises:
            ConfigurationError: the key stands for an act of another kind.
            StorageError: the database cannot be written; nothing may be done then.
        """
        key = key or uuid.uuid4().hex
        return key, self._state.open_act(
            Act(kind, actor, channel, reason, self._clock.now(), key), before, details
        )

    def end(self, key: str, outcome: ActOutcome, answer: str, *, before: str = "", after: str = "") -> str:
        """Write how it ended; returns why that could not be written, or nothing: what was done is done all the same."""
        try:
            self._state.close_act(
                key, outcome=outcome, answer=answer, at=self._clock.now(), before=before, after=after
            )
        except StorageError as error:
            return str(error)
        return ""


def unrecorded_note(problem: str) -> str:
    """What a sentence on an act that was done ends with, where the audit could not be told; empty without a `problem`."""
    return f"; done, but not recorded in the audit: {problem}" if problem else ""


def unended(first: AuditRow) -> str:
    """What to tell whoever gives the key of an act again that was not done, or whose end is not known."""
    answer = first.answer or "it has not ended yet, or its end was not recorded: look at what holds now"
    return f"already tried at {first.at:%Y-%m-%d %H:%M:%S} UTC: {answer}; use a new key for another attempt"
