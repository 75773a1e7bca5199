"""`ports.Exchange` over Binance Spot, by python-binance."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from binance_trade_agent.domain.errors import ExchangeError, Refused, Unavailable
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, DayFigures, Listing
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
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.exchange.binance.addresses import bypass_proxy
from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.candle_pages import candles_from, newest_candles
from binance_trade_agent.exchange.binance.client import ExchangeClient
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.errors import (
    MARKET_CLOSED,
    NO_SUCH_ORDER,
    RULES_MAY_HAVE_CHANGED,
    TIMESTAMP_REFUSED,
    UNKNOWN_SYMBOL,
    undecided,
)
from binance_trade_agent.exchange.binance.history import MAX_ROWS, read_since
from binance_trade_agent.exchange.binance.listings import listings_of
from binance_trade_agent.exchange.binance.mapping import (
    MALFORMED,
    account_of,
    book_top_of,
    candles_of,
    day_of,
    fill_of,
    order_of,
    rows_of,
    with_trades,
)
from binance_trade_agent.exchange.binance.network_time import NetworkTime
from binance_trade_agent.exchange.binance.order_answers import (
    check_cancelled,
    placed_list,
    placed_order,
    refused_replacement,
    replacement_of,
)
from binance_trade_agent.exchange.binance.order_requests import (
    cancel_request,
    list_request,
    order_request,
    replace_request,
)
from binance_trade_agent.exchange.binance.rules import RulesCache, rules_of, unknown_symbols
from binance_trade_agent.exchange.binance.user_stream import BinanceUserStream
from binance_trade_agent.exchange.binance.weight import WeightBudget
from binance_trade_agent.ports import Bans, Clock, WeightBook

Call = Callable[..., Awaitable[Any]]

#: Symbols in one request: their percent-encoded names must fit into the 8 KB of a request line.
_SYMBOLS_A_REQUEST = 200
#: Candles asked for beyond those wanted: the open one, and one that closed since we looked at the clock.
_SPARE_CANDLES = 2


class BinanceExchange:
    """One account at one Binance Spot address. See `ports.Exchange`; the session opens with the first call."""

    def __init__(self, config: BinanceConfig, clock: Clock, bans: Bans, weights: WeightBook) -> None:
        self._config = config
        self._clock = clock
        self._exchange_clock = ExchangeClock(clock, config.recv_window_ms)
        self._bans = BanGate(bans, clock)
        self._weight = WeightBudget(self._exchange_clock, clock, weights)
        self._network = NetworkTime(clock)
        self._rules = RulesCache(clock)
        self._rules_lock = asyncio.Lock()
        self._clock_lock = asyncio.Lock()
        self._failed_measurements = 0
        self._opened: ExchangeClient | None = None
        bypass_proxy(os.environ, config.rest_url, config.stream_url, config.ws_api_url)

    def user_stream(self) -> BinanceUserStream:
        """A stream of the account's events, which shares the exchange's clock and its bans."""
        return BinanceUserStream(self._config, self._exchange_clock, self._clock, self._bans)

    async def connect(self) -> None:
        """Measure the clock offset; raises `Unavailable` when the exchange cannot be reached."""
        self._exchange_clock.expire(self._clock.monotonic())
        await self._keep_time()

    def now(self) -> datetime:
        """Exchange time by the last measurement; this machine's time before the first."""
        return self._exchange_clock.now()

    def stamp(self) -> RequestStamp:
        """The timestamp and window the next order will be signed with."""
        return self._exchange_clock.stamp()

    async def rules(self, symbols: Sequence[str]) -> Mapping[str, SymbolRules]:
        """Trading rules, at most an hour old; raises `ConfigurationError` naming symbols the exchange does not know."""
        async with self._rules_lock:
            missing = self._rules.missing(symbols)
            for start in range(0, len(missing), _SYMBOLS_A_REQUEST):
                await self._read_rules(missing[start : start + _SYMBOLS_A_REQUEST])
        self._rules.check(symbols)
        return {symbol: self._rules.get(symbol) for symbol in symbols}

    async def candles(
        self, symbol: str, interval: CandleInterval, *, limit: int, since: datetime | None = None
    ) -> tuple[Candle, ...]:
        """Closed candles, rising: the latest `limit`, or those that open at or after `since` (at most `limit`).

        A candle is closed when the answer shows the next one: by the clock alone, one that runs
        ahead of the exchange's would take a candle that still moves for a closed one.
        """
        await self._keep_time()
        asked_at = self.now()

        async def page(query: dict[str, int]) -> tuple[Candle, ...]:
            rows = await self._read(self._client.get_klines, symbol=symbol, interval=interval.value, **query)
            with _understood("klines"):
                return candles_of(rows, interval)

        if since is None:
            candles = await newest_candles(page, limit + _SPARE_CANDLES)
        else:
            candles = await candles_from(page, limit + 1, since)
        closed = tuple(candle for candle in candles[:-1] if candle.close_time <= asked_at)
        return closed[-limit:] if since is None else closed[:limit]

    async def book_tops(self, symbols: Sequence[str]) -> Mapping[str, BookTop]:
        """Best bid and ask by symbol. A symbol nobody bids or asks for is absent."""
        tops: dict[str, BookTop] = {}
        wanted = list(dict.fromkeys(symbols))
        for start in range(0, len(wanted), _SYMBOLS_A_REQUEST):
            part = wanted[start : start + _SYMBOLS_A_REQUEST]
            # a single symbol costs weight 2, a list of any length 4
            query = {"symbol": part[0]} if len(part) == 1 else {"symbols": _json_list(part)}
            answer = await self._read(self._client.get_orderbook_ticker, **query)
            with _understood("ticker/bookTicker"):
                rows = [answer] if len(part) == 1 else rows_of(answer)
                read = {top.symbol: top for top in map(book_top_of, rows)}
                tops |= {symbol: read[symbol] for symbol in part}
        return {symbol: top for symbol, top in tops.items() if top.bid > 0 and top.ask > 0}

    async def day(self, symbol: str) -> DayFigures:
        """The symbol's last 24 hours (weight 2)."""
        answer = await self._read(self._client.get_ticker, symbol=symbol)
        with _understood("ticker/24hr"):
            return day_of(answer)

    async def listings(self) -> tuple[Listing, ...]:
        """Every symbol open for spot trading, with its last 24 hours and present prices."""
        # the names of account groups, which most of an answer consists of, are of no use here
        info = await self._read(self._exchange_info, symbolStatus="TRADING", showPermissionSets="false")
        with _understood("exchangeInfo"):
            symbols = rows_of(info["symbols"])
        days = await self._read(self._client.get_ticker)
        with _understood("ticker/24hr"):
            return listings_of(symbols, rows_of(days))

    async def account(self) -> AccountSnapshot:
        """Every asset the exchange lists; observed when it was asked for."""
        await self._keep_time()
        asked_at = self.now()
        answer = await self._read(self._client.get_account)
        with _understood("account"):
            return account_of(answer, asked_at)

    async def place(self, intent: OrderIntent) -> ExchangeOrder:
        """Send the order once; see `ports.Exchange.place`."""
        answer = await self._write(self._client.create_order, intent.symbol, order_request(intent))
        with _understood("order", writes=True):
            return placed_order(answer, intent)

    async def place_list(self, order_list: OrderListIntent) -> tuple[ExchangeOrder, ...]:
        """Send an OCO once; its legs as placed, stop first. See `ports.Exchange.place_list`."""
        request = list_request(order_list)
        answer = await self._write(self._client.create_oco_order, order_list.symbol, request)
        with _understood("orderList/oco", writes=True):
            return placed_list(answer, order_list)

    async def cancel(self, cancel: CancelIntent) -> None:
        """Cancel once an order, or the list it is a leg of; see `ports.Exchange.cancel`."""
        request = cancel_request(cancel)
        in_list = cancel.client_list_id is not None
        call = self._client.v3_delete_order_list if in_list else self._client.cancel_order
        answer = await self._write(call, cancel.symbol, request)
        with _understood("cancel", writes=True):
            check_cancelled(answer, cancel)

    async def replace(self, cancel: CancelIntent, intent: OrderIntent) -> Replacement:
        """Cancel an order and place another, in one request; see `ports.Exchange.replace`."""
        request = replace_request(cancel, intent)
        try:
            answer = await self._write(self._client.cancel_replace_order, intent.symbol, request)
        except Refused as refusal:
            return refused_replacement(refusal)
        with _understood("order/cancelReplace", writes=True):
            return replacement_of(answer, intent)

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        """The order with its fills as far as known; None only where the exchange says it has none (-2013).

        `Refused` -2026 says that it ended with nothing executed and has been archived.
        """
        try:
            answer = await self._read(
                self._client.get_order, symbol=symbol, origClientOrderId=client_order_id
            )
        except Refused as refusal:
            if refusal.code == NO_SUCH_ORDER:
                return None
            raise
        with _understood("order"):
            order = order_of(answer)
            if order.client_order_id != client_order_id:
                raise ValueError(f"the answer is about another order: {order.client_order_id}")
        if not order.executed:
            return order
        rows = await self._trades_of(order)
        with _understood("myTrades"):
            return with_trades(order, rows)

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]:
        """All orders of the account in `symbol` since then, without fills."""
        rows = await self._history(self._client.get_all_orders, symbol, since)
        with _understood("allOrders"):
            return tuple(map(order_of, rows))

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        """All trades of the account in `symbol` since then."""
        rows = await self._history(self._client.get_my_trades, symbol, since)
        with _understood("myTrades"):
            return tuple(map(fill_of, rows))

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        """The account's open orders in one symbol (weight 6) or in all (weight 80), without fills."""
        rows = await self._read(self._client.get_open_orders, symbol=symbol)
        with _understood("openOrders"):
            return tuple(map(order_of, rows_of(rows)))

    @property
    def waited_s(self) -> float:
        """Seconds with at least one request in flight."""
        return self._network.waited_s

    @property
    def used_weight(self) -> int:
        """Request weight used in this minute of exchange time, by the exchange's own count; the lost answers' by ours."""
        return self._weight.used

    async def close(self) -> None:
        """Close the connections; the exchange cannot be used afterwards."""
        if self._opened is not None:
            await self._opened.close_connection()

    @property
    def _client(self) -> ExchangeClient:
        # the library can only be built inside a running event loop
        if self._opened is None:
            self._opened = ExchangeClient(
                self._config, self._exchange_clock, self._bans, self._weight, self._network
            )
        return self._opened

    async def _keep_time(self) -> None:
        """Measure the clock if its last measurement is too old; whoever waits meanwhile shares the outcome."""
        failures = self._failed_measurements
        async with self._clock_lock:
            if not self._exchange_clock.is_due:
                return
            if self._failed_measurements > failures:
                raise Unavailable("the exchange's clock could not be read a moment ago")
            try:
                answer = await self._client.get_server_time()
                with _understood("time"):
                    self._exchange_clock.measured(int(answer["serverTime"]))
            except ExchangeError:
                self._failed_measurements += 1
                raise

    async def _read(self, call: Call, **params: object) -> Any:
        """The answer to a read; repeated once after measuring the clock when its timestamp was refused."""
        await self._keep_time()
        asked_at = self._clock.monotonic()
        try:
            return await call(**params)
        except Refused as refusal:
            if refusal.code != TIMESTAMP_REFUSED:
                raise
        self._exchange_clock.expire(asked_at)
        await self._keep_time()
        return await call(**params)

    async def _write(self, call: Call, symbol: str, request: Mapping[str, str]) -> Any:
        """The answer to an order, a list or a cancel: sent once, whatever comes of it."""
        try:
            return await call(**request)
        except Refused as refusal:
            await self._learn_from(refusal, symbol)
            raise

    async def _learn_from(self, refusal: Refused, symbol: str) -> None:
        """Renew what a refused order shows to be out of date."""
        if refusal.code == TIMESTAMP_REFUSED:
            # if it cannot be measured now, the next read does it
            with suppress(ExchangeError):
                await self.connect()
        if refusal.code in RULES_MAY_HAVE_CHANGED or MARKET_CLOSED in refusal.message:
            self._rules.forget(symbol)

    async def _read_rules(self, symbols: list[str]) -> None:
        try:
            answer = await self._read(self._exchange_info, symbols=_json_list(symbols))
        except Refused as refusal:
            if refusal.code not in UNKNOWN_SYMBOL:
                raise
            # the refusal does not say which symbol it is about
            answer = await self._read(self._exchange_info)
        with _understood("exchangeInfo"):
            rows = {row["symbol"]: row for row in answer["symbols"]}
            self._weight.learn_limit(answer.get("rateLimits", ()))
        with _understood("exchangeInfo"):
            self._rules.store(rules_of(rows[symbol]) for symbol in symbols if symbol in rows)
        self._rules.store_unknown(unknown_symbols(symbols, list(rows)))

    async def _exchange_info(self, **params: object) -> Any:
        # the library's get_exchange_info takes no filter, and all symbols together are megabytes
        return await self._client._get("exchangeInfo", data=params)

    async def _trades_of(self, order: ExchangeOrder) -> list[Any]:
        """All trades of one order: by order id it costs weight 5, and there may be more than a page."""
        rows: list[Any] = []
        query: dict[str, object] = {
            "symbol": order.symbol,
            "orderId": order.exchange_order_id,
            "limit": MAX_ROWS,
        }
        while True:
            page = await self._read(self._client.get_my_trades, **query)
            with _understood("myTrades"):
                rows += rows_of(page)
                if len(page) < MAX_ROWS:
                    return rows
                query["fromId"] = int(page[-1]["id"]) + 1

    async def _history(self, call: Call, symbol: str, since: datetime) -> list[Any]:
        await self._keep_time()

        async def read(start_ms: int | None, end_ms: int | None) -> Sequence[Any]:
            rows = await self._read(call, symbol=symbol, startTime=start_ms, endTime=end_ms, limit=MAX_ROWS)
            with _understood("history"):
                return rows_of(rows)

        with _understood("history"):
            return await read_since(since, self.now(), read)


@contextmanager
def _understood(what: str, *, writes: bool = False) -> Iterator[None]:
    """Turn an answer that cannot be read into the error of a request without a clear answer."""
    try:
        yield
    except MALFORMED as error:
        raise undecided(writes, f"{what}: unreadable answer: {type(error).__name__}: {error}") from error


def _json_list(symbols: Sequence[str]) -> str:
    return json.dumps(list(symbols), separators=(",", ":"))
