"""Buy under the lower Bollinger band, sell back at the middle."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, bollinger
from binance_trade_agent.strategies.wording import next_order, number, price_miss


class BollingerReversion(Strategy):
    """BUY when a candle closes under the lower band, SELL when one closes at or over the middle."""

    name: ClassVar[str] = "bollinger_reversion"

    period: int = Field(default=20, ge=2, le=400, description="Candles of the bands.")
    deviations: float = Field(
        default=2.0, gt=0, le=10, description="Standard deviations from the middle to a band."
    )

    @property
    def warmup_candles(self) -> int:
        """The period: the bands remember nothing older."""
        return self.period

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`upper`, `middle`, `lower`."""
        bands = bollinger(candles.close, self.period, self.deviations)
        return {"upper": bands.upper, "middle": bands.middle, "lower": bands.lower}

    def decide(self, bar: Bar) -> Advice:
        """States: each candle beyond a line is advice."""
        close, middle, lower = bar.value("close"), bar.value("middle"), bar.value("lower")
        entry = price_miss("close", close, lower, "entry", close)
        if close < lower:
            text = f"close {number(close)} is under the lower band {number(lower)}"
            return Advice.buy(_strength(close, middle, lower), "under_lower_band", text)
        if close >= middle and middle > lower:
            text = f"close {number(close)} is at or over the middle band {number(middle)}"
            return Advice.sell(1.0, "over_middle_band", text, nearest_miss=entry)
        text = (
            f"close {number(close)} is between the lower band {number(lower)} and the middle {number(middle)}"
        )
        leave = price_miss("close", close, middle, "exit", close)
        return Advice.hold("inside_bands", text, next_order(bar, entry, leave))


def _strength(close: float, middle: float, lower: float) -> float:
    """0.5 at the band, 1 half a band width under it."""
    return min(1.0, 0.5 + (lower - close) / (middle - lower))
