"""An account of the simulated exchange as it is in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import OrderList
from binance_trade_agent.exchange.filters import OpenCount
from binance_trade_agent.exchange.matching import Order
from binance_trade_agent.exchange.simulator.limits import OrderCount


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account to serve: its key pair, and the balances it is opened with when the key is new."""

    api_key: str
    api_secret: str = field(repr=False)
    balances: Mapping[str, Decimal]


@dataclass(slots=True)
class Account:
    """An account in memory: what it holds and what it has open."""

    account_id: int
    spec: AccountSpec
    balances: dict[str, Balance]
    order_count: OrderCount
    open_orders: dict[int, Order] = field(default_factory=dict)
    open_lists: dict[int, OrderList] = field(default_factory=dict)

    def open_on(self, symbol: str) -> list[Order]:
        """Open orders of one symbol, oldest first."""
        return [order for order in self.open_orders.values() if order.symbol == symbol]

    def count_on(self, symbol: str) -> OpenCount:
        """How much it has open on a symbol."""
        orders = self.open_on(symbol)
        return OpenCount(
            orders=len(orders),
            stops=sum(order.type.is_stop for order in orders),
            lists=sum(order_list.symbol == symbol for order_list in self.open_lists.values()),
        )
