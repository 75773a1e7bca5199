"""Buy what breaks out of its channel, add while it rises, leave at the other side (the Turtles' rules)."""

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.indicators import (
    FloatArray,
    atr,
    highest,
    lowest,
    shifted,
    wilder_settled,
)
from binance_trade_agent.strategies.wording import nearest, number, price_miss


class DonchianTurtle(Strategy):
    """BUY a close over the highs before it and one unit more each `add_step`·N higher, up to `units`.

    SELL all at a close under the lows before it, or under the last entry less `stop`·N; N is the
    average true range at the deciding candle. With `skip_after_winner` a breakout is skipped if
    the last one, bought or not, within `memory_candles` would have won, until the close is over the
    highs of `failsafe_candles`. The size of a unit is for the sizing of risk (1 % of the equity for each N).
    (Curtis Faith, Way of the Turtle, 2007)
    """

    name: ClassVar[str] = "donchian_turtle"
    adds: ClassVar[bool] = True

    entry_candles: int = Field(default=20, ge=2, le=400, description="Candles whose highs a BUY closes over.")
    exit_candles: int = Field(default=10, ge=1, le=400, description="Candles whose lows a SELL closes under.")
    atr_period: int = Field(default=20, ge=1, le=200, description="Candles of N, the average true range.")
    stop: float = Field(default=2.0, gt=0, le=20, description="N under the last entry at which all is sold.")
    add_step: float = Field(
        default=0.5, gt=0, le=10, description="N over the last entry at which a unit is added."
    )
    units: int = Field(default=4, ge=1, le=20, description="Most units held.")
    skip_after_winner: bool = Field(
        default=False, description="Skip a breakout after one that would have won."
    )
    failsafe_candles: int = Field(
        default=55, ge=2, le=400, description="Candles whose highs end the skipping of breakouts."
    )
    memory_candles: int = Field(
        default=400, ge=20, le=1000, description="Candles back in which the last breakout is looked for."
    )

    @model_validator(mode="after")
    def _channels_in_order(self) -> Self:
        if self.exit_candles > self.entry_candles:
            raise ValueError(
                f"exit_candles ({self.exit_candles}) must not be over entry_candles ({self.entry_candles})"
            )
        if self.failsafe_candles <= self.entry_candles:
            raise ValueError(
                f"failsafe_candles ({self.failsafe_candles}) must be over entry_candles ({self.entry_candles})"
            )
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles of the channel and until N has settled; with `skip_after_winner` the memory comes on top."""
        needed = max(self.entry_candles + 1, wilder_settled(self.atr_period))
        if not self.skip_after_winner:
            return needed
        return max(needed + self.memory_candles, self.failsafe_candles + 1)

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`upper`, `lower`, `atr`; with `skip_after_winner` also `failsafe`, `last_won` (1 or 0)."""
        found = {
            "upper": shifted(highest(candles.high, self.entry_candles)),
            "lower": shifted(lowest(candles.low, self.exit_candles)),
            "atr": atr(candles.high, candles.low, candles.close, self.atr_period),
        }
        if self.skip_after_winner:
            found["failsafe"] = shifted(highest(candles.high, self.failsafe_candles))
            found["last_won"] = self._last_won(candles.close, found["upper"], found["lower"], found["atr"])
        return found

    def decide(self, bar: Bar) -> Advice:
        """States: each candle beyond a line is advice."""
        if bar.holding is None:
            return self._enter(bar)
        return self._leave(bar, bar.holding) or self._add(bar, bar.holding)

    def _enter(self, bar: Bar) -> Advice:
        close, upper = bar.value("close"), bar.value("upper")
        bar.value("atr")  # without N there would be no stop
        if close <= upper:
            text = f"close {number(close)} is not over the highs of {self.entry_candles} candles, {number(upper)}"
            return Advice.hold("no_breakout", text, price_miss("close", close, upper, "entry", close))
        text = f"close {number(close)} is over the highs of {self.entry_candles} candles, {number(upper)}"
        if self.skip_after_winner and bar.value("last_won"):
            failsafe = bar.value("failsafe")
            if close <= failsafe:
                miss = price_miss("close", close, failsafe, "entry", close)
                return Advice.hold("after_winner", f"{text}, but the breakout before it won", miss)
        return Advice.buy(1.0, "breakout", text)

    def _leave(self, bar: Bar, holding: Holding) -> Advice | None:
        close, lower = bar.value("close"), bar.value("lower")
        stop = holding.last_entry_price - self.stop * bar.value("atr")
        if close < stop:
            text = f"close {number(close)} is under the stop {number(stop)}, {self.stop:g} N under the last entry"
            return Advice.sell(1.0, "stop", text)
        if close < lower:
            text = f"close {number(close)} is under the lows of {self.exit_candles} candles, {number(lower)}"
            return Advice.sell(1.0, "channel_left", text)
        return None

    def _add(self, bar: Bar, holding: Holding) -> Advice:
        close, held = bar.value("close"), holding.lots
        level = holding.last_entry_price + self.add_step * bar.value("atr")
        stop = holding.last_entry_price - self.stop * bar.value("atr")
        leave = price_miss("close", close, max(bar.value("lower"), stop), "exit", close)
        if held >= self.units:
            return Advice.hold("all_units", f"{held} of {self.units} units are held", leave)
        shown = f"{number(level)}, {self.add_step:g} N over the last entry"
        if close >= level:
            return Advice.buy(
                1.0, "unit_added", f"close {number(close)} has reached {shown}: unit {held + 1}"
            )
        add = price_miss("close", close, level, "next unit", close)
        return Advice.hold(
            "between_lines", f"close {number(close)} has not reached {shown}", nearest(add, leave)
        )

    def _last_won(
        self, closes: FloatArray, upper: FloatArray, lower: FloatArray, atr: FloatArray
    ) -> FloatArray:
        """Whether the breakout that ended last, of those in memory, won: 1 or 0; 0 if there was none.

        A breakout is followed with one unit from close to close. It counts only if a close
        under the lows came before it in memory: from there on nothing was held, wherever the window begins.
        """
        won = np.zeros(len(closes))
        result, known_from = 0.0, -math.inf
        entry, flat_at, began_at = math.nan, -math.inf, -math.inf
        for t, (close, high, low, n) in enumerate(_rows(closes, upper, lower, atr)):
            won[t] = result if t - known_from <= self.memory_candles else 0.0
            if math.isnan(entry):
                if close > high and not math.isnan(n):
                    entry, began_at = close, flat_at
            elif close < low or close < entry - self.stop * n:
                result, known_from, entry = float(close > entry), began_at, math.nan
            if close < low:
                flat_at = t
        return won


def _rows(*columns: FloatArray) -> Iterator[tuple[float, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)
