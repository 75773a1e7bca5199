"""The simulated exchange over real sockets: market data, orders, account, headers."""

from collections.abc import AsyncIterator
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from binance_trade_agent.exchange.simulator.server import AccountSpec, PortInUse, SimulatorServer
from tests.exchange_client import KEY, OPENING, SECRET, ExchangeClient, Running, running_exchange
from tests.markets import ScriptedMarket

NOW = 1_767_225_600_000


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange(ScriptedMarket(("BTCUSDT", "ETHUSDT"))) as exchange:
        yield exchange


class TestMarketData:
    async def test_time_and_headers(self, running: Running) -> None:
        reply = await running.client.public("time")
        assert reply.body == {"serverTime": NOW}
        assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert reply.headers["x-mbx-used-weight"] == reply.headers["X-MBX-USED-WEIGHT-1M"] == "1"
        assert len(reply.headers["x-mbx-uuid"]) == 36

    async def test_exchange_info_lists_what_is_offered(self, running: Running) -> None:
        everything = await running.client.public("exchangeInfo")
        assert [entry["symbol"] for entry in everything.body["symbols"]] == ["BTCUSDT", "ETHUSDT"]
        assert [limit["limit"] for limit in everything.body["rateLimits"]] == [6000, 100, 200_000, 300_000]
        one = await running.client.public("exchangeInfo", symbol="ETHUSDT")
        entry = one.body["symbols"][0]
        stops = ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
        assert entry["orderTypes"] == ["LIMIT", "LIMIT_MAKER", "MARKET", *stops]
        offered = ("ocoAllowed", "otoAllowed", "allowTrailingStop", "cancelReplaceAllowed")
        assert [entry[name] for name in offered] == [True] * 4
        assert [entry[name] for name in ("icebergAllowed", "opoAllowed", "amendAllowed")] == [False] * 3
        many = await running.client.public("exchangeInfo", symbols='["ETHUSDT","BTCUSDT"]')
        assert [entry["symbol"] for entry in many.body["symbols"]] == ["ETHUSDT", "BTCUSDT"]

    async def test_candles_are_rows_of_twelve_with_the_open_one_last(self, running: Running) -> None:
        rows = (await running.client.public("klines", symbol="BTCUSDT", interval="1m", limit=3)).body
        assert [len(row) for row in rows] == [12, 12, 12]
        assert rows[-1][0] == NOW
        assert rows[0][1] == "50000.00000000"
        chosen = await running.client.public(
            "uiKlines", symbol="BTCUSDT", interval="1m", startTime=NOW - 120_000, endTime=NOW - 60_000
        )
        assert [row[0] for row in chosen.body] == [NOW - 120_000, NOW - 60_000]

    async def test_book_and_tickers(self, running: Running) -> None:
        book = (await running.client.public("depth", symbol="BTCUSDT", limit=1)).body
        assert book["bids"] == [["49999.99000000", "2.00000000"]]
        assert book["asks"] == [["50000.00000000", "2.00000000"]]
        best = (await running.client.public("ticker/bookTicker", symbol="BTCUSDT")).body
        assert (best["bidPrice"], best["askPrice"]) == ("49999.99000000", "50000.00000000")
        assert len((await running.client.public("ticker/bookTicker")).body) == 2
        assert (await running.client.public("ticker/price", symbols='["BTCUSDT"]')).body == [
            {"symbol": "BTCUSDT", "price": "50000.00000000"}
        ]
        assert (await running.client.public("avgPrice", symbol="BTCUSDT")).body["price"] == "50000.00000000"

    async def test_day_statistics(self, running: Running) -> None:
        running.market.set_price("BTCUSDT", "51000")
        day = (await running.client.public("ticker/24hr", symbol="BTCUSDT")).body
        assert (day["priceChange"], day["priceChangePercent"]) == ("1000.00000000", "2.000")
        assert (day["highPrice"], day["lowPrice"]) == ("51000.00000000", "50000.00000000")
        assert (day["lastQty"], day["bidPrice"]) == ("10.00000000", "50999.99000000")
        mini = (await running.client.public("ticker/24hr", type="MINI")).body
        assert len(mini) == 2
        assert "bidPrice" not in mini[0]

    async def test_trades(self, running: Running) -> None:
        running.market.set_price("BTCUSDT", "50100", "0.5")
        latest = (await running.client.public("trades", symbol="BTCUSDT", limit=2)).body
        assert (latest[-1]["price"], latest[-1]["quoteQty"]) == ("50100.00000000", "25050.00000000")
        number = latest[-1]["id"]
        older = await running.client.public("historicalTrades", symbol="BTCUSDT", fromId=number)
        assert [trade["id"] for trade in older.body] == [number]
        aggregates = await running.client.public("aggTrades", symbol="BTCUSDT", startTime=NOW)
        assert [(trade["a"], trade["T"]) for trade in aggregates.body] == [(number, NOW)]

    async def test_retired_and_other_routes(self, running: Running) -> None:
        for method in ("POST", "PUT", "DELETE"):
            gone = await running.client.raw(method, "userDataStream")
            assert gone.status == 410
            assert "<title>410 Gone</title>" in gone.body
        status = await running.client.raw("GET", "/sapi/v1/system/status")
        assert status.body == {"status": 0, "msg": "normal"}
        assert (await running.client.raw("GET", "nothing")).status == 404

    @pytest.mark.parametrize(
        ("path", "params", "weight"),
        [
            ("ping", {}, 1),
            ("exchangeInfo", {}, 20),
            ("depth", {"symbol": "BTCUSDT"}, 5),
            ("depth", {"symbol": "BTCUSDT", "limit": 500}, 25),
            ("depth", {"symbol": "BTCUSDT", "limit": 1000}, 50),
            ("depth", {"symbol": "BTCUSDT", "limit": 5000}, 250),
            ("trades", {"symbol": "BTCUSDT"}, 25),
            ("aggTrades", {"symbol": "BTCUSDT"}, 4),
            ("klines", {"symbol": "BTCUSDT", "interval": "1m"}, 2),
            ("ticker/24hr", {"symbol": "BTCUSDT"}, 2),
            ("ticker/24hr", {"symbols": '["BTCUSDT","ETHUSDT"]'}, 2),
            ("ticker/24hr", {}, 80),
            ("ticker/price", {"symbol": "BTCUSDT"}, 2),
            ("ticker/price", {}, 4),
        ],
    )
    async def test_weights(self, running: Running, path: str, params: dict[str, str], weight: int) -> None:
        reply = await running.client.public(path, **params)
        assert (reply.status, reply.headers["x-mbx-used-weight-1m"]) == (200, str(weight))


