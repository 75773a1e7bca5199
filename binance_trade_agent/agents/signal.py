"""Turns closed candles into a signal: runs the strategy over every candle no decision has seen yet."""

import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from binance_trade_agent.domain.decisions import Reason, Signal, SignalAction
from binance_trade_agent.domain.errors import TradeAgentError
from binance_trade_agent.domain.market import Candle, MarketSnapshot
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy


class StrategyFailed(TradeAgentError):
    """A strategy raised an error: which one, and the file and line in it."""

    def __init__(self, strategy: str, file: str, line: int, cause: str) -> None:
        super().__init__(f"strategy {strategy} failed: {cause} ({file}, line {line})")
        self.strategy = strategy
        self.file = file
        self.line = line


@dataclass(frozen=True, slots=True)
class _Advised:
    """What the strategy said of one candle, with the values it saw."""

    advice: Advice
    candle: Candle
    values: dict[str, float]


class SignalAgent:
    """Asks one strategy. Advice on a candle that closed longer ago than `max_signal_age` is not acted on."""

    def __init__(self, strategy: Strategy, *, max_signal_age: timedelta) -> None:
        self._strategy = strategy
        self._max_signal_age = max_signal_age

    def evaluate(self, snapshot: MarketSnapshot, position: Position | None) -> Signal:
        """The signal of the last new candle on which the strategy wanted an order, else of the newest one.

        Long only: a SELL without a position, and a BUY with one, become HOLD. What is too
        small to be sold (dust) is no position.

        Raises:
            StrategyFailed: the strategy raised an error, or did not return what it must.
        """
        if not snapshot.new_candles:
            advice = Advice.hold(
                "no_new_candle", f"no {snapshot.interval} candle closed since the last decision"
            )
            return self._signal(snapshot, _Advised(advice, snapshot.candles[-1], {}))
        advised = self._ask(snapshot)
        return self._signal(snapshot, self._checked(advised, snapshot, position))

    def _ask(self, snapshot: MarketSnapshot) -> _Advised:
        """Run the strategy over the new candles; the boundary to code that is not ours."""
        strategy, candles = self._strategy, snapshot.candles
        try:
            series = strategy.series(Candles(candles))
            wrong = [name for name, values in series.items() if len(values) != len(candles)]
            if wrong:
                raise ValueError(f"indicators {', '.join(wrong)} have another length than the candles")
            fresh = range(len(candles) - snapshot.new_candles, len(candles))
            bar, advice = _last_actionable(strategy, (Bar(series, index) for index in fresh))
            return _Advised(advice, candles[bar.index], bar.values())
        except Exception as error:  # a strategy may be anyone's code; it must not take the loop down
            file, line = _place(error, strategy)
            raise StrategyFailed(strategy.name, file, line, f"{type(error).__name__}: {error}") from error

    def _checked(self, advised: _Advised, snapshot: MarketSnapshot, position: Position | None) -> _Advised:
        """The advice, or HOLD where it is too old or the position does not allow it."""
        action = advised.advice.action
        if action is SignalAction.HOLD:
            return advised
        age = snapshot.observed_at - advised.candle.close_time
        if age > self._max_signal_age:
            return _held(
                advised,
                "stale_signal",
                f"{action} was advised {age.total_seconds():.0f} s ago; advice older than"
                f" {self._max_signal_age.total_seconds():.0f} s is not acted on",
            )
        held = (
            position is not None
            and snapshot.rules.sellable_quantity(position.quantity, snapshot.book.bid) > 0
        )
        if action is SignalAction.SELL and not held:
            return _held(advised, "no_position", f"SELL advised, but {_nothing(snapshot, position)}")
        if action is SignalAction.BUY and held and position is not None:
            quantity = f"{to_wire(position.quantity)} {position.base}"
            return _held(advised, "already_long", f"BUY advised, but {quantity} is held already")
        return advised

    def _signal(self, snapshot: MarketSnapshot, advised: _Advised) -> Signal:
        advice = advised.advice
        return Signal(
            symbol=snapshot.symbol,
            strategy=self._strategy.name,
            action=advice.action,
            strength=advice.strength,
            reasons=advice.reasons,
            values=advised.values,
            candle_time=advised.candle.close_time,
            nearest_miss=advice.nearest_miss,
        )


def _last_actionable(strategy: Strategy, bars: Iterable[Bar]) -> tuple[Bar, Advice]:
    """The last bar whose advice is BUY or SELL, or else the last one; `bars` rise in time."""
    chosen: tuple[Bar, Advice] | None = None
    for bar in bars:
        advice = strategy.advise(bar)
        if not advice.reasons:
            raise ValueError("decide() gave advice without a reason")
        if chosen is None or advice.action is not SignalAction.HOLD or chosen[1].action is SignalAction.HOLD:
            chosen = bar, advice
    if chosen is None:
        raise ValueError("there is no candle to decide on")
    return chosen


def _held(advised: _Advised, code: str, text: str) -> _Advised:
    """The same candle and values, but no order; the strategy's own reasons follow the new one."""
    reasons = (Reason(code, text), *advised.advice.reasons)
    return _Advised(
        Advice(SignalAction.HOLD, advised.advice.strength, reasons), advised.candle, advised.values
    )


def _nothing(snapshot: MarketSnapshot, position: Position | None) -> str:
    if position is None or position.quantity <= 0:
        return f"no {snapshot.rules.base} is held"
    return f"the {to_wire(position.quantity)} {position.base} held are too little to sell"


def _place(error: Exception, strategy: Strategy) -> tuple[str, int]:
    """File and line of the deepest frame in the strategy's own module, or of the deepest of all."""
    frames = traceback.extract_tb(error.__traceback__)
    module = sys.modules.get(type(strategy).__module__)
    own = [frame for frame in frames if module is not None and frame.filename == module.__file__]
    frame = (own or frames)[-1]
    return frame.filename, frame.lineno or 0
