"""What each request costs, and how much of the minute's weight it may use up.

Weights: rest-api.md, the endpoints' tables. Orders and cancels that succeed cost nothing since
2026-04-02, but only their answers tell, so they count until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Share(Enum):
    """How far the used weight may rise by a kind of request, in percent: what matters most comes last to a stop."""

    ORDERS = 100
    ACCOUNT = 95
    MARKET_DATA = 80


@dataclass(frozen=True, slots=True)
class Cost:
    """The weight of one request. `places` marks those that an order limit (-1015) forbids."""

    weight: int
    share: Share
    places: bool = False


_PLACING = Cost(1, Share.ORDERS, places=True)
_COSTS = {
    ("get", "time"): Cost(1, Share.ORDERS),
    ("post", "order"): _PLACING,
    ("post", "order/cancelReplace"): _PLACING,
    ("post", "orderList/oco"): _PLACING,
    ("delete", "order"): Cost(1, Share.ORDERS),
    ("delete", "orderList"): Cost(1, Share.ORDERS),
    ("get", "order"): Cost(4, Share.ORDERS),
    ("get", "allOrders"): Cost(20, Share.ACCOUNT),
    ("get", "account"): Cost(20, Share.ACCOUNT),
    # without the rules no position can be left
    ("get", "exchangeInfo"): Cost(20, Share.ACCOUNT),
    ("get", "klines"): Cost(2, Share.MARKET_DATA),
}
#: Requests that are cheaper with a parameter: its name, the cost with it, the cost without.
_CHEAPER_WITH = {
    ("get", "openOrders"): ("symbol", Cost(6, Share.ORDERS), Cost(80, Share.ACCOUNT)),
    ("get", "myTrades"): ("orderId", Cost(5, Share.ORDERS), Cost(20, Share.ACCOUNT)),
    ("get", "ticker/24hr"): ("symbol", Cost(2, Share.MARKET_DATA), Cost(80, Share.MARKET_DATA)),
    ("get", "ticker/bookTicker"): ("symbol", Cost(2, Share.MARKET_DATA), Cost(4, Share.MARKET_DATA)),
}


def cost_of(method: str, path: str, params: Mapping[str, object]) -> Cost:
    """The cost of a request to `/api/v3/<path>`; raises `KeyError` for one that is not listed here."""
    if entry := _CHEAPER_WITH.get((method, path)):
        name, with_it, without = entry
        return with_it if params.get(name) is not None else without
    return _COSTS[method, path]
