"""Every table, as DESIGN ("What is stored") lists them. Alembic owns the schema; a test keeps the two equal.

The book's id leads every key, so that modes never mix. Ids are text made by the
core; rows that only need an order have a running number. `balances` and
`symbol_progress`, and the counters in `books`, are sums and maxima over other
tables, kept in the same transaction so that no read grows with the book's age.
"""

from binance_trade_agent.storage.models.base import Base, Book, NumberedOfBook, OfBook
from binance_trade_agent.storage.models.control import (
    Audit,
    Ban,
    Command,
    Control,
    Incident,
    Message,
    Override,
    ReduceOnly,
    RequestWeight,
    ToolCall,
)
from binance_trade_agent.storage.models.cycles import (
    SCHEDULED,
    UNSCHEDULED,
    Candle,
    Cycle,
    Decision,
    DecisionCount,
    Heartbeat,
    LossMarks,
    Session,
    SymbolProgress,
    SymbolRules,
)
from binance_trade_agent.storage.models.trading import (
    OUTSIDE,
    UNFINISHED_CANCEL,
    UNFINISHED_ORDER,
    AskedLevels,
    Balance,
    Cancel,
    EquitySnapshot,
    Fill,
    Flow,
    ForeignOrder,
    Order,
    OrderList,
    Position,
    PositionMove,
    RoundTrip,
)

__all__ = [
    "OUTSIDE",
    "SCHEDULED",
    "UNFINISHED_CANCEL",
    "UNFINISHED_ORDER",
    "UNSCHEDULED",
    "AskedLevels",
    "Audit",
    "Balance",
    "Ban",
    "Base",
    "Book",
    "Cancel",
    "Candle",
    "Command",
    "Control",
    "Cycle",
    "Decision",
    "DecisionCount",
    "EquitySnapshot",
    "Fill",
    "Flow",
    "ForeignOrder",
    "Heartbeat",
    "Incident",
    "LossMarks",
    "Message",
    "NumberedOfBook",
    "OfBook",
    "Order",
    "OrderList",
    "Override",
    "Position",
    "PositionMove",
    "ReduceOnly",
    "RequestWeight",
    "RoundTrip",
    "Session",
    "SymbolProgress",
    "SymbolRules",
    "ToolCall",
]
