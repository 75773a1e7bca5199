"""The check of strategies: every shipped one passes, and each kind of liar is caught at what it does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from binance_trade_agent.bootstrap.strategy_candles import file_market, generated_markets
from binance_trade_agent.domain.decisions import SignalAction
from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.honesty import Result, candles_wanted, check_strategy
from binance_trade_agent.strategies.indicators import FloatArray, ema, ema_settled, rsi, sma
from binance_trade_agent.strategies.probing import Market
from binance_trade_agent.strategies.shipped import SHIPPED

DATA = Path(__file__).parents[3].parent / "shared" / "data"
MORE = 300


class Honest(Strategy):
    """Buys over a moving average, sells under it; the liars change one thing."""

    name: ClassVar[str] = "honest"
    period: int = 10

    @property
    def warmup_candles(self) -> int:
        return self.period

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"line": sma(candles.close, self.period)}

    def decide(self, bar: Bar) -> Advice:
        close, line = bar.value("close"), bar.value("line")
        if close > line:
            return Advice.buy(1.0, "over", f"close {close:.6g} over {line:.6g}")
        return Advice.sell(1.0, "under", f"close {close:.6g} under {line:.6g}")


def failures(strategy: Strategy, markets: tuple[Market, ...] | None = None) -> dict[str, str]:
    markets = markets or generated_markets(candles_wanted(strategy) + MORE)
    findings = check_strategy(strategy, markets)
    return {finding.check: finding.text for finding in findings if finding.result is Result.FAILED}


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_strategy_is_honest_on_generated_markets(name: str) -> None:
    assert failures(SHIPPED[name]()) == {}


@pytest.fixture(params=["BTCUSDT-1h-20260127-20260726.csv", "ETHUSDT-1m-20240726-20240825.parquet"])
def real_file(request: pytest.FixtureRequest) -> Path:
    path = DATA / str(request.param)
    if not path.exists():
        pytest.skip("the recorded candles (../shared/data) are not here")
    return path


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_strategy_is_honest_on_real_candles(name: str, real_file: Path) -> None:
    strategy = SHIPPED[name]()
    assert failures(strategy, (file_market(real_file, candles_wanted(strategy) + MORE),)) == {}


def test_an_honest_strategy_of_ones_own_passes() -> None:
    assert failures(Honest()) == {}


# -- liars that look ahead in their indicators


def shifted_back(close: FloatArray) -> FloatArray:
    return np.concatenate((close[1:], [np.nan]))


def centred(close: FloatArray) -> FloatArray:
    return np.convolve(close, np.ones(5) / 5, mode="same") if len(close) >= 5 else close.copy()


def over_the_highest(close: FloatArray) -> FloatArray:
    return close * close.max() / close.max() if len(close) < 2 else close.max() * 0.99 * np.ones(len(close))


def standardised(close: FloatArray) -> FloatArray:
    scores: FloatArray = close - (close - close.mean()) / max(close.std(), 1e-9)
    return scores


def resampled(close: FloatArray) -> FloatArray:
    """The close of each quarter of an hour, known from its first minute on."""
    places = np.minimum(np.arange(len(close)) // 15 * 15 + 14, len(close) - 1)
    return close[places]


def backward_average(close: FloatArray) -> FloatArray:
    return ema(np.ascontiguousarray(close[::-1]), 3)[::-1].copy()


def fitted(close: FloatArray) -> FloatArray:
    if len(close) < 3:
        return close.copy()
    times = np.arange(len(close), dtype=np.float64)
    return np.polyval(np.polyfit(times, close, 1), times)


def central_slope(close: FloatArray) -> FloatArray:
    return close - np.gradient(close) if len(close) > 1 else close.copy()


def filled_backwards(close: FloatArray) -> FloatArray:
    line = sma(close, 10)
    known = line[~np.isnan(line)]
    return np.where(np.isnan(line), known[0] if len(known) else np.nan, line)


def ahead_when_it_is_rare(close: FloatArray) -> FloatArray:
    """One candle ahead, but only where RSI is extreme."""
    index, following = rsi(close, 14), np.concatenate((close[1:], close[-1:]))
    return np.where(index < 25, following * 1.0001, close * 1.01)


PEEKS = [
    shifted_back,
    centred,
    over_the_highest,
    standardised,
    resampled,
    backward_average,
    fitted,
    central_slope,
    filled_backwards,
    ahead_when_it_is_rare,
]


@pytest.mark.parametrize("peek", PEEKS, ids=lambda peek: str(peek.__name__))
def test_an_indicator_that_looks_ahead_is_caught(peek: Any) -> None:
    class Liar(Honest):
        name: ClassVar[str] = "liar"

        def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
            return {"line": peek(candles.close)}

    assert "looks ahead at bar" in failures(Liar())["no_look_ahead"]


# -- liars that look ahead when they decide


def next_close(bar: Bar) -> float:
    return bar.series["close"].item(min(bar.index + 1, len(bar.candles) - 1))


def guarded(bar: Bar) -> float:
    try:
        return bar.series["close"].item(bar.index + 1)
    except IndexError:
        return bar.value("close")


def newest(bar: Bar) -> float:
    return bar.candles.close.item(-1)


def highest_of_all(bar: Bar) -> float:
    return bar.candles.high.max().item() * 0.995


def next_open_seldom(bar: Bar) -> float:
    is_time = bar.index % 97 == 3 and bar.index + 1 < len(bar.candles)
    return bar.candles.open.item(bar.index + 1) * 1.001 if is_time else 0.0


def being_the_last(bar: Bar) -> float:
    return 0.0 if bar.index == len(bar.candles) - 1 else 1e12


@pytest.mark.parametrize(
    "peek",
    [next_close, guarded, newest, highest_of_all, next_open_seldom, being_the_last],
    ids=lambda peek: str(peek.__name__),
)
def test_a_decision_that_looks_ahead_is_caught(peek: Any) -> None:
    class Liar(Honest):
        name: ClassVar[str] = "liar"

        def decide(self, bar: Bar) -> Advice:
            if peek(bar) > bar.value("close"):
                return Advice.buy(1.0, "rise", "it will rise")
            return Advice.hold("fall", "it will not rise")

    assert "looks ahead at bar" in failures(Liar())["no_look_ahead"]


def test_a_value_beyond_the_window_is_caught_as_an_error() -> None:
    class Liar(Honest):
        name: ClassVar[str] = "liar"

        def decide(self, bar: Bar) -> Advice:
            return Advice.hold("x", f"{bar.candles.close[bar.index + 1]}")

    assert "decide() fails at bar" in failures(Liar())["answers"]
    assert "IndexError" in failures(Liar())["answers"]


def test_looking_ahead_with_a_position_only_is_caught() -> None:
    class Liar(Honest):
        name: ClassVar[str] = "liar"

        def decide(self, bar: Bar) -> Advice:
            if bar.holding is None:
                return Advice.buy(1.0, "always", "always in")
            if next_close(bar) < bar.value("close"):
                return Advice.sell(1.0, "fall", "it will fall")
            return Advice.hold("rise", "it will rise")

    assert "looks ahead at bar" in failures(Liar())["no_look_ahead"]


def test_remembering_the_whole_window_is_caught() -> None:
    seen: list[Candles] = []

    class Liar(Honest):
        name: ClassVar[str] = "liar"

        def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
            seen.append(candles)
            return super().indicators(candles)

        def decide(self, bar: Bar) -> Advice:
            close = seen[-1].close
            if close[min(bar.index + 1, len(close) - 1)] > bar.value("close"):
                return Advice.buy(1.0, "rise", "it will rise")
            return Advice.hold("fall", "it will not rise")

    assert "no_look_ahead" in failures(Liar())


# -- warm-up


@pytest.mark.parametrize("declared", [1, 50, 150])
def test_too_little_warmup_is_caught_and_what_would_do_is_said(declared: int) -> None:
    class Slow(Honest):
        name: ClassVar[str] = "slow"

        @property
        def warmup_candles(self) -> int:
            return declared

        def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
            return {"line": ema(candles.close, 200)}

    found = failures(Slow(), generated_markets(2 * ema_settled(200) + 800))
    assert set(found) == {"warmup"}
    assert f"it declares {declared} candles; " in found["warmup"]
    assert " would do: at bar " in found["warmup"]
    enough = int(found["warmup"].partition("; ")[2].partition(" would do")[0].replace(",", ""))
    assert 400 < enough < 2 * ema_settled(200)


def test_enough_warmup_passes() -> None:
    class Slow(Honest):
        name: ClassVar[str] = "slow"

        @property
        def warmup_candles(self) -> int:
            return ema_settled(200)

        def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
            return {"line": ema(candles.close, 200)}

    assert failures(Slow()) == {}


def test_counting_from_the_start_of_the_window_is_caught() -> None:
    class Counting(Honest):
        name: ClassVar[str] = "counting"

        def decide(self, bar: Bar) -> Advice:
            if bar.index % 7:
                return Advice.hold("wait", "not the seventh candle")
            return Advice.buy(1.0, "seventh", "the seventh candle")

    assert "HOLD" in failures(Counting())["warmup"]


# -- everything else


class Moody(Honest):
    name: ClassVar[str] = "moody"
    moods: ClassVar[list[int]] = []

    def decide(self, bar: Bar) -> Advice:
        self.moods.append(1)
        if len(self.moods) % 3:
            return Advice.hold("mood", "not now")
        return Advice.buy(1.0, "mood", "now")


class Divider(Honest):
    name: ClassVar[str] = "divider"

    def decide(self, bar: Bar) -> Advice:
        move = bar.value("close") - bar.previous("close")
        return Advice.hold("ratio", f"{bar.value('line') / move:g}")


class Infinite(Honest):
    name: ClassVar[str] = "infinite"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        with np.errstate(divide="ignore"):
            return {"line": sma(candles.close, self.period), "per_volume": np.divide(1.0, candles.volume)}


class Short(Honest):
    name: ClassVar[str] = "short"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        return {"line": sma(candles.close, self.period)[1:]}


class Listed(Honest):
    name: ClassVar[str] = "listed"

    def indicators(self, candles: Candles) -> Mapping[str, Any]:
        return {"line": sma(candles.close, self.period).tolist()}


class Speechless(Honest):
    name: ClassVar[str] = "speechless"

    def decide(self, bar: Bar) -> Advice:
        return Advice(SignalAction.BUY, 1.0, ())


class Silent(Honest):
    name: ClassVar[str] = "silent"

    def decide(self, bar: Bar) -> Any:
        if bar.value("close") > bar.value("line"):
            return Advice.buy(1.0, "over", "over")


class Strong(Honest):
    name: ClassVar[str] = "strong"

    def decide(self, bar: Bar) -> Advice:
        return Advice.buy(bar.value("close"), "over", "over")


class Meddler(Honest):
    name: ClassVar[str] = "meddler"

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        candles.close[0] = 1.0
        return {"line": sma(candles.close, self.period)}


@pytest.mark.parametrize(
    ("strategy", "check", "said"),
    [
        (Moody(), "repeats", "when asked a second time"),
        (Divider(), "odd_markets", "a price that never moves: decide() fails at bar"),
        (Infinite(), "odd_markets", "values that are infinite for per_volume"),
        (Short(), "answers", "values for line on"),
        (Listed(), "answers", "gives list for line"),
        (Speechless(), "answers", "advice without a reason"),
        (Silent(), "answers", "NoneType instead of Advice"),
        (Strong(), "answers", "which is not between 0 and 1"),
        (Meddler(), "answers", "read-only"),
    ],
    ids=lambda value: value.name if isinstance(value, Strategy) else "",
)
def test_what_would_fail_one_day_is_found_today(strategy: Strategy, check: str, said: str) -> None:
    assert said in failures(strategy)[check]


def test_an_error_is_placed_in_the_strategys_file() -> None:
    text = failures(Divider())["odd_markets"]
    line = next(i for i, text in enumerate(Path(__file__).read_text().splitlines(), 1) if "/ move:g" in text)
    assert f"ZeroDivisionError: float division by zero ({__file__}, line {line})" in text


def test_one_that_never_buys_is_noted() -> None:
    class Idle(Honest):
        name: ClassVar[str] = "idle"

        def decide(self, bar: Bar) -> Advice:
            return Advice.hold("idle", "never")

    found = check_strategy(Idle(), generated_markets(candles_wanted(Idle())))
    assert [finding.result for finding in found if finding.check == "acts"] == [Result.NOTE]
    assert all(finding.result is Result.PASSED for finding in found if finding.check != "acts")
