"""What stands in for a strategy that cannot be loaded: it fails in every cycle, with file and line."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from binance_trade_agent.strategies.base import Advice, Bar, Candles, Strategy
from binance_trade_agent.strategies.indicators import FloatArray


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a strategy cannot be used. `line` is 0 where no line is to blame, `strategy` empty where none is known."""

    file: str
    line: int
    text: str
    strategy: str = ""

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}, line {self.line}" if self.line else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class StrategyUnusable(Exception):
    """A strategy was asked that could not be loaded."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class BrokenStrategy(Strategy):
    """Knows its name and what is wrong with it; everything it is asked raises `StrategyUnusable`."""

    name: str  # type: ignore[misc]  # one class stands in for strategies of any name
    problem: Problem

    @property
    def warmup_candles(self) -> int:
        """One: what it would need is not known."""
        return 1

    def indicators(self, candles: Candles) -> Mapping[str, FloatArray]:
        """Raises."""
        self._fail()

    def decide(self, bar: Bar) -> Advice:
        """Raises."""
        self._fail()

    def _fail(self) -> NoReturn:
        raise StrategyUnusable(self.problem)


def place_of(error: BaseException, file: str | None) -> tuple[str, int]:
    """File and line of the deepest frame in `file`; without a file to blame, of the deepest of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == file]
    if not own and (file or not frames):
        return file or "", 0
    frame = (own or frames)[-1]
    return frame.filename, frame.lineno or 0


def problem_of(error: BaseException, file: str, strategy: str = "") -> Problem:
    """An error raised while `file` was loaded, placed in it where possible."""
    place, line = place_of(error, file)
    detail = error.msg if isinstance(error, SyntaxError) else str(error)
    text = f"{type(error).__name__}: {detail}" if detail else type(error).__name__
    return Problem(place, line, text, strategy)
