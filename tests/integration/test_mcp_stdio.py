"""`binance-trade-agent mcp`: a real child process, driven over its stdin and stdout, while no trader runs."""

import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import TextContent

from tests.processes import CLI, Installation, eventually, installation, simulator


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    return installation(tmp_path)


@asynccontextmanager
async def client_of(place: Installation, *words: str, era: str = "auto") -> AsyncIterator[Client]:
    """A client that starts the server as a desktop client does."""
    with (place.folder / "stderr.log").open("a") as stderr:
        parameters = StdioServerParameters(
            command=str(CLI), args=["mcp", *words], env=place.environment, cwd=place.folder
        )
        async with Client(stdio_client(parameters, errlog=stderr), mode=era) as client:
            yield client


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    (content,) = (await client.call_tool(tool, arguments)).content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_a_client_reads_and_by_default_no_more(place: Installation, era: str) -> None:
    async with client_of(place, era=era) as client:
        offered = await names(client)
        status = (await client.call_tool("get_status", {})).structured_content
        refused = await text_of(client, "pause_trading", reason="x")

    assert "get_status" in offered
    assert not offered & {"pause_trading", "execute_trading_workflow"}
    assert status is not None
    assert status["mode"] == "simulated"
    assert refused.startswith("FORBIDDEN: pause_trading needs a token of the tier control")
    with place.desk() as desk:
        calls = [(call.caller, call.tool, call.outcome) for call in desk.watch.tool_calls()]
    assert calls == [("stdio", "pause_trading", "FORBIDDEN"), ("stdio", "get_status", "DONE")]


async def test_an_act_is_recorded_as_stdios_and_a_workflow_runs_with_the_trader_stopped(
    place: Installation,
) -> None:
    with simulator(place):
        async with client_of(place, "--tier", "trade") as client:
            bought = await client.call_tool(
                "execute_trading_workflow", {"symbol": "BTCUSDT", "side": "BUY", "idempotency_key": "k"}
            )
            paused = await client.call_tool("pause_trading", {"reason": "lunch"})

    assert not bought.is_error, bought.content
    assert paused.structured_content is not None
    assert (paused.structured_content["state"], paused.structured_content["actor"]) == ("PAUSED", "mcp:stdio")
    with place.desk() as desk:
        assert [row.actor for row in desk.watch.audit(limit=2)] == ["mcp:stdio", "mcp:stdio"]
        assert len(desk.watch.fills()) > 0


async def test_a_named_token_lends_its_tier_until_it_is_revoked(place: Installation) -> None:
    place.run(CLI, "token", "create", "helper", "--tier", "control")
    async with client_of(place, "--as", "helper") as client:
        offered = await names(client)
        paused = await client.call_tool("pause_trading", {"reason": "lunch"})
        place.run(CLI, "token", "revoke", "helper")
        refused = await text_of(client, "resume_trading", reason="x")

    assert "pause_trading" in offered
    assert "execute_trading_workflow" not in offered
    assert paused.structured_content is not None
    assert paused.structured_content["actor"] == "mcp:helper"
    assert refused.startswith("FORBIDDEN: the token helper was revoked at ")

    again = place.run(CLI, "mcp", "--as", "helper")
    assert (again.returncode, again.stdout) == (78, "")
    assert "the token helper was revoked at " in again.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--as", "nobody"), "there is no token 'nobody'"),
        (("--tier", "king"), "tier 'king': expected read, control or trade"),
        (("--tier", "read", "--as", "nobody"), "give one of the two"),
    ],
)
def test_who_cannot_be_meant_is_told_on_stderr(
    place: Installation, words: tuple[str, ...], problem: str
) -> None:
    answer = place.run(CLI, "mcp", *words)

    assert (answer.returncode, answer.stdout) == (78, "")
    assert problem in answer.stderr


def send(pipe: IO[bytes], method: str, number: int | None, **params: Any) -> None:
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    pipe.write(json.dumps(message | ({"id": number} if number is not None else {})).encode() + b"\n")
    pipe.flush()


def test_the_end_of_stdin_ends_it_in_the_middle_of_a_call_whose_command_stays(place: Installation) -> None:
    """No exchange answers, so the workflow that was asked for is not carried out for as long as one would wait."""
    process = subprocess.Popen(
        [str(CLI), "mcp", "--tier", "trade"],
        cwd=place.folder,
        env=place.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}}
        send(process.stdin, "initialize", 1, **hello, clientInfo={"name": "t", "version": "1"})
        assert json.loads(process.stdout.readline())["id"] == 1
        send(process.stdin, "notifications/initialized", None)
        arguments = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "idempotency_key": "mine"}
        send(process.stdin, "tools/call", 2, name="execute_trading_workflow", arguments=arguments)
        with place.desk() as desk:
            eventually(lambda: desk.watch.audit(limit=1), within_s=120, what="the command is stored")
        # less than it would wait for the command's end
        rest, stderr = process.communicate(timeout=45)
    finally:
        process.kill()
        process.wait(60)

    assert process.returncode == 0, stderr
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
    with place.desk() as desk:
        (act,) = desk.watch.audit(limit=5)
    assert (act.action, act.idempotency_key) == ("trade", "mine")
