"""What `/health` tells everybody: how the trader is, and nothing that a person or the account has said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.records import Incident
from binance_trade_agent.interfaces.desks import HEALTH_TEXTS, DeskDoor, health_answer
from binance_trade_agent.telemetry.health import REFUSED_START, STOPPED, TraderCondition
from tests.fakes import START, FakeDesk, fake_desk

#: What must not be told: who acted, what they typed, where the data lie.
PRIVATE = ("joan", "wallet", "/srv/data")


def ended(desk: FakeDesk, reason: str) -> None:
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(
        desk.reads.stored, session=replace(session, ended_at=START, end_reason=reason)
    )


def stopped_by_ann(desk: FakeDesk) -> None:
    ended(desk, STOPPED)
    stop = AuditRow(
        id=1,
        at=START - timedelta(seconds=2),
        actor="joan",
        channel="cli",
        action="stop",
        reason="moving the wallet",
        before="RUNNING",
        after="STOPPED",
        idempotency_key="k",
        outcome="done",
        answer=None,
        finished_at=START + timedelta(seconds=1),
        details={"program": "autonomous_trader"},
    )
    desk.reads.audit_rows = (stop,)
    assert "joan (cli) “moving the wallet”" in desk.watch.status().health.text


def failed(desk: FakeDesk) -> None:
    ended(desk, "no wallet at /srv/data")


def refused(desk: FakeDesk) -> None:
    incident = Incident(REFUSED_START, "/srv/data/strategy.py: no such file", "error", START)
    desk.reads.stored = replace(desk.reads.stored, incidents=(incident,))


def unreadable(desk: FakeDesk) -> None:
    desk.reads.broken = "/srv/data/portfolio.db: not a database"


@pytest.mark.parametrize(
    ("happened", "condition"),
    [
        (stopped_by_ann, "stopped"),
        (failed, "failed"),
        (refused, "misconfigured"),
        (unreadable, "unreadable"),
    ],
)
def test_names_reasons_and_paths_are_not_told(happened: Callable[[FakeDesk], None], condition: str) -> None:
    desk = fake_desk()
    happened(desk)
    answer = health_answer(DeskDoor(lambda: desk))

    assert (answer.status_code, answer.body["condition"], answer.body["healthy"]) == (503, condition, False)
    assert answer.body["text"]
    assert [word for word in PRIVATE if word in str(answer.body)] == []


def test_a_trader_that_cycles_is_healthy() -> None:
    answer = health_answer(DeskDoor(fake_desk))
    assert (answer.status_code, answer.body["condition"]) == (200, TraderCondition.CYCLING)


def test_every_condition_has_its_sentence_and_who_stopped_is_not_looked_up() -> None:
    desk = fake_desk()
    stopped_by_ann(desk)
    assert desk.watch.health().text.startswith("stopped by a shutdown (such as `make down`)")
    assert set(HEALTH_TEXTS) == set(TraderCondition)
