"""Asks the exchange through a short process of its own, which loads the adapter and ends (`quotes`)."""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from binance_trade_agent.control.market import MarketNow
from binance_trade_agent.domain.errors import ConfigurationError, TradeAgentError, Unavailable

#: The process loads the adapter (a second or two), then asks four things.
TIME_LIMIT_S = 10.0
#: More at once would only take the machine from the trader.
_AT_ONCE = 2
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class QuoteProblem:
    """Why there is no answer: `configuration` where the symbol or the settings are wrong, else `unavailable`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What the process says: the market, or the problem."""

    market: MarketNow | None = None
    problem: QuoteProblem | None = None


_ANSWER = TypeAdapter(QuoteAnswer)


class QuoteProcess:
    """Callable with a symbol; safe to use from several threads, which wait for each other."""

    def __init__(self, *, time_limit_s: float = TIME_LIMIT_S) -> None:
        self._time_limit_s = time_limit_s
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def __call__(self, symbol: str) -> MarketNow:
        """The market of `symbol` as the exchange shows it now.

        Raises:
            ConfigurationError: the exchange does not know the symbol, or the settings cannot work.
            Unavailable: no answer within the time limit, or the exchange cannot be asked.
        """
        if not self._slots.acquire(timeout=self._time_limit_s):
            raise Unavailable("the exchange is being asked for other symbols: try again in a few seconds")
        try:
            return _read(self._run(symbol))
        finally:
            self._slots.release()

    def _run(self, symbol: str) -> str:
        command = (sys.executable, "-m", "binance_trade_agent.bootstrap.quotes", symbol)
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter, and a symbol of checked form
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._time_limit_s,
                env=os.environ.copy(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"the exchange has not answered within {self._time_limit_s:.0f} s") from error
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2][:_SHOWN_CHARACTERS]
            raise Unavailable(f"the exchange could not be asked: {last or f'exit status {done.returncode}'}")
        return done.stdout


def _read(text: str) -> MarketNow:
    try:
        answer = _ANSWER.validate_json(text)
    except ValidationError as error:
        raise Unavailable("the answer about the market cannot be read") from error
    if answer.market is not None:
        return answer.market
    if answer.problem is None:
        raise Unavailable("the answer about the market is empty")
    raise _error_of(answer.problem)


def _error_of(problem: QuoteProblem) -> TradeAgentError:
    kind = ConfigurationError if problem.kind == "configuration" else Unavailable
    return kind(problem.text)
