"""The encoded candle rows are those of the market, however they were asked for before."""

import orjson

from binance_trade_agent.exchange.simulator import wire
from binance_trade_agent.exchange.simulator.candle_rows import CandleRows
from binance_trade_agent.exchange.simulator.views import kline_row
from tests.markets import ScriptedMarket


def expected(market: ScriptedMarket, interval: str, limit: int) -> list[object]:
    found = market.klines("BTCUSDT", interval, start_ms=None, end_ms=None, limit=limit)
    return [orjson.loads(wire.dumps(kline_row(candle))) for candle in found]


def rows(cache: CandleRows, interval: str, limit: int) -> object:
    return orjson.loads(orjson.dumps(cache.latest("BTCUSDT", interval, limit)))


def test_rows_follow_the_market() -> None:
    market = ScriptedMarket()
    cache = CandleRows(market)
    steps = [(0, 10), (20_000, 10), (45_000, 10), (0, 50), (59_999, 1), (1, 30), (3 * 60_000, 1000), (500, 2)]
    for number, (milliseconds, limit) in enumerate(steps):
        market.advance_time(milliseconds)
        market.set_price("BTCUSDT", f"{50_000 + number}")
        for interval in ("1m", "5m"):
            assert rows(cache, interval, limit) == expected(market, interval, limit)


def test_a_long_pause_is_read_anew() -> None:
    market = ScriptedMarket()
    cache = CandleRows(market)
    cache.latest("BTCUSDT", "1m", 5)
    market.advance_time(2000 * 60_000)
    assert rows(cache, "1m", 5) == expected(market, "1m", 5)


def test_a_history_that_changed_is_read_anew() -> None:
    market = ScriptedMarket()
    cache = CandleRows(market)
    before = rows(cache, "1m", 3)
    market.set_now(market.now_ms() - 1)
    market.set_price("BTCUSDT", "60000")
    market.set_now(market.now_ms() + 1)
    assert rows(cache, "1m", 3) == expected(market, "1m", 3) != before
