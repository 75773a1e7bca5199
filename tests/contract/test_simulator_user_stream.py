"""User data streams of the simulated exchange: what is told, to whom, in which order, and how it can fail."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt.pro
import pytest
from binance import AsyncClient, BinanceSocketManager

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import Contingency, Leg, ListStatus, OrderList
from binance_trade_agent.exchange.matching import Fill, Order, OrderStatus, OrderType, TimeInForce
from binance_trade_agent.exchange.simulator import user_events
from binance_trade_agent.exchange.simulator.changes import (
    AccountChange,
    Execution,
    ListReport,
    OrderReport,
    Transfer,
)
from binance_trade_agent.exchange.simulator.server import AccountSpec, SimulatorServer
from tests.exchange_client import KEY, SECRET, ExchangeClient, Running, running_exchange
from tests.markets import ScriptedMarket, WallMarket
from tests.ws_api_client import WAIT_S, WsClient, ws_connection

NOW = 1_767_225_600_000
ZERO = "0.00000000"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with running_exchange() as exchange:
        yield exchange


@pytest.fixture
async def socket(running: Running) -> AsyncIterator[WsClient]:
    async with ws_connection(running) as client:
        assert await client.subscribe() == 0
        yield client


def stop_order(**changes: Any) -> Order:
    values: dict[str, Any] = {
        "order_id": 5,
        "account_id": 1,
        "symbol": "BTCUSDT",
        "client_order_id": "mine",
        "side": Side.SELL,
        "type": OrderType.STOP_LOSS,
        "time_in_force": TimeInForce.GTC,
        "price": Decimal(0),
        "quantity": Decimal(1),
        "quote_quantity": Decimal(0),
        "time_ms": NOW,
        "update_ms": NOW,
        "list_id": 3,
        "stop_price": Decimal(49_000),
    }
    return Order(**values | changes)


class TestWording:
    """Payloads of user-data-stream.md, made from a change of an account."""

    def test_a_stop_waits_off_the_book(self) -> None:
        event = user_events.execution_report(OrderReport(Execution.NEW, stop_order()), NOW, 77)
        assert (event["x"], event["X"], event["w"], event["g"], event["I"]) == ("NEW", "NEW", False, 3, 77)
        assert event["P"] == Decimal(49_000)
        assert not {"W", "d", "D", "eR"} & event.keys()

    def test_a_trailing_stop_that_tracks_says_since_when(self) -> None:
        order = stop_order(trailing_delta=100, trailing_ms=NOW - 5, working_ms=NOW)
        event = user_events.execution_report(OrderReport(Execution.NEW, order), NOW, 1)
        assert (event["d"], event["D"], event["W"], event["w"]) == (100, NOW - 5, NOW, True)

    def test_a_cancel_swaps_the_ids(self) -> None:
        order = stop_order(status=OrderStatus.CANCELED)
        event = user_events.execution_report(
            OrderReport(Execution.CANCELED, order, cancel_id="the-cancel"), NOW, 1
        )
        assert (event["c"], event["C"], event["X"]) == ("the-cancel", "mine", "CANCELED")

    def test_an_expired_order_says_why(self) -> None:
        order = stop_order(status=OrderStatus.EXPIRED, expiry_reason="OCO_TRIGGER")
        event = user_events.execution_report(OrderReport(Execution.EXPIRED, order), NOW, 1)
        assert (event["c"], event["C"], event["x"], event["eR"]) == ("mine", "", "EXPIRED", "OCO_TRIGGER")

    def test_the_events_of_one_change_have_their_order(self) -> None:
        legs = (Leg(5, "mine"), Leg(6, "other"))
        order_list = OrderList(
            3, 1, "BTCUSDT", Contingency.OCO, "list", legs, NOW - 9, NOW, ListStatus.ALL_DONE
        )
        fill = Fill(
            9,
            5,
            1,
            "BTCUSDT",
            Side.SELL,
            Decimal(48_990),
            Decimal(1),
            Decimal(48_990),
            Decimal("48.99"),
            "USDT",
            False,
            NOW,
        )
        filled = stop_order(
            status=OrderStatus.FILLED, executed=Decimal(1), executed_quote=Decimal(48_990), working_ms=NOW
        )
        change = AccountChange(
            1,
            NOW,
            {"USDT": Balance(Decimal(5), Decimal(1)), "BTC": Balance()},
            orders=(
                OrderReport(Execution.EXPIRED, stop_order(order_id=6, status=OrderStatus.EXPIRED)),
                OrderReport(Execution.NEW, stop_order(working_ms=NOW)),
                OrderReport(Execution.TRADE, filled, fill),
            ),
            lists=(ListReport(order_list),),
            transfers=(Transfer("USDT", Decimal(-3), NOW - 1),),
        )
        events = user_events.events_of(change, itertools.count(10))
        assert [event.get("x", event["e"]) for event in events] == [
            "EXPIRED",
            "NEW",
            "TRADE",
            "listStatus",
            "balanceUpdate",
            "outboundAccountPosition",
        ]
        assert [event["I"] for event in events[:3]] == [10, 11, 12]
        assert (events[2]["t"], events[2]["n"], events[2]["N"]) == (9, Decimal("48.99"), "USDT")
        assert events[3] == {
            "e": "listStatus",
            "E": NOW,
            "s": "BTCUSDT",
            "g": 3,
            "c": "OCO",
            "l": "ALL_DONE",
            "L": "ALL_DONE",
            "r": "NONE",
            "C": "list",
            "T": NOW,
            "O": [{"s": "BTCUSDT", "i": 5, "c": "mine"}, {"s": "BTCUSDT", "i": 6, "c": "other"}],
        }
        assert (events[4]["d"], events[4]["T"]) == (Decimal(-3), NOW - 1)
        assert [entry["a"] for entry in events[5]["B"]] == ["BTC", "USDT"]


class TestSubscriptions:
    async def test_one_for_each_account_and_connection(self, running: Running, socket: WsClient) -> None:
        again = await socket.signed("userDataStream.subscribe.signature")
        assert (again["status"], again["error"]["code"]) == (400, -2035)
        assert (await socket.ask("session.subscriptions"))["result"] == [{"subscriptionId": 0}]
        assert (await socket.ask("session.status"))["result"]["userDataStream"] is True
        async with ws_connection(running) as other:
            assert await other.subscribe() == 0

    async def test_unsubscribing_ends_it(self, socket: WsClient) -> None:
        unknown = await socket.ask("userDataStream.unsubscribe", subscriptionId=1)
        assert (unknown["status"], unknown["error"]["code"]) == (400, -2036)
        assert (await socket.ask("userDataStream.unsubscribe", subscriptionId=0))["result"] == {}
        assert socket.events == [{"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": NOW}}]
        assert await socket.subscribe() == 1
        assert (await socket.ask("userDataStream.unsubscribe"))["result"] == {}
        assert (await socket.ask("session.subscriptions"))["result"] == []

    async def test_each_account_hears_of_itself(self) -> None:
        specs = [
            AccountSpec(letter * 64, SECRET, {"USDT": Decimal(10_000), "BTC": Decimal(1)}) for letter in "KL"
        ]
        market = ScriptedMarket()
        server = SimulatorServer(market, specs)
        await server.start()
        clients = [ExchangeClient(server.rest_url, market, spec.api_key) for spec in specs]
        try:
            first, second = (Running(server, market, client) for client in clients)
            async with ws_connection(first) as socket:
                assert await socket.subscribe() == 0
                assert await WsClient(second, socket.socket).subscribe() == 1
                server.exchange.deposit(server.exchange.accounts[1], "USDT", Decimal(1))
                frame = await socket.receive()
                assert (frame["subscriptionId"], frame["event"]["e"]) == (1, "balanceUpdate")
        finally:
            for client in clients:
                await client.close()
            await server.close()


class TestEvents:
    async def test_a_deposit(self, running: Running, socket: WsClient) -> None:
        exchange = running.server.exchange
        exchange.deposit(exchange.accounts[0], "USDT", Decimal("-2.5"))
        assert await socket.event() == {
            "e": "balanceUpdate",
            "E": NOW,
            "a": "USDT",
            "d": "-2.50000000",
            "T": NOW,
        }
        assert await socket.event() == {
            "e": "outboundAccountPosition",
            "E": NOW,
            "u": NOW,
            "B": [{"a": "USDT", "f": "9997.50000000", "l": ZERO}],
        }

    async def test_a_market_order(self, running: Running, socket: WsClient) -> None:
        placed = (await running.client.market("BUY", "0.01")).body
        new, trade, position = [await socket.event() for _ in range(3)]
        execution = new.pop("I")
        assert new == {
            "e": "executionReport",
            "E": NOW,
            "s": "BTCUSDT",
            "c": placed["clientOrderId"],
            "S": "BUY",
            "o": "MARKET",
            "f": "GTC",
            "q": "0.01000000",
            "p": ZERO,
            "P": ZERO,
            "F": ZERO,
            "g": -1,
            "C": "",
            "x": "NEW",
            "X": "NEW",
            "r": "NONE",
            "i": placed["orderId"],
            "l": ZERO,
            "z": ZERO,
            "L": ZERO,
            "n": "0",
            "N": None,
            "T": NOW,
            "t": -1,
            "w": True,
            "m": False,
            "M": False,
            "O": NOW,
            "Z": ZERO,
            "Y": ZERO,
            "Q": ZERO,
            "W": NOW,
            "V": "EXPIRE_MAKER",
        }
        assert trade["I"] > execution
        assert (trade["x"], trade["X"], trade["w"], trade["m"]) == ("TRADE", "FILLED", False, False)
        assert (trade["l"], trade["L"], trade["Y"]) == ("0.01000000", "50000.00000000", "500.00000000")
        assert (trade["z"], trade["Z"]) == ("0.01000000", "500.00000000")
        assert (trade["n"], trade["N"]) == ("0.00001000", "BTC")
        assert trade["t"] == placed["fills"][0]["tradeId"]
        assert [entry["a"] for entry in position["B"]] == ["BTC", "USDT"]

    async def test_a_cancel(self, running: Running, socket: WsClient) -> None:
        placed = (await running.client.limit("BUY", "0.01", "49000", newClientOrderId="mine")).body
        await running.client.signed(
            "DELETE", "order", symbol="BTCUSDT", orderId=placed["orderId"], newClientOrderId="the-cancel"
        )
        new, locked, cancelled, freed = [await socket.event() for _ in range(4)]
        assert (new["c"], new["C"], new["x"]) == ("mine", "", "NEW")
        assert locked["B"] == [{"a": "USDT", "f": "9510.00000000", "l": "490.00000000"}]
        assert (cancelled["c"], cancelled["C"], cancelled["x"]) == ("the-cancel", "mine", "CANCELED")
        assert (cancelled["X"], cancelled["w"]) == ("CANCELED", False)
        assert freed["B"] == [{"a": "USDT", "f": "10000.00000000", "l": ZERO}]

    async def test_a_resting_order_fills_as_maker(self, running: Running, socket: WsClient) -> None:
        await running.client.limit("BUY", "0.01", "49000")
        running.market.set_price("BTCUSDT", "48900", "0.004")
        running.market.advance()
        reports = [await socket.event() for _ in range(4)]
        part = reports[2]
        assert (part["x"], part["X"], part["m"], part["w"]) == ("TRADE", "PARTIALLY_FILLED", True, True)
        assert (part["l"], part["L"], part["z"]) == ("0.00400000", "49000.00000000", "0.00400000")
        assert reports[3]["e"] == "outboundAccountPosition"

    async def test_a_protection_that_triggers(self, running: Running, socket: WsClient) -> None:
        reply = await running.client.signed(
            "POST",
            "orderList/oco",
            symbol="BTCUSDT",
            side="SELL",
            quantity="0.5",
            aboveType="LIMIT_MAKER",
            abovePrice="52000",
            aboveClientOrderId="target",
            belowType="STOP_LOSS",
            belowStopPrice="48000",
            belowClientOrderId="stop",
        )
        assert reply.status == 200, reply.body
        begun = [await socket.event() for _ in range(4)]
        assert {(event["c"], event["x"], event["X"], event["w"]) for event in begun[:2]} == {
            ("target", "NEW", "NEW", True),
            ("stop", "NEW", "NEW", False),
        }
        assert (begun[2]["e"], begun[2]["l"], begun[2]["L"]) == ("listStatus", "EXEC_STARTED", "EXECUTING")
        assert begun[3]["B"] == [{"a": "BTC", "f": "0.50000000", "l": "0.50000000"}]
        running.market.set_price("BTCUSDT", "47900")
        running.market.advance()
        ended = [await socket.event() for _ in range(5)]
        reports = {(event.get("c"), event.get("x")): event for event in ended[:3]}
        assert reports["target", "EXPIRED"]["eR"] == "OCO_TRIGGER"
        assert reports["stop", "NEW"]["w"] is True
        assert (reports["stop", "TRADE"]["X"], reports["stop", "TRADE"]["N"]) == ("FILLED", "USDT")
        assert (ended[3]["e"], ended[3]["L"], ended[3]["g"]) == ("listStatus", "ALL_DONE", begun[2]["g"])
        assert [entry["a"] for entry in ended[4]["B"]] == ["BTC", "USDT"]


class TestMisbehaviour:
    def deposit(self, running: Running, amount: int) -> None:
        exchange = running.server.exchange
        exchange.deposit(exchange.accounts[0], "USDT", Decimal(amount))

    async def test_silence_keeps_the_connection(self, running: Running, socket: WsClient) -> None:
        streams = running.server.user_streams
        streams.silent = True
        self.deposit(running, 1)
        streams.silent = False
        self.deposit(running, 2)
        assert (await socket.event())["d"] == "2.00000000"
        assert (await socket.ask("session.subscriptions"))["result"] == [{"subscriptionId": 0}]

    async def test_duplicates_and_reverse_order(self, running: Running, socket: WsClient) -> None:
        streams = running.server.user_streams
        streams.duplicate = streams.reorder = True
        self.deposit(running, 1)
        kinds = [(await socket.event())["e"] for _ in range(4)]
        assert kinds == ["outboundAccountPosition"] * 2 + ["balanceUpdate"] * 2

    async def test_refused_handshakes(self, running: Running) -> None:
        running.server.user_streams.refuse_status = 503
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with ws_connection(running):
                pass
        assert caught.value.status == 503

    @pytest.mark.parametrize(("code", "seen"), [(1001, 1001), (None, aiohttp.WSCloseCode.ABNORMAL_CLOSURE)])
    async def test_dropped(self, running: Running, socket: WsClient, code: int | None, seen: int) -> None:
        running.server.user_streams.drop(code)
        assert await socket.closed() == seen

    async def test_any_frame(self, running: Running, socket: WsClient) -> None:
        frame = {"id": None, "status": 401, "error": {"code": -2015, "msg": "Invalid API-key."}}
        running.server.user_streams.send(frame)
        assert await socket.receive() == frame

    async def test_termination_takes_the_subscription(self, running: Running, socket: WsClient) -> None:
        running.server.user_streams.terminate()
        assert (await socket.event())["e"] == "eventStreamTerminated"
        self.deposit(running, 1)
        assert (await socket.ask("session.subscriptions"))["result"] == []
        assert socket.events == []

    async def test_a_shutdown_is_announced(self, running: Running, socket: WsClient) -> None:
        running.server.user_streams.shutdown()
        assert await socket.receive() == {"event": {"e": "serverShutdown", "E": NOW}}
        assert await socket.closed() == aiohttp.WSCloseCode.GOING_AWAY


class TestLibraries:
    async def test_python_binance_hears_of_an_order(self) -> None:
        async with running_exchange(WallMarket()) as running:
            rest, streams = running.server.rest_url, running.server.stream_url

            class LocalClient(AsyncClient):  # type: ignore[misc]
                API_URL = API_TESTNET_URL = API_DEMO_URL = f"{rest}/api"
                WS_API_URL = WS_API_TESTNET_URL = WS_API_DEMO_URL = f"{streams}/ws-api/v3"

            client = await LocalClient.create(KEY, SECRET)
            # Also how long its reader waits before it notices that it is to end.
            client.ws_api.TIMEOUT = 1
            try:
                async with BinanceSocketManager(client).user_socket() as user:
                    order = await client.create_order(
                        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01"
                    )
                    async with asyncio.timeout(WAIT_S):
                        events = [await user.recv() for _ in range(3)]
                    user.TIMEOUT = 1
            finally:
                await client.close_connection()
        assert [event.get("x", event["e"]) for event in events] == ["NEW", "TRADE", "outboundAccountPosition"]
        assert [event["i"] for event in events[:2]] == [order["orderId"]] * 2

    async def test_ccxt_watches_orders_and_balance(self) -> None:
        async with running_exchange(WallMarket()) as running:
            rest, streams = running.server.rest_url, running.server.stream_url
            client = ccxt.pro.binance(
                {
                    "apiKey": KEY,
                    "secret": SECRET,
                    "enableRateLimit": False,
                    "urls": {
                        "api": {
                            "public": f"{rest}/api/v3",
                            "private": f"{rest}/api/v3",
                            "ws": {"spot": f"{streams}/ws", "ws-api": {"spot": f"{streams}/ws-api/v3"}},
                        }
                    },
                    "options": {
                        "defaultType": "spot",
                        "fetchMarkets": {"types": ["spot"]},
                        "fetchCurrencies": False,
                        "fetchMargins": False,
                    },
                }
            )
            try:
                async with asyncio.timeout(2 * WAIT_S):
                    await client.load_markets()
                    orders = asyncio.create_task(client.watch_orders("BTC/USDT"))
                    balance = asyncio.create_task(client.watch_balance())
                    await subscribed(running)
                    placed = await client.create_order("BTC/USDT", "limit", "buy", 0.01, 49000)
                    assert [(order["id"], order["status"]) for order in await orders] == [
                        (placed["id"], "open")
                    ]
                    assert (await balance)["USDT"]["used"] == 490.0
            finally:
                await client.close()


async def subscribed(running: Running) -> None:
    """Wait until some connection is subscribed to the account."""
    account_id = running.server.exchange.accounts[0].account_id
    async with asyncio.timeout(WAIT_S):
        while True:
            if running.server.user_streams.is_heard(account_id):
                return
            await asyncio.sleep(0.01)
