"""Whatever orders come in what sequence, the simulated exchange creates and loses no money."""

from collections.abc import Iterable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_trade_agent.domain.orders import Side
from binance_trade_agent.exchange.accounts import Balance
from binance_trade_agent.exchange.matching import Fill, OrderType, TimeInForce, locked_amount
from binance_trade_agent.exchange.simulator.errors import ApiError
from binance_trade_agent.exchange.simulator.new_order import NewOrder, ResponseType
from binance_trade_agent.exchange.simulator.spot import Account, AccountSpec, SpotExchange
from binance_trade_agent.exchange.simulator.storage import Storage
from tests.markets import ScriptedMarket

OPENING = {"BTC": Decimal("0.5"), "USDT": Decimal(20_000)}

quantities = st.integers(1, 50_000).map(lambda n: Decimal(n) / 100_000)
prices = st.integers(4_500_000, 5_500_000).map(lambda n: Decimal(n) / 100)
sides = st.sampled_from(list(Side))


@st.composite
def new_orders(draw: st.DrawFn) -> NewOrder:
    kind = draw(st.sampled_from(list(OrderType)))
    is_market = kind is OrderType.MARKET
    by_quote = is_market and draw(st.booleans())
    return NewOrder(
        symbol="BTCUSDT",
        side=draw(sides),
        type=kind,
        time_in_force=draw(st.sampled_from(list(TimeInForce)))
        if kind is OrderType.LIMIT
        else TimeInForce.GTC,
        price=Decimal(0) if is_market else draw(prices),
        quantity=Decimal(0) if by_quote else draw(quantities),
        quote_quantity=draw(prices) / 10 if by_quote else Decimal(0),
        client_order_id=f"id-{draw(st.integers(0, 10**9))}",
        stp_mode="NONE",
        response=ResponseType.FULL,
    )


moves = st.tuples(prices, quantities)
actions = st.lists(st.one_of(new_orders(), moves, st.just("cancel"), st.just("restart")), max_size=25)


class World:
    """An exchange whose book is thin, driven by generated actions."""

    def __init__(self) -> None:
        self.market = ScriptedMarket(levels=3, level_quantity=Decimal("0.1"))
        self.storage = Storage(None)
        self.exchange = self._open()

    def _open(self) -> SpotExchange:
        return SpotExchange(self.market, self.storage, [AccountSpec("k", "s", OPENING)])

    @property
    def account(self) -> Account:
        return self.exchange.accounts[0]

    def do(self, action: object) -> None:
        match action:
            case NewOrder():
                try:
                    self.exchange.place(self.account, action)
                except ApiError as refusal:
                    assert refusal.code in {-1013, -1015, -2010}  # noqa: PT017
            case (Decimal() as price, Decimal() as quantity):
                self.market.set_price("BTCUSDT", price, quantity)
                self.market.advance()
                self.market.advance_time(1000)
            case "cancel" if self.account.open_orders:
                self.exchange.cancel(self.account, [next(iter(self.account.open_orders.values()))])
            case "restart":
                self.market = ScriptedMarket(
                    start_ms=self.market.now_ms(), price=self.market.last_price("BTCUSDT"), levels=3
                )
                self.exchange = self._open()


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
    for side, asset in ((Side.BUY, "USDT"), (Side.SELL, "BTC")):
        locked = sum(
            (locked_amount(order) for order in account.open_orders.values() if order.side is side), Decimal(0)
        )
        assert account.balances[asset].locked == locked
    assert world.storage.balances(account.account_id) == account.balances
    assert {order.order_id: order for order in world.storage.open_orders()} == account.open_orders
    _check_orders(world, fills)


def _check_orders(world: World, fills: list[Fill]) -> None:
    for order in world.storage.all_orders():
        own = [fill for fill in fills if fill.order_id == order.order_id]
        assert sum((fill.quantity for fill in own), Decimal(0)) == order.executed <= order.quantity
        assert sum((fill.quote_quantity for fill in own), Decimal(0)) == order.executed_quote
        if order.type is not OrderType.MARKET:
            assert all(
                fill.price <= order.price if order.side is Side.BUY else fill.price >= order.price
                for fill in own
            )


@settings(max_examples=60, deadline=None)
@given(actions)
def test_money_is_conserved_and_never_negative(sequence: list[object]) -> None:
    world = World()
    for action in sequence:
        world.do(action)
        check(world)
    world.storage.close()


def test_the_opening_balance_is_whole() -> None:
    world = World()
    assert world.account.balances == {asset: Balance(amount) for asset, amount in OPENING.items()}
    world.storage.close()
