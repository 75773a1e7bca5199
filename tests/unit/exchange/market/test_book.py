"""The synthetic book is deterministic, ordered, on the grid and deep enough."""

from decimal import Decimal

import pytest

from binance_trade_agent.exchange.simulator.market.book import MAX_LEVELS, synthetic_depth
from binance_trade_agent.exchange.simulator.market.generated import start_price
from binance_trade_agent.exchange.simulator.market.rules import grid_of

SYMBOLS = ("BTCUSDT", "DOGEUSDT", "SHIBUSDT", "ETHBTC", "FOOUSDT")


def book_of(symbol, update_id=7, limit=100):
    price = start_price(symbol)
    return synthetic_depth(symbol, price, grid_of(symbol, price), update_id, limit)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_book_is_ordered_and_on_the_grid(symbol):
    grid = grid_of(symbol, start_price(symbol))
    depth = book_of(symbol)
    bids, asks = [level.price for level in depth.bids], [level.price for level in depth.asks]
    assert bids == sorted(set(bids), reverse=True)
    assert asks == sorted(set(asks))
    assert bids[0] <= start_price(symbol) < asks[0]
    for level in (*depth.bids, *depth.asks):
        assert level.price % grid.tick == 0
        assert level.quantity % grid.step == 0
        assert level.quantity > 0


def test_same_moment_same_book_and_another_moment_another():
    assert book_of("BTCUSDT") == book_of("BTCUSDT")
    assert book_of("BTCUSDT").bids != book_of("BTCUSDT", update_id=8).bids
    assert book_of("BTCUSDT").last_update_id == 7


def test_short_book_is_the_top_of_the_long_one():
    short, long = book_of("ETHBTC", limit=5), book_of("ETHBTC", limit=5000)
    assert short.bids == long.bids[:5]
    assert short.asks == long.asks[:5]
    assert len(long.asks) == MAX_LEVELS


def test_retail_order_moves_the_price_little():
    asks = book_of("BTCUSDT").asks
    notional = sum(level.price * level.quantity for level in asks[:20])
    assert notional > 50_000
    assert asks[19].price / asks[0].price < Decimal("1.002")


def test_book_at_the_lowest_price_ends_above_zero():
    price = Decimal("0.00000003")
    depth = synthetic_depth("PEPEUSDT", price, grid_of("PEPEUSDT", price), 1, 100)
    assert [level.price for level in depth.bids] == [Decimal(n).scaleb(-8) for n in (3, 2, 1)][
        : len(depth.bids)
    ]
    assert len(depth.bids) in (2, 3)
