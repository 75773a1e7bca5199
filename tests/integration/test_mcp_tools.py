"""The tools that trade by hand, preview, protect, restrict, change settings, start and stop; market and performance."""

import json
import sys
from decimal import Decimal
from typing import Any

import pytest
from mcp import Client

from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.errors import Unavailable
from binance_trade_agent.domain.grants import Caps, Grant, Tier
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.confirmations import Confirmations
from binance_trade_agent.interfaces.mcp_server.server import build_server
from binance_trade_agent.interfaces.mcp_server.tools import TOOLS
from tests.fake_market import minutes
from tests.fakes import START, FakeDesk, done, fake_desk
from tests.mcp_calls import (
    CONTROL_TOKEN,
    READ_TOKEN,
    TABLE,
    TRADE_TOKEN,
    call,
    over_http,
    refused,
    serving,
    toolbox,
)

CAPPED = "k" * 32
MOST_BYTES = {Tier.READ: 24_000, Tier.CONTROL: 32_000, Tier.TRADE: 40_000}
TIERS = {function.__name__: tier for function, _, tier, _ in TOOLS}


@pytest.fixture
def desk() -> FakeDesk:
    made = fake_desk()
    made.state.answer = done("bought")
    return made


async def test_an_order_by_hand_is_a_command_with_all_that_was_asked(desk: FakeDesk) -> None:
    asked = {
        "symbol": "btcusdt",
        "side": "BUY",
        "quantity": "0.016",
        "limit_price": "61000.50",
        "time_limit_s": 600,
        "reason": "support",
        "idempotency_key": "h1",
    }
    first = await call(desk, "place_order", **asked)
    again = await call(desk, "place_order", **asked)

    (command,) = desk.state.commands.values()
    assert command.arguments == {
        "symbol": "BTCUSDT",
        "quantity": "0.016",
        "side": "BUY",
        "limit_price": "61000.5",
        "time_limit_s": "600",
    }
    assert (command.actor, command.channel, command.reason) == ("mcp:local", "mcp", "support")
    assert (first["repeated"], again["repeated"]) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"side": "SELL", "limit_price": "70000"}, "BAD_ARGUMENT: limit_price: only a BUY rests at a price;"),
        ({"side": "BUY", "time_limit_s": 60}, "BAD_ARGUMENT: time_limit_s: it is of an order that rests"),
        ({}, "BAD_ARGUMENT: side: "),
    ],
)
async def test_an_order_that_cannot_be_meant_is_refused(
    desk: FakeDesk, arguments: dict[str, Any], text: str
) -> None:
    said = await refused(desk, "place_order", symbol="BTCUSDT", **arguments)

    assert said.startswith(text)
    assert desk.state.commands == {}


async def test_a_preview_and_a_dry_run_ask_only_what_would_happen_even_with_real_money(
    desk: FakeDesk,
) -> None:
    box = toolbox(desk, confirmations=Confirmations(desk.clock.monotonic))

    preview = await call(box, "preview_order", symbol="BTCUSDT", side="BUY", limit_price="60000")
    dry = await call(box, "execute_trading_workflow", symbol="BTCUSDT", dry_run=True)

    assert (preview["confirmation"], dry["confirmation"]) == (None, None)
    assert [one.arguments["dry_run"] for one in desk.state.commands.values()] == ["true", "true"]


