"""One cycle: control state, market data, signal, risk, execution, protection, ledger, decision log.

Each cycle is written before anything else happens, and each of its symbols gets exactly
one decision with a reason, whatever fails. `trading.py` is the cycle on one screen,
`observing.py` what it sees, `turn.py` what it does about one symbol.
"""

from binance_trade_agent.orchestrator.desk import OrderRequest, TradingDesk, TradingPlan
from binance_trade_agent.orchestrator.trading import TradingOrchestrator

__all__ = ["OrderRequest", "TradingDesk", "TradingOrchestrator", "TradingPlan"]
