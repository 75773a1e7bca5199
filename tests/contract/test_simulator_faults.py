"""Faults of requests over real sockets: what the client gets, and what the exchange really did."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from binance_trade_agent.bootstrap.simulator import build_simulator
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.exchange.simulator.faults.parsing import parse_rules
from tests.contract.fault_scripts import (
    control,
    eventually,
    raw_order,
    release,
    rule_of,
    script,
    statuses,
    until_held,
)
from tests.exchange_client import Reply, Running, running_exchange
from tests.processes import installation


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange() as exchange:
        yield exchange


async def test_a_ready_answer_comes_instead_of_execution(running: Running) -> None:
    await script(running, "answer", error="-1007")
    refused = await running.client.market("BUY", "0.01")
    assert refused.status == 503
    assert refused.body["code"] == -1007
    assert refused.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert "x-mbx-used-weight-1m" in refused.headers
    assert await statuses(running) == []
    assert (await running.client.market("BUY", "0.01")).status == 200  # a count of 1 is used up
    assert await statuses(running) == ["FILLED"]


@pytest.mark.parametrize(("name", "status"), [("429", 429), ("-1015", 429), ("418", 418)])
async def test_throttling_names_the_time_to_wait(running: Running, name: str, status: int) -> None:
    await script(running, "answer", error=name, headers={"Retry-After": "3"})
    reply = await running.client.market("BUY", "0.01")
    assert (reply.status, reply.headers["Retry-After"]) == (status, "3")
    if status == 418:
        assert f"banned until {running.market.now_ms() + 3000}." in reply.body["msg"]


@pytest.mark.parametrize("name", ["403", "410", "502", "504", "maintenance page"])
async def test_pages_are_html(running: Running, name: str) -> None:
    await script(running, "execute_then_answer", error=name)
    reply = await running.client.market("BUY", "0.01")
    assert reply.status == (int(name) if name.isdigit() else 200)
    assert reply.headers["Content-Type"] == "text/html"
    assert "<html>" in reply.body.lower()
    assert await statuses(running) == ["FILLED"]


async def test_an_answer_of_ones_own(running: Running) -> None:
    await script(running, "answer", status=500, code=-1, msg="odd", headers={"X-Odd": "yes"})
    reply = await running.client.market("BUY", "0.01")
    assert (reply.error, reply.headers["X-Odd"]) == ((500, -1, "odd"), "yes")
    await script(running, "answer", error="-1003", headers={"X-MBX-USED-WEIGHT-1M": "7000"})
    reply = await running.client.market("BUY", "0.01")
    assert [value for name, value in reply.headers.items() if name.lower().endswith("-1m")] == ["7000"]
    await script(running, "answer", status=200, body="{", content_type="text/plain")
    reply = await running.client.market("BUY", "0.01")
    assert (reply.status, reply.body, reply.headers["Content-Type"]) == (200, "{", "text/plain")


async def test_an_executed_order_is_durable_before_its_answer_is_replaced(tmp_path: Path) -> None:
    database = tmp_path / "exchange.db"
    async with running_exchange(database=database) as running:
        await script(running, "execute_then_answer", error="-1006")
        assert (await running.client.market("BUY", "0.01")).body["code"] == -1006
    async with running_exchange(database=database) as running:
        assert await statuses(running) == ["FILLED"]
        assert (await running.client.balances())["BTC"][0] == Decimal("1.00999")


@pytest.mark.parametrize(("fault", "executed"), [("reset", []), ("execute_then_reset", ["FILLED"])])
async def test_a_reset_cuts_the_connection(running: Running, fault: str, executed: list[str]) -> None:
    await script(running, fault)
    reader, writer = await raw_order(running)
    with pytest.raises(ConnectionResetError):  # RST; a closed connection would read as empty
        await asyncio.wait_for(reader.read(), 60)
    writer.close()
    assert await statuses(running) == executed
    counts = (await control(running, "GET", "requests"))["POST /api/v3/order"]
    assert counts == {"received": 1, "executed": len(executed), "answered": 0}


async def test_a_reset_on_a_kept_alive_connection_leaves_others_alone(running: Running) -> None:
    reader, writer = await raw_order(running)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await script(running, "reset")
    with pytest.raises(aiohttp.ClientError):
        await running.client.market("BUY", "0.01")
    assert (await running.client.market("SELL", "0.01")).status == 200
    assert await statuses(running) == ["FILLED", "FILLED"]
    writer.close()


async def test_a_delay_executes_at_once(running: Running) -> None:
    rule = await script(running, "delay", delay_s=3600)
    _, writer = await raw_order(running)

    async def executed() -> bool:
        return await statuses(running) == ["FILLED"]

    await eventually(executed)
    writer.close()
    await release(running, rule)
    await script(running, "delay", delay_s=0.01)
    assert (await running.client.market("BUY", "0.01")).status == 200


async def test_hold_answers_once_its_rule_is_gone(running: Running) -> None:
    rule = await script(running, "hold")
    waiting = asyncio.create_task(running.client.market("BUY", "0.01"))

    await until_held(running, rule, 1)
    assert await statuses(running) == ["FILLED"]
    assert not waiting.done()
    await release(running, rule)
    assert (await asyncio.wait_for(waiting, 60)).body["status"] == "FILLED"
    assert await control(running, "GET", "faults") == []


async def test_hold_before_executes_once_its_rule_is_gone_also_for_a_dead_client(running: Running) -> None:
    rule = await script(running, "hold_before", count=None)
    waiting = asyncio.create_task(running.client.market("BUY", "0.01"))
    _, writer = await raw_order(running)

    await until_held(running, rule, 2)
    writer.transport.abort()
    assert await statuses(running) == []
    await control(running, "DELETE", "faults")
    assert (await asyncio.wait_for(waiting, 60)).body["status"] == "FILLED"

    async def both() -> bool:
        return await statuses(running) == ["FILLED", "FILLED"]

    await eventually(both)
    counts = (await control(running, "GET", "requests"))["POST /api/v3/order"]
    assert counts == {"received": 2, "executed": 2, "answered": 1}


async def test_a_held_request_is_refused_after_its_window(running: Running) -> None:
    rule = await script(running, "hold_before")
    waiting = asyncio.create_task(
        running.client.order(side="BUY", type="MARKET", quantity="0.01", recvWindow=1000)
    )

    await until_held(running, rule, 1)
    running.market.advance_time(1001)
    await release(running, rule)
    late = await asyncio.wait_for(waiting, 60)
    assert late.error == (400, -1021, "Timestamp for this request is outside of the recvWindow.")
    assert await statuses(running) == []
    counts = (await control(running, "GET", "requests"))["POST /api/v3/order"]
    assert counts == {"received": 1, "executed": 0, "answered": 1}


async def test_closing_cuts_what_is_held_without_executing_it(tmp_path: Path) -> None:
    database = tmp_path / "exchange.db"
    async with running_exchange(database=database) as running:
        rule = await script(running, "hold_before")
        reader, writer = await raw_order(running)

        await until_held(running, rule, 1)
        await asyncio.wait_for(running.server.close(), 30)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 60)
        writer.close()
    async with running_exchange(database=database) as running:
        assert await statuses(running) == []


async def test_truncated_and_empty_answers(running: Running) -> None:
    await script(running, "truncate")
    async with running.client.session.get(f"{running.server.rest_url}/api/v3/time") as whole:
        assert await whole.json() == {"serverTime": running.market.now_ms()}
    reader, writer = await raw_order(running)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    body = await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split()[0]))
    assert body.startswith(b'{"symbol":"BTCUSDT"')
    assert not body.endswith(b"}")
    writer.close()
    await script(running, "empty")
    reader, writer = await raw_order(running)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length: 0\r\n" in head.lower()
    writer.close()
    assert await statuses(running) == ["FILLED", "FILLED"]


async def test_skips_counts_and_parameters(running: Running) -> None:
    match = {"path": "/api/v3/ord*", "params": {"side": "BUY"}}
    rule = await script(running, "answer", match=match, skip=1, count=2, error="-1008")

    async def codes(side: str, times: int) -> list[int]:
        return [(await running.client.market(side, "0.01")).status for _ in range(times)]

    assert await codes("SELL", 1) == [200]
    assert await codes("BUY", 4) == [200, 503, 503, 200]
    assert await rule_of(running, rule) == {
        "id": rule,
        "match": match,
        "skip": 1,
        "count": 2,
        "fault": "answer",
        "error": "-1008",
        "seen": 4,
        "fired": 2,
        "held": 0,
    }


async def test_orders_are_invisible_for_a_while(running: Running) -> None:
    await running.client.limit("SELL", "0.01", "60000", newClientOrderId="seen")
    rule = await script(running, "invisible", delay_s=3600, count=2)
    before = await running.client.balances()
    await running.client.order(side="BUY", type="MARKET", quantity="0.01", newClientOrderId="filled")
    await running.client.limit("SELL", "0.01", "60001", newClientOrderId="resting")
    assert (await rule_of(running, rule))["fired"] == 2
    after = await running.client.balances()
    assert after["USDT"][0] < before["USDT"][0]
    assert after["BTC"][1] == before["BTC"][1] + Decimal("0.01")

    async def seen() -> tuple[list[Any], ...]:
        queries = ("openOrders", "allOrders", "myTrades")
        found = [await running.client.signed("GET", path, symbol="BTCUSDT") for path in queries]
        return tuple([row.get("clientOrderId", row["orderId"]) for row in reply.body] for reply in found)

    def query(client_id: str) -> Awaitable[Reply]:
        return running.client.signed("GET", "order", symbol="BTCUSDT", origClientOrderId=client_id)

    assert (await query("filled")).error == (400, -2013, "Order does not exist.")
    assert (await query("seen")).status == 200
    assert await seen() == (["seen"], ["seen"], [])
    await script(running, "invisible", delay_s=0.01)
    await running.client.order(side="BUY", type="MARKET", quantity="0.01", newClientOrderId="soon")

    async def visible() -> bool:
        return (await query("soon")).status == 200

    await eventually(visible)
    assert await seen() == (["seen"], ["seen", "soon"], [4])


async def test_order_lists_are_invisible_with_their_orders(running: Running) -> None:
    rule = await script(running, "invisible", match={"path": "/api/v3/orderList/*"}, delay_s=3600)
    oco = {
        "belowType": "STOP_LOSS",
        "belowStopPrice": "45000",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "55000",
    }
    asked = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "listClientOrderId": "mine"}
    placed = await running.client.signed("POST", "orderList/oco", **asked, **oco)
    assert placed.status == 200
    assert (await rule_of(running, rule))["fired"] == 1
    assert (await running.client.balances())["BTC"][1] == Decimal("0.01")
    for path in ("openOrders", "openOrderList", "allOrderList"):
        assert (await running.client.signed("GET", path)).body == []
    absent = await running.client.signed("GET", "orderList", origClientOrderId="mine")
    assert absent.error == (400, -2013, "Order list does not exist.")
    cancelled = await running.client.signed("DELETE", "orderList", symbol="BTCUSDT", listClientOrderId="mine")
    assert cancelled.status == 200
    assert await statuses(running) == ["CANCELED", "CANCELED"]


async def test_faults_of_execution_and_of_the_answer_go_together(running: Running) -> None:
    await script(running, "invisible", delay_s=3600)
    await script(running, "execute_then_answer", error="504")
    assert (await running.client.order(side="BUY", type="MARKET", quantity="0.01")).status == 504
    assert (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body == []
    assert await statuses(running) == ["FILLED"]
    await control(running, "DELETE", "faults")


async def test_requests_are_counted(running: Running) -> None:
    await running.client.public("time")
    await running.client.market("BUY", "0.01")
    await running.client.market("BUY", "1000")
    await running.client.raw("POST", "userDataStream")
    assert await control(running, "GET", "requests") == {
        "GET /api/v3/time": {"received": 1, "executed": 1, "answered": 1},
        "POST /api/v3/order": {"received": 2, "executed": 1, "answered": 2},
        "POST /api/v3/userDataStream": {"received": 1, "executed": 0, "answered": 1},
    }
    await control(running, "POST", "requests/reset")
    assert await control(running, "GET", "requests") == {}


async def test_bad_rules_are_refused_whole(running: Running) -> None:
    url = f"{running.server.rest_url}/control/faults"
    async with running.client.session.post(url, json=[{"fault": "reset"}, {"fault": "oops"}]) as reply:
        assert reply.status == 400
        assert (await reply.json())["error"].startswith("rule 2 of 2: fault must be one of answer,")
    async with running.client.session.post(url, data=b"[") as reply:
        assert (reply.status, (await reply.json())["error"][:9]) == (400, "not JSON:")
    async with running.client.session.delete(f"{url}/7") as reply:
        assert (reply.status, await reply.json()) == (404, {"error": "there is no rule 7"})
    assert await control(running, "GET", "faults") == []


async def test_a_market_order_executes_in_part_and_expires(running: Running) -> None:
    await script(running, "partial", share=0.4)
    order = (await running.client.market("BUY", "0.1")).body
    assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.04000000")
    assert order["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
    assert (await running.client.balances())["BTC"] == (Decimal("1.03996"), Decimal(0))
    assert (await running.client.market("BUY", "0.1")).body["status"] == "FILLED"


async def test_a_limit_order_executes_in_part_and_rests(running: Running) -> None:
    await script(running, "partial", share=0.25)
    order = (await running.client.limit("BUY", "0.1", "50000")).body
    assert (order["status"], order["executedQty"]) == ("PARTIALLY_FILLED", "0.02500000")
    assert (await running.client.balances())["USDT"][1] == Decimal(3750)
    await control(running, "POST", "trade", {"symbol": "BTCUSDT", "price": "49999", "quantity": "1"})
    assert await statuses(running) == ["FILLED"]


@pytest.mark.parametrize("reason", [None, "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"])
async def test_an_order_expires_unexecuted(running: Running, reason: str | None) -> None:
    before = await running.client.balances()
    await script(running, "expire", **({"reason": reason} if reason else {}))
    order = (await running.client.market("BUY", "0.1")).body
    assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.00000000")
    assert order.get("expiryReason") == reason
    assert await running.client.balances() == before


async def test_rules_from_the_start() -> None:
    faults = parse_rules([{"match": {"path": "/api/v3/time"}, "fault": "answer", "error": "-1001"}])
    async with running_exchange(faults=faults) as running:
        assert (await running.client.public("time")).error[:2] == (503, -1001)
        assert (await running.client.public("time")).status == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"fault": "reset"}, {"fault": "rest"}]', "rule 2 of 2: fault must be one of answer, "),
        ('[{"fault": "rules", "symbol": "NO", "changes": {"status": "HALT"}}]', "symbol must be one of BTC"),
        ("{}", "the file must hold a JSON list of rules"),
        (None, "No such file"),
    ],
)
def test_a_bad_file_of_rules_is_a_bad_configuration(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "faults.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        build_simulator(installation(tmp_path, {"SIMULATOR_FAULTS_FILE": str(path)}).settings)
    assert f"SIMULATOR_FAULTS_FILE={path}: " in str(error.value)
    assert words in str(error.value)


def test_a_bad_file_of_rules_ends_the_start(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text("{}")
    ended = installation(tmp_path).run(
        sys.executable,
        *("-m", "binance_trade_agent.interfaces.exchange_simulator"),
        SIMULATOR_FAULTS_FILE=str(path),
    )
    assert ended.returncode == ExitCode.CONFIGURATION
    said = f"exchange_simulator: SIMULATOR_FAULTS_FILE={path}: the file must hold a JSON list of rules\n"
    assert ended.stderr == said
