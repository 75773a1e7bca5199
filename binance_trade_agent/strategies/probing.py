"""Asking a strategy whose author made mistakes: what it answers, in full, or what is wrong with the answer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from inspect import getsourcefile

import numpy as np

from binance_trade_agent.domain.decisions import Miss, Reason, SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Holding, Strategy
from binance_trade_agent.strategies.broken import place_of
from binance_trade_agent.strategies.indicators import FloatArray

Series = Mapping[str, FloatArray]

#: The largest part of a usual entry that advice may ask for; limits shrink it further.
MOST_SHARE = 10
#: The same computation over another stretch of candles may round its last digits otherwise.
ROUNDING = 1e-9

_COLUMNS = ("open", "high", "low", "close", "volume", "opened_s", "closed_s")
#: Positions that are made up are that many candles old, one after the other.
_AGES = (1, 5, 20, 60)


class Misbehaviour(Exception):
    """What a strategy did that it must not do, in words."""


@dataclass(frozen=True, slots=True)
class Market:
    """Candles to try a strategy on, and what they are."""

    name: str
    candles: Candles


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a strategy says of a bar."""

    advice: Advice
    values: dict[str, float]

    @property
    def action(self) -> SignalAction:
        """What it wants."""
        return self.advice.action


def part_of(candles: Candles, first: int, end: int) -> Candles:
    """The candles from `first` up to, not including, `end`; nothing is copied."""
    return Candles.from_arrays(**{name: getattr(candles, name)[first:end] for name in _COLUMNS})


def sealed(candles: Candles) -> Candles:
    """The same candles, which nobody can change."""
    columns = {name: np.array(getattr(candles, name), dtype=np.float64) for name in _COLUMNS}
    for column in columns.values():
        column.flags.writeable = False
    return Candles.from_arrays(**columns)


def holdings(candles: Candles, index: int) -> tuple[Holding | None, ...]:
    """Nothing held, and a made-up position that was opened at an earlier candle of these."""
    bought = index - _AGES[index % len(_AGES)]
    if bought < 0:
        return (None,)
    price, entries = candles.open.item(bought), 1 + index % 3
    opened = candles.opened_at(bought)
    return None, Holding(price, price, price, opened, opened, entries=entries)


def compute(strategy: Strategy, candles: Candles) -> Series:
    """The strategy's series over the candles; raises `Misbehaviour` if they are none, or it fails."""
    try:
        series = strategy.series(candles)
    except Exception as error:
        raise Misbehaviour(
            f"indicators() fails on {len(candles)} candles: {_failure(error, strategy)}"
        ) from error
    for name, values in series.items():
        if not isinstance(values, np.ndarray) or values.ndim != 1:
            raise Misbehaviour(
                f"indicators() gives {type(values).__name__} for {name}, not an array of numbers"
            )
        if len(values) != len(candles):
            raise Misbehaviour(
                f"indicators() gives {len(values)} values for {name} on {len(candles)} candles"
            )
        if not np.issubdtype(values.dtype, np.number) or np.isinf(values).any():
            what = "values that are infinite" if np.issubdtype(values.dtype, np.number) else str(values.dtype)
            raise Misbehaviour(f"indicators() gives {what} for {name}; a value that cannot be had is NaN")
    return series


def ask(strategy: Strategy, series: Series, candles: Candles, index: int, holding: Holding | None) -> Answer:
    """What it makes of a bar; raises `Misbehaviour` if it fails, or gives what is no advice."""
    bar = Bar(series, index, candles, holding)
    held = "" if holding is None else " with a position"
    try:
        advice = strategy.advise(bar)
        fault = fault_of(advice) or _flaw(advice)
    except Exception as error:
        text = f"decide() fails at {when(candles, index)}{held}: {_failure(error, strategy)}"
        raise Misbehaviour(text) from error
    if fault:
        raise Misbehaviour(f"decide() gives {fault} at {when(candles, index)}{held}")
    return Answer(advice, bar.values())


