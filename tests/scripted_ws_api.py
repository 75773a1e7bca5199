"""A WebSocket API that does what a test scripts, and a listener that collects what a user stream delivers."""

import asyncio
import hashlib
import hmac
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from binance_trade_agent.domain.user_events import StreamLost, StreamOpened, UserEvent
from binance_trade_agent.exchange.binance.ban_gate import BanGate
from binance_trade_agent.exchange.binance.clock_offset import ExchangeClock
from binance_trade_agent.exchange.binance.config import BinanceConfig
from binance_trade_agent.exchange.binance.user_stream import BinanceUserStream, StreamTimes
from tests.fake_exchange_wire import ManualClock, MemoryBans, to_ms

KEY, SECRET = "key-of-the-account", "secret-of-the-account"
SUBSCRIBE, LIST, TIME = "userDataStream.subscribe.signature", "session.subscriptions", "time"
QUICK = StreamTimes(look_every_s=0.01, open_within_s=30)
LIMIT_S = 60

Request = Mapping[str, Any]
Frame = dict[str, Any]
#: What a method answers: a frame without its id, or None for no answer at all.
Answer = Callable[["Socket", Request], Frame | None]


def failure(status: int, code: int, **data: int) -> Frame:
    error: Frame = {"code": code, "msg": f"scripted {code}"}
    return {"status": status, "error": error | ({"data": data} if data else {})}


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - what it waits for lies in other tasks
            await asyncio.sleep(0.005)


class RecordingClock(ManualClock):
    """Sleeping moves it, and is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []
        #: Whether sleepers never wake.
        self.stands_still = False

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.stands_still:
            await asyncio.Event().wait()
        await super().sleep(seconds)
        await asyncio.sleep(0)


class Socket:
    """The server's side of one connection."""

    def __init__(self, connection: web.WebSocketResponse, number: int) -> None:
        self.connection = connection
        self.subscription_id = number
        self.subscribed = False
        self.requests: list[Request] = []
        self.pongs: list[bytes] = []
        self.is_over = False

    def asked(self, method: str) -> int:
        return sum(request["method"] == method for request in self.requests)

    async def send(self, frame: object) -> None:
        await self.connection.send_str(frame if isinstance(frame, str) else orjson.dumps(frame).decode())

    async def tell(self, event: Mapping[str, Any]) -> None:
        await self.send({"subscriptionId": self.subscription_id, "event": event})

    async def close(self, code: int) -> None:
        await self.connection.close(code=code)

    def abort(self) -> None:
        transport = self.connection._req.transport if self.connection._req else None
        assert transport is not None
        transport.abort()


