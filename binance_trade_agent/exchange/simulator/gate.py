"""What every REST request passes: market time, weight, parameters, key, signature; and how it is answered."""

import uuid
from collections.abc import Awaitable, Callable

from aiohttp import web

from binance_trade_agent.exchange.simulator import errors, signature, wire
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.limits import WeightLimit
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.parameters import Arguments, read_pairs
from binance_trade_agent.exchange.simulator.routes import Call, Route, Security
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

_CONTENT_TYPE = "application/json;charset=UTF-8"


class Gate:
    """Turns routes into aiohttp handlers."""

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange
        self._weights = WeightLimit()

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        """The aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            # Not from the parsed address: that is percent-encoded anew, and the signature covers the bytes sent.
            query = request.raw_path.partition("?")[2].encode()
            return self._respond(route, request, query, body)

        return handle

    def _respond(self, route: Route, request: web.Request, query: bytes, body: bytes) -> web.Response:
        address = request.remote or ""
        headers = {"x-mbx-uuid": str(uuid.uuid4())}
        status = 200
        try:
            self._exchange.market.advance()
            payload = wire.dumps(self._answer(route, request, query, body, headers))
        except (ApiError, MarketUnavailable) as error:
            refusal = error if isinstance(error, ApiError) else errors.unavailable(error)
            status = refusal.status
            payload = wire.dumps({"code": refusal.code, "msg": refusal.message})
            if refusal.retry_after_s is not None:
                headers["Retry-After"] = str(refusal.retry_after_s)
        used = str(self._weights.used(address, self._exchange.market.now_ms()))
        headers |= {"x-mbx-used-weight": used, "x-mbx-used-weight-1m": used, "Content-Type": _CONTENT_TYPE}
        return web.Response(body=payload, status=status, headers=headers)

    def _answer(
        self, route: Route, request: web.Request, query: bytes, body: bytes, headers: dict[str, str]
    ) -> object:
        now_ms = self._exchange.market.now_ms()
        values = read_pairs(query, body)
        weight = route.weight_of(values)
        self._weights.charge(request.remote or "", weight, now_ms)
        arguments = Arguments(values)
        caller = None
        if route.security is Security.SIGNED:
            caller = self._caller(request, arguments, query, body, now_ms)
        arguments.expect(route.known_names)
        payload = route.handler(Call(arguments, now_ms, caller))
        if route.free_on_success:
            self._weights.refund(request.remote or "", weight)
        if route.counts_orders and caller is not None:
            short, day = caller.order_count.counts(now_ms)
            headers |= {"X-MBX-ORDER-COUNT-10S": str(short), "X-MBX-ORDER-COUNT-1D": str(day)}
        return payload

    def _caller(
        self, request: web.Request, arguments: Arguments, query: bytes, body: bytes, now_ms: int
    ) -> Account:
        key = request.headers.get("X-MBX-APIKEY", "")
        account = self._exchange.account_of(key)
        given = arguments.need_text("signature")
        timestamp = arguments.need_integer("timestamp")
        window_ms = arguments.decimal("recvWindow") if "recvWindow" in arguments else None
        signature.check_time(timestamp, window_ms, now_ms)
        signature.verify(query, body, account.spec.api_secret, given)
        return account
