"""What an order does to its account's balances, from arrival to the last fill. Pure.

At every moment an account's locked amount of an asset is the sum of `locked_amount`
over its open orders, and what a fill takes from the account is what the market gets.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import InsufficientBalance, Wallet
from binance_trade_agent.exchange.matching import (
    Fill,
    Match,
    Order,
    OrderStatus,
    Taken,
    commission_of,
    executed,
    locked_amount,
)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two assets of a symbol."""

    base: str
    quote: str

    def paid_by(self, side: Side) -> str:
        """The asset that an order of `side` gives away."""
        return self.quote if side is Side.BUY else self.base

    def received_by(self, side: Side) -> str:
        """The asset that an order of `side` gets, and in which it pays its fee."""
        return self.base if side is Side.BUY else self.quote


@dataclass(frozen=True, slots=True)
class Terms:
    """What a fill needs besides the match: the pair, the fee's rate (0.001 is 0.1 %) and the time."""

    pair: Pair
    rate: Decimal
    time_ms: int


def settle_arrival(
    wallet: Wallet, order: Order, taken: Taken, terms: Terms, next_trade_id: int
) -> tuple[Order, list[Fill]]:
    """Book a new order: lock what it needs, book its matches, release what does not rest.

    Raises `InsufficientBalance`; the wallet is then to be thrown away.
    """
    asset = terms.pair.paid_by(order.side)
    order = replace(order, quantity=taken.quantity)
    if order.side is Side.BUY and wallet.balance(asset).free < order.quote_quantity:
        raise InsufficientBalance(asset)
    wallet.lock(asset, locked_amount(order))
    fills = []
    for offset, match in enumerate(taken.matches):
        order, fill = settle_match(wallet, order, match, terms, next_trade_id + offset, is_maker=False)
        fills.append(fill)
    if not taken.status.is_open and order.status is not taken.status:
        order = settle_end(wallet, order, terms, taken.status, taken.expiry_reason)
    return order, fills


def settle_match(
    wallet: Wallet, order: Order, match: Match, terms: Terms, trade_id: int, *, is_maker: bool
) -> tuple[Order, Fill]:
    """Book one match of an order: pay, receive less the fee, release the lock that it no longer needs."""
    after = executed(order, match, terms.time_ms)
    paid_asset = terms.pair.paid_by(order.side)
    received_asset = terms.pair.received_by(order.side)
    is_buy = order.side is Side.BUY
    paid, received = (match.quote, match.quantity) if is_buy else (match.quantity, match.quote)
    commission = commission_of(received, terms.rate)
    wallet.lock(paid_asset, locked_amount(after) - locked_amount(order))
    wallet.add(paid_asset, -paid)
    wallet.add(received_asset, received - commission)
    fill = Fill(
        trade_id=trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        price=match.price,
        quantity=match.quantity,
        quote_quantity=match.quote,
        commission=commission,
        commission_asset=received_asset,
        is_maker=is_maker,
        time_ms=terms.time_ms,
    )
    return after, fill


def settle_end(
    wallet: Wallet, order: Order, terms: Terms, status: OrderStatus, expiry_reason: str = ""
) -> Order:
    """End an open order without a fill (CANCELED, EXPIRED) and release its lock."""
    wallet.lock(terms.pair.paid_by(order.side), -locked_amount(order))
    return replace(order, status=status, update_ms=terms.time_ms, expiry_reason=expiry_reason)
