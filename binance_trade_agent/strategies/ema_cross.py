"""Follow a fast average across a slow one."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, ema, ema_settled
from binance_trade_agent.strategies.wording import next_order, price_miss


class EmaCross(Strategy):
    """BUY when the fast EMA crosses up the slow one, SELL when it crosses down."""

    name: ClassVar[str] = "ema_cross"

    fast: int = Field(default=9, ge=1, le=400)
    slow: int = Field(default=21, ge=2, le=400)

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until the slow average has settled."""
        return ema_settled(self.slow)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`ema_fast`, `ema_slow`."""
        return {"ema_fast": ema(candles.close, self.fast), "ema_slow": ema(candles.close, self.slow)}

    def decide(self, bar: Bar) -> Advice:
        """Events only."""
        fast, slow = bar.value("ema_fast"), bar.value("ema_slow")
        shown = f"EMA{self.fast} {fast:.8g}, EMA{self.slow} {slow:.8g}"
        if bar.crossed_up("ema_fast", "ema_slow"):
            return Advice.buy(1.0, "ema_crossed_up", f"the fast average crossed up the slow one ({shown})")
        if bar.crossed_down("ema_fast", "ema_slow"):
            return Advice.sell(
                1.0, "ema_crossed_down", f"the fast average crossed down the slow one ({shown})"
            )
        where = "above the slow one, but did not cross up" if fast > slow else "not above the slow one"
        name, close = f"EMA{self.fast}", bar.value("close")
        entry = price_miss(name, fast, slow, "entry", close)
        leave = price_miss(name, fast, slow, "exit", close)
        return Advice.hold(
            "no_cross", f"the fast average is {where} ({shown})", next_order(bar, entry, leave)
        )
