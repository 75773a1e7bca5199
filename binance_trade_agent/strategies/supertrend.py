"""Follow the Supertrend: a band of true ranges that turns when the price closes through it."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, supertrend, supertrend_settled
from binance_trade_agent.strategies.wording import number, price_miss


class SupertrendFollowing(Strategy):
    """BUY when the trend turns up, SELL when it turns down."""

    name: ClassVar[str] = "supertrend"

    period: int = Field(default=10, ge=1, le=200, description="Candles of the average true range.")
    multiplier: float = Field(
        default=3.0, gt=0, le=20, description="Average true ranges from the middle of a candle to its band."
    )

    @property
    def warmup_candles(self) -> int:
        """Candles until the true range has settled, and until the band has turned, as good as surely."""
        return supertrend_settled(self.period)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`supertrend` (the line), `trend` (+1 or −1)."""
        found = supertrend(candles.high, candles.low, candles.close, self.period, self.multiplier)
        return {"supertrend": found.line, "trend": found.direction}

    def decide(self, bar: Bar) -> Advice:
        """Events only: the turn, not the trend."""
        close, line = bar.value("close"), bar.value("supertrend")
        now, before = bar.value("trend"), bar.previous("trend")
        shown = f"close {number(close)}, line {number(line)}"
        entry = price_miss("close", close, line, "entry", close)
        if now > before:
            return Advice.buy(1.0, "turned_up", f"the trend turned up ({shown})")
        if now < before:
            return Advice.sell(1.0, "turned_down", f"the trend turned down ({shown})", nearest_miss=entry)
        if now > 0:
            miss = price_miss("close", close, line, "exit", close)
            return Advice.hold("no_turn", f"the trend is up, but did not turn up ({shown})", miss)
        return Advice.hold("no_turn", f"the trend is down ({shown})", entry)
