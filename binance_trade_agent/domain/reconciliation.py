"""What an unresolved or unfinished order or cancel turned out to be, and what a difference of balances is.

Pure functions from (journal, what the exchange says, exchange time) to a resolution.
The exchange's word is an `OrderLookup`, which can only be built from calls that
succeeded; a failed call leaves the row as it is. `exchange_now` is always the time at
which the asking began: what is absent then may still land up to `last_possible_landing`.
docs/reconciliation.md holds every cell of the tables; a test compares them with this module.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.money import EXACT, ZERO
from binance_trade_agent.domain.orders import (
    CLIENT_ORDER_ID_PREFIX,
    ExchangeOrder,
    Fill,
    JournalCancel,
    JournalOrder,
    OrderStatus,
    Side,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot

#: How long after `timestamp + recvWindow` an absence starts to count (DESIGN.md, "Orders: exactly once").
GRACE = timedelta(seconds=60)

#: By so much a request's timestamp may be ahead of the exchange's clock.
_CLOCK_TOLERANCE = timedelta(seconds=1)

#: States that are ours alone: no exchange reports them.
_NEVER_REPORTED = frozenset({OrderStatus.INTENT, OrderStatus.UNKNOWN, OrderStatus.NOT_PLACED})


@dataclass(frozen=True, slots=True)
class OrderLookup:
    """What the exchange said of one client order id.

    `order` is the answer to the query by id, None for -2013. The next two answer
    whether `allOrders` and `myTrades` since the intent hold such an order, and
    whether the balances agree with there being none; None where not asked.
    `archived` is the answer -2026: it ended with nothing executed, over 90 days ago.
    """

    order: ExchangeOrder | None
    listed: bool | None = None
    balances_agree: bool | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Adopt:
    """The exchange has the order: take over its state and fills."""

    order: ExchangeOrder


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """The order never reached the exchange and can no longer do so, or nothing came of it there."""

    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Not conclusive: the symbol stays locked and the stake reserved."""

    text: str


@dataclass(frozen=True, slots=True)
class CancelDone:
    """The order is no longer open, whatever ended it."""

    text: str


@dataclass(frozen=True, slots=True)
class CancelNotPlaced:
    """The cancel never reached the exchange and can no longer do so."""

    text: str


Resolution = Adopt | NotPlaced | Wait
CancelResolution = CancelDone | CancelNotPlaced | Wait


# orders ------------------------------------------------------------------------


def is_past_landing(row: JournalOrder | JournalCancel, exchange_now: datetime) -> bool:
    """Whether the exchange would by now refuse the request as too old."""
    return exchange_now > row.last_possible_landing(GRACE)


def contradiction(row: JournalOrder, order: ExchangeOrder) -> str | None:
    """Why `order` cannot be the row's, in words; None if it can."""
    if order.status in _NEVER_REPORTED:
        return f"{order.status} is no state an exchange reports"
    if (order.symbol, order.side) != (row.intent.symbol, row.intent.side):
        return f"it is {row.intent.side} {row.intent.symbol}, not {order.side} {order.symbol}"
    if row.exchange_order_id not in {None, order.exchange_order_id}:
        return f"it is order {row.exchange_order_id}, not {order.exchange_order_id}"
    expected = (order.symbol, order.side, order.exchange_order_id)
    strangers = [f for f in order.fills if (f.symbol, f.side, f.exchange_order_id) != expected]
    return f"trade {strangers[0].trade_id} is not of this order" if strangers else None


def resolve(row: JournalOrder, lookup: OrderLookup, exchange_now: datetime) -> Resolution:
    """What `row` turned out to be; never guesses."""
    if lookup.order is not None:
        against = contradiction(row, lookup.order)
        return (
            Wait(f"the exchange's answer contradicts the journal: {against}")
            if against
            else Adopt(lookup.order)
        )
    if lookup.archived:
        return _resolve_archived(row)
    if not row.status.is_unresolved:
        return Wait("the exchange no longer knows an order it had accepted")
    if not is_past_landing(row, exchange_now):
        return Wait(f"not found, but it may still arrive for {_seconds_left(row, exchange_now):.0f} s")
    return _resolve_absent(lookup)


def _resolve_absent(lookup: OrderLookup) -> Resolution:
    if lookup.listed is None or lookup.balances_agree is None:
        return Wait("not found, lists and balances not yet compared")
    if lookup.listed:
        return Wait("not found by its id, but the exchange's lists hold it")
    if not lookup.balances_agree:
        return Wait("not found, but the balances have moved as the order would have moved them")
    return NotPlaced("not found after its window and the grace; lists and balances agree")


def _resolve_archived(row: JournalOrder) -> Resolution:
    if row.executed:
        return Wait(f"archived as if nothing was executed, but {row.executed} was")
    if row.exchange_order_id is None:
        return NotPlaced("it ended over 90 days ago with nothing executed, and is archived")
    return Adopt(
        ExchangeOrder(
            symbol=row.intent.symbol,
            client_order_id=row.intent.client_order_id,
            exchange_order_id=row.exchange_order_id,
            side=row.intent.side,
            status=OrderStatus.CANCELED,
            quantity=row.intent.quantity,
            executed=ZERO,
            quote_executed=ZERO,
            updated_at=row.updated_at,
            order_type=row.intent.order_type,
        )
    )


