"""Scripting faults of a running exchange, and looking at what it really did."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from tests.exchange_client import KEY, Running

POST_ORDER = {"method": "POST", "path": "/api/v3/order"}


async def control(running: Running, method: str, path: str, body: Any = None) -> Any:
    url = f"{running.server.rest_url}/control/{path}"
    async with running.client.session.request(method, url, json=body) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.json()


async def script(running: Running, fault: str, **arguments: Any) -> int:
    """A rule for the next POST order, unless told otherwise."""
    rule = {"match": POST_ORDER, "fault": fault, **arguments}
    ids: list[int] = (await control(running, "POST", "faults", rule))["ids"]
    return ids[0]


async def condition(running: Running, fault: str, **arguments: Any) -> int:
    ids: list[int] = (await control(running, "POST", "faults", {"fault": fault, **arguments}))["ids"]
    return ids[0]


async def release(running: Running, rule_id: int) -> None:
    await control(running, "DELETE", f"faults/{rule_id}")


async def rule_of(running: Running, rule_id: int) -> dict[str, Any]:
    rules = await control(running, "GET", "faults")
    return next(rule for rule in rules if rule["id"] == rule_id)


async def statuses(running: Running) -> list[str]:
    return [order["status"] for order in await control(running, "GET", "orders")]


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - the condition lies in another task
            await asyncio.sleep(0.01)


async def until_held(running: Running, rule_id: int, requests: int) -> None:
    async def held() -> bool:
        return bool((await rule_of(running, rule_id))["held"] == requests)

    await eventually(held)


async def raw_order(running: Running, **params: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A market BUY sent over a socket of its own; its answer is for the caller to read."""
    pairs = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01", **params}
    pairs.setdefault("timestamp", running.market.now_ms())
    text = urlencode(pairs)
    body = f"{text}&signature={running.client.sign(text)}".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.server.port)
    writer.write(
        b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"X-MBX-APIKEY: %s\r\nContent-Length: %d\r\n\r\n%s" % (KEY.encode(), len(body), body)
    )
    await writer.drain()
    return reader, writer
