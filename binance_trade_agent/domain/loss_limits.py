"""Losses against what the book was worth: since the day began, and since its best moment.

Amounts are profit, equity less what was put in, so that a withdrawal is no loss and a deposit
hides none. Positions count at their present price. Days are days of exchange time, UTC.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.portfolio import Equity


@dataclass(frozen=True, slots=True)
class LossMarks:
    """Where losses are counted from. `latched` is the limit that has halted entries, until a person resumes."""

    day: date
    day_profit: Decimal
    day_equity: Decimal
    peak_profit: Decimal
    since: datetime
    latched: str | None = None

    def day_loss(self, equity: Equity) -> Decimal:
        """What was lost today, as a share of `day_capital`; negative for a gain."""
        return _share(self.day_profit - _profit(equity), self.day_capital(equity))

    def day_capital(self, equity: Equity) -> Decimal:
        """Equity at the day's beginning, with what was put in or taken out since."""
        put_in_then = self.day_equity - self.day_profit
        return self.day_equity + equity.contributed - put_in_then

    def drawdown(self, equity: Equity) -> Decimal:
        """What was lost since the best moment, as a share of equity then (at today's capital)."""
        return _share(self.peak_profit - _profit(equity), self.peak_profit + equity.contributed)


def marks_after(marks: LossMarks | None, equity: Equity, now: datetime, *, resumed: bool) -> LossMarks:
    """The marks once `equity` was seen at exchange time `now`; a person's resume begins them anew."""
    profit = _profit(equity)
    if marks is None or resumed:
        return LossMarks(now.date(), profit, equity.total, profit, now)
    if marks.day < now.date():
        marks = replace(marks, day=now.date(), day_profit=profit, day_equity=equity.total)
    return replace(marks, peak_profit=max(marks.peak_profit, profit))


def _profit(equity: Equity) -> Decimal:
    return equity.total - equity.contributed


def _share(loss: Decimal, whole: Decimal) -> Decimal:
    return loss / whole if whole > 0 else ZERO
