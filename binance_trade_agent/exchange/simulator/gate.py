"""How REST requests are read, signed, intercepted and answered."""

import socket
import struct
import uuid
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from multidict import CIMultiDict

from binance_trade_agent.exchange.simulator import errors, signature, wire
from binance_trade_agent.exchange.simulator.admission import EXECUTED, Admission, Asked, timely_signature
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.faults.answers import READY, Answer
from binance_trade_agent.exchange.simulator.faults.interception import Interceptor, Reply
from binance_trade_agent.exchange.simulator.faults.rule import Seen
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.parameters import Arguments, read_pairs
from binance_trade_agent.exchange.simulator.routes import Route
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

_CONTENT_TYPE = "application/json;charset=UTF-8"

#: Closing with this option set sends RST and drops what was not sent yet.
_NO_LINGER = struct.pack("ii", 1, 0)


class Gate:
    """Turns routes into aiohttp handlers."""

    def __init__(self, exchange: SpotExchange, interceptor: Interceptor, admission: Admission) -> None:
        self._exchange = exchange
        self._interceptor = interceptor
        self._admission = admission

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        """The aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            # Not from the parsed address: that is percent-encoded anew, and the signature covers the bytes sent.
            query = request.raw_path.partition("?")[2].encode()
            return await self._intercepted(
                request,
                lambda: _parameters(query, body),
                lambda: self._respond(route, request, query, body),
            )

        return handle

    async def gone(self, request: web.Request) -> web.Response:
        """The answer of a path that Binance has retired."""
        return await self._intercepted(request, dict, lambda: self._scripted(request, READY["410"]))

    async def _intercepted(
        self, request: web.Request, parameters: Callable[[], Mapping[str, str]], execute: Callable[[], Reply]
    ) -> web.Response:
        reply = await self._interceptor.around(
            Seen(request.method, request.path, parameters),
            execute,
            lambda answer: self._scripted(request, answer),
        )
        transport = request.transport
        if transport is None or transport.is_closing():
            return web.Response()
        if reply is None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
            return web.Response()
        self._interceptor.count_answer(request.method, request.path)
        return web.Response(body=reply.body, status=reply.status, headers=reply.headers)

    def _scripted(self, request: web.Request, answer: Answer) -> Reply:
        headers = CIMultiDict(self._headers(request))
        headers.update({"Content-Type": answer.content_type, **answer.headers})
        body = answer.body
        if body is None:
            text = answer.text(self._exchange.market.now_ms())
            return Reply(answer.status, wire.dumps({"code": answer.code, "msg": text}), headers)
        return Reply(answer.status, body.encode(), headers)

    def _headers(self, request: web.Request) -> dict[str, str]:
        used = str(self._admission.weights.used(request.remote or "", self._exchange.market.now_ms()))
        return {
            "x-mbx-uuid": str(uuid.uuid4()),
            "x-mbx-used-weight": used,
            "x-mbx-used-weight-1m": used,
            "Content-Type": _CONTENT_TYPE,
        }

    def _respond(self, route: Route, request: web.Request, query: bytes, body: bytes) -> Reply:
        headers: dict[str, str] = {}
        status = 200
        try:
            payload = wire.dumps(self._answer(route, request, query, body, headers))
        except (ApiError, MarketUnavailable) as error:
            refusal = error if isinstance(error, ApiError) else errors.unavailable(error)
            status = refusal.status
            payload = wire.dumps(refusal.body)
            if refusal.retry_after_s is not None:
                headers["Retry-After"] = str(refusal.retry_after_s)
        return Reply(status, payload, self._headers(request) | headers, executed=status in EXECUTED)

    def _answer(
        self, route: Route, request: web.Request, query: bytes, body: bytes, headers: dict[str, str]
    ) -> object:
        def identify(arguments: Arguments, now_ms: int) -> Account:
            account = self._exchange.account_of(request.headers.get("X-MBX-APIKEY", ""))
            given = timely_signature(arguments, now_ms)
            signature.verify(query, body, account.spec.api_secret, given)
            return account

        asked = Asked(route, request.remote or "", read_pairs(query, body), identify)
        payload = self._admission.carry_out(asked)
        if route.counts_orders and asked.caller is not None:
            short, day = asked.caller.order_count.counts(self._exchange.market.now_ms())
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1D": str(day)}
        return payload


def _parameters(query: bytes, body: bytes) -> Mapping[str, str]:
    try:
        return read_pairs(query, body)
    except ApiError:
        return {}
