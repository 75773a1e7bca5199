"""A generated market: seeded, lively, the same at the same time whatever was asked before.

Prices are a function of (seed, anchor, symbol, time). The level at each full hour is a
mean-reverting walk away from the anchor, cheap to compute years ahead; the path inside an
hour is drawn from random streams of that hour alone and bent (a Brownian bridge) to meet
the levels at both ends. So any second is reachable without the seconds before it, nothing
but a few hours is kept in memory, and a simulator that is restarted with the same seed and
anchor continues the same market. The path has volatility clustering (the logarithm of
volatility is a sum of slow and fast noise), trends of 20 to 120 seconds, jumps, and shocks
shared by all symbols.

History. From the UTC midnight at least six hours before the anchor on, four trades a second
at 0, 250, 500 and 750 ms make up 1s candles (so 21,600 of them or more at the start). Before
that the market is drawn by the minute, 90 days back: 1m and longer candles, no 1s candles.
All longer candles are exact aggregates of these, and each candle is exactly its trades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from binance_trade_agent.exchange.simulator.market.base import MarketTrade
from binance_trade_agent.exchange.simulator.market.candles import (
    Column,
    Scale,
    Table,
    aggregate,
    between,
    empty_table,
    interval_ms,
    joined,
)
from binance_trade_agent.exchange.simulator.market.clock import Clock, SteppedClock
from binance_trade_agent.exchange.simulator.market.noise import (
    HOUR_MS,
    JUMP_CHANCE,
    JUMP_SD,
    MARKET_SHARE,
    OWN_SHARE,
    TICKS_A_STEP,
    TREND_SD,
    Floats,
    HourLevels,
    Shocks,
    Span,
    shocks,
    stream,
    volatility,
)
from binance_trade_agent.exchange.simulator.market.recent import Recent
from binance_trade_agent.exchange.simulator.market.rules import (
    ASSET_USD,
    QUOTE_USD,
    Grid,
    grid_of,
    split_symbol,
)
from binance_trade_agent.exchange.simulator.market.series import (
    LONGEST_SLEEP_MS,
    STEP_OFFSET_MS,
    SeriesMarket,
    known_at,
    open_row,
)

DEFAULT_VOLATILITY = Decimal("0.002")

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
_SECOND_MS = 1_000
_SECONDS_BEFORE_ANCHOR_MS = 6 * HOUR_MS
_HISTORY_DAYS = 90

# Trades a second are few, so each stands for many; US dollars in one trade.
_TRADE_USD = {
    "BTC": 5000,
    "ETH": 3000,
    "SOL": 1500,
    "XRP": 1200,
    "BNB": 1200,
    "DOGE": 900,
    "SUI": 700,
    "ADA": 500,
    "LINK": 450,
    "TRX": 400,
    "AVAX": 350,
    "LTC": 300,
}
_OTHER_TRADE_USD = 600

# Variance of a minute's return in units of a second's noise: 60 of noise and jumps, and
# trends, which last about as long as a minute and so add up almost in full.
_MINUTE_VARIANCE_S = 60 * (1 + JUMP_CHANCE * JUMP_SD**2) + 0.8 * 60**2 * TREND_SD**2


@dataclass(frozen=True, slots=True)
class _Block:
    """A drawn span of one symbol: its trades and the candles they make."""

    span: Span
    prices: npt.NDArray[np.int64]
    quantities: npt.NDArray[np.int64]
    taker_buys: npt.NDArray[np.bool_]
    rows: Table


class _Weather:
    """What all symbols share in a span: volatility and the market's shocks."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._spans: Recent[Span, tuple[Floats, Shocks]] = Recent(4)

    def at(self, span: Span) -> tuple[Floats, Shocks]:
        return self._spans.get(
            span, lambda: (volatility(self._seed, span), shocks(self._seed, "market", span))
        )