def fault_of(advice: object) -> str | None:
    """Why a strategy's answer is no advice that anyone could act on or record; None if it is."""
    if not isinstance(advice, Advice):
        return f"{type(advice).__name__} instead of Advice"
    action: object = advice.action
    if not isinstance(action, SignalAction):
        return f"the action {action!r}, which is no SignalAction"
    if not advice.reasons:
        return "advice without a reason"
    if not all(map(_is_reason, advice.reasons)):
        return f"the reasons {advice.reasons!r}: each must be a Reason of two texts"
    if not _is_number(advice.strength) or not 0 <= advice.strength <= 1:
        return f"the strength {advice.strength}, which is not between 0 and 1"
    if not isinstance(advice.share, Decimal) or not 0 < advice.share <= MOST_SHARE:
        return f"the share {advice.share}: it takes a Decimal of more than 0 and at most {MOST_SHARE}"
    if advice.nearest_miss is not None and not _is_miss(advice.nearest_miss):
        return f"{advice.nearest_miss!r} as nearest miss; it takes a Miss"
    return None


def difference(one: Answer, other: Answer, *, scales: Mapping[str, float], tolerance: float) -> str | None:
    """How two answers to the same question differ: in what they want, or in a value beyond `tolerance`.

    A value differs by more than `tolerance` of itself, or of `scales[name]` if that is larger.
    """
    if (one.action, one.advice.share) != (other.action, other.advice.share):
        return f"{wanted(one)} against {wanted(other)}"
    for name in sorted({*one.values, *other.values}):
        a, b = one.values.get(name, math.nan), other.values.get(name, math.nan)
        if math.isnan(a) != math.isnan(b) or abs(a - b) > tolerance * max(
            abs(a), abs(b), scales.get(name, 0.0)
        ):
            return f"{name} {shown(a)} against {shown(b)}"
    return None


def wording(one: Answer, other: Answer) -> str | None:
    """How two answers differ in strength, reasons or nearest miss."""
    if not math.isclose(one.advice.strength, other.advice.strength, rel_tol=ROUNDING, abs_tol=ROUNDING):
        return f"strength {one.advice.strength:g} against {other.advice.strength:g}"
    for a, b in ((one.advice.reasons, other.advice.reasons), (_miss(one), _miss(other))):
        if a != b:
            return f"{_told(a)} against {_told(b)}"
    return None


def scales_of(series: Series) -> dict[str, float]:
    """The usual size of each series: the median of its absolute values."""
    sizes = {name: np.abs(values[~np.isnan(values)]) for name, values in series.items()}
    return {name: np.median(values).item() if len(values) else 0.0 for name, values in sizes.items()}


def when(candles: Candles, index: int) -> str:
    """A bar, for people."""
    return f"bar {index} ({candles.opened_at(index):%Y-%m-%d %H:%M})"


def wanted(answer: Answer) -> str:
    """Action and, unless it is all, share."""
    share = answer.advice.share
    return str(answer.action) if share == 1 else f"{answer.action} of {share:.4g}"


def shown(value: float) -> str:
    """A value in as many digits as tell it from a near one."""
    return "no value" if math.isnan(value) else f"{value:.8g}"


def _flaw(advice: Advice) -> str | None:
    """What is wrong with advice that could be acted on nevertheless."""
    if not all(reason.text for reason in advice.reasons):
        return "advice without a reason"
    if advice.action is SignalAction.SELL and advice.share > 1:
        return f"advice to sell {advice.share} of what is held"
    if advice.nearest_miss is not None and not math.isfinite(advice.nearest_miss.distance):
        return f"{advice.nearest_miss!r} as nearest miss; it takes a Miss with a finite distance"
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _is_reason(value: object) -> bool:
    return isinstance(value, Reason) and isinstance(value.code, str) and isinstance(value.text, str)


def _is_miss(value: object) -> bool:
    return isinstance(value, Miss) and isinstance(value.text, str) and _is_number(value.distance)


def _failure(error: Exception, strategy: Strategy) -> str:
    try:
        file = getsourcefile(type(strategy))
    except TypeError:  # its module is no longer known
        file = None
    place, line = place_of(error, file)
    where = f" ({place}, line {line})" if line else ""
    return f"{type(error).__name__}: {error}{where}"


def _miss(answer: Answer) -> tuple[Reason, ...]:
    miss = answer.advice.nearest_miss
    return () if miss is None else (Reason("miss", miss.text),)


def _told(reasons: tuple[Reason, ...]) -> str:
    return "; ".join(f"“{reason.text}”" for reason in reasons) or "nothing"
