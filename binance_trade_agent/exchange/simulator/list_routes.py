"""Signed routes of order lists: OCO, OTO and OTOCO."""

from collections.abc import Callable, Mapping
from typing import Any

from binance_trade_agent.exchange.contingent import OrderList
from binance_trade_agent.exchange.simulator import errors, new_list, views
from binance_trade_agent.exchange.simulator.errors import CLIENT_ID_PATTERN, ApiError
from binance_trade_agent.exchange.simulator.market.base import MarketUnavailable
from binance_trade_agent.exchange.simulator.new_list import NewList
from binance_trade_agent.exchange.simulator.new_order import read_client_id
from binance_trade_agent.exchange.simulator.parameters import Arguments
from binance_trade_agent.exchange.simulator.routes import Call, Handler, Route, Security, names
from binance_trade_agent.exchange.simulator.spans import read_span
from binance_trade_agent.exchange.simulator.spot import SpotExchange

Reader = Callable[[Arguments, Mapping[str, Any]], NewList]


class ListRoutes:
    """The handlers of an account's order lists."""

    def __init__(self, exchange: SpotExchange) -> None:
        self._exchange = exchange
        self._storage = exchange.storage

    def routes(self) -> list[Route]:
        """Every route of this module."""
        signed = Security.SIGNED
        cancel = names("symbol orderListId listClientOrderId newClientOrderId")
        one = names("orderListId origClientOrderId")
        history = names("fromId startTime endTime limit")
        return [
            *(
                Route(
                    "POST",
                    path,
                    self._placer(read),
                    1,
                    known,
                    signed,
                    free_on_success=True,
                    counts_orders=True,
                )
                for path, read, known in (
                    ("orderList/oco", new_list.read_oco, new_list.OCO_NAMES),
                    ("orderList/oto", new_list.read_oto, new_list.OTO_NAMES),
                    ("orderList/otoco", new_list.read_otoco, new_list.OTOCO_NAMES),
                    ("order/oco", new_list.read_old_oco, new_list.OLD_OCO_NAMES),
                )
            ),
            Route("DELETE", "orderList", self.cancel, 1, cancel, signed, free_on_success=True),
            Route("GET", "orderList", self.order_list, 4, one, signed),
            Route("GET", "openOrderList", self.open_lists, 6, frozenset(), signed),
            Route("GET", "allOrderList", self.all_lists, 20, history, signed),
        ]

    def _placer(self, read: Reader) -> Handler:
        def place(call: Call) -> dict[str, Any]:
            try:
                request = read(call.arguments, self._exchange.rules(call.arguments.need_symbol()))
                order_list, orders, fills = self._exchange.place_list(call.account, request)
            except MarketUnavailable as error:
                # A 5xx would leave the caller in doubt; this list was certainly not placed.
                raise errors.rejected("Market is closed.") from error
            return views.placed_list_view(order_list, orders, fills, request.response)

        return place

    def cancel(self, call: Call) -> dict[str, Any]:
        """Cancel what a list has open; -2011 when it is over or never was."""
        symbol = self._exchange.known(call.arguments.need_symbol())
        cancel_id = read_client_id(call.arguments, "newClientOrderId")
        found = self._find(call, "listClientOrderId", errors.unknown_order())
        open_orders = call.account.open_orders
        orders = [open_orders[leg.order_id] for leg in found.legs if leg.order_id in open_orders]
        if found.symbol != symbol or not orders:
            raise errors.unknown_order()
        cancelled = self._exchange.cancel(call.account, orders, cancel_id)
        ended = self._storage.order_list(call.account.account_id, found.list_id) or found
        return views.cancelled_list_view(ended, cancelled, cancel_id)

    def order_list(self, call: Call) -> dict[str, Any]:
        """One list by either id."""
        return views.list_view(self._find(call, "origClientOrderId", errors.no_such_list()))

    def open_lists(self, call: Call) -> list[dict[str, Any]]:
        """The account's open lists of all symbols."""
        return [views.list_view(found) for found in call.account.open_lists.values()]

    def all_lists(self, call: Call) -> list[dict[str, Any]]:
        """The account's lists, from `fromId` on or the latest."""
        span = read_span(call.arguments, "fromId", 500)
        if span.from_id is not None and (span.start_ms is not None or span.end_ms is not None):
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        return [views.list_view(found) for found in self._storage.order_lists(call.account.account_id, span)]

    def _find(self, call: Call, client_id_name: str, absent: ApiError) -> OrderList:
        list_id = call.arguments.integer("orderListId")
        client_id = call.arguments.text(client_id_name, CLIENT_ID_PATTERN)
        account_id = call.account.account_id
        found = None
        if list_id is not None:
            found = self._storage.order_list(account_id, list_id)
        elif client_id is not None:
            found = self._storage.list_by_client_id(account_id, client_id)
        else:
            raise errors.neither_parameter(client_id_name, "orderListId")
        if found is None or (client_id is not None and found.client_order_id != client_id):
            raise absent
        return found
