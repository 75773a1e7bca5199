"""Clients and a test suite that are not ours, against the MCP server: `make check-mcp` fetches and runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.fakes import fake_desk
from tests.mcp_calls import TABLE, TRADE_TOKEN, serving
from tests.processes import CLI, Installation, eventually, installation, running

CLIENTS = os.environ.get("MCP_CLIENTS", "")
# Not for want of a tool: these are kept out of the locked packages that the other tests use.
pytestmark = pytest.mark.skipif(
    not CLIENTS,
    reason="opt-in by design, even where every other test is required: run `make check-mcp`, "
    "or set MCP_CLIENTS to the folder that it makes and run this file",
)
EXPECTED_FAILURES = Path(__file__).with_name("mcp_conformance.yml")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose MCP server runs."""
    place = installation(tmp_path_factory.mktemp("mcp"))
    process = place.start(sys.executable, "-m", "binance_trade_agent.interfaces.mcp_server")
    with running(process):
        eventually(lambda: _answers(place), within_s=120, what="the MCP server answers")
        yield place


def _answers(place: Installation) -> bool:
    try:
        return httpx.get(
            f"http://127.0.0.1:{place.environment['MCP_PORT']}/health", timeout=60
        ).status_code in (200, 503)
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def tokens(place: Installation) -> dict[str, str]:
    """A token of each tier, made while the server runs."""
    return {
        tier: place.run(CLI, "token", "create", tier, "--tier", tier).stdout.strip()
        for tier in ("read", "control", "trade")
    }


