"""Everything an exchange lists in one quote currency, for a relay whose symbols are chosen while it runs.

Trading rules are read once an hour. The 24 hour tickers of all symbols are much to read and seldom
needed, so once they are older than `DAYS_AGE_MS` they are read again only when somebody asks.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.market.clock import Clock
from binance_trade_agent.exchange.simulator.market.public_api import PublicApi

DAYS_AGE_MS = 60_000
_RULES_AGE_MS = 3_600_000


class Directory:
    """The symbols of `quote` with their rules and tickers, as the exchange sent them. `clock` is the local one.

    `asked` is set when something is asked for that must be read first, `problem` says what went
    wrong with reading last. Questions raise
    `MarketUnavailable` until the symbols were read, and `ValueError` for one that is not among them.
    """

    def __init__(self, quote: str, clock: Clock, asked: asyncio.Event, problem: Callable[[], str]) -> None:
        self._quote = quote
        self._problem = problem
        self._clock = clock
        self._asked = asked
        self._rules: dict[str, dict[str, Any]] = {}
        self._rules_ms: int | None = None
        self._days: dict[str, Mapping[str, Any]] = {}
        self._days_ms: int | None = None
        self._wants_days = True
        self._symbols: tuple[str, ...] = ()
        self._followed: set[str] = set()

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols."""
        if not self._symbols:
            raise MarketUnavailable(f"the symbols of {self._quote} were not read yet: {self._problem()}")
        return self._symbols

    def rules(self, symbol: str) -> dict[str, Any]:
        """The exchangeInfo entry."""
        self._check(symbol)
        return self._rules[symbol]

    def day(self, symbol: str) -> Mapping[str, Any]:
        """The 24 hour ticker; raises `MarketUnavailable` while it is too old as well."""
        self._check(symbol)
        if self._are_days_old():
            self._wants_days = True
            self._asked.set()
            raise MarketUnavailable(f"the 24 hour tickers are being fetched, ask again: {self._problem()}")
        return self._days[symbol]

    def follow(self, symbol: str) -> NoReturn:
        """Have `refresh` name the symbol; always raises."""
        self._followed.add(symbol)
        self._asked.set()
        self._check(symbol)
        raise MarketUnavailable(f"the market of {symbol} is being fetched, ask again: {self._problem()}")

    async def refresh(self, api: PublicApi) -> frozenset[str]:
        """Read what is too old; the symbols to be followed. Raises `PublicApiError`."""
        now_ms = self._clock.now_ms()
        if self._rules_ms is None or now_ms - self._rules_ms >= _RULES_AGE_MS:
            listed = await api.listed(self._quote)
            # what closed is not listed any more, but may still be held
            closed = {name: {**entry, "status": "BREAK"} for name, entry in self._rules.items()}
            self._rules = closed | listed
            self._rules_ms = now_ms
        if self._wants_days and self._are_days_old():
            self._days |= {row["symbol"]: row for row in await api.days() if row["symbol"] in self._rules}
            self._days_ms = now_ms
        self._wants_days = False
        self._symbols = tuple(name for name in self._rules if name in self._days)
        # whatever else was asked for would fail every round
        self._followed &= set(self._symbols)
        return frozenset(self._followed)

    def _check(self, symbol: str) -> None:
        if symbol not in self.symbols:
            raise ValueError(f"unknown symbol {symbol!r} among the {len(self._symbols)} of {self._quote}")

    def _are_days_old(self) -> bool:
        return self._days_ms is None or self._clock.now_ms() - self._days_ms > DAYS_AGE_MS
