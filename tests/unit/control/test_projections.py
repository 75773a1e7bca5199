"""What a cycle tells people, once."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.control.projections import Projector
from binance_trade_agent.domain.decisions import Decision, Outcome, Reason, TradingState
from binance_trade_agent.domain.records import Incident
from tests.fakes import START, FakeControlState
from tests.unit.control.fakes import FakeOutbox, decision, report

QUIET = decision("BTCUSDT", Outcome.HELD, "nothing to do")


class Projected:
    """A projector with what it wrote in reach."""

    def __init__(self, *, live: bool = False) -> None:
        self.outbox, self.control = FakeOutbox(), FakeControlState()
        self.projector = Projector(self.outbox, self.control, stop_entries_on_difference=live)
        self.project = self.projector.project


@pytest.fixture
def it() -> Projected:
    return Projected()


def test_a_quiet_cycle_says_nothing(it: Projected) -> None:
    it.project(report(QUIET))
    assert (it.outbox.open, it.outbox.messages) == ({}, [])


@pytest.mark.parametrize(
    ("outcome", "key", "severity"),
    [
        (Outcome.UNKNOWN, "unresolved_order:BTCUSDT", "critical"),
        (Outcome.UNRESOLVED, "unresolved_order:BTCUSDT", "critical"),
        (Outcome.NO_DATA, "no_data:BTCUSDT", "warning"),
        (Outcome.FAILED, "strategy_failed:BTCUSDT", "critical"),
    ],
)
def test_an_incident_is_raised_once_and_cleared_when_its_condition_is_gone(
    it: Projected, outcome: Outcome, key: str, severity: str
) -> None:
    for _ in range(3):
        it.project(report(decision("BTCUSDT", outcome, "no route")))
    assert {found.key: found.severity for found in it.outbox.open.values()} == {key: severity}
    ((topic, text),) = it.outbox.messages
    assert topic == "incident"
    assert "no route" in text
    it.project(report(QUIET))
    assert it.outbox.open == {}
    it.project(report(decision("BTCUSDT", outcome, "no route")))
    assert len(it.outbox.messages) == 2


@pytest.mark.parametrize(
    "unasked",
    [
        replace(QUIET, reason=Reason("no_new_candle", "no 1m candle closed since the last decision")),
        replace(QUIET, reason=Reason("looked_after", "an order of it traded")),
        decision("BTCUSDT", Outcome.NO_DATA),
        decision("BTCUSDT", Outcome.INTERRUPTED),
    ],
)
def test_a_strategy_that_fails_stays_an_incident_until_it_is_asked_again(
    it: Projected, unasked: Decision
) -> None:
    for _ in range(3):
        it.project(report(decision("BTCUSDT", Outcome.FAILED, "KeyError")))
        it.project(report(unasked))
    assert "strategy_failed:BTCUSDT" in it.outbox.open
    assert [text for _, text in it.outbox.messages].count("KeyError") == 1
    it.project(report(QUIET))
    assert it.outbox.open == {}


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.REFUSED, Outcome.PLACED, Outcome.HALTED])
def test_ordinary_outcomes_are_no_incidents(it: Projected, outcome: Outcome) -> None:
    it.project(report(decision("BTCUSDT", outcome)))
    assert it.outbox.open == {}


def test_an_incident_of_an_earlier_process_is_cleared_and_not_told_again(it: Projected) -> None:
    old = Incident("no_data:BTCUSDT", "no route", "warning", datetime(2026, 1, 1, tzinfo=START.tzinfo))
    it.outbox.open[old.key] = old
    it.projector.adopt((old,))
    it.project(report(decision("BTCUSDT", Outcome.NO_DATA)))
    assert it.outbox.messages == []
    assert it.outbox.open == {old.key: old}
    it.project(report(QUIET))
    assert it.outbox.open == {}


@pytest.mark.parametrize(
    ("live", "state"), [(True, TradingState.ENTRIES_HALTED), (False, TradingState.RUNNING)]
)
def test_a_difference_is_told_and_stops_entries_where_money_is_real(live: bool, state: TradingState) -> None:
    it = Projected(live=live)
    it.project(report(QUIET, differences={"USDT": Decimal("-1.50")}))
    halts = "; entries are halted until somebody resumes, exits go on" if live else ""
    assert it.outbox.messages == [
        ("incident", f"nothing explained -1.50 USDT: booked as a difference{halts}")
    ]
    assert it.control.read().state is state


@pytest.mark.parametrize(
    ("actor", "told"),
    [("daily_loss", "; entries are halted until somebody resumes, exits go on"), ("ann", "")],
)
def test_a_loss_limit_says_in_one_message_whether_it_has_halted_entries(
    it: Projected, actor: str, told: str
) -> None:
    it.control.write(TradingState.ENTRIES_HALTED, reason="50 lost", actor=actor, at=START)
    it.project(replace(report(QUIET), alarms={"loss_limit:daily_loss": "5 % lost today"}))
    assert it.outbox.messages == [("incident", f"5 % lost today{told}")]


def test_a_difference_loosens_no_halt() -> None:
    it = Projected(live=True)
    it.control.write(TradingState.HALTED, reason="fire", actor="me", at=START)
    it.project(report(QUIET, differences={"USDT": Decimal(-1)}))
    assert it.control.read().state is TradingState.HALTED


def test_a_difference_that_halts_again_is_told_anew_while_the_first_is_still_shown() -> None:
    it = Projected(live=True)
    it.project(report(QUIET, differences={"USDT": Decimal("-1.50")}))
    later = report(QUIET, state=TradingState.ENTRIES_HALTED, differences={"USDT": Decimal(-2)})
    it.project(replace(later, start=replace(later.start, started_at=START + timedelta(seconds=5))))
    assert len(it.outbox.messages) == 1

    it.control.write(TradingState.RUNNING, reason="back", actor="ann", at=START)
    it.project(report(QUIET, differences={"USDT": Decimal(-900)}))
    assert it.outbox.messages[1:] == [
        (
            "incident",
            "nothing explained -900 USDT: booked as a difference; entries are halted until somebody resumes, exits go on",
        )
    ]
    assert "-900 USDT" in it.outbox.open["balance_difference:USDT"].text


def test_a_limit_that_halts_at_the_end_of_a_pause_is_told_then(it: Projected) -> None:
    breached = replace(report(QUIET), alarms={"loss_limit:daily_loss": "5 % lost today"})
    it.control.write(TradingState.PAUSED, reason="lunch", actor="ann", at=START)
    it.project(breached)
    it.control.write(TradingState.ENTRIES_HALTED, reason="5 % lost today", actor="daily_loss", at=START)
    it.project(breached)
    later = replace(breached, start=replace(breached.start, started_at=START + timedelta(seconds=5)))
    it.project(later)
    assert [text for _, text in it.outbox.messages] == [
        "5 % lost today",
        "5 % lost today; entries are halted until somebody resumes, exits go on",
    ]


def test_a_reset_of_the_exchange_outlasts_every_cycle(it: Projected) -> None:
    reset = Incident("exchange_reset", "the exchange knows none", "critical", START)
    it.outbox.open[reset.key] = reset
    it.projector.adopt((reset,))
    it.project(report(QUIET))
    assert list(it.outbox.open) == ["exchange_reset"]
