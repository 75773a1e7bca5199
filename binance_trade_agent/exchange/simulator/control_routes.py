"""The simulator's own routes under `/control`, for the machine it runs on: truth, time and money.

They cost no weight, need no key, and answer callers from a loopback address only.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from aiohttp import web

from binance_trade_agent.exchange.matching import cut
from binance_trade_agent.exchange.simulator import views
from binance_trade_agent.exchange.simulator.control_requests import check_loopback, json_response, read_body
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.faults.market import DistortedMarket
from binance_trade_agent.exchange.simulator.market.base import EndOfData
from binance_trade_agent.exchange.simulator.spot import Account, SpotExchange

_MOST_CANDLES = 100_000


class ControlRoutes:
    """Handlers of `/control/...`; `published` is called after the market was stepped."""

    def __init__(
        self, exchange: SpotExchange, market: DistortedMarket, published: Callable[[], None]
    ) -> None:
        self._exchange = exchange
        self._stepped: Any = market.true
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
        check_loopback(request)
        market = self._exchange.market
        market.advance()
        return json_response(
            {
                "now_ms": market.now_ms(),
                "symbols": market.symbols,
                "base_interval": market.base_interval,
                "stepped": callable(getattr(self._stepped, "step", None)),
                "commission_rate": self._exchange.commission_rate,
                "accounts": [_account_view(account) for account in self._exchange.accounts],
            }
        )

    async def orders(self, request: web.Request) -> web.Response:
        """Every order of every account."""
        check_loopback(request)
        self._exchange.market.advance()
        found = self._exchange.storage.all_orders()
        return json_response([{"accountId": order.account_id, **views.order_view(order)} for order in found])

    async def fills(self, request: web.Request) -> web.Response:
        """Every fill of every account."""
        check_loopback(request)
        self._exchange.market.advance()
        found = self._exchange.storage.all_fills()
        return json_response([{"accountId": fill.account_id, **views.fill_view(fill)} for fill in found])

    async def step(self, request: web.Request) -> web.Response:
        """Advance virtual time by `candles` (1): 400 without virtual time, 409 at the end of the data."""
        check_loopback(request)
        candles = (await read_body(request)).get("candles", 1)
        if not isinstance(candles, int) or not 1 <= candles <= _MOST_CANDLES:
            return json_response({"error": f"candles must be a whole number from 1 to {_MOST_CANDLES}"}, 400)
        step: Any = getattr(self._stepped, "step", None)
        if not callable(step):
            return json_response({"error": "this market's time cannot be stepped"}, 400)
        try:
            step(candles)
        except EndOfData as error:
            return json_response({"error": str(error) or "end of data"}, 409)
        self._exchange.market.advance()
        self._published()
        return json_response({"now_ms": self._exchange.market.now_ms()})

    async def deposit(self, request: web.Request) -> web.Response:
        """Add `amount` of `asset` to an account (`api_key`, or the first); negative withdraws."""
        check_loopback(request)
        body = await read_body(request)
        try:
            asset, amount = str(body["asset"]), Decimal(str(body["amount"]))
            if amount != cut(amount):
                raise InvalidOperation("more than 8 decimals")
            account = self._exchange.account_of(body["api_key"]) if "api_key" in body else None
            balance = self._exchange.deposit(account or self._exchange.accounts[0], asset, amount)
        except (KeyError, InvalidOperation) as error:
            return json_response({"error": f"asset and amount are needed: {error!r}"}, 400)
        except ApiError as error:
            return json_response({"error": error.message}, error.status)
        return json_response({"asset": asset, "free": balance.free, "locked": balance.locked})


def _account_view(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.account_id,
        "api_key": account.spec.api_key,
        "balances": views.balances_view(account.balances),
        "open_orders": len(account.open_orders),
    }
