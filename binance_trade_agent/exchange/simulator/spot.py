"""The simulated Spot exchange itself: accounts and orders over a market, without any transport.

Every state change goes through `_commit`: it is on disk first, then in memory, and only
then told to the listeners and the caller.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance, InsufficientBalance, Wallet
from binance_trade_agent.exchange.filters import FilterFailure, SymbolFilters
from binance_trade_agent.exchange.matching import (
    Fill,
    Order,
    OrderStatus,
    Taken,
    WouldTake,
    crosses,
    match_resting,
    take,
)
from binance_trade_agent.exchange.settlement import Pair, Terms, settle_arrival, settle_end, settle_match
from binance_trade_agent.exchange.simulator import errors
from binance_trade_agent.exchange.simulator.changes import AccountChange, Listener, Transfer
from binance_trade_agent.exchange.simulator.limits import OrderCount
from binance_trade_agent.exchange.simulator.market.base import Level, Market, MarketTrade
from binance_trade_agent.exchange.simulator.new_order import NewOrder, check_rules
from binance_trade_agent.exchange.simulator.quotes import Quotes
from binance_trade_agent.exchange.simulator.storage import Change, Storage

DEFAULT_COMMISSION_RATE = Decimal("0.001")

#: How much of the market's book an order may eat through.
_BOOK_LEVELS = 1000
#: Where nearly every order ends; a market source takes its time over a deep book.
_FIRST_LEVELS = 20

_KEY_LENGTH = 64


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
    open_orders: dict[int, Order]
    order_count: OrderCount

    def open_on(self, symbol: str) -> list[Order]:
        """Open orders of one symbol, oldest first."""
        return [order for order in self.open_orders.values() if order.symbol == symbol]


class SpotExchange:
    """Places, fills and cancels orders. Raises `ApiError` as Binance would answer."""

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
        self._symbols = frozenset(market.symbols)
        self._listeners: list[Listener] = []
        self._pairs: dict[str, Pair] = {}
        self._last_order_id, self._last_trade_id = storage.last_ids()
        self._accounts = {spec.api_key: self._open(spec) for spec in specs}
        self._by_id = {account.account_id: account for account in self._accounts.values()}
        for order in storage.open_orders():
            if order.account_id in self._by_id:
                self._by_id[order.account_id].open_orders[order.order_id] = order
        market.subscribe(self._fill_resting)

    def _open(self, spec: AccountSpec) -> Account:
        account_id = self.storage.open_account(spec.api_key, spec.balances, self.market.now_ms())
        return Account(account_id, spec, self.storage.balances(account_id), {}, OrderCount())

    def listen(self, listener: Listener) -> None:
        """Have `listener` called with each account's part of each state change from now on."""
        self._listeners.append(listener)

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
        if symbol not in self._symbols:
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
        rules = self.rules(request.symbol)
        if rules["status"] != "TRADING":
            raise errors.rejected("Market is closed.")
        filters = SymbolFilters.of(rules)
        reference = self.quotes.average_price(request.symbol)
        open_orders = account.open_on(request.symbol)
        check_rules(request, filters, reference, len(open_orders))
        balance = account.balances.get(rules["baseAsset"], Balance())
        buying = sum((order.remaining for order in open_orders if order.side is Side.BUY), ZERO)
        try:
            filters.check_position(request.side, balance.total + buying, request.quantity)
        except FilterFailure as failure:
            raise errors.filter_failure(failure.name) from failure

    def place(self, account: Account, request: NewOrder) -> tuple[Order, list[Fill]]:
        """Execute a new order as far as the book allows; what remains rests, when it may."""
        self.check(account, request)
        now_ms = self.market.now_ms()
        account.order_count.add(now_ms)
        if any(order.client_order_id == request.client_order_id for order in account.open_orders.values()):
            raise errors.rejected("Duplicate order sent.")
        order = self._new_order(account, request, now_ms)
        wallet = Wallet(account.balances)
        terms = Terms(self.pair(order.symbol), self.commission_rate, now_ms)
        try:
            order, fills = settle_arrival(wallet, order, self._take(order), terms, self._last_trade_id + 1)
        except WouldTake as error:
            raise errors.rejected("Order would immediately match and take.") from error
        except InsufficientBalance as error:
            raise errors.insufficient_balance() from error
        self._commit([Change(account.account_id, wallet.changed, [order], fills)])
        if fills:
            account.order_count.first_fill(now_ms, is_maker=False)
        return order, fills

    def _take(self, order: Order) -> Taken:
        step = SymbolFilters.of(self.rules(order.symbol)).lot.step
        levels = self._opposite(order, _FIRST_LEVELS)
        taken = take(order, levels, step)
        is_decided = taken.status is OrderStatus.FILLED or len(levels) < _FIRST_LEVELS
        if is_decided or not crosses(order, levels[-1].price):
            return taken
        return take(order, self._opposite(order, _BOOK_LEVELS), step)

    def _opposite(self, order: Order, limit: int) -> tuple[Level, ...]:
        depth = self.market.depth(order.symbol, limit)
        return depth.asks if order.side is Side.BUY else depth.bids

    def _new_order(self, account: Account, request: NewOrder, now_ms: int) -> Order:
        return Order(
            order_id=self._last_order_id + 1,
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
        )

    def cancel(self, account: Account, orders: Iterable[Order]) -> list[Order]:
        """Cancel open orders of one account, all or none."""
        wallet = Wallet(account.balances)
        cancelled = []
        for order in orders:
            terms = Terms(self.pair(order.symbol), self.commission_rate, self.market.now_ms())
            cancelled.append(settle_end(wallet, order, terms, OrderStatus.CANCELED))
        self._commit([Change(account.account_id, wallet.changed, cancelled)])
        return cancelled

    def deposit(self, account: Account, asset: str, amount: Decimal) -> Balance:
        """Move money in from outside, or out when negative; raises -2010 when there is too little free."""
        wallet = Wallet(account.balances)
        try:
            wallet.add(asset, amount)
        except InsufficientBalance as error:
            raise errors.insufficient_balance() from error
        transfers = [(asset, amount, self.market.now_ms())]
        self._commit([Change(account.account_id, wallet.changed, transfers=transfers)])
        return account.balances[asset]

    def _fill_resting(self, symbol: str, trades: tuple[MarketTrade, ...]) -> None:
        resting = {order.order_id: order for account in self.accounts for order in account.open_on(symbol)}
        if not resting:
            return
        rules = self.rules(symbol)
        matches = match_resting(resting.values(), trades, SymbolFilters.of(rules).lot.step)
        if not matches:
            return
        terms = Terms(self.pair(symbol), self.commission_rate, self.market.now_ms())
        wallets = {account.account_id: Wallet(account.balances) for account in self.accounts}
        fills: list[Fill] = []
        before = dict(resting)
        for order, match in matches:
            current, fill = settle_match(
                wallets[order.account_id],
                resting[order.order_id],
                match,
                terms,
                self._last_trade_id + 1 + len(fills),
                is_maker=True,
            )
            resting[order.order_id] = current
            fills.append(fill)
        changed = [order for order in resting.values() if order is not before[order.order_id]]
        self._commit(_changes_by_account(wallets, changed, fills))
        self._count_first_fills(before, changed, terms.time_ms)

    def _count_first_fills(self, before: Mapping[int, Order], changed: Iterable[Order], now_ms: int) -> None:
        for order in changed:
            if not before[order.order_id].executed:
                self._by_id[order.account_id].order_count.first_fill(now_ms, is_maker=True)

    def _commit(self, changes: Sequence[Change]) -> None:
        self.storage.commit(changes)
        for change in changes:
            account = self._by_id[change.account_id]
            account.balances.update(change.balances)
            for order in change.orders:
                self._last_order_id = max(self._last_order_id, order.order_id)
                if order.status.is_open:
                    account.open_orders[order.order_id] = order
                else:
                    account.open_orders.pop(order.order_id, None)
            for fill in change.fills:
                self._last_trade_id = max(self._last_trade_id, fill.trade_id)
        for change in changes:
            transfers = tuple(Transfer(*transfer) for transfer in change.transfers)
            told = AccountChange(
                change.account_id, self.market.now_ms(), dict(change.balances), transfers=transfers
            )
            for listener in self._listeners:
                listener(told)


def _changes_by_account(
    wallets: Mapping[int, Wallet], orders: Sequence[Order], fills: Sequence[Fill]
) -> list[Change]:
    return [
        Change(
            account_id,
            wallet.changed,
            [order for order in orders if order.account_id == account_id],
            [fill for fill in fills if fill.account_id == account_id],
        )
        for account_id, wallet in wallets.items()
        if wallet.changed
    ]
