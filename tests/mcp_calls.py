"""Calls of the MCP server: in memory, and over HTTP on a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from mcp import Client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp.types import TextContent
from starlette.types import ASGIApp

from binance_trade_agent.domain.grants import Grant, Tier
from binance_trade_agent.interfaces.desks import DeskDoor
from binance_trade_agent.interfaces.listening import listen
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.server import build_app, build_server
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from tests.fakes import FakeDesk

TRADE_TOKEN = "t" * 32
CONTROL_TOKEN = "c" * 32
READ_TOKEN = "r" * 32
TABLE = TokenTable(
    {
        TRADE_TOKEN: Grant("operator", Tier.TRADE),
        CONTROL_TOKEN: Grant("steerer", Tier.CONTROL),
        READ_TOKEN: Grant("watcher", Tier.READ),
    }
)
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def toolbox(desk: FakeDesk, **more: Any) -> Toolbox:
    """The toolbox on `desk`."""
    return Toolbox(DeskDoor(lambda: desk), **more)


async def call(desk: FakeDesk | Toolbox, tool: str, **arguments: Any) -> Any:
    """The structured answer of a tool, called in memory."""
    box = desk if isinstance(desk, Toolbox) else toolbox(desk)
    async with Client(build_server(box, TABLE), raise_exceptions=True) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def refused(desk: FakeDesk | Toolbox, tool: str, **arguments: Any) -> str:
    """The text of a tool's refusal, called in memory."""
    box = desk if isinstance(desk, Toolbox) else toolbox(desk)
    async with Client(build_server(box, TABLE)) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


@dataclass(frozen=True)
class Served:
    """A server on a real socket."""

    desk: FakeDesk
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(
    desk: FakeDesk,
    tokens: TokenTable,
    *,
    calls_per_minute: int = 10_000,
    most_sessions: int = 500,
    wrap: Callable[[ASGIApp], ASGIApp] | None = None,
    **more: Any,
) -> Iterator[Served]:
    """A server on `desk` while the context lasts; it also answers to `bot.example`. `wrap` may put something before it."""
    listener = listen("127.0.0.1", 0, host_setting="MCP_HOST", port_setting="MCP_PORT")
    port = listener.getsockname()[1]
    built = build_server(toolbox(desk, **more), tokens, calls_per_minute=calls_per_minute)
    app: ASGIApp = build_app(built, tokens, "127.0.0.1", port, ("bot.example",), most_sessions=most_sessions)
    if wrap is not None:
        app = wrap(app)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    end = time.monotonic() + 60
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)
    assert server.started
    try:
        yield Served(desk, port)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def bearer(token: str, **headers: str) -> dict[str, str]:
    """The headers of a call with `token`."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


async def over_http(served: Served, token: str, tool: str, **arguments: Any) -> tuple[bool, Any]:
    """(whether it is an error, its text or its structured answer) of a tool called over HTTP."""
    async with (
        create_mcp_http_client(headers=bearer(token)) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        result = await client.call_tool(tool, arguments)
    if not result.is_error:
        return False, result.structured_content
    (content,) = result.content
    assert isinstance(content, TextContent)
    return True, content.text
