"""Whatever travels late, shows late or is moved from outside: orders end as they are, each fill is booked once."""

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from binance_trade_agent.agents.execution.resolve import OrderResolver
from binance_trade_agent.agents.reconciliation import AccountReconciler
from binance_trade_agent.agents.user_data import UserDataAgent
from binance_trade_agent.domain.money import total
from binance_trade_agent.domain.orders import (
    CancelIntent,
    CancelStatus,
    Fill,
    OrderIntent,
    OrderStatus,
    OrderType,
    Purpose,
    Side,
)
from binance_trade_agent.domain.reconciliation import balance_differences, explain, movement_of
from tests.fakes import FakeClock
from tests.unit.agents.account_in_memory import QUOTE, T0, MemoryJournal, MemoryLedger, TravelExchange

SYMBOLS = ("BTCUSDT", "ETHUSDT")
SECOND = timedelta(seconds=1)
quantities = st.integers(1, 50).map(lambda units: Decimal(units) * Decimal("0.006"))
symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(Side)


@dataclass(frozen=True)
class Send:
    """An order whose answer is lost. It lands after `delay_s` and shows `lag_s` later, or never lands."""

    symbol: str
    side: Side
    quantity: Decimal
    delay_s: float
    lag_s: float
    pieces: int
    rests: bool


@dataclass(frozen=True)
class Trade:
    """A resting order of ours executes, in part or to its end."""

    whole: bool


@dataclass(frozen=True)
class Cancel:
    """A cancel whose answer is lost."""

    delay_s: float


@dataclass(frozen=True)
class Transfer:
    asset: str
    amount: Decimal


@dataclass(frozen=True)
class ByHand:
    symbol: str
    side: Side
    quantity: Decimal


@dataclass(frozen=True)
class Wait:
    """Time passes; then a cycle looks at everything."""

    seconds: float


@dataclass(frozen=True)
class Stream:
    """The user stream tells all it has: some of it lost, twice, in another order."""

    seed: int
    loses: float


def sends(longest_lag_s: int, rests: st.SearchStrategy[bool]) -> st.SearchStrategy[Send]:
    return st.builds(
        Send,
        symbols,
        sides,
        quantities,
        delay_s=st.integers(0, 8),
        lag_s=st.integers(0, longest_lag_s),
        pieces=st.integers(1, 3),
        rests=rests,
    )


own_acts = st.one_of(
    st.builds(Trade, st.booleans()),
    st.builds(Cancel, st.integers(0, 8)),
    st.builds(Wait, st.one_of(st.integers(1, 9), st.integers(60, 90))),
    st.builds(Stream, st.integers(0, 999), st.sampled_from([0.0, 0.5, 1.0])),
)
assets = st.sampled_from(["BTC", "ETH", QUOTE, "BNB"])
amounts = st.integers(1, 90).map(lambda units: Decimal(units) / 10)
by_hand = st.builds(ByHand, symbols, sides, quantities)
deposits = st.builds(Transfer, assets, amounts)
withdrawals = st.builds(Transfer, assets, amounts.map(lambda amount: -amount))
#: Lists that lag for minutes, but nobody else acts: balances are the only witness, of what was executed.
_slow_acts = st.lists(st.one_of(sends(300, st.just(False)), sends(55, st.just(True)), own_acts), max_size=5)
_past_the_grace = st.builds(Wait, st.integers(66, 90))
slow_stories = st.tuples(_slow_acts, sends(300, st.just(False)), _past_the_grace, _slow_acts).map(
    lambda parts: [*parts[0], parts[1], parts[2], *parts[3]]
)
#: Others act too, in one way, and lists lag less than the grace.
busy_stories = st.one_of(
    st.lists(st.one_of(sends(55, st.booleans()), own_acts, others), max_size=14)
    for others in (deposits, withdrawals, by_hand)
)
#: Others act in every way. Untold, two of their acts can look like one order of ours.
wild_stories = st.lists(
    st.one_of(sends(55, st.booleans()), own_acts, deposits, withdrawals, by_hand), max_size=14
)
Story = list[Send | Trade | Cancel | Transfer | ByHand | Wait | Stream]


