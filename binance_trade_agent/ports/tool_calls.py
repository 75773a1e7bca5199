"""What is kept of the calls over MCP. Both methods raise `StorageError`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.tool_calls import ToolCall


class ToolCalls(Protocol):
    """The book's calls, as many as are kept."""

    def write(self, calls: Sequence[ToolCall]) -> None:
        """Add calls, all of them or none."""
        ...

    def prune(self, *, older_than: datetime, keep: int, at_most: int) -> int:
        """Delete what is older, and what goes beyond the `keep` newest; `at_most` rows of each, and return how many."""
        ...
