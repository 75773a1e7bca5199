"""A test of the notifications is an act: sent once, and how it ended is written down."""

import pytest

from binance_trade_agent.control.notifying import TEST_TEXT, NotificationTest
from binance_trade_agent.domain.errors import ConfigurationError, DatabaseBusy, NotificationFailed
from tests.fakes import FakeClock, FakeControlState


class Service:
    """Takes messages, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.taken: list[str] = []
        self._error = error

    def __call__(self, text: str) -> str:
        self.taken.append(text)
        if self._error is not None:
            raise self._error
        return "json, mailto"


def test_it_is_sent_once_and_told_again() -> None:
    service, state = Service(), FakeControlState()
    tests = NotificationTest(service, state, FakeClock())

    done = tests.run(actor="ann", channel="cli", reason="new phone", idempotency_key="k")
    again = tests.run(actor="ann", channel="cli", idempotency_key="k")

    assert service.taken == [TEST_TEXT]
    assert (done.services, done.repeated) == ("json, mailto", False)
    assert again.repeated
    assert again.told.startswith("already done at ")
    (act,) = state.rows
    assert (act.action, act.actor, act.reason, act.outcome) == (
        "test_notification",
        "ann",
        "new phone",
        "done",
    )
    assert act.answer == done.told


class BusyAtTheEnd(FakeControlState):
    """Takes an act, and cannot write how it ended."""

    def close_act(self, key: str, **ended: object) -> None:
        raise DatabaseBusy("another process writes")


def test_what_was_sent_and_could_not_be_recorded_is_told_as_sent() -> None:
    service = Service()
    tests = NotificationTest(service, BusyAtTheEnd(), FakeClock())

    done = tests.run(actor="ann", channel="cli", idempotency_key="k")
    assert done.told.startswith("the test message was taken by json, mailto")
    assert done.told.endswith("; done, but not recorded in the audit: another process writes")
    with pytest.raises(NotificationFailed, match="its end was not recorded"):
        tests.run(actor="ann", channel="cli", idempotency_key="k")
    assert len(service.taken) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(NotificationFailed("not taken"), "failed"), (ConfigurationError("nobody to tell"), "refused")],
)
def test_what_was_not_sent_is_written_down_and_not_tried_again_with_its_key(
    error: Exception, outcome: str
) -> None:
    service, state = Service(error), FakeControlState()
    tests = NotificationTest(service, state, FakeClock())

    with pytest.raises(type(error), match=str(error)):
        tests.run(actor="ann", channel="cli", idempotency_key="k")
    with pytest.raises(NotificationFailed, match="use a new key"):
        tests.run(actor="ann", channel="cli", idempotency_key="k")

    assert len(service.taken) == 1
    assert [act.outcome for act in state.rows] == [outcome]
