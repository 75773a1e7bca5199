"""Whether a strategy is honest: it looks at nothing after its bar, and needs no more warm-up than it declares.

A backtest of a strategy that looks ahead earns money which trading never will; one that needs more candles
than it says decides differently after each restart. Nothing here knows how a strategy computes: it is asked about
the same bar with and without later candles, with and without earlier ones, and has to answer the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Candles, Strategy
from binance_trade_agent.strategies.odd_markets import odd_markets
from binance_trade_agent.strategies.probing import (
    ROUNDING,
    Answer,
    Market,
    Misbehaviour,
    Series,
    ask,
    compute,
    difference,
    holdings,
    part_of,
    scales_of,
    sealed,
    shown,
    when,
    wording,
)
from binance_trade_agent.strategies.walk import walk

#: How far a value may be from that of the full history when only the warm-up is there; actions must be equal.
WARMUP_TOLERANCE = 1e-4
#: Candles a check wants beyond twice the warm-up.
MORE_CANDLES = 100

# So many ends of prefixes and so many warm-up windows are tried at most: all bars of a short market.
_PREFIXES = 280
_COLD_PREFIXES = 20
_WINDOWS = 150
_WALKS = 3
_SPLITS = 6
# What happens after a split: prices and volumes times this.
_FUTURES = (7.0, 0.1)


class Result(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOTE = "note"  # nothing wrong was seen, but there was little to see


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: a stable code, what it asks, how it ended and what was seen."""

    check: str
    question: str
    result: Result
    text: str


