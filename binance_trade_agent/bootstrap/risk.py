"""The operator's limits, as the settings name them."""

from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.settings import Settings

#: How much further than its stop the price of an entry may fall before it could no longer be sold.
_STOP_ROOM = Decimal("0.02")


def risk_limits(settings: Settings) -> RiskLimits:
    """The limits of one session."""
    return RiskLimits(
        sizing=settings.risk_sizing,
        order_share=settings.risk_order_share,
        order_quote=settings.risk_order_quote,
        per_trade_share=settings.risk_per_trade_share,
        atr_stops=settings.risk_atr_stops,
        volatility_target=settings.risk_volatility_target,
        max_symbol_share=settings.risk_max_symbol_share,
        max_total_share=settings.risk_max_total_share,
        max_open_positions=settings.risk_max_open_positions,
        cooldown_candles=settings.risk_cooldown_candles,
        loss_cooldown_candles=settings.risk_loss_cooldown_candles,
        max_losing_streak=settings.risk_max_losing_streak,
        losing_streak_candles=settings.risk_losing_streak_candles,
        daily_loss_share=settings.risk_daily_loss_share,
        max_drawdown_share=settings.risk_max_drawdown_share,
        max_orders_per_minute=settings.risk_max_orders_per_minute,
        max_orders_per_day=settings.risk_max_orders_per_day,
        max_data_age=settings.max_data_age,
        max_spread_bps=settings.risk_max_spread_bps,
        max_price_jump_share=settings.risk_max_price_jump_share,
        max_correlated_share=settings.risk_max_correlated_share,
        correlation_level=settings.risk_correlation_level,
        correlation_candles=settings.risk_correlation_candles,
        # what is bought must still be sellable at its stop
        resale_room=settings.stop_loss_share + _STOP_ROOM,
        entry_type=OrderType[settings.entry_order_type.name],
        entry_offset_bps=settings.entry_limit_offset_bps,
        entry_time_limit=timedelta(seconds=settings.entry_time_limit_seconds),
    )
