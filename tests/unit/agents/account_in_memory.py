"""Books in memory, and an exchange in memory on which requests travel, answers lag, and others act too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.errors import ExchangeError, Refused
from binance_trade_agent.domain.money import ZERO, total
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    ExchangeOrder,
    Fill,
    JournalCancel,
    JournalOrder,
    OrderIntent,
    OrderStatus,
    RequestStamp,
    Side,
)
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance, Position
from binance_trade_agent.domain.reconciliation import movement_of
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.domain.user_events import OrderReported, Transferred
from tests.fake_exchange import rules_of

T0 = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
QUOTE = "USDT"
_REACH = {
    OrderStatus.OPEN: 1,
    OrderStatus.PARTIALLY_FILLED: 2,
    OrderStatus.REJECTED: 3,
    OrderStatus.EXPIRED: 4,
    OrderStatus.CANCELED: 5,
    OrderStatus.FILLED: 6,
}


class MemoryLedger:
    """`ports.Ledger`; `foreign_ids` and `differences` say what was booked beside fills of ours."""

    def __init__(self) -> None:
        self.held: dict[str, Decimal] = {}
        self.position_rows: dict[str, Position] = {}
        self.is_open = False
        self.agreed_at: datetime | None = None
        self.ours: set[tuple[str, int]] = set()
        self.foreign: dict[tuple[str, int], Fill] = {}
        self.references: set[str] = set()
        self.differences: list[tuple[str, Decimal]] = []
        self.foreign_orders: tuple[ExchangeOrder, ...] = ()

    def open_with(self, account: AccountSnapshot, quote: str, at: datetime) -> None:
        if not self.is_open:
            self.held = {asset: balance.total for asset, balance in account.balances.items()}
            self.is_open = True

    def positions(self) -> dict[str, Position]:
        return dict(self.position_rows)

    def balances(self) -> dict[str, Decimal]:
        return dict(self.held)

    def book_transfer(self, asset: str, amount: Decimal, at: datetime, reference: str) -> bool:
        if reference in self.references:
            return False
        self.references.add(reference)
        self._move({asset: amount})
        return True

    def book_foreign(self, fills: Sequence[Fill]) -> int:
        new = [fill for fill in fills if (fill.symbol, fill.trade_id) not in self.foreign.keys() | self.ours]
        for fill in new:
            self.foreign[fill.symbol, fill.trade_id] = fill
            self._move(movement_of(fill, QUOTE))
        return len(new)

    def book_difference(self, asset: str, amount: Decimal, reason: str, at: datetime) -> None:
        self.differences.append((asset, amount))
        self._move({asset: amount})

    def contributed(self) -> Decimal:
        return Decimal(0)

    def move_out(self, symbol: str, quantity: Decimal, at: datetime) -> None:
        self.position_rows[symbol] = self.position_rows[symbol].without(quantity)

    def last_comparison(self) -> datetime | None:
        return self.agreed_at

    def agreed(self, at: datetime) -> None:
        self.agreed_at = max(at, self.agreed_at or at)

    def note_foreign_orders(self, orders: Sequence[ExchangeOrder], at: datetime) -> None:
        self.foreign_orders = tuple(orders)

    def book_own(self, fill: Fill) -> None:
        key = (fill.symbol, fill.trade_id)
        if key in self.ours:
            return
        if key in self.foreign:
            moved = movement_of(self.foreign.pop(key), QUOTE)
            self._move({asset: -amount for asset, amount in moved.items()})
        self.ours.add(key)
        self._move(movement_of(fill, QUOTE))
        flat = Position(fill.symbol, fill.symbol.removesuffix(QUOTE), QUOTE)
        self.position_rows[fill.symbol] = self.position_rows.get(fill.symbol, flat).after(fill)

    def _move(self, changes: Mapping[str, Decimal]) -> None:
        for asset, amount in changes.items():
            self.held[asset] = self.held.get(asset, ZERO) + amount


class MemoryJournal:
    """The parts of `ports.OrderJournal` that reconciliation uses."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.rows: dict[str, JournalOrder] = {}
        self.cancels: dict[str, JournalCancel] = {}
        self._told: dict[str, OrderStatus] = {}
        self._fills: dict[str, dict[int, Fill]] = {}

    def write(self, intent: OrderIntent, status: OrderStatus = OrderStatus.UNKNOWN) -> JournalOrder:
        row = JournalOrder(intent, "d", status, None, ZERO, ZERO, "", intent.created_at)
        self.rows[intent.client_order_id] = row
        return row

    def write_cancel(self, cancel: CancelIntent) -> None:
        self.cancels[cancel.cancel_id] = JournalCancel(cancel, CancelStatus.UNKNOWN, "", cancel.created_at)

    def record(self, client_order_id: str, order: ExchangeOrder) -> JournalOrder:
        row, fills = self.rows[client_order_id], self._fills.setdefault(client_order_id, {})
        assert order.status in _REACH
        assert row.exchange_order_id in {None, order.exchange_order_id}
        for fill in order.fills:
            fills[fill.trade_id] = fill
            self._ledger.book_own(fill)
        booked = total(fill.quantity for fill in fills.values())
        executed = max(row.executed, order.executed, booked)
        furthest = max(
            self._told.get(client_order_id, order.status), order.status, key=lambda status: _REACH[status]
        )
        self._told[client_order_id] = furthest
        row = replace(
            row,
            status=_status(furthest, row.intent.quantity, executed, booked),
            exchange_order_id=order.exchange_order_id,
            executed=executed,
            booked=booked,
            updated_at=max(row.updated_at, order.updated_at),
        )
        self.rows[client_order_id] = row
        return row

    def mark_not_placed(self, client_order_id: str, reason: str) -> JournalOrder:
        row = self.rows[client_order_id]
        assert row.status.is_unresolved
        self.rows[client_order_id] = replace(row, status=OrderStatus.NOT_PLACED, reason=reason)
        return self.rows[client_order_id]

    def mark_cancel(self, cancel_id: str, status: CancelStatus, reason: str) -> JournalCancel:
        self.cancels[cancel_id] = replace(self.cancels[cancel_id], status=status, reason=reason)
        return self.cancels[cancel_id]

    def unfinished_cancels(self) -> tuple[JournalCancel, ...]:
        return tuple(row for row in self.cancels.values() if row.status.is_unresolved)

    def get(self, client_order_id: str) -> JournalOrder:
        return self.rows[client_order_id]

    def find(self, client_order_id: str) -> JournalOrder | None:
        return self.rows.get(client_order_id)

    def unfinished(self) -> tuple[JournalOrder, ...]:
        return tuple(row for row in self.rows.values() if not row.status.is_terminal)

    def latest_known(self, limit: int) -> tuple[JournalOrder, ...]:
        known = [row for row in self.rows.values() if row.exchange_order_id is not None]
        return tuple(reversed(known))[:limit]

    def booked_trades(self) -> list[tuple[str, int]]:
        return sorted((f.symbol, f.trade_id) for fills in self._fills.values() for f in fills.values())


