"""What all control routes share: who may call them, their bodies and their answers."""

import ipaddress
from typing import Any

import orjson
from aiohttp import web

from binance_trade_agent.exchange.simulator import wire


def check_loopback(request: web.Request) -> None:
    """Answer 403 to a caller from another machine."""
    try:
        allowed = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise web.HTTPForbidden(text="control routes answer loopback callers only\n")


async def read_body(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request, empty without a body; answers 400 to anything else."""
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"not JSON: {error}\n") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="a JSON object is expected\n")
    return body


def json_response(payload: object, status: int = 200) -> web.Response:
    """An answer in the exchange's own JSON."""
    return web.Response(body=wire.dumps(payload), status=status, content_type="application/json")
