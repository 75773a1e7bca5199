"""The user stream against a WebSocket API that fails in every way there is."""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.user_events import OrderReported, StreamLost, StreamOpened, Transferred
from tests.fake_exchange_wire import MemoryBans, to_ms
from tests.scripted_ws_api import (
    KEY,
    LIST,
    QUICK,
    SECRET,
    SUBSCRIBE,
    TIME,
    Listener,
    RecordingClock,
    ScriptedWsApi,
    Socket,
    eventually,
    failure,
    listening,
    stream_at,
)

UNKNOWN_METHOD = failure(400, -1020)


def report(client_order_id: str = "bta-1", **fields: Any) -> dict[str, Any]:
    """A market order's executionReport, NEW unless told otherwise."""
    return {
        "e": "executionReport",
        "E": 1772366400100,
        "s": "BTCUSDT",
        "c": client_order_id,
        "S": "BUY",
        "o": "MARKET",
        "f": "GTC",
        "q": "0.01000000",
        "p": "0.00000000",
        "P": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "i": 17,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": 1772366400099,
        "t": -1,
        "m": False,
        "Z": "0.00000000",
        "Y": "0.00000000",
    } | fields


DEPOSIT = {"e": "balanceUpdate", "E": 1772366400100, "a": "BTC", "d": "1.50000000", "T": 1772366400000}


@pytest.fixture
def clock() -> RecordingClock:
    return RecordingClock()


@pytest.fixture
async def api(clock: RecordingClock) -> AsyncIterator[ScriptedWsApi]:
    server = ScriptedWsApi(clock)
    await server.start()
    yield server
    await server.close()


def ids(listener: Listener) -> list[str]:
    return [event.order.client_order_id for event in listener.news if isinstance(event, OrderReported)]


async def look_around(api: ScriptedWsApi, listener: Listener, client_order_id: str) -> None:
    """Until the stream has looked at its limits once more: it does so after a ping, and before the next event."""
    await api.newest.connection.ping(b"now")
    await api.newest.tell(report(client_order_id))
    await eventually(lambda: client_order_id in ids(listener) or bool(listener.losses))


