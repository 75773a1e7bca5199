"""The methods of the WebSocket API: REST routes under other names, and what only a connection can be asked."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.routes import Call, Route, Security, names
from binance_trade_agent.exchange.simulator.spot import SpotExchange
from binance_trade_agent.exchange.simulator.user_streams import UserStreamHub
from binance_trade_agent.exchange.simulator.ws_sessions import Session

#: Method by the (HTTP method, path) of the REST route that does the same.
_NAMES = {
    ("GET", "ping"): "ping",
    ("GET", "time"): "time",
    ("GET", "exchangeInfo"): "exchangeInfo",
    ("GET", "depth"): "depth",
    ("GET", "trades"): "trades.recent",
    ("GET", "historicalTrades"): "trades.historical",
    ("GET", "aggTrades"): "trades.aggregate",
    ("GET", "klines"): "klines",
    ("GET", "uiKlines"): "uiKlines",
    ("GET", "avgPrice"): "avgPrice",
    ("GET", "ticker/24hr"): "ticker.24hr",
    ("GET", "ticker/price"): "ticker.price",
    ("GET", "ticker/bookTicker"): "ticker.book",
    ("POST", "order"): "order.place",
    ("POST", "order/test"): "order.test",
    ("GET", "order"): "order.status",
    ("DELETE", "order"): "order.cancel",
    ("POST", "order/cancelReplace"): "order.cancelReplace",
    ("GET", "openOrders"): "openOrders.status",
    ("DELETE", "openOrders"): "openOrders.cancelAll",
    ("POST", "orderList/oco"): "orderList.place.oco",
    ("POST", "orderList/oto"): "orderList.place.oto",
    ("POST", "orderList/otoco"): "orderList.place.otoco",
    ("GET", "orderList"): "orderList.status",
    ("DELETE", "orderList"): "orderList.cancel",
    ("GET", "openOrderList"): "openOrderLists.status",
    ("GET", "allOrderList"): "allOrderLists",
    ("GET", "account"): "account.status",
    ("GET", "account/commission"): "account.commission",
    ("GET", "rateLimit/order"): "account.rateLimits.orders",
    ("GET", "allOrders"): "allOrders",
    ("GET", "myTrades"): "myTrades",
}
_SESSION_WEIGHT = 2

SessionHandler = Callable[[Session, Call], Any]


class WsMethods:
    """Finds a method's route: that of REST, or one about the session that asks."""

    def __init__(self, exchange: SpotExchange, hub: UserStreamHub, routes: Iterable[Route]) -> None:
        self._exchange = exchange
        self._hub = hub
        self._routes = {
            _NAMES[route.method, route.path]: route
            for route in routes
            if (route.method, route.path) in _NAMES
        }
        nothing, key = names(""), names("apiKey timestamp recvWindow signature")
        public, signed = Security.PUBLIC, Security.SIGNED
        self._own: dict[str, tuple[SessionHandler, frozenset[str], Security]] = {
            "session.logon": (self._log_on, key, public),
            "session.logout": (self._status, nothing, public),
            "session.status": (self._status, nothing, public),
            "session.subscriptions": (self._subscriptions, nothing, public),
            "userDataStream.subscribe": (self._subscribe_session, nothing, public),
            "userDataStream.subscribe.signature": (self._subscribe, nothing, signed),
            "userDataStream.unsubscribe": (self._unsubscribe, names("subscriptionId"), public),
        }

    def route(self, method: str, session: Session) -> Route:
        """The route of a method that `session` asks for; raises -1020 for an unknown one."""
        if method in self._routes:
            return self._routes[method]
        if method not in self._own:
            raise ApiError(-1020, "This operation is not supported.")
        handler, parameters, security = self._own[method]
        return Route("WS", method, partial(handler, session), _SESSION_WEIGHT, parameters, security)

    def _log_on(self, _: Session, call: Call) -> Any:
        self._exchange.account_of(call.arguments.need_text("apiKey"))
        raise ApiError(-4056, "HMAC_SHA256 API key is not supported.")

    def _status(self, session: Session, call: Call) -> dict[str, Any]:
        return {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": session.connected_ms,
            "returnRateLimits": session.shows_limits,
            "serverTime": call.now_ms,
            "userDataStream": bool(session.subscriptions),
        }

    def _subscriptions(self, session: Session, _: Call) -> list[dict[str, Any]]:
        return [{"subscriptionId": number} for number in session.subscriptions]

    def _subscribe_session(self, _: Session, __: Call) -> Any:
        # It takes a session that is logged on, which HMAC keys cannot be.
        raise ApiError(-1002, "You are not authorized to execute this request.", status=401)

    def _subscribe(self, session: Session, call: Call) -> dict[str, Any]:
        return {"subscriptionId": session.subscribe(call.account.account_id)}

    def _unsubscribe(self, session: Session, call: Call) -> dict[str, Any]:
        self._hub.unsubscribe(session, call.arguments.integer("subscriptionId"))
        return {}
