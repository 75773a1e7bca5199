"""Windows of candles that are as long as a strategy wants, and symbols that the exchange dropped."""

from datetime import timedelta

from binance_trade_agent.agents.market_data import MarketDataAgent
from binance_trade_agent.domain.market import CandleInterval, MarketDataFailure, MarketSnapshot
from tests.fake_exchange import FakeExchange


def agent_of(exchange: FakeExchange, history: int) -> MarketDataAgent:
    return MarketDataAgent(exchange, interval=CandleInterval.M1, history=history)


async def window(agent: MarketDataAgent) -> MarketSnapshot:
    view = (await agent.snapshots(["BTCUSDT"], {}))["BTCUSDT"]
    assert isinstance(view, MarketSnapshot)
    return view


async def test_a_window_longer_than_a_page_is_fetched_page_by_page() -> None:
    exchange = FakeExchange(history=2600)
    view = await window(agent_of(exchange, 2300))
    assert len(view.candles) == 2300
    gaps = {
        after.open_time - before.open_time
        for before, after in zip(view.candles, view.candles[1:], strict=False)
    }
    assert gaps == {timedelta(minutes=1)}
    assert view.candles[-1].close_time <= exchange.now() < view.candles[-1].close_time + timedelta(minutes=1)


async def test_a_long_window_is_whole_although_the_market_had_stood_still() -> None:
    class Interrupted(FakeExchange):
        """Has no candles of three hours in the middle of its history."""

        async def candles(self, symbol, interval, *, limit, since=None):  # type: ignore[no-untyped-def]
            known = await super().candles(symbol, interval, limit=10_000, since=since)
            began = self.now() - timedelta(hours=20)
            known = tuple(c for c in known if not began <= c.open_time < began + timedelta(hours=3))
            return known[-limit:] if since is None else known[:limit]

    view = await window(agent_of(Interrupted(history=2600), 2300))
    assert len(view.candles) == 2300


async def test_a_symbol_that_the_exchange_does_not_know_is_not_asked_for_in_each_cycle() -> None:
    exchange = FakeExchange()
    agent = agent_of(exchange, 50)
    symbols = ["BTCUSDT", "GONEUSDT"]
    first = await agent.snapshots(symbols, {})
    asked = exchange.calls.count("rules")
    again = await agent.snapshots(symbols, {})
    assert exchange.calls.count("rules") == asked + 1
    for views in (first, again):
        assert isinstance(views["BTCUSDT"], MarketSnapshot)
        gone = views["GONEUSDT"]
        assert isinstance(gone, MarketDataFailure)
        assert gone.code == "unknown_symbol"


async def test_a_dropped_symbol_that_comes_back_is_found_after_a_while() -> None:
    exchange = FakeExchange()
    agent = agent_of(exchange, 50)
    await agent.snapshots(["GONEUSDT"], {})
    exchange.symbols = (*exchange.symbols, "GONEUSDT")
    assert isinstance((await agent.snapshots(["GONEUSDT"], {}))["GONEUSDT"], MarketDataFailure)
    exchange.time += timedelta(minutes=11)
    assert isinstance((await agent.snapshots(["GONEUSDT"], {}))["GONEUSDT"], MarketSnapshot)
