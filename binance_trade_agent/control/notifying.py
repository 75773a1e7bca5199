"""A message that tries the notifications: sent at once, whether a trader runs or not, and a row of the audit."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from binance_trade_agent.control.act_record import ActRecord, unended, unrecorded_note
from binance_trade_agent.domain.acts import ActKind, ActOutcome, AuditRow
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    NotificationFailed,
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
        self._record = ActRecord(state, clock)
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
        kind = ActKind.TEST_NOTIFICATION
        key, first = self._record.begin(kind, actor, channel, reason, idempotency_key, before="")
        if first is not None:
            return _repeated(first)
        try:
            services = self._send(TEST_TEXT)
        except TradeAgentError as error:
            refused = isinstance(error, ConfigurationError)
            self._record.end(key, ActOutcome.REFUSED if refused else ActOutcome.FAILED, str(error))
            raise
        done = NotificationSent(services, self._clock.now())
        return replace(done, unrecorded=self._record.end(key, ActOutcome.DONE, done.told, after=services))


def _repeated(first: AuditRow) -> NotificationSent:
    if first.outcome != ActOutcome.DONE:
        raise NotificationFailed(unended(first))
    return NotificationSent(first.after or "", first.at, repeated=True)
