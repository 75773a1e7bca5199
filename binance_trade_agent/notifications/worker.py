"""Empties the outbox. A message that cannot be sent stays and is tried again; trading never waits for it."""

import structlog

from binance_trade_agent.domain.errors import NotificationFailed, StorageError
from binance_trade_agent.ports import Clock, Notifier, Outbox

_log = structlog.get_logger(__name__)

_BATCH = 20
_PERIOD_S = 5.0
_LONGEST_WAIT_S = 300.0
_DISCARDING_PERIOD_S = 60.0


class OutboxWorker:
    """Sends stored messages, oldest first."""

    def __init__(self, outbox: Outbox, notifier: Notifier, clock: Clock) -> None:
        self._outbox = outbox
        self._notifier = notifier
        self._clock = clock

    async def run(self) -> None:
        """Send until cancelled; waits longer after each failure, up to five minutes."""
        wait_s = _PERIOD_S
        while True:
            wait_s = _PERIOD_S if await self.send_waiting() else min(wait_s * 2, _LONGEST_WAIT_S)
            await self._clock.sleep(wait_s)

    async def send_waiting(self) -> bool:
        """Send what waits; False at the first message that could not be sent, or noted as sent."""
        try:
            await self._send_waiting()
        except (NotificationFailed, StorageError) as error:
            _log.warning("notification failed", reason=str(error))
            return False
        return True

    async def _send_waiting(self) -> None:
        for message_id, topic, text in self._outbox.unsent(_BATCH):
            await self._notifier.send(topic, text)
            self._outbox.mark_sent(message_id, self._clock.now())


class DiscardingWorker:
    """Drops stored messages where nobody is to be told: they would wait for the day when somebody is named."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def run(self) -> None:
        """Drop until cancelled."""
        while True:
            self.discard_waiting()
            await self._clock.sleep(_DISCARDING_PERIOD_S)

    def discard_waiting(self) -> None:
        """Drop what waits; a database that cannot be used now is left for the next time."""
        try:
            self._outbox.discard_unsent()
        except StorageError as error:
            _log.warning("messages that nobody is to be told cannot be dropped", reason=str(error))
