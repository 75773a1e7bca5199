"""A strategy that trades all the time, so that a campaign meets orders wherever it kills."""

from collections.abc import Mapping
from typing import ClassVar

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray


class Restless(Strategy):
    """BUY after each rise of the price, SELL after each fall."""

    name: ClassVar[str] = "restless"

    @property
    def warmup_candles(self) -> int:
        """Two candles make a rise."""
        return 2

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """None are needed."""
        return {}

    def decide(self, bar: Bar) -> Advice:
        """What the last two closes say."""
        now, before = bar.value("close"), bar.previous("close")
        if now > before:
            return Advice.buy(1.0, "rise", f"the price rose from {before} to {now}")
        if now < before:
            return Advice.sell(1.0, "fall", f"the price fell from {before} to {now}")
        return Advice.hold("flat", "the price did not move")


class Idle(Strategy):
    """HOLD always: orders come from requests alone."""

    name: ClassVar[str] = "idle"

    @property
    def warmup_candles(self) -> int:
        """One candle to decide on."""
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """None are needed."""
        return {}

    def decide(self, bar: Bar) -> Advice:
        """Nothing."""
        return Advice.hold("idle", "this strategy never trades")


class Eager(Idle):
    """BUY always: holds one position, and enters again as soon as it has none."""

    name: ClassVar[str] = "eager"

    def decide(self, bar: Bar) -> Advice:
        """The same again."""
        return Advice.buy(1.0, "eager", "this strategy always buys")
