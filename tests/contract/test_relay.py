"""The relay against a small exchange on loopback: caches, age, throttling, trades, clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.market.clock import SteppedClock
from binance_trade_agent.exchange.simulator.market.relay import RelayMarket

NOW = 1_790_000_030_000
MINUTE = 60_000
OPEN_MINUTE = NOW // MINUTE * MINUTE
LISTED = OPEN_MINUTE - 7000 * MINUTE


class SmallExchange:
    """Serves five public routes from what it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.symbols = ["BTCUSDT", "ETHUSDT"]
        self.offset_ms = 2500
        self.last_minute = OPEN_MINUTE
        self.last_trade = 5000
        self.refusal: tuple[int, dict[str, str], str] | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v3/{route}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        route, query = request.match_info["route"], dict(request.query)
        self.asked.append((route, query))
        if self.refusal is not None:
            status, headers, body = self.refusal
            return web.Response(status=status, headers=headers, text=body)
        handlers: dict[str, Callable[[dict[str, str]], Any]] = {
            "time": lambda query: {"serverTime": NOW + self.offset_ms},
            "exchangeInfo": self.exchange_info,
            "depth": self.depth,
            "klines": self.klines,
            "aggTrades": self.trades,
        }
        return web.json_response(handlers[route](query), headers={"X-MBX-USED-WEIGHT-1M": "17"})

    def exchange_info(self, query: dict[str, str]) -> Any:
        assert json.loads(query["symbols"]) == self.symbols
        return {
            "symbols": [{"symbol": name, "status": "TRADING", "filters": [], "x": 1} for name in self.symbols]
        }

    def depth(self, query: dict[str, str]) -> Any:
        return {
            "lastUpdateId": 77,
            "bids": [[f"{100 - n}.00", "1.50"] for n in range(int(query["limit"]))],
            "asks": [[f"{101 + n}.00", "2.50"] for n in range(int(query["limit"]))],
        }

    def klines(self, query: dict[str, str]) -> Any:
        length = {"1m": MINUTE, "5m": 5 * MINUTE}[query["interval"]]
        limit = int(query["limit"])
        last = min(self.last_minute, int(query.get("endTime", NOW * 2))) // length * length
        first = last - (limit - 1) * length
        if "startTime" in query:
            first = -(-int(query["startTime"]) // length) * length
        opens = range(max(first, LISTED), last + 1, length)[:limit]
        return [
            [at, "1.0", "2.0", "0.5", str(price_at(at)), "9.0", at + length - 1, "18.0", 4, "3.0", "6.0", "0"]
            for at in opens
        ]

    def trades(self, query: dict[str, str]) -> Any:
        limit = int(query["limit"])
        first = int(query.get("fromId", self.last_trade - limit + 1))
        return [
            {
                "a": number,
                "p": "100.5",
                "q": "0.1",
                "f": 1,
                "l": 2,
                "T": NOW + number,
                "m": number % 2 == 0,
                "M": True,
            }
            for number in range(first, min(first + limit, self.last_trade + 1))
        ]


def price_at(open_ms: int) -> Decimal:
    return Decimal(open_ms // MINUTE % 1000) / 10 + 1


@asynccontextmanager
async def relaying(
    exchange: SmallExchange, **settings: Any
) -> AsyncIterator[tuple[RelayMarket, SteppedClock]]:
    clock = SteppedClock(NOW)
    async with TestServer(exchange.app()) as server:
        settings = {"weight_a_minute": 10**6, "shortest_round_s": Decimal("0.01"), **settings}
        market = RelayMarket(
            tuple(exchange.symbols), base_url=str(server.make_url("/")), clock=clock, **settings
        )
        await market.start()
        try:
            yield market, clock
        finally:
            await market.close()


async def eventually(read: Callable[[], Any]) -> Any:
    """What `read` returns once it neither fails nor returns something false."""
    problem: Exception | None = None
    async with asyncio.timeout(60):
        while True:
            try:
                if value := read():
                    return value
            except (MarketUnavailable, AssertionError) as error:
                problem = error
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                raise AssertionError(f"never true; last problem: {problem}") from problem


def latest(
    market: RelayMarket, limit: int = 500, interval: str = "1m", end_ms: int | None = None
) -> list[Any]:
    return market.klines("BTCUSDT", interval, start_ms=None, end_ms=end_ms, limit=limit)


async def ready(market: RelayMarket) -> None:
    for symbol in market.symbols:
        await eventually(lambda symbol=symbol: market.trades(symbol, 1))


async def test_everything_is_passed_on():
    exchange = SmallExchange()
    async with relaying(exchange) as (market, _):
        await ready(market)
        assert market.rules("ETHUSDT") == {"symbol": "ETHUSDT", "status": "TRADING", "filters": [], "x": 1}
        klines = latest(market)
        assert [kline.open_ms for kline in klines] == [OPEN_MINUTE - n * MINUTE for n in range(499, -1, -1)]
        assert klines[-1].close == price_at(OPEN_MINUTE) == market.last_price("BTCUSDT")
        assert (klines[0].high, klines[0].low, klines[0].volume) == (2, Decimal("0.5"), 9)
        assert (klines[0].quote_volume, klines[0].trades) == (18, 4)
        assert (klines[0].taker_buy_base, klines[0].taker_buy_quote) == (3, 6)
        depth = market.depth("BTCUSDT", 3)
        assert depth.last_update_id == 77
        assert [level.price for level in depth.bids] == [100, 99, 98]
        assert [level.quantity for level in depth.asks] == [Decimal("2.50")] * 3
        trades = market.trades("BTCUSDT", 2)
        assert [(trade.trade_id, trade.buyer_is_maker) for trade in trades] == [(4999, False), (5000, True)]


async def test_time_is_the_exchanges():
    exchange = SmallExchange()
    async with relaying(exchange) as (market, clock):
        await ready(market)
        assert market.now_ms() == NOW + 2500
        clock.move_to(NOW + 1000)
        assert market.now_ms() == NOW + 3500


async def test_nothing_is_said_before_something_was_read():
    exchange = SmallExchange()
    exchange.refusal = (500, {}, "broken")
    async with relaying(exchange) as (market, _):
        for read in (
            lambda: market.rules("BTCUSDT"),
            lambda: latest(market),
            lambda: market.depth("BTCUSDT", 5),
            lambda: market.trades("BTCUSDT", 5),
            lambda: market.last_price("BTCUSDT"),
        ):
            with pytest.raises(MarketUnavailable):
                read()
        await eventually(lambda: "HTTP 500 broken" in refused(market))
        exchange.refusal = None
        await ready(market)


def refused(market: RelayMarket) -> str:
    with pytest.raises(MarketUnavailable) as caught:
        market.depth("BTCUSDT", 5)
    return str(caught.value)


async def test_a_candle_that_closed_since_it_was_read_waits_for_its_end() -> None:
    exchange = SmallExchange()
    async with relaying(exchange) as (market, clock):
        assert (await eventually(lambda: latest(market)))[-1].open_ms == OPEN_MINUTE
        exchange.refusal = (503, {}, "down")
        asked = len(exchange.asked)
        await eventually(lambda: len(exchange.asked) > asked + 1)
        clock.move_to(OPEN_MINUTE + MINUTE)
        assert [candle.open_ms for candle in latest(market, 2)] == [
            OPEN_MINUTE - 2 * MINUTE,
            OPEN_MINUTE - MINUTE,
        ]
        assert market.klines("BTCUSDT", "1m", start_ms=OPEN_MINUTE, end_ms=None, limit=5) == []
        exchange.refusal = None
        exchange.last_minute += MINUTE
        newest = await eventually(lambda: [at for at in latest(market, 2) if at.open_ms > OPEN_MINUTE])
        assert newest[0].open_ms == exchange.last_minute
        assert [candle.open_ms for candle in latest(market, 2)] == [OPEN_MINUTE, exchange.last_minute]


async def test_the_end_of_a_minute_is_not_waited_out() -> None:
    exchange = SmallExchange()
    exchange.offset_ms = OPEN_MINUTE + MINUTE - 20 - NOW
    async with relaying(exchange, shortest_round_s=Decimal(600)) as (market, _):
        await ready(market)
        asked = len(exchange.asked)
        await eventually(lambda: len(exchange.asked) > asked + 6)


async def test_a_machine_ahead_of_the_exchange_takes_over_its_time_at_once() -> None:
    exchange = SmallExchange()
    exchange.offset_ms = -3_600_000
    async with relaying(exchange) as (market, clock):
        assert market.now_ms() == NOW
        assert await eventually(lambda: market.depth("BTCUSDT", 1))
        assert market.now_ms() == NOW - 3_600_000
        clock.move_to(NOW + 1000)
        assert market.now_ms() == NOW - 3_599_000


async def test_old_answers_are_refused_and_say_why():
    exchange = SmallExchange()
    async with relaying(exchange, max_age_s=15) as (market, clock):
        await ready(market)
        exchange.refusal = (200, {}, "<html>")
        asked = len(exchange.asked)
        await eventually(lambda: len(exchange.asked) > asked + 1)
        clock.move_to(NOW + 15_000)
        assert market.depth("BTCUSDT", 1)
        clock.move_to(NOW + 15_001)
        assert await eventually(lambda: "not JSON" in refused(market))
        assert "15 s old" in refused(market)
        with pytest.raises(MarketUnavailable, match="1m candles of BTCUSDT are 15 s old"):
            latest(market)
        assert market.rules("BTCUSDT")
        exchange.refusal = None
        await eventually(lambda: market.depth("BTCUSDT", 1))


@pytest.mark.parametrize("status", [418, 429])
async def test_throttled_means_silence_for_as_long_as_told(status):
    exchange = SmallExchange()
    exchange.refusal = (status, {"Retry-After": "3600"}, "{}")
    async with relaying(exchange) as (market, _):
        await eventually(lambda: f"HTTP {status}, retry after 3600 s" in refused(market))
        exchange.refusal = None
        with pytest.raises(MarketUnavailable):
            market.klines("BTCUSDT", "5m", start_ms=None, end_ms=None, limit=5)
        for _ in range(100):
            await asyncio.sleep(0)
        assert [route for route, _ in exchange.asked] == ["time"]


@pytest.mark.parametrize(("status", "headers", "wait_s"), [(429, {"Retry-After": "17"}, 17), (403, {}, 300)])
async def test_the_other_symbols_of_a_round_are_not_asked_for_into_a_ban(status, headers, wait_s):
    refusal = {403: web.HTTPForbidden, 429: web.HTTPTooManyRequests}[status]
    exchange = SmallExchange()
    exchange.symbols = ["BTCUSDT", *(f"C{number}USDT" for number in range(60))]

    def refuse(_: dict[str, str]) -> Any:
        raise refusal(headers=headers)

    exchange.klines = refuse
    async with relaying(exchange) as (market, _):
        await eventually(lambda: f"retry after {wait_s} s" in refused(market))
        assert len([route for route, _ in exchange.asked if route == "klines"]) <= 8


@pytest.mark.parametrize("body", ["[" * 100_000, '{"serverTime": Infinity}', "[]", "null", "{}"])
async def test_senseless_answers_do_not_end_the_polling(body):
    exchange = SmallExchange()
    exchange.refusal = (200, {}, body)
    async with relaying(exchange) as (market, _):
        await eventually(lambda: "time: " in refused(market))
        exchange.refusal = None
        await ready(market)


async def test_what_ends_the_polling_ends_the_market():
    class Broken(RelayMarket):
        async def _round(self, api):
            raise RuntimeError("a bug")

    market = Broken(("BTCUSDT",), base_url="http://127.0.0.1:1", clock=SteppedClock(NOW))
    await market.start()

    with pytest.raises(RuntimeError, match="a bug"):
        await eventually(lambda: market.advance() or False)
    await market.close()


async def test_requests_begin_again_after_retry_after():
    exchange = SmallExchange()
    exchange.refusal = (429, {"Retry-After": "1"}, "{}")
    async with relaying(exchange) as (market, _):
        await eventually(lambda: "retry after 1 s" in refused(market))
        exchange.refusal = None
        await ready(market)


async def test_used_up_weight_stops_requests():
    exchange = SmallExchange()
    exchange.refusal = (200, {"X-MBX-USED-WEIGHT-1M": "5001"}, "{}")
    async with relaying(exchange) as (market, _):
        await eventually(lambda: "5001 of the minute's weight is used" in refused(market))
        assert len(exchange.asked) == 1


async def test_new_candles_and_trades_come_in():
    exchange = SmallExchange()
    async with relaying(exchange) as (market, _):
        told = []
        market.subscribe(lambda symbol, trades: told.append((symbol, [trade.trade_id for trade in trades])))
        await ready(market)
        market.advance()
        assert told == []
        exchange.last_trade += 3
        exchange.last_minute += 2 * MINUTE
        await eventually(lambda: latest(market, 1)[0].open_ms == OPEN_MINUTE + 2 * MINUTE)
        for symbol in market.symbols:
            await eventually(lambda symbol=symbol: market.trades(symbol, 1)[0].trade_id == 5003)
        market.advance()
        assert sorted(told) == [("BTCUSDT", [5001, 5002, 5003]), ("ETHUSDT", [5001, 5002, 5003])]
        market.advance()
        assert len(told) == 2
        opens = [kline.open_ms for kline in latest(market, 5)]
        assert opens == [OPEN_MINUTE + n * MINUTE for n in range(-2, 3)]


async def test_another_interval_is_fetched_once_asked_for():
    exchange = SmallExchange()
    async with relaying(exchange, shortest_round_s=Decimal(60)) as (market, _):
        await ready(market)
        with pytest.raises(MarketUnavailable, match="no 5m candles of BTCUSDT yet"):
            latest(market, interval="5m")
        klines = await eventually(lambda: latest(market, 10, interval="5m"))
        assert klines[-1].open_ms == OPEN_MINUTE // (5 * MINUTE) * 5 * MINUTE
        assert len(klines) == 10


async def test_earlier_candles_are_fetched_once_asked_for():
    exchange = SmallExchange()
    start = OPEN_MINUTE - 2500 * MINUTE

    async with relaying(exchange) as (market, _):

        def from_start() -> list[Any]:
            return market.klines("BTCUSDT", "1m", start_ms=start, end_ms=None, limit=1000)

        await ready(market)
        with pytest.raises(MarketUnavailable, match="being fetched, ask again"):
            from_start()
        klines = await eventually(from_start)
        assert [kline.open_ms for kline in klines] == [start + n * MINUTE for n in range(1000)]
        held = latest(market, 5000)
        assert [kline.open_ms for kline in held] == [held[0].open_ms + n * MINUTE for n in range(len(held))]


async def test_candles_beyond_what_is_kept_are_refused_for_good():
    exchange = SmallExchange()
    async with relaying(exchange) as (market, _):
        await ready(market)

        def reason() -> str:
            with pytest.raises(MarketUnavailable) as caught:
                market.klines("BTCUSDT", "1m", start_ms=LISTED, end_ms=None, limit=10)
            return str(caught.value)

        await eventually(lambda: "only the latest 5000 1m candles" in reason())
        assert len(latest(market, 9000)) == 5000


async def test_round_stays_within_the_weight_budget():
    exchange = SmallExchange()
    async with relaying(exchange, weight_a_minute=220, shortest_round_s=Decimal(1)) as (market, _):
        assert market.round_s == 6  # (5 + 4 + 2) for each of two symbols, ten rounds a minute
    with pytest.raises(ValueError, match="each named once"):
        RelayMarket((), base_url="http://127.0.0.1:1", clock=SteppedClock(0))


async def test_unreachable_exchange_does_not_keep_it_from_starting():
    market = RelayMarket(("BTCUSDT",), base_url="http://127.0.0.1:1", clock=SteppedClock(NOW))
    await market.start()
    try:
        await eventually(lambda: "ClientConnectorError" in refused(market))
        with pytest.raises(ValueError, match="unknown symbol"):
            market.depth("XRPUSDT", 1)
    finally:
        await market.close()