async def test_a_dry_run_costs_nothing_of_a_cap() -> None:
    desk = fake_desk()
    desk.state.answer = done("would buy")
    desk.reads.asked["mcp:capped"] = (
        AskedOrder("a", "BTCUSDT", None, has_order=True, is_settled=True, quote_executed=Decimal(1)),
    )
    capped = TokenTable({CAPPED: Grant("capped", Tier.TRADE, Caps(1, None))})
    with serving(desk, capped) as served:
        dry = await over_http(served, CAPPED, "execute_trading_workflow", symbol="BTCUSDT", dry_run=True)
        real = await over_http(served, CAPPED, "place_order", symbol="BTCUSDT", side="BUY")

    assert dry[0] is False
    assert real[1].startswith("CAP_REACHED: ")


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("place_order", {"symbol": "BTCUSDT", "side": "BUY", "limit_price": "60000"}),
        ("set_protection", {"symbol": "BTCUSDT", "stop_price": "60000"}),
        ("set_protection", {"symbol": "BTCUSDT", "back_to_settings": True}),
    ],
)
async def test_real_money_is_asked_for_twice(tool: str, arguments: dict[str, Any]) -> None:
    desk = fake_desk(mode="live")
    desk.state.answer = done("done")
    box = toolbox(desk, confirmations=Confirmations(desk.clock.monotonic))

    first = await call(box, tool, **arguments)
    assert first["text"].startswith("Nothing was done yet. This trades real money: ")
    assert desk.state.commands == {}
    other = await refused(box, tool, **{**arguments, "symbol": "ETHUSDT"}, confirmation=first["confirmation"])
    assert other.startswith("CONFIRMATION_INVALID: ")
    await call(box, tool, **arguments, confirmation=first["confirmation"])
    assert len(desk.state.commands) == 1


async def test_protection_is_a_command_with_its_prices(desk: FakeDesk) -> None:
    await call(desk, "set_protection", symbol="BTCUSDT", stop_price="60000.0", target_price="70000")

    (command,) = desk.state.commands.values()
    assert (command.kind, command.arguments) == (
        "protect",
        {"symbol": "BTCUSDT", "stop_price": "60000", "target_price": "70000"},
    )


@pytest.mark.parametrize("arguments", [{}, {"stop_price": "1", "back_to_settings": True}])
async def test_a_protection_says_one_thing(desk: FakeDesk, arguments: dict[str, Any]) -> None:
    said = await refused(desk, "set_protection", symbol="BTCUSDT", **arguments)

    assert said.startswith("BAD_ARGUMENT: give stop_price, target_price or both;")
    assert desk.state.commands == {}


async def test_symbols_are_made_reduce_only_once_and_shown(desk: FakeDesk) -> None:
    asked = {"symbols": ["BTCUSDT"], "on": True, "reason": "delisting", "idempotency_key": "r"}
    first = await call(desk, "set_reduce_only", **asked)
    again = await call(desk, "set_reduce_only", **asked)

    assert (list(first["reduce_only"]), first["changed"], first["repeated"]) == (
        ["BTCUSDT"],
        ["BTCUSDT"],
        False,
    )
    assert again["repeated"] is True


@pytest.mark.parametrize("tool", ["pause_trading", "halt_trading", "resume_trading"])
async def test_an_act_of_a_key_is_done_once(desk: FakeDesk, tool: str) -> None:
    answers = [await call(desk, tool, reason="r", idempotency_key="k") for _ in range(2)]

    assert [answer["repeated"] for answer in answers] == [False, True]
    assert len(desk.state.acts) == 1


async def test_the_trader_is_stopped_and_started(desk: FakeDesk) -> None:
    stopped = await call(desk, "stop_trading_loop", reason="upgrade", idempotency_key="s")
    again = await call(desk, "stop_trading_loop", reason="upgrade", idempotency_key="s")
    started = await call(desk, "start_trading_loop", reason="upgraded")

    assert (stopped["before"], stopped["after"], stopped["repeated"]) == ("RUNNING", "STOPPED", False)
    assert again["repeated"] is True
    assert started["after"] == "STARTING"
    assert desk.supervisor.asked == [("stop", "autonomous_trader"), ("start", "autonomous_trader")]


async def test_without_supervisord_it_is_said_what_to_do(desk: FakeDesk) -> None:
    desk.supervisor.broken = "supervisord does not run: `make up` starts everything"

    said = await refused(desk, "start_trading_loop", reason="x")

    assert said == "REFUSED: supervisord does not run: `make up` starts everything"