class GeneratedSeries:
    """One symbol of a generated market; see `Series`."""

    def __init__(self, symbol: str, seed: int, anchor_ms: int, minute_sd: Decimal, weather: _Weather) -> None:
        base, _ = split_symbol(symbol)
        self._symbol = symbol
        self._seed = seed
        self._weather = weather
        self.reference_price = start_price(symbol)
        self.grid: Grid = grid_of(symbol, self.reference_price)
        price_decimals, quantity_decimals = self.grid.price_decimals, self.grid.quantity_decimals
        self.scale = Scale(price_decimals, quantity_decimals, price_decimals + quantity_decimals)
        sd = np.float64(minute_sd)
        self._second_sd = sd / np.sqrt(_MINUTE_VARIANCE_S)
        self._minute_sd = sd / np.sqrt(1 + JUMP_CHANCE * JUMP_SD**2 + TREND_SD**2)
        self._levels = HourLevels(seed, symbol, anchor_ms, sd * np.sqrt(60))
        self._start_ticks = np.float64(self.reference_price / self.grid.tick)
        usd = self.grid.step * ASSET_USD.get(base, self.reference_price * QUOTE_USD[split_symbol(symbol)[1]])
        self._trade_steps = np.float64(_TRADE_USD.get(base, _OTHER_TRADE_USD) / usd)
        self._seconds_from = (anchor_ms - _SECONDS_BEFORE_ANCHOR_MS) // _DAY_MS * _DAY_MS
        self._history_from = self._seconds_from - _HISTORY_DAYS * _DAY_MS
        self._blocks: Recent[Span, _Block] = Recent(2)
        self._minutes: Recent[Span, Table] = Recent(64)
        self._hours: Recent[Span, Table] = Recent(4096)

    def first_ms(self, length_ms: int) -> int:
        """Where its history begins for candles of that length."""
        return self._history_from if length_ms >= _MINUTE_MS else self._seconds_from

    def rows(self, start_ms: int, end_ms: int, now_ms: int, length_ms: int) -> Table:
        """Candles of one second, minute or hour, whichever is the longest that fits `length_ms`."""
        tables: list[Table] = []
        at_ms = max(start_ms, self.first_ms(length_ms))
        end_ms = min(end_ms, now_ms + 1)
        while at_ms < end_ms:
            span = self._span_at(at_ms)
            if span.end_ms <= now_ms:
                tables.append(between(self._whole(span, length_ms), at_ms, end_ms))
            else:
                tables.append(self._so_far(self._block(span), at_ms, end_ms, now_ms))
            at_ms = span.end_ms
        return joined(tables)

    def trades(self, after_ms: int, until_ms: int) -> list[MarketTrade]:
        """The trades in (after_ms, until_ms], rising."""
        found: list[MarketTrade] = []
        at_ms = max(after_ms + 1, self._history_from)
        while at_ms <= until_ms:
            span = self._span_at(at_ms)
            block = self._block(span)
            first = -(-(at_ms - span.start_ms) // span.tick_ms)
            last = min((until_ms - span.start_ms) // span.tick_ms + 1, len(block.prices))
            found.extend(self._trade(block, tick) for tick in range(first, last))
            at_ms = span.end_ms
        return found

    def latest_trades(self, until_ms: int, limit: int) -> list[MarketTrade]:
        """The last `limit` trades: four a second without exception, so how far back is known."""
        tick_ms = self._span_at(until_ms).tick_ms
        return self.trades(until_ms - limit * tick_ms, until_ms)[-limit:]

    def last_ticks(self, now_ms: int) -> int:
        """The price at `now_ms`, in ticks."""
        span = self._span_at(now_ms)
        block = self._block(span)
        return int(block.prices[(now_ms - span.start_ms) // span.tick_ms])

    def _span_at(self, at_ms: int) -> Span:
        if at_ms >= self._seconds_from:
            return Span(at_ms // HOUR_MS * HOUR_MS, _SECOND_MS, HOUR_MS // _SECOND_MS)
        return Span(at_ms // _DAY_MS * _DAY_MS, _MINUTE_MS, _DAY_MS // _MINUTE_MS)

    def _block(self, span: Span) -> _Block:
        return self._blocks.get(span, lambda: self._drawn(span))

    def _whole(self, span: Span, length_ms: int) -> Table:
        if length_ms < _MINUTE_MS:
            return self._block(span).rows
        if length_ms < HOUR_MS:
            return self._minutes.get(span, lambda: aggregate(self._block(span).rows, _MINUTE_MS))
        return self._hours.get(span, lambda: aggregate(self._block(span).rows, HOUR_MS))

    def _so_far(self, block: _Block, start_ms: int, end_ms: int, now_ms: int) -> Table:
        span = block.span
        closed = known_at(block.rows, start_ms, end_ms, now_ms, span.step_ms)
        step = (now_ms - span.start_ms) // span.step_ms
        open_ms = span.start_ms + step * span.step_ms
        if not start_ms <= open_ms < end_ms:
            return closed
        ticks = slice(step * TICKS_A_STEP, (now_ms - span.start_ms) // span.tick_ms + 1)
        opened = open_row(
            open_ms,
            block.prices[ticks].tolist(),
            block.quantities[ticks].tolist(),
            block.taker_buys[ticks].tolist(),
        )
        return joined((closed, opened))

    def _trade(self, block: _Block, tick: int) -> MarketTrade:
        time_ms = block.span.start_ms + tick * block.span.tick_ms
        return MarketTrade(
            trade_id=time_ms * TICKS_A_STEP // _SECOND_MS,
            symbol=self._symbol,
            price=self.scale.price(int(block.prices[tick])),
            quantity=self.scale.quantity(int(block.quantities[tick])),
            time_ms=time_ms,
            buyer_is_maker=not block.taker_buys[tick],
        )

    def _drawn(self, span: Span) -> _Block:
        calm, market = self._weather.at(span)
        own = shocks(self._seed, self._symbol, span)
        sd = self._second_sd if span.step_ms == _SECOND_MS else self._minute_sd
        moves = sd * (
            calm * (MARKET_SHARE * market.noise + OWN_SHARE * own.noise)
            + (MARKET_SHARE * market.drift + OWN_SHARE * own.drift)
            + (MARKET_SHARE * market.jumps + OWN_SHARE * own.jumps)
        )
        levels = self._bridged(span, moves)
        prices = np.maximum(1, np.rint(self._start_ticks * np.exp(levels))).astype(np.int64)
        draw = stream(self._seed, "trades", self._symbol, span.start_ms)
        size = np.exp(0.8 * draw.standard_normal(len(prices)) - 0.32) * calm * (span.step_ms // _SECOND_MS)
        quantities = np.maximum(1, np.rint(size * self._trade_steps)).astype(np.int64)
        taker_buys = draw.standard_normal(len(prices)) + 0.6 * np.sign(moves) > 0
        return _Block(span, prices, quantities, taker_buys, _candles(span, prices, quantities, taker_buys))

    def _bridged(self, span: Span, moves: Floats) -> Floats:
        """The path of `moves`, bent so that each hour begins and ends at its level."""
        ends = self._levels.levels(span.start_ms, span.hours)
        ticks = len(moves) // span.hours
        path = np.cumsum(moves.reshape(span.hours, ticks), axis=1)
        missing = ends[1:] - ends[:-1] - path[:, -1]
        share = np.arange(1, ticks + 1) / ticks
        path += ends[:-1, None] + missing[:, None] * share
        # a tick shows the price before the move that follows it, so an hour opens at its level
        return np.concatenate((ends[:-1, None], path[:, :-1]), axis=1).ravel()


class GeneratedMarket(SeriesMarket):
    """A generated market for any symbols with a known quote asset.

    `anchor_ms` is when the market began (start prices hold near the anchor's full hour);
    `volatility` is the standard deviation of a one-minute return (0.002 = 0.2 %). Raises
    `ValueError` for an unknown quote asset or interval, for symbols named twice or not at
    all, and for a volatility outside 0 to 0.02. `longest_sleep_ms`: see `SeriesMarket`.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        seed: int,
        anchor_ms: int,
        clock: Clock,
        base_interval: str = "1s",
        volatility: Decimal = DEFAULT_VOLATILITY,
        longest_sleep_ms: int | None = LONGEST_SLEEP_MS,
    ) -> None:
        if not symbols or len(set(symbols)) != len(symbols):
            raise ValueError(f"a market needs symbols, each named once, not {list(symbols)}")
        if not 0 < volatility <= Decimal("0.02"):
            raise ValueError(f"volatility must be above 0 and at most 0.02 a minute, not {volatility}")
        weather = _Weather(seed)
        series = {name: GeneratedSeries(name, seed, anchor_ms, volatility, weather) for name in symbols}
        super().__init__(series, base_interval, clock, longest_sleep_ms)


class SteppedGeneratedMarket(GeneratedMarket):
    """The same market in virtual time, which begins at the first candle from the anchor on."""

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        seed: int,
        anchor_ms: int,
        base_interval: str = "1s",
        volatility: Decimal = DEFAULT_VOLATILITY,
    ) -> None:
        length_ms = interval_ms(base_interval)
        self._stepped = SteppedClock(-(-anchor_ms // length_ms) * length_ms + STEP_OFFSET_MS)
        super().__init__(
            symbols,
            seed=seed,
            anchor_ms=anchor_ms,
            clock=self._stepped,
            base_interval=base_interval,
            volatility=volatility,
            longest_sleep_ms=None,
        )

    def step(self, candles: int = 1) -> int:
        """Advance by whole base candles; returns the new time, `STEP_OFFSET_MS` after a close."""
        if candles < 1:
            raise ValueError(f"a step is at least one candle, not {candles}")
        self._stepped.move_to(self.now_ms() + candles * self._base_ms)
        return self.now_ms()


def start_price(symbol: str) -> Decimal:
    """The price a generated symbol starts from, on its tick: early 2026's, or made from the name.

    Raises `ValueError` for an unknown quote asset.
    """
    base, quote = split_symbol(symbol)
    usd = ASSET_USD.get(base)
    if usd is None:
        digest = int.from_bytes(blake2b(base.encode(), digest_size=4).digest(), "little")
        usd = Decimal(digest % 4950 + 50) / 100
    price = usd / QUOTE_USD[quote]
    tick = grid_of(symbol, price).tick
    return max(tick, price.quantize(tick))


def _candles(
    span: Span,
    prices: npt.NDArray[np.int64],
    quantities: npt.NDArray[np.int64],
    taker_buys: npt.NDArray[np.bool_],
) -> Table:
    # turned so that NumPy's loops run along the long axis, which is several times faster
    price = np.ascontiguousarray(prices.reshape(span.steps, TICKS_A_STEP).T)
    quantity = np.ascontiguousarray(quantities.reshape(span.steps, TICKS_A_STEP).T)
    bought = np.ascontiguousarray(taker_buys.reshape(span.steps, TICKS_A_STEP).T)
    quote = price * quantity
    rows = empty_table(span.steps)
    rows[:, Column.OPEN_MS] = span.start_ms + np.arange(span.steps) * span.step_ms
    rows[:, Column.OPEN] = price[0]
    rows[:, Column.HIGH] = price.max(axis=0)
    rows[:, Column.LOW] = price.min(axis=0)
    rows[:, Column.CLOSE] = price[-1]
    rows[:, Column.VOLUME] = quantity.sum(axis=0)
    rows[:, Column.QUOTE_VOLUME] = quote.sum(axis=0)
    rows[:, Column.TRADES] = TICKS_A_STEP
    rows[:, Column.TAKER_BASE] = (quantity * bought).sum(axis=0)
    rows[:, Column.TAKER_QUOTE] = (quote * bought).sum(axis=0)
    return rows
