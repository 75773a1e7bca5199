"""Periods of time that a person can choose, in words that tell what each of them is.

Sums are by days, so those that are summed begin at 00:00 UTC of their first one (`control.performance.begin_of`).
"""

from collections.abc import Sequence

from binance_trade_agent.interfaces.dashboard.components.choices import Choice

_WORDS = {
    "24h": "since yesterday",
    "7d": "since 7 days ago",
    "30d": "since 30 days ago",
    "90d": "since 90 days ago",
    "365d": "since 365 days ago",
    "all": "since the beginning",
}


def whole_days(name: str, usual: str, periods: Sequence[str] = tuple(_WORDS)) -> Choice:
    """The choice `name` of whole days until now; without one it is `usual`."""
    others = [(period, _WORDS[period]) for period in periods if period != usual]
    return Choice(name, "Whole days (UTC)", [("", _WORDS[usual]), *others])