@dataclass
class World:
    """The exchange, the books, and the agents between them."""

    exchange: TravelExchange
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: FakeClock = field(default_factory=lambda: FakeClock(T0))
    told: int = 0
    unexplained: list[Decimal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.ledger)
        self.user_data = UserDataAgent(self.journal, self.ledger)
        self.resolver = OrderResolver(self.exchange, self.journal, self.ledger)
        self.reconciler = AccountReconciler(
            self.exchange, self.journal, self.ledger, self.clock, symbols=SYMBOLS, quote=QUOTE
        )

    async def begin(self) -> None:
        self.ledger.open_with(await self.exchange.account(), QUOTE, T0)
        await self.cycle()

    async def cycle(self) -> None:
        before = set(self.journal.rows)
        unfinished = await self.resolver.resolve_all(thorough=True)
        comparison = await self.reconciler.compare(
            await self.exchange.account(), unfinished, thorough=True, all_found=self.resolver.knows_all
        )
        self.unexplained += comparison.differences.values()
        assert set(self.journal.rows) == before
        self._nothing_given_up_too_early()

    def _nothing_given_up_too_early(self) -> None:
        for cid, row in self.journal.rows.items():
            if row.status is OrderStatus.NOT_PLACED:
                assert cid not in self.exchange.orders, "it was placed"
                assert not self.exchange.could_still_land(cid), "it may still be placed"
        for row in self.journal.cancels.values():
            if row.status is CancelStatus.NOT_PLACED:
                assert all(one.intent != row.intent for one in self.exchange.travelling if self._lands(one))

    def _lands(self, request) -> bool:  # type: ignore[no-untyped-def]
        return self.exchange._is_young(request)

    def act(self, act: Send | Trade | Cancel | Transfer | ByHand | Wait | Stream) -> None:
        # nothing happens in the very millisecond in which the account was read
        self.exchange.pass_time(timedelta(milliseconds=1))
        if isinstance(act, Send):
            self._send(act)
        elif isinstance(act, Trade):
            self._trade(act)
        elif isinstance(act, Cancel):
            self._cancel(act)
        elif isinstance(act, Transfer):
            self.exchange.transfer(act.asset, act.amount)
        elif isinstance(act, ByHand):
            self.exchange.trade_by_hand(act.symbol, act.side, act.quantity)
        elif isinstance(act, Wait):
            self.exchange.pass_time(act.seconds * SECOND)
        else:
            self._tell(random.Random(act.seed), act.loses)

    def _send(self, act: Send) -> None:
        if any(row.intent.symbol == act.symbol for row in self.journal.unfinished()):
            return
        now = self.exchange.now()
        kind = OrderType.LIMIT if act.rests else OrderType.MARKET
        intent = OrderIntent(
            f"bta-{len(self.journal.rows)}",
            act.symbol,
            act.side,
            kind,
            act.quantity,
            Purpose.ENTRY,
            self.exchange.stamp(),
            self.exchange.price,
            now,
        )
        self.journal.write(intent)
        self.exchange.send(
            intent,
            delay=act.delay_s * SECOND,
            pieces=act.pieces,
            rests=act.rests,
            visible_after=act.lag_s * SECOND,
        )

    def _resting(self) -> list[str]:
        return [
            row.intent.client_order_id
            for row in self.journal.unfinished()
            if row.intent.client_order_id in self.exchange.orders
            and not self.exchange.orders[row.intent.client_order_id].status.is_terminal
        ]

    def _trade(self, act: Trade) -> None:
        for cid in self._resting():
            order = self.exchange.orders[cid]
            left = order.quantity - order.executed
            self.exchange.execute(cid, left if act.whole else left / 2)

    def _cancel(self, act: Cancel) -> None:
        for cid in self._resting():
            cancel = CancelIntent(
                f"c{len(self.journal.cancels)}",
                self.journal.get(cid).intent.symbol,
                cid,
                None,
                None,
                self.exchange.stamp(),
                "test",
                self.exchange.now(),
            )
            self.journal.write_cancel(cancel)
            self.exchange.send(cancel, delay=act.delay_s * SECOND)

    def _tell(self, dice: random.Random, loses: float) -> None:
        events = [event for event in self.exchange.events[self.told :] if dice.random() >= loses]
        self.told = len(self.exchange.events)
        events += [event for event in events if dice.random() < 0.3]
        dice.shuffle(events)
        for event in events:
            self.user_data.deliver(event)

    async def end(self) -> None:
        """All comes to rest: resting orders end, nothing travels, lists show everything."""
        self.exchange.step = timedelta(0)
        self.exchange.pass_time(timedelta(minutes=10))
        for cid in self._resting():
            self.exchange.end(cid)
        for _ in range(5):
            self.exchange.pass_time(10 * SECOND)
            await self.cycle()

    def check(self) -> None:
        ours = {cid: order for cid, order in self.exchange.orders.items() if cid in self.journal.rows}
        for cid, row in self.journal.rows.items():
            order = ours.get(cid)
            assert row.status is (order.status if order else OrderStatus.NOT_PLACED)
            assert row.executed == (order.executed if order else 0)
        fills = [fill for order in ours.values() for fill in order.fills]
        # each once, none invented, none dropped
        assert self.journal.booked_trades() == sorted((fill.symbol, fill.trade_id) for fill in fills)
        assert not self.ledger.foreign.keys() & {(fill.symbol, fill.trade_id) for fill in fills}
        assert {a: v for a, v in self.ledger.held.items() if v} == {
            a: v for a, v in self.exchange.balances.items() if v
        }
        for symbol in SYMBOLS:
            bought = total(
                f.quantity if f.side is Side.BUY else -f.quantity for f in fills if f.symbol == symbol
            )
            position = self.ledger.position_rows.get(symbol)
            assert (position.quantity if position else 0) == bought
        assert self.journal.unfinished() == ()
        assert self.journal.unfinished_cancels() == ()


