"""`mcp`: the MCP server for a client that starts it."""

from binance_trade_agent.interfaces.cli.failures import exit_statuses
from binance_trade_agent.interfaces.mcp_server.stdio import serve_stdio
from binance_trade_agent.settings import load_settings


def serve(tier: str | None, name: str | None) -> None:
    """Serve on stdin and stdout until the client closes them."""
    with exit_statuses():
        serve_stdio(load_settings(), tier=tier, name=name)
