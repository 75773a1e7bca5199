"""Follow the MACD line across its signal line."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, macd, macd_settled
from binance_trade_agent.strategies.wording import next_order, number, price_miss


class MacdCross(Strategy):
    """BUY when the MACD line crosses up its signal line, SELL when it crosses down.

    With `above_zero` it buys only where the line is over 0.
    """

    name: ClassVar[str] = "macd_cross"

    fast: int = Field(default=12, ge=2, le=200, description="Candles of the fast EMA.")
    slow: int = Field(default=26, ge=3, le=400, description="Candles of the slow EMA.")
    signal: int = Field(default=9, ge=2, le=200, description="Candles of the signal line.")
    above_zero: bool = Field(
        default=False, description="Whether it buys only while the MACD line is over zero."
    )

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until the slow average and the average of the line have settled."""
        return macd_settled(self.slow, self.signal)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`macd`, `macd_signal`."""
        found = macd(candles.close, self.fast, self.slow, self.signal)
        return {"macd": found.line, "macd_signal": found.signal}

    def decide(self, bar: Bar) -> Advice:
        """Events only."""
        close, line, signal = bar.value("close"), bar.value("macd"), bar.value("macd_signal")
        shown = f"MACD {number(line, 4)}, signal {number(signal, 4)}"
        entry = price_miss("MACD", line, signal, "entry", close)
        if bar.crossed_up("macd", "macd_signal"):
            text = f"MACD crossed up its signal line ({shown})"
            if self.above_zero and line <= 0:
                miss = price_miss("MACD", line, 0.0, "entry", close)
                return Advice.hold("under_zero", f"{text}, but is not over 0", miss)
            return Advice.buy(1.0, "macd_crossed_up", text)
        if bar.crossed_down("macd", "macd_signal"):
            text = f"MACD crossed down its signal line ({shown})"
            return Advice.sell(1.0, "macd_crossed_down", text, nearest_miss=entry)
        where = (
            "above its signal line, but did not cross up" if line > signal else "not above its signal line"
        )
        leave = price_miss("MACD", line, signal, "exit", close)
        return Advice.hold("no_cross", f"MACD is {where} ({shown})", next_order(bar, entry, leave))
