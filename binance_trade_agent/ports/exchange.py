"""The exchange: requests, what it tells by itself, and what it demands of us.

Methods are coroutines and raise one of the four `ExchangeError`s; a read that fails never returns an empty result.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, Listing
from binance_trade_agent.domain.orders import (
    CancelIntent,
    ExchangeOrder,
    Fill,
    OrderIntent,
    OrderListIntent,
    Replacement,
    RequestStamp,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.domain.records import (
    BanScope,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.domain.user_events import UserEvent


class Exchange(Protocol):
    """The one exchange of a trader."""

    async def connect(self) -> None:
        """Measure the clock offset; raises `Unavailable` when the exchange cannot be reached."""
        ...

    def now(self) -> datetime:
        """Exchange time by the last measured offset."""
        ...

    def stamp(self) -> RequestStamp:
        """The timestamp and window the next order will be signed with."""
        ...

    async def rules(self, symbols: Sequence[str]) -> Mapping[str, SymbolRules]:
        """Trading rules, cached; raises `ConfigurationError` naming the symbols the exchange does not know."""
        ...

    async def candles(
        self, symbol: str, interval: CandleInterval, *, limit: int, since: datetime | None = None
    ) -> tuple[Candle, ...]:
        """Closed candles, rising: the latest `limit`, or those that open at or after `since` (at most `limit`)."""
        ...

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        """Best bid and ask; a symbol nobody bids or asks for is absent."""
        ...

    async def listings(self) -> tuple[Listing, ...]:
        """Every symbol that can be traded now, with its day's volume and present prices (weight about 100)."""
        ...

    async def account(self) -> AccountSnapshot: ...

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        """Send the order once with the intent's own id, timestamp and window.

        Raises:
            Refused: it was not accepted.
            Throttled: it was turned away before it was looked at.
            Unavailable: the connection could not even be made.
            OutcomeUnknown: anything else that is not a clear answer.
        """
        ...

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        """The order with its fills as far as known; None only where the exchange says it has none (-2013)."""
        ...

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]: ...

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]: ...

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """Open orders of one symbol or of all, ours and others', without fills."""
        ...

    async def place_list(self, order_list: OrderListIntent) -> tuple[ExchangeOrder, ...]:
        """Send an OCO once, with the intent's own ids, timestamp and window; its legs as placed. Raises as `place`."""
        ...

    async def cancel(self, cancel: CancelIntent) -> None:
        """Cancel once an order, or the list it is a leg of. Raises as `place`; `Refused` -2011 when it is not open.

        What the order had executed is looked up with `find_order`.
        """
        ...

    async def replace(self, cancel: CancelIntent, intent: OrderIntent) -> Replacement:
        """Cancel an order (and its list) and place another, in one request that places nothing if the cancel fails.

        Raises as `place`; `Refused` means that neither happened.
        """
        ...

    @property
    def waited_s(self) -> float:
        """Seconds spent waiting for answers since the start; grows for ever."""
        ...

    @property
    def used_weight(self) -> int:
        """Request weight used in the current minute, by the exchange's own header."""
        ...

    async def close(self) -> None: ...


class UserStream(Protocol):
    """What the exchange tells of the account by itself. Everything works without it, only later."""

    async def run(self, deliver: Callable[[UserEvent], None]) -> None:
        """Deliver events until cancelled, subscribing again after whatever ends a subscription."""
        ...

    def expect(self, client_order_id: str) -> None:
        """An event of this order must come soon; if it does not, the stream is deaf and is renewed."""
        ...


class Bans(Protocol):
    """`Retry-After` in force, kept over restarts. Scope: one exchange address, and all of it or new orders only."""

    def until(self, scope: BanScope) -> datetime | None: ...
    def set_until(self, scope: BanScope, until: datetime, reason: str) -> None: ...


class WeightBook(Protocol):
    """Request weight as the processes of this machine have last seen it counted, by exchange address."""

    def read(self) -> tuple[int, int]:
        """(calendar minute of exchange time since 1970, weight used in it)."""
        ...

    def note(self, minute: int, used: int) -> None:
        """Store a count unless a newer or larger one is stored."""
        ...