class ScriptedWsApi:
    """Answers as Binance does unless `answers` says otherwise. `refusals`: how the next handshakes are answered."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.offset_ms = 0
        self.sockets: list[Socket] = []
        self.refusals: deque[web.Response] = deque()
        self.answers: dict[str, deque[Answer]] = {SUBSCRIBE: deque(), LIST: deque(), TIME: deque()}
        self.handshakes = 0
        #: Frames that go out before the answer to a subscription.
        self.before_subscribing: list[Frame] = []
        #: Whether sockets stay open but are read and answered no more after their next request.
        self.stops_reading = False
        self._closing = asyncio.Event()
        app = web.Application()
        app.router.add_get("/ws-api/v3", self._serve)
        self._server = TestServer(app)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}/ws-api/v3"

    @property
    def newest(self) -> Socket:
        return self.sockets[-1]

    def script(self, method: str, *answers: Answer | Frame | None) -> None:
        """The next answers to a method; the last one stays."""
        self.answers[method] = deque(given if callable(given) else _constant(given) for given in answers)

    async def start(self) -> None:
        await self._server.start_server()

    async def close(self) -> None:
        self._closing.set()
        for socket in self.sockets:
            if not socket.is_over:
                socket.abort()
        await self._server.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        if self.refusals:
            return self.refusals.popleft()
        connection = web.WebSocketResponse(timeout=0.1, autoping=False)
        await connection.prepare(request)
        socket = Socket(connection, len(self.sockets))
        self.sockets.append(socket)
        try:
            async for message in connection:
                if message.type is WSMsgType.PONG:
                    socket.pongs.append(bytes(message.data))
                else:
                    await self._answer(socket, orjson.loads(message.data))
        finally:
            socket.is_over = True
        return connection

    async def _answer(self, socket: Socket, request: Request) -> None:
        socket.requests.append(request)
        method = request["method"]
        if self.stops_reading:
            await self._closing.wait()
        for frame in self.before_subscribing if method == SUBSCRIBE else []:
            await socket.send(frame)
        scripted = self.answers[method]
        if not scripted:
            answer: Frame | None = getattr(self, f"_{method.replace('.', '_')}")(socket, request)
        else:
            answer = (scripted.popleft() if len(scripted) > 1 else scripted[0])(socket, request)
        if answer is not None:
            await socket.send({"id": request["id"]} | answer)

    def _time(self, _: Socket, __: Request) -> Frame:
        return {"status": 200, "result": {"serverTime": to_ms(self.clock.now()) + self.offset_ms}}

    def _userDataStream_subscribe_signature(self, socket: Socket, request: Request) -> Frame:  # noqa: N802
        params = request["params"]
        payload = f"apiKey={KEY}&recvWindow=5000&timestamp={params['timestamp']}"
        signature = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if params["signature"] != signature or params["apiKey"] != KEY or params["recvWindow"] != 5000:
            return failure(400, -1022)
        if params["timestamp"] >= to_ms(self.clock.now()) + self.offset_ms + 1000:
            return failure(400, -1021)
        if socket.subscribed:
            return failure(400, -2035)
        socket.subscribed = True
        return {"status": 200, "result": {"subscriptionId": socket.subscription_id}, "rateLimits": []}

    def _session_subscriptions(self, socket: Socket, _: Request) -> Frame:
        active = [{"subscriptionId": socket.subscription_id}] if socket.subscribed else []
        return {"status": 200, "result": active}


def _constant(frame: Frame | None) -> Answer:
    return lambda _socket, _request: frame


class Listener:
    """Runs a user stream and keeps what it delivers."""

    def __init__(self, stream: BinanceUserStream) -> None:
        self.stream = stream
        self.events: list[UserEvent] = []
        self.task = asyncio.create_task(stream.run(self.events.append))

    @property
    def opened(self) -> int:
        return sum(isinstance(event, StreamOpened) for event in self.events)

    @property
    def losses(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, StreamLost)]

    @property
    def news(self) -> list[UserEvent]:
        return [event for event in self.events if not isinstance(event, StreamOpened | StreamLost)]

    async def until_opened(self, times: int = 1) -> None:
        await eventually(lambda: self.opened >= times or self.task.done())
        assert self.opened >= times, self.task.result()

    async def until(self, count: int) -> None:
        """Until so many events that are not about the stream itself have come."""
        await eventually(lambda: len(self.news) >= count)

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(LIMIT_S):
                await self.task


def stream_at(
    url: str, clock: ManualClock, bans: MemoryBans, times: StreamTimes = QUICK
) -> BinanceUserStream:
    http_url = url.replace("ws://", "http://").removesuffix("/ws-api/v3")
    config = BinanceConfig(http_url, url, url, KEY, SECRET)
    return BinanceUserStream(config, ExchangeClock(clock, 5000), clock, BanGate(bans, clock), times)


@asynccontextmanager
async def listening(
    api: ScriptedWsApi, bans: MemoryBans | None = None, times: StreamTimes = QUICK
) -> AsyncIterator[Listener]:
    listener = Listener(stream_at(api.url, api.clock, bans or MemoryBans(), times))
    try:
        yield listener
    finally:
        await listener.stop()
