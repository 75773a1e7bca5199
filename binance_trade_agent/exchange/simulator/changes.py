"""What one state change did to one account, as a user data stream tells it (user-data-stream.md)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import OrderList
from binance_trade_agent.exchange.matching import Fill, Order


class Execution(StrEnum):
    """What happened to an order, `x` of an executionReport."""

    NEW = "NEW"
    CANCELED = "CANCELED"
    TRADE = "TRADE"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One step of an order's life: the order as it stood right after it.

    Every order begins with NEW, a pending one of a list with status PENDING_NEW; a stop order that
    triggers and a pending order that is placed are told again as NEW, now with `is_working`.
    `fill` is set for TRADE, `cancel_id` (the cancel's own client id) for CANCELED.
    """

    execution: Execution
    order: Order
    fill: Fill | None = None
    cancel_id: str = ""


@dataclass(frozen=True, slots=True)
class ListReport:
    """An order list as it stands after the change: begun (EXEC_STARTED) or over (ALL_DONE)."""

    order_list: OrderList


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money that came in from outside, or went out when negative."""

    asset: str
    amount: Decimal
    time_ms: int


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One account's part of one state change, already on disk.

    `orders` stand in the order in which they happened; `balances` are the new ones of each asset touched.
    """

    account_id: int
    time_ms: int
    balances: Mapping[str, Balance]
    orders: tuple[OrderReport, ...] = ()
    lists: tuple[ListReport, ...] = ()
    transfers: tuple[Transfer, ...] = ()


Listener = Callable[[AccountChange], None]
