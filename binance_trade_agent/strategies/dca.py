"""Buy the same amount again and again, sell all when the price is far enough over the average paid."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from binance_trade_agent.domain.decisions import Miss
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.indicators import FloatArray
from binance_trade_agent.strategies.wording import nearest, number, price_miss


class Dca(Strategy):
    """BUY at once without a position, then at each step, up to `steps` times; SELL at the take-profit.

    A step: `every_hours` have passed since the last entry (0: never for that), or the close is
    `step_share` under the average price. The take-profit is `take_profit_share` over the average
    price, which holds the fees that were paid.
    """

    name: ClassVar[str] = "dca"
    adds: ClassVar[bool] = True

    every_hours: float = Field(
        default=24.0, ge=0, le=8784, description="Hours after an entry until the next; 0: never for that."
    )
    step_share: float = Field(
        default=0.02, gt=0, lt=1, description="Fall under the average price that buys, as a share."
    )
    steps: int = Field(default=5, ge=0, le=100, description="Most entries after the first.")
    take_profit_share: float = Field(
        default=0.03, gt=0, le=10, description="Rise over the average price that sells, as a share."
    )

    @property
    def warmup_candles(self) -> int:
        """One: only the last close counts."""
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """None."""
        return {}

    def decide(self, bar: Bar) -> Advice:
        """The take-profit first, then the steps."""
        close, held = bar.value("close"), bar.holding
        if held is None:
            return Advice.buy(1.0, "first_buy", f"nothing is held: the first buy, at {number(close)}")
        goal = held.average_price * (1 + self.take_profit_share)
        if close >= goal:
            text = f"close {number(close)} is at or over the take-profit {number(goal)}"
            return Advice.sell(
                1.0, "take_profit", f"{text}, {number(self.take_profit_share, 4)} over the average"
            )
        done = held.entries - 1
        leave = price_miss("close", close, goal, "exit", close)
        if done >= self.steps:
            text = f"all {self.steps} steps are bought; the exit is at {number(goal)}"
            return Advice.hold("all_steps", text, leave)
        return self._step(bar, held, f"step {done + 1} of {self.steps}", leave)

    def _step(self, bar: Bar, held: Holding, step: str, leave: Miss) -> Advice:
        close, level = bar.value("close"), held.average_price * (1 - self.step_share)
        if close <= level:
            return Advice.buy(
                1.0, "price_step", f"{step}: close {number(close)} is at or under {number(level)}"
            )
        due = held.last_entry_at + timedelta(hours=self.every_hours)
        if self.every_hours and bar.closed_at >= due:
            text = f"{step}: {self.every_hours:g} h have passed since the last entry"
            return Advice.buy(1.0, "time_step", text)
        text = f"close {number(close)} is over the next step, {number(level)}"
        if self.every_hours:
            text += f", which is due at {due:%Y-%m-%d %H:%M} UTC at the latest"
        entry = price_miss("close", close, level, "next step", close)
        return Advice.hold("between_steps", text, nearest(entry, leave))
