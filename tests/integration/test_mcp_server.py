"""The MCP server: each tool against fakes in memory, and the doors (token, Host, Origin) over real HTTP."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.records import (
    CancelRow,
    CommandResult,
    CommandStatus,
    FlowRow,
    ForeignOrderRow,
)
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.listening import listen
from binance_trade_agent.interfaces.mcp_server.server import build_server
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from tests.fakes import START, FakeDesk, done, fake_desk
from tests.mcp_calls import PING, READ_TOKEN, TABLE, TRADE_TOKEN, Served, bearer, call, refused, serving
from tests.resting import with_oco

READS = {
    "get_status",
    "get_portfolio",
    "get_decisions",
    "get_orders",
    "get_fills",
    "get_outside_activity",
    "explain",
    "get_decision",
    "get_signal",
    "get_risk_state",
    "get_strategies",
    "get_settings",
    "get_audit",
    "get_logs",
    "get_market",
    "get_candles",
    "get_performance",
}
#: Those that read the database.
DATABASE_READS = READS - {"get_settings", "get_logs", "get_market", "get_candles", "get_performance"}
ACTS = {
    "halt_trading",
    "cancel_order",
    "flatten_positions",
    "pause_trading",
    "resume_trading",
    "execute_trading_workflow",
    "place_order",
    "preview_order",
    "set_protection",
    "set_reduce_only",
    "start_trading_loop",
    "stop_trading_loop",
    "update_setting",
}


async def test_every_tool_has_a_schema_annotations_and_a_tier() -> None:
    async with Client(build_server(Toolbox(DeskDoor(fake_desk)), TABLE)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(tools) == READS | ACTS
    for name, tool in tools.items():
        assert tool.description
        assert tool.output_schema
        assert tool.meta is not None
        assert tool.meta["tier"] in {"read", "control", "trade"}
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name in READS)
    assert tools["execute_trading_workflow"].annotations.destructive_hint is True


async def test_status_says_what_the_database_says() -> None:
    status = await call(fake_desk(), "get_status")

    assert status["mode"] == "simulated"
    assert status["health"] == {"condition": "cycling", "healthy": True, "text": "cycle 240 began 2 s ago"}
    assert status["control"]["state"] == "RUNNING"
    assert status["last_cycle"]["number"] == 240
    assert status["equity"] == "10008.8918"
    assert status["profit"] == "8.8918"
    assert status["orders_by_status"] == {"FILLED": 3, "REJECTED": 1}
    assert status["as_of"] == "2026-05-04T09:30:00Z"


async def test_status_of_an_empty_database_has_no_figures() -> None:
    status = await call(fake_desk(empty=True), "get_status")

    assert status["health"]["condition"] == "never started"
    assert status["equity"] is None
    assert status["last_cycle"] is None


async def test_portfolio_is_exact() -> None:
    portfolio = await call(fake_desk(), "get_portfolio")

    assert portfolio["balances"] == {"USDT": "9004.2118", "BTC": "0.015984"}
    assert portfolio["equity"]["cash"] == "9004.2118"
    held = portfolio["positions"][0]
    assert (held["symbol"], held["quantity"], held["cost"]) == ("BTCUSDT", "0.015984", "999.8412")


async def test_decisions_are_bounded_and_filtered_by_symbol() -> None:
    answer = await call(fake_desk(), "get_decisions", symbol="btcusdt", limit=2)

    rows = answer["decisions"]
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "BTCUSDT"]
    assert rows[1]["outcome"] == "refused"
    assert rows[1]["blocking_gate"] == "cooldown"
    assert rows[0]["nearest_miss"] == "RSI 31.8, buys below 30"


async def test_orders_are_newest_first() -> None:
    orders = (await call(fake_desk(), "get_orders", limit=3))["orders"]

    assert [order["status"] for order in orders] == ["REJECTED", "FILLED", "FILLED"]
    assert orders[2]["quote_executed"] == "999.8412"


async def test_a_position_tells_what_guards_it() -> None:
    desk = with_oco(fake_desk())

    held, sold = (await call(desk, "get_portfolio"))["positions"]

    assert held["protection"] == {
        "stop": "61000",
        "stop_distance_percent": "-2.95",
        "target": "64000",
        "target_distance_percent": "1.82",
        "last_price": "62855.4",
        "covered": "0.01598",
        "watched_stop": None,
        "watched_target": None,
        "asked_stop": None,
        "asked_target": None,
        "asked_by": "",
        "unprotected": False,
        "alarm": "",
        "guards": [{"quantity": "0.01598", "stop": "61000", "target": "64000"}],
    }
    assert sold["protection"] is None


async def test_the_legs_of_a_list_tell_their_prices() -> None:
    stop, target = (await call(with_oco(fake_desk()), "get_orders", limit=2))["orders"]

    assert (stop["purpose"], stop["price"], stop["stop_price"], stop["status"]) == (
        "stop",
        None,
        "61000",
        "OPEN",
    )
    assert (target["purpose"], target["price"], target["stop_price"]) == ("target", "64000", None)
    assert stop["client_list_id"] == target["client_list_id"] == "l1"


async def test_a_cancel_without_an_answer_is_in_the_status_and_protection_at_rest_is_not() -> None:
    desk = with_oco(fake_desk())
    desk.reads.cancel_rows = (
        CancelRow("bta-c1", "bta-l1-stop", None, "BTCUSDT", "UNKNOWN", "trailing", START, START),
    )

    status = await call(desk, "get_status")

    assert [row["cancel_id"] for row in status["unresolved_cancels"]] == ["bta-c1"]
    assert status["unresolved_orders"] == []


async def test_what_others_did_with_the_account_is_told() -> None:
    desk = fake_desk()
    desk.reads.flow_rows = (
        FlowRow("withdrawal", "USDT", Decimal("-100.50"), None, "withdrawal w-1", START),
        FlowRow("opening", "USDT", Decimal(10000), None, "", START),
    )
    desk.reads.foreign_rows = (
        ForeignOrderRow(
            "BTCUSDT", 77, "web_1", "BUY", "LIMIT", Decimal("60000.00"), Decimal("0.2"), Decimal(0), START
        ),
    )

    outside = await call(desk, "get_outside_activity")

    assert [(row["kind"], row["amount"], row["reason"]) for row in outside["flows"]] == [
        ("withdrawal", "-100.5", "withdrawal w-1")
    ]
    (order,) = outside["open_orders"]
    assert (order["client_order_id"], order["type"], order["price"]) == ("web_1", "LIMIT", "60000")


async def test_pause_and_resume_are_recorded_with_who_and_why() -> None:
    desk = fake_desk()

    paused = await call(desk, "pause_trading", reason="news at noon")
    resumed = await call(desk, "resume_trading", reason="news is out")

    assert (paused["state"], paused["reason"], paused["actor"]) == ("PAUSED", "news at noon", "mcp:local")
    assert resumed["state"] == "RUNNING"
    assert [snapshot.state for snapshot in desk.state.history] == [TradingState.PAUSED, TradingState.RUNNING]


async def test_a_pause_names_the_entries_at_rest_that_end_with_it() -> None:
    desk = fake_desk()
    bought = next(row for row in desk.reads.order_rows if row.purpose == "entry")
    limit = replace(
        bought, status="OPEN", price=Decimal("2800.00"), quantity=Decimal("0.20"), executed=Decimal(0)
    )
    desk.reads.order_rows = (limit,)

    paused = await call(desk, "pause_trading", reason="news", idempotency_key="k")
    again = await call(desk, "pause_trading", reason="news", idempotency_key="k")

    assert paused["cancelled_next"] == [f"BUY 0.2 {bought.symbol} at 2800"]
    assert again["cancelled_next"] == []


async def test_a_halted_trader_stays_halted_when_paused() -> None:
    desk = fake_desk()
    desk.steering.halt("stop", actor="cli")

    assert (await call(desk, "pause_trading", reason="again"))["state"] == "HALTED"


async def test_a_workflow_is_stored_as_a_command_and_its_result_returned() -> None:
    desk = fake_desk()
    desk.state.answer = done("bought 0.016 BTC", outcome="placed")

    answer = await call(
        desk,
        "execute_trading_workflow",
        symbol="btcusdt",
        quantity="0.016",
        side="BUY",
        idempotency_key="morning-1",
    )

    command = desk.state.commands["morning-1"]
    assert command.arguments == {"symbol": "BTCUSDT", "quantity": "0.016", "side": "BUY"}
    assert (command.actor, command.channel) == ("mcp:local", "mcp")
    assert answer["text"] == "bought 0.016 BTC"
    assert answer["details"] == {"outcome": "placed"}
    assert answer["idempotency_key"] == "morning-1"


async def test_a_workflow_sent_twice_by_key_is_one_command() -> None:
    desk = fake_desk()
    desk.state.answer = done("bought")

    for _ in range(2):
        await call(desk, "execute_trading_workflow", symbol="BTCUSDT", idempotency_key="once")

    assert len(desk.state.commands) == 1
    other = await refused(desk, "execute_trading_workflow", symbol="ETHUSDT", idempotency_key="once")
    assert "BAD_ARGUMENT" in other


async def test_a_refused_workflow_says_so_with_its_code() -> None:
    desk = fake_desk()
    desk.state.answer = CommandResult(CommandStatus.REFUSED, "max_symbol_share: 25 %, asked 40 %", {}, START)

    text = await refused(desk, "execute_trading_workflow", symbol="BTCUSDT")

    assert "REFUSED: max_symbol_share: 25 %, asked 40 %" in text


async def test_a_failed_workflow_says_where_to_look_and_that_its_key_is_used_up() -> None:
    desk = fake_desk()
    desk.state.answer = CommandResult(CommandStatus.FAILED, "no route to the exchange", {}, START)

    text = await refused(desk, "execute_trading_workflow", symbol="BTCUSDT", idempotency_key="once")

    assert text == (
        "FAILED: no route to the exchange. See get_status and get_orders for what holds now; another attempt needs a"
        " new key"
    )


async def test_without_an_answer_a_workflow_stays_pending_and_a_process_was_asked_for() -> None:
    desk = fake_desk()
    desk.lease.held = False

    text = await refused(desk, "execute_trading_workflow", symbol="BTCUSDT", idempotency_key="k1")

    assert "PENDING" in text
    assert "k1" in text
    assert desk.launcher.launched >= 1
    assert len(desk.state.pending()) == 1


async def test_a_client_that_goes_away_leaves_the_command_stored() -> None:
    desk = fake_desk()
    async with Client(build_server(Toolbox(DeskDoor(lambda: desk)), TABLE)) as client:
        task = asyncio.create_task(client.call_tool("execute_trading_workflow", {"symbol": "BTCUSDT"}))
        await asyncio.wait_for(desk.state.submitted.wait(), timeout=60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert [command.arguments["symbol"] for command in desk.state.pending()] == ["BTCUSDT"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"symbol": "BTC/USDT; DROP TABLE orders"},
        {"symbol": "BTCUSDT", "quantity": "-1"},
        {"symbol": "BTCUSDT", "quantity": "1e308"},
        {"symbol": "BTCUSDT", "quantity": "NaN"},
        {"symbol": "BTCUSDT", "quantity": "much"},
        {"symbol": "BTCUSDT", "side": "SHORT"},
        {"symbol": "BTCUSDT", "idempotency_key": "x" * 65},
        {},
    ],
)
async def test_bad_arguments_are_refused_and_stored_nowhere(arguments: dict[str, str]) -> None:
    desk = fake_desk()

    await refused(desk, "execute_trading_workflow", **arguments)

    assert desk.state.commands == {}


async def test_a_database_that_cannot_be_read_is_a_clear_refusal() -> None:
    desk = fake_desk()
    desk.reads.broken = "database is locked"

    for tool in DATABASE_READS:
        given = {"symbol": "BTCUSDT"} if tool == "get_signal" else {}
        text = await refused(desk, tool, **given)
        assert "DATABASE_UNAVAILABLE: database is locked" in text


async def test_a_desk_that_did_not_open_is_tried_again() -> None:
    desk, failures = fake_desk(), ["the folder cannot be written"]

    def opener() -> FakeDesk:
        if failures:
            raise StorageError(failures.pop())
        return desk

    async with Client(build_server(Toolbox(DeskDoor(opener)), TABLE)) as client:
        first = await client.call_tool("get_status", {})
        second = await client.call_tool("get_status", {})

    assert first.is_error
    assert not second.is_error


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(fake_desk(), TABLE) as server:
        yield server


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic dDp0"}])
def test_no_or_wrong_token_is_401(served: Served, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{served.url}/mcp", json=PING, headers=headers, timeout=60)

    assert answer.status_code == 401
    assert "resource_metadata" not in answer.headers["WWW-Authenticate"]


def test_a_wrong_host_is_421_and_a_listed_one_is_let_in(served: Served) -> None:
    evil = httpx.post(
        f"{served.url}/mcp", json=PING, headers=bearer(TRADE_TOKEN, Host="evil.example"), timeout=60
    )
    listed = httpx.post(
        f"{served.url}/mcp", json=PING, headers=bearer(TRADE_TOKEN, Host="bot.example:80"), timeout=60
    )

    assert evil.status_code == 421
    assert listed.status_code != 421


def test_a_wrong_origin_is_403(served: Served) -> None:
    answer = httpx.post(
        f"{served.url}/mcp", json=PING, headers=bearer(TRADE_TOKEN, Origin="http://evil.example")
    )

    assert answer.status_code == 403


def test_a_body_of_ten_megabytes_is_refused(served: Served) -> None:
    answer = httpx.post(
        f"{served.url}/mcp", content=b"x" * 10_000_000, headers=bearer(TRADE_TOKEN), timeout=60
    )

    assert answer.status_code == 413


async def test_a_session_over_http_acts_in_the_tokens_name(served: Served) -> None:
    async with (
        create_mcp_http_client(headers=bearer(TRADE_TOKEN)) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        status = await client.call_tool("get_status", {})
        await client.call_tool("pause_trading", {"reason": "over http"})

    assert status.structured_content["equity"] == "10008.8918"
    assert served.desk.state.snapshot.actor == "mcp:operator"


async def test_progress_arrives_over_http_before_the_answer_and_not_where_none_was_asked_for() -> None:
    desk = fake_desk()
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        (command,) = desk.state.commands.values()
        if message == "handed over":
            desk.state.note(command.id, {})
        if message == "taken":
            # the answer of the call is made only now: these two came while it was under way
            desk.state.finish(command.id, done("bought"))

    # the desk's clock does not wait: its patience must outlast the way there and back
    with serving(desk, TABLE, patience_s=1e7) as served:
        async with (
            create_mcp_http_client(headers=bearer(TRADE_TOKEN)) as http,
            Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
        ):
            asked = {"symbol": "BTCUSDT", "side": "BUY", "idempotency_key": "k"}
            answer = await client.call_tool("place_order", asked, progress_callback=note)
            again = await client.call_tool("place_order", asked)

    assert not answer.is_error, answer.content
    assert told == [(1, 3, "handed over"), (2, 3, "taken"), (3, 3, "done")]
    assert again.structured_content["repeated"] is True


async def test_a_reading_token_sees_and_runs_reading_tools_only(served: Served) -> None:
    async with (
        create_mcp_http_client(headers=bearer(READ_TOKEN)) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        tools = {tool.name for tool in (await client.list_tools()).tools}
        answer = await client.call_tool("pause_trading", {"reason": "may I"})

    assert tools == READS
    assert answer.is_error
    assert "FORBIDDEN" in answer.content[0].text
    assert served.desk.state.history == []


def test_health_is_open_and_follows_the_verdict(served: Served) -> None:
    healthy = httpx.get(f"{served.url}/health", timeout=60)
    served.desk.clock.advance(120)
    dead = httpx.get(f"{served.url}/health", timeout=60)
    served.desk.reads.broken = "database is locked"
    unreadable = httpx.get(f"{served.url}/health", timeout=60)

    assert (healthy.status_code, healthy.json()["condition"]) == (200, "cycling")
    assert (dead.status_code, dead.json()["condition"]) == (503, "dead")
    assert (unreadable.status_code, unreadable.json()["condition"]) == (503, "unreadable")
    assert "locked" not in unreadable.text


def test_a_taken_port_is_said_with_the_settings_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"MCP_PORT={port}, MCP_HOST=127.0.0.1: cannot listen"):
            listen("127.0.0.1", port, host_setting="MCP_HOST", port_setting="MCP_PORT")
