"""Compares what the exchange holds with what the journal and the ledger say. Pure: reads nothing itself.

An order whose fate the journal honestly does not know yet (INTENT, UNKNOWN, or open with fills to come)
is pending: its fills may be missing, and then the balances must differ by exactly these fills.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.orders import OrderStatus
from binance_trade_agent.domain.portfolio import Position
from binance_trade_agent.domain.records import FillRow, OrderRow
from proof.exchange import TrueFill, Truth

#: what a read model answers at most
_MANY = 10_000
_NEVER_PLACED = frozenset({OrderStatus.REJECTED, OrderStatus.NOT_PLACED})


@dataclass(frozen=True, slots=True)
class Books:
    """What the database says."""

    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    balances: Mapping[str, Decimal]
    positions: tuple[Position, ...]
    #: what was booked though nothing explains it: the books agree by force then
    unexplained: tuple[str, ...] = ()

    def order(self, client_order_id: str) -> OrderRow | None:
        """The row of an id."""
        return next((row for row in self.orders if row.client_order_id == client_order_id), None)


@dataclass(frozen=True, slots=True)
class Differences:
    """What does not agree, each named; `pending` alone is no fault, but may not last."""

    orders_lost: tuple[str, ...] = ()
    orders_doubled: tuple[str, ...] = ()
    orders_wrong: tuple[str, ...] = ()
    fills_lost: tuple[str, ...] = ()
    fills_doubled: tuple[str, ...] = ()
    fills_wrong: tuple[str, ...] = ()
    balances: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()

    @property
    def faults(self) -> dict[str, tuple[str, ...]]:
        """kind -> what is wrong, kinds without anything left out."""
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "pending"}
        return {kind: names for kind, names in found.items() if names}

    def __str__(self) -> str:
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in self.faults.items()) or "equal"


def read_books(watch: Watch) -> Books:
    """All rows of the book that is watched."""
    books = Books(
        watch.orders(limit=_MANY),
        watch.fills(limit=_MANY),
        watch.balances(),
        watch.positions(),
        tuple(
            f"{flow.amount:+f} {flow.asset} booked though nothing explains it"
            for flow in watch.flows(limit=_MANY)
            if flow.kind == "difference"
        ),
    )
    if max(len(books.orders), len(books.fills)) >= _MANY:
        raise AssertionError("too many rows to compare them all")
    return books


def compare(truth: Truth, books: Books) -> Differences:
    """Everything in which the exchange and the books differ."""
    rows = {row.client_order_id: row for row in books.orders}
    missing = _missing_fills(truth, books)
    pending_fills = [fill for fill in missing if _is_pending(rows.get(_cid(truth, fill)))]
    return Differences(
        orders_lost=tuple(_lost_orders(truth, rows)),
        orders_doubled=tuple(_doubled_orders(truth, rows)),
        orders_wrong=tuple(_wrong_orders(truth, rows)),
        fills_lost=tuple(str(fill.key) for fill in missing if fill not in pending_fills),
        fills_doubled=tuple(_doubled_fills(books)),
        fills_wrong=tuple(_wrong_fills(truth, books)),
        balances=(*books.unexplained, *_wrong_balances(truth, books, pending_fills)),
        positions=tuple(_wrong_positions(books)),
        pending=tuple(
            f"{row.client_order_id} {row.symbol} {row.purpose} {row.status}"
            for row in books.orders
            if OrderStatus(row.status).is_unresolved
            or (_is_pending(row) and _has_missing(row, truth, missing))
        ),
    )


def _cid(truth: Truth, fill: TrueFill) -> str:
    return next(
        order.client_order_id
        for order in truth.orders
        if (order.symbol, order.order_id) == (fill.symbol, fill.order_id)
    )


def _is_pending(row: OrderRow | None) -> bool:
    return row is not None and not OrderStatus(row.status).is_terminal


def _has_missing(row: OrderRow, truth: Truth, missing: list[TrueFill]) -> bool:
    return any(_cid(truth, fill) == row.client_order_id for fill in missing)


def _lost_orders(truth: Truth, rows: Mapping[str, OrderRow]) -> list[str]:
    lost = []
    for order in truth.own_orders:
        row = rows.get(order.client_order_id)
        if row is None:
            lost.append(f"{order.client_order_id} is not in the journal")
        elif row.status in _NEVER_PLACED and order.status != OrderStatus.REJECTED:
            lost.append(f"{order.client_order_id} is {row.status} in the journal, {order.status} there")
    return lost


def _doubled_orders(truth: Truth, rows: Mapping[str, OrderRow]) -> list[str]:
    times = Counter(order.client_order_id for order in truth.own_orders)
    doubled = [f"{cid} is there {count} times" for cid, count in times.items() if count > 1]
    acts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for cid in times:
        if cid in rows:
            acts[rows[cid].decision_id, rows[cid].purpose].append(cid)
    doubled += [f"one {purpose} by {', '.join(cids)}" for (_, purpose), cids in acts.items() if len(cids) > 1]
    return doubled


def _wrong_orders(truth: Truth, rows: Mapping[str, OrderRow]) -> list[str]:
    at_exchange = {order.client_order_id: order for order in truth.own_orders}
    wrong = []
    for cid, row in rows.items():
        status, order = OrderStatus(row.status), at_exchange.get(cid)
        if order is None:
            if not status.is_unresolved and status not in _NEVER_PLACED:
                wrong.append(f"{cid} is {row.status} in the journal, unknown there")
        elif (
            status.is_terminal
            and status not in _NEVER_PLACED
            and ((order.status, order.executed) != (row.status, row.executed))
        ):
            wrong.append(f"{cid} is {row.status} {row.executed}, there {order.status} {order.executed}")
    return wrong


def _missing_fills(truth: Truth, books: Books) -> list[TrueFill]:
    booked = {(fill.symbol, fill.trade_id) for fill in books.fills}
    ours = {(order.symbol, order.order_id) for order in truth.own_orders}
    return [fill for fill in truth.fills if fill.key not in booked and (fill.symbol, fill.order_id) in ours]


def _doubled_fills(books: Books) -> list[str]:
    times = Counter((fill.symbol, fill.trade_id) for fill in books.fills)
    return [f"{key} {count} times" for key, count in times.items() if count > 1]


def _wrong_fills(truth: Truth, books: Books) -> list[str]:
    real = {
        (f.key, f.price, f.quantity, f.quote_quantity, f.commission, f.commission_asset) for f in truth.fills
    }
    return [
        f"{(f.symbol, f.trade_id)} is not so at the exchange"
        for f in books.fills
        if ((f.symbol, f.trade_id), f.price, f.quantity, f.quote_quantity, f.commission, f.commission_asset)
        not in real
    ]


def _wrong_balances(truth: Truth, books: Books, pending: list[TrueFill]) -> list[str]:
    expected: defaultdict[str, Decimal] = defaultdict(Decimal, books.balances)
    for fill in pending:
        for asset, change in fill.flows(*_assets(fill.symbol, truth)):
            expected[asset] += change
    assets = sorted({*expected, *truth.balances})
    return [
        f"{asset}: {truth.balances.get(asset, Decimal(0))} there, {expected[asset]} by the books"
        for asset in assets
        if truth.balances.get(asset, Decimal(0)) != expected[asset]
    ]


def _assets(symbol: str, truth: Truth) -> tuple[str, str]:
    quote = next(asset for asset in truth.balances if symbol.endswith(asset) and asset != symbol)
    return symbol.removesuffix(quote), quote


def _wrong_positions(books: Books) -> list[str]:
    """Positions that their fills do not make; one that others took from is all that is left on the account."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    bases = {position.symbol: position.base for position in books.positions}
    for fill in books.fills:
        held[fill.symbol] += fill.quantity if fill.side == "BUY" else -fill.quantity
        if fill.commission_asset == bases.get(fill.symbol):
            held[fill.symbol] -= fill.commission
    return [
        f"{position.symbol}: {position.quantity}, its fills make {held[position.symbol]}"
        for position in books.positions
        if position.quantity != held[position.symbol]
        and not position.quantity == books.balances.get(position.base, Decimal(0)) < held[position.symbol]
    ]