def node(*words: str | Path, folder: Path, within_s: float = 120) -> subprocess.CompletedProcess[str]:
    """A program of the fetched Node packages; it may keep its own things in `folder`."""
    modules = Path(CLIENTS) / "node_modules"
    return subprocess.run(
        [str(modules / "node" / "bin" / "node"), *map(str, words)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def inspect(place: Installation, token: str, *words: str) -> tuple[int, Any]:
    """(exit status, result) of the MCP Inspector's command line over HTTP."""
    return inspector(
        place,
        f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp",
        *("--transport", "http", "--stored-auth-only"),
        *("--header", f"Authorization: Bearer {token}", *words),
    )


def inspector(place: Installation, *words: str) -> tuple[int, Any]:
    """(exit status, result) of the MCP Inspector's command line."""
    program = Path(CLIENTS).resolve() / "node_modules" / ".bin" / "mcp-inspector"
    answer = node(program.resolve(), "--cli", "--format", "json", *words, folder=place.folder)
    return answer.returncode, json.loads(answer.stdout)["result"] if answer.stdout.strip() else answer.stderr


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_lists_and_calls_what_each_token_opens(
    place: Installation, tokens: dict[str, str], era: str
) -> None:
    words = ("--protocol-era", era)
    listed = {}
    for tier, token in tokens.items():
        status, result = inspect(place, token, *words, "--method", "tools/list", "--strict")
        assert status == 0, result
        listed[tier] = {tool["name"] for tool in result["tools"]}
    assert listed["read"] < listed["control"] < listed["trade"]
    assert listed["trade"] - listed["control"] >= {"execute_trading_workflow", "flatten_positions"}

    call = (*words, "--method", "tools/call", "--tool-name")
    arguments = {"get_signal": ("symbol=BTCUSDT",), "get_logs": ("program=binance_agent",)}
    for name in (
        "get_status",
        "explain",
        "get_signal",
        "get_decision",
        "get_risk_state",
        "get_logs",
        "get_audit",
    ):
        given = [word for pair in arguments.get(name, ()) for word in ("--tool-arg", pair)]
        status, result = inspect(place, tokens["read"], *call, name, *given)
        if name in ("get_signal", "get_decision"):  # nothing was decided yet
            assert (status, result["content"][0]["text"][:10]) == (5, "NOT_FOUND:")
        else:
            assert (status, result.get("isError", False)) == (0, False), (name, result)
    assert inspect(place, tokens["read"], *call, "pause_trading", "--tool-arg", "reason=x")[0] == 5
    status, paused = inspect(place, tokens["control"], *call, "pause_trading", "--tool-arg", "reason=x")
    assert (status, paused["structuredContent"]["state"]) == (0, "PAUSED")
    assert inspect(place, "wrong", *words, "--method", "tools/list")[0] == 3


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_inspector_reads_resources_and_prompts(
    place: Installation, tokens: dict[str, str], era: str
) -> None:
    def asked(*words: str) -> Any:
        status, result = inspect(place, tokens["read"], "--protocol-era", era, "--method", *words)
        assert status == 0, result
        return result

    assert {one["uri"] for one in asked("resources/list")["resources"]} >= {"trade://status", "trade://risk"}
    assert len(asked("resources/templates/list")["resourceTemplates"]) == 3
    (status,) = asked("resources/read", "--uri", "trade://status")["contents"]
    assert json.loads(status["text"])["mode"] == "simulated"
    (page,) = asked("resources/read", "--uri", "trade://docs/risk")["contents"]
    assert page["mimeType"] == "text/markdown"
    assert len(asked("prompts/list")["prompts"]) == 4
    prompt = asked("prompts/get", "--prompt-name", "why_no_trades", "--prompt-args", "symbol=ETHUSDT")
    assert "ETHUSDT" in prompt["messages"][0]["content"]["text"]


def test_the_inspector_starts_the_server_itself_over_stdio(place: Installation) -> None:
    """It hands a server it starts little of its own environment: the installation is named on the command line."""
    environment = [word for pair in place.environment.items() for word in ("-e", "=".join(pair))]

    def asked(*words: str) -> Any:
        # what follows the server's command is taken for its own
        given = ("--transport", "stdio", "--connect-timeout", "60000", *environment, "--method", *words)
        status, result = inspector(place, *given, str(CLI), "mcp")
        assert status == 0, result
        return result

    names = {tool["name"] for tool in asked("tools/list")["tools"]}
    assert "get_status" in names
    assert "pause_trading" not in names
    called = asked("tools/call", "--tool-name", "get_status")
    assert called["structuredContent"]["mode"] == "simulated"


FASTMCP = """
import asyncio, json, sys
from fastmcp import Client
from fastmcp.client.auth import BearerAuth
from fastmcp.exceptions import ToolError

async def main(url, token):
    async with Client(url, auth=BearerAuth(token)) as client:
        tools = sorted(tool.name for tool in await client.list_tools())
        status = await client.call_tool("get_status", {})
        paused = await client.call_tool("pause_trading", {"reason": "by fastmcp"})
        resources = sorted(str(one.uri) for one in await client.list_resources())
        prompt = await client.get_prompt("pre_trade_check", {"symbol": "BTCUSDT", "side": "BUY"})
        assert "BUY BTCUSDT" in prompt.messages[0].content.text, prompt
        try:
            await client.call_tool("execute_trading_workflow", {"symbol": "BTCUSDT", "quantity": "-1"})
        except ToolError as error:
            refusal = str(error)
    print(json.dumps([tools, status.data.mode, paused.data.state, refusal, resources]))

asyncio.run(main(*sys.argv[1:]))
"""


def test_fastmcp_lists_reads_acts_and_is_refused(place: Installation, tokens: dict[str, str]) -> None:
    answer = place.run(
        Path(CLIENTS).resolve() / "fastmcp" / "bin" / "python",
        *("-c", FASTMCP, f"http://127.0.0.1:{place.environment['MCP_PORT']}/mcp", tokens["trade"]),
    )

    assert answer.returncode == 0, answer.stderr
    tools, mode, state, refusal, resources = json.loads(answer.stdout.splitlines()[-1])
    assert "execute_trading_workflow" in tools
    assert (mode, state) == ("simulated", "PAUSED")
    assert refusal == "BAD_ARGUMENT: quantity: Input should be greater than 0"
    assert resources == ["trade://risk", "trade://settings", "trade://status"]


class WithToken:
    """Gives each request the token: the suite cannot send one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = (b"authorization", f"Bearer {TRADE_TOKEN}".encode())
            scope = {**scope, "headers": [*scope["headers"], token]}
        await self._app(scope, receive, send)


def test_the_conformance_suite_finds_what_is_expected_and_no_more(tmp_path: Path) -> None:
    """Scenarios that fail are named in the file with the reason; one that passes against it is an error as well."""
    program = Path(CLIENTS).resolve() / "node_modules" / ".bin" / "conformance"
    with serving(fake_desk(), TABLE, wrap=WithToken) as server:
        answer = node(
            program.resolve(),
            *("server", "--url", f"{server.url}/mcp", "--suite", "all"),
            *("--expected-failures", EXPECTED_FAILURES, "-o", tmp_path / "results"),
            folder=tmp_path,
            within_s=300,
        )

    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-2000:]
    assert "Baseline check passed" in answer.stdout
