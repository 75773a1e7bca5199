"""Buy when the price breaks out of a squeeze, sell when it falls back to the middle."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import (
    FloatArray,
    bandwidth,
    bollinger,
    rolling_percentile,
    shifted,
)
from binance_trade_agent.strategies.wording import farthest, next_order, number, price_miss


class BollingerBreakout(Strategy):
    """BUY when a candle closes over the upper band out of a squeeze, SELL when one closes under the middle.

    A squeeze: one candle earlier, the bandwidth was at or under the `squeeze_percent` percentile of
    its last `squeeze_candles` values.
    """

    name: ClassVar[str] = "bollinger_breakout"

    period: int = Field(default=20, ge=2, le=400, description="Candles of the bands.")
    deviations: float = Field(
        default=2.0, gt=0, le=10, description="Standard deviations from the middle to a band."
    )
    squeeze_candles: int = Field(
        default=120, ge=2, le=1000, description="Candles whose bandwidths are compared."
    )
    squeeze_percent: float = Field(
        default=20.0, gt=0, le=100, description="Percentile of bandwidths up to which it is a squeeze."
    )

    @property
    def warmup_candles(self) -> int:
        """Candles of the bands, of the percentile, and one for the look back."""
        return self.period + self.squeeze_candles

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`upper`, `middle`; `bandwidth_before` and `squeeze` are those of one candle earlier."""
        bands = bollinger(candles.close, self.period, self.deviations)
        width = bandwidth(bands)
        return {
            "upper": bands.upper,
            "middle": bands.middle,
            "bandwidth_before": shifted(width),
            "squeeze": shifted(rolling_percentile(width, self.squeeze_candles, self.squeeze_percent)),
        }

    def decide(self, bar: Bar) -> Advice:
        """States: each candle beyond a line is advice."""
        close, upper, middle = bar.value("close"), bar.value("upper"), bar.value("middle")
        width, squeeze = bar.value("bandwidth_before"), bar.value("squeeze")
        broke_out, squeezed = close > upper, width <= squeeze
        entry = farthest(
            None if broke_out else price_miss("close", close, upper, "entry", close),
            None if squeezed else price_miss("bandwidth", width, squeeze, "squeeze", 1.0),
        )
        if close < middle:
            text = f"close {number(close)} is under the middle band {number(middle)}"
            return Advice.sell(1.0, "under_middle_band", text, nearest_miss=entry)
        text = (
            f"close {number(close)} is {'over' if broke_out else 'not over'} the upper band {number(upper)};"
            f" the bandwidth before it, {number(width, 4)}, was {'a' if squeezed else 'no'} squeeze"
            f" (at most {number(squeeze, 4)})"
        )
        if broke_out and squeezed:
            return Advice.buy(1.0, "broke_out_of_squeeze", text)
        leave = price_miss("close", close, middle, "exit", close)
        return Advice.hold("no_breakout_of_squeeze", text, next_order(bar, entry, leave))
