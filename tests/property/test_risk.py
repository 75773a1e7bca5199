"""Whatever is signalled and however it fills, risk keeps within its limits."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent
from binance_trade_agent.domain.decisions import Approved, RiskVerdict, Signal, SignalAction
from binance_trade_agent.domain.market import BookTop, CandleInterval, MarketSnapshot
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Fill, Side
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    AssetBalance,
    PortfolioView,
    Position,
)
from binance_trade_agent.domain.symbol_rules import SymbolRules
from tests.trading_views import OPENED, candles_of, control_of

D = Decimal
INTERVAL = CandleInterval.M1
BASES = ("BTC", "ADA", "SHIB")
#: (price, step, minimum notional) of each symbol at the start
MARKETS = {"BTC": ("87000", "0.00001", "5"), "ADA": ("0.36", "0.1", "5"), "SHIB": ("0.0000076", "1", "1")}


@dataclass(frozen=True)
class Step:
    """One decision and what the world does around it."""

    base: str
    action: SignalAction
    by_hand: bool
    #: None, or the share of equity (entries) or of the position (exits) that a person asks for
    asked: Decimal | None
    #: what the price is multiplied by before the decision
    drift: Decimal
    spread: Decimal
    #: how much worse than the book the fill is, as a share of the limit's room for it
    slippage: Decimal
    fee_in: str
    #: whether the order's answer is lost, and every lost order is resolved by the end of the step
    lost: bool
    resolved: bool


def decimals(low: str, high: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    return st.decimals(D(low), D(high), places=places)


STEPS = st.builds(
    Step,
    base=st.sampled_from(BASES),
    action=st.sampled_from([SignalAction.BUY, SignalAction.BUY, SignalAction.BUY, SignalAction.SELL]),
    by_hand=st.booleans(),
    asked=st.none() | st.none() | st.none() | decimals("0", "1.2"),
    drift=st.sampled_from([D(1), D("0.8"), D("0.99"), D("1.02"), D("1.25")]),
    spread=st.sampled_from([ZERO, D("0.0001"), D("0.0002"), D("0.002"), D("0.006")]),
    slippage=st.sampled_from([ZERO, D("0.5"), D(1)]),
    fee_in=st.sampled_from(["received", "quote", "BNB"]),
    lost=st.sampled_from([False, False, True]),
    resolved=st.sampled_from([False, False, False, True]),
)

#: (order, symbol, total): shares that leave each limit its turn
SHARES = [
    ("1", "1", "1"),
    ("0.5", "0.5", "0.6"),
    ("0.1", "0.25", "0.8"),
    ("1", "0.07", "0.3"),
    ("0.2", "1", "0.3"),
]


def limits_of(shares: tuple[str, str, str], quote: Decimal, positions: int, cooldown: int) -> RiskLimits:
    order, symbol, total = map(D, shares)
    return RiskLimits(
        sizing=SizingMethod.QUOTE if quote else SizingMethod.SHARE,
        order_share=order,
        order_quote=quote,
        max_symbol_share=symbol,
        max_total_share=total,
        max_open_positions=positions,
        cooldown_candles=cooldown,
    )


LIMITS = st.builds(
    limits_of,
    shares=st.sampled_from(SHARES),
    quote=st.sampled_from([D(0), D(0), D("5.06"), D(5000)]),
    positions=st.sampled_from([3, 2, 1]),
    cooldown=st.integers(0, 2),
)


@dataclass
class World:
    """A book, an exchange that fills what it is sent, and prices."""

    limits: RiskLimits
    cash: Decimal
    foreign: Decimal
    prices: dict[str, Decimal] = field(default_factory=lambda: {b: D(MARKETS[b][0]) for b in BASES})
    positions: dict[str, Position] = field(default_factory=dict)
    bought: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(BASES, ZERO))
    sold: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(BASES, ZERO))
    lost: list[tuple[str, Approved]] = field(default_factory=list)
    last_exits: dict[str, object] = field(default_factory=dict)
    clock: int = 0

    def view(self) -> PortfolioView:
        return PortfolioView(
            quote="USDT",
            cash=self.cash,
            reserved_quote=sum(
                (order.quantity * order.reference_price for _, order in self.lost if order.side is Side.BUY),
                ZERO,
            ),
            positions=dict(self.positions),
            prices={f"{base}USDT": price for base, price in self.prices.items()},
            locked_symbols=frozenset(order.symbol for _, order in self.lost),
        )

    def account(self) -> AccountSnapshot:
        """The exchange also holds coins that the ledger did not buy."""
        held = {
            base: self.positions[f"{base}USDT"].quantity for base in BASES if f"{base}USDT" in self.positions
        }
        free = {"USDT": self.cash, **{base: held.get(base, ZERO) + self.foreign for base in BASES}}
        balances = {asset: AssetBalance(asset, amount, ZERO) for asset, amount in free.items()}
        return AccountSnapshot(balances, can_trade=True, observed_at=OPENED)

    def snapshot(self, step: Step) -> MarketSnapshot:
        price = self.prices[step.base]
        half = price * step.spread / 2
        candles = candles_of([price] * (self.clock + 1))[-3:]
        symbol = f"{step.base}USDT"
        book = BookTop(symbol, price - half, D(1), price + half, D(1))
        return MarketSnapshot(
            symbol,
            INTERVAL,
            candles,
            1,
            book,
            rules_of(step.base),
            candles[-1].close_time + timedelta(seconds=1),
        )

    def fill(self, base: str, order: Approved, price: Decimal, fee_in: str) -> Decimal:
        """Book a fill of the whole order; returns the quote spent (negative for a sale)."""
        symbol, quantity = order.symbol, order.quantity
        quote = quantity * price
        asset = (
            fee_in if fee_in == "BNB" else "USDT" if fee_in == "quote" or order.side is Side.SELL else base
        )
        fee = {
            "BNB": D("0.001"),
            "USDT": quote * self.limits.fee_rate,
            base: quantity * self.limits.fee_rate,
        }[asset]
        when = OPENED + self.clock * INTERVAL.duration
        fill = Fill(symbol, self.clock, 1, order.side, price, quantity, quote, fee, asset, when, False)
        held = self.positions.get(symbol, Position(symbol, base, "USDT"))
        self.positions[symbol] = held.after(fill)
        quote_fee = fee if asset == "USDT" else ZERO
        if order.side is Side.BUY:
            self.bought[base] += quantity - (fee if asset == base else ZERO)
            spent = quote + quote_fee
        else:
            self.sold[base] += quantity
            self.last_exits[symbol] = when
            spent = quote_fee - quote
        self.cash -= spent
        return spent

    def resolve(self) -> None:
        """Lost orders turn out to be filled, where the account still covers them."""
        for base, order in self.lost:
            if order.side is Side.SELL or order.quantity * order.reference_price <= self.cash:
                self.fill(base, order, order.reference_price, "BNB")
        self.lost.clear()


def rules_of(base: str) -> SymbolRules:
    price, step, notional = MARKETS[base]
    return SymbolRules(
        symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        trading=True,
        tick_size=D("0.00000001"),
        min_price=ZERO,
        max_price=ZERO,
        step_size=D(step),
        min_quantity=D(step),
        max_quantity=(D(50_000) / D(price)).quantize(D(step)),
        market_step_size=ZERO,
        market_min_quantity=ZERO,
        market_max_quantity=ZERO,
        min_notional=D(notional),
        max_notional=D(9_000),
        min_notional_for_market=True,
        max_notional_for_market=base == "ADA",
    )


def assess(world: World, step: Step, snapshot: MarketSnapshot) -> RiskVerdict:
    view = world.view()
    quantity = None
    if step.asked is not None:
        whole = view.equity / snapshot.price if step.action is SignalAction.BUY else D(1)
        held = view.position(snapshot.symbol)
        if step.action is SignalAction.SELL and held is not None:
            whole = held.quantity
        quantity = snapshot.rules.market_quantity(step.asked * whole)
    signal = Signal(snapshot.symbol, "any", step.action, 1.0, (), {}, snapshot.candles[-1].close_time)
    return RiskManagementAgent(world.limits).assess(
        signal,
        snapshot,
        view,
        control=control_of(),
        context=RiskContext(world.account(), INTERVAL, last_exits=world.last_exits),  # type: ignore[arg-type]
        quantity=quantity,
        side=Side(step.action.value) if step.by_hand else None,
    )


def check_entry(world: World, step: Step, snapshot: MarketSnapshot, order: Approved) -> None:
    """Fill an entry as badly as it may, and look at what is left."""
    before, limits = world.view(), world.limits
    price = order.reference_price * (1 + step.slippage * limits.slippage_share)
    spent = world.fill(step.base, order, price, step.fee_in)
    assert spent <= before.cash - before.reserved_quote
    after = world.view()
    # what is paid above the ask is lost to equity, and only that may carry a share over its limit
    slipped = order.quantity * (price - order.reference_price) * (1 + limits.fee_rate)
    # the exchange takes fees in a third asset from elsewhere
    assert after.value(order.symbol) <= limits.max_symbol_share * after.equity + slipped
    assert after.exposure + after.reserved_quote <= limits.max_total_share * after.equity + slipped
    entered = [s for s in after.positions if after.value(s) >= snapshot.rules.min_notional]
    assert before.position(order.symbol) or len(entered) <= limits.max_open_positions
    rules, held = snapshot.rules, after.position(order.symbol)
    assert held is not None
    assert rules.sellable_quantity(held.quantity, snapshot.book.bid * (1 - limits.resale_room)) > 0


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=4, max_size=30),
    limits=LIMITS,
    cash=st.sampled_from([D(10_000), D(120), D(7), D("1234567.89"), D(0)]),
    foreign=st.sampled_from([ZERO, D(3)]),
)
def test_no_sequence_breaks_a_limit(
    steps: list[Step], limits: RiskLimits, cash: Decimal, foreign: Decimal
) -> None:
    world = World(limits, cash, foreign)
    for step in steps:
        world.clock += 1
        world.prices[step.base] *= step.drift
        snapshot = world.snapshot(step)
        verdict = assess(world, step, snapshot)
        if isinstance(verdict, Approved):
            assert snapshot.rules.market_violation(verdict.quantity, verdict.reference_price) is None
            if step.lost:
                world.lost.append((step.base, verdict))
            elif verdict.side is Side.BUY:
                check_entry(world, step, snapshot, verdict)
            else:
                world.fill(step.base, verdict, verdict.reference_price, "quote")
        else:
            assert verdict.gates[-1].gate == "lot_size", "all gates are asked"
        if step.resolved:
            world.resolve()
        assert world.cash >= 0
        for base in BASES:
            assert world.sold[base] <= world.bought[base]
