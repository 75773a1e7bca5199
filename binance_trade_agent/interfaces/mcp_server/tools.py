"""The tools: each with its title, the tier that it needs, and what clients are told of its effects."""

from collections.abc import Callable
from typing import Any

from mcp.types import ToolAnnotations

from binance_trade_agent.domain.grants import Tier
from binance_trade_agent.interfaces.mcp_server import (
    acting,
    changing,
    explaining,
    installation,
    market,
    performance,
    programs,
    reading,
    risk_reading,
    trading,
)

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
#: One that may ask the exchange.
_LOOKS = ToolAnnotations(read_only_hint=True, open_world_hint=True)
_STEERS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_PREVIEWS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True
)
_STOPS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
_CANCELS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)
_TRADES = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)

TOOLS: tuple[tuple[Callable[..., Any], str, Tier, ToolAnnotations], ...] = (
    (reading.get_status, "Status", Tier.READ, _READS),
    (reading.get_portfolio, "Portfolio", Tier.READ, _READS),
    (reading.get_decisions, "Decisions", Tier.READ, _READS),
    (reading.get_orders, "Orders", Tier.READ, _READS),
    (reading.get_outside_activity, "Activity of others", Tier.READ, _READS),
    (reading.get_fills, "Fills", Tier.READ, _READS),
    (explaining.explain, "Why it did or did not trade", Tier.READ, _READS),
    (explaining.get_decision, "One decision", Tier.READ, _READS),
    (explaining.get_signal, "Newest signal", Tier.READ, _READS),
    (risk_reading.get_risk_state, "Risk limits and their use", Tier.READ, _READS),
    (market.get_market, "Market of a symbol", Tier.READ, _LOOKS),
    (market.get_candles, "Candles", Tier.READ, _READS),
    (performance.get_performance, "Performance", Tier.READ, _READS),
    (installation.get_strategies, "Strategies", Tier.READ, _READS),
    (installation.get_audit, "Audit", Tier.READ, _READS),
    (installation.get_settings, "Settings", Tier.READ, _READS),
    (installation.get_logs, "Logs", Tier.READ, _READS),
    (acting.pause_trading, "Pause trading", Tier.CONTROL, _STEERS),
    (acting.resume_trading, "Resume trading", Tier.CONTROL, _STEERS),
    (acting.halt_trading, "Halt trading (kill switch)", Tier.CONTROL, _STOPS),
    (acting.set_reduce_only, "Buy nothing of some symbols", Tier.CONTROL, _STEERS),
    (programs.start_trading_loop, "Start the trader", Tier.CONTROL, _STEERS),
    (programs.stop_trading_loop, "Stop the trader", Tier.CONTROL, _STOPS),
    (trading.preview_order, "What an order would come to; never trades", Tier.CONTROL, _PREVIEWS),
    (acting.cancel_order, "Cancel an order", Tier.CONTROL, _CANCELS),
    (acting.flatten_positions, "Sell everything, then halt", Tier.TRADE, _TRADES),
    (trading.execute_trading_workflow, "Run one trading workflow", Tier.TRADE, _TRADES),
    (trading.place_order, "Buy or sell by hand", Tier.TRADE, _TRADES),
    (trading.set_protection, "Move a stop or a target", Tier.TRADE, _CANCELS),
    (changing.update_setting, "Change a setting", Tier.TRADE, _STOPS),
)
