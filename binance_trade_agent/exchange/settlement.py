"""What a match does to its account's balances: pay, receive, pay the fee. Pure.

What a fill takes from the account is what the market gets. What open orders keep locked is
the matter of whoever holds them all (orders of a list share a lock).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Wallet
from binance_trade_agent.exchange.matching import Fill, Match, Order, commission_of


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
class Fee:
    """A commission: so much of an asset."""

    asset: str
    amount: Decimal


#: What is really charged for a fee due in the asset received: that fee, or another asset's.
FeeRule = Callable[[Fee], Fee]


def charge_what_was_received(due: Fee) -> Fee:
    """The plain rule: the fee is taken from what the fill brings."""
    return due


@dataclass(frozen=True, slots=True)
class Terms:
    """What a fill needs besides the match: the pair, the fee's rate (0.001 is 0.1 %) and rule, the time."""

    pair: Pair
    rate: Decimal
    time_ms: int
    fee_rule: FeeRule = charge_what_was_received


def settle_match(
    wallet: Wallet, order: Order, match: Match, terms: Terms, trade_id: int, *, is_maker: bool
) -> Fill:
    """Book one match of an order whose lock is already released: pay, receive, pay the fee.

    A fee in another asset is taken if so much of it is free, else in full from what was received
    (faqs/commission_faq.md). Raises `InsufficientBalance`.
    """
    is_buy = order.side is Side.BUY
    paid, received = (match.quote, match.quantity) if is_buy else (match.quantity, match.quote)
    received_asset = terms.pair.received_by(order.side)
    wallet.add(terms.pair.paid_by(order.side), -paid)
    wallet.add(received_asset, received)
    due = Fee(received_asset, commission_of(received, terms.rate))
    fee = terms.fee_rule(due)
    if wallet.balance(fee.asset).free < fee.amount:
        fee = due
    wallet.add(fee.asset, -fee.amount)
    return Fill(
        trade_id=trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        price=match.price,
        quantity=match.quantity,
        quote_quantity=match.quote,
        commission=fee.amount,
        commission_asset=fee.asset,
        is_maker=is_maker,
        time_ms=terms.time_ms,
        list_id=order.list_id,
    )
