"""What is told of a symbol's market: what decisions saw, and 24 hours only where the stored candles cover them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from binance_trade_agent.control.market import MarketReader, Source
from binance_trade_agent.domain.errors import ConfigurationError, NoMarketData, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.ports import SeenMarket
from tests.fake_market import MINUTE, FakeMarket, btc_book, minutes
from tests.fakes import START


@pytest.fixture
def market() -> FakeMarket:
    return FakeMarket(seen={"BTCUSDT": SeenMarket(btc_book(), START, None)})


@pytest.fixture
def reader(market: FakeMarket) -> MarketReader:
    return MarketReader(market, market.ask)


def test_the_newest_decisions_book_is_the_market(reader: MarketReader) -> None:
    now = reader.now("btcusdt")
    assert (now.symbol, now.seen_at, now.price, now.source) == (
        "BTCUSDT",
        START,
        Decimal(62500),
        Source.TRADER,
    )
    assert (now.bid, now.bid_quantity, now.ask_quantity) == (
        Decimal("62499.50"),
        Decimal("1.25"),
        Decimal("0.75"),
    )
    assert now.spread_bps == Decimal("0.16")


def test_a_day_of_candles_without_a_gap_gives_the_figures(market: FakeMarket, reader: MarketReader) -> None:
    # opens at 100, closes at 110: 10 %
    market.candle_rows["BTCUSDT"] = minutes([100, 90, 120, *[110] * 1437], until=START)
    now = reader.now("BTCUSDT")
    assert (now.change_24h, now.change_24h_percent) == (Decimal("0.1"), Decimal("10.00"))
    assert (now.high_24h, now.low_24h, now.volume_24h) == (Decimal(120), Decimal(90), Decimal(2880))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda rows: rows[1:], id="one short of a day"),
        pytest.param(
            lambda rows: (minutes([100], until=rows[0].open_time - MINUTE)[0], *rows[1:]), id="a gap"
        ),
        pytest.param(lambda rows: minutes([100] * 1440, until=START - 2 * MINUTE), id="ended too early"),
        pytest.param(lambda rows: (), id="none"),
    ],
)
def test_without_a_whole_day_there_are_no_figures(damage, market: FakeMarket, reader: MarketReader) -> None:
    market.candle_rows["BTCUSDT"] = damage(minutes([100] * 1440, until=START))
    now = reader.now("BTCUSDT")
    assert (now.change_24h, now.high_24h, now.low_24h, now.volume_24h) == (None,) * 4


def test_seconds_are_not_added_up_to_a_day(market: FakeMarket, reader: MarketReader) -> None:
    market.interval = CandleInterval.S1
    assert reader.now("BTCUSDT").change_24h is None


def test_a_symbol_that_was_never_seen_is_no_empty_answer(market: FakeMarket, reader: MarketReader) -> None:
    with pytest.raises(NoMarketData, match="ETHUSDT has never been seen"):
        reader.now("ETHUSDT")
    with pytest.raises(NoMarketData, match="no candles of ETHUSDT"):
        reader.candles("ETHUSDT")
    market.interval = None
    with pytest.raises(NoMarketData):
        reader.candles("BTCUSDT")


@pytest.mark.parametrize("name", ["", "BTC/USDT", "x" * 500, "--json", "BTC USDT"])
def test_what_is_no_symbol_is_asked_nowhere(name: str, market: FakeMarket, reader: MarketReader) -> None:
    for read in (reader.now, reader.fresh, reader.candles):
        with pytest.raises(ConfigurationError, match="is no symbol"):
            read(name)
    assert market.asked == []


def test_fresh_is_the_exchanges_answer_or_its_failure(market: FakeMarket, reader: MarketReader) -> None:
    later = replace(reader.now("BTCUSDT"), seen_at=START + timedelta(seconds=9), source=Source.EXCHANGE)
    market.exchange["BTCUSDT"] = later
    assert reader.fresh("btcusdt") == later
    market.failure = Unavailable("no answer")
    with pytest.raises(Unavailable):
        reader.fresh("BTCUSDT")


def test_the_newest_candles_come_oldest_first(market: FakeMarket, reader: MarketReader) -> None:
    market.candle_rows["BTCUSDT"] = minutes([1, 2, 3], until=START)
    series = reader.candles("BTCUSDT", limit=2)
    assert (series.symbol, series.interval) == ("BTCUSDT", CandleInterval.M1)
    assert [candle.close for candle in series.candles] == [2, 3]
