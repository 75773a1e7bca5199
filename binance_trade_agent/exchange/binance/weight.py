"""The budget of request weight: no request is sent that would break the exchange's limit.

Binance counts by address in calendar minutes (rest-api.md, limits). Its own count comes with each
answer and holds what every process of this machine used; between answers the requests under way
are added, and what another process has seen counted is taken from the shared book.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from binance_trade_agent.domain.errors import StorageError, Throttled
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.timestamps import to_ms
from binance_trade_agent.exchange.binance.weight_costs import Cost
from binance_trade_agent.ports import Clock, WeightBook

_HEADER = "X-MBX-USED-WEIGHT-1M"
_MAX_DIGITS = 9
_MINUTE_MS = 60_000
#: What Spot allows (rest-api.md, limits); `exchangeInfo` may name another limit.
_DEFAULT_LIMIT = 6000
#: How often the shared book is read and written at most.
_BOOK_PAUSE_S = 1.0
#: How far the count must have risen to be written, in percent of the limit: a write costs a disk's flush.
_NOTED_RISE = 5


class WeightBudget:
    """Weight of this minute: used, under way, and still to spend."""

    def __init__(self, exchange_clock: ExchangeClock, clock: Clock, book: WeightBook) -> None:
        self._exchange_clock = exchange_clock
        self._book = _SharedCount(clock, book)
        self._limit = _DEFAULT_LIMIT
        self._minute = 0
        self._used = 0
        self._under_way = 0

    @property
    def used(self) -> int:
        """Weight used so far in this minute of exchange time."""
        return self._used if self._minute == self._current_minute() else 0

    def learn_limit(self, rate_limits: Sequence[Mapping[str, Any]]) -> None:
        """Take over the limit a minute from `exchangeInfo`; raises one of `mapping.MALFORMED`."""
        for row in rate_limits:
            kind = row["rateLimitType"], row["interval"], row["intervalNum"]
            if kind == ("REQUEST_WEIGHT", "MINUTE", 1):
                self._limit = int(row["limit"])

    def admit(self, cost: Cost, request: str) -> int:
        """Count a request as under way and return the minute in which it is sent; each one must be settled.

        Raises:
            Throttled: it would use more than its kind may; wait for the next minute. Nothing is counted.
        """
        minute = self._current_minute()
        used = max(self.used, self._book.used(minute)) + self._under_way
        allowed = self._limit * cost.share.value // 100
        if used + cost.weight > allowed:
            raise Throttled(
                self._rest_of_minute_s(),
                f"{request} is held back: it would bring the request weight of this minute from {used} to "
                f"{used + cost.weight}, and {allowed} of {self._limit} are for requests of its kind",
            )
        self._under_way += cost.weight
        return minute

    def settle(self, cost: Cost, headers: Mapping[str, str], sent_in: int) -> None:
        """Take the exchange's count from an answer's headers (whose names match in any case).

        Without a count, as after a lost answer, the request counts as listed; so does one that was
        sent in an earlier minute, because the count it brings may be that minute's.
        """
        self._under_way -= cost.weight
        minute, text = self._current_minute(), headers.get(_HEADER, "")
        is_count = sent_in == minute and text.isdecimal() and len(text) <= _MAX_DIGITS
        counted = int(text) if is_count else self.used + cost.weight
        # answers of concurrent requests arrive in any order: within a minute the largest is the newest
        self._used = max(self.used, counted)
        self._minute = minute
        self._book.note(self._minute, self._used, self._limit * _NOTED_RISE // 100)

    def _current_minute(self) -> int:
        return to_ms(self._exchange_clock.now()) // _MINUTE_MS

    def _rest_of_minute_s(self) -> float:
        return (_MINUTE_MS - to_ms(self._exchange_clock.now()) % _MINUTE_MS) / 1000


class _SharedCount:
    """The shared book, asked and told seldom. Without it the exchange's own count still holds."""

    def __init__(self, clock: Clock, book: WeightBook) -> None:
        self._clock = clock
        self._book = book
        self._read_at: float | None = None
        self._seen = 0, 0
        self._noted_at: float | None = None
        self._noted = 0, 0

    def used(self, minute: int) -> int:
        if self._may(self._read_at):
            self._read_at = self._clock.monotonic()
            with suppress(StorageError):
                self._seen = self._book.read()
        return self._seen[1] if self._seen[0] == minute else 0

    def note(self, minute: int, used: int, rise: int) -> None:
        before = self._noted[1] if self._noted[0] == minute else 0
        if used - before <= rise or not self._may(self._noted_at):
            return
        self._noted_at = self._clock.monotonic()
        self._noted = minute, used
        # the answer of an order must not get lost over the book
        with suppress(StorageError):
            self._book.note(minute, used)

    def _may(self, last: float | None) -> bool:
        return last is None or self._clock.monotonic() - last >= _BOOK_PAUSE_S
