"""What a strategy is: a small class with typed parameters that turns closed candles into advice."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from binance_trade_agent.domain.decisions import Miss, Reason, SignalAction
from binance_trade_agent.domain.market import Candle
from binance_trade_agent.strategies.indicators import FloatArray

_MINUTE_S = 60.0
_ALL = Decimal(1)


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of the symbol, for strategies that look at it. Prices are without fees but for the average.

    `entries` and `exits` count the orders that bought and sold since the position was opened.
    """

    average_price: float
    first_price: float
    last_entry_price: float
    opened_at: datetime
    last_entry_at: datetime
    entries: int = 1
    exits: int = 0

    @property
    def lots(self) -> int:
        """Entries that are still held, where each exit sells one; at least 1."""
        return max(self.entries - self.exits, 1)


class Candles:
    """Columns of a candle window as float arrays, oldest first, each made when it is first asked for."""

    def __init__(self, candles: Sequence[Candle]) -> None:
        self._candles = candles

    @classmethod
    def from_arrays(
        cls,
        *,
        open: FloatArray,
        high: FloatArray,
        low: FloatArray,
        close: FloatArray,
        volume: FloatArray,
        opened_s: FloatArray | None = None,
        closed_s: FloatArray | None = None,
    ) -> Self:
        """A window whose columns exist already, all of one length; without times, minutes from 1970 on."""
        window = cls(())
        opens = opened_s if opened_s is not None else np.arange(len(close), dtype=np.float64) * _MINUTE_S
        closes = closed_s if closed_s is not None else np.add(opens, _MINUTE_S)
        # cached_property keeps its value under its own name
        window.__dict__.update(
            open=open, high=high, low=low, close=close, volume=volume, opened_s=opens, closed_s=closes
        )
        return window

    @classmethod
    def following(cls, candles: Sequence[Candle], earlier: "Candles | None") -> Self:
        """The window `candles`; columns that `earlier` has made are extended by what is new, not made again."""
        window = cls(candles)
        shared = 0 if earlier is None else _shared(candles, earlier._candles)
        if earlier is None or not shared:
            return window
        for name, column in earlier.__dict__.items():
            if name in _COLUMNS:
                fresh = _COLUMNS[name](candles[shared:])
                window.__dict__[name] = np.concatenate((column[len(column) - shared :], fresh))
        return window

    def __len__(self) -> int:
        return len(self.close)

    @cached_property
    def open(self) -> FloatArray:
        """First prices."""
        return _COLUMNS["open"](self._candles)

    @cached_property
    def high(self) -> FloatArray:
        """Highest prices."""
        return _COLUMNS["high"](self._candles)

    @cached_property
    def low(self) -> FloatArray:
        """Lowest prices."""
        return _COLUMNS["low"](self._candles)

    @cached_property
    def close(self) -> FloatArray:
        """Last prices."""
        return _COLUMNS["close"](self._candles)

    @cached_property
    def volume(self) -> FloatArray:
        """Quantities traded, in base currency."""
        return _COLUMNS["volume"](self._candles)

    @cached_property
    def opened_s(self) -> FloatArray:
        """Open times, in seconds since 1970 UTC."""
        return _COLUMNS["opened_s"](self._candles)

    @cached_property
    def closed_s(self) -> FloatArray:
        """The first instants that no longer belong to the candles, in seconds since 1970 UTC."""
        return _COLUMNS["closed_s"](self._candles)

    def opened_at(self, index: int) -> datetime:
        """When a candle opened."""
        if self._candles:
            return self._candles[index].open_time
        return datetime.fromtimestamp(self.opened_s.item(index), UTC)

    def closed_at(self, index: int) -> datetime:
        """The first instant that no longer belongs to a candle."""
        if self._candles:
            return self._candles[index].close_time
        return datetime.fromtimestamp(self.closed_s.item(index), UTC)


_Column = Callable[[Sequence[Candle]], FloatArray]


def _column(value: Callable[[Candle], Decimal | float]) -> _Column:
    return lambda candles: np.array([value(candle) for candle in candles], dtype=np.float64)


_COLUMNS: Mapping[str, _Column] = {
    "open": _column(lambda candle: candle.open),
    "high": _column(lambda candle: candle.high),
    "low": _column(lambda candle: candle.low),
    "close": _column(lambda candle: candle.close),
    "volume": _column(lambda candle: candle.volume),
    "opened_s": _column(lambda candle: candle.open_time.timestamp()),
    "closed_s": _column(lambda candle: candle.close_time.timestamp()),
}


def _shared(candles: Sequence[Candle], earlier: Sequence[Candle]) -> int:
    """How many candles at the beginning of `candles` are the last ones of `earlier`; 0 if there is any doubt."""
    if not candles or not earlier:
        return 0
    shared = next((n for n in range(len(candles), 0, -1) if candles[n - 1] is earlier[-1]), 0)
    follows = 0 < shared <= len(earlier) and candles[0] is earlier[len(earlier) - shared]
    return shared if follows else 0