async def test_the_key_of_a_start_that_failed_is_not_told_as_done(desk: FakeDesk) -> None:
    desk.supervisor.broken = "supervisord does not run"
    await refused(desk, "start_trading_loop", reason="x", idempotency_key="s")
    desk.supervisor.broken = ""

    said = await refused(desk, "start_trading_loop", reason="x", idempotency_key="s")

    assert said.startswith("FAILED: already tried at ")
    assert said.endswith("supervisord does not run; use a new key for another attempt")
    assert desk.supervisor.asked == []


def answering(answer: dict[str, Any]) -> LaunchedChanges:
    """Changes by a process that keeps what it was given in its answer, or ends at once."""
    return LaunchedChanges((sys.executable, "-c", f"print({json.dumps(json.dumps(answer))})"))


DONE = {
    "done": {
        "name": "RISK_MAX_SPREAD_BPS",
        "before": "50",
        "after": "20",
        "done_at": "2026-05-04T09:30:00+00:00",
        "repeated": False,
    }
}


async def test_a_setting_is_changed_by_a_process_of_its_own(desk: FakeDesk) -> None:
    box = toolbox(desk, changes=answering(DONE))

    answer = await call(box, "update_setting", name="risk_max_spread_bps", value="20", reason="thin")

    assert (answer["name"], answer["before"], answer["after"]) == ("RISK_MAX_SPREAD_BPS", "50", "20")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (answering({"problems": ["RISK_X: a", "RISK_Y: b"]}), "BAD_ARGUMENT: RISK_X: a; RISK_Y: b"),
        (answering({"unusable": "locked"}), "DATABASE_UNAVAILABLE: locked"),
        (LaunchedChanges((sys.executable, "-c", "raise SystemExit(3)")), "PENDING: the process that changes"),
        (LaunchedChanges((sys.executable, "-c", "input()"), 0.0), "PENDING: the change was not made within"),
    ],
    ids=["problems", "database", "died", "slow"],
)
async def test_a_change_that_did_not_come_about_says_why(
    desk: FakeDesk, changes: LaunchedChanges, text: str
) -> None:
    said = await refused(
        toolbox(desk, changes=changes), "update_setting", name="RISK_X", value=None, reason="r"
    )

    assert said.startswith(text)


async def test_a_change_with_real_money_is_asked_for_twice() -> None:
    desk = fake_desk(mode="live")
    confirmations = Confirmations(desk.clock.monotonic)
    box = toolbox(desk, confirmations=confirmations, changes=answering(DONE))
    asked = {"name": "RISK_MAX_SPREAD_BPS", "value": "20", "reason": "thin"}

    first = await call(box, "update_setting", **asked)
    second = await call(box, "update_setting", **asked, confirmation=first["confirmation"])

    assert (first["done_at"], first["after"]) == (None, None)
    assert second["after"] == "20"


async def test_progress_is_told_to_a_client_that_asks_for_it(desk: FakeDesk) -> None:
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with Client(build_server(toolbox(desk), TABLE)) as client:
        await client.call_tool("place_order", {"symbol": "BTCUSDT", "side": "BUY"}, progress_callback=note)
        await client.call_tool("stop_trading_loop", {"reason": "x"}, progress_callback=note)
    assert told == [(1, "handed over"), (3, "done"), (1, "handed over"), (3, "done")]


async def test_progress_tells_when_somebody_took_the_order() -> None:
    desk = fake_desk()
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)
        (command,) = desk.state.commands.values()
        if message == "handed over":
            desk.state.note(command.id, {})
        if message == "taken":
            desk.state.finish(command.id, done("bought"))

    async with Client(build_server(toolbox(desk), TABLE)) as client:
        arguments = {"symbol": "BTCUSDT", "side": "BUY"}
        answer = await client.call_tool("place_order", arguments, progress_callback=note)

    assert not answer.is_error
    assert told == ["handed over", "taken", "done"]


