"""The outbox is emptied in order; nothing that fails loses a message or ends the worker."""

from datetime import datetime

from binance_trade_agent.domain.errors import NotificationFailed, StorageError
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.notifications.worker import DiscardingWorker, OutboxWorker
from tests.fakes import FakeClock


class Box:
    """Messages in memory; `broken` raises as a busy database does."""

    def __init__(self, *texts: str) -> None:
        self.messages = dict(enumerate(texts))
        self.broken = False

    def unsent(self, limit: int) -> tuple[tuple[int, str, str], ...]:
        if self.broken:
            raise StorageError("database is locked")
        return tuple((number, "order", text) for number, text in self.messages.items())[:limit]

    def mark_sent(self, message_id: int, at: datetime) -> None:
        del self.messages[message_id]

    def discard_unsent(self) -> int:
        if self.broken:
            raise StorageError("database is locked")
        dropped = len(self.messages)
        self.messages.clear()
        return dropped

    def raise_incident(self, incident: Incident, *, told: str = "", anew: bool = False) -> bool:
        raise NotImplementedError

    def clear_incident(self, key: str, at: datetime) -> None:
        raise NotImplementedError

    def enqueue(self, topic: str, text: str, at: datetime) -> None:
        raise NotImplementedError


class Mouth:
    """Remembers what was sent; refuses `bad`."""

    def __init__(self, bad: str = "") -> None:
        self.sent: list[str] = []
        self.bad = bad

    async def send(self, topic: str, text: str) -> None:
        if text == self.bad:
            raise NotificationFailed("not taken")
        self.sent.append(text)


async def test_messages_go_out_in_order_and_once() -> None:
    box, mouth = Box("a", "b"), Mouth()
    worker = OutboxWorker(box, mouth, FakeClock())
    assert await worker.send_waiting()
    assert await worker.send_waiting()
    assert (mouth.sent, box.messages) == (["a", "b"], {})


async def test_a_message_not_taken_stays_and_holds_back_those_after_it() -> None:
    box, mouth = Box("a", "b", "c"), Mouth(bad="b")
    worker = OutboxWorker(box, mouth, FakeClock())
    assert not await worker.send_waiting()
    assert (mouth.sent, list(box.messages.values())) == (["a"], ["b", "c"])
    mouth.bad = ""
    assert await worker.send_waiting()
    assert mouth.sent == ["a", "b", "c"]


async def test_a_busy_database_is_waited_for() -> None:
    box, mouth = Box("a"), Mouth()
    box.broken = True
    worker = OutboxWorker(box, mouth, FakeClock())
    assert not await worker.send_waiting()
    box.broken = False
    assert await worker.send_waiting()
    assert mouth.sent == ["a"]


async def test_where_nobody_is_to_be_told_what_waits_is_dropped() -> None:
    box = Box("a", "b")
    worker = DiscardingWorker(box, FakeClock())
    box.broken = True
    worker.discard_waiting()
    assert list(box.messages.values()) == ["a", "b"]
    box.broken = False
    worker.discard_waiting()
    assert box.messages == {}
