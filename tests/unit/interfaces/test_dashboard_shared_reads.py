"""What the parts of a page read in common."""

import pytest

from binance_trade_agent.domain.errors import StorageError
from binance_trade_agent.interfaces.dashboard.live import Live
from binance_trade_agent.interfaces.dashboard.shared_reads import SharedReads
from binance_trade_agent.interfaces.desks import DeskDoor
from tests.fakes import fake_desk


def test_parts_share_a_read_until_a_beat_or_until_it_is_old() -> None:
    times = iter([0.0, 0.1, 0.2, 0.3, 0.4, 2.0, 2.0])
    shared = SharedReads(lambda: next(times))
    answers = iter("abc")

    def read() -> str:
        return next(answers)

    assert [shared.get("status", read), shared.get("status", read)] == ["a", "a"]
    shared.forget()
    assert shared.get("status", read) == "b"
    assert shared.get("status", read) == "c"


def test_a_failure_is_not_shared() -> None:
    desk = fake_desk()
    watch = SharedReads().door(DeskDoor(lambda: desk)).desk().watch
    desk.reads.broken = "database is locked"
    with pytest.raises(StorageError):
        watch.status()

    desk.reads.broken = None
    assert watch.status().cycles == 240


def test_a_beat_reads_anew_and_what_it_read_serves_the_page() -> None:
    desk = fake_desk()
    shared = SharedReads()
    door = shared.door(DeskDoor(lambda: desk))
    before = door.desk().watch.positions()
    desk.reads.position_rows = ()
    ticks = iter(range(0, 100, 10))
    Live(door, lambda: next(ticks), shared.forget).beat()

    assert before
    assert door.desk().watch.positions() == ()


def test_the_risk_state_shares_its_reads_and_sees_a_beat() -> None:
    desk = fake_desk()
    shared = SharedReads(lambda: 0.0)
    risk = shared.door(DeskDoor(lambda: desk)).desk().risk
    before = risk.risk_state().judged
    desk.reads.decision_rows = ()
    assert before is not None
    assert risk.risk_state().judged == before

    shared.forget()
    assert risk.risk_state().judged is None


def test_an_explanation_shares_the_reads_of_its_page_until_a_beat() -> None:
    desk = fake_desk()
    shared = SharedReads(lambda: 0.0)
    explainer = shared.door(DeskDoor(lambda: desk)).desk().explainer
    told = explainer.explain()
    desk.reads.broken = "database is locked"
    assert explainer.explain() == told

    shared.forget()
    with pytest.raises(StorageError):
        explainer.explain()
