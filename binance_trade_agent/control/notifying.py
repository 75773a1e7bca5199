"""A message that tries the notifications: sent at once, whether a trader runs or not, and a row of the audit."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from binance_trade_agent.control.programs import unended, unrecorded_note
from binance_trade_agent.domain.acts import Act, ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    NotificationFailed,
    StorageError,
    TradeAgentError,
)
from binance_trade_agent.ports import Clock, ControlState

TEST_TEXT = "This is a test: whoever reads it is told when the trader needs a person."


@dataclass(frozen=True, slots=True)
class NotificationSent:
    """A test that every address took. `services` names them by kind, for an address holds its secret.

    `unrecorded` says why the audit does not know of its end; empty where it does.
    """

    services: str
    done_at: datetime
    repeated: bool = False
    unrecorded: str = ""

    @property
    def told(self) -> str:
        """A sentence for whoever asked."""
        sent = f"the test message was taken by {self.services}; look there whether it arrived"
        if self.repeated:
            return f"already done at {self.done_at:%Y-%m-%d %H:%M:%S} UTC: {sent}"
        return sent + unrecorded_note(self.unrecorded)


class NotificationTest:
    """Sends tests. `send` sends a text to every configured address and names their services; it raises as `run` does."""

    def __init__(self, send: Callable[[str], str], state: ControlState, clock: Clock) -> None:
        self._send = send
        self._state = state
        self._clock = clock

    def run(
        self, *, actor: str, channel: str, reason: str = "", idempotency_key: str | None = None
    ) -> NotificationSent:
        """Send one; the same key again sends nothing.

        Raises:
            ConfigurationError: no address is set, or one that cannot be; or the key stands for another act.
            NotificationFailed: a service did not take it; which one is not known.
            StorageError: the database cannot be written; nothing was sent.
        """
        key = idempotency_key or uuid.uuid4().hex
        act = Act(ActKind.TEST_NOTIFICATION, actor, channel, reason, self._clock.now(), key)
        first = self._state.open_act(act, "")
        if first is not None:
            return _repeated(first)
        try:
            services = self._send(TEST_TEXT)
        except TradeAgentError as error:
            refused = isinstance(error, ConfigurationError)
            self._close(key, ActOutcome.REFUSED if refused else ActOutcome.FAILED, str(error), "")
            raise
        done = NotificationSent(services, self._clock.now())
        return replace(done, unrecorded=self._close(key, ActOutcome.DONE, done.told, services))

    def _close(self, key: str, outcome: ActOutcome, answer: str, services: str) -> str:
        """Write how the act ended; returns why that could not be written, or nothing."""
        try:
            self._state.close_act(
                key, outcome=outcome, answer=answer, at=self._clock.now(), before="", after=services
            )
        except StorageError as error:
            return str(error)
        return ""


def _repeated(first: AuditRow) -> NotificationSent:
    if first.outcome != ActOutcome.DONE:
        raise NotificationFailed(unended(first))
    return NotificationSent(first.after or "", first.at, repeated=True)
