"""What a cycle works with: the plan of a session, a person's request, the agents and the books."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.agents.execution.place import TradeExecutionAgent
from binance_trade_agent.agents.execution.protect import ProtectionAgent
from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.agents.market_data import MarketDataAgent
from binance_trade_agent.agents.portfolio import PortfolioAgent
from binance_trade_agent.agents.reconciliation import AccountReconciler
from binance_trade_agent.agents.risk import RiskManagementAgent
from binance_trade_agent.agents.signal import SignalAgent
from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.ports import Clock, ControlState, DecisionLog, Exchange, OrderJournal


@dataclass(frozen=True, slots=True)
class TradingPlan:
    """What is traded: fixed for a session."""

    session_id: str
    symbols: tuple[str, ...]
    quote: str
    candle_interval: CandleInterval


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a person or an agent asked for: a side the strategy need not agree with, and its quantity.

    `at_most` lets risk sell less than `quantity` where less can be sold, never more.
    `limit_price` makes an entry rest at that price, for `time_limit` (else ENTRY_TIME_LIMIT_SECONDS). A `dry_run` goes
    through data, signal and risk, and neither sends nor cancels anything.
    """

    side: Side | None = None
    quantity: Decimal | None = None
    at_most: bool = False
    reason: str = "requested"
    limit_price: Decimal | None = None
    time_limit: timedelta | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class TradingDesk:
    """The agents and the books that a cycle works with."""

    exchange: Exchange
    market_data: MarketDataAgent
    signal: SignalAgent
    risk: RiskManagementAgent
    execution: TradeExecutionAgent
    protection: ProtectionAgent
    resolver: OrderResolver
    reconciler: AccountReconciler
    user_data: UserDataAgent
    portfolio: PortfolioAgent
    journal: OrderJournal
    decisions: DecisionLog
    control: ControlState
    clock: Clock
