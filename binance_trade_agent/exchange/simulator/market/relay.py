"""Relay of a real exchange's public market data, for paper trading.

A background task polls candles, book and trades of each symbol in rounds as fast as the
weight budget allows (at most once a second) and when a minute has ended, the trading rules
once an hour and the clock once a minute. Everything is answered from what the last rounds brought; an answer older than
`max_age_s` (or three rounds, if those take longer) is refused with `MarketUnavailable`,
whose text says what went wrong last. 429 and 418 stop all requests for as long as
`Retry-After` says; other failures are tried again after 1, 2, 4 ... 30 s.

Candles of the base interval are there from the first round on, and those of a minute where it
is shorter, because the filters of an order need them: the latest 1,000 of each symbol.
Another interval, or an earlier start, is fetched once somebody has asked for it: the first
question is answered `MarketUnavailable`, a later one from then on with candles. A candle that
has closed since it was read is left out until the next round brings its end. At most 5,000
candles of a symbol and interval are kept. Trades are aggregated trades.

With a quote currency, every symbol of it can be traded. The first question about the market of
one is answered `MarketUnavailable`; from then on it is polled like the others, for good, because
orders may rest in it.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binance_trade_agent.exchange.simulator.market.base import (
    Depth,
    Kline,
    Listener,
    MarketTrade,
    MarketUnavailable,
)
from binance_trade_agent.exchange.simulator.market.candles import interval_ms
from binance_trade_agent.exchange.simulator.market.clock import Clock, OffsetClock
from binance_trade_agent.exchange.simulator.market.directory import Directory
from binance_trade_agent.exchange.simulator.market.public_api import (
    DEPTH_WEIGHT,
    KLINES_WEIGHT,
    PAGE,
    TRADES_WEIGHT,
    PublicApi,
    PublicApiError,
    PublicApiThrottled,
)

DEFAULT_MAX_AGE_S = 15
DEFAULT_WEIGHT_A_MINUTE = 2400

_REFERENCE_INTERVAL = "1m"
_KEPT_CANDLES = 5000
_KEPT_TRADES = 1000
# After a longer silence trades are not caught up with, a thousand a round would take hours.
_CATCH_UP_MS = 600_000
_RULES_MS = 3_600_000
_CLOCK_MS = 60_000
_MINUTE_MS = 60_000
_CLOSE_DELAY_MS = 50
_LONGEST_BACKOFF_S = 30


@dataclass(slots=True)
class _Candles:
    """The candles of one symbol and interval, without a hole: read when, by the local clock and by exchange time."""

    rows: list[Kline] = field(default_factory=list)
    fresh_ms: int = 0
    known_ms: int = 0
    wanted_from_ms: int | None = None
    complete: bool = False

    def update(self, latest: list[Kline]) -> None:
        """Take over what is new: `latest` begins at or before the open candle held."""
        if latest:
            keep = bisect_left(self.rows, latest[0].open_ms, key=_open_ms)
            rows = self.rows[:keep] + latest
            self.complete = self.complete and len(rows) <= _KEPT_CANDLES
            self.rows = rows[-_KEPT_CANDLES:]

    def known(self, now_ms: int) -> int:
        """How many rows are right at `now_ms`: the last one is not if it closed after it was read."""
        closed_since = self.rows and self.known_ms <= self.rows[-1].close_ms < now_ms
        return len(self.rows) - 1 if closed_since else len(self.rows)


@dataclass(slots=True)
class _Symbol:
    """What was read of one symbol."""

    candles: dict[str, _Candles]
    depth: Depth | None = None
    depth_ms: int = 0
    trades: deque[MarketTrade] = field(default_factory=lambda: deque(maxlen=_KEPT_TRADES))
    untold: list[MarketTrade] = field(default_factory=list)
    trades_ms: int = 0


class RelayMarket:
    """A `Market` that repeats what the exchange at `base_url` says.

    `clock` is the local clock; exchange time is it plus a measured offset. With `quote`, `symbols`
    may be empty: they are those it polls from its start. Raises `ValueError` for no symbols, one
    named twice, or an interval Binance does not have.
    """

    def __init__(
        self,
        symbols: tuple[str, ...],
        *,
        base_url: str,
        clock: Clock,
        base_interval: str = "1m",
        max_age_s: int = DEFAULT_MAX_AGE_S,
        weight_a_minute: int = DEFAULT_WEIGHT_A_MINUTE,
        shortest_round_s: Decimal = Decimal(1),
        quote: str = "",
    ) -> None:
        if not (symbols or quote) or len(set(symbols)) != len(symbols):
            raise ValueError(f"a market needs symbols, each named once, not {list(symbols)}")
        held = [base_interval]
        if interval_ms(base_interval) < interval_ms(_REFERENCE_INTERVAL):
            held.append(_REFERENCE_INTERVAL)
        self._base_interval = base_interval
        self._base_url = base_url
        self._local = clock
        self._exchange_clock = OffsetClock(clock)
        self._max_age_s = max_age_s
        self._weight_a_minute = weight_a_minute
        self._shortest_round_s = shortest_round_s
        self._held = tuple(held)
        self._state = {symbol: self._unread() for symbol in symbols}
        self._rules: dict[str, dict[str, Any]] = {}
        self._rules_ms: int | None = None
        self._clock_ms: int | None = None
        self._listeners: list[Listener] = []
        self._problem = "nothing was read yet"
        self._asked = asyncio.Event()
        self._directory = Directory(quote, clock, self._asked, lambda: self._problem) if quote else None
        self._task: asyncio.Task[None] | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols as they were given, or all of the quote currency."""
        return self._directory.symbols if self._directory else tuple(self._state)

    @property
    def base_interval(self) -> str:
        """The candles that are there without having been asked for."""
        return self._base_interval

    def now_ms(self) -> int:
        """The local clock plus the offset measured last."""
        return self._exchange_clock.now_ms()

    def rules(self, symbol: str) -> dict[str, Any]:
        """The exchangeInfo entry as the exchange sent it, at most a failed refresh older than an hour."""
        if self._directory:
            return self._directory.rules(symbol)
        self._of(symbol)
        if symbol not in self._rules:
            raise MarketUnavailable(f"no trading rules of {symbol}: {self._problem}")
        return self._rules[symbol]

    def day(self, symbol: str) -> Mapping[str, Any] | None:
        """The exchange's ticker where all of a quote currency can be traded, else None."""
        return self._directory.day(symbol) if self._directory else None

    def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> list[Kline]:
        """Candles rising in time, the open one last; `MarketUnavailable` for what is not held (yet)."""
        state = self._of(symbol)
        interval_ms(interval)
        if limit < 1:
            raise ValueError(f"limit must be at least 1, not {limit}")
        if interval not in state.candles:
            state.candles[interval] = _Candles()
            self._asked.set()
        candles = state.candles[interval]
        self._require_fresh(f"{interval} candles of {symbol}", candles.fresh_ms)
        last = candles.known(self.now_ms())
        if end_ms is not None:
            last = min(last, bisect_right(candles.rows, end_ms, key=_open_ms))
        if start_ms is None:
            first = max(0, last - limit)
            if last < limit and not candles.complete and end_ms is not None:
                self._want(symbol, interval, end_ms - limit * interval_ms(interval))
            return candles.rows[first:last]
        if candles.rows and start_ms < candles.rows[0].open_ms and not candles.complete:
            self._want(symbol, interval, start_ms)
        first = bisect_left(candles.rows, start_ms, key=_open_ms)
        return candles.rows[first : min(last, first + limit)]

    def depth(self, symbol: str, limit: int) -> Depth:
        """The exchange's book, up to 100 levels a side."""
        state = self._of(symbol)
        self._require_fresh(f"book of {symbol}", state.depth_ms)
        if state.depth is None:
            raise MarketUnavailable(f"no book of {symbol}: {self._problem}")
        depth = state.depth
        return Depth(depth.last_update_id, depth.bids[:limit], depth.asks[:limit])

    def trades(self, symbol: str, limit: int) -> list[MarketTrade]:
        """The latest aggregated trades, at most 1,000, oldest first."""
        state = self._of(symbol)
        self._require_fresh(f"trades of {symbol}", state.trades_ms)
        return list(state.trades)[-limit:]

    def last_price(self, symbol: str) -> Decimal:
        """Close of the open base candle, which is the price of the last trade."""
        candles = self._of(symbol).candles[self._base_interval]
        self._require_fresh(f"price of {symbol}", candles.fresh_ms)
        if not candles.rows:
            raise MarketUnavailable(f"{symbol} has never traded")
        return candles.rows[-1].close

    def advance(self) -> None:
        """Tell the listeners the trades that came in since the last call; raises what ended the polling, if it has."""
        if self._task is not None and self._task.done():
            self._task.result()
        for symbol, state in self._state.items():
            trades, state.untold = tuple(state.untold), []
            if trades:
                for listener in self._listeners:
                    listener(symbol, trades)

    def subscribe(self, listener: Listener) -> None:
        """Call `listener(symbol, trades)` from `advance`."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to poll; returns at once, whether the exchange can be reached or not."""
        if self._task is None:
            self._task = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Stop polling and close the connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    @property
    def round_s(self) -> Decimal:
        """How long a round takes to stay within the weight budget, at least `shortest_round_s`."""
        weight = sum(
            DEPTH_WEIGHT + TRADES_WEIGHT + KLINES_WEIGHT * len(state.candles)
            for state in self._state.values()
        )
        return max(self._shortest_round_s, Decimal(60 * weight) / self._weight_a_minute)

    def _unread(self) -> _Symbol:
        return _Symbol({name: _Candles() for name in self._held})

    def _of(self, symbol: str) -> _Symbol:
        if symbol not in self._state and self._directory:
            self._directory.follow(symbol)
        if symbol not in self._state:
            raise ValueError(f"unknown symbol {symbol!r}; this market has {', '.join(self._state)}")
        return self._state[symbol]

    def _require_fresh(self, what: str, fresh_ms: int) -> None:
        if not fresh_ms:
            raise MarketUnavailable(f"no {what} yet: {self._problem}")
        age_ms = self._local.now_ms() - fresh_ms
        if age_ms > 1000 * max(Decimal(self._max_age_s), 3 * self.round_s):
            raise MarketUnavailable(f"the {what} are {age_ms // 1000} s old: {self._problem}")

    def _want(self, symbol: str, interval: str, start_ms: int) -> None:
        """Have earlier candles fetched; always raises."""
        candles = self._state[symbol].candles[interval]
        if len(candles.rows) >= _KEPT_CANDLES:
            raise MarketUnavailable(
                f"only the latest {_KEPT_CANDLES} {interval} candles of {symbol} are kept"
            )
        candles.wanted_from_ms = min(start_ms, candles.wanted_from_ms or start_ms)
        self._asked.set()
        raise MarketUnavailable(f"earlier {interval} candles of {symbol} are being fetched, ask again")

    async def _poll(self) -> None:
        api = PublicApi(self._base_url)
        failures = 0
        try:
            while True:
                wait_s = self.round_s
                try:
                    await self._round(api)
                    failures = 0
                    self._problem = "the last round succeeded"
                    wait_s = min(wait_s, self._until_close_s())
                except PublicApiThrottled as error:
                    self._problem = str(error)
                    await asyncio.sleep(error.retry_after_s)
                    continue
                except PublicApiError as error:
                    self._problem = str(error)
                    wait_s = max(wait_s, Decimal(min(_LONGEST_BACKOFF_S, 2**failures)))
                    failures = min(failures + 1, 10)
                await self._rest(wait_s, interruptible=failures == 0)
        finally:
            await api.close()

    def _until_close_s(self) -> Decimal:
        """Until candles of a minute or longer have closed: their end is waited for."""
        return Decimal(_MINUTE_MS - self.now_ms() % _MINUTE_MS + _CLOSE_DELAY_MS) / 1000

    async def _rest(self, wait_s: Decimal, *, interruptible: bool) -> None:
        """Wait for the next round; a question for more candles ends it early, unless reading fails."""
        if not interruptible:
            await asyncio.sleep(int(1000 * wait_s) / 1000)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(int(1000 * wait_s) / 1000):
                await self._asked.wait()

    async def _round(self, api: PublicApi) -> None:
        self._asked.clear()
        now_ms = self._local.now_ms()
        if self._clock_ms is None or now_ms - self._clock_ms >= _CLOCK_MS:
            server_ms = await api.server_time_ms()
            back_ms = self._local.now_ms()
            offset_ms = server_ms - (now_ms + back_ms) // 2
            if self._clock_ms is None:
                # before the first measurement it may have run ahead, by which it would stand still now
                self._exchange_clock = OffsetClock(self._local)
            self._exchange_clock.offset_ms = offset_ms
            self._clock_ms = back_ms
        if self._directory:
            for symbol in await self._directory.refresh(api):
                self._state.setdefault(symbol, self._unread())
        elif self._rules_ms is None or now_ms - self._rules_ms >= _RULES_MS:
            self._rules = await api.exchange_info(self.symbols)
            self._rules_ms = now_ms
        results = await asyncio.gather(
            *(self._read(api, symbol, state) for symbol, state in self._state.items()),
            return_exceptions=True,
        )
        failed = [result for result in results if isinstance(result, BaseException)]
        throttled = [error for error in failed if isinstance(error, PublicApiThrottled)]
        for error in throttled or failed:
            raise error

    async def _read(self, api: PublicApi, symbol: str, state: _Symbol) -> None:
        """One symbol, one request after another, each result usable by itself."""
        for interval, candles in tuple(state.candles.items()):
            await self._read_candles(api, symbol, interval, candles)
        state.depth = await api.depth(symbol)
        state.depth_ms = self._local.now_ms()
        last_id = state.trades[-1].trade_id if state.trades else None
        if self._local.now_ms() - state.trades_ms > _CATCH_UP_MS:
            last_id = None
        trades = await api.trades(symbol, None if last_id is None else last_id + 1)
        state.trades.extend(trades)
        # the first look is history: nobody's order rested then
        if last_id is not None:
            state.untold.extend(trades)
        state.trades_ms = self._local.now_ms()

    async def _read_candles(self, api: PublicApi, symbol: str, interval: str, candles: _Candles) -> None:
        while True:
            since_ms = candles.rows[-1].open_ms if candles.rows else None
            asked_ms = self.now_ms()
            latest = await api.klines(symbol, interval, start_ms=since_ms)
            candles.update(latest)
            candles.known_ms = asked_ms
            if since_ms is None:
                candles.complete = len(latest) < PAGE
            if since_ms is None or len(latest) < PAGE:
                break
        candles.fresh_ms = self._local.now_ms()
        await self._read_earlier(api, symbol, interval, candles)

    async def _read_earlier(self, api: PublicApi, symbol: str, interval: str, candles: _Candles) -> None:
        while candles.wanted_from_ms is not None and candles.rows:
            oldest_ms = candles.rows[0].open_ms
            enough = oldest_ms <= candles.wanted_from_ms or len(candles.rows) >= _KEPT_CANDLES
            if enough or candles.complete:
                candles.wanted_from_ms = None
                return
            earlier = await api.klines(symbol, interval, end_ms=oldest_ms - 1)
            candles.complete = len(earlier) < PAGE
            room = _KEPT_CANDLES - len(candles.rows)
            candles.rows = earlier[-room:] + candles.rows


def _open_ms(candle: Kline) -> int:
    return candle.open_ms
