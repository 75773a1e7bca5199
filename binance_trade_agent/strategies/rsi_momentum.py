"""Buy when RSI recovers from oversold, sell when it falls back from overbought."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, rsi, wilder_settled


class RsiMomentum(Strategy):
    """BUY when RSI crosses up `oversold`, SELL when it crosses down `overbought` (Wilder's convention)."""

    name: ClassVar[str] = "rsi_momentum"

    period: int = Field(default=14, ge=2, le=200)
    oversold: float = Field(default=30.0, gt=0, lt=100)
    overbought: float = Field(default=70.0, gt=0, lt=100)

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
        """Events only: being under a level is not enough, it must be crossed."""
        now, before = bar.value("rsi"), bar.previous("rsi")
        if bar.crossed_up("rsi", self.oversold):
            text = f"RSI rose from {before:.1f} to {now:.1f} and crossed up {self.oversold:g}"
            return Advice.buy(self._strength(before), "rsi_crossed_up", text)
        if bar.crossed_down("rsi", self.overbought):
            text = f"RSI fell from {before:.1f} to {now:.1f} and crossed down {self.overbought:g}"
            return Advice.sell(self._strength(before), "rsi_crossed_down", text)
        return self._hold(now)

    def _strength(self, before: float) -> float:
        """How deep in the extreme zone RSI was, 0.5 at its edge."""
        depth = max((self.oversold - before) / self.oversold, (before - self.overbought) / 100.0, 0.0)
        return min(1.0, 0.5 + depth)

    def _hold(self, now: float) -> Advice:
        if now <= self.oversold:
            return Advice.hold(
                "no_cross",
                f"RSI {now:.1f} is under {self.oversold:g}, but did not cross up",
                f"RSI {self.oversold - now:.1f} under the entry",
            )
        if now >= self.overbought:
            return Advice.hold(
                "no_cross",
                f"RSI {now:.1f} is over {self.overbought:g}, but did not cross down",
                f"RSI {now - self.overbought:.1f} over the exit",
            )
        return Advice.hold(
            "between_levels",
            f"RSI {now:.1f} is between {self.oversold:g} and {self.overbought:g}",
            f"RSI {now - self.oversold:.1f} above the entry",
        )