async def test_a_market_tells_how_old_it_is(desk: FakeDesk) -> None:
    market = await call(desk, "get_market", symbol="btcusdt")

    assert (market["price"], market["bid"], market["source"], market["age_s"]) == (
        "62500",
        "62499.5",
        "trader",
        2.0,
    )
    assert (await refused(desk, "get_market", symbol="DOGEUSDT")).startswith("NOT_FOUND: ")


async def test_candles_are_exact_and_say_until_when(desk: FakeDesk) -> None:
    assert (await refused(desk, "get_candles", symbol="BTCUSDT")).startswith("NOT_FOUND: ")
    desk.market_reads.candle_rows["BTCUSDT"] = minutes(["10", "11.50", "11"], until=START)

    answer = await call(desk, "get_candles", symbol="BTCUSDT", limit=2)

    assert (answer["interval"], answer["as_of"]) == ("1m", "2026-05-04T09:30:00Z")
    assert [candle["close"] for candle in answer["candles"]] == ["11.5", "11"]


async def test_performance_is_exact_and_broken_down(desk: FakeDesk) -> None:
    answer = await call(desk, "get_performance", since="all", by="symbol")

    assert (answer["figures"]["profit"], answer["quote"], answer["fees"]) == ("10", "USDT", "0.5")
    assert (answer["trips"]["net"], answer["trips"]["win_rate"]) == ("10", "1")
    assert [one["name"] for one in answer["slices"]] == ["BTCUSDT", "ETHUSDT"]
    assert (await refused(desk, "get_performance", since="soon")).startswith("BAD_ARGUMENT: ")
    assert (await call(desk, "get_performance", symbol="BTCUSDT"))["figures"] is None


async def test_an_exchange_out_of_reach_is_a_failure_that_says_what_helps(desk: FakeDesk) -> None:
    desk.market_reads.failure = Unavailable("no route")

    said = await refused(desk, "get_market", symbol="BTCUSDT", fresh=True)

    assert said.startswith("FAILED: no route")


@pytest.mark.parametrize(
    ("token", "tier"), [(READ_TOKEN, Tier.READ), (CONTROL_TOKEN, Tier.CONTROL), (TRADE_TOKEN, Tier.TRADE)]
)
async def test_each_tool_is_listed_or_forbidden(token: str, tier: Tier) -> None:
    desk = fake_desk()
    with serving(desk, TABLE) as served:
        for name, needed in TIERS.items():
            # an argument that no tool has: whatever is allowed fails at it and does nothing
            failed, text = await over_http(served, token, name, nonsense=1)
            assert failed
            assert text.startswith("BAD_ARGUMENT: " if needed <= tier else f"FORBIDDEN: {name} needs"), name
    assert desk.state.commands == {}
    assert desk.state.acts == []


async def test_tools_are_short_and_whole() -> None:
    async with Client(build_server(toolbox(fake_desk()), TABLE)) as client:
        tools = (await client.list_tools()).tools
    for tier, most in MOST_BYTES.items():
        told = [
            tool.model_dump(by_alias=True, exclude_none=True, mode="json")
            for tool in tools
            if TIERS[tool.name] <= tier
        ]
        assert len(json.dumps(told, separators=(",", ":"))) < most
    for tool in tools:
        assert tool.description is not None
        assert 20 < len(tool.description) <= 240, tool.name
        hints = tool.annotations
        assert hints is not None
        assert hints.read_only_hint is (TIERS[tool.name] is Tier.READ)
        assert hints.open_world_hint is not None
        assert hints.read_only_hint or None not in (hints.destructive_hint, hints.idempotent_hint)
        known = tool.input_schema["properties"]
        if TIERS[tool.name] > Tier.READ and tool.name != "preview_order":
            assert {"reason", "idempotency_key"} <= set(known), tool.name
