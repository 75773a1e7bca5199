"""Limits from settings."""

from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.bootstrap.risk import risk_limits
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.settings import load_settings

#: Every setting of risk, each with a value that is no default.
CHANGED = {
    "RISK_SIZING": "atr_risk",
    "RISK_ORDER_SHARE": "0.11",
    "RISK_ORDER_QUOTE": "12",
    "RISK_PER_TRADE_SHARE": "0.013",
    "RISK_ATR_STOPS": "1.4",
    "RISK_VOLATILITY_TARGET": "0.15",
    "RISK_MAX_SYMBOL_SHARE": "0.16",
    "RISK_MAX_TOTAL_SHARE": "0.17",
    "RISK_MAX_OPEN_POSITIONS": "18",
    "RISK_COOLDOWN_CANDLES": "19",
    "RISK_LOSS_COOLDOWN_CANDLES": "20",
    "RISK_MAX_LOSING_STREAK": "21",
    "RISK_LOSING_STREAK_CANDLES": "22",
    "RISK_DAILY_LOSS_SHARE": "0.23",
    "RISK_MAX_DRAWDOWN_SHARE": "0.24",
    "RISK_MAX_ORDERS_PER_MINUTE": "25",
    "RISK_MAX_ORDERS_PER_DAY": "26",
    "RISK_MAX_DATA_AGE_SECONDS": "27",
    "RISK_MAX_SPREAD_BPS": "28",
    "RISK_MAX_PRICE_JUMP_SHARE": "0.29",
    "RISK_MAX_CORRELATED_SHARE": "0.30",
    "RISK_CORRELATION_LEVEL": "0.31",
    "RISK_CORRELATION_CANDLES": "32",
    "STOP_LOSS_SHARE": "0.04",
    "ENTRY_ORDER_TYPE": "limit",
    "ENTRY_LIMIT_OFFSET_BPS": "33",
    "ENTRY_TIME_LIMIT_SECONDS": "34",
}


def limits_of(values: dict[str, str], folder: Path) -> RiskLimits:
    return risk_limits(load_settings({"TRADING_MODE": "simulated", "DATA_DIR": str(folder)} | values, folder))


def test_every_setting_reaches_its_limit(tmp_path: Path) -> None:
    limits = limits_of(CHANGED, tmp_path)
    assert limits == RiskLimits(
        sizing=SizingMethod.ATR_RISK,
        order_share=Decimal("0.11"),
        order_quote=Decimal(12),
        per_trade_share=Decimal("0.013"),
        atr_stops=Decimal("1.4"),
        volatility_target=Decimal("0.15"),
        max_symbol_share=Decimal("0.16"),
        max_total_share=Decimal("0.17"),
        max_open_positions=18,
        cooldown_candles=19,
        loss_cooldown_candles=20,
        max_losing_streak=21,
        losing_streak_candles=22,
        daily_loss_share=Decimal("0.23"),
        max_drawdown_share=Decimal("0.24"),
        max_orders_per_minute=25,
        max_orders_per_day=26,
        max_data_age=timedelta(seconds=27),
        max_spread_bps=Decimal(28),
        max_price_jump_share=Decimal("0.29"),
        max_correlated_share=Decimal("0.30"),
        correlation_level=Decimal("0.31"),
        correlation_candles=32,
        # what is bought must still be sellable 2 % under its stop
        resale_room=Decimal("0.06"),
        entry_type=OrderType.LIMIT,
        entry_offset_bps=Decimal(33),
        entry_time_limit=timedelta(seconds=34),
    )
    same = {
        each.name for each in fields(limits) if getattr(limits, each.name) == getattr(RiskLimits(), each.name)
    }
    assert same == {"fee_rate", "slippage_share"}, "those are no settings"


def test_a_fixed_amount_is_a_sizing_of_its_own(tmp_path: Path) -> None:
    assert limits_of({}, tmp_path).sizing is SizingMethod.SHARE
    assert limits_of({"RISK_ORDER_QUOTE": "50"}, tmp_path).sizing is SizingMethod.QUOTE
    both = {"RISK_ORDER_QUOTE": "50", "RISK_SIZING": "share"}
    assert limits_of(both, tmp_path).sizing is SizingMethod.SHARE
