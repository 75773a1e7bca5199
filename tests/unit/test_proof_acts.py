"""The judge of acts sees what is not as it was asked for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.domain.acts import AuditRow
from proof.acts import may_hold, sold_too_much
from proof.exchange import TrueFill, TrueOrder, Truth
from proof.person import Asked

AT = datetime(2026, 5, 4, 10, tzinfo=UTC)
DIED = "the process that carried it out died: see orders and decisions for how far it came"


def asked(actor: str, kind: str = "protect") -> Asked:
    return Asked(kind, actor, "BTCUSDT", AT, lambda: None)


def ended(actor: str, outcome: str | None, answer: str = "") -> AuditRow:
    return AuditRow(
        id=1,
        at=AT,
        actor=actor,
        channel="proof",
        action="protect",
        reason="",
        before=None,
        after=None,
        idempotency_key=actor,
        outcome=outcome,
        answer=answer,
        finished_at=AT + timedelta(seconds=1) if outcome else None,
    )


@pytest.mark.parametrize(
    ("outcome", "answer", "allowed"),
    [
        ("done", "", {"b"}),
        ("refused", "nothing is held", {"a"}),
        ("failed", "no room; nothing was changed: stop rests at 1", {"a"}),
        ("failed", "whether the exchange took it is not known yet", {"b"}),
        ("failed", DIED, {"a", "b"}),
        (None, "", {"a", "b"}),
    ],
)
def test_levels_that_may_hold_follow_from_how_the_last_act_ended(
    outcome: str | None, answer: str, allowed: set[str]
) -> None:
    audit = {"a": ended("a", "done"), "b": ended("b", outcome, answer)}
    assert may_hold([asked("a"), asked("b")], audit, []) == allowed


def test_levels_end_with_their_position() -> None:
    audit = {"a": ended("a", "done")}
    assert may_hold([asked("a")], audit, [AT + timedelta(minutes=1)]) == {""}
    # about then: it may have been for the position that was closed, or for the next
    assert may_hold([asked("a")], audit, [AT + timedelta(seconds=2)]) == {"a", ""}
    assert may_hold([asked("a")], audit, [AT - timedelta(minutes=1)]) == {"a"}


def test_levels_taken_back_are_nobodys() -> None:
    audit = {"a": ended("a", "done"), "b": ended("b", "done")}
    assert may_hold([asked("a"), asked("b", "back to settings")], audit, []) == {""}


def test_a_doubled_sale_is_seen() -> None:
    def fill(number: int, *, is_buy: bool) -> TrueFill:
        one = Decimal(1)
        return TrueFill("BTCUSDT", number, number, is_buy, one, one, one, Decimal(0), "USDT")

    def order(number: int) -> TrueOrder:
        return TrueOrder("BTCUSDT", number, f"bta-{number}", "", "FILLED", Decimal(1))

    orders = tuple(map(order, (1, 2, 3)))
    once = (fill(1, is_buy=True), fill(2, is_buy=False))
    assert sold_too_much(Truth(orders, once, {})) == []
    assert sold_too_much(Truth(orders, (*once, fill(3, is_buy=False)), {})) == ["BTCUSDT -1"]
