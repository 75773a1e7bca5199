"""Market stream sockets: `/ws`, `/ws/<stream>`, `/ws/<n>` and `/stream?streams=a/b`.

A connection that sends more than 5 messages in a second is closed.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import WSCloseCode, web

from binance_trade_agent.exchange.simulator import wire
from binance_trade_agent.exchange.simulator.connections import PING_INTERVAL_S, Connection, Liveness
from binance_trade_agent.exchange.simulator.feeds import Feed, open_feed
from binance_trade_agent.exchange.simulator.market.base import Market, MarketTrade, MarketUnavailable

__all__ = ["PING_INTERVAL_S", "StreamHub"]

_MOST_WAITING = 10_000
_MOST_STREAMS = 1024
_MESSAGES_PER_SECOND = 5


class _Client(Connection):
    """A connection and the streams it is subscribed to."""

    def __init__(self, request: web.Request, liveness: Liveness, *, combined: bool) -> None:
        super().__init__(
            request, liveness, most_waiting=_MOST_WAITING, messages_per_second=_MESSAGES_PER_SECOND
        )
        self.combined = combined
        self.streams: dict[str, None] = {}


class _Topic:
    """A stream that somebody is subscribed to."""

    def __init__(self, name: str, symbol: str, feed: Feed) -> None:
        self.name = name
        self.symbol = symbol
        self.feed = feed
        self.listeners: dict[_Client, None] = {}

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
        self._liveness = Liveness(ping_interval_s)
        self._connections: dict[_Client, None] = {}
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
        closing = [connection.close(WSCloseCode.GOING_AWAY) for connection in self._connections]
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
        connection = _Client(request, self._liveness, combined=combined)

        def opened() -> None:
            self._connections[connection] = None
            self._subscribe(connection, [name for name in names if name])
            self.publish()

        def accept(text: str) -> None:
            connection.send(wire.dumps(self._command(connection, text)))
            self.publish()

        try:
            return await connection.serve(opened, accept)
        finally:
            self._unsubscribe(connection, list(connection.streams))
            self._connections.pop(connection, None)

    def _command(self, connection: _Client, text: str) -> dict[str, Any]:
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

    def _subscribe(self, connection: _Client, names: Iterable[str]) -> None:
        for name in names:
            connection.streams[name] = None
            if name not in self._topics:
                # Like Binance, a stream that does not exist is accepted and stays silent.
                opened = open_feed(self._market, name)
                if opened is None:
                    continue
                self._topics[name] = _Topic(name, *opened)
            self._topics[name].listeners[connection] = None

    def _unsubscribe(self, connection: _Client, names: Iterable[str]) -> None:
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
