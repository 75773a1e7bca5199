"""Bounded queries for people and programs that watch. All raise `StorageError` when the database cannot be read."""

from decimal import Decimal
from typing import Protocol

from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    Book,
    CancelRow,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Incident,
    OrderRow,
    StoreStatus,
)


class ReadModels(Protocol):
    """Bounded, read-only queries for people and programs that watch.

    Lists hold the latest `limit` rows, newest first; `equity` alone rises in time.
    """

    def status(self) -> StoreStatus: ...
    def book(self) -> Book | None: ...
    def positions(self) -> tuple[Position, ...]: ...
    def balances(self) -> dict[str, Decimal]: ...
    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]: ...
    def unfinished_orders(self) -> tuple[OrderRow, ...]:
        """Every order that is not terminal, newest first."""
        ...

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]: ...
    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]: ...
    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]: ...
    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]: ...
    def incidents(self) -> tuple[Incident, ...]: ...
    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]: ...
    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that are not fills of ours: openings, transfers, others' trades, differences."""
        ...

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]: ...
