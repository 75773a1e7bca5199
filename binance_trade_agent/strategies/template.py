"""The example that `strategy new` writes: a strategy and its test, to be changed by its author."""

import keyword
import re
from string import Template

from binance_trade_agent.strategies.shipped import SHIPPED

_NAME = re.compile(r"[a-z][a-z0-9_]{1,47}")

_STRATEGY = Template('''\
"""$title: an example to change. It buys what fell under its average and sells what recovered."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from binance_trade_agent.domain.decisions import Miss
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.indicators import FloatArray, sma
from pydantic import Field


class $title(Strategy):
    """BUY `dip_percent` under the average of `period` closes, SELL back at it, or after `patience_hours`."""

    # What STRATEGY_NAME asks for.
    name: ClassVar[str] = "$name"

    # Parameters: typed, with a range. STRATEGY_PARAMS={"period": 30} sets them; each session records them.
    period: int = Field(default=20, ge=2, le=500, description="Candles that the average is taken over.")
    dip_percent: float = Field(default=0.3, gt=0, lt=50, description="How far under the average to buy.")
    patience_hours: float = Field(default=24, gt=0, le=8760, description="How long to wait for the average.")

    @property
    def warmup_candles(self) -> int:
        """All that the average looks at."""
        # Candles after which a decision no longer depends on where the window begins. A simple average
        # forgets at once. An EMA or RSI remembers longer: use ema_settled(period) or wilder_settled(period).
        # `strategy check` finds out if this is too little.
        return self.period

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """`average`."""
        # All candles are closed ones: the one that is still moving is never here. Each array has one value a
        # candle, NaN where there is none yet, and a value may look at its own candle and older ones only.
        return {"average": sma(candles.close, self.period)}

    def decide(self, bar: Bar) -> Advice:
        """Buy the dip; with a position, wait for the average."""
        # `bar` is the candle that has just closed. Asking for a value that is still NaN ends the decision
        # with HOLD and the reason "warmup", so nothing needs to be checked here.
        close, average = bar.value("close"), bar.value("average")
        if bar.holding is not None:
            return self._leave(bar, bar.holding, close, average)
        entry = average * (1 - self.dip_percent / 100)
        if close <= entry:
            return Advice.buy(1.0, "dip", f"close {close:.8g} is at or under the entry at {entry:.8g}")
        # A HOLD says how far it was from an order: in words, and as a share of the price, so that
        # `explain` can tell which symbol came closest.
        missed = (close - entry) / close
        miss = Miss(f"close {missed:.2%} above the entry", missed)
        return Advice.hold("no_dip", f"close {close:.8g} is above the entry at {entry:.8g}", miss)

    def _leave(self, bar: Bar, holding: Holding, close: float, average: float) -> Advice:
        """Sell at the average, or when that took too long."""
        # `holding` tells average price, first price, times and how many entries and exits there were. Keep
        # nothing in the strategy itself: a restart would forget it.
        if close >= average:
            return Advice.sell(1.0, "recovered", f"close {close:.8g} is back at the average {average:.8g}")
        # Count time by the candles, never by a clock: the same candles then decide the same again.
        waited = bar.closed_at - holding.opened_at
        if waited >= timedelta(hours=self.patience_hours):
            return Advice.sell(1.0, "too_long", f"held for {waited} without seeing the average")
        missed = (average - close) / close
        miss = Miss(f"close {missed:.2%} under the average", missed)
        return Advice.hold("wait", f"close {close:.8g} is under the average {average:.8g}", miss)
''')

_TEST = Template('''\
"""What $name must do. Run it with `pytest $test`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from binance_trade_agent.bootstrap.strategy_candles import generated_markets
from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Advice, Candles, Holding, Strategy
from binance_trade_agent.strategies.files import load_file
from binance_trade_agent.strategies.honesty import Result, candles_wanted, check_strategy

FILE = load_file(Path(__file__).with_name("$name.py"))
OPENED = datetime(2026, 1, 5, 12, tzinfo=UTC)


def strategy(**parameters: Any) -> Strategy:
    """The strategy, loaded as the trader loads it."""
    assert not FILE.problems, FILE.problems
    return FILE.strategies["$name"](**parameters)


def advice(closes: list[float], holding: Holding | None = None) -> Advice:
    """What it says after the last of some one-minute candles, which begin at `OPENED`."""
    column = np.array(closes, dtype=np.float64)
    candles = Candles.from_arrays(
        open=column,
        high=column,
        low=column,
        close=column,
        volume=np.ones(len(column)),
        opened_s=OPENED.timestamp() + 60.0 * np.arange(len(column)),
    )
    last = list(strategy(period=3, dip_percent=1, patience_hours=1).bars(candles, 0, holding))[-1]
    return strategy(period=3, dip_percent=1, patience_hours=1).advise(last)


def bought(at: datetime) -> Holding:
    """A position of one entry."""
    return Holding(98.0, first_price=98.0, last_entry_price=98.0, opened_at=at, last_entry_at=at)


def test_it_is_honest() -> None:
    """The same as `binance-trade-agent strategy check`."""
    findings = check_strategy(strategy(), generated_markets(candles_wanted(strategy())))
    assert [finding for finding in findings if finding.result is Result.FAILED] == []


def test_it_buys_a_dip_and_says_how_far_it_was_from_one() -> None:
    """The average of 100, 100 and 97 is 99, an entry is 1 % under that."""
    assert advice([100, 100, 97]).action is SignalAction.BUY
    held = advice([100, 100, 100])
    assert held.action is SignalAction.HOLD
    assert held.nearest_miss is not None
    assert abs(held.nearest_miss.distance - 0.01) < 1e-9


def test_it_sells_at_the_average_or_when_that_takes_too_long() -> None:
    """The holding decides, so that a restart changes nothing."""
    assert advice([98, 98, 99], bought(OPENED)).reasons[0].code == "recovered"
    assert advice([100, 100, 97], bought(OPENED)).action is SignalAction.HOLD
    assert advice([100, 100, 97], bought(OPENED - timedelta(hours=1))).reasons[0].code == "too_long"
''')


def name_fault(name: str) -> str | None:
    """Why a strategy should not be called so; None if it may."""
    if not _NAME.fullmatch(name):
        return "it takes a small letter, then small letters, digits and underscores, 2 to 48 in all"
    if keyword.iskeyword(name):
        return "it is a word of the Python language"
    if name in SHIPPED:
        return "a shipped strategy is called so"
    if name.startswith("test_"):
        return "its file would be taken for a test"
    return None


def strategy_text(name: str) -> str:
    """The strategy's file."""
    return _STRATEGY.substitute(name=name, title=title_of(name))


def tests_text(name: str) -> str:
    """The file of its tests."""
    return _TEST.substitute(name=name, test=f"test_{name}.py")


def title_of(name: str) -> str:
    """The class: `MyBreakout` for `my_breakout`."""
    return "".join(part.capitalize() for part in name.split("_"))
