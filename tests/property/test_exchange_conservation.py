"""Whatever orders, lists and cancels come in what sequence, the simulated exchange creates and loses no money."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.contingent import Contingency, OrderList
from binance_trade_agent.exchange.matching import Fill, Order, OrderStatus, OrderType, TimeInForce
from binance_trade_agent.exchange.settlement import Fee
from binance_trade_agent.exchange.simulator.booking import needed_amounts
from binance_trade_agent.exchange.simulator.changes import AccountChange, Execution
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.floor import Interference
from binance_trade_agent.exchange.simulator.new_list import NewList
from binance_trade_agent.exchange.simulator.new_order import NewOrder, ResponseType
from binance_trade_agent.exchange.simulator.replacement import Mode, Replacement
from binance_trade_agent.exchange.simulator.spot import Account, AccountSpec, SpotExchange
from binance_trade_agent.exchange.simulator.storage import Storage
from tests.markets import ScriptedMarket

OPENING = {"BTC": Decimal("0.5"), "USDT": Decimal(20_000), "BNB": Decimal("0.01")}
ZERO = Decimal(0)

quantities = st.integers(1, 50_000).map(lambda n: Decimal(n) / 100_000)
prices = st.integers(4_500_000, 5_500_000).map(lambda n: Decimal(n) / 100)
below = st.integers(4_500_000, 4_990_000).map(lambda n: Decimal(n) / 100)
above = st.integers(5_010_000, 5_500_000).map(lambda n: Decimal(n) / 100)
sides = st.sampled_from(list(Side))
client_ids = st.integers(0, 10**9).map(lambda n: f"id-{n}")


@st.composite
def new_orders(draw: st.DrawFn, kinds: tuple[OrderType, ...] = tuple(OrderType)) -> NewOrder:
    kind = draw(st.sampled_from(kinds))
    by_quote = kind is OrderType.MARKET and draw(st.booleans())
    trails = kind.is_stop and draw(st.booleans())
    has_stop = kind.is_stop and (not trails or draw(st.booleans()))
    has_force = kind not in {OrderType.LIMIT_MAKER} and not kind.is_market
    return NewOrder(
        symbol="BTCUSDT",
        side=draw(sides),
        type=kind,
        time_in_force=draw(st.sampled_from(list(TimeInForce))) if has_force else TimeInForce.GTC,
        price=ZERO if kind.is_market else draw(prices),
        quantity=ZERO if by_quote else draw(quantities),
        quote_quantity=draw(prices) / 10 if by_quote else ZERO,
        client_order_id=draw(client_ids),
        stp_mode="NONE",
        response=ResponseType.FULL,
        stop_price=draw(prices) if has_stop else ZERO,
        trailing_delta=draw(st.integers(10, 500)) if trails else 0,
    )


@st.composite
def rivals(draw: st.DrawFn) -> tuple[NewOrder, NewOrder]:
    """A stop loss and what takes the profit, usually with the market between them."""
    side = draw(sides)
    loss_prices, profit_prices = (below, above) if side is Side.SELL else (above, below)
    loss = draw(new_orders((OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)))
    profit = draw(new_orders((OrderType.LIMIT_MAKER, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)))
    loss = replace(loss, side=side, stop_price=draw(loss_prices) if loss.stop_price else ZERO)
    profit_price = draw(profit_prices)
    return loss, replace(
        profit,
        side=side,
        quantity=loss.quantity,
        price=ZERO if profit.is_market else profit_price,
        stop_price=profit_price if profit.stop_price else ZERO,
    )


@st.composite
def new_lists(draw: st.DrawFn) -> NewList:
    kind = draw(st.sampled_from(("OCO", "OTO", "OTOCO")))
    working = draw(new_orders((OrderType.LIMIT, OrderType.LIMIT_MAKER)))
    pending = draw(new_orders()) if kind == "OTO" else None
    if pending is not None:
        pending = replace(pending, quantity=pending.quantity or Decimal("0.01"), quote_quantity=ZERO)
    pair = draw(rivals())
    orders = {"OCO": pair, "OTO": (working, pending or working), "OTOCO": (working, *pair)}[kind]
    return NewList(
        symbol="BTCUSDT",
        contingency=Contingency.OCO if kind == "OCO" else Contingency.OTO,
        client_order_id=draw(client_ids),
        orders=orders,
        response=ResponseType.RESULT,
    )


@dataclass(frozen=True)
class Swap:
    """A cancelReplace of the order at `index` of the open ones."""

    index: int
    mode: Mode
    new: NewOrder


@dataclass(frozen=True)
class Fault:
    interference: Interference
    order: NewOrder


swaps = st.builds(Swap, st.integers(0, 5), st.sampled_from(list(Mode)), new_orders())
shares = st.integers(0, 4).map(lambda n: Decimal(n) / 4)
interferences = st.one_of(
    st.builds(Interference, share=shares), st.just(Interference(expires=True, reason="TEST"))
)
moves = st.tuples(prices, quantities)
actions = st.lists(
    st.one_of(
        new_orders(),
        new_lists(),
        moves,
        swaps,
        st.builds(Fault, interferences, new_orders()),
        st.integers(0, 5),
        st.sampled_from(["restart", "bnb fees", "plain fees"]),
    ),
    max_size=25,
)


class World:
    """An exchange whose book is thin, driven by generated actions, and what it told a listener."""

    def __init__(self) -> None:
        self.market = ScriptedMarket(levels=3, level_quantity=Decimal("0.1"))
        self.storage = Storage(None)
        self.told: list[AccountChange] = []
        self.exchange = self._open()

    def _open(self) -> SpotExchange:
        exchange = SpotExchange(self.market, self.storage, [AccountSpec("k", "s", OPENING)])
        exchange.listen(self.told.append)
        return exchange

    @property
    def account(self) -> Account:
        return self.exchange.accounts[0]

    def do(self, action: object) -> None:
        try:
            self._do(action)
        except ApiError as refusal:
            assert refusal.code in {-1013, -1015, -2010}  # noqa: PT017

    def _do(self, action: object) -> None:
        match action:
            case NewOrder():
                self.exchange.place(self.account, action)
            case NewList():
                self.exchange.place_list(self.account, action)
            case Fault():
                with self.exchange.interfered(action.interference):
                    self.exchange.place(self.account, action.order)
            case Swap() if self.account.open_orders:
                order = self._open_order(action.index)
                self.exchange.cancel_replace(
                    self.account, Replacement(lambda: order, "cancel", action.mode, action.new)
                )
            case (Decimal() as price, Decimal() as quantity):
                self.market.set_price("BTCUSDT", price, quantity)
                self.market.advance()
                self.market.advance_time(1000)
            case int() if self.account.open_orders:
                self.exchange.cancel(self.account, [self._open_order(action)])
            case "bnb fees":
                self.exchange.fee_rule = lambda due: Fee("BNB", due.amount / 16)
            case "plain fees":
                self.exchange.fee_rule = lambda due: due
            case "restart":
                self.market = ScriptedMarket(
                    start_ms=self.market.now_ms(), price=self.market.last_price("BTCUSDT"), levels=3
                )
                self.exchange = self._open()

    def _open_order(self, index: int) -> Order:
        orders = list(self.account.open_orders.values())
        return orders[index % len(orders)]


def expected_totals(fills: Iterable[Fill]) -> dict[str, Decimal]:
    totals = dict(OPENING)
    for fill in fills:
        sign = 1 if fill.side is Side.BUY else -1
        totals["BTC"] += sign * fill.quantity
        totals["USDT"] -= sign * fill.quote_quantity
        totals[fill.commission_asset] -= fill.commission
    return totals


def check(world: World) -> None:
    account = world.account
    fills = world.storage.all_fills()
    assert {asset: balance.total for asset, balance in account.balances.items()} == expected_totals(fills)
    assert all(balance.free >= 0 and balance.locked >= 0 for balance in account.balances.values())
    needed = needed_amounts(account.open_orders.values(), world.exchange.pair)
    assert {asset: balance.locked for asset, balance in account.balances.items()} == {
        asset: needed.get(asset, ZERO) for asset in account.balances
    }
    assert world.storage.balances(account.account_id) == account.balances
    assert {order.order_id: order for order in world.storage.open_orders()} == account.open_orders
    assert {found.list_id: found for found in world.storage.open_lists()} == account.open_lists
    _check_orders(world, fills)


def _check_orders(world: World, fills: list[Fill]) -> None:
    orders = {order.order_id: order for order in world.storage.all_orders()}
    for order in orders.values():
        own = [fill for fill in fills if fill.order_id == order.order_id]
        assert sum((fill.quantity for fill in own), ZERO) == order.executed <= order.quantity
        assert sum((fill.quote_quantity for fill in own), ZERO) == order.executed_quote
        assert all(fill.list_id == order.list_id for fill in own)
        assert order.is_working or not own
        if not order.type.is_market:
            assert all(
                fill.price <= order.price if order.side is Side.BUY else fill.price >= order.price
                for fill in own
            )
    for list_id in {order.list_id for order in orders.values() if order.list_id >= 0}:
        order_list = world.storage.order_list(world.account.account_id, list_id)
        assert order_list is not None
        _check_list(order_list, [orders[leg.order_id] for leg in order_list.legs])


def _check_list(order_list: OrderList, legs: list[Order]) -> None:
    assert order_list.is_open is any(leg.status.is_open for leg in legs)
    is_oco = order_list.contingency is Contingency.OCO
    pair = legs if is_oco else legs[1:]
    if len(pair) == 2:
        assert sum(leg.executed > 0 for leg in pair) <= 1
        if any(leg.executed > 0 or (leg.is_working and leg.type.is_stop) for leg in pair):
            assert any(leg.status is OrderStatus.EXPIRED for leg in pair)
    if not is_oco and legs[0].status is not OrderStatus.FILLED:
        assert all(leg.executed == 0 and not leg.is_working for leg in pair)
        open_working = legs[0].status.is_open
        assert all((leg.status is OrderStatus.PENDING_NEW) is open_working for leg in pair)


def check_reports(world: World) -> None:
    """What listeners were told adds up to what is stored."""
    balances: dict[str, Balance] = {asset: Balance(amount) for asset, amount in OPENING.items()}
    orders: dict[int, Order] = {}
    fills: list[Fill] = []
    for change in world.told:
        balances.update(change.balances)
        for report in change.orders:
            assert (report.execution is Execution.NEW) or report.order.order_id in orders
            assert (report.fill is not None) is (report.execution is Execution.TRADE)
            assert bool(report.cancel_id) is (report.execution is Execution.CANCELED)
            orders[report.order.order_id] = report.order
            fills += [report.fill] if report.fill is not None else []
    assert balances == world.account.balances
    assert sorted(fills, key=lambda fill: fill.trade_id) == world.storage.all_fills()
    for order in world.storage.all_orders():
        seen = orders[order.order_id]
        assert seen == replace(order, extreme=seen.extreme, trailing_ms=seen.trailing_ms)


@settings(max_examples=80, deadline=None)
@given(actions)
def test_money_is_conserved_and_never_negative(sequence: list[object]) -> None:
    world = World()
    for action in sequence:
        world.do(action)
        check(world)
    check_reports(world)
    world.storage.close()


def test_the_opening_balance_is_whole() -> None:
    world = World()
    assert world.account.balances == {asset: Balance(amount) for asset, amount in OPENING.items()}
    world.storage.close()
