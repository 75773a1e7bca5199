"""The adapter's own limits over a real socket: what is held back is not sent at all."""

import asyncio

import pytest

from binance_trade_agent.domain.errors import Throttled, Unavailable
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from binance_trade_agent.exchange.binance.client import MAX_CONNECTIONS
from tests.contract.conftest import config_for
from tests.contract.test_adapter_lists import WRITES
from tests.contract.test_adapter_orders import INTENT, full_answer
from tests.contract.test_adapter_reads import READS, info_row
from tests.fake_exchange_wire import (
    SILENCE,
    Answer,
    FakeExchangeWire,
    ManualClock,
    MemoryBans,
    MemoryWeights,
    answer,
    html,
    refusal,
)

KLINES = "GET /api/v3/klines"
ACCOUNT = "GET /api/v3/account"
POST_ORDER = "POST /api/v3/order"


def counted(payload: object, used: int) -> Answer:
    return answer(payload, X_MBX_USED_WEIGHT_1M=str(used))


async def test_market_data_stops_first_and_orders_last(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, bans: MemoryBans
) -> None:
    wire.script(KLINES, counted([], 4800))
    wire.script(ACCOUNT, counted({"balances": [], "canTrade": True}, 5700))
    wire.script(POST_ORDER, counted(full_answer(), 6000))
    clock.advance(20)

    await exchange.candles("BTCUSDT", CandleInterval.M1, limit=1)
    with pytest.raises(Throttled, match="held back") as caught:
        await exchange.candles("BTCUSDT", CandleInterval.M1, limit=1)
    await exchange.account()
    with pytest.raises(Throttled, match="held back"):
        await exchange.account()
    await exchange.place(INTENT)
    with pytest.raises(Throttled, match="held back"):
        await exchange.place(INTENT)

    assert caught.value.retry_after_s == 40
    assert [request.route for request in wire.requests] == [
        "GET /api/v3/time",
        KLINES,
        ACCOUNT,
        POST_ORDER,
    ]
    assert bans.reasons == []
    clock.advance(40)
    await exchange.candles("BTCUSDT", CandleInterval.M1, limit=1)


async def test_requests_that_wait_for_a_connection_are_not_sent_into_a_ban(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    await exchange.connect()
    wire.script(KLINES, refusal(-1003, "Too much request weight used.", 429, Retry_After="17"))
    reads = [exchange.candles("BTCUSDT", CandleInterval.M1, limit=1) for _ in range(100)]

    outcomes = await asyncio.gather(*reads, return_exceptions=True)

    assert all(isinstance(outcome, Throttled) for outcome in outcomes)
    assert len(wire.seen(KLINES)) <= MAX_CONNECTIONS


async def test_an_order_for_which_no_connection_gets_free_is_not_sent(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> None:
    exchange = BinanceExchange(config_for(wire, request_timeout_s=1), clock, bans, MemoryWeights())
    await exchange.connect()
    wire.script(KLINES, SILENCE)
    reads = [exchange.candles("BTCUSDT", CandleInterval.M1, limit=1) for _ in range(MAX_CONNECTIONS)]
    reading = asyncio.gather(*reads, return_exceptions=True)
    await asyncio.sleep(0)

    with pytest.raises(Unavailable, match="busy"):
        await exchange.place(INTENT)

    assert all(isinstance(outcome, Unavailable) for outcome in await reading)
    assert wire.seen(POST_ORDER) == []
    await exchange.close()


async def test_the_limit_is_the_one_the_exchange_names(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    limit = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 100}
    wire.script(
        "GET /api/v3/exchangeInfo", counted({"symbols": [info_row("BTCUSDT")], "rateLimits": [limit]}, 79)
    )
    await exchange.rules(["BTCUSDT"])

    with pytest.raises(Throttled, match="80 of 100"):
        await exchange.candles("BTCUSDT", CandleInterval.M1, limit=1)


async def test_two_adapters_share_what_they_used(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock, bans: MemoryBans
) -> None:
    weights = MemoryWeights()
    first = BinanceExchange(config_for(wire), clock, bans, weights)
    second = BinanceExchange(config_for(wire), clock, bans, weights)
    wire.script(KLINES, counted([], 5990))
    await first.candles("BTCUSDT", CandleInterval.M1, limit=1)

    with pytest.raises(Throttled, match="held back"):
        await second.candles("BTCUSDT", CandleInterval.M1, limit=1)

    assert len(wire.seen(KLINES)) == 1
    await first.close()
    await second.close()


@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_every_request_has_a_cost(wire: FakeExchangeWire, exchange: BinanceExchange, name: str) -> None:
    route = WRITES[name].route if name in WRITES else READS[name][0]
    call = WRITES[name].call if name in WRITES else READS[name][1]
    wire.script(route, refusal(-1100, "Illegal characters found in a parameter."), html(502))
    before = exchange.used_weight

    with pytest.raises(Exception, match=r"Illegal|502|not known|unreadable"):
        await call(exchange)

    assert exchange.used_weight > before
    assert len(wire.seen(route)) >= 1


async def test_a_path_without_a_cost_is_never_asked(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    with pytest.raises(KeyError):
        await exchange._client.get_order_book(symbol="BTCUSDT")

    assert wire.requests == []
