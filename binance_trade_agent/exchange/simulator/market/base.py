"""The contract between the simulated exchange and a source of prices.

A source owns exchange time: the server asks it what time it is and never looks
at a clock of its own. Prices and quantities are `Decimal`, times are integer
milliseconds since the epoch, because that is what the wire speaks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Kline:
    """One candle of `interval`; `close_ms` is the last millisecond that belongs to it."""

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_buy_base: Decimal
    taker_buy_quote: Decimal


@dataclass(frozen=True, slots=True)
class Level:
    """One price level of the book: what rests at `price`."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Depth:
    """The market's own liquidity: bids falling, asks rising, best first."""

    last_update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class MarketTrade:
    """A trade between other people, which is what moves the price and fills resting orders."""

    trade_id: int
    symbol: str
    price: Decimal
    quantity: Decimal
    time_ms: int
    buyer_is_maker: bool


class MarketUnavailable(Exception):
    """The source cannot say what the market is now (paper mode without a network)."""


Listener = Callable[[str, tuple[MarketTrade, ...]], None]


class Market(Protocol):
    """A source of prices for its symbols, and the exchange's clock.

    All methods are synchronous, cheap and free of I/O: a source that needs the
    network keeps a cache that its background task fills, and raises
    `MarketUnavailable` where the cache is empty or too old.
    """

    @property
    def symbols(self) -> tuple[str, ...]:
        """What can be traded; may raise `MarketUnavailable` where another exchange has to be asked for it."""
        ...

    @property
    def base_interval(self) -> str:
        """The shortest candle it has (`1s`, `1m`, ...); longer ones are aggregated."""
        ...

    def now_ms(self) -> int:
        """Exchange time in milliseconds; virtual in stepped mode."""
        ...

    def rules(self, symbol: str) -> dict[str, Any]:
        """The symbol's exchangeInfo entry, filters included, as Binance sends it."""
        ...

    def day(self, symbol: str) -> Mapping[str, Any] | None:
        """The 24 hour ticker (FULL) as an exchange sent it; None where it is made of the candles."""
        ...

    def klines(
        self,
        symbol: str,
        interval: str,
        *,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
    ) -> list[Kline]:
        """Candles rising in time, the open one last; Binance's start, end and limit rules."""
        ...

    def depth(self, symbol: str, limit: int) -> Depth: ...

    def trades(self, symbol: str, limit: int) -> list[MarketTrade]:
        """The latest trades, oldest first."""
        ...

    def last_price(self, symbol: str) -> Decimal: ...

    def advance(self) -> None:
        """Bring the market up to `now_ms()`, calling the listeners with the trades since the last call."""
        ...

    def subscribe(self, listener: Listener) -> None:
        """`listener(symbol, trades)` is called from `advance`, in time order within a symbol."""
        ...

    async def start(self) -> None:
        """Begin background work, if the source has any (the relay's polling)."""
        ...

    async def close(self) -> None: ...


class Stepped(Protocol):
    """A market whose time is virtual and moves only when told to."""

    def step(self, candles: int = 1) -> int:
        """Advance by whole base candles and return the new `now_ms()`; raises `EndOfData`."""
        ...


class EndOfData(Exception):
    """A replay has no further candle."""
