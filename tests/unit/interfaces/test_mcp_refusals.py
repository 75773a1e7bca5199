"""What an agent is told of errors that the control plane raises on purpose."""

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from binance_trade_agent.domain.errors import ConfigurationError, DatabaseBusy, StorageError, TradeAgentError
from binance_trade_agent.interfaces.mcp_server.refusals import refusals


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            DatabaseBusy("the database is busy"),
            "DATABASE_UNAVAILABLE: the database is busy; nothing was done, try again with the same idempotency_key",
        ),
        (
            StorageError("disk I/O error"),
            "DATABASE_UNAVAILABLE: disk I/O error; nothing was done, try again in a few seconds",
        ),
        (ConfigurationError("no symbol", "no side"), "BAD_ARGUMENT: no symbol; no side"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_errors_become_a_code_and_what_to_do(error: TradeAgentError, told: str) -> None:
    with pytest.raises(ToolError) as refused, refusals():
        raise error
    assert str(refused.value) == told
