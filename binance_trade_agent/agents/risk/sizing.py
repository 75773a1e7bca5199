"""How large an order is meant to be, before limits shrink it. Formulas and sources: docs/risk.md."""

import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from binance_trade_agent.agents.risk.limits import RiskLimits
from binance_trade_agent.agents.risk.wording import money
from binance_trade_agent.domain.market import CandleInterval
from binance_trade_agent.domain.modes import SizingMethod
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.symbol_rules import SymbolRules
from binance_trade_agent.strategies.base import Candles
from binance_trade_agent.strategies.indicators import FloatArray, atr, volatility, wilder_settled

_ATR_PERIOD = 14
#: Older candles would not change the average true range.
_ATR_CANDLES = wilder_settled(_ATR_PERIOD)
#: Returns that the volatility is taken over: at most, and at least.
_MOST_RETURNS, _LEAST_RETURNS = 100, 20
CANDLES_LOOKED_AT = max(_ATR_CANDLES, _MOST_RETURNS + 1)
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Target:
    """What an entry is to cost in quote currency, fee included, and how that came about; 0 says why not."""

    cost: Decimal
    text: str


def entry_target(
    limits: RiskLimits,
    *,
    equity: Decimal,
    quote: str,
    candles: Candles,
    interval: CandleInterval,
    unit_cost: Decimal,
) -> Target:
    """The cost of a whole entry by the sizing method; `unit_cost` is what one unit of base costs."""
    if limits.sizing is SizingMethod.QUOTE:
        return Target(limits.order_quote, f"{money(limits.order_quote, quote)} an entry")
    if equity <= 0:
        return Target(ZERO, f"there is no equity to take a share of: {money(equity, quote)}")
    if limits.sizing is SizingMethod.SHARE:
        return Target(limits.order_share * equity, f"{limits.order_share:%} of equity")
    if limits.sizing is SizingMethod.ATR_RISK:
        return _by_range(limits, equity, quote, candles, unit_cost)
    return _by_volatility(limits, equity, candles, interval)


def exit_part(
    held: Decimal,
    bounded: Decimal,
    share: Decimal,
    *,
    rules: SymbolRules,
    bid: Decimal,
    resale_price: Decimal,
) -> Decimal:
    """What a sale of `share` of `held` takes out of `bounded`.

    All of it where the part alone is too small for the exchange, or where the rest could not be sold
    again at `resale_price`; 0 for a share that is not positive.
    """
    if share <= 0:
        return ZERO
    part = rules.market_quantity(min(bounded, held * share))
    if share >= 1 or not rules.sellable_quantity(part, bid):
        return bounded
    return part if rules.sellable_quantity(held - part, resale_price) else bounded


def _by_range(
    limits: RiskLimits, equity: Decimal, quote: str, candles: Candles, unit_cost: Decimal
) -> Target:
    high, low, close = (column[-_ATR_CANDLES:] for column in (candles.high, candles.low, candles.close))
    average = _last(atr(high, low, close, _ATR_PERIOD))
    if average is None:
        return Target(
            ZERO, f"the average true range needs {_ATR_PERIOD + 1} candles, {len(candles)} are there"
        )
    if average <= 0:
        return Target(ZERO, "the average true range is 0: nothing to measure the risk by")
    units = equity * limits.per_trade_share / (limits.atr_stops * average)
    text = (
        f"a fall of {limits.atr_stops:f} average true ranges of {money(average, quote)} costs"
        f" {limits.per_trade_share:%} of equity"
    )
    return Target(units * unit_cost, text)


def _by_volatility(limits: RiskLimits, equity: Decimal, candles: Candles, interval: CandleInterval) -> Target:
    returns = min(_MOST_RETURNS, len(candles) - 1)
    if returns < _LEAST_RETURNS:
        return Target(ZERO, f"the volatility needs {_LEAST_RETURNS + 1} candles, {len(candles)} are there")
    a_year = math.sqrt(_YEAR / interval.duration)
    yearly = _last(volatility(candles.close[-returns - 1 :], returns) * a_year)
    if yearly is None or yearly <= 0:
        return Target(ZERO, "the volatility is 0: nothing to measure the risk by")
    text = f"{limits.volatility_target:%} of equity a year at a yearly volatility of {yearly:.1%}"
    return Target(equity * limits.volatility_target / yearly, text)


def _last(values: FloatArray) -> Decimal | None:
    """The newest value to twelve digits; None where there is none yet."""
    newest = values.item(-1)
    return Decimal(f"{newest:.12g}") if math.isfinite(newest) else None
