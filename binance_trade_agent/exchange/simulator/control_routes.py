"""The simulator's own routes under `/control`, for the machine it runs on: truth, time and money.

They cost no weight, need no key, and answer callers from a loopback address only.
"""

import ipaddress
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from aiohttp import web

from binance_trade_agent.exchange.matching import cut
from binance_trade_agent.exchange.simulator import views, wire
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.market.base import EndOfData
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

_MOST_CANDLES = 100_000


class ControlRoutes:
    """Handlers of `/control/...`; `published` is called after the market was stepped."""

    def __init__(self, exchange: SpotExchange, published: Callable[[], None]) -> None:
        self._exchange = exchange
        self._published = published

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        app.router.add_get("/control/state", self.state)
        app.router.add_get("/control/orders", self.orders)
        app.router.add_get("/control/fills", self.fills)
        app.router.add_post("/control/step", self.step)
        app.router.add_post("/control/deposit", self.deposit)

    async def state(self, request: web.Request) -> web.Response:
        """Accounts, balances, number of open orders, exchange time."""
        _check_loopback(request)
        market = self._exchange.market
        market.advance()
        return _json(
            {
                "now_ms": market.now_ms(),
                "symbols": market.symbols,
                "base_interval": market.base_interval,
                "stepped": callable(getattr(market, "step", None)),
                "commission_rate": self._exchange.commission_rate,
                "accounts": [_account_view(account) for account in self._exchange.accounts],
            }
        )

    async def orders(self, request: web.Request) -> web.Response:
        """Every order of every account."""
        _check_loopback(request)
        self._exchange.market.advance()
        found = self._exchange.storage.all_orders()
        return _json([{"accountId": order.account_id, **views.order_view(order)} for order in found])

    async def fills(self, request: web.Request) -> web.Response:
        """Every fill of every account."""
        _check_loopback(request)
        self._exchange.market.advance()
        found = self._exchange.storage.all_fills()
        return _json([{"accountId": fill.account_id, **views.fill_view(fill)} for fill in found])

    async def step(self, request: web.Request) -> web.Response:
        """Advance virtual time by `candles` (1): 400 without virtual time, 409 at the end of the data."""
        _check_loopback(request)
        candles = (await _body(request)).get("candles", 1)
        if not isinstance(candles, int) or not 1 <= candles <= _MOST_CANDLES:
            return _json({"error": f"candles must be a whole number from 1 to {_MOST_CANDLES}"}, 400)
        step: Any = getattr(self._exchange.market, "step", None)
        if not callable(step):
            return _json({"error": "this market's time cannot be stepped"}, 400)
        try:
            now_ms = step(candles)
        except EndOfData as error:
            return _json({"error": str(error) or "end of data"}, 409)
        self._exchange.market.advance()
        self._published()
        return _json({"now_ms": now_ms})

    async def deposit(self, request: web.Request) -> web.Response:
        """Add `amount` of `asset` to an account (`api_key`, or the first); negative withdraws."""
        _check_loopback(request)
        body = await _body(request)
        try:
            asset, amount = str(body["asset"]), Decimal(str(body["amount"]))
            if amount != cut(amount):
                raise InvalidOperation("more than 8 decimals")
            account = self._exchange.account_of(body["api_key"]) if "api_key" in body else None
            balance = self._exchange.deposit(account or self._exchange.accounts[0], asset, amount)
        except (KeyError, InvalidOperation) as error:
            return _json({"error": f"asset and amount are needed: {error!r}"}, 400)
        except ApiError as error:
            return _json({"error": error.message}, error.status)
        return _json({"asset": asset, "free": balance.free, "locked": balance.locked})


def _account_view(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "api_key": account.spec.api_key,
        "balances": views.balances_view(account.balances),
        "open_orders": len(account.open_orders),
    }


def _check_loopback(request: web.Request) -> None:
    try:
        allowed = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        allowed = False
    if not allowed:
        raise web.HTTPForbidden(text="control routes answer loopback callers only\n")


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"not JSON: {error}\n") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="a JSON object is expected\n")
    return body


def _json(payload: object, status: int = 200) -> web.Response:
    return web.Response(body=wire.dumps(payload), status=status, content_type="application/json")
