"""A book, an exchange that judges and fills what it is sent, and prices: where risk's promises are tried.

What is promised is reckoned here a second time, from what was sent and filled, not with risk's own means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from binance_trade_agent.agents.risk import RiskContext, RiskLimits, RiskManagementAgent, breached_limit
from binance_trade_agent.domain.decisions import (
    Approved,
    ControlSnapshot,
    RiskVerdict,
    Signal,
    SignalAction,
    TradingState,
)
from binance_trade_agent.domain.loss_limits import LossMarks, marks_after
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, MarketSnapshot
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.orders import Fill, OrderType, Side
from binance_trade_agent.domain.portfolio import (
    AccountSnapshot,
    AssetBalance,
    Equity,
    PortfolioView,
    Position,
)
from binance_trade_agent.domain.round_trips import RoundTrip, TripBook, losing_streak, trip_after
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.exchange.binance.rules import rules_of
from binance_trade_agent.exchange.filters import SymbolFilters
from binance_trade_agent.exchange.simulator.market.rules import exchange_info

D = Decimal
INTERVAL = CandleInterval.M1
#: So that a run of steps sees midnight.
BEGAN = datetime(2026, 5, 4, 23, 40, tzinfo=UTC)
WINDOW = 40
PRICES = {"BTC": D(87000), "ADA": D("0.36"), "SHIB": D("0.0000076")}
BASES = tuple(PRICES)


def listing(base: str) -> dict[str, object]:
    """The exchange's own entry of a symbol; ADA has every filter that the others lack."""
    entry = exchange_info(f"{base}USDT", PRICES[base])
    if base == "ADA":
        for each in entry["filters"]:
            if each["filterType"] == "NOTIONAL":
                each.update(maxNotional="9000", applyMaxToMarket=True)
        entry["filters"].append({"filterType": "MAX_POSITION", "maxPosition": "20000"})
    return entry


RULES: dict[str, SymbolRules] = {base: rules_of(listing(base)) for base in BASES}
FILTERS = {base: SymbolFilters.of(listing(base)) for base in BASES}


@dataclass(frozen=True)
class Step:
    """One decision and what the world does around it."""

    base: str
    action: SignalAction
    by_hand: bool
    #: None, or the share of equity (entries) or of the position (exits) that a person asks for
    asked: Decimal | None
    #: how much of a usual entry, or of the position
    share: Decimal
    elapsed_s: int
    #: what all prices, and this one in addition, are multiplied by before the decision
    tide: Decimal
    drift: Decimal
    spread: Decimal
    #: how much worse than the book the fill is, as a share of the limit's room for it
    slippage: Decimal
    fee_in: str
    #: what the exchange takes for the average price, as a share of the middle of the book
    average: Decimal
    #: whether the order's answer is lost; whether lost orders are resolved after the step, and had filled
    lost: bool
    resolved: bool
    had_filled: bool
    #: whether a person resumes before the decision
    resumes: bool
    #: None, or the limit price that a person asks for, as a share of the ask
    limit: Decimal | None = None


def asked_price(step: Step, snapshot: MarketSnapshot) -> Decimal | None:
    """The limit price that a person asks for, not rounded to anything."""
    is_asked = step.by_hand and step.limit is not None and step.action is SignalAction.BUY
    return snapshot.book.ask * step.limit if is_asked and step.limit is not None else None


