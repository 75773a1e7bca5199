"""`audit` and `audit --calls`: acts as lines, calls as a table."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.interfaces.cli.audit import draw_calls, line_of
from tests.fakes import START


def act(action: str, before: str | None = None, after: str | None = None, **details: str) -> AuditRow:
    return AuditRow(
        id=1,
        at=START,
        actor="ann",
        channel="cli",
        action=action,
        reason="news",
        before=before,
        after=after,
        idempotency_key=None,
        outcome="done",
        answer=None,
        finished_at=START,
        details=details,
    )


def test_an_act_names_what_each_of_its_numbers_is() -> None:
    moved = line_of(act("protect", command="c", symbol="BTCUSDT", target_price="70000", stop_price="50000"))
    assert moved.endswith("ann (cli) protect BTCUSDT stop 50000 target 70000 “news” – done")
    bought = line_of(act("trade", symbol="BTCUSDT", side="BUY", limit_price="9", time_limit_s="60"))
    assert "trade BUY BTCUSDT at 9 for 60 s at most “news”" in bought
    asked = line_of(act("trade", symbol="BTCUSDT", side="BUY", quantity="0.5"))
    assert "trade BUY 0.5 BTCUSDT “news”" in asked


def test_an_act_on_a_token_names_its_limits() -> None:
    limits = {"orders_per_day": "20", "quote_per_day": "500", "days": "7"}
    made = line_of(act("create_token", "none", "in force", token="ann", tier="trade", **limits))
    assert (
        "create_token ann of the tier trade 20 orders a day 500 of quote currency a day for 7 days (none → in force)"
    ) in made


def test_what_is_lifted_is_told_as_off() -> None:
    assert "reduce_only BTCUSDT off (" in line_of(
        act("reduce_only", "BTCUSDT", "none", symbols="BTCUSDT", on="false")
    )
    assert "reduce_only BTCUSDT (" in line_of(
        act("reduce_only", "none", "BTCUSDT", symbols="BTCUSDT", on="true")
    )


def test_an_act_tells_only_a_change() -> None:
    assert "(RUNNING → PAUSED)" in line_of(act("pause", "RUNNING", "PAUSED"))
    assert "→" not in line_of(act("start", "unknown", "unknown"))


@pytest.mark.parametrize(("width", "whole"), [(80, False), (200, True)])
def test_calls_are_a_table_in_every_width(width: int, whole: bool) -> None:
    rows = [
        ToolCall(START, "bob", "read", "get_status", "{}", "DONE", 3.25),
        ToolCall(START + timedelta(seconds=1), "", "", "door", '{"host": "[x]"}', "BAD_TOKEN", 0.4),
    ]
    on = Console(width=width, file=io.StringIO())
    draw_calls(rows, on)
    assert isinstance(on.file, io.StringIO)
    title, head, first, second = on.file.getvalue().splitlines()
    assert title.strip() == "Calls over MCP"
    assert head.split()[:2] == ["at", "who"]
    assert "get_status" in first
    assert first.split()[:3] == ["05-04", "09:30:00", "bob"]
    assert " 3" in first
    assert "BAD_TOKEN" in second
    assert ('{"host": "[x]"}' in second) is whole
    assert "…" not in on.file.getvalue()
