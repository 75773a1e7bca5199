"""The simulated Spot exchange itself: accounts and orders over a market, without any transport.

Every state change is a `Booking` for each account it touches and goes through `_commit`: it is
on disk first, then in memory, and only then told to the listeners and the caller.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance, InsufficientBalance
from binance_trade_agent.exchange.contingent import Leg, OrderList
from binance_trade_agent.exchange.filters import FilterFailure, OpenCount, SymbolFilters
from binance_trade_agent.exchange.matching import Fill, Order, WouldTake
from binance_trade_agent.exchange.settlement import FeeRule, Pair, Terms, charge_what_was_received
from binance_trade_agent.exchange.simulator import errors
from binance_trade_agent.exchange.simulator.account import Account, AccountSpec
from binance_trade_agent.exchange.simulator.booking import Booking, Numbers
from binance_trade_agent.exchange.simulator.changes import AccountChange, Listener, Transfer
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.floor import (
    BadPrices,
    Interference,
    TradingFloor,
    WouldTrigger,
    concerns,
)
from binance_trade_agent.exchange.simulator.limits import OrderCount
from binance_trade_agent.exchange.simulator.market.base import Market, MarketTrade, MarketUnavailable
from binance_trade_agent.exchange.simulator.new_list import NewList, check_list_allowed
from binance_trade_agent.exchange.simulator.new_order import NewOrder, check_allowed, check_filters
from binance_trade_agent.exchange.simulator.quotes import Quotes
from binance_trade_agent.exchange.simulator.replacement import NOT_ATTEMPTED, Replaced, Replacement
from binance_trade_agent.exchange.simulator.storage import Change, Storage

__all__ = ["DEFAULT_COMMISSION_RATE", "Account", "AccountSpec", "SpotExchange"]

DEFAULT_COMMISSION_RATE = Decimal("0.001")

_KEY_LENGTH = 64


class SpotExchange:
    """Places, fills and cancels orders. Raises `ApiError` as Binance would answer.

    `fee_rule` decides what is charged for a commission; it may be set at any time.
    """

    def __init__(
        self,
        market: Market,
        storage: Storage,
        specs: Sequence[AccountSpec],
        commission_rate: Decimal = DEFAULT_COMMISSION_RATE,
    ) -> None:
        self.market = market
        self.storage = storage
        self.quotes = Quotes(market)
        self.commission_rate = commission_rate
        self.fee_rule: FeeRule = charge_what_was_received
        self._floor = TradingFloor(market)
        self._listeners: list[Listener] = []
        self._pairs: dict[str, Pair] = {}
        self._accounts = {spec.api_key: self._open(spec) for spec in specs}
        self._by_id = {account.account_id: account for account in self._accounts.values()}
        self._numbers = storage.last_ids()
        for order in storage.open_orders():
            if order.account_id in self._by_id:
                self._by_id[order.account_id].open_orders[order.order_id] = order
        for order_list in storage.open_lists():
            if order_list.account_id in self._by_id:
                self._by_id[order_list.account_id].open_lists[order_list.list_id] = order_list
        self._follow_open_orders()
        market.subscribe(self._market_traded)

    def _open(self, spec: AccountSpec) -> Account:
        account_id = self.storage.open_account(spec.api_key, spec.balances, self.market.now_ms())
        return Account(account_id, spec, self.storage.balances(account_id), OrderCount())

    def _follow_open_orders(self) -> None:
        """Ask for the prices of what orders rest in: some markets follow only what was asked for."""
        for symbol in {order.symbol for account in self.accounts for order in account.open_orders.values()}:
            with suppress(MarketUnavailable, ValueError):
                self.market.last_price(symbol)

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with each account's part of each state change from now on."""
        self._listeners.append(listener)

    @contextmanager
    def interfered(self, interference: Interference) -> Iterator[None]:
        """Apply a fault to the orders that are placed in the meantime."""
        with self._floor.interfered(interference):
            yield

    @property
    def accounts(self) -> list[Account]:
        """All accounts, in the order given."""
        return list(self._accounts.values())

    def account_of(self, api_key: str) -> Account:
        """The account with this key; raises -2015, or -2014 for what cannot be a key."""
        account = self._accounts.get(api_key)
        if account is not None:
            return account
        if len(api_key) == _KEY_LENGTH and api_key.isascii() and api_key.isalnum():
            raise errors.unknown_key()
        raise errors.bad_key_format()

    def known(self, symbol: str) -> str:
        """`symbol`, when it is traded here; raises -1121."""
        if symbol not in self.market.symbols:
            raise errors.bad_symbol()
        return symbol

    def rules(self, symbol: str) -> dict[str, Any]:
        """The symbol's exchangeInfo entry as the market has it; raises -1121."""
        return self.market.rules(self.known(symbol))

    def pair(self, symbol: str) -> Pair:
        """The symbol's two assets, which never change."""
        if symbol not in self._pairs:
            rules = self.rules(symbol)
            self._pairs[symbol] = Pair(rules["baseAsset"], rules["quoteAsset"])
        return self._pairs[symbol]

    def check(self, account: Account, request: NewOrder) -> None:
        """Everything that is checked before the matching engine sees an order."""
        self._check_open(request.symbol)
        self._check_filters(account, [request], request.count)

    def check_list(self, account: Account, request: NewList) -> None:
        """Everything that is checked before the matching engine sees an order list."""
        self._check_open(request.symbol)
        check_list_allowed(request, self.rules(request.symbol))
        self._check_filters(account, request.orders, request.count)

    def _check_open(self, symbol: str) -> None:
        if self.rules(symbol)["status"] != "TRADING":
            raise errors.rejected("Market is closed.")

    def _check_filters(self, account: Account, requests: Sequence[NewOrder], added: OpenCount) -> None:
        symbol = requests[0].symbol
        rules = self.rules(symbol)
        filters = SymbolFilters.of(rules)
        reference = self.quotes.average_price(symbol)
        for request in requests:
            check_allowed(request, rules)
            check_filters(request, filters, reference)
        balance = account.balances.get(rules["baseAsset"], Balance())
        buying = sum((order.remaining for order in account.open_on(symbol) if order.side is Side.BUY), ZERO)
        try:
            filters.check_counts(account.count_on(symbol) + added, added)
            for request in requests:
                filters.check_position(request.side, balance.total + buying, request.quantity)
        except FilterFailure as failure:
            raise errors.filter_failure(failure.name) from failure

    def place(self, account: Account, request: NewOrder) -> tuple[Order, list[Fill]]:
        """Execute a new order as far as the book allows; what remains rests, when it may."""
        self.check(account, request)
        account.order_count.add(self.market.now_ms())
        booking = self._booking(account)
        order, fills = self._enter(booking, account, request)
        self._commit([booking])
        return order, fills

    def _enter(self, booking: Booking, account: Account, request: NewOrder) -> tuple[Order, list[Fill]]:
        """Place one order in a booking; on a refusal the booking is as before."""
        with booking.tentatively(), _refusals():
            _check_unused(account, booking, [request.client_order_id])
            first = len(booking.fills)
            order = self._floor.enter(booking, self._new_order(booking.numbers, account, request))
            return order, [fill for fill in booking.fills[first:] if fill.order_id == order.order_id]

    def place_list(self, account: Account, request: NewList) -> tuple[OrderList, list[Order], list[Fill]]:
        """Place an order list.

        The orders are told as at placement: what waits for the working order is PENDING_NEW even
        when that was filled at once.
        """
        self.check_list(account, request)
        account.order_count.add(self.market.now_ms(), len(request.orders))
        booking = self._booking(account)
        with _refusals():
            _check_unused(account, booking, [order.client_order_id for order in request.orders])
            if any(found.client_order_id == request.client_order_id for found in account.open_lists.values()):
                raise errors.rejected("Duplicate order sent.")
            begun, orders = self._enter_list(booking, account, request)
        self._commit([booking])
        return booking.order_list(begun.list_id) or begun, orders, booking.fills

    def _enter_list(
        self, booking: Booking, account: Account, request: NewList
    ) -> tuple[OrderList, list[Order]]:
        list_id, now_ms = booking.numbers.next_list(), self.market.now_ms()
        orders = [
            replace(self._new_order(booking.numbers, account, order), list_id=list_id)
            for order in request.orders
        ]
        legs = tuple(Leg(order.order_id, order.client_order_id) for order in orders)
        begun = OrderList(
            list_id=list_id,
            account_id=account.account_id,
            symbol=request.symbol,
            contingency=request.contingency,
            client_order_id=request.client_order_id,
            legs=legs,
            time_ms=now_ms,
            update_ms=now_ms,
        )
        booking.begin_list(begun)
        return begun, self._floor.enter_list(booking, orders, is_oco=request.is_oco)

    def _new_order(self, numbers: Numbers, account: Account, request: NewOrder) -> Order:
        now_ms = self.market.now_ms()
        return Order(
            order_id=numbers.next_order(),
            account_id=account.account_id,
            symbol=request.symbol,
            client_order_id=request.client_order_id,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            price=request.price,
            quantity=request.quantity,
            quote_quantity=request.quote_quantity,
            time_ms=now_ms,
            update_ms=now_ms,
            stp_mode=request.stp_mode,
            stop_price=request.stop_price,
            trailing_delta=request.trailing_delta,
        )

    def cancel(self, account: Account, orders: Iterable[Order], cancel_id: str | None = None) -> list[Order]:
        """Cancel open orders of one account, all or none, and with each what its list has open; rising by id.

        All get the same id of the cancel, or without one each order (or list) a random one.
        """
        booking = self._booking(account)
        cancelled = booking.cancel(orders, cancel_id)
        self._commit([booking])
        return cancelled

    def cancel_replace(self, account: Account, request: Replacement) -> Replaced:
        """Cancel an order and place another in one state change: nothing trades between the two.

        Filters are checked before; whether the market is open, and funds, after the cancel.
        Raises `ApiError` when nothing was even tried.
        """
        new = request.new
        if not self.rules(new.symbol)["cancelReplaceAllowed"]:
            raise ApiError(-1013, "Order cancel-replace is not supported for this symbol.")
        self._check_filters(account, [new], new.count)
        try:
            account.order_count.add(self.market.now_ms())
        except ApiError as error:
            if not request.cancels_over_limit:
                raise error.with_data(NOT_ATTEMPTED) from error
            return self._replace(account, request, error)
        return self._replace(account, request, None)

    def _replace(self, account: Account, request: Replacement, over_limit: ApiError | None) -> Replaced:
        booking = self._booking(account)
        cancelled: list[Order] | ApiError
        placed: tuple[Order, list[Fill]] | ApiError | None = over_limit
        try:
            cancelled = booking.cancel([request.find()], request.cancel_id)
        except ApiError as error:
            cancelled = error
        if over_limit is None and (request.goes_on or not isinstance(cancelled, ApiError)):
            try:
                self._check_open(request.new.symbol)
                placed = self._enter(booking, account, request.new)
            except ApiError as error:
                placed = error
        self._commit([booking])
        return Replaced(cancelled, placed)

    def deposit(self, account: Account, asset: str, amount: Decimal) -> Balance:
        """Move money in from outside, or out when negative; raises -2010 when there is too little free."""
        booking = self._booking(account)
        with _refusals():
            booking.wallet.add(asset, amount)
        self._commit([booking], [Transfer(asset, amount, self.market.now_ms())])
        return account.balances[asset]

    def wipe(self) -> None:
        """Forget all orders, lists and trades, and give each account the balances of its specification.

        As the testnet does every month: ids start at 1 again, keys stay. Nobody is told.
        """
        specs = {account.account_id: account.spec.balances for account in self.accounts}
        self.storage.wipe(specs, self.market.now_ms())
        self._numbers = self.storage.last_ids()
        for account in self.accounts:
            account.open_orders.clear()
            account.open_lists.clear()
            account.balances = self.storage.balances(account.account_id)

    def print_trade(self, symbol: str, price: Decimal, quantity: Decimal) -> None:
        """Let the market trade once at `price`: orders fill and trigger, its own price stays; raises -1121."""
        trade = MarketTrade(
            0, self.known(symbol), price, quantity, self.market.now_ms(), buyer_is_maker=False
        )
        self._market_traded(symbol, (trade,))

    def _market_traded(self, symbol: str, trades: tuple[MarketTrade, ...]) -> None:
        found = (order for account in self.accounts for order in account.open_on(symbol))
        if not any(concerns(trades, order) for order in found):
            return
        numbers = replace(self._numbers)
        bookings = {account.account_id: self._booking(account, numbers) for account in self.accounts}
        self._floor.market_traded(bookings, symbol, trades)
        self._commit([booking for booking in bookings.values() if not booking.is_untouched])

    def _booking(self, account: Account, numbers: Numbers | None = None) -> Booking:
        now_ms = self.market.now_ms()
        return Booking(
            account,
            replace(self._numbers) if numbers is None else numbers,
            lambda symbol: Terms(self.pair(symbol), self.commission_rate, now_ms, self.fee_rule),
        )

    def _commit(self, bookings: Sequence[Booking], transfers: Sequence[Transfer] = ()) -> None:
        for booking in bookings:
            booking.close_lists()
        self.storage.commit([_change(booking, transfers) for booking in bookings])
        now_ms = self.market.now_ms()
        for booking in bookings:
            booking.take_effect()
            self._numbers = booking.numbers
            for fill in booking.first_fills():
                booking.account.order_count.first_fill(now_ms, is_maker=fill.is_maker)
        for booking in bookings:
            told = AccountChange(
                account_id=booking.account.account_id,
                time_ms=now_ms,
                balances=dict(booking.wallet.changed),
                orders=tuple(booking.reports),
                lists=tuple(booking.list_reports),
                transfers=tuple(transfers),
            )
            if told.balances or told.orders or told.lists:
                for listener in self._listeners:
                    listener(told)


