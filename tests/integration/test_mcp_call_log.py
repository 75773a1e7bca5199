"""Each call over MCP leaves a row with its outcome, secrets masked; acts and refusals before they are answered."""

from pathlib import Path

import httpx
import pytest
from mcp.types import ElicitResult

from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.control.call_log import CallLog
from binance_trade_agent.domain.tool_calls import ToolCall
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from binance_trade_agent.interfaces.mcp_server.recording import CallRecorder
from tests.fakes import FakeDesk, done, fake_desk
from tests.integration.test_mcp_confirming import ERAS, answering, ask
from tests.mcp_calls import CONTROL_TOKEN, PING, READ_TOKEN, TABLE, bearer, over_http, serving


def rows(desk: FakeDesk) -> list[tuple[str, str, str, str]]:
    return [(row.caller, row.tier, row.tool, row.outcome) for row in desk.reads.calls.written]


async def test_acts_and_refusals_are_written_when_they_are_answered_and_reads_before_the_end() -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served:
        await over_http(served, READ_TOKEN, "get_status")
        await over_http(served, CONTROL_TOKEN, "pause_trading", reason="lunch")
        assert rows(desk)[-1] == ("steerer", "control", "pause_trading", "DONE")
        await over_http(served, READ_TOKEN, "pause_trading", reason="lunch")
        assert rows(desk)[-1] == ("watcher", "read", "pause_trading", "FORBIDDEN")
        await over_http(served, READ_TOKEN, "get_orders", limit=10**9)
        assert rows(desk)[-1] == ("watcher", "read", "get_orders", "BAD_ARGUMENT")
        await over_http(served, READ_TOKEN, "no_such_tool", text="x" * 5000)
        assert rows(desk)[-1] == ("watcher", "read", "no_such_tool", "UNKNOWN_TOOL")
        await over_http(served, READ_TOKEN, "get_status")

    assert rows(desk)[0] == rows(desk)[-1] == ("watcher", "read", "get_status", "DONE")
    assert len(rows(desk)) == 6
    written = desk.reads.calls.written
    assert written[1].arguments == '{"reason": "lunch"}'
    assert len(written[4].arguments) == 500
    assert all(row.took_ms >= 0 and row.at.tzinfo for row in written)


@pytest.mark.parametrize("era", ERAS)
async def test_a_question_that_is_declined_leaves_a_refused_row(era: str) -> None:
    desk = fake_desk(mode="live")
    desk.state.answer = done("bought")
    with serving(desk, TABLE, confirmations=Confirmations(desk.clock.monotonic)) as served:
        await ask(served, era, answering(ElicitResult(action="decline"), []))

    outcomes = [row.outcome for row in desk.reads.calls.written]
    assert outcomes == (["DECLINED"] if era == "legacy" else ["ASKED", "DECLINED"])
    assert [row.outcome for row in desk.watch.tool_calls(refused_only=True)] == ["DECLINED"]


async def test_the_audit_tells_calls_too_newest_first() -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served:
        await over_http(served, READ_TOKEN, "pause_trading", reason="lunch")
        _, acts = await over_http(served, READ_TOKEN, "get_audit")
        _, calls = await over_http(served, READ_TOKEN, "get_audit", calls=True, limit=5)

    assert acts["calls"] == calls["acts"] == []
    assert len(acts["acts"]) == len(desk.watch.audit(limit=20))
    (call,) = [call for call in calls["calls"] if call["outcome"] != "DONE"]
    assert (call["caller"], call["tool"], call["outcome"]) == ("watcher", "pause_trading", "FORBIDDEN")


async def test_a_database_that_cannot_be_written_fails_no_read() -> None:
    desk = fake_desk()
    desk.reads.calls.broken = "disk full"
    with serving(desk, TABLE) as served:
        assert (await over_http(served, READ_TOKEN, "get_status"))[0] is False


async def test_secrets_are_not_kept() -> None:
    desk = fake_desk()
    logs = LogTail(Path("logs"), ["hunter2-hunter2"])
    with serving(desk, TABLE, logs=logs) as served:
        await over_http(served, CONTROL_TOKEN, "pause_trading", reason="see hunter2-hunter2, token=abcdef")
        await over_http(served, READ_TOKEN, "get_status", api_key="abcdef", nested={"password": "abcdef"})

    kept = str(desk.reads.calls.written)
    assert "see ********, token=********" in kept
    assert "hunter2" not in kept
    assert "abcdef" not in kept


async def test_what_steers_a_terminal_is_neither_kept_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served:
        _, paused = await over_http(
            served, CONTROL_TOKEN, "pause_trading", reason="a\x00b\x1b[31m\u202e\nFAKE "
        )
        await over_http(served, READ_TOKEN, "x\x00y\nFAKE LINE")

    assert paused["reason"] == "a b [31m  FAKE"
    assert [row.tool for row in desk.reads.calls.written] == ["pause_trading", "x y FAKE LINE"]
    assert "\nFAKE" not in caplog.text


def test_what_is_refused_at_the_door_leaves_one_row_each_without_the_token() -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served:
        url = f"{served.url}/mcp"
        for headers, body in (
            (bearer("wrong-wrong-wrong"), PING),
            (bearer(READ_TOKEN, Host="evil.example"), PING),
            (bearer(READ_TOKEN, Origin="http://evil.example"), PING),
            (bearer(READ_TOKEN), "x" * 1_500_000),
        ):
            httpx.post(url, headers=headers, json=body, timeout=60)
    written = desk.reads.calls.written

    assert [(row.caller, row.tool, row.outcome) for row in written] == [
        ("unknown", "door", "TOKEN_INVALID"),
        ("watcher", "door", "HOST_FORBIDDEN"),
        ("watcher", "door", "ORIGIN_FORBIDDEN"),
        ("watcher", "door", "BODY_TOO_LARGE"),
    ]
    assert '"host": "evil.example"' in written[1].arguments
    assert "wrong-wrong" not in str(written)
    assert READ_TOKEN not in str(written)


def test_a_flood_at_the_door_leaves_few_rows() -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served, httpx.Client(headers=bearer("wrong"), timeout=60) as client:
        answers = {client.post(f"{served.url}/mcp", json=PING).status_code for _ in range(100)}

    assert answers == {401}
    assert 0 < len(desk.reads.calls.written) < 100


def test_a_flood_is_counted_by_the_second() -> None:
    desk, now = fake_desk(), [0.0]
    log = CallLog(lambda: desk.calls, lambda problem: None)
    recorder = CallRecorder(log, lambda text: text, lambda: now[0])

    for second in range(3):
        now[0] = float(second)
        for _ in range(100):
            recorder.note_of_flood("a", "read", "get_status", {}, "RATE_LIMITED", now[0])
    recorder.flush()

    assert len(desk.reads.calls.written) == 15
    assert isinstance(desk.reads.calls.written[0], ToolCall)
