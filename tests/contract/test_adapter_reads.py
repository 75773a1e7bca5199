"""What the adapter asks for and what it makes of the answers, over a real socket."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from binance_trade_agent.domain.errors import ConfigurationError, Refused, Throttled, Unavailable
from binance_trade_agent.domain.market import CandleInterval, DayFigures
from binance_trade_agent.domain.orders import OrderStatus, OrderType
from binance_trade_agent.exchange.binance.adapter import BinanceExchange
from tests.contract.conftest import config_for
from tests.contract.test_adapter_orders import INTENT, full_answer, order_row, trade_row
from tests.fake_exchange_wire import (
    HANG_UP,
    RESET,
    SILENCE,
    Answer,
    FakeExchangeWire,
    ManualClock,
    MemoryBans,
    MemoryWeights,
    Request,
    Step,
    answer,
    html,
    refusal,
    to_ms,
)

TIME = "GET /api/v3/time"
KLINES = "GET /api/v3/klines"
BOOK = "GET /api/v3/ticker/bookTicker"
INFO = "GET /api/v3/exchangeInfo"
DAY = "GET /api/v3/ticker/24hr"
ACCOUNT = "GET /api/v3/account"
ALL_ORDERS = "GET /api/v3/allOrders"
MY_TRADES = "GET /api/v3/myTrades"
MINUTE = timedelta(minutes=1)

Read = Callable[[BinanceExchange], Awaitable[object]]
READS: dict[str, tuple[str, Read]] = {
    "rules": (INFO, lambda exchange: exchange.rules(["BTCUSDT"])),
    "candles": (KLINES, lambda exchange: exchange.candles("BTCUSDT", CandleInterval.M1, limit=5)),
    "book_tops": (BOOK, lambda exchange: exchange.book_tops(["BTCUSDT", "ETHUSDT"])),
    "day": (DAY, lambda exchange: exchange.day("BTCUSDT")),
    "listings": (INFO, lambda exchange: exchange.listings()),
    "account": (ACCOUNT, lambda exchange: exchange.account()),
    "find_order": ("GET /api/v3/order", lambda exchange: exchange.find_order("BTCUSDT", "bta-1")),
    "orders_since": (ALL_ORDERS, lambda exchange: exchange.orders_since("BTCUSDT", exchange.now())),
    "fills_since": (MY_TRADES, lambda exchange: exchange.fills_since("BTCUSDT", exchange.now())),
    "open_orders": ("GET /api/v3/openOrders", lambda exchange: exchange.open_orders("BTCUSDT")),
    "all_open_orders": ("GET /api/v3/openOrders", lambda exchange: exchange.open_orders()),
}


def kline(opened: datetime, price: str = "50000.10") -> list[Any]:
    start = to_ms(opened)
    return [
        start,
        price,
        "50001.00",
        "49999.00",
        "50000.55",
        "1.25",
        start + 59_999,
        "62500",
        12,
        "1",
        "50000",
        "0",
    ]


def book_row(symbol: str, bid: str = "99.5", ask: str = "100.5") -> dict[str, str]:
    return {"symbol": symbol, "bidPrice": bid, "bidQty": "1.5", "askPrice": ask, "askQty": "2.5"}


def info_row(symbol: str, step: str = "0.00001000", status: str = "TRADING") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": status,
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "PEGGED"],
        "ocoAllowed": True,
        "cancelReplaceAllowed": True,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": step},
        ],
    }


def day_row(symbol: str, **changes: str) -> dict[str, str]:
    """Some of a 24 hour ticker's fields."""
    return {**book_row(symbol), "lastPrice": "100.1", "volume": "7", "quoteVolume": "701.5", **changes}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(html(502), id="502"),
        pytest.param(refusal(-1007, "Timeout waiting for response.", 503), id="-1007"),
        pytest.param(refusal(-1001, "Internal error.", 400), id="-1001"),
        pytest.param(html(404), id="404"),
        pytest.param(html(200), id="200-html"),
        pytest.param(Answer(200, b"[[1,"), id="truncated"),
        pytest.param(Answer(200, b""), id="empty"),
        pytest.param(answer(None), id="null"),
        pytest.param(answer({}), id="object"),
        pytest.param(answer([None]), id="list-of-null"),
        pytest.param(answer([{}]), id="list-of-object"),
        pytest.param(RESET, id="reset"),
        pytest.param(HANG_UP, id="hang-up"),
    ],
)
async def test_a_failed_read_raises_and_is_asked_once(
    wire: FakeExchangeWire, exchange: BinanceExchange, name: str, step: Step
) -> None:
    route, read = READS[name]
    await exchange.connect()
    wire.script(route, step)

    with pytest.raises(Unavailable):
        await read(exchange)

    assert len(wire.seen(route)) == 1


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(refusal(-2015, "Invalid API-key, IP, or permissions.", 401), Refused, id="-2015"),
        pytest.param(refusal(-2014, "API-key format invalid.", 401), Refused, id="-2014"),
        pytest.param(refusal(-1022, "Signature for this request is not valid."), Refused, id="-1022"),
        pytest.param(refusal(0, "Service unavailable from a restricted location.", 451), Refused, id="451"),
        pytest.param(html(451), Unavailable, id="451-html"),
        pytest.param(html(410), Unavailable, id="410-html"),
        pytest.param(refusal(-1016, "This service is no longer available.", 503), Unavailable, id="-1016"),
        pytest.param(refusal(-1003, "Too much request weight used.", 429), Throttled, id="429"),
        pytest.param(refusal(-1003, "IP banned.", 418), Throttled, id="418"),
        pytest.param(html(403), Throttled, id="403-html"),
    ],
)
async def test_a_read_that_was_turned_away_never_looks_like_nothing_there(
    wire: FakeExchangeWire, exchange: BinanceExchange, name: str, step: Step, error: type[Exception]
) -> None:
    route, read = READS[name]
    wire.script(route, step)

    with pytest.raises(error):
        await read(exchange)

    assert len(wire.seen(route)) == 1


