"""What risk is told: the operator's limits, and what it needs to know beyond market and book."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.orders import OrderType
from binance_trade_agent.domain.portfolio import AccountSnapshot


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """The operator's limits. Shares are of equity, from 0 to 1; amounts are in quote currency."""

    #: What one entry may cost: this share, or the fixed amount if it is not 0.
    order_share: Decimal = Decimal("0.10")
    order_quote: Decimal = Decimal(0)
    max_symbol_share: Decimal = Decimal("0.25")
    max_total_share: Decimal = Decimal("0.80")
    max_open_positions: int = 5
    #: Candles that must close after an exit before the symbol is entered again.
    cooldown_candles: int = 3
    #: How long ago the newest candle may have closed.
    max_data_age: timedelta = timedelta(seconds=190)
    #: Widest spread to enter at, in hundredths of a percent of the price.
    max_spread_bps: Decimal = Decimal(50)
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
    `unresolved` adds to the portfolio's locked symbols.
    """

    account: AccountSnapshot
    candle_interval: CandleInterval
    last_exits: Mapping[str, datetime] = field(default_factory=dict)
    last_traded_candles: Mapping[str, datetime] = field(default_factory=dict)
    unresolved: frozenset[str] = frozenset()
