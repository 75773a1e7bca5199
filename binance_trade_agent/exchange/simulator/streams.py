"""Market stream sockets: `/ws`, `/ws/<stream>`, `/ws/<n>` and `/stream?streams=a/b`.

A connection that does not read is closed once too much waits for it; one that does not
answer pings for a minute, that sends more than 5 messages in a second, or that is a day old, too.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from binance_trade_agent.exchange.simulator import wire
from binance_trade_agent.exchange.simulator.feeds import Feed, open_feed
from binance_trade_agent.exchange.simulator.market.base import Market, MarketTrade, MarketUnavailable

PING_INTERVAL_S = 20.0
PONG_TIMEOUT_S = 60.0
LIFETIME_S = 86_400.0

_CLOSE_TIMEOUT_S = 2.0
_MOST_WAITING = 10_000
_MOST_STREAMS = 1024
_MESSAGES_PER_SECOND = 5


class Connection:
    """One client's socket, what it is subscribed to and what waits to be sent."""

    def __init__(self, socket: web.WebSocketResponse, *, combined: bool) -> None:
        self.socket = socket
        self.combined = combined
        self.streams: dict[str, None] = {}
        self.last_pong_s = time.monotonic()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self._arrivals: deque[float] = deque(maxlen=_MESSAGES_PER_SECOND)
        self._overrun = False

    def send(self, message: bytes) -> None:
        """Queue a message; a client that lets the queue fill up is closed."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._overrun = True

    async def write(self) -> None:
        """Send what is queued until the socket closes."""
        while not self._overrun:
            await self.socket.send_str((await self._waiting.get()).decode())
        await self.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too slow")

    async def ping(self, interval_s: float) -> None:
        """Ping until the client stops answering or its day is over."""
        opened_s = time.monotonic()
        while True:
            await asyncio.sleep(interval_s)
            now_s = time.monotonic()
            if now_s - self.last_pong_s > PONG_TIMEOUT_S or now_s - opened_s > LIFETIME_S:
                await self.socket.close(code=WSCloseCode.GOING_AWAY)
                return
            await self.socket.ping(str(int(now_s * 1000)).encode())

    def too_fast(self) -> bool:
        """Note an incoming message; whether it is the sixth within a second."""
        now_s = time.monotonic()
        full = len(self._arrivals) == _MESSAGES_PER_SECOND and now_s - self._arrivals[0] < 1
        self._arrivals.append(now_s)
        return full


class _Topic:
    """A stream that somebody is subscribed to."""

    def __init__(self, name: str, symbol: str, feed: Feed) -> None:
        self.name = name
        self.symbol = symbol
        self.feed = feed
        self.listeners: dict[Connection, None] = {}

    def publish(self, now_ms: int) -> None:
        """Send what is new to all listeners."""
        for event in self.feed.poll(now_ms):
            raw = wire.dumps(event)
            wrapped = b'{"stream":"%s","data":%s}' % (self.name.encode(), raw)
            for connection in self.listeners:
                connection.send(wrapped if connection.combined else raw)


class StreamHub:
    """All stream connections of the server."""

    def __init__(self, market: Market, ping_interval_s: float = PING_INTERVAL_S) -> None:
        self._market = market
        self._ping_interval_s = ping_interval_s
        self._connections: dict[Connection, None] = {}
        self._topics: dict[str, _Topic] = {}
        market.subscribe(self._accept)

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        app.router.add_get("/ws", self.raw)
        app.router.add_get("/ws/{streams:.*}", self.raw)
        app.router.add_get("/stream", self.combined)

    def publish(self) -> None:
        """Send what is new since the last call; a stream without data stays silent."""
        now_ms = self._market.now_ms()
        for topic in self._topics.values():
            try:
                topic.publish(now_ms)
            except MarketUnavailable:
                continue

    async def close(self) -> None:
        """Close every connection as a server that goes away does."""
        closing = [connection.socket.close(code=WSCloseCode.GOING_AWAY) for connection in self._connections]
        await asyncio.gather(*closing, return_exceptions=True)

    async def raw(self, request: web.Request) -> web.StreamResponse:
        """`/ws...`: payloads as they are."""
        names = request.match_info.get("streams", "").split("/")
        return await self._serve(request, [name for name in names if not name.isdigit()], combined=False)

    async def combined(self, request: web.Request) -> web.StreamResponse:
        """`/stream`: payloads wrapped with their stream's name."""
        # python-binance appends "?timeUnit=..." to the list instead of "&timeUnit=..."
        names = request.query.get("streams", "").partition("?")[0].split("/")
        return await self._serve(request, names, combined=True)

    async def _serve(
        self, request: web.Request, names: Iterable[str], *, combined: bool
    ) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=_CLOSE_TIMEOUT_S)
        await socket.prepare(request)
        connection = Connection(socket, combined=combined)
        self._connections[connection] = None
        tasks = [
            asyncio.create_task(connection.write()),
            asyncio.create_task(connection.ping(self._ping_interval_s)),
        ]
        try:
            self._subscribe(connection, [name for name in names if name])
            self.publish()
            await self._read(connection)
        finally:
            self._unsubscribe(connection, list(connection.streams))
            del self._connections[connection]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return socket

    async def _read(self, connection: Connection) -> None:
        socket = connection.socket
        async for message in socket:
            if message.type is WSMsgType.PONG:
                connection.last_pong_s = time.monotonic()
                continue
            if connection.too_fast():
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                return
            if message.type is WSMsgType.PING:
                await socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                connection.send(wire.dumps(self._command(connection, message.data)))
                self.publish()

    def _command(self, connection: Connection, text: str) -> dict[str, Any]:
        try:
            command = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            return {"code": 3, "msg": f"Invalid JSON: {error}"}
        if not isinstance(command, dict):
            return {"code": 2, "msg": "Invalid request: an object is expected"}
        method, names, identity = command.get("method"), command.get("params", []), command.get("id")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return {"code": 2, "msg": "Invalid request: params must be an array of strings"}
        result: list[str] | None = None
        if method == "SUBSCRIBE":
            if len(connection.streams) + len(names) > _MOST_STREAMS:
                return {"code": 2, "msg": f"Invalid request: more than {_MOST_STREAMS} streams"}
            self._subscribe(connection, names)
        elif method == "UNSUBSCRIBE":
            self._unsubscribe(connection, names)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(connection.streams)
        else:
            return {
                "code": 2,
                "msg": f"Invalid request: unknown variant `{method}`, expected one of"
                " `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`",
            }
        return {"result": result, "id": identity}

    def _subscribe(self, connection: Connection, names: Iterable[str]) -> None:
        for name in names:
            connection.streams[name] = None
            if name not in self._topics:
                # Like Binance, a stream that does not exist is accepted and stays silent.
                opened = open_feed(self._market, name)
                if opened is None:
                    continue
                self._topics[name] = _Topic(name, *opened)
            self._topics[name].listeners[connection] = None

    def _unsubscribe(self, connection: Connection, names: Iterable[str]) -> None:
        for name in names:
            connection.streams.pop(name, None)
            topic = self._topics.get(name)
            if topic is not None:
                topic.listeners.pop(connection, None)
                if not topic.listeners:
                    del self._topics[name]

    def _accept(self, symbol: str, trades: tuple[MarketTrade, ...]) -> None:
        for topic in self._topics.values():
            if topic.symbol == symbol:
                topic.feed.accept(trades)
