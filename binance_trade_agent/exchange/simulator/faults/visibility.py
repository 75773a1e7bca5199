"""Orders that queries do not show yet, as a lagging read replica would not."""

import time
from typing import Any

from binance_trade_agent.exchange.simulator.errors import no_such_list, no_such_order

#: Queries by path; each row of an answer names its order, or the orders of its list.
_QUERIES = frozenset(
    {"order", "openOrders", "allOrders", "myTrades", "orderList", "openOrderList", "allOrderList"}
)


class Visibility:
    """Which orders are hidden, until when by the real clock."""

    def __init__(self) -> None:
        self._until_s: dict[int, float] = {}

    def hide(self, order_ids: range, delay_s: float) -> None:
        """Hide orders for `delay_s` from now."""
        until_s = time.monotonic() + delay_s
        self._until_s.update(dict.fromkeys(order_ids, until_s))

    def clear(self) -> None:
        """Show everything: the orders are gone."""
        self._until_s.clear()

    def shown(self, method: str, path: str, payload: Any) -> Any:
        """A query's answer without what is hidden; raises -2013 when it is about nothing else.

        `path` is that of the REST route below /api/v3/.
        """
        if not self._until_s or method != "GET" or path not in _QUERIES:
            return payload
        now_s = time.monotonic()
        self._until_s = {order: until_s for order, until_s in self._until_s.items() if until_s > now_s}
        if isinstance(payload, list):
            return [row for row in payload if not self._hides(row)]
        if self._hides(payload):
            raise no_such_list() if "orders" in payload else no_such_order()
        return payload

    def _hides(self, row: Any) -> bool:
        if "orders" in row:
            return any(leg["orderId"] in self._until_s for leg in row["orders"])
        return row["orderId"] in self._until_s
