"""Bounded queries for people and programs that watch. All raise `StorageError` when the database cannot be read."""

from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from binance_trade_agent.domain.acts import AuditRow
from binance_trade_agent.domain.caps import AskedOrder
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import (
    Book,
    Booking,
    CancelRow,
    CycleRow,
    DecisionRow,
    EquityRow,
    FillRow,
    FlowRow,
    ForeignOrderRow,
    Incident,
    OrderRow,
    PositionMoveRow,
    ProtectionTerms,
    Session,
    StoreStatus,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.domain.tool_calls import ToolCall


class ReadModels(Protocol):
    """Bounded, read-only queries for people and programs that watch.

    Lists hold the latest `limit` rows, newest first; `equity` alone rises in time.
    """

    def status(self) -> StoreStatus: ...
    def book(self) -> Book | None: ...
    def sessions(self, *, limit: int = 50) -> tuple[Session, ...]: ...
    def positions(self) -> tuple[Position, ...]: ...
    def balances(self) -> dict[str, Decimal]: ...
    def orders(self, *, limit: int = 50, symbol: str | None = None) -> tuple[OrderRow, ...]: ...
    def entries(self, *, since: datetime) -> tuple[datetime, ...]: ...
    def order(self, client_order_id: str) -> OrderRow | None: ...
    def unfinished_orders(self) -> tuple[OrderRow, ...]:
        """Every order that is not terminal, newest first."""
        ...

    def fills(self, *, limit: int = 50, symbol: str | None = None) -> tuple[FillRow, ...]: ...
    def cycles(self, *, limit: int = 50) -> tuple[CycleRow, ...]: ...
    def decisions(
        self, *, limit: int = 50, symbol: str | None = None, outcome: str | None = None
    ) -> tuple[DecisionRow, ...]: ...
    def decision(self, reference: str) -> DecisionRow | None:
        """The decision whose id begins with `reference`, or the newest for `last`; None if there is none.

        Raises:
            ConfigurationError: several begin so; some are named.
        """
        ...

    def decisions_with(self, ids: Collection[str]) -> dict[str, DecisionRow]:
        """id -> its decision, of those there are."""
        ...

    def last_price(self, symbol: str) -> Decimal | None:
        """What the newest of the latest thousand decisions on `symbol` that had a price saw."""
        ...

    def equity(self, *, limit: int = 500) -> tuple[EquityRow, ...]: ...
    def incidents(self) -> tuple[Incident, ...]: ...
    def cancels(self, *, limit: int = 50) -> tuple[CancelRow, ...]: ...
    def flows(self, *, limit: int = 50) -> tuple[FlowRow, ...]:
        """Changes of balances that are not fills of ours: openings, transfers, others' trades, differences."""
        ...

    def foreign_orders(self) -> tuple[ForeignOrderRow, ...]: ...
    def protection_terms(self, symbols: Collection[str]) -> ProtectionTerms:
        """What decides where the stops and targets of `symbols` lie."""
        ...

    def asked_orders(self, actor: str, *, since: datetime) -> tuple[AskedOrder, ...]:
        """The workflows that `actor` asked for, oldest first."""
        ...

    def loss_marks(self) -> LossMarks | None:
        """Where losses are counted from; None before the first cycle."""
        ...

    def audit(self, *, limit: int = 50, since: datetime | None = None) -> tuple[AuditRow, ...]:
        """Acts of people, agents and limits, not older than `since`."""
        ...

    def tool_calls(
        self, *, limit: int = 50, caller: str | None = None, refused_only: bool = False
    ) -> tuple[ToolCall, ...]:
        """Calls over MCP, newest first; `refused_only`: those that did not do what they were asked."""
        ...

    def summary(self, *, since: datetime, until: datetime, symbol: str | None = None) -> DecisionSummary:
        """All decisions of scheduled cycles in `[since, until)`, counted; bounded whatever the span."""
        ...


class ReplaySource(Protocol):
    """What a past session can be decided again from. Read-only; everything rises in time."""

    def session(self, reference: str) -> Session | None:
        """The session whose id begins with `reference`, or the newest for `last`; None if there is none.

        Raises:
            ConfigurationError: several begin so; all are named.
        """
        ...

    def sessions(self, limit: int) -> tuple[Session, ...]:
        """The latest sessions, newest first."""
        ...

    def cycles(self, session_id: str) -> tuple[CycleRow, ...]: ...
    def decisions(self, session_id: str) -> Iterator[DecisionRow]:
        """All decisions of the session, by cycle number and then in the order they were taken."""
        ...

    def candles(
        self, symbol: str, interval: CandleInterval, newest: datetime, *, before: int, after: int
    ) -> tuple[Candle, ...]:
        """The last `before` stored candles opened by `newest`, and the first `after` of those that follow."""
        ...

    def rules(self) -> dict[str, SymbolRules]:
        """The name that decisions refer to -> the rules."""
        ...

    def bookings(self) -> tuple[Booking, ...]: ...
    def moves(self) -> tuple[PositionMoveRow, ...]: ...
    def orders(self, session_id: str) -> tuple[OrderRow, ...]: ...
