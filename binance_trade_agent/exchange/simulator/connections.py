"""What every WebSocket of the exchange keeps to: an outgoing queue, pings, a last day, and an end.

A client that does not read is cut off once too much waits for it, for nothing would reach
it any more; one that does not answer pings, or whose day is over, is closed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WSCloseCode, WSMsgType, web

PING_INTERVAL_S = 20.0

_CLOSE_TIMEOUT_S = 2.0
_PINGS_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Liveness:
    """How often the server pings, how long it waits for a pong, and how long a connection may last."""

    ping_interval_s: float = PING_INTERVAL_S
    pong_timeout_s: float = 60.0
    lifetime_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class _Goodbye:
    code: int
    reason: bytes


class Connection:
    """One client's socket and what waits to be sent to it."""

    def __init__(
        self,
        request: web.Request,
        liveness: Liveness,
        *,
        most_waiting: int,
        messages_per_second: int | None = None,
    ) -> None:
        self._request = request
        self._liveness = liveness
        # Pings are counted as messages on market streams, so that the library must not answer them by itself.
        self._socket = web.WebSocketResponse(autoping=False, compress=False, timeout=_CLOSE_TIMEOUT_S)
        self._waiting: asyncio.Queue[bytes | _Goodbye] = asyncio.Queue(most_waiting)
        self._arrivals: deque[float] | None = None
        if messages_per_second is not None:
            self._arrivals = deque(maxlen=messages_per_second)
        self._pings: deque[bytes] = deque(maxlen=_PINGS_REMEMBERED)
        self._last_pong_s = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the client may still be reached."""
        return not self._socket.closed and self._request.transport is not None

    def send(self, message: bytes) -> None:
        """Queue a text message; a client that let the queue fill up is cut off."""
        self._put(message)

    def end(self, code: int, reason: bytes = b"") -> None:
        """Close once everything queued so far is sent."""
        self._put(_Goodbye(code, reason))

    def abort(self) -> None:
        """Cut the connection off without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: bytes = b"") -> None:
        """Close now; a client that does not take part is cut off after 2 s."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._socket.close(code=code, message=reason)
        except TimeoutError:
            self.abort()

    async def serve(self, opened: Callable[[], None], accept: Callable[[str], None]) -> web.StreamResponse:
        """Shake hands, call `opened`, then `accept` with each text message until the socket closes."""
        await self._socket.prepare(self._request)
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._ping())]
        try:
            opened()
            await self._read(accept)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._socket

    def _put(self, item: bytes | _Goodbye) -> None:
        try:
            self._waiting.put_nowait(item)
        except asyncio.QueueFull:
            self.abort()

    async def _read(self, accept: Callable[[str], None]) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.PONG:
                # An unsolicited pong keeps nothing alive.
                if bytes(message.data) in self._pings:
                    self._last_pong_s = time.monotonic()
                continue
            if self._too_fast():
                await self.close(WSCloseCode.POLICY_VIOLATION, b"Too many requests")
                return
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                accept(message.data)

    def _too_fast(self) -> bool:
        if self._arrivals is None:
            return False
        now_s = time.monotonic()
        full = len(self._arrivals) == self._arrivals.maxlen and now_s - self._arrivals[0] < 1
        self._arrivals.append(now_s)
        return full

    async def _write(self) -> None:
        while True:
            item = await self._waiting.get()
            if isinstance(item, _Goodbye):
                await self.close(item.code, item.reason)
                return
            await self._socket.send_frame(item, WSMsgType.TEXT)

    async def _ping(self) -> None:
        opened_s = time.monotonic()
        while True:
            await asyncio.sleep(self._liveness.ping_interval_s)
            now_s = time.monotonic()
            silent_s = now_s - self._last_pong_s
            if silent_s > self._liveness.pong_timeout_s or now_s - opened_s > self._liveness.lifetime_s:
                await self.close(WSCloseCode.GOING_AWAY)
                return
            payload = str(time.time_ns() // 1_000_000).encode()
            self._pings.append(payload)
            try:
                async with asyncio.timeout(self._liveness.pong_timeout_s):
                    await self._socket.ping(payload)
            except TimeoutError:
                self.abort()
                return