@dataclass(frozen=True, slots=True)
class _Trial:
    """A strategy's answers over a whole market."""

    strategy: Strategy
    market: Market
    series: Series
    #: For each bar, an answer for each of its `holdings`.
    answers: tuple[tuple[Answer, ...], ...]
    scales: dict[str, float]

    @property
    def candles(self) -> Candles:
        return self.market.candles

    @property
    def acting(self) -> list[int]:
        """Bars at which it wants an order."""
        return [
            index
            for index, answers in enumerate(self.answers)
            if any(answer.action is not SignalAction.HOLD for answer in answers)
        ]

    def bars(self, first: int, most: int) -> list[int]:
        """At most `most` of the bars from `first` on: those at which it acts before others, spread evenly."""
        acting = [index for index in self.acting if index >= first]
        chosen = set(_spread(acting, most * 2 // 3))
        quiet = [index for index in range(first, len(self.candles)) if index not in chosen]
        return sorted({*chosen, *_spread(quiet, most - len(chosen))})


def check_strategy(strategy: Strategy, markets: Sequence[Market]) -> tuple[Finding, ...]:
    """All checks on all markets, each of which must have `candles_wanted` candles."""
    tried = [Market(market.name, sealed(market.candles)) for market in markets]
    trials: list[_Trial] = []

    def answer_everywhere() -> str:
        trials.extend(_tried(strategy, market) for market in tried)
        return f"{sum(len(trial.answers) for trial in trials):,} bars, each with and without a position"

    findings = [_finding("answers", "answers at every bar", answer_everywhere)]
    if findings[0].result is Result.PASSED:
        findings += [
            _finding("repeats", "says the same when asked again", lambda: _each(trials, _repeats)),
            _finding("no_look_ahead", "sees nothing after its bar", lambda: _each(trials, _looks_ahead)),
            _finding("warmup", "needs no more warm-up than declared", lambda: _each(trials, _warms_up)),
        ]
    findings.append(_finding("odd_markets", "bears odd markets", lambda: _bears(strategy)))
    if trials:
        findings.append(_acted(trials))
    return tuple(findings)


def candles_wanted(strategy: Strategy) -> int:
    """How many candles a check takes at least."""
    return 2 * strategy.warmup_candles + MORE_CANDLES


def _finding(check: str, question: str, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(check, question, Result.PASSED, probe())
    except Misbehaviour as fault:
        return Finding(check, question, Result.FAILED, str(fault))


def _each(trials: Sequence[_Trial], probe: Callable[[_Trial], str]) -> str:
    """The probe on each market; what it says of the last one."""
    text = ""
    for trial in trials:
        try:
            text = probe(trial)
        except Misbehaviour as fault:
            raise Misbehaviour(f"{trial.market.name}: {fault}") from fault
    return text


def _tried(strategy: Strategy, market: Market) -> _Trial:
    candles = market.candles
    try:
        series = compute(strategy, candles)
        answers = tuple(_answers(strategy, series, candles, index) for index in range(len(candles)))
    except Misbehaviour as fault:
        raise Misbehaviour(f"{market.name}: {fault}") from fault
    return _Trial(strategy, market, series, answers, scales_of(series))


def _answers(strategy: Strategy, series: Series, candles: Candles, index: int) -> tuple[Answer, ...]:
    return tuple(ask(strategy, series, candles, index, holding) for holding in holdings(candles, index))


def _repeats(trial: _Trial) -> str:
    """A copy is asked once more, from the newest bar to the oldest."""
    again, candles = trial.strategy.model_copy(), trial.candles
    series = compute(again, candles)
    for index in reversed(range(len(candles))):
        for first, second in zip(trial.answers[index], _answers(again, series, candles, index), strict=True):
            seen = difference(first, second, scales={}, tolerance=0.0) or wording(first, second)
            if seen:
                raise Misbehaviour(f"{when(candles, index)}: {seen} when asked a second time")
    return "asked twice, in both directions"


def _looks_ahead(trial: _Trial) -> str:
    _decides_ahead(trial)
    warm = min(trial.strategy.warmup_candles, len(trial.candles) // 2)
    ends = [*_spread(range(warm), _COLD_PREFIXES), *trial.bars(warm, _PREFIXES)]
    for end in ends:
        _same_on_prefix(trial, end)
    _minds_the_future(trial)
    _same_walks(trial)
    return (
        f"{len(ends)} prefixes, {len(trial.answers):,} bars without what follows, {2 * _SPLITS} other futures"
    )


def _decides_ahead(trial: _Trial) -> None:
    """Each bar, with every series and the candles ending at it."""
    for index, answers in enumerate(trial.answers):
        cut = {name: values[: index + 1] for name, values in trial.series.items()}
        seen = _answers(trial.strategy, cut, part_of(trial.candles, 0, index + 1), index)
        _expect(trial, index, answers, seen, "decide()", "without the candles after it")


def _minds_the_future(trial: _Trial) -> None:
    """Indicators up to a bar must not change with what happens after it."""
    candles, length = trial.candles, len(trial.candles)
    for split in _spread(range(length // (_SPLITS + 2), length - 1), _SPLITS):
        for factor in _FUTURES:
            factors = np.where(np.arange(length) > split, factor, 1.0)
            other = Candles.from_arrays(
                open=candles.open * factors,
                high=candles.high * factors,
                low=candles.low * factors,
                close=candles.close * factors,
                volume=candles.volume * factors,
                opened_s=candles.opened_s,
                closed_s=candles.closed_s,
            )
            series = compute(trial.strategy, sealed(other))
            _expect_series(trial, series, split, "if prices went elsewhere after")


def _same_on_prefix(trial: _Trial, end: int) -> None:
    """Computed anew on the candles up to a bar, nothing is different at or before it."""
    prefix = part_of(trial.candles, 0, end + 1)
    series = compute(trial.strategy, prefix)
    _expect_series(trial, series, end, "with the candles up to")
    seen = _answers(trial.strategy, series, prefix, end)
    _expect(trial, end, trial.answers[end], seen, "it", "with the candles up to there")


def _same_walks(trial: _Trial) -> None:
    """Traded from the start to some bars, positions and all."""
    strategy, candles, length = trial.strategy, trial.candles, len(trial.candles)
    first = min(strategy.warmup_candles, length // 2)
    whole = walk(strategy, candles, first=first).advice
    for end in _spread(range(first + 1, length), _WALKS):
        part = walk(strategy, part_of(candles, 0, end), first=first).advice
        for index, (one, other) in enumerate(zip(whole, part, strict=False), first):
            if (one.action, one.share) != (other.action, other.share):
                text = f"{one.action} when traded to the end, {other.action} when traded up to bar {end - 1}"
                raise Misbehaviour(f"looks ahead at {when(candles, index)}: {text}")


def _expect(
    trial: _Trial, index: int, whole: Sequence[Answer], part: Sequence[Answer], who: str, how: str
) -> None:
    for one, other in zip(whole, part, strict=True):
        seen = difference(one, other, scales=trial.scales, tolerance=ROUNDING) or wording(one, other)
        if seen:
            raise Misbehaviour(f"{who} looks ahead at {when(trial.candles, index)}: {seen} {how}")


def _expect_series(trial: _Trial, series: Series, end: int, how: str) -> None:
    """`series` agrees with the trial's up to and including bar `end`."""
    if set(series) != set(trial.series):
        raise Misbehaviour(f"indicators() gives other names {how} {when(trial.candles, end)}")
    for name, values in trial.series.items():
        whole, part = values[: end + 1], series[name][: end + 1]
        scale = np.maximum(np.abs(whole), np.abs(part)) + trial.scales[name]
        wrong = (np.isnan(whole) != np.isnan(part)) | (np.abs(whole - part) > ROUNDING * scale)
        if wrong.any():
            index = int(np.argmax(wrong))
            values_seen = f"{name} {shown(whole.item(index))} against {shown(part.item(index))}"
            place = when(trial.candles, index)
            raise Misbehaviour(f"indicators() looks ahead at {place}: {values_seen} {how} bar {end}")


def _warms_up(trial: _Trial) -> str:
    declared = trial.strategy.warmup_candles
    fault = _warmup_fault(trial, declared)
    if fault is None:
        tried = len(_warmup_bars(trial, declared))
        return f"{declared:,} candles give what the full history gives, at {tried} bars"
    enough = next((f"; {many:,} would do" for many in _more(trial) if not _warmup_fault(trial, many)), "")
    raise Misbehaviour(f"it declares {declared:,} candles{enough}: {fault}")


def _warmup_fault(trial: _Trial, declared: int) -> str | None:
    """A bar that is decided otherwise with only `declared` candles before it than with all."""
    for index in _warmup_bars(trial, declared):
        window = part_of(trial.candles, index - declared, index + 1)
        series = compute(trial.strategy, window)
        for holding, whole in zip(holdings(trial.candles, index), trial.answers[index], strict=True):
            part = ask(trial.strategy, series, window, declared, holding)
            seen = difference(whole, part, scales=trial.scales, tolerance=WARMUP_TOLERANCE)
            if seen:
                return f"at {when(trial.candles, index)} {seen} with only these"
    return None


def _warmup_bars(trial: _Trial, declared: int) -> list[int]:
    """Bars with more history than the warm-up, as much more as there is."""
    return trial.bars(min(2 * declared, len(trial.candles) - MORE_CANDLES // 2), _WINDOWS)


def _more(trial: _Trial) -> Iterator[int]:
    """Larger warm-ups that the market is long enough to try."""
    many = trial.strategy.warmup_candles
    while (many := many + max(many // 4, 5)) <= len(trial.candles) // 2:
        yield many


def _bears(strategy: Strategy) -> str:
    names = []
    for market in odd_markets(strategy.warmup_candles):
        _tried(strategy, Market(market.name, sealed(market.candles)))
        names.append(market.name)
    return ", ".join(dict.fromkeys(names))


def _acted(trials: Sequence[_Trial]) -> Finding:
    """How often it wanted an order: one that never does shows nothing of itself."""
    wanted = [answer.action for trial in trials for answers in trial.answers for answer in answers]
    buys, sells = wanted.count(SignalAction.BUY), wanted.count(SignalAction.SELL)
    question = "acts"
    if not buys:
        return Finding(
            "acts", question, Result.NOTE, f"never said BUY, {sells:,} times SELL: try other candles"
        )
    return Finding("acts", question, Result.PASSED, f"said BUY {buys:,} times, SELL {sells:,} times")


def _spread(places: Sequence[int], most: int) -> list[int]:
    """At most `most` of the places, spread over them evenly but not at equal steps."""
    if len(places) <= most:
        return list(places)
    random = np.random.default_rng(len(places))
    edges = np.linspace(0, len(places), most + 1).astype(int)
    return [places[random.integers(low, high).item()] for low, high in pairwise(edges)]
