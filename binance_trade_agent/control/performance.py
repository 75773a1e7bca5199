"""Performance figures for people and agents, from the database alone."""

from datetime import UTC, datetime, timedelta

from binance_trade_agent.control.explaining import since_of
from binance_trade_agent.domain.performance import Grouping, Performance, measure
from binance_trade_agent.ports import Clock, PerformanceReads

DEFAULT_PERIOD = "30d"
ALL = "all"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class PerformanceView:
    """The one read model of performance. Raises `StorageError`."""

    def __init__(self, reads: PerformanceReads, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock

    def performance(
        self,
        period: str = DEFAULT_PERIOD,
        symbol: str | None = None,
        *,
        by: Grouping | None = None,
    ) -> Performance:
        """The figures since a time as `begin_of` takes it, until now; of one symbol those its trades alone tell.

        Raises:
            ConfigurationError: `period` is no such time.
        """
        now = self._clock.now()
        symbol = symbol.upper() if symbol else None
        since = begin_of(period, now)
        rows = self._reads.performance_rows(since=since, until=now, symbol=symbol)
        return measure(rows, since=since, until=now, symbol=symbol, grouping=by)


def begin_of(period: str, now: datetime) -> datetime:
    """The moment meant by `all`, a span (`6h`, `30d`, `12w`), or an ISO 8601 time (UTC unless it says otherwise).

    A span of a day or more begins at 00:00 UTC of its first day, so that days are whole.

    Raises:
        ConfigurationError: it is none of these, or not in the past.
    """
    if period.strip().lower() == ALL:
        return _BEGINNING
    since = since_of(period, now)
    is_span = period.strip()[-1].isalpha() and "T" not in period
    if is_span and now - since >= timedelta(days=1):
        return since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return since
