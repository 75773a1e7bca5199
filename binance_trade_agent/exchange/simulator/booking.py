"""One account's part of one state change while it is worked out: nothing of it is real before the commit.

At every step an account's locked amount of an asset is what its open orders need, where the
orders of one list need as much as the dearest of them.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import InsufficientBalance, Wallet
from binance_trade_agent.exchange.contingent import ListStatus, OrderList
from binance_trade_agent.exchange.matching import (
    Fill,
    Match,
    Order,
    OrderStatus,
    Taken,
    executed,
    locked_amount,
)
from binance_trade_agent.exchange.settlement import Pair, Terms, settle_match
from binance_trade_agent.exchange.simulator.account import Account
from binance_trade_agent.exchange.simulator.changes import Execution, ListReport, OrderReport

#: Why the other order of an OCO ended.
OCO_TRIGGER = "OCO_TRIGGER"
#: Why an order that was to be placed later ended: the exchange would not have taken it then.
REJECTED = "REJECTED"


@dataclass(slots=True)
class Numbers:
    """The last ids given out, 0 for none."""

    order: int = 0
    trade: int = 0
    order_list: int = 0

    def next_order(self) -> int:
        """A new order id."""
        self.order += 1
        return self.order

    def next_trade(self) -> int:
        """A new trade id."""
        self.trade += 1
        return self.trade

    def next_list(self) -> int:
        """A new order list id."""
        self.order_list += 1
        return self.order_list


class Booking:
    """A working copy of an account's balances, open orders and open lists, and what has happened to them."""

    def __init__(self, account: Account, numbers: Numbers, terms: Callable[[str], Terms]) -> None:
        self.account = account
        self.wallet = Wallet(account.balances)
        self.orders: dict[int, Order] = {}
        self.lists: dict[int, OrderList] = {}
        self.fills: list[Fill] = []
        self.reports: list[OrderReport] = []
        self.list_reports: list[ListReport] = []
        self.numbers = numbers
        self._terms = terms

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has happened."""
        return not (self.orders or self.lists or self.wallet.changed)

    @contextmanager
    def tentatively(self) -> Iterator[None]:
        """Try something: an exception leaves the booking as it was before, and goes on."""
        changed, orders, lists = dict(self.wallet.changed), dict(self.orders), dict(self.lists)
        lengths = len(self.fills), len(self.reports), len(self.list_reports)
        numbers = self.numbers.order, self.numbers.trade, self.numbers.order_list
        try:
            yield
        except BaseException:
            self.wallet.changed, self.orders, self.lists = changed, orders, lists
            del self.fills[lengths[0] :], self.reports[lengths[1] :], self.list_reports[lengths[2] :]
            self.numbers.order, self.numbers.trade, self.numbers.order_list = numbers
            raise

    def pair(self, symbol: str) -> Pair:
        """The symbol's two assets."""
        return self._terms(symbol).pair

    def order(self, order_id: int) -> Order | None:
        """The order as it stands now; None when it was over before this change."""
        return self.orders.get(order_id) or self.account.open_orders.get(order_id)

    def order_list(self, list_id: int) -> OrderList | None:
        """The list as it stands now; None when it was over before this change."""
        return self.lists.get(list_id) or self.account.open_lists.get(list_id)

    def open_orders(self, symbol: str) -> list[Order]:
        """The symbol's orders that are open now, oldest first."""
        ids = {**self.account.open_orders, **self.orders}
        found = (self.orders.get(order_id, order) for order_id, order in ids.items())
        return [order for order in found if order.symbol == symbol and order.status.is_open]

    def siblings(self, order: Order) -> list[Order]:
        """The open orders of the same list, without `order` itself."""
        order_list = self.order_list(order.list_id)
        legs = order_list.legs if order_list is not None else ()
        found = (self.order(leg.order_id) for leg in legs if leg.order_id != order.order_id)
        return [other for other in found if other is not None and other.status.is_open]

    def begin_list(self, order_list: OrderList) -> None:
        """Open a list; its orders follow."""
        self._put_list(order_list)

    def wait(self, order: Order) -> None:
        """Accept an order that does not work yet: a stop, or a pending one of a list. May lack balance."""
        self._put(order)
        self._report(Execution.NEW, order)

    def track(self, order: Order) -> None:
        """Keep what a trailing stop has seen; nobody is told."""
        self._put(order)

    def arrive(self, order: Order, taken: Taken) -> Order:
        """Let an order reach the book, new or after its wait: matches, then rest or end.

        Raises `InsufficientBalance`; the booking is then to be thrown away.
        """
        terms = self._terms(order.symbol)
        asset = terms.pair.paid_by(order.side)
        if order.side is Side.BUY and self.wallet.balance(asset).free < order.quote_quantity:
            raise InsufficientBalance(asset)
        order = replace(
            order,
            status=OrderStatus.NEW,
            quantity=taken.quantity,
            working_ms=terms.time_ms,
            update_ms=terms.time_ms,
        )
        self._put(order)
        self._report(Execution.NEW, order)
        for match in taken.matches:
            order = self.fill(order, match, is_maker=False)
        if not taken.status.is_open and order.status is not taken.status:
            order = self._end(order, taken.status, taken.expiry_reason)
        return order

    def fill(self, order: Order, match: Match, *, is_maker: bool) -> Order:
        """Book one match; what else its OCO has open ends before it. Raises `InsufficientBalance`."""
        self.expire_rivals(order)
        terms = self._terms(order.symbol)
        after = executed(order, match, terms.time_ms)
        self._put(after)
        fill = settle_match(self.wallet, after, match, terms, self.numbers.next_trade(), is_maker=is_maker)
        self.fills.append(fill)
        self._report(Execution.TRADE, after, fill)
        return after

    def expire_rivals(self, order: Order) -> None:
        """End the other order of the OCO, because this one trades or triggers."""
        for other in self.siblings(order):
            if other.status is not OrderStatus.PENDING_NEW:
                self._end(other, OrderStatus.EXPIRED, OCO_TRIGGER)

    def expire(self, orders: Iterable[Order], reason: str = "") -> None:
        """End orders that cannot go on."""
        for order in orders:
            self._end(order, OrderStatus.EXPIRED, reason)

    def cancel(self, orders: Iterable[Order], cancel_id: str | None) -> list[Order]:
        """Cancel orders, and with each all of its list that is open; rising by id.

        Without an id of the cancel each order (or list) gets a random one.
        """
        cancelled: dict[int, Order] = {}
        for order in orders:
            if order.order_id not in cancelled:
                own_id = cancel_id or secrets.token_urlsafe(16)
                for each in sorted([order, *self.siblings(order)], key=lambda found: found.order_id):
                    cancelled[each.order_id] = self._end(each, OrderStatus.CANCELED, cancel_id=own_id)
        return [cancelled[order_id] for order_id in sorted(cancelled)]

    def first_fills(self) -> list[Fill]:
        """The fills that were the first of their order."""
        return [
            report.fill
            for report in self.reports
            if report.fill is not None and report.order.executed == report.fill.quantity
        ]

    def take_effect(self) -> None:
        """Make it the account's state in memory."""
        account = self.account
        account.balances.update(self.wallet.changed)
        for order_id in sorted(self.orders):
            if (order := self.orders[order_id]).status.is_open:
                account.open_orders[order_id] = order
            else:
                account.open_orders.pop(order_id, None)
        for list_id, order_list in self.lists.items():
            if order_list.is_open:
                account.open_lists[list_id] = order_list
            else:
                account.open_lists.pop(list_id, None)

    def close_lists(self) -> None:
        """Mark the lists that have no open order left; the last step of a change."""
        touched = {order.list_id for order in self.orders.values()}
        for list_id in sorted(touched):
            order_list = self.order_list(list_id)
            if order_list is None or not order_list.is_open:
                continue
            legs = [self.order(leg.order_id) for leg in order_list.legs]
            if not any(leg is not None and leg.status.is_open for leg in legs):
                now_ms = self._terms(order_list.symbol).time_ms
                self._put_list(replace(order_list, status=ListStatus.ALL_DONE, update_ms=now_ms))

    def _put_list(self, order_list: OrderList) -> None:
        self.lists[order_list.list_id] = order_list
        self.list_reports.append(ListReport(order_list))

    def _end(self, order: Order, status: OrderStatus, reason: str = "", *, cancel_id: str = "") -> Order:
        now_ms = self._terms(order.symbol).time_ms
        ended = replace(order, status=status, update_ms=now_ms, expiry_reason=reason)
        self._put(ended)
        kind = Execution.CANCELED if status is OrderStatus.CANCELED else Execution.EXPIRED
        self._report(kind, ended, cancel_id=cancel_id)
        return ended

    def _put(self, order: Order) -> None:
        """Take the order's new state and lock or release what that changes."""
        asset = self.pair(order.symbol).paid_by(order.side)
        before = self.order(order.order_id)
        shared = max(
            (locked_amount(other) for other in self.siblings(order) if other.side is order.side),
            default=ZERO,
        )
        old = ZERO if before is None else locked_amount(before)
        self.orders[order.order_id] = order
        change = max(shared, locked_amount(order)) - max(shared, old)
        if change:
            self.wallet.lock(asset, change)

    def _report(
        self, execution: Execution, order: Order, fill: Fill | None = None, *, cancel_id: str = ""
    ) -> None:
        self.reports.append(OrderReport(execution, order, fill, cancel_id))


def needed_amounts(orders: Iterable[Order], pairs: Callable[[str], Pair]) -> dict[str, Decimal]:
    """What open orders keep locked of each asset: those of one list and side as much as the dearest."""
    groups: dict[tuple[object, ...], list[Order]] = {}
    for order in orders:
        alone = order.order_id if order.list_id < 0 else None
        groups.setdefault((order.list_id, alone, order.side), []).append(order)
    needed: dict[str, Decimal] = {}
    for group in groups.values():
        asset = pairs(group[0].symbol).paid_by(group[0].side)
        dearest = max(locked_amount(order) for order in group)
        needed[asset] = needed.get(asset, ZERO) + dearest
    return needed
