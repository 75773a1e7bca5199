"""People steer the real trader: a flatten that is killed in the middle, a halt while an order is on its way."""

import json
import urllib.request
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

from binance_trade_agent.domain.exit_codes import ExitCode
from tests.books import check_books
from tests.mcp_calls import bearer
from tests.processes import CLI, Installation, eventually, installation, mcp_server, running, simulator

SYMBOLS = ("BTCUSDT", "ETHUSDT")
TWO_SYMBOLS = {
    "TRADING_SYMBOLS": ",".join(SYMBOLS),
    "STRATEGY_NAME": "buy_and_hold",
    "STOP_LOSS_SHARE": "0.2",
    "TAKE_PROFIT_SHARE": "0.2",
}


def open_orders(place: Installation) -> list[dict[str, Any]]:
    return [order for order in place.truth("orders") if order["status"] in ("NEW", "PARTIALLY_FILLED")]


def cycles(place: Installation) -> int:
    with place.desk() as desk:
        return desk.watch.status().cycles


def outcomes(place: Installation) -> set[str]:
    with place.desk() as desk:
        return {row.outcome for row in desk.watch.decisions(limit=100)}


def control(place: Installation, method: str, path: str, body: object = None) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{place.environment['SIMULATOR_PORT']}/control/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()  # noqa: S310 - our own simulator


@pytest.mark.parametrize("killed_at", ["replacement-committed", "replacement-reply-arrived:2"])
def test_a_flatten_killed_in_the_middle_sells_everything_once(tmp_path: Path, killed_at: str) -> None:
    place = installation(tmp_path, TWO_SYMBOLS)
    with simulator(place):
        with running(place.trader(TRADE_AGENT_CRASH_POINT=killed_at)) as trader:
            eventually(
                lambda: len(open_orders(place)) == 4, within_s=120, what="two positions with their OCOs"
            )
            # the trader dies of it; the command goes on in a process of its own
            flatten = place.run(CLI, "flatten", "fire", "--key", "k", "--yes", "--json", within_s=120)
            assert trader.wait(60) == -9
        assert flatten.returncode == ExitCode.OK, flatten.stderr + flatten.stdout
        answer = json.loads(flatten.stdout)
        assert {f"sold:{symbol}" for symbol in SYMBOLS} <= set(answer["details"])
        again = place.run(CLI, "flatten", "fire", "--key", "k", "--yes")
        assert again.stdout.startswith("done: already done at ")
        sold = [
            order for order in place.truth("orders") if order["type"] == "MARKET" and order["side"] == "SELL"
        ]
        assert sorted(order["symbol"] for order in sold) == list(SYMBOLS)
        assert {order["status"] for order in sold} == {"FILLED"}
        assert open_orders(place) == []
        with place.desk() as desk:
            held = {row.symbol: row.quantity for row in desk.watch.positions()}
            assert sum(held.values()) < Decimal("0.001"), held
            control_state = desk.watch.status().control
            (row,) = (row for row in desk.watch.audit() if row.action == "flatten")
            check_books(place, desk.watch)
        assert (control_state.state.value, control_state.reason) == ("HALTED", "flatten: fire")
        assert (row.before, row.after, row.outcome, row.idempotency_key) == ("RUNNING", "HALTED", "done", "k")


def test_a_halt_while_an_order_is_on_its_way_lets_nothing_follow(tmp_path: Path) -> None:
    place = installation(tmp_path, TWO_SYMBOLS)
    post = {"method": "POST", "path": "/api/v3/order"}
    with simulator(place):
        control(place, "POST", "faults", {"match": post, "fault": "hold"})
        with running(place.trader()):
            eventually(lambda: place.truth("orders"), within_s=120, what="the first order")
            with place.desk() as desk:
                desk.steering.halt("fire", actor="ann", channel="cli")
            control(place, "DELETE", "faults")
            before = cycles(place)
            eventually(lambda: cycles(place) > before + 2, within_s=120, what="cycles after the halt")
            # where the advice was too old by then, the next candle brings it again
            eventually(lambda: "halted" in outcomes(place), within_s=120, what="an entry that is halted")
            assert len(place.truth("orders")) == 1
            with place.desk() as desk:
                (filled,) = desk.watch.orders()
                assert filled.status == "FILLED"
                check_books(place, desk.watch)


async def over_mcp(place: Installation, tool: str, **arguments: Any) -> Any:
    """The structured answer of a tool of the real MCP server."""
    token = (place.settings.data_dir / "secrets" / "mcp_token").read_text().strip()
    url = f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp"
    async with (
        create_mcp_http_client(headers=bearer(token)) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


def blocking(place: Installation, symbol: str, since: datetime) -> list[str | None]:
    """What blocked each entry wanted in `symbol` since then, oldest first; None where nothing did.

    A cycle that finds no new candle wants nothing.
    """
    with place.desk() as desk:
        rows = desk.watch.decisions(limit=100, symbol=symbol)
    return [row.blocking_gate for row in reversed(rows) if row.decided_at > since and row.action == "BUY"]


async def test_a_pause_over_mcp_is_why_the_cycles_refuse_until_a_resume(tmp_path: Path) -> None:
    # of two symbols that want to be bought one may be: the other is refused in every cycle
    one = {"CANDLE_INTERVAL": "1s", "RISK_MAX_OPEN_POSITIONS": "1"}
    place = installation(tmp_path, {**TWO_SYMBOLS, **one})
    with simulator(place), mcp_server(place):
        with running(place.trader()):
            eventually(lambda: cycles(place) > 2, within_s=120, what="cycles")
            paused = await over_mcp(place, "pause_trading", reason="the news")
            assert (paused["state"], paused["actor"]) == ("PAUSED", "mcp:operator")
            since = datetime.fromisoformat(paused["since"])
            eventually(
                lambda: len(blocking(place, "ETHUSDT", since)) > 2, within_s=120, what="cycles while paused"
            )
            # the first may have been decided on already
            assert set(blocking(place, "ETHUSDT", since)[1:]) == {"paused"}
            explained = json.loads(place.run(CLI, "explain", "ETHUSDT", "--json").stdout)
            assert "paused" in {condition["code"] for condition in explained["conditions"]}
            assert "paused" in {reason["code"] for reason in explained["reasons"]}
            resumed = await over_mcp(place, "resume_trading", reason="it was nothing")
            assert resumed["state"] == "RUNNING"
            since = datetime.fromisoformat(resumed["since"])
            eventually(
                lambda: len(blocking(place, "ETHUSDT", since)) > 2,
                within_s=120,
                what="cycles after the resume",
            )
            assert set(blocking(place, "ETHUSDT", since)[1:]) == {"open_positions"}
        with place.desk() as desk:
            acts = [(row.action, row.actor, row.reason, row.outcome) for row in desk.watch.audit()]
            check_books(place, desk.watch)
    assert acts == [
        ("resume", "mcp:operator", "it was nothing", "done"),
        ("pause", "mcp:operator", "the news", "done"),
    ]
