"""Buy while RSI is oversold, sell while it is overbought."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, rsi, wilder_settled
from binance_trade_agent.strategies.wording import index_miss, next_order


class RsiLevel(Strategy):
    """BUY while RSI is under `oversold`, SELL while it is over `overbought`; no crossing is needed."""

    name: ClassVar[str] = "rsi_level"

    period: int = Field(default=14, ge=2, le=200, description="Candles of RSI.")
    oversold: float = Field(default=30.0, gt=0, lt=100, description="RSI under which it buys.")
    overbought: float = Field(default=70.0, gt=0, lt=100, description="RSI over which it sells.")

    @model_validator(mode="after")
    def _levels_in_order(self) -> Self:
        if self.oversold >= self.overbought:
            raise ValueError(f"oversold ({self.oversold}) must be below overbought ({self.overbought})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until RSI has settled."""
        return wilder_settled(self.period)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`rsi`."""
        return {"rsi": rsi(candles.close, self.period)}

    def decide(self, bar: Bar) -> Advice:
        """States: each candle beyond a level is advice."""
        now = bar.value("rsi")
        entry = index_miss("RSI", now, self.oversold, "entry")
        if now < self.oversold:
            strength = min(1.0, 0.5 + (self.oversold - now) / self.oversold)
            return Advice.buy(strength, "rsi_oversold", f"RSI {now:.1f} is under {self.oversold:g}")
        if now > self.overbought:
            text = f"RSI {now:.1f} is over {self.overbought:g}"
            return Advice.sell(1.0, "rsi_overbought", text, nearest_miss=entry)
        text = f"RSI {now:.1f} is neither under {self.oversold:g} nor over {self.overbought:g}"
        leave = index_miss("RSI", now, self.overbought, "exit")
        return Advice.hold("between_levels", text, next_order(bar, entry, leave))
