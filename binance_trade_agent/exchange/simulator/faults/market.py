"""The exchange's market as faults distort it: another time, other trading rules."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from binance_trade_agent.exchange.simulator.faults.rule import Symbol
from binance_trade_agent.exchange.simulator.market.base import Depth, Kline, Listener, Market, MarketTrade


class DistortedMarket:
    """Satisfies `Market` over another one; without distortions it is that one.

    Time is shifted for everything that the exchange stamps or checks. Candles and market streams keep the
    market's own time: a candle must close once, whatever the exchange believes.
    """

    def __init__(self, true: Market) -> None:
        self.true = true
        self.shift_ms = 0
        self.changes: list[Symbol] = []

    @property
    def symbols(self) -> tuple[str, ...]:
        """As the market has them."""
        return self.true.symbols

    @property
    def base_interval(self) -> str:
        """As the market has it."""
        return self.true.base_interval

    def now_ms(self) -> int:
        """Exchange time with the shift in force."""
        return self.true.now_ms() + self.shift_ms

    def rules(self, symbol: str) -> dict[str, Any]:
        """The symbol's exchangeInfo entry with the changes in force, later ones over earlier ones."""
        entry = self.true.rules(symbol)
        for changes in self.changes:
            if changes.symbol == symbol:
                entry = {**entry, **changes.entry, "filters": _changed(entry["filters"], changes.filters)}
        return entry

    def day(self, symbol: str) -> Mapping[str, Any] | None:
        """As the market has it."""
        return self.true.day(symbol)

    def klines(
        self, symbol: str, interval: str, *, start_ms: int | None, end_ms: int | None, limit: int
    ) -> list[Kline]:
        """As the market has them."""
        return self.true.klines(symbol, interval, start_ms=start_ms, end_ms=end_ms, limit=limit)

    def depth(self, symbol: str, limit: int) -> Depth:
        """As the market has it."""
        return self.true.depth(symbol, limit)

    def trades(self, symbol: str, limit: int) -> list[MarketTrade]:
        """As the market has them."""
        return self.true.trades(symbol, limit)

    def last_price(self, symbol: str) -> Decimal:
        """As the market has it."""
        return self.true.last_price(symbol)

    def advance(self) -> None:
        """Bring the market up to its own time."""
        self.true.advance()

    def subscribe(self, listener: Listener) -> None:
        """Hear the market's trades."""
        self.true.subscribe(listener)

    async def start(self) -> None:
        """Begin the market's background work."""
        await self.true.start()

    async def close(self) -> None:
        """End the market's background work."""
        await self.true.close()


def _changed(
    filters: list[dict[str, Any]], changes: Mapping[str, Mapping[str, Any] | None]
) -> list[dict[str, Any]]:
    kept = {each["filterType"]: each for each in filters}
    for name, values in changes.items():
        if values is None:
            kept.pop(name, None)
        else:
            kept[name] = {"filterType": name, **kept.get(name, {}), **values}
    return list(kept.values())
