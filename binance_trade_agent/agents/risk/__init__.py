"""Decides whether a signal may become an order, and how large: ordered, named gates and sizing."""

from binance_trade_agent.agents.risk.limits import RiskContext, RiskLimits
from binance_trade_agent.agents.risk.manager import RiskManagementAgent

__all__ = ["RiskContext", "RiskLimits", "RiskManagementAgent"]
