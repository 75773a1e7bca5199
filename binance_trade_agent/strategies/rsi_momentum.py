"""Buy when RSI recovers from oversold, sell when it falls back from overbought."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, ema, ema_settled, rsi, wilder_settled
from binance_trade_agent.strategies.wording import index_miss, next_order, number, price_miss


class RsiMomentum(Strategy):
    """BUY when RSI crosses up `oversold`, SELL when it crosses down `overbought` (Wilder's convention).

    With a `trend_period` above 0, it buys only where the close is over the EMA of that many candles.
    """

    name: ClassVar[str] = "rsi_momentum"

    period: int = Field(default=14, ge=2, le=200, description="Candles of RSI.")
    oversold: float = Field(default=30.0, gt=0, lt=100, description="RSI that is crossed up to buy.")
    overbought: float = Field(default=70.0, gt=0, lt=100, description="RSI that is crossed down to sell.")
    trend_period: int = Field(
        default=0, ge=0, le=400, description="Candles of the EMA the close must be over to buy; 0: off."
    )

    @model_validator(mode="after")
    def _levels_in_order(self) -> Self:
        if self.oversold >= self.overbought:
            raise ValueError(f"oversold ({self.oversold}) must be below overbought ({self.overbought})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until RSI and the trend's average have settled."""
        trend = ema_settled(self.trend_period) if self.trend_period else 0
        return max(wilder_settled(self.period), trend)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`rsi`, and `ema_trend` if it is asked for."""
        found = {"rsi": rsi(candles.close, self.period)}
        return found | ({"ema_trend": ema(candles.close, self.trend_period)} if self.trend_period else {})

    def decide(self, bar: Bar) -> Advice:
        """Events only: being under a level is not enough, it must be crossed."""
        now, before = bar.value("rsi"), bar.previous("rsi")
        entry = index_miss("RSI", now, self.oversold, "entry")
        if bar.crossed_up("rsi", self.oversold):
            text = f"RSI rose from {before:.1f} to {now:.1f} and crossed up {self.oversold:g}"
            return self._entry(bar, Advice.buy(self._strength(before), "rsi_crossed_up", text))
        if bar.crossed_down("rsi", self.overbought):
            text = f"RSI fell from {before:.1f} to {now:.1f} and crossed down {self.overbought:g}"
            return Advice.sell(self._strength(before), "rsi_crossed_down", text, nearest_miss=entry)
        leave = index_miss("RSI", now, self.overbought, "exit")
        code, text = self._state(now)
        return Advice.hold(code, text, next_order(bar, entry, leave))

    def _entry(self, bar: Bar, advice: Advice) -> Advice:
        """`advice`, unless the trend forbids it."""
        if not self.trend_period:
            return advice
        close, trend = bar.value("close"), bar.value("ema_trend")
        if close > trend:
            return advice
        text = f"{advice.reasons[0].text}, but close {number(close)} is not over EMA{self.trend_period} {number(trend)}"
        return Advice.hold("trend_filter", text, price_miss("close", close, trend, "entry", close))

    def _strength(self, before: float) -> float:
        """How deep in the extreme zone RSI was, 0.5 at its edge."""
        depth = max((self.oversold - before) / self.oversold, (before - self.overbought) / 100.0, 0.0)
        return min(1.0, 0.5 + depth)

    def _state(self, now: float) -> tuple[str, str]:
        if now <= self.oversold:
            return "no_cross", f"RSI {now:.1f} is under {self.oversold:g}, but did not cross up"
        if now >= self.overbought:
            return "no_cross", f"RSI {now:.1f} is over {self.overbought:g}, but did not cross down"
        return "between_levels", f"RSI {now:.1f} is between {self.oversold:g} and {self.overbought:g}"