class NotWarm(Exception):
    """A strategy asked for a value that its candles do not give yet."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One candle of a window with the indicators at it.

    A value that is still NaN is never handed out: asking for it ends the decision with
    HOLD and the reason `warmup`. `isnan` asks first, for strategies that can do without.
    `holding` is what is held when the decision is taken, None without a position.
    """

    series: Mapping[str, FloatArray]
    index: int
    candles: Candles
    holding: Holding | None = None

    @property
    def opened_at(self) -> datetime:
        """When this candle opened."""
        return self.candles.opened_at(self.index)

    @property
    def closed_at(self) -> datetime:
        """When this candle closed: now, to the strategy."""
        return self.candles.closed_at(self.index)

    def value(self, name: str) -> float:
        """The value at this candle; `close` is always there, the others come from `indicators`."""
        return self._at(name, self.index)

    def previous(self, name: str) -> float:
        """The value one candle earlier."""
        return self._at(name, self.index - 1)

    def isnan(self, *names: str) -> bool:
        """Whether any of the values at this candle is missing."""
        return any(math.isnan(self.series[name].item(self.index)) for name in names)

    def crossed_up(self, name: str, other: str | float) -> bool:
        """Whether `name` was at or under `other` one candle earlier and is over it now."""
        was, level_was = self.previous(name), self._level(other, self.index - 1)
        return was <= level_was and self.value(name) > self._level(other, self.index)

    def crossed_down(self, name: str, other: str | float) -> bool:
        """Whether `name` was at or over `other` one candle earlier and is under it now."""
        was, level_was = self.previous(name), self._level(other, self.index - 1)
        return was >= level_was and self.value(name) < self._level(other, self.index)

    def values(self) -> dict[str, float]:
        """All values at this candle that exist."""
        found = {name: array.item(self.index) for name, array in self.series.items()}
        return {name: value for name, value in found.items() if not math.isnan(value)}

    def _level(self, other: str | float, index: int) -> float:
        return self._at(other, index) if isinstance(other, str) else other

    def _at(self, name: str, index: int) -> float:
        value = self.series[name].item(index) if index >= 0 else math.nan
        if math.isnan(value):
            raise NotWarm(name)
        return value


@dataclass(frozen=True, slots=True)
class Advice:
    """What a strategy makes of one candle. `strength` runs from 0 to 1; `reasons` holds at least one.

    `nearest_miss` says how far a HOLD, or a SELL of nothing, was from an order ("RSI 1.6 above the entry", 0.016).
    `share` is how much of a usual entry to buy, or of the position to sell.
    """

    action: SignalAction
    strength: float
    reasons: tuple[Reason, ...]
    nearest_miss: Miss | None = None
    share: Decimal = _ALL

    @classmethod
    def buy(cls, strength: float, code: str, text: str, *, share: Decimal = _ALL) -> Self:
        """Advice to enter, or to add to what is held."""
        return cls(SignalAction.BUY, strength, (Reason(code, text),), share=share)

    @classmethod
    def sell(
        cls,
        strength: float,
        code: str,
        text: str,
        *,
        share: Decimal = _ALL,
        nearest_miss: Miss | None = None,
    ) -> Self:
        """Advice to leave, or to sell a part; `nearest_miss` is that of an entry, for when nothing is held."""
        return cls(SignalAction.SELL, strength, (Reason(code, text),), nearest_miss, share)

    @classmethod
    def hold(cls, code: str, text: str, nearest_miss: Miss | None = None) -> Self:
        """Advice to do nothing."""
        return cls(SignalAction.HOLD, 0.0, (Reason(code, text),), nearest_miss)


class Strategy(BaseModel, ABC):
    """Base of all strategies. Its fields are its parameters, typed and checked by pydantic.

    A strategy sets `name`, says how many candles it wants, computes its indicators for the
    whole window at once, and decides one candle from them. It keeps no state between calls
    and looks at no candle after the bar it is given. What is held is the bar's `holding`; one that
    buys more of what it holds says so by `adds`, else a BUY with a position becomes a HOLD.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: ClassVar[str]
    adds: ClassVar[bool] = False

    @property
    @abstractmethod
    def warmup_candles(self) -> int:
        """Candles to have so that decisions no longer depend on where the window begins."""

    @abstractmethod
    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """name -> values, one a candle, NaN where there is none yet."""

    @abstractmethod
    def decide(self, bar: Bar) -> Advice:
        """What to do at the close of `bar`."""

    def series(self, candles: Candles) -> dict[str, FloatArray]:
        """The closes and the indicators of a window: what a `Bar` reads."""
        return {"close": candles.close, **self.indicators(candles)}

    def bars(self, candles: Candles, first: int = 0, holding: Holding | None = None) -> Iterator[Bar]:
        """The bars of a window from index `first` on, rising in time; indicators are computed once."""
        series = self.series(candles)
        return (Bar(series, index, candles, holding) for index in range(first, len(candles)))

    def advise(self, bar: Bar) -> Advice:
        """`decide`, or HOLD with the reason `warmup` where a value it needs does not exist yet."""
        try:
            return self.decide(bar)
        except NotWarm as missing:
            return Advice.hold(
                "warmup",
                f"{missing} has no value yet: {bar.index + 1} candles are there, {self.name} wants"
                f" {self.warmup_candles}",
            )
