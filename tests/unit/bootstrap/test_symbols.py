"""The symbols of a session by its rule, from an exchange in memory."""

from datetime import timedelta
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.symbols import request_with_symbols, resolve_symbols
from binance_trade_agent.control.sessions import SessionKeeper, SessionRequest
from binance_trade_agent.domain.errors import ConfigurationError, Unavailable
from binance_trade_agent.domain.symbol_selection import parse
from binance_trade_agent.settings import Settings, load_settings
from tests.fake_exchange import FakeExchange
from tests.fakes import FakeClock
from tests.unit.control.fakes import FakeSessions

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


def asked_for(settings: Settings) -> SessionRequest:
    shown = {name: value for name, value, _, _ in settings.sources()}
    return SessionRequest("trading", "simulated", "x", settings.symbols, shown, timedelta(0), {"version": 1})


async def test_a_session_keeps_its_symbols_and_how_they_were_selected(tmp_path: Path) -> None:
    settings = load_settings({"TRADING_SYMBOLS": "quote=USDT, top=2"}, tmp_path)
    keeper, exchange = SessionKeeper(FakeSessions(), FakeClock()), FakeExchange(EXCHANGE)
    request = await request_with_symbols(asked_for(settings), settings, keeper, exchange)
    assert request.symbols == ("BTCUSDT", "ETHUSDT")
    assert request.plan["version"] == 1
    assert request.plan["selection"]["rule"] == "quote=USDT, top=2"
    assert request.plan["selection"]["text"].startswith("2 of 4 symbols")
    session = keeper.enter(request)
    exchange.symbols = EXCHANGE[::-1]
    exchange.errors["listings"] = Unavailable("down")
    again = await request_with_symbols(asked_for(settings), settings, keeper, exchange)
    assert again == request
    assert keeper.enter(again) == session


async def test_named_symbols_ask_nobody(tmp_path: Path) -> None:
    settings = load_settings({}, tmp_path)
    keeper, exchange = SessionKeeper(FakeSessions(), FakeClock()), FakeExchange(EXCHANGE)
    request = asked_for(settings)
    assert await request_with_symbols(request, settings, keeper, exchange) is request
    assert exchange.calls == []
