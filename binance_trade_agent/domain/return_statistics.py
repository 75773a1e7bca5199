"""Statistics of daily returns, as floats: they are ratios. None where there are too few days to say anything."""

import math
from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean, stdev

from binance_trade_agent.domain.equity_curve import EquityCurve

#: Trading never closes, so a year has as many daily returns as days.
DAYS_A_YEAR = 365
#: With fewer daily returns Sharpe and Sortino say nothing.
FEWEST_DAYS = 7
#: With fewer, a return made into a yearly one says nothing.
FEWEST_DAYS_FOR_A_YEAR = 30


def daily_returns(curve: EquityCurve) -> list[float]:
    """`unit at the day's end / unit at the end of the day before - 1`, for each day from the first to the last.

    The first day counts from the curve's beginning. A day without a snapshot has a return of 0; what
    happened in it counts for the next day that has one.
    """
    ends = {end.day: end.unit for end in curve.days}
    day, last = curve.days[0].day, curve.days[-1].day
    returns, unit = [], 1.0
    while day <= last:
        now = ends.get(day, unit)
        returns.append(now / unit - 1 if unit > 0 else 0.0)
        unit, day = now, day + timedelta(days=1)
    return returns


def sharpe_ratio(returns: Sequence[float]) -> float | None:
    """Mean / sample standard deviation x sqrt(365), risk-free rate 0 (Sharpe 1994, ex-post, annualised)."""
    if len(returns) < FEWEST_DAYS or not (spread := stdev(returns)):
        return None
    return fmean(returns) / spread * math.sqrt(DAYS_A_YEAR)


def sortino_ratio(returns: Sequence[float]) -> float | None:
    """Mean / downside deviation x sqrt(365): the root of the mean, over all days, of the squared losses (target 0)."""
    if len(returns) < FEWEST_DAYS:
        return None
    downside = math.sqrt(fmean([min(one, 0.0) ** 2 for one in returns]))
    return fmean(returns) / downside * math.sqrt(DAYS_A_YEAR) if downside else None


def yearly(total_return: float, days: int) -> float | None:
    """`(1 + return) ^ (365 / days) - 1`; None for less than 30 days, and for more than a float can hold."""
    if days < FEWEST_DAYS_FOR_A_YEAR:
        return None
    try:
        return math.pow(1 + total_return, DAYS_A_YEAR / days) - 1
    except OverflowError:
        return None
