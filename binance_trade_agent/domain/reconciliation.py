"""What an unresolved or unfinished order turned out to be.

A pure function from (journal row, what the exchange says, exchange time) to a
resolution. The exchange's word is an `OrderLookup`, which can only be built from
calls that succeeded; a failed call leaves the row as it is.

| journal            | exchange                                            | resolution |
|--------------------|-----------------------------------------------------|------------|
| INTENT, UNKNOWN    | has the order, fills complete                       | Adopt      |
| INTENT, UNKNOWN    | has the order, fills incomplete                     | Adopt, stays non-terminal |
| INTENT, UNKNOWN    | not found, window and grace not over                | Wait       |
| INTENT, UNKNOWN    | not found after it, absent from lists and balances  | NotPlaced  |
| INTENT, UNKNOWN    | not found after it, but lists or balances disagree  | Wait       |
| OPEN, PARTIALLY_…  | has the order                                       | Adopt      |
| OPEN, PARTIALLY_…  | not found                                           | Wait (an incident: it was there) |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import ExchangeOrder, JournalOrder
from binance_trade_agent.domain.portfolio import AccountSnapshot

#: How long after `timestamp + recvWindow` an absence starts to count (DESIGN.md, "Orders: exactly once").
GRACE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class OrderLookup:
    """What the exchange said of one client order id.

    `order` is the answer to the query by id, None for -2013. The next two answer
    whether `allOrders` and `myTrades` since the intent hold such an order, and
    whether the balances agree with there being none; None where not asked.
    """

    order: ExchangeOrder | None
    listed: bool | None = None
    balances_agree: bool | None = None


@dataclass(frozen=True, slots=True)
class Adopt:
    """The exchange has the order: take over its state and fills."""

    order: ExchangeOrder


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The order never reached the exchange and can no longer do so."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not conclusive: the symbol stays locked and the stake reserved."""

    text: str


Resolution = Adopt | NotPlaced | Wait


def is_past_landing(row: JournalOrder, exchange_now: datetime) -> bool:
    """Whether the exchange would by now refuse the request as too old."""
    return exchange_now > row.last_possible_landing(GRACE)


def resolve(row: JournalOrder, lookup: OrderLookup, exchange_now: datetime) -> Resolution:
    """What `row` turned out to be; never guesses."""
    if lookup.order is not None:
        return Adopt(lookup.order)
    if not row.status.is_unresolved:
        return Wait("the exchange no longer knows an order it had accepted")
    if not is_past_landing(row, exchange_now):
        seconds_left = (row.last_possible_landing(GRACE) - exchange_now).total_seconds()
        return Wait(f"not found, but it may still arrive for {seconds_left:.0f} s")
    if lookup.listed is None or lookup.balances_agree is None:
        return Wait("not found, lists and balances not yet compared")
    if lookup.listed:
        return Wait("not found by its id, but the exchange's lists hold it")
    if not lookup.balances_agree:
        return Wait("not found, but the balances differ from the ledger")
    return NotPlaced("not found after its window and the grace; lists and balances agree")


def balance_differences(ledger: Mapping[str, Decimal], account: AccountSnapshot) -> dict[str, Decimal]:
    """asset -> exchange less ledger, for each asset on which they differ."""
    differences = {}
    for asset in sorted(ledger.keys() | account.balances.keys()):
        held = account.balances.get(asset)
        difference = (held.total if held else ZERO) - ledger.get(asset, ZERO)
        if difference:
            differences[asset] = difference
    return differences
