"""Signed routes: orders, account, trade history."""

from collections.abc import Mapping, Sequence
from typing import Any

from binance_trade_agent.exchange.matching import Order, OrderStatus
from binance_trade_agent.exchange.simulator import errors, new_order, views
from binance_trade_agent.exchange.simulator.errors import CLIENT_ID_PATTERN, SYMBOL_PATTERN, ApiError
from binance_trade_agent.exchange.simulator.limits import RATE_LIMITS
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.new_order import read_client_id, read_new_order
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.replacement import Mode, Replacement
from binance_trade_agent.exchange.simulator.routes import Call, Route, Security, names
from binance_trade_agent.exchange.simulator.spans import read_span
from binance_trade_agent.exchange.simulator.spot import SpotExchange

_CANCEL_NAMES = {
    "symbol": "symbol",
    "orderId": "cancelOrderId",
    "origClientOrderId": "cancelOrigClientOrderId",
    "cancelRestrictions": "cancelRestrictions",
}
_RESTRICTIONS = {"ONLY_NEW": OrderStatus.NEW, "ONLY_PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED}


class TradingRoutes:
    """The handlers of an account's orders, balances and history."""

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange
        self._storage = exchange.storage

    def routes(self) -> list[Route]:
        """Every route of this module."""
        signed = Security.SIGNED
        new, one = frozenset(new_order.NAMES), names("symbol orderId origClientOrderId")
        cancel = one | names("newClientOrderId cancelRestrictions")
        replaced = new | names(
            "cancelReplaceMode cancelNewClientOrderId cancelOrigClientOrderId cancelOrderId cancelRestrictions"
            " orderRateLimitExceededMode"
        )
        history = names("symbol orderId startTime endTime limit")
        test = new | names("computeCommissionRates")
        return [
            Route("POST", "order", self.place, 1, new, signed, free_on_success=True, counts_orders=True),
            Route("GET", "order", self.order, 4, one, signed),
            Route("DELETE", "order", self.cancel, 1, cancel, signed, free_on_success=True),
            Route(
                "POST",
                "order/cancelReplace",
                self.cancel_replace,
                1,
                replaced,
                signed,
                free_on_success=True,
                counts_orders=True,
            ),
            Route("POST", "order/test", self.test, _test_weight, test, signed),
            Route("GET", "openOrders", self.open_orders, _open_weight, names("symbol"), signed),
            Route("DELETE", "openOrders", self.cancel_all, 1, names("symbol"), signed, free_on_success=True),
            Route("GET", "allOrders", self.all_orders, 20, history, signed),
            Route("GET", "account", self.account, 20, names("omitZeroBalances"), signed),
            Route("GET", "account/commission", self.commission, 20, names("symbol"), signed),
            Route("GET", "myTrades", self.my_trades, _my_trades_weight, history | names("fromId"), signed),
            Route("GET", "rateLimit/order", self.rate_limit, 40, frozenset(), signed),
        ]

    def place(self, call: Call) -> dict[str, Any]:
        """Place an order and tell what became of it."""
        try:
            request = read_new_order(call.arguments, self._exchange.rules(call.arguments.need_symbol()))
            order, fills = self._exchange.place(call.account, request)
        except MarketUnavailable as error:
            # A 5xx would leave the caller in doubt; this order was certainly not executed.
            raise errors.rejected("Market is closed.") from error
        return views.placed_view(order, fills, request.response)

    def test(self, call: Call) -> dict[str, Any]:
        """Check an order without sending it to the matching engine."""
        request = read_new_order(call.arguments, self._exchange.rules(call.arguments.need_symbol()))
        with_rates = call.arguments.flag("computeCommissionRates")
        self._exchange.check(call.account, request)
        if not with_rates:
            return {}
        rates = self._commission_rates(request.symbol)
        return {
            "standardCommissionForOrder": {
                name: rates["standardCommission"][name] for name in ("maker", "taker")
            },
            "specialCommissionForOrder": {
                name: rates["specialCommission"][name] for name in ("maker", "taker")
            },
            "taxCommissionForOrder": {name: rates["taxCommission"][name] for name in ("maker", "taker")},
            "discount": rates["discount"],
        }

    def order(self, call: Call) -> dict[str, Any]:
        """One order by either id."""
        return views.order_view(self._find(call, call.arguments, errors.no_such_order()))

    def cancel(self, call: Call) -> dict[str, Any]:
        """Cancel one open order; one of a list ends its list and is answered with the list."""
        cancel_id = read_client_id(call.arguments, "newClientOrderId")
        order = self._cancellable(call, call.arguments)
        return self._cancelled(call, self._exchange.cancel(call.account, [order], cancel_id), cancel_id)

    def cancel_replace(self, call: Call) -> dict[str, Any]:
        """Cancel an order and place another, in one step; the reply to the cancel is as in `cancel`."""
        try:
            request = self._read_replacement(call)
            replaced = self._exchange.cancel_replace(call.account, request)
        except MarketUnavailable as error:
            raise errors.rejected("Market is closed.") from error
        data = replaced.told(
            lambda orders: self._cancelled(call, orders, request.cancel_id),
            lambda order, fills: views.placed_view(order, fills, request.new.response),
        )
        failure = replaced.failure(request.mode, data)
        if failure is not None:
            raise failure
        return data

    def _read_replacement(self, call: Call) -> Replacement:
        arguments = call.arguments
        cancel = arguments.renamed(_CANCEL_NAMES)
        _ids(cancel)
        _restriction(cancel)
        return Replacement(
            find=lambda: self._cancellable(call, cancel),
            cancel_id=read_client_id(arguments, "cancelNewClientOrderId"),
            mode=arguments.need_choice("cancelReplaceMode", Mode, errors.invalid_data("cancelReplaceMode")),
            new=read_new_order(arguments, self._exchange.rules(arguments.need_symbol())),
            cancels_over_limit=_cancels_over_limit(arguments),
        )

    def _cancelled(self, call: Call, orders: Sequence[Order], cancel_id: str) -> dict[str, Any]:
        """The reply to the cancel of one order: the order, or the list that ended with it."""
        if orders[0].list_id >= 0:
            order_list = self._storage.order_list(call.account.account_id, orders[0].list_id)
            if order_list is not None:
                return views.cancelled_list_view(order_list, orders, cancel_id)
        return views.cancelled_view(orders[0], cancel_id)

    def open_orders(self, call: Call) -> list[dict[str, Any]]:
        """The account's open orders, of one symbol or of all."""
        symbol = call.arguments.text("symbol", SYMBOL_PATTERN)
        if symbol is not None:
            self._exchange.known(symbol)
        found = call.account.open_orders.values()
        return [views.order_view(order) for order in found if symbol is None or order.symbol == symbol]

    def cancel_all(self, call: Call) -> list[dict[str, Any]]:
        """Cancel every open order on a symbol, each list told as a list; -2011 when there is none."""
        orders = call.account.open_on(self._symbol(call.arguments))
        if not orders:
            raise errors.unknown_order()
        cancel_id = read_client_id(call.arguments, "newClientOrderId")
        cancelled = self._exchange.cancel(call.account, orders, cancel_id)
        groups: dict[tuple[int, int], list[Order]] = {}
        for order in cancelled:
            alone = order.order_id if order.list_id < 0 else 0
            groups.setdefault((order.list_id, alone), []).append(order)
        return [self._cancelled(call, group, cancel_id) for group in groups.values()]

    def all_orders(self, call: Call) -> list[dict[str, Any]]:
        """The account's orders of a symbol, from `orderId` on or the latest."""
        symbol = self._symbol(call.arguments)
        span = read_span(call.arguments, "orderId", 500)
        return [
            views.order_view(order) for order in self._storage.orders(call.account.account_id, symbol, span)
        ]

    def my_trades(self, call: Call) -> list[dict[str, Any]]:
        """The account's fills of a symbol, or of one order."""
        symbol = self._symbol(call.arguments)
        span = read_span(call.arguments, "fromId", 500)
        order_id = call.arguments.integer("orderId")
        found = self._storage.fills(call.account.account_id, symbol, span, order_id)
        return [views.fill_view(fill) for fill in found]

    def account(self, call: Call) -> dict[str, Any]:
        """Balances and rights."""
        rate = self._exchange.commission_rate
        account = call.account
        basis_points = int(rate * 10_000)
        return {
            "makerCommission": basis_points,
            "takerCommission": basis_points,
            "buyerCommission": 0,
            "sellerCommission": 0,
            "commissionRates": _rates(rate),
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "brokered": False,
            "requireSelfTradePrevention": False,
            "preventSor": False,
            "updateTime": call.now_ms,
            "accountType": "SPOT",
            "balances": views.balances_view(
                account.balances, omit_zero=call.arguments.flag("omitZeroBalances")
            ),
            "permissions": ["SPOT"],
            "uid": account.account_id,
        }

    def commission(self, call: Call) -> dict[str, Any]:
        """The account's fee rates on a symbol."""
        return self._commission_rates(self._symbol(call.arguments))

    def _commission_rates(self, symbol: str) -> dict[str, Any]:
        nothing = self._exchange.commission_rate * 0
        return {
            "symbol": symbol,
            "standardCommission": _rates(self._exchange.commission_rate),
            "specialCommission": _rates(nothing),
            "taxCommission": _rates(nothing),
            "discount": {
                "enabledForAccount": False,
                "enabledForSymbol": False,
                "discountAsset": "BNB",
                "discount": "0.75000000",
            },
        }

    def rate_limit(self, call: Call) -> list[dict[str, Any]]:
        """How many orders count in the current windows."""
        limits = [limit for limit in RATE_LIMITS if limit["rateLimitType"] == "ORDERS"]
        counts = call.account.order_count.counts(call.now_ms)
        return [limit | {"count": count} for limit, count in zip(limits, counts, strict=True)]

    def _symbol(self, arguments: Arguments) -> str:
        return self._exchange.known(arguments.need_symbol())

    def _cancellable(self, call: Call, arguments: Arguments) -> Order:
        order = self._find(call, arguments, errors.unknown_order())
        restriction = _restriction(arguments)
        if order.order_id not in call.account.open_orders:
            raise errors.unknown_order()
        if restriction is not None and order.status is not restriction:
            raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
        return order

    def _find(self, call: Call, arguments: Arguments, absent: ApiError) -> Order:
        symbol = self._symbol(arguments)
        order_id, client_id = _ids(arguments)
        account_id = call.account.account_id
        order = None
        if order_id is not None:
            order = self._storage.order(account_id, symbol, order_id)
        elif client_id is not None:
            order = self._storage.order_by_client_id(account_id, symbol, client_id)
        if order is None:
            raise absent
        if client_id is not None and order.client_order_id != client_id:
            raise ApiError(-2039, "Client order ID is not correct for this order ID.")
        return order


def _ids(arguments: Arguments) -> tuple[int | None, str | None]:
    order_id = arguments.integer("orderId")
    client_id = arguments.text("origClientOrderId", CLIENT_ID_PATTERN)
    if order_id is None and client_id is None:
        raise errors.neither_parameter(
            arguments.sent_name("origClientOrderId"), arguments.sent_name("orderId")
        )
    return order_id, client_id


def _restriction(arguments: Arguments) -> OrderStatus | None:
    restriction = arguments.text("cancelRestrictions")
    if restriction is not None and restriction not in _RESTRICTIONS:
        raise errors.invalid_data("cancelRestrictions")
    return None if restriction is None else _RESTRICTIONS[restriction]


def _cancels_over_limit(arguments: Arguments) -> bool:
    mode = arguments.text("orderRateLimitExceededMode")
    if mode not in {None, "DO_NOTHING", "CANCEL_ONLY"}:
        raise errors.invalid_data("orderRateLimitExceededMode")
    return mode == "CANCEL_ONLY"


def _rates(rate: Any) -> dict[str, Any]:
    return {"maker": rate, "taker": rate, "buyer": rate * 0, "seller": rate * 0}


def _test_weight(values: Mapping[str, str]) -> int:
    return 20 if values.get("computeCommissionRates") == "true" else 1


def _open_weight(values: Mapping[str, str]) -> int:
    return 6 if "symbol" in values else 80


def _my_trades_weight(values: Mapping[str, str]) -> int:
    return 5 if "orderId" in values else 20