@dataclass
class World:
    """All that a sequence of steps leaves behind."""

    limits: RiskLimits
    cash: Decimal
    foreign: Decimal
    now: datetime = BEGAN
    prices: dict[str, Decimal] = field(default_factory=lambda: dict(PRICES))
    candles: dict[str, list[Candle]] = field(default_factory=lambda: {base: [] for base in BASES})
    positions: dict[str, Position] = field(default_factory=dict)
    bought: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(BASES, ZERO))
    sold: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(BASES, ZERO))
    lost: list[tuple[str, Approved]] = field(default_factory=list)
    entered_at: list[datetime] = field(default_factory=list)
    last_exits: dict[str, datetime] = field(default_factory=dict)
    last_traded: dict[str, datetime] = field(default_factory=dict)
    trips: dict[str, RoundTrip] = field(default_factory=dict)
    closed: list[RoundTrip] = field(default_factory=list)
    marks: LossMarks | None = None
    halted_by: str | None = None
    #: what losses are reckoned from here: profit and worth at the day's start, and the highest profit
    day: tuple[Decimal, Decimal] = (ZERO, ZERO)
    peak: Decimal | None = None
    must_rest: bool = False
    orders: int = 0

    def __post_init__(self) -> None:
        self.contributed = self.cash
        self.agent = RiskManagementAgent(self.limits)
        # BTC and ADA move together, SHIB on its own
        for index in range(WINDOW):
            swing = 1 + D(index * 7 % 5 - 2) / 1000
            alone = 1 + D(index * 3 % 7 - 3) / 1000
            opened = self.now - (WINDOW - index) * INTERVAL.duration
            for base in BASES:
                price = PRICES[base] * (alone if base == "SHIB" else swing)
                self._close_candle(base, opened, price)

    # what happens ------------------------------------------------------------------

    def move(self, step: Step) -> None:
        """Let time and prices go on, then look at the losses as the orchestrator does."""
        for base in BASES:
            self.prices[base] *= step.tide * (step.drift if base == step.base else 1)
        began, until = self.now, self.now + timedelta(seconds=step.elapsed_s)
        closes = self.candles[step.base][-1].close_time
        while closes + INTERVAL.duration <= until:
            for base in BASES:
                self._close_candle(base, closes, self.prices[base])
            closes += INTERVAL.duration
        self.now = until
        if step.resumes:
            self.halted_by = None
        equity = self.equity()
        resumed = step.resumes and self.marks is not None
        self.marks = marks_after(self.marks, equity, self.now, resumed=resumed)
        breach = breached_limit(self.marks, equity, self.limits)
        if breach is not None and self.halted_by is None:
            self.halted_by = breach[0]
        self._reckon_losses(equity.total, is_new_day=until.date() != began.date(), resumes=step.resumes)

    def fall_to(self, step: Step, price: Decimal) -> MarketSnapshot:
        """The market once the ask has come down to `price`."""
        self.prices[step.base] = price
        return self.snapshot(replace(step, spread=ZERO))

    def fill(self, base: str, order: Approved, price: Decimal, fee_in: str) -> Decimal:
        """Book a fill of the whole order; returns the quote spent (negative for a sale)."""
        symbol, quantity, quote = order.symbol, order.quantity, order.quantity * price
        asset = "USDT" if order.side is Side.SELL or fee_in == "quote" else base
        asset = "BNB" if fee_in == "BNB" else asset
        rate = self.limits.fee_rate
        fee = {"BNB": D("0.001"), "USDT": quote * rate, base: quantity * rate}[asset]
        self.orders += 1
        fill = Fill(
            symbol, self.orders, self.orders, order.side, price, quantity, quote, fee, asset, self.now, False
        )
        before = self.positions.get(symbol, Position(symbol, base, "USDT"))
        after = self.positions[symbol] = before.after(fill)
        self._note_trip(fill, before, after)
        quote_fee = fee if asset == "USDT" else ZERO
        if order.side is Side.BUY:
            self.bought[base] += quantity - (fee if asset == base else ZERO)
            spent = quote + quote_fee
        else:
            self.sold[base] += quantity
            spent = quote_fee - quote
            if self.view().position(symbol) is None:
                self.last_exits[symbol] = self.now
        self.cash -= spent
        return spent

    def resolve(self, *, had_filled: bool) -> None:
        """Lost orders turn out to be filled, at what was reserved for them, or never to have arrived."""
        for base, order in self.lost:
            if had_filled:
                self.fill(base, order, order.price or order.reference_price, "BNB")
        self.lost.clear()

    # what risk is shown --------------------------------------------------------------

    def view(self) -> PortfolioView:
        dust = {
            f"{base}USDT"
            for base in BASES
            if not RULES[base].sellable_quantity(self.held(base), self.prices[base])
        }
        return PortfolioView(
            quote="USDT",
            cash=self.cash,
            reserved_quote=sum((self._stake(order) for _, order in self.lost), ZERO),
            positions=dict(self.positions),
            prices={f"{base}USDT": price for base, price in self.prices.items()},
            locked_symbols=frozenset(order.symbol for _, order in self.lost),
            dust_symbols=frozenset(dust),
            contributed=self.contributed,
        )

    def equity(self) -> Equity:
        return Equity(
            self.now, "USDT", self.cash, self.view().exposure, ZERO, ZERO, contributed=self.contributed
        )

    def account(self) -> AccountSnapshot:
        """The exchange also holds coins that the ledger did not buy."""
        free = {"USDT": self.cash, **{base: self.held(base) + self.foreign for base in BASES}}
        balances = {asset: AssetBalance(asset, amount, ZERO) for asset, amount in free.items()}
        return AccountSnapshot(balances, can_trade=True, observed_at=self.now)

    def snapshot(self, step: Step) -> MarketSnapshot:
        price = self.prices[step.base]
        half, tick = price * step.spread / 2, RULES[step.base].tick_size
        bid, ask = (price - half).quantize(tick), (price + half).quantize(tick)
        symbol = f"{step.base}USDT"
        book = BookTop(symbol, bid, D(1), max(bid + tick, ask), D(1))
        # the book of positions is valued at what the market shows
        self.prices[step.base] = book.mid
        return MarketSnapshot(
            symbol,
            INTERVAL,
            tuple(self.candles[step.base]),
            1,
            book,
            RULES[step.base],
            self.now,
        )

    def assess(self, step: Step, snapshot: MarketSnapshot) -> RiskVerdict:
        view = self.view()
        state = TradingState.RUNNING if self.halted_by is None else TradingState.ENTRIES_HALTED
        minute, midnight = self.now - timedelta(seconds=60), self.now.replace(hour=0, minute=0, second=0)
        count, last = losing_streak(reversed(self.closed))
        signal = Signal(
            snapshot.symbol,
            "any",
            step.action,
            1.0,
            (),
            {},
            snapshot.candles[-1].close_time,
            share=step.share,
        )
        return self.agent.assess(
            signal,
            snapshot,
            view,
            control=ControlSnapshot(state, "a limit", self.halted_by or "ann", BEGAN),
            context=RiskContext(
                self.account(),
                INTERVAL,
                last_exits=self.last_exits,
                last_traded_candles=self.last_traded,
                marks=self.marks,
                trips=TripBook(self.trips, {trip.symbol: trip for trip in self.closed}, count, last),
                orders_last_minute=sum(at > minute for at in self.entered_at),
                orders_today=sum(at >= midnight for at in self.entered_at),
                candles={f"{base}USDT": tuple(self.candles[base]) for base in BASES if base != step.base},
            ),
            quantity=self._asked(step, snapshot, view),
            side=Side(step.action.value) if step.by_hand else None,
            limit_price=asked_price(step, snapshot),
        )

    # what is reckoned a second time -----------------------------------------------------

    def held(self, base: str) -> Decimal:
        position = self.positions.get(f"{base}USDT")
        return position.quantity if position else ZERO

    def judge(self, base: str, order: Approved, snapshot: MarketSnapshot, average: Decimal) -> None:
        """Raise `FilterFailure` for what the exchange would refuse."""
        filters, is_market = FILTERS[base], order.order_type is OrderType.MARKET
        reference = snapshot.book.mid * average
        filters.check_quantity(order.quantity, is_market=is_market)
        if order.price is not None:
            filters.check_price(order.side, order.price, reference)
        filters.check_notional(order.price or reference, order.quantity, is_market=is_market)
        filters.check_position(order.side, self.held(base) + self.foreign, order.quantity)

    def together(self, base: str) -> set[str]:
        """The other bases that are held or being bought and whose returns correlate with this one's."""
        waiting = {other for other, _ in self.lost}
        view, count = self.view(), self.limits.correlation_candles
        own = self._returns(base, count)
        found = set()
        for other in BASES:
            is_held = view.position(f"{other}USDT") is not None or other in waiting
            if other != base and is_held:
                level = np.corrcoef(own, self._returns(other, count))[0, 1]
                if level >= float(self.limits.correlation_level) + 1e-5:
                    found.add(other)
        return found

    def reserved_for(self, bases: set[str]) -> Decimal:
        return sum((self._stake(order) for base, order in self.lost if base in bases), ZERO)

    def losses_since(self, candles: int) -> Iterator[RoundTrip]:
        """Trips closed at a loss of which fewer than so many candles have closed since."""
        newest = self.candles["BTC"][-1].close_time
        for trip in self.closed:
            assert trip.closed_at is not None
            if trip.realised < 0 and newest - trip.closed_at < candles * INTERVAL.duration:
                yield trip

    def _reckon_losses(self, total: Decimal, *, is_new_day: bool, resumes: bool) -> None:
        profit, limits = total - self.contributed, self.limits
        if resumes or self.peak is None:
            self.day, self.peak, self.must_rest = (profit, total), profit, False
        if is_new_day:
            self.day = (profit, total)
        self.peak = max(self.peak, profit)
        of_day = limits.daily_loss_share * self.day[1]
        of_peak = limits.max_drawdown_share * (self.contributed + self.peak)
        self.must_rest |= 0 < of_day <= self.day[0] - profit or 0 < of_peak <= self.peak - profit

    def _returns(self, base: str, count: int) -> np.ndarray:  # type: ignore[type-arg]
        return np.diff(np.log([float(candle.close) for candle in self.candles[base][-count:]]))

    def _stake(self, order: Approved) -> Decimal:
        if order.side is Side.SELL:
            return ZERO
        return order.quantity * (order.price or order.reference_price)

    def _asked(self, step: Step, snapshot: MarketSnapshot, view: PortfolioView) -> Decimal | None:
        if step.asked is None:
            return None
        whole = view.equity / snapshot.price
        if step.action is SignalAction.SELL:
            whole = self.held(step.base)
        return snapshot.rules.market_quantity(step.asked * whole)

    def _note_trip(self, fill: Fill, before: Position, after: Position) -> None:
        trip = trip_after(self.trips.pop(fill.symbol, None), fill, before, after)
        if trip is None:
            return
        if trip.closed_at is None:
            self.trips[fill.symbol] = trip
        else:
            self.closed.append(replace(trip))

    def _close_candle(self, base: str, opened: datetime, price: Decimal) -> None:
        closes = opened + INTERVAL.duration
        self.candles[base].append(Candle(opened, closes, price, price, price, price, D(1)))
        del self.candles[base][:-WINDOW]
