"""The strategies that come with this program. A shipped name always means the shipped strategy."""

from collections.abc import Mapping

from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.bollinger_reversion import BollingerReversion
from binance_trade_agent.strategies.combined_default import CombinedDefault
from binance_trade_agent.strategies.ema_cross import EmaCross
from binance_trade_agent.strategies.macd_cross import MacdCross
from binance_trade_agent.strategies.rsi_momentum import RsiMomentum

SHIPPED: Mapping[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (
        RsiMomentum,
        MacdCross,
        BollingerReversion,
        EmaCross,
        CombinedDefault,
    )
}
