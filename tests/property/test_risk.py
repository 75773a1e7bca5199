"""Whatever is signalled and however it fills, risk keeps within its limits."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_trade_agent.agents.risk import RiskLimits
from binance_trade_agent.domain.decisions import Approved, SignalAction
from binance_trade_agent.domain.market import MarketSnapshot
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import OrderType, Side
from binance_trade_agent.domain.portfolio import PortfolioView
from tests.property.risk_world import BASES, D, Step, World, asked_price


def decimals(low: str, high: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places)


BUY, SELL = SignalAction.BUY, SignalAction.SELL
_WORLD: dict[str, Any] = dict(
    base=st.sampled_from(["BTC", "BTC", "ADA", "ADA", "SHIB"]),
    action=st.sampled_from([BUY, BUY, SELL]),
    by_hand=st.sampled_from([False, False, True]),
    asked=st.sampled_from([None, None, None, None, D("0.02"), D("0.3"), D(1), D("1.05")])
    | decimals("0", "1.2"),
    share=st.sampled_from([D(1), D(1), D("0.5"), D("0.1"), D("0.95"), D("0.95"), D(3)]),
    elapsed_s=st.sampled_from([1, 20, 60, 60, 180]),
    tide=st.sampled_from([D(1), D(1), D("0.9"), D("1.1")]),
    drift=st.sampled_from([D(1), D(1), D("0.8"), D("0.99"), D("1.02"), D("1.25")]),
    spread=st.sampled_from([ZERO, D("0.0001"), D("0.0002"), D("0.0005"), D("0.002"), D("0.002"), D("0.006")]),
    slippage=st.sampled_from([ZERO, D("0.5"), D(1)]),
    fee_in=st.sampled_from(["received", "quote", "BNB"]),
    average=st.sampled_from([D(1), D("1.01")]),
    lost=st.sampled_from([False, False, True]),
    resolved=st.sampled_from([False, False, False, True]),
    had_filled=st.booleans(),
    resumes=st.sampled_from([False, False, False, True]),
    limit=st.sampled_from([None, None, D("0.97"), D("0.995"), D("1.004"), D("1.2")])
    | decimals("0", "7")
    | st.sampled_from([D("0.2"), D("0.202"), D("4.96"), D(5), D("0.0001")]),
)
STEPS = st.builds(Step, **_WORLD)
#: Two symbols that move together, signals on each candle, answers that are often lost for a while.
CROWDED = _WORLD | {
    "base": st.sampled_from(["BTC", "ADA"]),
    "by_hand": st.just(False),
    "limit": st.none(),
    "asked": st.none(),
    "share": st.just(D(1)),
    "elapsed_s": st.just(60),
    "drift": st.sampled_from([D(1), D("0.97"), D("1.02")]),
    "tide": st.just(D(1)),
    "spread": st.just(D("0.0002")),
    "lost": st.booleans(),
}

#: (order, symbol, total, correlated): shares that leave each limit its turn
SHARES = [
    ("1", "1", "1", "1"),
    ("0.3", "0.3", "1", "0.4"),
    ("0.5", "0.5", "0.6", "1"),
    ("0.1", "0.25", "0.8", "0.6"),
    ("1", "0.07", "0.3", "0.1"),
    ("0.2", "1", "0.3", "0.25"),
    ("0.4", "0.8", "0.9", "0.5"),
]


def limits_of(
    shares: tuple[str, str, str, str],
    sizing: SizingMethod,
    quote: Decimal,
    positions: int,
    rests: tuple[int, int, int],
    rates: tuple[int, int],
    losses: tuple[str, str],
    entry: OrderType,
) -> RiskLimits:
    order, symbol, total, correlated = map(D, shares)
    return RiskLimits(
        sizing=sizing,
        order_share=order,
        order_quote=quote,
        atr_stops=D("0.5"),
        max_symbol_share=symbol,
        max_total_share=total,
        max_correlated_share=correlated,
        correlation_candles=25,
        correlation_level=D("0.7"),
        max_open_positions=positions,
        cooldown_candles=rests[0],
        loss_cooldown_candles=rests[1],
        max_losing_streak=rests[2],
        losing_streak_candles=5,
        max_orders_per_minute=rates[0],
        max_orders_per_day=rates[1],
        daily_loss_share=D(losses[0]),
        max_drawdown_share=D(losses[1]),
        max_price_jump_share=D("0.5"),
        entry_type=entry,
        entry_offset_bps=D(3),
    )


LIMITS = st.builds(
    limits_of,
    shares=st.sampled_from(SHARES),
    sizing=st.sampled_from([SizingMethod.SHARE, *SizingMethod]),
    quote=st.sampled_from([D("5.06"), D(2000), D(5000)]),
    positions=st.sampled_from([3, 3, 2, 1]),
    rests=st.sampled_from([(0, 0, 0), (0, 3, 0), (0, 0, 1), (2, 3, 2)]),
    rates=st.sampled_from([(100, 100), (100, 100), (1, 100), (2, 4), (100, 3)]),
    losses=st.sampled_from([("0", "0"), ("0", "0"), ("0", "0.1"), ("0.05", "0"), ("0.2", "0.1")]),
    entry=st.sampled_from([OrderType.MARKET, OrderType.MARKET, OrderType.LIMIT]),
)


def check_pace(world: World, step: Step, snapshot: MarketSnapshot) -> None:
    """An entry that is about to be sent comes neither too soon nor too often, nor while losses forbid it."""
    limits, now = world.limits, world.now
    in_the_minute = [at for at in world.entered_at if now - at < timedelta(seconds=60)]
    assert len(in_the_minute) < limits.max_orders_per_minute
    assert sum(at.date() == now.date() for at in world.entered_at) < limits.max_orders_per_day
    assert not world.must_rest
    if step.by_hand:
        return
    assert world.last_traded.get(snapshot.symbol) != snapshot.candles[-1].open_time
    rests = world.losses_since(limits.loss_cooldown_candles)
    last = [trip for trip in world.closed if trip.symbol == snapshot.symbol][-1:]
    assert not any(trip in last for trip in rests)
    streak = world.closed[-limits.max_losing_streak :] if limits.max_losing_streak else []
    if len(streak) == limits.max_losing_streak > 0 and all(trip.realised < 0 for trip in streak):
        assert streak[-1] not in world.losses_since(limits.losing_streak_candles)


def check_entry(world: World, step: Step, snapshot: MarketSnapshot, order: Approved) -> None:
    """Fill an entry as badly as it may, and look at what is left."""
    before, limits, together = world.view(), world.limits, world.together(step.base)
    price = order.price or order.reference_price * (1 + step.slippage * limits.slippage_share)
    if order.price is not None and order.price < snapshot.book.bid:
        # it rested, and filled because the market came down to it
        snapshot = world.fall_to(step, order.price)
    spent = world.fill(step.base, order, price, step.fee_in)
    assert spent <= before.cash - before.reserved_quote
    after = world.view()
    # what is paid above the middle of the book is lost to equity, and only that may carry a share over its limit
    slipped = order.quantity * max(ZERO, price - snapshot.price) * (1 + limits.fee_rate)
    value = world.held(step.base) * snapshot.price
    assert value <= limits.max_symbol_share * after.equity + slipped
    assert after.exposure + after.reserved_quote <= limits.max_total_share * after.equity + slipped
    if together and limits.max_correlated_share < 1:
        group = value + sum(world.held(other) * world.prices[other] for other in together)
        group += world.reserved_for(together)
        assert group <= limits.max_correlated_share * after.equity + slipped
    check_positions(world, before, after, order)
    rules, held = snapshot.rules, world.held(step.base)
    assert rules.sellable_quantity(held, snapshot.book.bid * (1 - limits.resale_room)) > 0


def check_positions(world: World, before: PortfolioView, after: PortfolioView, order: Approved) -> None:
    entered = {s for s in after.positions if after.position(s)} | after.locked_symbols
    assert before.position(order.symbol) or len(entered) <= world.limits.max_open_positions


def check_exit(world: World, step: Step, snapshot: MarketSnapshot, order: Approved) -> None:
    """Sell, and look at what is left: what was not to be sold can still be sold later."""
    held = world.held(step.base)
    world.fill(step.base, order, order.reference_price * (1 - step.slippage / 100), "quote")
    left = world.held(step.base)
    assert left >= 0
    if step.asked is None and step.share < 1 and order.quantity <= held * step.share:
        low = snapshot.book.bid * (1 - world.limits.resale_room)
        assert (
            snapshot.rules.sellable_quantity(left, low) > 0
            or left >= held / 2
            or left < snapshot.rules.step_size
        )


def send(world: World, step: Step, snapshot: MarketSnapshot, order: Approved) -> None:
    """Let the exchange judge an order, then lose its answer or fill it."""
    asked = asked_price(step, snapshot)
    assert asked is None or (order.price is not None and 0 <= asked - order.price < snapshot.rules.tick_size)
    assert all(symbol != order.symbol for symbol in world.view().locked_symbols), "not resolved yet"
    world.judge(step.base, order, snapshot, step.average)
    if order.side is Side.BUY:
        check_pace(world, step, snapshot)
        world.entered_at.append(world.now)
    else:
        assert order.quantity <= world.held(step.base)
    world.last_traded[order.symbol] = snapshot.candles[-1].open_time
    if step.lost:
        world.lost.append((step.base, order))
    elif order.side is Side.BUY:
        check_entry(world, step, snapshot, order)
    else:
        check_exit(world, step, snapshot, order)


def run(world: World, steps: list[Step]) -> None:
    """Decide on each step, let the exchange judge what is approved, and look at what it leaves."""
    for step in steps:
        world.move(step)
        snapshot = world.snapshot(step)
        verdict = world.assess(step, snapshot)
        if isinstance(verdict, Approved):
            send(world, step, snapshot, verdict)
        else:
            assert verdict.gates[-1].gate == "lot_size", "all gates are asked"
        if step.resolved:
            world.resolve(had_filled=step.had_filled)
        assert world.cash >= 0
        for base in BASES:
            assert world.sold[base] <= world.bought[base]


@settings(max_examples=250, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=12, max_size=40),
    limits=LIMITS,
    cash=st.sampled_from([D(10_000), D(10_000), D(120), D("1234567.89"), D("1234567.89"), D(7), D(0)]),
    foreign=st.sampled_from([ZERO, D(3), D(5000)]),
)
def test_no_sequence_breaks_a_limit(
    steps: list[Step], limits: RiskLimits, cash: Decimal, foreign: Decimal
) -> None:
    run(World(limits, cash, foreign), steps)


@settings(max_examples=120, deadline=None)
@given(
    steps=st.lists(st.builds(Step, **CROWDED), min_size=15, max_size=40),
    rest=st.sampled_from([0, 5]),
    drawdown=st.sampled_from([D(0), D("0.005")]),
)
def test_symbols_that_move_together_keep_within_limits_too(
    steps: list[Step], rest: int, drawdown: Decimal
) -> None:
    limits = RiskLimits(
        order_share=D("0.15"),
        max_symbol_share=D(1),
        max_total_share=D(1),
        max_correlated_share=D("0.25"),
        correlation_candles=40,
        correlation_level=D("0.3"),
        cooldown_candles=0,
        loss_cooldown_candles=rest,
        max_losing_streak=0,
        daily_loss_share=D(0),
        max_drawdown_share=drawdown,
        max_price_jump_share=D("0.5"),
    )
    run(World(limits, D(10_000), ZERO), steps)
