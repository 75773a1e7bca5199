"""What risk is told: the operator's limits, and what it needs to know beyond market and book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.market import Candle, CandleInterval
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.domain.portfolio import AccountSnapshot
from binance_trade_agent.domain.round_trips import TripBook


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """The operator's limits. Shares are of equity, from 0 to 1; amounts are in quote currency."""

    #: What an entry costs before limits shrink it: a share of equity, a fixed amount, what loses
    #: `per_trade_share` of equity when the price falls by `atr_stops` average true ranges, or what
    #: brings `volatility_target` of equity in yearly volatility.
    sizing: SizingMethod = SizingMethod.SHARE
    order_share: Decimal = Decimal("0.10")
    order_quote: Decimal = Decimal(0)
    per_trade_share: Decimal = Decimal("0.01")
    atr_stops: Decimal = Decimal(2)
    volatility_target: Decimal = Decimal("0.20")
    max_symbol_share: Decimal = Decimal("0.25")
    max_total_share: Decimal = Decimal("0.80")
    max_open_positions: int = 5
    #: Candles that must close after an exit, and after a position closed at a loss, before the
    #: symbol is entered again.
    cooldown_candles: int = 3
    loss_cooldown_candles: int = 10
    #: So many losses in a row make entries rest for so many candles; 0 is no limit.
    max_losing_streak: int = 5
    losing_streak_candles: int = 60
    #: Losses, open positions included, that halt entries: of the day, and since the peak; 0 is no limit.
    daily_loss_share: Decimal = Decimal("0.05")
    max_drawdown_share: Decimal = Decimal("0.20")
    max_orders_per_minute: int = 20
    max_orders_per_day: int = 500
    #: How long ago the newest candle may have closed.
    max_data_age: timedelta = timedelta(seconds=190)
    #: Widest spread to enter at, in hundredths of a percent of the price.
    max_spread_bps: Decimal = Decimal(50)
    #: How far the middle of the book may be from the newest close at an entry, as a share of the close.
    max_price_jump_share: Decimal = Decimal("0.05")
    #: What symbols may hold together whose returns correlate by `correlation_level` or more over the
    #: last `correlation_candles`; 1 is no limit.
    max_correlated_share: Decimal = Decimal("0.60")
    correlation_level: Decimal = Decimal("0.80")
    correlation_candles: int = 100
    #: What the exchange takes of a trade, as a share of it.
    fee_rate: Decimal = Decimal("0.001")
    #: Cash left over at an entry in case it fills above the ask, as a share of its cost.
    slippage_share: Decimal = Decimal("0.005")
    #: How far the price may fall after an entry that must still be sellable, as a share of it.
    resale_room: Decimal = Decimal("0.02")
    #: MARKET, or LIMIT at so many hundredths of a percent below the ask, for so long.
    entry_type: OrderType = OrderType.MARKET
    entry_offset_bps: Decimal = Decimal(0)
    entry_time_limit: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RiskContext:
    """What risk needs besides the snapshot and the portfolio.

    `last_exits` is when each symbol was last sold off; `last_traded_candles` the open time of
    the newest candle when its last order was placed. Symbols that are missing never did.
    `unresolved` adds to the portfolio's locked symbols. `marks` is where losses are counted from,
    None before they are. `orders_last_minute` and `orders_today` count entries that were begun.
    `is_traded` is false for a symbol that is only held, `warmup_candles` what the symbol's strategy
    wants to see. `candles` are the closed candles of the other symbols that are held or being bought.
    """

    account: AccountSnapshot
    candle_interval: CandleInterval
    last_exits: Mapping[str, datetime] = field(default_factory=dict)
    last_traded_candles: Mapping[str, datetime] = field(default_factory=dict)
    unresolved: frozenset[str] = frozenset()
    marks: LossMarks | None = None
    trips: TripBook = field(default_factory=lambda: TripBook({}, {}))
    orders_last_minute: int = 0
    orders_today: int = 0
    is_traded: bool = True
    warmup_candles: int = 0
    candles: Mapping[str, Sequence[Candle]] = field(default_factory=dict)
