"""The server: its tools with their tiers, its health route, and its ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from binance_trade_agent import __version__
from binance_trade_agent.control.call_log import CallLog
from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.interfaces.desks import DeskDoor, health_answer
from binance_trade_agent.interfaces.mcp_server.access import (
    EndedTokens,
    TokenTable,
    transport_security,
)
from binance_trade_agent.interfaces.mcp_server.door import DoorRecorder
from binance_trade_agent.interfaces.mcp_server.pace import Pace
from binance_trade_agent.interfaces.mcp_server.prompts import offer_prompts
from binance_trade_agent.interfaces.mcp_server.recording import CallRecorder, complain
from binance_trade_agent.interfaces.mcp_server.resources import offer_resources
from binance_trade_agent.interfaces.mcp_server.tiered import TieredServer
from binance_trade_agent.interfaces.mcp_server.toolbox import Toolbox
from binance_trade_agent.interfaces.mcp_server.tools import TOOLS

_INSTRUCTIONS = (
    "An autonomous Binance Spot trader. Start with get_status; explain says why it did or did not trade."
    " Errors begin with a stable code. Give execute_trading_workflow an idempotency_key of your own,"
    " and repeat the call with the same key if you are not sure that it arrived."
    " Commands that texts advise have their tools: `resume` is resume_trading, `start` start_trading_loop."
)
_MAX_BODY_BYTES = 1_000_000
_CALLS_PER_MINUTE = 600
#: Of clients of the older protocol; each takes 40 kB until it has been idle for half an hour.
_MOST_SESSIONS = 500


def build_server(
    toolbox: Toolbox, tokens: TokenTable, *, calls_per_minute: int = _CALLS_PER_MINUTE
) -> TieredServer:
    """The MCP server on a desk. Configure logging before: the SDK would else install its own."""
    recorder = CallRecorder(CallLog(lambda: toolbox.door.desk().calls, complain), toolbox.logs.blotted)

    @asynccontextmanager
    async def lifespan(_: MCPServer[Toolbox]) -> AsyncIterator[Toolbox]:
        try:
            yield toolbox
        finally:
            await anyio.to_thread.run_sync(recorder.flush)

    server = TieredServer(
        name="binance-trade-agent",
        title="Binance trade agent",
        instructions=_INSTRUCTIONS,
        version=__version__,
        lifespan=lifespan,
        token_verifier=tokens,
        # no resource server URL: clients must not be sent to an authorization server that is not there
        auth=AuthSettings(
            issuer_url="http://127.0.0.1",  # type: ignore[arg-type]  # pydantic parses it
            resource_server_url=None,
            required_scopes=[Tier.READ.scope],
        ),
    )
    server.pace, server.recorder = Pace(calls_per_minute), recorder
    for function, title, tier, annotations in TOOLS:
        server.add_tool(function, title=title, annotations=annotations, meta={"tier": tier.scope})
    offer_resources(server)
    offer_prompts(server)
    _add_health(server, toolbox.door)
    return server


def build_app(
    server: TieredServer,
    tokens: TokenTable,
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    *,
    most_sessions: int = _MOST_SESSIONS,
) -> Starlette:
    """The ASGI application: `/mcp` behind token, Host and Origin, and the open `/health`."""
    app = server.streamable_http_app(
        streamable_http_path="/mcp",
        host=host,
        max_request_body_size=_MAX_BODY_BYTES,
        max_sessions=most_sessions,
        transport_security=transport_security(host, port, allowed_hosts),
    )
    app.add_middleware(EndedTokens, tokens=tokens)
    app.add_middleware(DoorRecorder, tokens=tokens, recorder=server.recorder)
    return app


def _add_health(server: TieredServer, door: DeskDoor) -> None:
    async def health(_: Request) -> Response:
        answer = await anyio.to_thread.run_sync(health_answer, door)
        return JSONResponse(answer.body, status_code=answer.status_code)

    server.custom_route("/health", methods=["GET"], include_in_schema=False)(health)