async def test_a_read_that_gets_no_answer_in_time_is_unavailable(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans
) -> None:
    wire.script(ACCOUNT, SILENCE)
    exchange = BinanceExchange(config_for(wire, request_timeout_s=1), clock, bans, MemoryWeights())

    with pytest.raises(Unavailable, match="TimeoutError"):
        await exchange.account()

    assert len(wire.seen(ACCOUNT)) == 1
    await exchange.close()


@pytest.mark.parametrize(
    "message",
    [
        "Timestamp for this request is outside of the recvWindow.",
        "Timestamp for this request was 1000ms ahead of the server's time.",
    ],
)
async def test_a_read_with_a_refused_timestamp_is_repeated_once_with_the_new_time(
    wire: FakeExchangeWire, exchange: BinanceExchange, message: str
) -> None:
    await exchange.connect()
    wire.clock_offset_ms = -90_000
    wire.script(ACCOUNT, refusal(-1021, message), answer({"balances": [], "canTrade": True}))

    await exchange.account()

    first, second = wire.seen(ACCOUNT)
    assert int(second.params["timestamp"]) == int(first.params["timestamp"]) - 90_000
    assert len(wire.seen(TIME)) == 2


async def test_a_timestamp_refused_again_is_a_refusal(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(ACCOUNT, refusal(-1021, "Timestamp for this request is outside of the recvWindow."))

    with pytest.raises(Refused):
        await exchange.account()

    assert len(wire.seen(ACCOUNT)) == 2


async def test_the_clock_is_measured_before_the_first_read_and_every_ten_minutes(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    wire.clock_offset_ms = 4000
    wire.script(BOOK, answer([book_row("BTCUSDT"), book_row("ETHUSDT")]))

    await asyncio.gather(*(exchange.book_tops(["BTCUSDT", "ETHUSDT"]) for _ in range(5)))
    assert len(wire.seen(TIME)) == 1
    assert exchange.now() == clock.now() + timedelta(seconds=4)
    assert exchange.stamp().timestamp_ms == to_ms(clock.now()) + 4000
    assert exchange.stamp().recv_window_ms == 5000

    clock.advance(600)
    await exchange.book_tops(["BTCUSDT", "ETHUSDT"])
    assert len(wire.seen(TIME)) == 1
    clock.advance(1)
    await exchange.book_tops(["BTCUSDT", "ETHUSDT"])
    assert len(wire.seen(TIME)) == 2


async def test_readers_waiting_for_the_clock_share_its_failure(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(TIME, html(502), answer({"serverTime": 1_772_366_400_000}))
    wire.script(KLINES, answer([]))
    reads = [exchange.candles("BTCUSDT", CandleInterval.M1, limit=1) for _ in range(5)]

    results = await asyncio.gather(*reads, return_exceptions=True)

    assert [type(result) for result in results] == [Unavailable] * 5
    assert len(wire.requests) == 1
    assert await exchange.candles("BTCUSDT", CandleInterval.M1, limit=1) == ()


async def test_it_comes_back_by_itself_when_the_exchange_does(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(TIME, html(503), answer({"serverTime": 1_772_366_400_000}))
    wire.script(ACCOUNT, answer({"balances": [], "canTrade": True}))

    with pytest.raises(Unavailable):
        await exchange.connect()

    assert (await exchange.account()).can_trade


async def test_candles_are_the_closed_ones_with_an_exclusive_close(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    clock.advance(30)
    opened = datetime(2026, 3, 1, 11, 57, tzinfo=UTC)
    wire.script(KLINES, answer([kline(opened + MINUTE * n) for n in range(4)]))

    candles = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=2)

    assert [candle.open_time for candle in candles] == [opened + MINUTE, opened + 2 * MINUTE]
    assert candles[-1].close_time == opened + 3 * MINUTE
    assert (candles[0].open, candles[0].volume) == (Decimal("50000.10"), Decimal("1.25"))
    assert (candles[0].high, candles[0].low, candles[0].close) == (
        Decimal("50001.00"),
        Decimal("49999.00"),
        Decimal("50000.55"),
    )
    assert wire.seen(KLINES)[0].params == {"symbol": "BTCUSDT", "interval": "1m", "limit": "4"}


async def test_a_candle_that_still_moves_is_not_closed_though_the_clock_runs_ahead(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    opened = clock.now() - 10 * MINUTE
    wire.script(KLINES, *[answer([kline(opened + MINUTE * n) for n in range(3)])] * 2)

    latest = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=5)
    later = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=5, since=opened)

    assert [candle.open_time for candle in latest] == [opened, opened + MINUTE]
    assert later == latest


async def test_candles_after_the_machine_slept_are_those_closed_meanwhile(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    await exchange.connect()
    clock.suspend(3 * 3600)
    opened = clock.now() - 3 * MINUTE
    wire.script(KLINES, answer([kline(opened + MINUTE * n) for n in range(4)]))

    candles = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=2)

    assert [candle.open_time for candle in candles] == [opened + MINUTE, opened + 2 * MINUTE]
    assert exchange.now() == clock.now()


async def test_more_candles_than_a_page_are_read_in_pages(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    history = [clock.now() - MINUTE * n for n in range(2500, -1, -1)]

    def page(request: Request) -> Answer:
        params, size = request.params, int(request.params["limit"])
        first, last = int(params.get("startTime", "0")), int(params.get("endTime", "9" * 15))
        rows = [kline(opened) for opened in history if first <= to_ms(opened) <= last]
        return answer(rows[:size] if "startTime" in params else rows[-size:])

    wire.script(KLINES, page)

    latest = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=2200)
    assert [candle.open_time for candle in latest] == history[-2201:-1]

    since = history[100]
    later = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=2200, since=since)
    assert [candle.open_time for candle in later] == history[100:2300]
    rest = await exchange.candles("BTCUSDT", CandleInterval.M1, limit=2200, since=history[2400])
    assert [candle.open_time for candle in rest] == history[2400:2500]


async def test_candles_out_of_order_are_unreadable(wire: FakeExchangeWire, exchange: BinanceExchange) -> None:
    opened = datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    wire.script(KLINES, answer([kline(opened), kline(opened)]))

    with pytest.raises(Unavailable, match="do not rise"):
        await exchange.candles("BTCUSDT", CandleInterval.M1, limit=5)


async def test_book_tops_come_in_one_request(wire: FakeExchangeWire, exchange: BinanceExchange) -> None:
    rows = [book_row("BTCUSDT"), book_row("ETHUSDT"), book_row("HALTUSDT", bid="0.00000000")]
    wire.script(BOOK, answer(rows))

    tops = await exchange.book_tops(["BTCUSDT", "ETHUSDT", "HALTUSDT"])

    assert tops.keys() == {"BTCUSDT", "ETHUSDT"}
    assert (tops["ETHUSDT"].bid, tops["ETHUSDT"].ask_quantity) == (Decimal("99.5"), Decimal("2.5"))
    (sent,) = wire.seen(BOOK)
    assert sent.params == {"symbols": '["BTCUSDT","ETHUSDT","HALTUSDT"]'}
    assert "x-mbx-apikey" not in sent.headers


async def test_one_symbols_book_is_asked_for_by_name_and_many_in_lists_of_200(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    names = [f"C{n}USDT" for n in range(401)]

    def rows(request: Request) -> Answer:
        if "symbol" in request.params:
            return answer(book_row(request.params["symbol"]))
        return answer([book_row(name) for name in names])

    wire.script(BOOK, rows)

    assert (await exchange.book_tops(names)).keys() == set(names)
    assert [sorted(request.params) for request in wire.seen(BOOK)] == [["symbols"], ["symbols"], ["symbol"]]


async def test_a_symbol_missing_from_the_books_is_an_unreadable_answer(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(BOOK, answer([book_row("BTCUSDT")]))

    with pytest.raises(Unavailable):
        await exchange.book_tops(["BTCUSDT", "ETHUSDT"])


async def test_the_account_lists_every_asset(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    balances = [
        {"asset": "BTC", "free": "0.10000000", "locked": "0.05000000"},
        {"asset": "USDT", "free": "0.00000000", "locked": "0.00000000"},
    ]
    wire.script(ACCOUNT, answer({"balances": balances, "canTrade": False}))

    account = await exchange.account()

    assert account.balances.keys() == {"BTC", "USDT"}
    assert account.balances["BTC"].total == Decimal("0.15")
    assert not account.can_trade
    assert account.observed_at == clock.now()


async def test_rules_are_asked_for_by_symbol_and_kept_for_an_hour(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    wire.script(INFO, answer({"symbols": [info_row("BTCUSDT"), info_row("ETHUSDT", status="HALT")]}))

    rules = await exchange.rules(["BTCUSDT", "ETHUSDT"])

    assert rules["BTCUSDT"].trading
    assert not rules["ETHUSDT"].trading
    assert (rules["BTCUSDT"].base, rules["BTCUSDT"].quote) == ("BTC", "USDT")
    assert rules["BTCUSDT"].step_size == Decimal("0.00001")
    assert wire.seen(INFO)[0].params == {"symbols": '["BTCUSDT","ETHUSDT"]'}
    clock.advance(3600)
    await exchange.rules(["BTCUSDT"])
    assert len(wire.seen(INFO)) == 1
    clock.advance(1)
    await exchange.rules(["BTCUSDT"])
    assert wire.seen(INFO)[1].params == {"symbols": '["BTCUSDT"]'}


@pytest.mark.parametrize(
    ("code", "message", "asked"),
    [
        (-1013, "Filter failure: LOT_SIZE", 2),
        (-1111, "Parameter 'quantity' has too much precision.", 2),
        (-2010, "Market is closed.", 2),
        (-2010, "Account has insufficient balance for requested action.", 1),
    ],
)
async def test_an_order_refused_by_a_rule_makes_the_rules_be_read_again(
    wire: FakeExchangeWire, exchange: BinanceExchange, code: int, message: str, asked: int
) -> None:
    wire.script(INFO, answer({"symbols": [info_row("BTCUSDT"), info_row("ETHUSDT")]}))
    wire.script("POST /api/v3/order", refusal(code, message))
    await exchange.rules(["BTCUSDT", "ETHUSDT"])

    with pytest.raises(Refused):
        await exchange.place(INTENT)
    await exchange.rules(["BTCUSDT", "ETHUSDT"])

    requests = wire.seen(INFO)
    assert len(requests) == asked
    assert requests[-1].params["symbols"] == ('["BTCUSDT"]' if asked == 2 else '["BTCUSDT","ETHUSDT"]')


async def test_unknown_symbols_are_named_with_the_nearest_known_ones(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    everything = answer({"symbols": [info_row(name) for name in ("BTCUSDT", "ETHUSDT", "BNBUSDT")]})
    wire.script(INFO, refusal(-1121, "Invalid symbol."), everything)

    with pytest.raises(ConfigurationError) as caught:
        await exchange.rules(["BTCUSDT", "BTCUSTD", "XXXX"])

    first, second = caught.value.problems
    assert first.startswith("symbol 'BTCUSTD' is not known to the exchange; nearest: BTCUSDT")
    assert second == "symbol 'XXXX' is not known to the exchange"
    assert [request.params for request in wire.seen(INFO)] == [
        {"symbols": '["BTCUSDT","BTCUSTD","XXXX"]'},
        {},
    ]


async def test_an_unknown_symbol_costs_the_others_nothing_and_is_asked_for_again_later(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    wire.script(INFO, refusal(-1121, "Invalid symbol."), answer({"symbols": [info_row("BTCUSDT")]}))

    for _ in range(3):
        with pytest.raises(ConfigurationError, match="'ETHUSDT' is not known"):
            await exchange.rules(["BTCUSDT", "ETHUSDT"])
    assert (await exchange.rules(["BTCUSDT"])).keys() == {"BTCUSDT"}
    assert len(wire.seen(INFO)) == 2
    clock.advance(601)
    wire.script(INFO, answer({"symbols": [info_row("ETHUSDT")]}))

    assert (await exchange.rules(["BTCUSDT", "ETHUSDT"])).keys() == {"BTCUSDT", "ETHUSDT"}
    assert wire.seen(INFO)[-1].params == {"symbols": '["ETHUSDT"]'}


async def test_a_symbol_left_out_of_the_answer_is_unknown_too(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script(INFO, answer({"symbols": [info_row("BTCUSDT")]}))

    with pytest.raises(ConfigurationError, match="ETHUSDT"):
        await exchange.rules(["BTCUSDT", "ETHUSDT"])


async def test_fills_since_reads_every_window_and_every_full_page(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    start = clock.now() - timedelta(days=3)
    times = [to_ms(start) + n * 100 for n in range(2500)] + [to_ms(clock.now()) - 5]
    trades = [trade_row(number, "0.1", time=time) for number, time in enumerate(times)]

    def window(request: Request) -> Answer:
        if "startTime" not in request.params:
            return answer(trades[-1000:])
        first, last = int(request.params["startTime"]), int(request.params["endTime"])
        assert last - first < 24 * 60 * 60 * 1000
        rows = [row for row in trades if first <= int(str(row["time"])) <= last]
        return answer(rows[-1000:])

    wire.script(MY_TRADES, window)

    fills = await exchange.fills_since("BTCUSDT", start)

    assert [fill.trade_id for fill in fills] == list(range(2501))


async def test_orders_since_and_open_orders(wire: FakeExchangeWire, exchange: BinanceExchange) -> None:
    wire.script(ALL_ORDERS, answer([order_row(), order_row(orderId=29, clientOrderId="web_1", side="SELL")]))
    stop = order_row(
        type="STOP_LOSS_LIMIT", status="NEW", executedQty="0", price="48900.00", stopPrice="49000.50"
    )
    wire.script("GET /api/v3/openOrders", answer([stop]), answer([]))

    orders = await exchange.orders_since("BTCUSDT", exchange.now())

    assert [order.client_order_id for order in orders] == ["bta-0123456789abcdef01234567", "web_1"]
    (resting,) = await exchange.open_orders()
    assert (resting.order_type, resting.price) == (OrderType.STOP_LOSS_LIMIT, Decimal(48900))
    assert (resting.stop_price, resting.status) == (Decimal("49000.5"), OrderStatus.OPEN)
    assert await exchange.open_orders("BTCUSDT") == ()
    everywhere, one = wire.seen("GET /api/v3/openOrders")
    assert "symbol" not in everywhere.params
    assert one.params["symbol"] == "BTCUSDT"


async def test_the_used_weight_is_the_exchanges_own_count_of_this_minute(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    rows = [book_row("BTCUSDT"), book_row("ETHUSDT")]
    wire.script(
        BOOK,
        answer(rows, X_MBX_USED_WEIGHT_1M="41"),
        answer(rows, X_MBX_USED_WEIGHT_1M="37"),
        answer(rows, X_MBX_USED_WEIGHT_1M="3"),
    )

    assert exchange.used_weight == 0
    await exchange.book_tops(["BTCUSDT", "ETHUSDT"])
    assert exchange.used_weight == 41
    await exchange.book_tops(["BTCUSDT", "ETHUSDT"])
    assert exchange.used_weight == 41
    clock.advance(60)
    assert exchange.used_weight == 0
    await exchange.book_tops(["BTCUSDT", "ETHUSDT"])
    assert exchange.used_weight == 3


async def test_waiting_counts_the_time_in_which_anything_is_in_flight(
    wire: FakeExchangeWire, exchange: BinanceExchange, clock: ManualClock
) -> None:
    await exchange.connect()

    def slow(_: Request) -> Answer:
        clock.advance(2)
        return answer([])

    wire.script(KLINES, slow)
    await asyncio.gather(*(exchange.candles("BTCUSDT", CandleInterval.M1, limit=1) for _ in range(3)))
    clock.advance(100)

    assert exchange.waited_s == 6


async def test_proxy_variables_do_not_divert_loopback(
    wire: FakeExchangeWire, clock: ManualClock, bans: MemoryBans, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    exchange = BinanceExchange(config_for(wire), clock, bans, MemoryWeights())

    await exchange.connect()

    assert len(wire.requests) == 1
    await exchange.close()


async def test_it_can_be_built_and_closed_without_a_network(clock: ManualClock, bans: MemoryBans) -> None:
    exchange = BinanceExchange(config_for(FakeExchangeWire(clock)), clock, bans, MemoryWeights())

    assert exchange.now() == clock.now()
    await exchange.close()


def test_it_can_be_built_without_an_event_loop(clock: ManualClock, bans: MemoryBans) -> None:
    exchange = BinanceExchange(config_for(FakeExchangeWire(clock)), clock, bans, MemoryWeights())

    assert exchange.stamp().timestamp_ms == to_ms(clock.now())


async def test_the_placement_does_not_wait_for_the_clock(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    wire.script("POST /api/v3/order", answer(full_answer()))

    await exchange.place(INTENT)

    assert len(wire.requests) == 1


async def test_listings_are_the_symbols_open_for_spot_trading(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    closed, margin = info_row("OLDUSDT", status="BREAK"), {**info_row("MUSDT"), "isSpotTradingAllowed": False}
    rows = [info_row("BTCUSDT"), info_row("NEWUSDT"), closed, margin]
    wire.script(INFO, answer({"symbols": rows}))
    days = [day_row(name) for name in ("OLDUSDT", "BTCUSDT", "MUSDT", "GONEUSDT")]
    wire.script(DAY, answer(days))
    (listing,) = await exchange.listings()
    assert (listing.symbol, listing.base, listing.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (listing.price, listing.bid, listing.ask) == (Decimal("100.1"), Decimal("99.5"), Decimal("100.5"))
    assert (listing.quote_volume, listing.spread_bps) == (Decimal("701.5"), Decimal(100))
    (asked,) = wire.seen(INFO)
    assert asked.params == {"symbolStatus": "TRADING", "showPermissionSets": "false"}
    (asked,) = wire.seen(DAY)
    assert asked.params == {}


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(html(502), id="502"),
        pytest.param(answer({}), id="object"),
        pytest.param(answer([day_row("BTCUSDT", lastPrice="NaN")]), id="NaN"),
        pytest.param(answer([{"symbol": "BTCUSDT"}]), id="half"),
        pytest.param(RESET, id="reset"),
    ],
)
async def test_listings_without_their_prices_are_a_failure(
    wire: FakeExchangeWire, exchange: BinanceExchange, step: Step
) -> None:
    wire.script(INFO, answer({"symbols": [info_row("BTCUSDT")]}))
    wire.script(DAY, step)
    with pytest.raises(Unavailable):
        await exchange.listings()


async def test_a_day_of_one_symbol_has_its_change_as_a_share(
    wire: FakeExchangeWire, exchange: BinanceExchange
) -> None:
    row = day_row("BTCUSDT", priceChangePercent="-2.500", highPrice="104.0", lowPrice="99.1")
    wire.script(DAY, answer(row))
    day = await exchange.day("BTCUSDT")
    assert day == DayFigures(Decimal("-0.025"), Decimal("104.0"), Decimal("99.1"), Decimal(7))
    (asked,) = wire.seen(DAY)
    assert asked.params == {"symbol": "BTCUSDT"}
