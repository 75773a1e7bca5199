"""`python -m binance_trade_agent.interfaces.mcp_server`: serve until stopped. 78: the configuration cannot work."""

import sys
from importlib import import_module

if __name__ == "__main__":
    # structlog and the SDK load rich wherever it is installed, 5 MB kept for nothing: no one reads a server's log in
    # colour. None makes its import fail as if it were not there, which both are ready for; it must stand before theirs.
    sys.modules["rich"] = None  # type: ignore[assignment]
    sys.exit(import_module("binance_trade_agent.interfaces.mcp_server.serving").main())
