"""Buy a short dip inside a long rise, sell when the price has recovered."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, model_validator

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, rsi, sma, wilder_settled
from binance_trade_agent.strategies.wording import farthest, index_miss, next_order, number, price_miss


class Rsi2Pullback(Strategy):
    """BUY where the close is over its long average and RSI under `oversold`, SELL over the short average.

    A candle that closes over the short average is an exit, however low RSI is.
    (Larry Connors' RSI 2; 5 instead of 10 waits for deeper dips.)
    """

    name: ClassVar[str] = "rsi2_pullback"

    rsi_period: int = Field(default=2, ge=2, le=200, description="Candles of RSI.")
    trend_period: int = Field(default=200, ge=2, le=1000, description="Candles of the long average.")
    exit_period: int = Field(default=5, ge=2, le=400, description="Candles of the short average.")
    oversold: float = Field(default=10.0, gt=0, lt=100, description="RSI under which it buys.")

    @model_validator(mode="after")
    def _exit_is_faster(self) -> Self:
        if self.exit_period >= self.trend_period:
            raise ValueError(
                f"exit_period ({self.exit_period}) must be below trend_period ({self.trend_period})"
            )
        return self

    @property
    def warmup_candles(self) -> int:
        """Candles of the long average, or until RSI has settled."""
        return max(self.trend_period, wilder_settled(self.rsi_period))

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`rsi`, `sma_trend`, `sma_exit`."""
        return {
            "rsi": rsi(candles.close, self.rsi_period),
            "sma_trend": sma(candles.close, self.trend_period),
            "sma_exit": sma(candles.close, self.exit_period),
        }

    def decide(self, bar: Bar) -> Advice:
        """States, the exit first."""
        close, now = bar.value("close"), bar.value("rsi")
        trend, recovered = bar.value("sma_trend"), bar.value("sma_exit")
        rising, oversold = close > trend, now < self.oversold
        entry = farthest(
            None if rising else price_miss("close", close, trend, "entry", close),
            None if oversold else index_miss("RSI", now, self.oversold, "entry"),
        )
        if close > recovered:
            text = f"close {number(close)} is over SMA{self.exit_period} {number(recovered)}"
            return Advice.sell(1.0, "recovered", text, nearest_miss=entry)
        text = (
            f"close {number(close)} is {'over' if rising else 'not over'} SMA{self.trend_period} {number(trend)}"
            f" and RSI {now:.1f} {'under' if oversold else 'not under'} {self.oversold:g}"
        )
        if rising and oversold:
            return Advice.buy(1.0, "dip_in_rise", text)
        leave = price_miss("close", close, recovered, "exit", close)
        return Advice.hold("no_dip_in_rise", text, next_order(bar, entry, leave))
