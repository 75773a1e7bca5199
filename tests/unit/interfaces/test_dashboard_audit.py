"""What the audit page shows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from dash import no_update

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.interfaces.dashboard.pages import audit
from tests.fakes import START, FakeDesk, fake_desk
from tests.unit.interfaces.test_dashboard_overview import text

HALT = AuditRow(
    id=2,
    at=START,
    actor="dashboard",
    channel="dashboard",
    action="halt",
    reason="drill",
    before="RUNNING",
    after="HALTED",
    idempotency_key="k",
    outcome="done",
    answer=None,
    finished_at=START,
)
TRADE = AuditRow(
    id=1,
    at=START,
    actor="mcp:operator",
    channel="mcp",
    action="trade",
    reason="",
    before=None,
    after=None,
    idempotency_key=None,
    outcome="refused",
    answer="a gate stood in the way",
    finished_at=START + timedelta(seconds=2.5),
    details={"symbol": "BTCUSDT", "side": "BUY"},
)


def words(component: Any) -> str:
    return " ".join(text(component).split())


def audited() -> FakeDesk:
    desk = fake_desk()
    desk.reads.audit_rows = (HALT, TRADE, replace(TRADE, id=0, outcome=None, finished_at=None))
    desk.reads.calls.written += [
        ToolCall(START, "operator", "read", "get_status", "{}", "DONE", 3.25),
        ToolCall(START, "stranger", "", "door", "", "NO_TOKEN", 0.1),
    ]
    return desk


def test_acts_say_who_what_why_and_how_they_ended() -> None:
    shown = words(audit.rows(audited(), ""))

    assert "09:30:00 Halt RUNNING → HALTED “drill” Details" in shown
    assert "Details through dashboard act 2 ended 09:30:00 key k dashboard done" in shown
    assert "Trade BUY BTCUSDT a gate stood in the way Details side BUY symbol BTCUSDT through mcp" in shown
    assert "mcp:operator through mcp ○ refused after 2.5 s" in shown
    assert "… in hand" in shown


def test_an_act_that_was_only_tried_out_says_so() -> None:
    desk = audited()
    desk.reads.audit_rows = (replace(TRADE, details={**TRADE.details, "dry_run": "true"}), TRADE)
    assert words(audit.rows(desk, "")).count("◌ dry run") == 1


def test_calls_over_mcp_are_shown_when_asked_for() -> None:
    desk = audited()
    shown = words(audit.rows(desk, "?what=calls"))
    assert "get_status operator read done 3.2" in shown
    assert "door stranger no access ○ no token" in shown
    assert "get_status" not in words(audit.rows(desk, "?what=refused"))


def test_rows_are_read_again_when_there_is_a_newer_call() -> None:
    desk = audited()
    assert audit.stamp(desk, None, "", None) == " "
    assert audit.stamp(desk, 1, "", " ") is no_update

    seen = audit.stamp(desk, 2, "?what=calls", " ")
    assert audit.stamp(desk, 3, "?what=calls", seen) is no_update
    later = START + timedelta(seconds=1)
    desk.reads.calls.written.append(ToolCall(later, "operator", "read", "explain", "{}", "DONE", 9))
    assert audit.stamp(desk, 4, "?what=calls", seen) not in (seen, no_update)


def test_nothing_yet_says_what_will_be_here() -> None:
    assert "Nobody has done anything yet" in words(audit.rows(fake_desk(empty=True), ""))
    assert "No such call" in words(audit.rows(fake_desk(empty=True), "?what=calls"))


def test_the_files_hold_everything() -> None:
    acts, calls = audit.PAGE.exports
    desk = audited()
    made = [dict(zip(acts.columns, row, strict=True)) for row in acts.rows(desk, {})]
    assert made[1]["details"] == "side=BUY; symbol=BTCUSDT"
    assert [dict(zip(calls.columns, row, strict=True))["tool"] for row in calls.rows(desk, {})] == [
        "door",
        "get_status",
    ]
