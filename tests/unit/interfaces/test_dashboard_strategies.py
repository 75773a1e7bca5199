"""What the page of strategies shows."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from binance_trade_agent.domain.decisions import Reason
from binance_trade_agent.interfaces.dashboard.pages import strategies
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text


def desk_with_plan(plan: dict[str, Any]) -> FakeDesk:
    desk = fake_desk()
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.stored = replace(desk.reads.stored, session=replace(session, plan=plan))
    return desk


def test_equal_strategies_stand_together_with_their_parameters() -> None:
    rsi = {"name": "rsi_level", "params": {"period": 14, "oversold": 30}, "source": None}
    own = {"name": "mine", "params": {}, "source": {"kind": "file", "where": "mine.py", "sha256": "ab12"}}
    desk = desk_with_plan({"strategies": {"BTCUSDT": rsi, "SOLUSDT": dict(rsi), "ETHUSDT": own, "*": own}})

    first, second = strategies.parameters(desk)
    assert "on BTCUSDT, SOLUSDT period 14 oversold 30 One of the shipped strategies." in text(first)
    assert "on ETHUSDT It has no parameters. From file mine.py ab12." in text(second)


def test_a_change_of_another_setting_does_not_begin_a_strategy_anew() -> None:
    session = desk_with_plan({}).reads.stored.session
    assert session is not None
    rsi = {"name": "rsi_level", "params": {"period": 14}, "source": None}
    slower = {**rsi, "params": {"period": 21}}
    plans: list[dict[str, Any]] = [
        {"strategies": {"*": rsi}, "risk": {"max_open_positions": "3"}},
        {"strategies": {"*": rsi}, "risk": {"max_open_positions": "5"}},
        {"strategies": {"*": slower}},
        {"strategies": {"*": rsi}},
    ]
    sessions = [
        replace(session, id=f"s{number}", plan=plan, started_at=START - timedelta(hours=number))
        for number, plan in enumerate(plans)
    ]
    (now,) = strategies.assigned(sessions[0])
    assert strategies.in_effect_since(now, sessions) == START - timedelta(hours=1)


def desk_after_starts(count: int, plan: dict[str, Any]) -> FakeDesk:
    """Sessions of one plan, an hour each."""
    desk = desk_with_plan(plan)
    session = desk.reads.stored.session
    assert session is not None
    desk.reads.older_sessions = tuple(
        replace(session, id=f"s{number}", started_at=session.started_at - timedelta(hours=number))
        for number in range(1, count)
    )
    return desk


def begins_of(desk: FakeDesk) -> tuple[str, set[timedelta]]:
    """What is said of it, and how long before the newest session that is."""
    session = desk.reads.stored.session
    assert session is not None
    (card,) = strategies.parameters(desk)
    found = re.findall(r"dateTime='([^']+)'", str(card))
    return text(card), {session.started_at - datetime.fromisoformat(at) for at in found}


def test_starts_without_a_change_do_not_hide_when_it_took_effect() -> None:
    rsi = {"name": "rsi_level", "params": {"period": 14}, "source": None}
    plan: dict[str, Any] = {"strategies": {"*": rsi}}
    desk = desk_after_starts(80, plan)
    said, begins = begins_of(desk)
    assert "in effect since before" not in said
    assert begins == {timedelta(hours=79)}


def test_what_more_starts_than_are_read_did_not_change_took_effect_before() -> None:
    rsi = {"name": "rsi_level", "params": {"period": 14}, "source": None}
    desk = desk_after_starts(1001, {"strategies": {"*": rsi}})
    said, begins = begins_of(desk)
    assert "in effect since before" in said
    assert begins == {timedelta(hours=999)}
    assert "they took effect before" in text(strategies.effect(desk))


def test_a_session_without_a_plan_names_its_strategy() -> None:
    shown = text(strategies.parameters(fake_desk()))
    assert "combined_default" in shown
    assert "every other symbol" in shown


def test_votes_are_those_of_the_newest_candle() -> None:
    desk = fake_desk()
    waiting = [replace(row, values={}, reason="no candle") for row in desk.reads.decision_rows[:8]]
    votes = (
        Reason("score_hold", "score +0.25 of 4 voters"),
        Reason("vote_rsi", "+1: RSI 28.0 with limits 30 and 70"),
    )
    asked = replace(
        desk.reads.decision_rows[-1], id="asked", symbol="BTCUSDT", signal_reasons=votes, values={"rsi": 28.0}
    )
    desk.reads.decision_rows = (*(replace(row, symbol="BTCUSDT") for row in waiting), asked)

    shown = text(strategies.last(desk))
    assert "+1: RSI 28.0 with limits 30 and 70" in shown
    assert "rsi 28" in shown
    assert "no candle" not in shown


def test_the_effect_is_counted_since_the_session_began() -> None:
    desk = fake_desk()
    shown = text(strategies.effect(desk))
    assert "ema_cross" in shown
    assert "+10.00" in shown


def test_an_empty_database_says_what_to_do() -> None:
    desk = fake_desk(empty=True)
    assert "make up" in text(strategies.last(desk))
    assert "No session yet." in text(strategies.parameters(desk))
    assert "Nothing was traded yet." in text(strategies.effect(desk))
