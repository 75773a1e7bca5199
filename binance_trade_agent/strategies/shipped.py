"""The strategies that come with this program. A shipped name always means the shipped strategy."""

from collections.abc import Mapping

from binance_trade_agent.strategies.adx_trend import AdxTrend
from binance_trade_agent.strategies.base import Strategy
from binance_trade_agent.strategies.bollinger_breakout import BollingerBreakout
from binance_trade_agent.strategies.bollinger_reversion import BollingerReversion
from binance_trade_agent.strategies.buy_and_hold import BuyAndHold
from binance_trade_agent.strategies.combined_default import CombinedDefault
from binance_trade_agent.strategies.dca import Dca
from binance_trade_agent.strategies.donchian_turtle import DonchianTurtle
from binance_trade_agent.strategies.ema_cross import EmaCross
from binance_trade_agent.strategies.grid import Grid
from binance_trade_agent.strategies.macd_cross import MacdCross
from binance_trade_agent.strategies.rsi2_pullback import Rsi2Pullback
from binance_trade_agent.strategies.rsi_level import RsiLevel
from binance_trade_agent.strategies.rsi_momentum import RsiMomentum
from binance_trade_agent.strategies.supertrend import SupertrendFollowing
from binance_trade_agent.strategies.vwap_reversion import VwapReversion

SHIPPED: Mapping[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (
        RsiMomentum,
        RsiLevel,
        Rsi2Pullback,
        MacdCross,
        BollingerReversion,
        BollingerBreakout,
        EmaCross,
        DonchianTurtle,
        SupertrendFollowing,
        AdxTrend,
        VwapReversion,
        CombinedDefault,
        Dca,
        Grid,
        BuyAndHold,
    )
}
