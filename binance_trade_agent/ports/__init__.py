"""What the core needs from outside, as protocols.

Reads raise when they fail; none of them returns an empty result for a failure.
Storage ports are synchronous and raise `StorageError`; each writing method is one
transaction. Exchange methods are coroutines and raise one of the four `ExchangeError`s.
"""

from binance_trade_agent.ports.books import DecisionLog, Ledger, OrderJournal, SeenCandles
from binance_trade_agent.ports.control import ControlState, Lease, Outbox, Sessions
from binance_trade_agent.ports.exchange import Bans, Exchange, UserStream, WeightBook
from binance_trade_agent.ports.market_reads import MarketReads, SeenMarket
from binance_trade_agent.ports.measuring import PerformanceReads
from binance_trade_agent.ports.overrides import Overrides
from binance_trade_agent.ports.reading import ReadModels, ReplaySource
from binance_trade_agent.ports.surroundings import Clock, Launcher, Notifier, Supervisor
from binance_trade_agent.ports.tool_calls import ToolCalls

__all__ = [
    "Bans",
    "Clock",
    "ControlState",
    "DecisionLog",
    "Exchange",
    "Launcher",
    "Lease",
    "Ledger",
    "MarketReads",
    "Notifier",
    "OrderJournal",
    "Outbox",
    "Overrides",
    "PerformanceReads",
    "ReadModels",
    "ReplaySource",
    "SeenCandles",
    "SeenMarket",
    "Sessions",
    "Supervisor",
    "ToolCalls",
    "UserStream",
    "WeightBook",
]