def could_be_of(row: JournalOrder, fill: Fill, earlier_order_id: int) -> bool:
    """Whether a trade whose order is in no list may be of `row`, which the exchange denies to know.

    An order's ids rise, so those up to `earlier_order_id`, an order placed before, are others. A request whose
    timestamp is more than a second ahead is refused (rest-api.md, "Timing security"): no earlier trade is its.
    What rested is of others too, where the row's type takes what it finds: an old order of a person, say, that
    began before the lists that were read.
    """
    return (
        fill.side is row.intent.side
        and not (fill.is_maker and row.intent.order_type.takes)
        and fill.quantity <= row.intent.quantity
        and fill.exchange_order_id > earlier_order_id
        and fill.traded_at > row.intent.stamp.instant - _CLOCK_TOLERANCE
    )


# cancels -----------------------------------------------------------------------


def resolve_cancel(row: JournalCancel, target: JournalOrder, exchange_now: datetime) -> CancelResolution:
    """What a cancel turned out to be, by its target as it was looked up at `exchange_now` or later.

    The target of a list's cancel is a leg that is not finished, if there is one.
    """
    if target.status.is_terminal:
        return CancelDone(f"the order is {target.status}")
    if target.status.is_unresolved:
        return Wait(f"the order itself is {target.status}")
    if target.booked < target.executed:
        return Wait("the order's fills are not all booked")
    if not is_past_landing(row, exchange_now):
        seconds_left = _seconds_left(row, exchange_now)
        return Wait(f"the order is open, but the cancel may still arrive for {seconds_left:.0f} s")
    return CancelNotPlaced("the order is still open after the cancel's window and the grace")


# balances ----------------------------------------------------------------------


def balance_differences(ledger: Mapping[str, Decimal], account: AccountSnapshot) -> dict[str, Decimal]:
    """asset -> exchange less ledger, for each asset on which they differ."""
    differences = {}
    for asset in sorted(ledger.keys() | account.balances.keys()):
        held = account.balances.get(asset)
        difference = EXACT.subtract(held.total if held else ZERO, ledger.get(asset, ZERO))
        if difference:
            differences[asset] = difference
    return differences


def balances_agree(
    row: JournalOrder, base: str, quote: str, differences: Mapping[str, Decimal], *, alone: bool
) -> bool:
    """Whether the balances speak for `row` not having executed.

    An executed BUY raises base and lowers quote, a SELL the reverse. A deposit, a
    withdrawal or a commission moves one asset, so only both together speak for the order;
    unless it is not `alone`: what another unresolved order did may hide it in the quote currency.
    `differences` are those that are left once the trades of others are booked.
    """
    direction = 1 if row.intent.side is Side.BUY else -1
    base_moved = differences.get(base, ZERO) * direction > 0
    quote_moved = differences.get(quote, ZERO) * direction < 0
    return not (base_moved and (quote_moved or not alone))


def movement_of(fill: Fill, quote: str) -> dict[str, Decimal]:
    """asset -> what a trade in a symbol of `quote` added to the account, its commission included."""
    sign = 1 if fill.side is Side.BUY else -1
    base = fill.symbol.removesuffix(quote)
    moved = {base: sign * fill.quantity, quote: -sign * fill.quote_quantity}
    asset = fill.commission_asset
    if fill.commission:
        moved[asset] = EXACT.subtract(moved.get(asset, ZERO), fill.commission)
    return moved


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a difference is made of: trades of others that are not in the ledger, and a rest nobody explains."""

    foreign: tuple[Fill, ...]
    rest: dict[str, Decimal]


def explain(differences: Mapping[str, Decimal], doubtful: Iterable[Fill], quote: str) -> Explanation:
    """Split `differences` into those of the `doubtful` trades that cause them, and the rest.

    A doubtful trade happened about when ledger and exchange last agreed: the ledger may hold it in its
    balances already. It counts, the latest first, if base and quote then differ less and in no other direction.
    """
    rest, taken = dict(differences), []
    for fill in sorted(doubtful, key=lambda f: (f.traded_at, f.symbol, f.trade_id), reverse=True):
        moved = movement_of(fill, quote)
        left = {asset: EXACT.subtract(rest.get(asset, ZERO), moved[asset]) for asset in moved}
        pair = (fill.symbol.removesuffix(quote), quote)
        if all(_is_nearer(left[asset], rest.get(asset, ZERO)) for asset in pair):
            rest |= left
            taken.append(fill)
    return Explanation(tuple(taken), {asset: amount for asset, amount in rest.items() if amount})


def _is_nearer(left: Decimal, before: Decimal) -> bool:
    return abs(left) < abs(before) and left * before >= 0


# the whole account -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """Open orders of the account by whose they are."""

    ours: tuple[ExchangeOrder, ...]
    #: with our prefix, but not in the journal
    stray: tuple[ExchangeOrder, ...]
    foreign: tuple[ExchangeOrder, ...]


def split_open_orders(orders: Iterable[ExchangeOrder], journalled: Collection[str]) -> OpenOrders:
    """Sort open orders by whose they are; `journalled` are the client order ids that the journal holds."""
    ours, stray, foreign = [], [], []
    for order in orders:
        if order.client_order_id in journalled:
            ours.append(order)
        elif order.client_order_id.startswith(CLIENT_ORDER_ID_PREFIX):
            stray.append(order)
        else:
            foreign.append(order)
    return OpenOrders(tuple(ours), tuple(stray), tuple(foreign))


def is_wiped(
    known: Sequence[tuple[JournalOrder, ExchangeOrder | None]], differences: Mapping[str, Decimal]
) -> bool:
    """Whether the exchange was set back: it knows none of the orders it had accepted, and balances differ.

    `known` are orders that were accepted, each with the exchange's present answer.
    """
    return bool(known) and bool(differences) and all(order is None for _, order in known)


def _seconds_left(row: JournalOrder | JournalCancel, exchange_now: datetime) -> float:
    return (row.last_possible_landing(GRACE) - exchange_now).total_seconds()