async def test_it_subscribes_with_a_signature_and_says_so(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()

        assert listener.events == [StreamOpened()]
        assert api.newest.subscribed
        assert api.newest.requests[-1]["params"].keys() == {"apiKey", "recvWindow", "timestamp", "signature"}


async def test_events_are_delivered_in_their_order(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        await api.newest.tell(report("bta-1"))
        await api.newest.tell({"e": "outboundAccountPosition", "E": 1, "u": 1, "B": []})
        await api.newest.tell(DEPOSIT)
        await api.newest.tell(report("bta-2"))
        await listener.until(3)

        first, transfer, second = listener.news
        assert isinstance(first, OrderReported)
        assert first.order.client_order_id == "bta-1"
        assert isinstance(transfer, Transferred)
        assert transfer.asset == "BTC"
        assert isinstance(second, OrderReported)
        assert second.order.client_order_id == "bta-2"


async def test_duplicates_and_late_events_are_delivered_as_they_come(api: ScriptedWsApi) -> None:
    filled = report(
        x="TRADE", X="FILLED", l="0.01", z="0.01", L="50000", Y="500", Z="500", t=7, n="0.1", N="BNB"
    )
    async with listening(api) as listener:
        await listener.until_opened()
        for event in (filled, filled, report()):
            await api.newest.tell(event)
        await listener.until(3)

        orders = [event.order for event in listener.news if isinstance(event, OrderReported)]
        assert [order.status for order in orders] == [
            OrderStatus.FILLED,
            OrderStatus.FILLED,
            OrderStatus.OPEN,
        ]
        assert orders[0] == orders[1]
        assert not listener.losses


async def test_events_before_the_subscriptions_answer_are_left_to_the_look_up(api: ScriptedWsApi) -> None:
    api.before_subscribing = [{"subscriptionId": 0, "event": report("bta-early")}]
    async with listening(api) as listener:
        await listener.until_opened()
        await api.newest.tell(report("bta-later"))
        await listener.until(1)

        assert listener.events[0] == StreamOpened()
        assert ids(listener) == ["bta-later"]


async def _drop(socket: Socket) -> None:
    socket.abort()


def _sends(frame: object) -> Callable[[Socket], Awaitable[None]]:
    return lambda socket: socket.send(frame)


ENDS: dict[str, Callable[[Socket], Awaitable[None]]] = {
    "closed for the 24 h": lambda socket: socket.close(1001),
    "closed normally": lambda socket: socket.close(1000),
    "reset": _drop,
    "not JSON": _sends('{"subscriptionId":0,"event":{"e":"execu'),
    "not an object": _sends("[]"),
    "binary": lambda socket: socket.connection.send_bytes(b"{}"),
    "key revoked": _sends({"id": None} | failure(401, -2015)),
    "late answer": _sends({"id": "old"} | failure(503, -1007)),
    "subscription not active": _sends({"id": "old"} | failure(400, -2036)),
    "control error": _sends({"code": 2, "msg": "Invalid request: unknown variant"}),
    "terminated": _sends({"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}}),
    "report without a quantity": _sends({"subscriptionId": 0, "event": {"e": "executionReport", "x": "NEW"}}),
    "null price": _sends({"subscriptionId": 0, "event": report(p=None)}),
    "number for a price": _sends({"subscriptionId": 0, "event": report(p=1.5)}),
    "unknown status": _sends({"subscriptionId": 0, "event": report(X="SOMETHING")}),
    "type that is no name": _sends({"subscriptionId": 0, "event": {"e": 7}}),
    "more traded than executed": _sends(
        {"subscriptionId": 0, "event": report(x="TRADE", l="1", L="1", Y="1", t=1, N="BNB")}
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_whatever_ends_a_subscription_is_told_once_and_another_follows(
    api: ScriptedWsApi, end: Callable[[Socket], Awaitable[None]]
) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        await end(api.newest)
        await listener.until_opened(2)
        await api.newest.tell(report("bta-after"))
        await listener.until(1)

        kinds = [type(event) for event in listener.events]
        assert kinds == [StreamOpened, StreamLost, StreamOpened, OrderReported]
        await eventually(lambda: api.sockets[0].is_over)


async def test_unknown_events_fields_and_answers_are_ignored(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        for event in ({"e": "brandNew", "E": 1}, {"e": "listStatus"}, {"e": "externalLockUpdate"}):
            await api.newest.tell(event)
        await api.newest.send({"id": "another", "status": 200, "result": {}})
        await api.newest.tell(report("bta-1", ZZ={"new": None}))
        await listener.until(1)

        assert ids(listener) == ["bta-1"]
        assert not listener.losses


async def test_refused_handshakes_are_told_once_and_waited_out_ever_longer(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    api.refusals.extend(web.Response(status=status) for status in (503, 403, 429, 502, 200))
    async with listening(api) as listener:
        await listener.until_opened()

    assert [type(event) for event in listener.events] == [StreamLost, StreamOpened]
    assert api.handshakes == 6
    for wait_s, longest_s in zip(clock.waits, (0.5, 1, 2, 4, 8), strict=True):
        assert longest_s / 2 <= wait_s <= longest_s


async def test_waits_end_at_a_minute(api: ScriptedWsApi, clock: RecordingClock) -> None:
    api.refusals.extend(web.Response(status=503) for _ in range(12))
    async with listening(api) as listener:
        await listener.until_opened()

    assert 30 <= max(clock.waits) <= 60


async def test_a_server_that_closes_at_once_is_not_hammered(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    async with listening(api) as listener:
        for count in range(1, 5):
            await listener.until_opened(count)
            await api.newest.close(1001)
        await listener.until_opened(5)

    assert clock.waits[3] >= 2


async def test_a_long_subscription_is_followed_quickly(api: ScriptedWsApi, clock: RecordingClock) -> None:
    api.refusals.extend(web.Response(status=503) for _ in range(5))
    async with listening(api) as listener:
        await listener.until_opened()
        clock.advance(29)
        await api.newest.tell(report())
        await listener.until(1)
        clock.advance(2)
        await api.newest.close(1001)
        await listener.until_opened(2)

    assert clock.waits[-1] <= 0.5


async def test_a_port_where_nobody_listens_is_tried_again(api: ScriptedWsApi, clock: RecordingClock) -> None:
    with sockets.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        listener = Listener(stream_at(f"ws://127.0.0.1:{port}/ws-api/v3", clock, MemoryBans()))
        await eventually(lambda: len(clock.waits) >= 3)
        await listener.stop()

    assert len(listener.losses) == 1


async def test_a_proxy_in_the_environment_does_not_catch_it(
    api: ScriptedWsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "WS_PROXY", "ws_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with listening(api) as listener:
        await listener.until_opened()

    assert not listener.losses


async def test_a_redirect_is_not_followed(api: ScriptedWsApi) -> None:
    api.refusals.append(web.Response(status=307, headers={"Location": api.url.replace("ws:", "http:")}))
    async with listening(api) as listener:
        await listener.until_opened()

    assert "redirected" in listener.losses[0]


@pytest.mark.parametrize("status", [429, 418])
async def test_a_handshake_that_demands_silence_gets_it(
    api: ScriptedWsApi, clock: RecordingClock, status: int
) -> None:
    api.refusals.append(web.Response(status=status, headers={"Retry-After": "90"}))
    bans = MemoryBans()
    before = clock.now()
    async with listening(api, bans) as listener:
        await listener.until_opened()

    assert clock.waits == [90]
    assert (clock.now() - before).total_seconds() == 90
    assert len(bans.reasons) == 1


async def test_an_answer_that_demands_silence_names_its_end(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    banned = failure(418, -1003, serverTime=to_ms(clock.now()), retryAfter=to_ms(clock.now()) + 150_000)
    api.script(SUBSCRIBE, banned, api._userDataStream_subscribe_signature)
    bans = MemoryBans()
    async with listening(api, bans) as listener:
        await listener.until_opened()

    assert clock.waits == [150]
    assert len(bans.reasons) == 1


async def test_a_demand_for_silence_during_a_subscription_silences_everything(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    bans = MemoryBans()
    async with listening(api, bans) as listener:
        await listener.until_opened()
        until = clock.now() + timedelta(seconds=150)
        await api.newest.send({"id": None, **failure(418, -1003, retryAfter=to_ms(until))})
        await eventually(lambda: bans.until() is not None)
        assert bans.until() == until
        await listener.until_opened(2)

    assert len(listener.losses) == 1
    assert clock.now() >= until


@pytest.mark.parametrize(
    ("retry_after_ms", "wait_s"), [(9 * 10**18, 259_200), (1, 1)], ids=["absurd", "over"]
)
async def test_the_end_of_a_silence_is_believed_within_reason(
    api: ScriptedWsApi, clock: RecordingClock, retry_after_ms: int, wait_s: int
) -> None:
    demand = failure(429, -1003, retryAfter=retry_after_ms)
    api.script(SUBSCRIBE, demand, api._userDataStream_subscribe_signature)
    async with listening(api) as listener:
        await listener.until_opened()

    assert clock.waits == [wait_s]


async def test_it_does_not_connect_while_a_ban_is_in_force(api: ScriptedWsApi, clock: RecordingClock) -> None:
    bans = MemoryBans(clock.now() + timedelta(seconds=300))
    async with listening(api, bans) as listener:
        await listener.until_opened()

    assert clock.waits == [300]
    assert api.handshakes == 1
    assert not bans.reasons


async def test_a_subscription_that_is_not_answered_is_given_up(api: ScriptedWsApi) -> None:
    api.script(SUBSCRIBE, None, api._userDataStream_subscribe_signature)
    async with listening(api, times=replace(QUICK, open_within_s=0.2)) as listener:
        await listener.until_opened()
        await eventually(lambda: api.sockets[0].is_over)

    assert [type(event) for event in listener.events] == [StreamLost, StreamOpened]


@pytest.mark.parametrize(
    "answer",
    [failure(400, -2035), failure(401, -2015), failure(503, -1007), {"status": 200, "result": {}}],
    ids=["already active", "key refused", "undecided", "unreadable"],
)
async def test_a_refused_subscription_is_tried_again(api: ScriptedWsApi, answer: dict[str, Any]) -> None:
    api.script(SUBSCRIBE, answer, api._userDataStream_subscribe_signature)
    async with listening(api) as listener:
        await listener.until_opened()

    assert [type(event) for event in listener.events] == [StreamLost, StreamOpened]
    assert len(api.sockets) == 2


async def test_a_refused_timestamp_has_the_clock_measured(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        api.offset_ms = -60_000
        await api.newest.close(1001)
        await listener.until_opened(2)

    assert [socket.asked(TIME) for socket in api.sockets] == [1, 0, 1]


async def test_an_unknown_time_does_not_hinder(api: ScriptedWsApi) -> None:
    api.script(TIME, UNKNOWN_METHOD)
    async with listening(api) as listener:
        await listener.until_opened()

    assert not listener.losses


async def test_a_quiet_subscription_is_proved_by_being_listed(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        for proofs in (1, 2, 3):
            clock.advance(30)
            await eventually(lambda count=proofs: api.newest.asked(LIST) == count)
        await api.newest.tell(report())
        await listener.until(1)

        assert not listener.losses
        assert len(api.sockets) == 1


async def test_events_are_proof_too(api: ScriptedWsApi, clock: RecordingClock) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        for count in range(1, 6):
            clock.advance(20)
            await api.newest.tell(report(f"bta-{count}"))
            await listener.until(count)

        assert api.newest.asked(LIST) == 0
        assert not listener.losses


async def test_pings_are_answered_with_what_they_carry(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        await api.newest.connection.ping(b"1772366400")
        await eventually(lambda: api.newest.pongs == [b"1772366400"])


async def test_pings_are_no_proof(api: ScriptedWsApi, clock: RecordingClock) -> None:
    api.script(LIST, None)
    async with listening(api) as listener:
        await listener.until_opened()
        clock.advance(30)
        await eventually(lambda: api.newest.asked(LIST) == 1)
        for _ in range(5):
            clock.advance(2)
            await api.sockets[0].connection.ping(b"still here")
        await listener.until_opened(2)

    assert "deaf" in listener.losses[0]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "result": []},
        {"status": 200, "result": [{"subscriptionId": 5}]},
        {"status": 200, "result": None},
        failure(429, -1003),
    ],
    ids=["none", "another", "unreadable", "throttled"],
)
async def test_an_answer_that_does_not_list_it_ends_it(
    api: ScriptedWsApi, clock: RecordingClock, answer: dict[str, Any]
) -> None:
    api.script(LIST, answer)
    async with listening(api) as listener:
        await listener.until_opened()
        clock.advance(30)
        await listener.until_opened(2)

    assert len(listener.losses) == 1


async def test_where_listing_is_unknown_subscribing_again_is_the_proof(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    api.script(LIST, UNKNOWN_METHOD)
    async with listening(api) as listener:
        await listener.until_opened()
        for subscriptions in (2, 3):
            clock.advance(30)
            await eventually(lambda count=subscriptions: api.newest.asked(SUBSCRIBE) == count)
        await api.newest.tell(report())
        await listener.until(1)

        assert api.newest.asked(LIST) == 1
        assert not listener.losses


async def test_subscribing_again_with_success_shows_that_it_was_lost(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    api.script(LIST, UNKNOWN_METHOD)
    async with listening(api) as listener:
        await listener.until_opened()
        api.newest.subscribed = False
        clock.advance(30)
        await listener.until_opened(2)

    assert "deaf" in listener.losses[0]


async def test_an_expected_report_that_does_not_come_means_it_is_deaf(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        listener.stream.expect("bta-1")
        await api.newest.tell(report("bta-2"))
        await listener.until(1)
        clock.advance(10)
        await listener.until_opened(2)

        assert "deaf" in listener.losses[0]
        assert "bta-1" in listener.losses[0]
        # the look-up with which the next subscription begins covers it
        listener.events.clear()
        await look_around(api, listener, "bta-3")
        assert not listener.losses


async def test_an_expected_report_may_come_before_or_after_it_is_expected(
    api: ScriptedWsApi, clock: RecordingClock
) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        await api.newest.tell(report("bta-before"))
        await listener.until(1)
        listener.stream.expect("bta-before")
        listener.stream.expect("bta-after")
        await api.newest.tell(report("bta-after"))
        await listener.until(2)
        clock.advance(11)
        await look_around(api, listener, "bta-more")

        assert not listener.losses


async def test_nothing_is_expected_without_a_subscription(api: ScriptedWsApi, clock: RecordingClock) -> None:
    async with listening(api) as listener:
        listener.stream.expect("bta-1")
        await listener.until_opened()
        clock.advance(10)
        await look_around(api, listener, "bta-2")

        assert not listener.losses


SHUTDOWN = {"e": "serverShutdown", "E": 1}


@pytest.mark.parametrize(
    "frame",
    [SHUTDOWN, {"event": SHUTDOWN}, {"stream": "!serverShutdown", "data": SHUTDOWN}],
    ids=["bare", "wrapped", "combined"],
)
async def test_a_shutdown_is_forestalled(api: ScriptedWsApi, frame: dict[str, Any]) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        api.refusals.append(web.Response(status=503))
        await api.newest.send(frame)
        await api.newest.tell(report("bta-still"))
        await listener.until_opened(2)
        await api.newest.tell(report("bta-after"))
        await listener.until(2)

        assert ids(listener) == ["bta-still", "bta-after"]
        assert not listener.losses
        await eventually(lambda: api.sockets[0].is_over)
        assert len(api.sockets) == 2


async def test_a_shutdown_that_comes_too_fast_is_a_loss(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        api.refusals.extend(web.Response(status=503) for _ in range(20))
        await api.newest.send({"event": SHUTDOWN})
        await api.newest.close(1001)
        await listener.until_opened(2)

        assert [type(event) for event in listener.events] == [StreamOpened, StreamLost, StreamOpened]


async def test_servers_that_all_shut_down_are_not_hammered(api: ScriptedWsApi, clock: RecordingClock) -> None:
    async with listening(api) as listener:
        for count in range(1, 6):
            await listener.until_opened(count)
            await api.newest.send({"event": SHUTDOWN})

    assert clock.waits[3] >= 2


async def test_a_lost_connection_is_left_before_another_is_made(api: ScriptedWsApi) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        api.script(SUBSCRIBE, None)
        await api.newest.tell({"e": "executionReport"})
        await eventually(lambda: len(api.sockets) == 2)
        await eventually(lambda: api.sockets[0].is_over)

        assert listener.opened == 1


async def test_it_is_renewed_before_the_exchange_ends_it(api: ScriptedWsApi, clock: RecordingClock) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        clock.advance(23 * 3600)
        await listener.until_opened(2)

        assert not listener.losses
        assert clock.waits == [0]
        await eventually(lambda: api.sockets[0].is_over)


async def test_cancelling_closes_the_connection_and_leaves_nothing(api: ScriptedWsApi) -> None:
    before = asyncio.all_tasks()
    listener = Listener(stream_at(api.url, api.clock, MemoryBans()))
    await listener.until_opened()
    await listener.stop()

    assert listener.task.cancelled()
    await eventually(lambda: api.newest.is_over)
    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_cancelling_ends_a_half_open_connection_too(api: ScriptedWsApi) -> None:
    listener = Listener(stream_at(api.url, api.clock, MemoryBans()))
    await listener.until_opened()
    api.stops_reading = True
    await api.newest.tell(report())
    await listener.until(1)
    await listener.stop()

    assert listener.task.cancelled()


async def test_a_half_open_connection_is_left(api: ScriptedWsApi, clock: RecordingClock) -> None:
    async with listening(api) as listener:
        await listener.until_opened()
        api.stops_reading = True
        clock.advance(30)
        # the server has read the question and reads no more
        await eventually(lambda: api.newest.asked(LIST) == 1)
        api.stops_reading = False
        clock.advance(10)
        await listener.until_opened(2)

    assert "deaf" in listener.losses[0]


async def test_cancelling_while_a_successor_is_made_closes_both(api: ScriptedWsApi) -> None:
    listener = Listener(stream_at(api.url, api.clock, MemoryBans()))
    await listener.until_opened()
    api.script(SUBSCRIBE, None)
    await api.newest.send({"event": SHUTDOWN})
    await eventually(lambda: len(api.sockets) == 2 and api.newest.asked(SUBSCRIBE) == 1)
    await listener.stop()

    assert listener.task.cancelled()
    await eventually(lambda: all(socket.is_over for socket in api.sockets))


async def test_cancelling_while_a_successor_waits_ends_it(api: ScriptedWsApi, clock: RecordingClock) -> None:
    before = asyncio.all_tasks()
    listener = Listener(stream_at(api.url, clock, MemoryBans()))
    await listener.until_opened()
    clock.stands_still = True
    await api.newest.send({"event": SHUTDOWN})
    await eventually(lambda: len(clock.waits) == 1)
    await listener.stop()

    await eventually(lambda: asyncio.all_tasks() <= before)


async def test_cancelling_before_the_first_subscription_ends_it(api: ScriptedWsApi) -> None:
    api.script(SUBSCRIBE, None)
    listener = Listener(stream_at(api.url, api.clock, MemoryBans()))
    await eventually(lambda: bool(api.sockets) and api.newest.asked(SUBSCRIBE) == 1)
    await listener.stop()

    assert listener.events == []
    await eventually(lambda: api.newest.is_over)


async def test_what_the_receiver_raises_is_not_swallowed(api: ScriptedWsApi, clock: RecordingClock) -> None:
    def refuse(event: object) -> None:
        if isinstance(event, OrderReported):
            raise OSError("the disk is full")

    task = asyncio.create_task(stream_at(api.url, clock, MemoryBans()).run(refuse))
    await eventually(lambda: bool(api.sockets) and api.newest.subscribed)
    await api.newest.tell(report())

    with pytest.raises(OSError, match="disk is full"):
        async with asyncio.timeout(60):
            await task
    await eventually(lambda: api.newest.is_over)


async def test_neither_secret_nor_key_nor_signature_is_logged(api: ScriptedWsApi) -> None:
    with capture_logs() as logs:
        async with listening(api) as listener:
            await listener.until_opened()
            for end in ENDS.values():
                opened = listener.opened
                await end(api.newest)
                await listener.until_opened(opened + 1)

    signatures = [
        request["params"]["signature"]
        for socket in api.sockets
        for request in socket.requests
        if "params" in request
    ]
    assert len(logs) > len(ENDS)
    assert not any(text in repr(logs) for text in (KEY, SECRET, *signatures))
