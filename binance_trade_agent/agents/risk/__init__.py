"""Decides whether a signal may become an order, and how large: ordered, named gates and sizing."""

from binance_trade_agent.agents.risk.limits import RiskContext, RiskLimits
from binance_trade_agent.agents.risk.losses import LATCHING_GATES, breached_limit
from binance_trade_agent.agents.risk.manager import RiskManagementAgent
from binance_trade_agent.agents.risk.plan import limits_of_plan, limits_plan

__all__ = [
    "LATCHING_GATES",
    "RiskContext",
    "RiskLimits",
    "RiskManagementAgent",
    "breached_limit",
    "limits_of_plan",
    "limits_plan",
]
