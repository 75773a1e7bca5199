"""What of a token's caps is used, from the workflows it asked for."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO, product


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """A workflow that somebody asked for under `key`, and what its order traded so far, in quote currency.

    `is_settled`: nothing more can come of it. One that is not settled counts as if all of it traded, at its limit
    `price` if it has one. Dry runs are none.
    """

    key: str
    symbol: str
    quantity: Decimal | None
    has_order: bool
    is_settled: bool
    quote_executed: Decimal
    price: Decimal | None = None


#: Judges a new order beside those that its actor has asked for today; refuses it by raising an error of its own.
Admission = Callable[[Sequence[AskedOrder]], None]


@dataclass(frozen=True, slots=True)
class Use:
    """What was used of a day. `quote` is None while an order without a known price or quantity is under way."""

    orders: int
    quote: Decimal | None


def use_of(asked: Iterable[AskedOrder], price_of: Callable[[str], Decimal | None]) -> Use:
    """The use by `asked`; `price_of` a symbol values what is under way."""
    orders, quote = 0, ZERO
    is_known = True
    for one in asked:
        orders += one.has_order or not one.is_settled
        if one.is_settled:
            quote += one.quote_executed
        elif (worth := worth_of(one.quantity, one.price or price_of(one.symbol))) is None:
            is_known = False
        else:
            quote += max(worth, one.quote_executed)
    return Use(orders, quote if is_known else None)


def worth_of(quantity: Decimal | None, price: Decimal | None) -> Decimal | None:
    """A quantity in quote currency; None where either is not known."""
    return None if quantity is None or price is None else product(quantity, price)
