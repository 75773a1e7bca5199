"""Buy once and keep it: what the other strategies are measured against."""

from collections.abc import Mapping
from typing import ClassVar

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray


class BuyAndHold(Strategy):
    """BUY without a position, never SELL."""

    name: ClassVar[str] = "buy_and_hold"

    @property
    def warmup_candles(self) -> int:
        """One: any close will do."""
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """None."""
        return {}

    def decide(self, bar: Bar) -> Advice:
        """By what is held alone."""
        if bar.holding is None:
            return Advice.buy(1.0, "not_held", "nothing is held")
        return Advice.hold("held", f"held since {bar.holding.opened_at:%Y-%m-%d %H:%M} UTC, and kept")
