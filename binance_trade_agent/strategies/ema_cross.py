"""Follow a fast average across a slow one."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, adx, adx_settled, ema, ema_settled
from binance_trade_agent.strategies.wording import index_miss, next_order, number, price_miss

_ADX_PERIOD = 14


class EmaCross(Strategy):
    """BUY when the fast EMA crosses up the slow one, SELL when it crosses down.

    With a `min_adx` above 0 it buys only while ADX 14 is at least that.
    """

    name: ClassVar[str] = "ema_cross"

    fast: int = Field(default=9, ge=1, le=400, description="Candles of the fast EMA.")
    slow: int = Field(default=21, ge=2, le=400, description="Candles of the slow EMA.")
    min_adx: float = Field(default=0.0, ge=0, lt=100, description="ADX 14 from which it buys; 0: any.")

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Self:
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be below slow ({self.slow})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until the slow average, and ADX if it is asked for, have settled."""
        return max(ema_settled(self.slow), adx_settled(_ADX_PERIOD) if self.min_adx else 0)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`ema_fast`, `ema_slow`, and `adx` if it is asked for."""
        found = {"ema_fast": ema(candles.close, self.fast), "ema_slow": ema(candles.close, self.slow)}
        if self.min_adx:
            found["adx"] = adx(candles.high, candles.low, candles.close, _ADX_PERIOD).adx
        return found

    def decide(self, bar: Bar) -> Advice:
        """Events only."""
        fast, slow = bar.value("ema_fast"), bar.value("ema_slow")
        shown = f"EMA{self.fast} {number(fast)}, EMA{self.slow} {number(slow)}"
        name, close = f"EMA{self.fast}", bar.value("close")
        entry = price_miss(name, fast, slow, "entry", close)
        if bar.crossed_up("ema_fast", "ema_slow"):
            return self._entry(bar, f"the fast average crossed up the slow one ({shown})")
        if bar.crossed_down("ema_fast", "ema_slow"):
            text = f"the fast average crossed down the slow one ({shown})"
            return Advice.sell(1.0, "ema_crossed_down", text, nearest_miss=entry)
        where = "above the slow one, but did not cross up" if fast > slow else "not above the slow one"
        leave = price_miss(name, fast, slow, "exit", close)
        return Advice.hold(
            "no_cross", f"the fast average is {where} ({shown})", next_order(bar, entry, leave)
        )

    def _entry(self, bar: Bar, text: str) -> Advice:
        """The entry, unless the trend is too weak for it."""
        if self.min_adx and bar.value("adx") < self.min_adx:
            found = bar.value("adx")
            miss = index_miss("ADX", found, self.min_adx, "entry")
            return Advice.hold("weak_trend", f"{text}, but ADX {found:.1f} is under {self.min_adx:g}", miss)
        return Advice.buy(1.0, "ema_crossed_up", text)
