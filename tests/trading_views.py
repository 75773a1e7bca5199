"""Candles, snapshots and books for tests of strategies and agents."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.decisions import ControlSnapshot, TradingState
from binance_trade_agent.domain.market import BookTop, Candle, CandleInterval, MarketSnapshot
from binance_trade_agent.domain.portfolio import AccountSnapshot, AssetBalance, PortfolioView, Position
from binance_trade_agent.domain.symbol_rules import SymbolRules

SYMBOL = "BTCUSDT"
OPENED = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

RULES = SymbolRules(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    trading=True,
    tick_size=Decimal("0.01"),
    min_price=Decimal("0.01"),
    max_price=Decimal(1_000_000),
    step_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(9000),
    market_step_size=Decimal(0),
    market_min_quantity=Decimal(0),
    market_max_quantity=Decimal(0),
    min_notional=Decimal(5),
    max_notional=Decimal(0),
    min_notional_for_market=True,
    max_notional_for_market=False,
)


def candles_of(closes: Sequence[object], interval: CandleInterval = CandleInterval.M1) -> tuple[Candle, ...]:
    """A candle for each close, the first one opening at `OPENED`."""
    step = interval.duration
    return tuple(
        Candle(OPENED + i * step, OPENED + (i + 1) * step, price, price, price, price, Decimal(1))
        for i, price in enumerate(Decimal(str(close)) for close in closes)
    )


def snapshot_of(
    closes: Sequence[object],
    *,
    new: int = 1,
    bid: object = "100.00",
    ask: object = "100.02",
    rules: SymbolRules = RULES,
    age: timedelta = timedelta(seconds=1),
) -> MarketSnapshot:
    """One-minute candles, seen `age` after the newest closed."""
    candles = candles_of(closes)
    return MarketSnapshot(
        symbol=rules.symbol,
        interval=CandleInterval.M1,
        candles=candles,
        new_candles=new,
        book=BookTop(rules.symbol, Decimal(str(bid)), Decimal(10), Decimal(str(ask)), Decimal(10)),
        rules=rules,
        observed_at=candles[-1].close_time + age,
    )


def position_of(
    quantity: object, symbol: str = SYMBOL, *, cost: object = 0, updated_at: datetime = OPENED
) -> Position:
    """A position that was last traded at `updated_at`."""
    return Position(
        symbol,
        symbol.removesuffix("USDT"),
        "USDT",
        quantity=Decimal(str(quantity)),
        cost=Decimal(str(cost)),
        opened_at=updated_at,
        updated_at=updated_at,
    )


def portfolio_of(
    cash: object = 1000,
    *positions: Position,
    price: object = 100,
    reserved: object = 0,
    locked: frozenset[str] = frozenset(),
) -> PortfolioView:
    """A book with `positions`, all of them at `price`."""
    return PortfolioView(
        quote="USDT",
        cash=Decimal(str(cash)),
        reserved_quote=Decimal(str(reserved)),
        positions={position.symbol: position for position in positions},
        prices={position.symbol: Decimal(str(price)) for position in positions},
        locked_symbols=locked,
    )


def account_of(**free: object) -> AccountSnapshot:
    """An account with these free balances: `account_of(USDT=1000, BTC="0.5")`."""
    balances = {
        asset: AssetBalance(asset, Decimal(str(amount)), Decimal(0)) for asset, amount in free.items()
    }
    return AccountSnapshot(balances, can_trade=True, observed_at=OPENED)


def control_of(state: TradingState = TradingState.RUNNING, reason: str = "first start") -> ControlSnapshot:
    """A control state set by `ann`."""
    return ControlSnapshot(state, reason, "ann", OPENED)
