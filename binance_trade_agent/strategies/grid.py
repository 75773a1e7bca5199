"""Buy a lot at each level the price falls through, sell one at each it rises through."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, sma
from binance_trade_agent.strategies.wording import nearest, number, price_miss


class Grid(Strategy):
    """A ladder of `levels` prices with equal ratios from `lower` to `upper`.

    BUY a lot when the close crosses down a level, SELL one when it crosses up a level, but each
    lot at the level over the one it was bought at or higher. SELL all at a close under the lowest level.
    With `lower` and `upper` 0 the range is `range_share` around the price of the first lot while lots
    are held, else around the mean of `anchor_candles`.
    """

    name: ClassVar[str] = "grid"
    adds: ClassVar[bool] = True

    lower: float = Field(default=0.0, ge=0, description="Lowest level; 0: by range_share.")
    upper: float = Field(default=0.0, ge=0, description="Highest level; 0: by range_share.")
    range_share: float = Field(
        default=0.10,
        gt=0,
        lt=1,
        description="How far the range goes to either side of its middle, as a share.",
    )
    levels: int = Field(default=11, ge=3, le=200, description="Prices of the ladder.")
    anchor_candles: int = Field(
        default=200, ge=2, le=1000, description="Candles whose mean is the middle while nothing is held."
    )

    @model_validator(mode="after")
    def _range_in_order(self) -> Self:
        if (self.lower or self.upper) and not 0 < self.lower < self.upper:
            raise ValueError(
                f"lower ({self.lower}) must be over 0 and below upper ({self.upper}), or both must be 0"
            )
        return self

    @property
    def warmup_candles(self) -> int:
        """Two closes to cross between, or the candles of the mean."""
        return 2 if self.upper else self.anchor_candles

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`anchor`, if the range moves with the price."""
        return {} if self.upper else {"anchor": sma(candles.close, self.anchor_candles)}

    def decide(self, bar: Bar) -> Advice:
        """Crossings, by the number of levels under the close before and now."""
        ladder, close, before = self._ladder(bar), bar.value("close"), bar.previous("close")
        was, now = bisect_right(ladder, before), bisect_right(ladder, close)
        if bar.holding is None:
            return _enter(ladder, close, was, now)
        if close < ladder[0]:
            text = f"close {number(close)} is under the lowest level {number(ladder[0])}"
            return Advice.sell(1.0, "range_left", text)
        return _manage(ladder, bar.holding, close, was, now)

    def _ladder(self, bar: Bar) -> list[float]:
        """The levels, rising."""
        lower, upper = self.lower, self.upper
        if not upper:
            anchor = bar.holding.first_price if bar.holding is not None else bar.value("anchor")
            lower, upper = anchor * (1 - self.range_share), anchor * (1 + self.range_share)
        ratio = (upper / lower) ** (1 / (self.levels - 1))
        return [*(lower * ratio**i for i in range(self.levels - 1)), upper]


def _enter(ladder: list[float], close: float, was: int, now: int) -> Advice:
    """The first lot, at any level that has one over and one under it."""
    if not ladder[0] <= close < ladder[-1]:
        edge = ladder[0] if close < ladder[0] else ladder[-1]
        text = f"close {number(close)} is outside the range from {number(ladder[0])} to {number(ladder[-1])}"
        return Advice.hold("outside_range", text, price_miss("close", close, edge, "range", close))
    if now < was and now < len(ladder) - 1:
        return Advice.buy(
            1.0, "first_lot", f"close {number(close)} crossed down the level {number(ladder[now])}"
        )
    level = ladder[min(now, len(ladder) - 1) - 1]
    text = f"close {number(close)} is over the level {number(level)}, and did not cross one down"
    miss = price_miss("close", close, level, "entry", close) if level > ladder[0] else None
    return Advice.hold("no_crossing", text, miss)


def _manage(ladder: list[float], held: Holding, close: float, was: int, now: int) -> Advice:
    """Lots lie at the level of the first one and, one each, at those under it."""
    top, lots = len(ladder) - 1, held.lots
    first = min(max(_nearest_level(ladder, held.first_price), 1), top - 1)
    buy_at, sell_at = first - lots, max(first - lots + 2, 1)
    if now > was and close >= ladder[sell_at]:
        text = f"close {number(close)} crossed up the level {number(ladder[now - 1])}: one of {lots} lots"
        return Advice.sell(1.0, "lot_sold", text, share=Decimal(1) / lots)
    leave = price_miss("close", close, ladder[sell_at], "sale of a lot", close)
    if buy_at < 1:
        return Advice.hold("all_lots", f"all {lots} lots of the levels are held", leave)
    if now < was and close < ladder[buy_at]:
        text = f"close {number(close)} crossed down the level {number(ladder[now])}: lot {lots + 1}"
        return Advice.buy(1.0, "lot_bought", text)
    add = price_miss("close", close, ladder[buy_at], "next lot", close)
    text = f"close {number(close)} crossed neither down to {number(ladder[buy_at])} nor up to {number(ladder[sell_at])}"
    return Advice.hold("no_crossing", text, nearest(add, leave))


def _nearest_level(ladder: list[float], price: float) -> int:
    return min(range(len(ladder)), key=lambda index: abs(math.log(ladder[index] / price)))