def _status(told: OrderStatus, quantity: Decimal, executed: Decimal, booked: Decimal) -> OrderStatus:
    if booked < executed:
        return OrderStatus.PARTIALLY_FILLED if booked else OrderStatus.OPEN
    if told.is_terminal:
        return told
    if executed >= quantity:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed else OrderStatus.OPEN


@dataclass
class _Travelling:
    """A request that arrives at `lands_at`; the exchange looks at its age then."""

    lands_at: datetime
    intent: OrderIntent | CancelIntent
    pieces: int = 1
    rests: bool = False
    visible_after: timedelta = timedelta(0)


class TravelExchange:
    """Requests land late or never; `step` passes with every call; orders show only after a while.

    Balances move at once. `events` holds everything a user stream would tell, in order.
    """

    def __init__(self, symbols: Sequence[str] = ("BTCUSDT", "ETHUSDT")) -> None:
        self.symbols = tuple(symbols)
        self.time = T0
        self.step = timedelta(0)
        self.price = Decimal(100)
        self.balances = {asset: Decimal(1000) for asset in ("BTC", "ETH", QUOTE, "BNB")}
        self.locked: dict[str, Decimal] = {}
        self.orders: dict[str, ExchangeOrder] = {}
        self.visible_from: dict[str, datetime] = {}
        self.fee_assets: tuple[str, ...] = ()
        self.events: list[OrderReported | Transferred] = []
        self.travelling: list[_Travelling] = []
        self.errors: dict[str, ExchangeError] = {}
        self.calls: list[str] = []
        self._ids = 0

    # the test's hand ---------------------------------------------------------------

    def now(self) -> datetime:
        return self.time

    def stamp(self) -> RequestStamp:
        return RequestStamp(int(self.time.timestamp() * 1000), 5000)

    def send(
        self,
        request: OrderIntent | CancelIntent,
        *,
        delay: timedelta = timedelta(0),
        pieces: int = 1,
        rests: bool = False,
        visible_after: timedelta = timedelta(0),
    ) -> None:
        self.travelling.append(_Travelling(self.time + delay, request, pieces, rests, visible_after))
        self.pass_time(timedelta(0))

    def pass_time(self, duration: timedelta) -> None:
        end = self.time + duration
        due = [one for one in self.travelling if one.lands_at <= end]
        self.travelling = [one for one in self.travelling if one.lands_at > end]
        for one in sorted(due, key=lambda request: request.lands_at):
            self.time = max(self.time, one.lands_at)
            self._land(one)
        self.time = end

    def could_still_land(self, client_order_id: str) -> bool:
        return any(
            isinstance(one.intent, OrderIntent)
            and one.intent.client_order_id == client_order_id
            and self._is_young(one)
            for one in self.travelling
        )

    def transfer(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] += amount
        self._ids += 1
        self.events.append(Transferred(asset, amount, self.time, f"t{self._ids}"))

    def trade_by_hand(self, symbol: str, side: Side, quantity: Decimal) -> ExchangeOrder:
        self._ids += 1
        cid = f"web_{self._ids}"
        self._accept(cid, symbol, side, quantity, timedelta(0))
        return self.execute(cid, quantity)

    def rest_by_hand(self, symbol: str, client_order_id: str) -> ExchangeOrder:
        return self._accept(client_order_id, symbol, Side.SELL, Decimal(1), timedelta(0))

    def execute(self, client_order_id: str, quantity: Decimal) -> ExchangeOrder:
        """One trade of an open order."""
        order = self.orders[client_order_id]
        self._ids += 1
        fee_asset = self.fee_assets[self._ids % len(self.fee_assets)] if self.fee_assets else QUOTE
        fill = Fill(
            order.symbol,
            self._ids,
            order.exchange_order_id,
            order.side,
            self.price,
            quantity,
            quantity * self.price,
            Decimal("0.001"),
            order.symbol.removesuffix(QUOTE) if fee_asset == "base" else fee_asset,
            self.time,
            False,
        )
        for asset, amount in movement_of(fill, QUOTE).items():
            self.balances[asset] += amount
        executed = order.executed + quantity
        order = replace(
            order,
            status=OrderStatus.FILLED if executed == order.quantity else OrderStatus.PARTIALLY_FILLED,
            executed=executed,
            quote_executed=order.quote_executed + fill.quote_quantity,
            updated_at=self.time,
            fills=(*order.fills, fill),
        )
        self._tell(order, fill)
        return order

    def end(self, client_order_id: str, status: OrderStatus = OrderStatus.CANCELED) -> None:
        self._tell(replace(self.orders[client_order_id], status=status, updated_at=self.time))

    # the port ------------------------------------------------------------------------

    async def find_order(self, symbol: str, client_order_id: str) -> ExchangeOrder | None:
        self._call("find_order")
        return self.orders[client_order_id] if self._shows(client_order_id) else None

    async def orders_since(self, symbol: str, since: datetime) -> tuple[ExchangeOrder, ...]:
        self._call(f"orders_since {symbol}")
        return tuple(
            replace(order, fills=())
            for cid, order in self.orders.items()
            if order.symbol == symbol and order.updated_at >= since and self._shows(cid)
        )

    async def fills_since(self, symbol: str, since: datetime) -> tuple[Fill, ...]:
        self._call(f"fills_since {symbol}")
        return tuple(
            fill
            for cid, order in self.orders.items()
            if order.symbol == symbol and self._shows(cid)
            for fill in order.fills
            if fill.traded_at >= since
        )

    async def open_orders(self, symbol: str | None = None) -> tuple[ExchangeOrder, ...]:
        self._call(f"open_orders {symbol}")
        return tuple(
            replace(order, fills=())
            for cid, order in self.orders.items()
            if symbol in {None, order.symbol} and not order.status.is_terminal and self._shows(cid)
        )

    async def account(self) -> AccountSnapshot:
        asked_at = self.time
        self._call("account")
        held = {
            asset: AssetBalance(asset, amount - self.locked.get(asset, ZERO), self.locked.get(asset, ZERO))
            for asset, amount in self.balances.items()
        }
        return AccountSnapshot(held, True, asked_at)

    async def rules(self, symbols: Sequence[str]) -> Mapping[str, SymbolRules]:
        return {symbol: rules_of(symbol) for symbol in symbols}

    # how it works ----------------------------------------------------------------------

    def _call(self, name: str) -> None:
        self.calls.append(name)
        method, _, symbol = name.partition(" ")
        if error := self.errors.get(method):
            raise error
        if symbol not in {"", "None", *self.symbols}:
            raise Refused(-1121, "Invalid symbol.")
        self.pass_time(self.step)

    def _shows(self, client_order_id: str) -> bool:
        return client_order_id in self.orders and self.time >= self.visible_from[client_order_id]

    def _is_young(self, request: _Travelling) -> bool:
        stamp = request.intent.stamp
        return request.lands_at <= stamp.instant + timedelta(milliseconds=stamp.recv_window_ms)

    def _land(self, request: _Travelling) -> None:
        if not self._is_young(request):
            return
        intent = request.intent
        if isinstance(intent, CancelIntent):
            order = self.orders.get(intent.client_order_id)
            if order is not None and not order.status.is_terminal:
                self.end(intent.client_order_id)
            return
        cid, quantity = intent.client_order_id, intent.quantity
        self._accept(cid, intent.symbol, intent.side, quantity, request.visible_after)
        if not request.rests:
            for _ in range(request.pieces):
                self.execute(cid, quantity / request.pieces)

    def _accept(
        self, cid: str, symbol: str, side: Side, quantity: Decimal, visible_after: timedelta
    ) -> ExchangeOrder:
        self._ids += 1
        self.visible_from[cid] = self.time + visible_after
        order = ExchangeOrder(symbol, cid, self._ids, side, OrderStatus.OPEN, quantity, ZERO, ZERO, self.time)
        self._tell(order)
        return order

    def _tell(self, order: ExchangeOrder, fill: Fill | None = None) -> None:
        self.orders[order.client_order_id] = order
        self.events.append(OrderReported(replace(order, fills=(fill,) if fill else ())))
