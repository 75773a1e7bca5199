"""The relay of a whole quote currency: what is listed, what is followed, and what is asked for."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from binance_trade_agent.bootstrap.symbols import resolve_symbols
from binance_trade_agent.domain.errors import ConfigurationError, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.symbol_selection import parse
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.market.clock import SteppedClock
from binance_trade_agent.exchange.simulator.market.generated import SteppedGeneratedMarket
from binance_trade_agent.exchange.simulator.market.relay import RelayMarket
from binance_trade_agent.exchange.simulator.server import AccountSpec, SimulatorServer
from tests.contract.test_relay import NOW, SmallExchange, eventually
from tests.contract.test_simulator_sources import BTC, ETH, buying, simulating
from tests.contract.test_simulator_sources import eventually as eventually_read

HOUR_MS = 3_600_000


class WholeExchange(SmallExchange):
    """A small exchange that lists more than it is asked about, in several quote currencies."""

    def __init__(self) -> None:
        super().__init__()
        self.listed = ["BTCUSDT", "ETHUSDT", "ETHBTC", "XRPUSDT"]
        self.without_day = {"XRPUSDT"}
        self.volume = 1000

    async def answer(self, request: web.Request) -> web.Response:
        if request.match_info["route"] == "ticker/24hr" and self.refusal is None:
            self.asked.append(("ticker/24hr", dict(request.query)))
            return web.json_response([self.day(name) for name in self.listed if name not in self.without_day])
        return await super().answer(request)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v3/{route:.+}", self.answer)
        return app

    def exchange_info(self, query: dict[str, str]) -> Any:
        assert query == {"symbolStatus": "TRADING", "showPermissionSets": "false"}
        quotes = {name: "BTC" if name.endswith("BTC") else "USDT" for name in self.listed}
        rows = [{"symbol": name, "status": "TRADING", "quoteAsset": quotes[name]} for name in self.listed]
        return {"symbols": rows}

    def day(self, symbol: str) -> dict[str, str]:
        return {"symbol": symbol, "lastPrice": "100.5", "quoteVolume": str(self.volume)}

    def count(self, route: str) -> int:
        return sum(asked == route for asked, _ in self.asked)


@asynccontextmanager
async def relaying(exchange: WholeExchange) -> AsyncIterator[tuple[RelayMarket, SteppedClock]]:
    clock = SteppedClock(NOW)
    async with TestServer(exchange.app()) as server:
        market = RelayMarket(
            (),
            base_url=str(server.make_url("/")),
            clock=clock,
            weight_a_minute=10**6,
            shortest_round_s=Decimal("0.01"),
            quote="USDT",
        )
        await market.start()
        try:
            yield market, clock
        finally:
            await market.close()


async def test_what_is_listed_in_the_quote_currency_can_be_traded() -> None:
    async with relaying(WholeExchange()) as (market, _):
        with pytest.raises(MarketUnavailable, match="the symbols of USDT were not read yet"):
            assert market.symbols
        assert await eventually(lambda: market.symbols) == ("BTCUSDT", "ETHUSDT")
        assert market.rules("ETHUSDT")["status"] == "TRADING"
        assert market.day("BTCUSDT") == {"symbol": "BTCUSDT", "lastPrice": "100.5", "quoteVolume": "1000"}
        for unknown in ("ETHBTC", "XRPUSDT", "NOPEUSDT"):
            for read in (market.rules, market.day, market.last_price):
                with pytest.raises(ValueError, match="unknown symbol"):
                    read(unknown)


async def test_only_what_was_asked_about_is_followed() -> None:
    exchange = WholeExchange()
    async with relaying(exchange) as (market, _):
        await eventually(lambda: market.symbols)
        with pytest.raises(MarketUnavailable, match="the market of ETHUSDT is being fetched, ask again"):
            market.last_price("ETHUSDT")
        assert await eventually(lambda: market.depth("ETHUSDT", 1))
        assert await eventually(lambda: market.trades("ETHUSDT", 1))
        polled = {
            query["symbol"] for route, query in exchange.asked if route in ("klines", "depth", "aggTrades")
        }
        assert polled == {"ETHUSDT"}


async def test_what_is_asked_about_before_anything_was_read_is_followed_if_it_is_listed() -> None:
    exchange = WholeExchange()
    async with relaying(exchange) as (market, _):
        for symbol in ("BTCUSDT", "NOPEUSDT"):
            with pytest.raises(MarketUnavailable):
                market.last_price(symbol)
        await eventually(lambda: exchange.count("depth") > 0)
        assert all(query.get("symbol") != "NOPEUSDT" for _, query in exchange.asked)


async def test_old_tickers_are_read_again_once_somebody_asks() -> None:
    exchange = WholeExchange()
    async with relaying(exchange) as (market, clock):
        await eventually(lambda: market.symbols)
        exchange.volume = 2000
        clock.move_to(NOW + 60_000)
        assert market.day("BTCUSDT") == exchange.day("BTCUSDT") | {"quoteVolume": "1000"}
        clock.move_to(NOW + 60_001)
        times = exchange.count("time")
        await eventually(lambda: exchange.count("time") > times)
        assert exchange.count("ticker/24hr") == 1
        with pytest.raises(MarketUnavailable, match="tickers are being fetched, ask again"):
            market.day("BTCUSDT")
        assert (await eventually(lambda: market.day("BTCUSDT")))["quoteVolume"] == "2000"
        assert exchange.count("ticker/24hr") == 2


async def test_what_closes_stays_known_and_what_opens_becomes_known() -> None:
    exchange = WholeExchange()
    async with relaying(exchange) as (market, clock):
        await eventually(lambda: market.symbols)
        exchange.listed = ["ETHUSDT", "XRPUSDT"]
        exchange.without_day = set()
        clock.move_to(NOW + HOUR_MS)
        await eventually(lambda: exchange.count("exchangeInfo") == 2)
        await eventually(lambda: market.rules("BTCUSDT")["status"] == "BREAK")
        assert market.rules("ETHUSDT")["status"] == "TRADING"
        assert await eventually(lambda: market.day("ETHUSDT"))
        assert "XRPUSDT" in await eventually(lambda: market.symbols)


async def test_the_reason_is_told_as_long_as_nothing_is_known() -> None:
    exchange = WholeExchange()
    exchange.refusal = (500, {}, "broken")
    async with relaying(exchange) as (market, _):

        def reason() -> str:
            with pytest.raises(MarketUnavailable) as caught:
                market.day("BTCUSDT")
            return str(caught.value)

        await eventually(lambda: "HTTP 500 broken" in reason())
        exchange.refusal = None
        assert await eventually(lambda: market.symbols)


def frozen_market(*symbols: str) -> SteppedGeneratedMarket:
    """Its time stands still in the middle of a five minute candle, a little ahead of this machine."""
    ahead_ms = (time.time_ns() // 300_000_000_000 + 1) * 300_000 + 100_000
    return SteppedGeneratedMarket(symbols, seed=1, anchor_ms=ahead_ms)


async def test_paper_mode_trades_what_a_rule_selects(tmp_path: Path) -> None:
    market = frozen_market(BTC, ETH, "SOLUSDT", "USDCUSDT", "ETHBTC")
    binance = SimulatorServer(market, [AccountSpec("k" * 64, "s" * 64, {})])
    await binance.start()
    rule = "quote=USDT, top=2, max_spread_bps=5"
    variables = {
        "TRADING_MODE": "paper",
        "TRADING_SYMBOLS": rule,
        "SIMULATOR_RELAY_URL": binance.rest_url,
    }
    try:
        async with simulating(tmp_path, **variables) as (_, adapter):

            async def resolve(text: str = rule) -> Any:
                return await eventually_read(lambda: resolve_symbols(parse(text), ("*BTC", "USDC*"), adapter))

            selection = await resolve()
            assert selection.symbols == (BTC, ETH)
            assert selection.rejected == {"exclude": 1, "top": 1}
            assert (await adapter.rules(selection.symbols))[ETH].trading
            with pytest.raises(ConfigurationError, match="ETHBTC"):
                await adapter.rules(["ETHBTC"])
            tops = await eventually_read(lambda: adapter.book_tops([BTC, ETH]))
            assert tops[BTC].ask == market.depth(BTC, 5).asks[0].price
            await adapter.connect()
            assert len(await eventually_read(lambda: adapter.candles(ETH, CandleInterval.M1, limit=10))) == 10
            order = await adapter.place(buying(adapter, "0.01"))
            with pytest.raises(
                ConfigurationError, match=r"0 of 4 symbols .* kept out by min_volume 3, exclude 1"
            ):
                await resolve("quote=USDT, top=2, min_volume=900000000000")
    finally:
        await binance.close()
    assert (order.status, order.quote_executed) == (OrderStatus.FILLED, tops[BTC].ask / 100)


async def test_the_tickers_of_all_symbols_follow_none(tmp_path: Path) -> None:
    market = frozen_market(BTC, ETH)
    binance = SimulatorServer(market, [AccountSpec("k" * 64, "s" * 64, {})])
    await binance.start()
    variables = {
        "TRADING_MODE": "paper",
        "TRADING_SYMBOLS": "quote=USDT, top=1",
        "SIMULATOR_RELAY_URL": binance.rest_url,
    }
    try:
        async with simulating(tmp_path, **variables) as (_, adapter):
            client = adapter._client
            full = await eventually_read(client.get_ticker)
            assert [row["symbol"] for row in full] == [BTC, ETH]
            assert (await client._get("ticker/24hr", data={"type": "MINI"}))[0].keys() < full[0].keys()
            best = market.depth(ETH, 5).bids[0].price
            assert Decimal((await client.get_orderbook_ticker())[1]["bidPrice"]) == best
            assert len(await client._get("ticker/24hr", data={"symbols": f'["{BTC}"]'})) == 1
            with pytest.raises(Unavailable, match="is being fetched, ask again"):
                await adapter.book_tops([BTC, ETH])
    finally:
        await binance.close()
