"""Turns closed candles into a signal: runs the strategy over every candle no decision has seen yet."""

import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from binance_trade_agent.domain.decisions import Reason, Signal, SignalAction
from binance_trade_agent.domain.errors import TradeAgentError
from binance_trade_agent.domain.market import Candle, MarketSnapshot
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.round_trips import RoundTrip
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.broken import BrokenStrategy
from binance_trade_agent.strategies.probing import fault_of


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
    """Asks each symbol's strategy. Advice on a candle that closed longer ago than `max_signal_age` is not acted on.

    It keeps each symbol's last window as arrays, so that a new candle costs one conversion.
    """

    def __init__(self, strategy_of: Callable[[str], Strategy], *, max_signal_age: timedelta) -> None:
        self._strategy_of = strategy_of
        self._max_signal_age = max_signal_age
        self._windows: dict[str, Candles] = {}

    def warmup_candles(self, symbol: str) -> int:
        """How many candles the symbol's strategy wants to see before it may open a position."""
        return self._strategy_of(symbol).warmup_candles

    def evaluate(
        self, snapshot: MarketSnapshot, position: Position | None, trip: RoundTrip | None = None
    ) -> Signal:
        """The signal of the last new candle on which the strategy wanted an order, else of the newest one.

        Long only: a SELL without a position becomes HOLD, and so does a BUY with one unless the
        strategy adds to what it holds. What is too small to be sold (dust) is no position.
        `trip` is the position's round trip.

        Raises:
            StrategyFailed: the strategy raised an error, or did not return what it must.
        """
        strategy = self._strategy_of(snapshot.symbol)
        if isinstance(strategy, BrokenStrategy):
            problem = strategy.problem
            raise StrategyFailed(strategy.name, problem.file, problem.line, problem.text)
        if not snapshot.new_candles:
            advice = Advice.hold(
                "no_new_candle", f"no {snapshot.interval} candle closed since the last decision"
            )
            return _signal(strategy, snapshot, _Advised(advice, snapshot.candles[-1], {}))
        held = _sellable(snapshot, position)
        advised = self._ask(strategy, snapshot, _holding(held, trip))
        return _signal(strategy, snapshot, self._checked(strategy, advised, snapshot, position, held))

    def _ask(self, strategy: Strategy, snapshot: MarketSnapshot, holding: Holding | None) -> _Advised:
        """Run the strategy over the new candles; the boundary to code that is not ours."""
        candles = snapshot.candles
        window = Candles.following(candles, self._windows.get(snapshot.symbol))
        self._windows[snapshot.symbol] = window
        try:
            series = strategy.series(window)
            wrong = [str(name) for name, values in series.items() if len(values) != len(candles)]
            if wrong:
                raise ValueError(f"indicators {', '.join(wrong)} have another length than the candles")
            if nameless := [name for name in series if not isinstance(name, str)]:
                raise TypeError(f"indicators are called {nameless}, which are no texts")
            fresh = range(len(candles) - snapshot.new_candles, len(candles))
            bars = (Bar(series, index, window, holding) for index in fresh)
            bar, advice = _last_actionable(strategy, bars)
            return _Advised(advice, candles[bar.index], bar.values())
        # a strategy may be anyone's code; whatever it does, it must not take the loop down
        except (Exception, SystemExit) as error:
            file, line = _place(error, strategy)
            raise StrategyFailed(strategy.name, file, line, f"{type(error).__name__}: {error}") from error

    def _checked(
        self,
        strategy: Strategy,
        advised: _Advised,
        snapshot: MarketSnapshot,
        position: Position | None,
        held: Position | None,
    ) -> _Advised:
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
        if action is SignalAction.SELL and held is None:
            return _held(advised, "no_position", f"SELL advised, but {_nothing(snapshot, position)}")
        if action is SignalAction.BUY and held is not None and not strategy.adds:
            quantity = f"{to_wire(held.quantity)} {held.base}"
            return _held(advised, "already_long", f"BUY advised, but {quantity} is held already")
        return advised


def _signal(strategy: Strategy, snapshot: MarketSnapshot, advised: _Advised) -> Signal:
    advice = advised.advice
    return Signal(
        symbol=snapshot.symbol,
        strategy=strategy.name,
        action=advice.action,
        strength=advice.strength,
        reasons=advice.reasons,
        values=advised.values,
        candle_time=advised.candle.close_time,
        nearest_miss=advice.nearest_miss,
        share=advice.share,
    )


def _sellable(snapshot: MarketSnapshot, position: Position | None) -> Position | None:
    """The position, if any of it can be sold."""
    if position is None or not snapshot.rules.sellable_quantity(position.quantity, snapshot.book.bid):
        return None
    return position


def _holding(position: Position | None, trip: RoundTrip | None) -> Holding | None:
    """What the strategy is told of a position; one that no trip accounts for was bought once at its average."""
    average = position.average_price if position is not None else None
    if position is None or average is None or position.opened_at is None:
        return None
    if trip is None or trip.closed_at is not None:
        price = float(average)
        return Holding(price, price, price, position.opened_at, position.opened_at)
    return Holding(
        average_price=float(average),
        first_price=float(trip.first_price),
        last_entry_price=float(trip.last_entry_price),
        opened_at=trip.opened_at,
        last_entry_at=trip.last_entry_at,
        entries=trip.entries,
        exits=trip.exits,
    )


def _last_actionable(strategy: Strategy, bars: Iterable[Bar]) -> tuple[Bar, Advice]:
    """The last bar whose advice is BUY or SELL, or else the last one; `bars` rise in time."""
    chosen: tuple[Bar, Advice] | None = None
    for bar in bars:
        advice = strategy.advise(bar)
        if fault := fault_of(advice):
            raise ValueError(f"decide() gave {fault}")
        if chosen is None or advice.action is not SignalAction.HOLD or chosen[1].action is SignalAction.HOLD:
            chosen = bar, advice
    if chosen is None:
        raise ValueError("there is no candle to decide on")
    return chosen


def _held(advised: _Advised, code: str, text: str) -> _Advised:
    """The same candle and values, but no order; the strategy's own reasons follow the new one."""
    advice = advised.advice
    held = Advice(
        SignalAction.HOLD, advice.strength, (Reason(code, text), *advice.reasons), advice.nearest_miss
    )
    return _Advised(held, advised.candle, advised.values)


def _nothing(snapshot: MarketSnapshot, position: Position | None) -> str:
    if position is None or position.quantity <= 0:
        return f"no {snapshot.rules.base} is held"
    return f"the {to_wire(position.quantity)} {position.base} held are too little to sell"


def _place(error: BaseException, strategy: Strategy) -> tuple[str, int]:
    """File and line of the deepest frame in the strategy's own module, or else where its `decide` begins."""
    frames = traceback.extract_tb(error.__traceback__)
    module = sys.modules.get(type(strategy).__module__)
    own = [frame for frame in frames if module is not None and frame.filename == module.__file__]
    code = getattr(type(strategy).decide, "__code__", None)
    if code is not None and not own:
        # what it answered is at fault: the error is our own
        return code.co_filename, code.co_firstlineno
    frame = (own or frames)[-1]
    return frame.filename, frame.lineno or 0
