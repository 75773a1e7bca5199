"""A plain client of the simulated exchange's WebSocket API: signs as documented, hides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from tests.exchange_client import Running

WAIT_S = 60


class WsClient:
    """One connection; events that arrive while a reply is awaited are kept in `events`."""

    def __init__(self, running: Running, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._running = running
        self.socket = socket
        self.events: list[dict[str, Any]] = []

    async def receive(self) -> Any:
        """The next frame."""
        message = await self.socket.receive(WAIT_S)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return orjson.loads(message.data)

    async def reply(self) -> dict[str, Any]:
        """The next frame that answers a request."""
        while "status" not in (frame := await self.receive()):
            self.events.append(frame)
        return frame

    async def event(self) -> dict[str, Any]:
        """The next event, without its wrapper."""
        frame = self.events.pop(0) if self.events else await self.receive()
        return frame["event"]

    async def closed(self) -> int | None:
        """Wait until the server ends the connection; its close code, 1006 for none."""
        async with asyncio.timeout(WAIT_S):
            while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        await self.socket.send_json({"id": method, "method": method, "params": params})
        return await self.reply()

    async def signed(self, method: str, **params: Any) -> dict[str, Any]:
        return await self.ask(method, **self.sign(params))

    async def subscribe(self) -> int:
        reply = await self.signed("userDataStream.subscribe.signature")
        return reply["result"]["subscriptionId"]

    def sign(self, params: dict[str, Any]) -> dict[str, Any]:
        client = self._running.client
        sent = {"apiKey": client.key, "timestamp": self._running.market.now_ms()} | params
        payload = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
        return sent | {"signature": client.sign(payload)}


@asynccontextmanager
async def ws_connection(running: Running, query: str = "", **options: Any) -> AsyncIterator[WsClient]:
    url = f"{running.server.stream_url}/ws-api/v3{query}"
    async with running.client.session.ws_connect(url, **options) as socket:
        yield WsClient(running, socket)