class TestOrders:
    async def test_market_order_fills_over_several_levels(self, running: Running) -> None:
        running.market.level_quantity = Decimal("0.1")
        reply = await running.client.market("BUY", "0.15")
        order = reply.body
        assert (order["status"], order["executedQty"]) == ("FILLED", "0.15000000")
        assert [(fill["price"], fill["qty"], fill["commission"]) for fill in order["fills"]] == [
            ("50000.00000000", "0.10000000", "0.00010000"),
            ("50000.01000000", "0.05000000", "0.00005000"),
        ]
        assert order["cummulativeQuoteQty"] == "7500.00050000"
        assert await running.client.balances() == {
            "BTC": (Decimal("1.14985"), Decimal(0)),
            "USDT": (Decimal("2499.9995"), Decimal(0)),
        }

    @pytest.mark.parametrize(
        ("path", "params", "weight"),
        [
            ("order", {"symbol": "BTCUSDT", "orderId": "1"}, 4),
            ("openOrders", {"symbol": "BTCUSDT"}, 6),
            ("openOrders", {}, 80),
            ("allOrders", {"symbol": "BTCUSDT"}, 20),
            ("myTrades", {"symbol": "BTCUSDT"}, 20),
            ("myTrades", {"symbol": "BTCUSDT", "orderId": "1"}, 5),
            ("account", {}, 20),
            ("account/commission", {"symbol": "BTCUSDT"}, 20),
            ("rateLimit/order", {}, 40),
        ],
    )
    async def test_weights_of_signed_reads(
        self, running: Running, path: str, params: dict[str, str], weight: int
    ) -> None:
        await running.client.market("BUY", "0.01")
        reply = await running.client.signed("GET", path, **params)
        assert (reply.status, reply.headers["x-mbx-used-weight-1m"]) == (200, str(weight))

    async def test_successful_orders_weigh_nothing_and_show_the_counters(self, running: Running) -> None:
        filled = await running.client.market("SELL", "0.01")
        assert filled.headers["x-mbx-used-weight-1m"] == "0"
        resting = await running.client.limit("BUY", "0.01", "49000")
        assert resting.headers["X-MBX-ORDER-COUNT-10S"] == resting.headers["X-MBX-ORDER-COUNT-1D"] == "1"
        counts = (await running.client.signed("GET", "rateLimit/order")).body
        assert [count["count"] for count in counts] == [1, 1]
        refused = await running.client.market("BUY", "9")
        assert refused.headers["x-mbx-used-weight-1m"] == "41"

    async def test_quote_quantity_buys_what_it_pays_for(self, running: Running) -> None:
        order = (await running.client.order(side="BUY", type="MARKET", quoteOrderQty="100.7")).body
        assert (order["origQty"], order["origQuoteOrderQty"]) == ("0.00201000", "100.70000000")
        assert (order["status"], order["cummulativeQuoteQty"]) == ("FILLED", "100.50000000")

    async def test_market_order_expires_when_the_book_ends(self, running: Running) -> None:
        running.market.levels, running.market.level_quantity = 2, Decimal("0.01")
        order = (await running.client.market("BUY", "0.03")).body
        assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.02000000")
        assert order["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
        assert len(order["fills"]) == 2
        spent = (await running.client.order(side="BUY", type="MARKET", quoteOrderQty="2000")).body
        assert (spent["status"], spent["executedQty"]) == ("EXPIRED", "0.02000000")

    @pytest.mark.parametrize(
        ("params", "status"),
        [
            ({"type": "LIMIT", "timeInForce": "GTC", "price": "50000"}, "FILLED"),
            ({"type": "LIMIT", "timeInForce": "GTC", "price": "49000"}, "NEW"),
            ({"type": "LIMIT", "timeInForce": "IOC", "price": "49000"}, "EXPIRED"),
            ({"type": "LIMIT", "timeInForce": "FOK", "price": "49000"}, "EXPIRED"),
            ({"type": "LIMIT_MAKER", "price": "49000", "newOrderRespType": "RESULT"}, "NEW"),
        ],
    )
    async def test_what_becomes_of_an_order(
        self, running: Running, params: dict[str, str], status: str
    ) -> None:
        order = (await running.client.order(side="BUY", quantity="0.01", **params)).body
        assert order["status"] == status
        queried = await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=order["orderId"])
        assert queried.body["status"] == status
        locked = Decimal("490") if status == "NEW" else Decimal(0)
        assert (await running.client.balances())["USDT"][1] == locked

    async def test_how_much_the_reply_tells(self, running: Running) -> None:
        common = {"side": "SELL", "quantity": "0.01"}
        full = (await running.client.order(type="MARKET", **common)).body
        result = (await running.client.order(type="MARKET", newOrderRespType="RESULT", **common)).body
        ack = (await running.client.order(type="MARKET", newOrderRespType="ACK", **common)).body
        maker = (await running.client.order(type="LIMIT_MAKER", price="60000", **common)).body
        assert "fills" in full
        assert "fills" not in result
        assert result["status"] == "FILLED"
        acknowledged = {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
        assert set(ack) == set(maker) == acknowledged

    async def test_resting_order_fills_as_maker_when_the_market_trades_through_it(
        self, running: Running
    ) -> None:
        order_id = (await running.client.limit("BUY", "0.03", "49000")).body["orderId"]
        running.market.set_price("BTCUSDT", "49000")
        touched = await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)
        assert touched.body["executedQty"] == "0.00000000"
        running.market.set_price("BTCUSDT", "48999", "0.01")
        part = await running.client.signed("GET", "order", symbol="BTCUSDT", orderId=order_id)
        assert (part.body["status"], part.body["executedQty"]) == ("PARTIALLY_FILLED", "0.01000000")
        running.market.set_price("BTCUSDT", "48000")
        fills = (await running.client.signed("GET", "myTrades", symbol="BTCUSDT", orderId=order_id)).body
        assert [(fill["price"], fill["qty"], fill["isMaker"]) for fill in fills] == [
            ("49000.00000000", "0.01000000", True),
            ("49000.00000000", "0.02000000", True),
        ]
        assert fills[0]["commissionAsset"] == "BTC"
        assert await running.client.balances() == {
            "BTC": (Decimal("1.02997"), Decimal(0)),
            "USDT": (Decimal(8530), Decimal(0)),
        }

    async def test_a_large_order_walks_as_deep_as_the_book_is(self) -> None:
        market = ScriptedMarket(levels=60, level_quantity=Decimal("0.1"))
        async with running_exchange(market, {"USDT": "1000000"}) as running:
            bought = (await running.client.market("BUY", "4.5")).body
            assert (bought["status"], len(bought["fills"])) == ("FILLED", 45)
            assert bought["fills"][-1]["price"] == "50000.44000000"

    async def test_cancel_releases_what_remains(self, running: Running) -> None:
        await running.client.limit("SELL", "0.5", "51000", newClientOrderId="mine")
        running.market.set_price("BTCUSDT", "51001", "0.2")
        cancelled = await running.client.signed(
            "DELETE", "order", symbol="BTCUSDT", origClientOrderId="mine", newClientOrderId="the-cancel"
        )
        body = cancelled.body
        assert (body["status"], body["executedQty"]) == ("CANCELED", "0.20000000")
        assert (body["clientOrderId"], body["origClientOrderId"]) == ("the-cancel", "mine")
        assert (await running.client.balances())["BTC"] == (Decimal("0.8"), Decimal(0))

    async def test_cancel_all(self, running: Running) -> None:
        for price in ("49000", "48000"):
            await running.client.limit("BUY", "0.01", price)
        await running.client.order(
            symbol="ETHUSDT", side="BUY", type="LIMIT_MAKER", quantity="0.01", price="40000"
        )
        open_orders = (await running.client.signed("GET", "openOrders")).body
        assert [order["symbol"] for order in open_orders] == ["BTCUSDT", "BTCUSDT", "ETHUSDT"]
        cancelled = (await running.client.signed("DELETE", "openOrders", symbol="BTCUSDT")).body
        assert [order["status"] for order in cancelled] == ["CANCELED", "CANCELED"]
        assert (await running.client.balances())["USDT"][1] == Decimal(400)

    async def test_client_id_is_unique_among_open_orders_only(self, running: Running) -> None:
        first = await running.client.order(
            side="SELL", type="MARKET", quantity="0.01", newClientOrderId="twice"
        )
        second = await running.client.order(
            side="SELL", type="MARKET", quantity="0.01", newClientOrderId="twice"
        )
        assert (first.status, second.status) == (200, 200)
        found = await running.client.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="twice")
        assert found.body["orderId"] == second.body["orderId"]

    async def test_history(self, running: Running) -> None:
        for _ in range(3):
            await running.client.market("SELL", "0.01")
            running.market.advance_time(1000)
        orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT", limit=2)).body
        assert [order["orderId"] for order in orders] == [2, 3]
        orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT", orderId=1, limit=2)).body
        assert [order["orderId"] for order in orders] == [1, 2]
        fills = await running.client.signed(
            "GET", "myTrades", symbol="BTCUSDT", startTime=NOW + 1000, endTime=NOW + 1000
        )
        assert [fill["orderId"] for fill in fills.body] == [2]
        fills = await running.client.signed("GET", "myTrades", symbol="BTCUSDT", fromId=3)
        assert [fill["id"] for fill in fills.body] == [3]

    async def test_order_test_checks_and_places_nothing(self, running: Running) -> None:
        params = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        assert (await running.client.signed("POST", "order/test", **params)).body == {}
        rates = await running.client.signed("POST", "order/test", computeCommissionRates="true", **params)
        assert rates.body["standardCommissionForOrder"]["taker"] == "0.00100000"
        assert rates.headers["x-mbx-used-weight-1m"] == "21"
        assert (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body == []

    async def test_account_and_commission(self, running: Running) -> None:
        await running.client.market("BUY", "0.2")
        await running.client.market("SELL", "1.1998")
        account = (await running.client.signed("GET", "account", omitZeroBalances="true")).body
        assert [row["asset"] for row in account["balances"]] == ["USDT"]
        assert account["commissionRates"]["maker"] == "0.00100000"
        commission = (await running.client.signed("GET", "account/commission", symbol="BTCUSDT")).body
        assert commission["standardCommission"]["taker"] == "0.00100000"


class TestRequests:
    async def test_parameters_in_query_body_or_both(self, running: Running) -> None:
        client = running.client
        order = urlencode({"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01"})
        stamp = f"timestamp={NOW}"
        in_query = f"{stamp}&{order}&signature={client.sign(f'{stamp}&{order}')}"
        assert (await client.raw("POST", "order", in_query)).status == 200
        split = client.sign(f"{stamp}{order}")
        assert (await client.raw("POST", "order", stamp, f"signature={split}&{order}")).status == 200
        # A name in both places counts as in the query.
        both = client.sign(f"{stamp}&quantity=0.02{order}").upper()
        reply = await client.raw("POST", "order", f"{stamp}&quantity=0.02", f"{order}&signature={both}")
        assert reply.body["executedQty"] == "0.02000000"

    async def test_timestamp_in_microseconds(self, running: Running) -> None:
        assert (await running.client.signed("GET", "account", timestamp=NOW * 1000)).status == 200


async def test_a_middleware_stands_around_every_handler() -> None:
    lost: list[str] = []

    @web.middleware
    async def lose_reply(request: web.Request, handler: Handler) -> web.StreamResponse:
        reply = await handler(request)
        if request.method != "POST":
            return reply
        lost.append(request.path)
        return web.Response(status=503, text='{"code":-1007}', content_type="application/json")

    async with running_exchange(middlewares=[lose_reply]) as running:
        assert (await running.client.market("BUY", "0.01")).status == 503
        assert lost == ["/api/v3/order"]
        orders = (await running.client.signed("GET", "allOrders", symbol="BTCUSDT")).body
        assert [order["status"] for order in orders] == ["FILLED"]


async def test_port_in_use_is_named() -> None:
    async with running_exchange() as first:
        other = SimulatorServer(ScriptedMarket(), [], port=first.server.port)
        with pytest.raises(PortInUse) as caught:
            await other.start()
        assert caught.value.port == first.server.port


async def test_accounts_are_apart() -> None:
    market = ScriptedMarket()
    opening = {asset: Decimal(amount) for asset, amount in OPENING.items()}
    server = SimulatorServer(
        market, [AccountSpec(KEY, SECRET, opening), AccountSpec("B" * 64, "other", {"USDT": Decimal(100)})]
    )
    await server.start()
    first = ExchangeClient(server.rest_url, market)
    second = ExchangeClient(server.rest_url, market, "B" * 64, "other")
    try:
        placed = await first.limit("BUY", "0.01", "49000")
        hidden = await second.signed("GET", "order", symbol="BTCUSDT", orderId=placed.body["orderId"])
        assert hidden.error[1] == -2013
        assert await second.balances() == {"USDT": (Decimal(100), Decimal(0))}
    finally:
        await first.close()
        await second.close()
        await server.close()
