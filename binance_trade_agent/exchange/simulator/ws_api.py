"""The WebSocket API, `/ws-api/v3`: the REST routes over a socket, and user data streams.

Requests of one connection are begun in the order in which they arrive; one that a rule delays
does not hold up the others.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiohttp import WSCloseCode, web

from binance_trade_agent.exchange.simulator import errors, signature, wire
from binance_trade_agent.exchange.simulator.admission import EXECUTED, Admission, Asked, timely_signature
from binance_trade_agent.exchange.simulator.connections import Connection, Liveness
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.faults.answers import Answer
from binance_trade_agent.exchange.simulator.faults.interception import Interceptor, Reply
from binance_trade_agent.exchange.simulator.faults.rule import WS, Seen
from binance_trade_agent.exchange.simulator.limits import RATE_LIMITS
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.routes import Route, Security
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange
from binance_trade_agent.exchange.simulator.user_streams import UserStreamHub
from binance_trade_agent.exchange.simulator.ws_methods import WsMethods
from binance_trade_agent.exchange.simulator.ws_requests import WsRequest
from binance_trade_agent.exchange.simulator.ws_sessions import Session

_PATH = "/ws-api/v3"
_CONNECT_WEIGHT = 2
_MOST_WAITING = 1000
_BANNED = 418


class WsApi:
    """Serves all connections; `hub` learns of each, `admission` and `interceptor` are those of REST."""

    def __init__(
        self,
        exchange: SpotExchange,
        routes: Iterable[Route],
        admission: Admission,
        interceptor: Interceptor,
        hub: UserStreamHub,
        liveness: Liveness | None = None,
    ) -> None:
        self._exchange = exchange
        self._methods = WsMethods(exchange, hub, routes)
        self._admission = admission
        self._interceptor = interceptor
        self._hub = hub
        self._liveness = liveness or Liveness()
        self._tasks: set[asyncio.Task[None]] = set()

    def add_to(self, app: web.Application) -> None:
        """Register the route."""
        app.router.add_get(_PATH, self.connect)

    async def close(self) -> None:
        """Close every connection and wait for the requests that are still being answered."""
        await self._hub.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Accept a connection and serve it until it ends."""
        if self._hub.refuse_status is not None:
            return web.Response(status=self._hub.refuse_status)
        address, now_ms = request.remote or "", self._exchange.market.now_ms()
        try:
            self._admission.weights.charge(address, _CONNECT_WEIGHT, now_ms)
        except ApiError as refusal:
            body = wire.dumps(refusal.body)
            headers = {"Retry-After": str(refusal.retry_after_s)}
            return web.Response(body=body, status=refusal.status, headers=headers)
        connection = Connection(request, self._liveness, most_waiting=_MOST_WAITING)
        shows_limits = request.query.get("returnRateLimits", "true") != "false"
        session = Session(connection, address, now_ms, shows_limits=shows_limits)
        try:
            return await connection.serve(
                lambda: self._hub.add(session), lambda text: self._accept(session, text)
            )
        finally:
            self._hub.remove(session)

    def _accept(self, session: Session, text: str) -> None:
        task = asyncio.create_task(self._answer(session, text))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._finished(session, done))

    def _finished(self, session: Session, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            session.connection.abort()
            context = {"message": "a request of the WebSocket API failed", "exception": error}
            task.get_loop().call_exception_handler(context)

    async def _answer(self, session: Session, text: str) -> None:
        request = WsRequest()
        try:
            request.read(text)
            route = self._methods.route(request.method, session)
        except ApiError as refusal:
            session.connection.send(self._refused(session, request, refusal, ()).body)
            return
        reply = await self._interceptor.around(
            Seen(WS, request.method, lambda: request.params),
            lambda: self._execute(session, request, route),
            lambda answer: self._scripted(session, request, answer),
        )
        if reply is None:
            session.connection.abort()
            return
        if not session.connection.is_open:
            return
        self._interceptor.count_answer(WS, request.method)
        session.connection.send(reply.body)
        if reply.status == _BANNED:
            session.connection.end(WSCloseCode.POLICY_VIOLATION, b"banned")

    def _execute(self, session: Session, request: WsRequest, route: Route) -> Reply:
        def identify(arguments: Arguments, now_ms: int) -> Account:
            account = self._exchange.account_of(request.params.get("apiKey", ""))
            given = timely_signature(arguments, now_ms)
            signature.verify(request.signed_payload, b"", account.spec.api_secret, given)
            return account

        also = frozenset({"apiKey"}) if route.security is Security.SIGNED else frozenset()
        asked = Asked(route, session.address, request.params, identify, also)
        try:
            result = self._admission.carry_out(asked)
        except (ApiError, MarketUnavailable) as error:
            refusal = error if isinstance(error, ApiError) else errors.unavailable(error)
            return self._refused(session, request, refusal, self._order_counts(asked))
        counts = self._order_counts(asked)
        return self._reply(session, request, 200, {"result": result}, counts)

    def _refused(
        self, session: Session, request: WsRequest, refusal: ApiError, counts: Sequence[int]
    ) -> Reply:
        error = refusal.body
        if refusal.retry_after_s is not None:
            error["data"] = {**error.get("data", {}), **self._until(refusal.retry_after_s)}
        return self._reply(session, request, refusal.status, {"error": error}, counts)

    def _scripted(self, session: Session, request: WsRequest, answer: Answer) -> Reply:
        now_ms = self._exchange.market.now_ms()
        text = answer.text(now_ms) if answer.body is None else answer.body
        error: dict[str, Any] = {"code": answer.code, "msg": text}
        if answer.retry_after_s is not None:
            error["data"] = self._until(answer.retry_after_s)
        return self._reply(session, request, answer.status, {"error": error}, ())

    def _until(self, seconds: int) -> dict[str, int]:
        now_ms = self._exchange.market.now_ms()
        return {"serverTime": now_ms, "retryAfter": now_ms + 1000 * seconds}

    def _reply(
        self,
        session: Session,
        request: WsRequest,
        status: int,
        content: dict[str, Any],
        order_counts: Sequence[int],
    ) -> Reply:
        frame = {"id": request.identity, "status": status, **content}
        shown = session.shows_limits if request.shows_limits is None else request.shows_limits
        if shown:
            frame["rateLimits"] = self._limits(session, order_counts)
        return Reply(status, wire.dumps(frame), executed=status in EXECUTED)

    def _order_counts(self, asked: Asked) -> Sequence[int]:
        if not asked.route.counts_orders or asked.caller is None:
            return ()
        return asked.caller.order_count.counts(self._exchange.market.now_ms())

    def _limits(self, session: Session, order_counts: Sequence[int]) -> list[dict[str, Any]]:
        orders = [limit for limit in RATE_LIMITS if limit["rateLimitType"] == "ORDERS"]
        weight = next(limit for limit in RATE_LIMITS if limit["rateLimitType"] == "REQUEST_WEIGHT")
        used = self._admission.weights.used(session.address, self._exchange.market.now_ms())
        counted = [limit | {"count": count} for limit, count in zip(orders, order_counts, strict=False)]
        return [*counted, weight | {"count": used}]
