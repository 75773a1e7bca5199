"""The symbols of a session by its rule, from an exchange in memory."""

import pytest

from binance_trade_agent.bootstrap.symbols import resolve_symbols
from binance_trade_agent.domain.errors import ConfigurationError, Unavailable
from binance_trade_agent.domain.symbol_selection import parse
from tests.fake_exchange import FakeExchange

EXCHANGE = ("BTCUSDT", "ETHUSDT", "USDCUSDT", "SOLUSDT")


async def test_the_rule_is_asked_of_what_the_exchange_lists() -> None:
    exchange = FakeExchange(EXCHANGE)
    selection = await resolve_symbols(parse("quote=USDT, top=2"), ("USDC*", "BTC*"), exchange)
    assert selection.symbols == ("ETHUSDT", "SOLUSDT")
    assert selection.exclude == ("USDC*", "BTC*")
    assert exchange.calls == ["listings"]


async def test_a_rule_that_nothing_fits_says_what_kept_how_many_out() -> None:
    rule = parse("quote=USDT, top=2, min_volume=400000, max_price=99")
    with pytest.raises(ConfigurationError) as caught:
        await resolve_symbols(rule, ("USDC*",), FakeExchange(EXCHANGE))
    assert list(caught.value.problems) == [
        "TRADING_SYMBOLS: 0 of 4 symbols that can be traded fit quote=USDT, top=2, max_price=99, "
        "min_volume=400000; kept out by max_price 3, exclude 1"
    ]


async def test_an_exchange_out_of_reach_selects_nothing() -> None:
    exchange = FakeExchange(EXCHANGE)
    exchange.errors["listings"] = Unavailable("down")
    with pytest.raises(Unavailable, match="down"):
        await resolve_symbols(parse("quote=USDT, top=2"), (), exchange)


async def test_an_exchange_that_has_closed_for_a_while_is_no_mistake_in_the_settings() -> None:
    with pytest.raises(Unavailable, match="no symbol is open for trading"):
        await resolve_symbols(parse("quote=USDT, top=2"), (), FakeExchange(()))
