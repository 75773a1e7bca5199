"""Binance's public market data over REST: seven requests, their weights, and how they fail.

Weights and paths: Binance Spot REST documentation, 2026. Trades are read as aggTrades
(weight 4), because `trades` costs 25.
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import aiohttp

from binance_trade_agent.exchange.simulator.market.base import Depth, Kline, Level, MarketTrade

T = TypeVar("T")

DEPTH_WEIGHT = 5
TRADES_WEIGHT = 4
KLINES_WEIGHT = 2

PAGE = 1000

# Binance counts up to 6,000 a minute per address; the rest is left to others behind it.
_WEIGHT_LIMIT = 5000
#: Statuses that demand silence (429, 418, and 403 of the web firewall): seconds where no Retry-After names them.
_SILENCE_S = {403: 300, 418: 120, 429: 60}
_CONNECTIONS = 8


class PublicApiError(Exception):
    """A public request failed or its answer made no sense; the text says which and why."""


class PublicApiThrottled(PublicApiError):
    """No request may be sent for `retry_after_s` seconds (429, 418, or the minute's weight is used up)."""

    def __init__(self, reason: str, retry_after_s: int) -> None:
        super().__init__(f"{reason}, retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s


class PublicApi:
    """Reads from one base address, such as `https://api.binance.com`; close it after use.

    Every method raises `PublicApiThrottled` or `PublicApiError`.
    """

    def __init__(self, base_url: str, timeout_s: int = 10) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        )
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._silent_until = 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def server_time_ms(self) -> int:
        """The exchange's time."""
        body = await self._get("time", {})
        return _read("time", lambda: int(body["serverTime"]))

    async def exchange_info(self, symbols: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """The exchangeInfo entry of each symbol, untouched."""
        body = await self._get("exchangeInfo", {"symbols": json.dumps(symbols, separators=(",", ":"))})
        return _read("exchangeInfo", lambda: {entry["symbol"]: entry for entry in body["symbols"]})

    async def listed(self, quote: str) -> dict[str, dict[str, Any]]:
        """The exchangeInfo entry of each symbol of `quote` that is open for trading (weight 20)."""
        # without the permission sets the answer is a fraction as large
        body = await self._get("exchangeInfo", {"symbolStatus": "TRADING", "showPermissionSets": "false"})
        return _read(
            "exchangeInfo",
            lambda: {
                entry["symbol"]: entry
                for entry in body["symbols"]
                if entry["quoteAsset"] == quote and entry["status"] == "TRADING"
            },
        )

    async def days(self) -> list[dict[str, Any]]:
        """The 24 hour ticker of every symbol, untouched (weight 80)."""
        body = await self._get("ticker/24hr", {})
        return _read("ticker/24hr", lambda: [row for row in body if row["symbol"]])

    async def depth(self, symbol: str) -> Depth:
        """The best 100 levels a side."""
        body = await self._get("depth", {"symbol": symbol, "limit": "100"})
        return _read(
            "depth",
            lambda: Depth(int(body["lastUpdateId"]), _levels(body["bids"]), _levels(body["asks"])),
        )

    async def klines(
        self, symbol: str, interval: str, *, start_ms: int | None = None, end_ms: int | None = None
    ) -> list[Kline]:
        """Up to 1,000 candles, rising."""
        query = {"symbol": symbol, "interval": interval, "limit": str(PAGE)}
        if start_ms is not None:
            query["startTime"] = str(start_ms)
        if end_ms is not None:
            query["endTime"] = str(end_ms)
        body = await self._get("klines", query)
        return _read("klines", lambda: [_kline(row) for row in body])

    async def trades(self, symbol: str, from_id: int | None) -> list[MarketTrade]:
        """Up to 1,000 aggregated trades, rising: the latest, or those from `from_id` on."""
        query = {"symbol": symbol, "limit": str(PAGE)}
        if from_id is not None:
            query["fromId"] = str(from_id)
        body = await self._get("aggTrades", query)
        return _read("aggTrades", lambda: [_trade(symbol, entry) for entry in body])

    async def _get(self, route: str, query: Mapping[str, str]) -> Any:
        async with self._slots:
            # what has waited for a connection must not go out into a ban that came meanwhile
            left_s = self._silent_until - asyncio.get_running_loop().time()
            if left_s > 0:
                raise PublicApiThrottled(
                    f"{route}: not asked, the exchange demands silence", math.ceil(left_s)
                )
            try:
                return await self._ask(route, query)
            except PublicApiThrottled as demand:
                self._silent_until = asyncio.get_running_loop().time() + demand.retry_after_s
                raise

    async def _ask(self, route: str, query: Mapping[str, str]) -> Any:
        url = f"{self._base_url}/api/v3/{route}"
        try:
            async with self._session.get(url, params=query) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise PublicApiError(f"{route}: {type(error).__name__} {error}".rstrip()) from error
        if response.status in _SILENCE_S:
            wait_s = _whole(response.headers.get("Retry-After"), _SILENCE_S[response.status])
            raise PublicApiThrottled(f"{route}: HTTP {response.status}", max(1, wait_s))
        if response.status != 200:
            raise PublicApiError(f"{route}: HTTP {response.status} {text[:200]}")
        used = _whole(response.headers.get("X-MBX-USED-WEIGHT-1M"), 0)
        if used > _WEIGHT_LIMIT:
            raise PublicApiThrottled(f"{route}: {used} of the minute's weight is used", 60)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise PublicApiError(f"{route}: not JSON: {text[:100]!r}") from error


def _read(route: str, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise PublicApiError(f"{route}: unexpected answer, {type(error).__name__} {error}") from error


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _levels(rows: list[list[str]]) -> tuple[Level, ...]:
    return tuple(Level(Decimal(price), Decimal(quantity)) for price, quantity in rows)


def _kline(row: list[Any]) -> Kline:
    return Kline(
        open_ms=int(row[0]),
        close_ms=int(row[6]),
        open=Decimal(row[1]),
        high=Decimal(row[2]),
        low=Decimal(row[3]),
        close=Decimal(row[4]),
        volume=Decimal(row[5]),
        quote_volume=Decimal(row[7]),
        trades=int(row[8]),
        taker_buy_base=Decimal(row[9]),
        taker_buy_quote=Decimal(row[10]),
    )


def _trade(symbol: str, entry: Mapping[str, Any]) -> MarketTrade:
    return MarketTrade(
        trade_id=int(entry["a"]),
        symbol=symbol,
        price=Decimal(entry["p"]),
        quantity=Decimal(entry["q"]),
        time_ms=int(entry["T"]),
        buyer_is_maker=bool(entry["m"]),
    )