@contextmanager
def _refusals() -> Iterator[None]:
    """Answer what the matching engine refuses as Binance does."""
    try:
        yield
    except WouldTake as error:
        raise errors.rejected("Order would immediately match and take.") from error
    except WouldTrigger as error:
        raise errors.rejected("Order would trigger immediately.") from error
    except BadPrices as error:
        raise errors.rejected("The relationship of the prices for the orders is not correct.") from error
    except InsufficientBalance as error:
        raise errors.insufficient_balance() from error


def _check_unused(account: Account, booking: Booking, client_ids: Sequence[str]) -> None:
    """Raise -2010 when a client order id is that of an open order, or stands twice in one list."""
    used = {
        (booking.order(order_id) or order).client_order_id
        for order_id, order in account.open_orders.items()
        if (booking.order(order_id) or order).status.is_open
    }
    if len(set(client_ids)) != len(client_ids) or not used.isdisjoint(client_ids):
        raise errors.rejected("Duplicate order sent.")


def _change(booking: Booking, transfers: Sequence[Transfer]) -> Change:
    return Change(
        account_id=booking.account.account_id,
        balances=booking.wallet.changed,
        orders=list(booking.orders.values()),
        fills=booking.fills,
        lists=list(booking.lists.values()),
        transfers=transfers,
    )
