"""The limits on losses: which is breached, and what is to be said of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal

from binance_trade_agent.agents.risk.limits import RiskLimits
from binance_trade_agent.agents.risk.wording import money, share_down
from binance_trade_agent.domain.loss_limits import LossMarks
from binance_trade_agent.domain.portfolio import Equity

DAILY_LOSS = "daily_loss"
DRAWDOWN = "drawdown"
#: Gates that stay shut once they were: as actors of ENTRIES_HALTED, until a person resumes.
LATCHING_GATES = frozenset({DAILY_LOSS, DRAWDOWN})


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss beside its limit, both as shares of equity; `limit` 0 is none, `share` is negative for a gain."""

    name: str
    limit: Decimal
    share: Decimal
    text: str

    @property
    def is_breached(self) -> bool:
        """Whether the limit is reached."""
        return 0 < self.limit <= self.share


def breached_limit(marks: LossMarks | None, equity: Equity, limits: RiskLimits) -> tuple[str, str] | None:
    """The loss limit that is reached, with a sentence; None while none is, or nothing is counted yet.

    Who is told writes ENTRIES_HALTED with the name as actor: the gates of that name stay shut until
    a person resumes.
    """
    if marks is None:
        return None
    losses = (day_loss(marks, equity, limits), drawdown_loss(marks, equity, limits))
    return next(((loss.name, loss.text) for loss in losses if loss.is_breached), None)


def day_loss(marks: LossMarks, equity: Equity, limits: RiskLimits) -> Loss:
    """What was lost since the day (UTC) or, if later, the count began."""
    midnight = datetime.combine(marks.day, time(), UTC)
    share, limit = marks.day_loss(equity), limits.daily_loss_share
    began = max(midnight, marks.since)
    text = f"since {began:%Y-%m-%d %H:%M} UTC {_change(share, marks.day_capital(equity), equity)}; {_bound(limit)}"
    return Loss(DAILY_LOSS, limit, share, text)


def drawdown_loss(marks: LossMarks, equity: Equity, limits: RiskLimits) -> Loss:
    """What was lost since the best moment after the count began."""
    share, limit = marks.drawdown(equity), limits.max_drawdown_share
    whole = marks.peak_profit + equity.contributed
    text = (
        f"since the best moment after {marks.since:%Y-%m-%d %H:%M} UTC {_change(share, whole, equity)};"
        f" {_bound(limit)}"
    )
    return Loss(DRAWDOWN, limit, share, text)


def _change(share: Decimal, whole: Decimal, equity: Equity) -> str:
    word = "gained" if share < 0 else "lost"
    amount = money(abs(share * whole), equity.quote)
    return f"{amount} were {word}, open positions included: {share_down(abs(share))} of {money(whole, equity.quote)}"


def _bound(limit: Decimal) -> str:
    return f"a loss of {limit:%} halts entries until a person resumes" if limit else "no limit is set"
