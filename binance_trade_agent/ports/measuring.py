"""What performance figures are read from. Raises `StorageError` when the database cannot be read."""

from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.performance import PerformanceRows


class PerformanceReads(Protocol):
    """What performance figures are made of. Read-only."""

    def performance_rows(
        self, *, since: datetime, until: datetime, symbol: str | None = None
    ) -> PerformanceRows:
        """What happened in `[since, until)`, as of one state; at most a row a day and symbol, and closed trips."""
        ...
