"""Buy under the day's volume-weighted average price, sell back at it or at the end of the day."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, session_bars, session_vwap
from binance_trade_agent.strategies.wording import farthest, next_order, number, price_miss

_DAY_S = 86_400
# A day of 1m candles: the shortest candles with which a window holds a day.
_DAY_CANDLES = 1440


class VwapReversion(Strategy):
    """BUY when a candle closes `dip_share` under the VWAP of its UTC day and over the close before it.

    SELL at the VWAP or on the day's last candle, and what was bought on an earlier day should that
    candle be missing. There is no entry before the day's candle number `min_candles`, nor on its last.
    """

    name: ClassVar[str] = "vwap_reversion"

    dip_share: float = Field(
        default=0.01, gt=0, lt=1, description="Fall under the VWAP that buys, as a share."
    )
    min_candles: int = Field(
        default=12, ge=1, le=_DAY_CANDLES, description="Candle of the UTC day before which it does not buy."
    )

    @property
    def warmup_candles(self) -> int:
        """Candles of a whole day, so that the window never begins within the one at its end."""
        return _DAY_CANDLES

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`vwap`, `day_candles`: how many the day has so far. NaN on a day whose beginning the window lacks."""
        opened_s = candles.opened_s
        vwap = session_vwap(candles.high, candles.low, candles.close, candles.volume, opened_s)
        whole = (opened_s // _DAY_S > opened_s[:1] // _DAY_S) | (opened_s[:1] % _DAY_S == 0)
        return {
            "vwap": np.where(whole, vwap, np.nan),
            "day_candles": np.where(whole, session_bars(opened_s), np.nan),
        }

    def decide(self, bar: Bar) -> Advice:
        """States, the exit first."""
        if bar.holding is not None and bar.holding.last_entry_at.date() < bar.opened_at.date():
            return Advice.sell(
                1.0, "day_over", f"the position was bought on {bar.holding.last_entry_at:%d %B}"
            )
        close, before = bar.value("close"), bar.previous("close")
        vwap, counted = bar.value("vwap"), bar.value("day_candles")
        level = vwap * (1 - self.dip_share)
        dipped, rising = close < level, close > before
        entry = farthest(
            None if dipped else price_miss("close", close, level, "entry", close),
            None if rising else price_miss("close", close, before, "close before it", close),
        )
        if close >= vwap:
            text = f"close {number(close)} is at or over the VWAP {number(vwap)}"
            return Advice.sell(1.0, "over_vwap", text, nearest_miss=entry)
        if bar.candles.closed_s.item(bar.index) % _DAY_S == 0:
            return Advice.sell(1.0, "day_ends", "it is the last candle of the UTC day", nearest_miss=entry)
        text = (
            f"close {number(close)} is {'under' if dipped else 'not under'} the entry {number(level)}"
            f" and {'over' if rising else 'not over'} the close before it, {number(before)}"
        )
        leave = price_miss("close", close, vwap, "exit", close)
        if not (dipped and rising):
            return Advice.hold("no_dip", text, next_order(bar, entry, leave))
        if counted < self.min_candles:
            text = f"{text}, but the UTC day has only {counted:.0f} candles of {self.min_candles}"
            return Advice.hold("young_day", text)
        return Advice.buy(1.0, "dip_under_vwap", text)
