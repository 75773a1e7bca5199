"""Control routes that act as others do: the person in the exchange's app, and the market."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from binance_trade_agent.exchange.simulator import errors, views
from binance_trade_agent.exchange.simulator.control_requests import check_loopback, json_response, read_body
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.new_order import ResponseType, read_new_order
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

_ORDER = frozenset(
    {"symbol", "side", "type", "quantity", "quoteOrderQty", "price", "stopPrice", "timeInForce"}
)
_CANCEL = frozenset({"symbol", "orderId"})
_TRADE = frozenset({"symbol", "price", "quantity"})
_MOST_DECIMALS = 8

_Action = Callable[[Mapping[str, str]], object]


class ForeignRoutes:
    """Handlers of `/control/foreign_order`, `/control/cancel` and `/control/trade`.

    Values may be JSON texts or numbers. What the exchange refuses is answered with its status and text.
    """

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        app.router.add_post("/control/foreign_order", self._handler(self.order, _ORDER | {"api_key"}))
        app.router.add_post("/control/cancel", self._handler(self.cancel, _CANCEL | {"api_key"}))
        app.router.add_post("/control/trade", self._handler(self.trade, _TRADE))

    def order(self, values: Mapping[str, str]) -> dict[str, Any]:
        """Place an order (GTC if it can rest) under a client id of the app's, for the first account or another."""
        account = self._account(values)
        given = {name: value for name, value in values.items() if name in _ORDER}
        if "LIMIT" in values.get("type", "") and values["type"] != "LIMIT_MAKER":
            given.setdefault("timeInForce", "GTC")
        arguments = Arguments({**given, "newClientOrderId": _app_id()})
        request = read_new_order(arguments, self._exchange.rules(arguments.need_symbol()))
        placed, fills = self._exchange.place(account, request)
        return views.placed_view(placed, fills, ResponseType.FULL)

    def cancel(self, values: Mapping[str, str]) -> list[dict[str, Any]]:
        """Cancel an open order, and with it what its list has open; the orders cancelled."""
        account, arguments = self._account(values), Arguments(values)
        symbol = self._exchange.known(arguments.need_symbol())
        order = account.open_orders.get(arguments.need_integer("orderId"))
        if order is None or order.symbol != symbol:
            raise errors.unknown_order()
        return [views.order_view(each) for each in self._exchange.cancel(account, [order], _app_id())]

    def trade(self, values: Mapping[str, str]) -> dict[str, Any]:
        """One trade of the market, which fills and triggers orders; the market's own price stays."""
        arguments = Arguments(values)
        symbol = self._exchange.known(arguments.need_symbol())
        price = _needed(arguments, "price")
        quantity = _needed(arguments, "quantity")
        self._exchange.print_trade(symbol, price, quantity)
        return {"symbol": symbol, "price": price, "quantity": quantity}

    def _account(self, values: Mapping[str, str]) -> Account:
        key = values.get("api_key")
        return self._exchange.accounts[0] if key is None else self._exchange.account_of(key)

    def _handler(
        self, action: _Action, names: frozenset[str]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            check_loopback(request)
            body = await read_body(request)
            if unknown := sorted(set(body) - names):
                known = ", ".join(sorted(names))
                return json_response({"error": f"{', '.join(unknown)} is not known; {known} are"}, 400)
            try:
                self._exchange.market.advance()
                return json_response(action({name: str(value) for name, value in body.items()}))
            except MarketUnavailable as error:
                return json_response({"error": str(error)}, 503)
            except ApiError as error:
                return json_response({"error": error.message, "code": error.code}, error.status)

        return handle


def _needed(arguments: Arguments, name: str) -> Decimal:
    value = arguments.decimal(name, _MOST_DECIMALS)
    if value is None:
        raise errors.missing_parameter(name)
    return value


def _app_id() -> str:
    return f"web_{secrets.token_hex(16)}"
