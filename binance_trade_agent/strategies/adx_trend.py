"""Buy when a strong trend turns upwards, sell when it turns down or fades."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, adx, adx_settled
from binance_trade_agent.strategies.wording import farthest, index_miss, next_order


class AdxTrend(Strategy):
    """BUY when +DI crosses up −DI while ADX is at least `strong`, SELL while −DI is over +DI or ADX under `weak`."""

    name: ClassVar[str] = "adx_trend"

    period: int = Field(default=14, ge=2, le=200, description="Candles of ADX, +DI and −DI.")
    strong: float = Field(
        default=25.0, gt=0, lt=100, description="ADX from which a trend is strong enough to buy."
    )
    weak: float = Field(
        default=20.0, ge=0, lt=100, description="ADX under which the trend is over and all is sold."
    )

    @model_validator(mode="after")
    def _levels_in_order(self) -> Self:
        if self.weak > self.strong:
            raise ValueError(f"weak ({self.weak}) must not be over strong ({self.strong})")
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles until ADX has settled."""
        return adx_settled(self.period)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`adx`, `plus_di`, `minus_di`."""
        found = adx(candles.high, candles.low, candles.close, self.period)
        return {"adx": found.adx, "plus_di": found.plus_di, "minus_di": found.minus_di}

    def decide(self, bar: Bar) -> Advice:
        """The entry is an event, the exit a state."""
        now, plus, minus = bar.value("adx"), bar.value("plus_di"), bar.value("minus_di")
        crossed, strong = bar.crossed_up("plus_di", "minus_di"), now >= self.strong
        shown = f"+DI {plus:.1f}, −DI {minus:.1f}, ADX {now:.1f}"
        entry = farthest(
            None if crossed else index_miss("+DI", plus, minus, "entry"),
            None if strong else index_miss("ADX", now, self.strong, "entry"),
        )
        if minus > plus:
            return Advice.sell(1.0, "trend_down", f"−DI is over +DI ({shown})", nearest_miss=entry)
        if now < self.weak:
            text = f"ADX is under {self.weak:g} ({shown})"
            return Advice.sell(1.0, "trend_faded", text, nearest_miss=entry)
        if crossed and strong:
            text = f"+DI crossed up −DI and ADX is at least {self.strong:g} ({shown})"
            return Advice.buy(1.0, "trend_up", text)
        event = "+DI crossed up −DI" if crossed else "+DI did not cross up −DI"
        text = f"{event}; ADX is {'at least' if strong else 'under'} {self.strong:g} ({shown})"
        leave = index_miss("+DI", plus, minus, "exit")
        return Advice.hold("no_cross" if strong else "trend_weak", text, next_order(bar, entry, leave))
