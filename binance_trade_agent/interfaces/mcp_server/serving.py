"""Serves MCP over HTTP until it is stopped."""

import sys

import structlog
import uvicorn

from binance_trade_agent.bootstrap.secrets import mcp_token
from binance_trade_agent.bootstrap.tokens import token_file
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.grants import Grant, Tier
from binance_trade_agent.interfaces.listening import listen
from binance_trade_agent.interfaces.mcp_server.access import TokenTable
from binance_trade_agent.interfaces.mcp_server.equipment import equipped
from binance_trade_agent.interfaces.mcp_server.server import build_app, build_server
from binance_trade_agent.interfaces.memory import give_back, set_aside
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.telemetry.logs import configure_logs

PROGRAM = "binance_agent"
#: Open streams would keep a stopped server alive for ever.
_GRACE_S = 3


def serve(settings: Settings) -> None:
    """Serve on the configured address until a signal ends it.

    Raises:
        ConfigurationError: the address cannot be taken, or the data folder cannot be written.
    """
    configure_logs(
        PROGRAM, level=settings.log_level, line_format=settings.log_format, log_dir=settings.log_dir
    )
    host, port = settings.mcp_host, settings.mcp_port
    listener = listen(host, port, host_setting="MCP_HOST", port_setting="MCP_PORT")
    token = mcp_token(settings)
    tokens = TokenTable({token: Grant("operator", Tier.TRADE)}, stored=token_file(settings).tokens)
    server = build_server(equipped(settings), tokens, calls_per_minute=settings.mcp_calls_per_minute)
    config = uvicorn.Config(
        build_app(server, tokens, host, port, settings.mcp_allowed_hosts),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # MCP has no WebSocket, and its library takes memory; so does uvloop, for no call that a person would feel
        ws="none",
        loop="asyncio",
        timeout_graceful_shutdown=_GRACE_S,
    )
    structlog.get_logger(PROGRAM).info("MCP server ready", address=f"http://{host}:{port}/mcp")
    set_aside()
    uvicorn.Server(config).run(sockets=[listener])


def main() -> int:
    """The process's exit code."""
    give_back()
    try:
        serve(load_settings())
    except ConfigurationError as error:
        for problem in error.problems:
            sys.stderr.write(f"{PROGRAM}: {problem}\n")
        return ExitCode.CONFIGURATION
    return 0
