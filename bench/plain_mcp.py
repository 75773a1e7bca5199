"""`python -m bench.plain_mcp PORT`: the SDK's server with one tool that does nothing, to compare with."""

import sys

from mcp.server import MCPServer


def ping() -> dict[str, str]:
    """Answer."""
    return {"text": "here"}


if __name__ == "__main__":
    server = MCPServer(name="plain", log_level="ERROR")
    server.add_tool(ping)
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