def live(story: Story, step_ms: int, cycles: list[bool], *, resolves: bool = True) -> World:
    """Act after act, with a cycle after each where `cycles` says so; then to rest, and compare."""

    async def run() -> World:
        world = World(TravelExchange(SYMBOLS))
        world.exchange.fee_assets = ("BNB", QUOTE)
        await world.begin()
        world.exchange.step = step_ms * timedelta(milliseconds=1)
        for act, with_cycle in zip(story, cycles, strict=False):
            world.act(act)
            if with_cycle or isinstance(act, Wait):
                await world.cycle()
        await world.end()
        if resolves or not world.journal.unfinished():
            world.check()
        for row in world.journal.unfinished():
            assert row.intent.client_order_id not in world.exchange.orders
        return world

    return asyncio.run(run())


often = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
steps = st.sampled_from([0, 3, 400])
cycles = st.lists(st.booleans(), min_size=14, max_size=14)


@often
@given(story=slow_stories, step_ms=steps, cycles=cycles)
def test_orders_that_show_minutes_late_are_waited_for_and_nothing_is_unexplained(story, step_ms, cycles):
    world = live(story, step_ms, cycles)
    assert world.unexplained == []
    assert world.ledger.foreign == {}


@often
@given(story=busy_stories, step_ms=steps, cycles=cycles)
def test_what_others_do_neither_locks_nor_confuses(story, step_ms, cycles):
    live(story, step_ms, cycles)


@often
@given(story=wild_stories, step_ms=steps, cycles=cycles)
def test_whatever_others_do_only_an_order_that_never_landed_may_stay_unresolved(story, step_ms, cycles):
    live(story, step_ms, cycles, resolves=False)


@often
@given(story=busy_stories, cycles=cycles)
def test_a_settled_account_stays_settled(story, cycles):
    """Idempotent: the same look-ups and the same news again change nothing."""
    world = live(story, 0, cycles)
    rows, held, noted = dict(world.journal.rows), dict(world.ledger.held), len(world.ledger.differences)
    for event in world.exchange.events:
        if not hasattr(event, "amount"):
            world.user_data.deliver(event)
    asyncio.run(world.cycle())
    assert (world.journal.rows, world.ledger.held, len(world.ledger.differences)) == (rows, held, noted)


def _fill(number: int, symbol: str, side: Side, quantity: Decimal) -> Fill:
    return Fill(
        symbol,
        number,
        number,
        side,
        Decimal(100),
        quantity,
        quantity * 100,
        Decimal("0.01"),
        "BNB",
        T0,
        False,
    )


@given(
    trades=st.lists(st.tuples(symbols, sides, quantities), max_size=6),
    happened=st.lists(st.booleans(), min_size=6, max_size=6),
    transfer=st.tuples(st.sampled_from(["BTC", QUOTE]), st.integers(-3, 3).map(Decimal)),
    seed=st.randoms(),
)
def test_an_explanation_adds_up_and_never_leads_further_away(trades, happened, transfer, seed):
    fills = [_fill(number, *trade) for number, trade in enumerate(trades, 1)]
    moved = [movement_of(fill, QUOTE) for fill, did in zip(fills, happened, strict=False) if did]
    moved.append({transfer[0]: transfer[1]})
    assets = {asset for one in moved for asset in one}
    differences = {asset: total(one.get(asset, Decimal(0)) for one in moved) for asset in assets}
    shuffled = list(fills)
    seed.shuffle(shuffled)
    explained = explain(differences, shuffled, QUOTE)
    assert explained == explain(differences, fills, QUOTE)
    assert set(explained.foreign) <= set(fills)
    for asset in assets | explained.rest.keys():
        taken = total(movement_of(fill, QUOTE).get(asset, Decimal(0)) for fill in explained.foreign)
        assert taken + explained.rest.get(asset, Decimal(0)) == differences.get(asset, Decimal(0))
        if asset != "BNB":  # a fee is booked with its trade, whatever else happened to its asset
            assert abs(explained.rest.get(asset, Decimal(0))) <= abs(differences.get(asset, Decimal(0)))


@given(quantities, sides)
def test_a_trade_explains_the_difference_it_makes(quantity, side):
    fill = _fill(1, "BTCUSDT", side, quantity)
    explained = explain(movement_of(fill, QUOTE), [fill], QUOTE)
    assert (explained.foreign, explained.rest) == ((fill,), {})
    again = explain(explained.rest, [replace(fill)], QUOTE)
    assert (again.foreign, again.rest) == ((), {})


def test_equal_balances_do_not_differ():
    exchange = TravelExchange()
    account = asyncio.run(exchange.account())
    assert balance_differences(exchange.balances, account) == {}
    assert balance_differences({**exchange.balances, "BTC": Decimal(1)}, account) == {"BTC": Decimal(999)}
