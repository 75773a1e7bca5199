"""Answers "why has it not traded?" from the database alone: gathers what `domain/explanation.py` puts into words."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from binance_trade_agent.control.protections import Protection
from binance_trade_agent.control.watching import AgentStatus, Watch
from binance_trade_agent.domain.circumstances import Circumstances, Condition
from binance_trade_agent.domain.decision_summary import DecisionSummary
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.explanation import Explanation, explain
from binance_trade_agent.domain.money import to_wire
from binance_trade_agent.domain.orders import Purpose
from binance_trade_agent.domain.phrases import moment
from binance_trade_agent.domain.records import (
    DecisionRow,
    Session,
)
from binance_trade_agent.ports import Clock, ReadModels
from binance_trade_agent.telemetry.health import TraderCondition

_SPAN = re.compile(r"(\d{1,6})\s*(s|min|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = timedelta(days=3660)
_GUARDS_TOLD = 2
_START = "`make up`, or `binance-trade-agent start` while supervisord runs"

#: What the trader's condition means for somebody who waits for a trade: a code, a sentence about it with the verdict's
#: own words, and advice. Not here: cycling.
_TRADER: Mapping[TraderCondition, tuple[str, str, str]] = {
    TraderCondition.NEVER_STARTED: (
        "never_started",
        "the trader has never run on this data",
        "Start it: `make up`, or `binance-trade-agent supervise`",
    ),
    TraderCondition.STARTING: ("starting", "the trader has just {words}", "Wait for its first cycle"),
    TraderCondition.NOT_CYCLING: (
        "not_cycling",
        "the trader is {words}",
        "The watchdog restarts it; if not: `supervisorctl restart autonomous_trader`",
    ),
    TraderCondition.BLIND: (
        "without_data",
        "the trader is {words}",
        "See whether the exchange can be reached; it goes on by itself once it can",
    ),
    TraderCondition.DEAD: (
        "dead",
        "the trader died: {words}",
        f"It was killed, or its machine stopped: {_START}",
    ),
    TraderCondition.STOPPED: ("stopped", "the trader was {words}", f"Start it again: {_START}"),
    TraderCondition.SESSION_ENDED: (
        "session_ended",
        "{words}{ended}",
        f"Begin another session: {_START}; TRADING_DURATION_MINUTES=0 runs without an end",
    ),
    TraderCondition.FAILED: (
        "failed",
        "the trader failed{ended}: {words}",
        f"Correct what its log says, then start it again: {_START}",
    ),
    TraderCondition.MISCONFIGURED: (
        "misconfigured",
        "the trader {words}",
        f"Correct the setting, then start it again: {_START}",
    ),
}


class Explainer:
    """Explains the trader to people and agents. All methods raise `StorageError`."""

    def __init__(self, reads: ReadModels, watch: Watch, clock: Clock) -> None:
        self._reads = reads
        self._watch = watch
        self._clock = clock

    def reading(self, through: Callable[[ReadModels], ReadModels]) -> "Explainer":
        """The same, whose reads go `through` something of the caller."""
        return Explainer(through(self._reads), self._watch.reading(through), self._clock)

    def explain(self, symbol: str | None = None, since: str = "24h") -> Explanation:
        """Why it did or did not trade `symbol`, or anything, since a time as `since_of` takes it.

        Raises:
            ConfigurationError: `since` is no such time.
        """
        now = self._clock.now()
        symbol = symbol.upper() if symbol else None
        begin = since_of(since, now)
        summary = self._reads.summary(since=begin, until=now, symbol=symbol)
        status = self._watch.status()
        return explain(
            summary,
            Circumstances(
                now=now,
                symbol=symbol,
                traded=status.symbols,
                control=status.control,
                trader=_trader(status),
                last_cycle=status.last_cycle,
                settings=_settings(status.session),
                locked=_locked(status),
                guards=self._guards(),
                settings_since=status.session.started_at if status.session else None,
                placed=self._placed(summary),
                resting=self._resting(),
            ),
        )

    def _guards(self) -> dict[str, str]:
        """symbol -> what protects its position, in words; of dust there is nothing to tell."""
        found = {guarded.symbol: _guard(guarded) for guarded in self._watch.protection()}
        return {symbol: text for symbol, text in found.items() if text}

    def _resting(self) -> frozenset[str]:
        """The symbols of which an entry waits for its price."""
        unfinished = self._reads.unfinished_orders()
        return frozenset(
            row.symbol for row in unfinished if row.purpose == Purpose.ENTRY and row.price is not None
        )

    def _placed(self, summary: DecisionSummary) -> dict[str, DecisionRow]:
        """The decisions behind the summary's orders, by id."""
        return self._reads.decisions_with({order.decision_id for order in (*summary.orders, *summary.asked)})


def since_of(text: str, now: datetime) -> datetime:
    """The moment meant by `30m`, `24h`, `7d`, `2w`, or an ISO 8601 time (UTC unless it says otherwise).

    Raises:
        ConfigurationError: it is none of these, or not in the past.
    """
    text = text.strip()
    if (found := _SPAN.fullmatch(text)) is not None:
        span = timedelta(seconds=int(found[1]) * _SECONDS[found[2].lower()])
        if not timedelta(0) < span <= _LONGEST:
            raise ConfigurationError(
                f"--since {text}: expected more than nothing and at most {_LONGEST.days} days"
            )
        return now - span
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"--since {text!r}: expected a span like 30m, 24h or 7d, or a time like 2026-11-23T08:00 (UTC)"
        ) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not now - _LONGEST <= at < now:
        raise ConfigurationError(f"--since {text}: expected a time in the past, {_LONGEST.days} days at most")
    return at


def _trader(status: AgentStatus) -> Condition | None:
    """What is wrong with the trader itself; None while it cycles."""
    found = _TRADER.get(status.health.condition)
    if found is None:
        return None
    code, text, advice = found
    at = status.session.ended_at if status.session else None
    ended = f" at {moment(at, status.as_of)}" if at else ""
    return Condition(code, text.format(words=status.health.text, ended=ended), advice)


def _settings(session: Session | None) -> Mapping[str, str]:
    """The settings the decisions were taken by."""
    return session.settings if session else {}


def _locked(status: AgentStatus) -> dict[str, str]:
    """symbol -> the order or cancel that holds it back."""
    locked = {
        order.symbol: f"what became of its order {order.client_order_id} ({order.side}) is not known yet"
        for order in status.unresolved
    }
    for cancel in status.unresolved_cancels:
        locked.setdefault(
            cancel.symbol, f"a cancel of its order {cancel.client_order_id} is not answered yet"
        )
    return locked


def _guard(found: Protection) -> str:
    """What protects a position, in words; empty if nothing has to."""
    if found.is_unprotected:
        return f"unprotected: {found.alarm}"
    if len(found.guards) > _GUARDS_TOLD:
        said = [_range("stop", found.stops), _range("target", found.targets)]
        shown = ", ".join(text for text in said if text)
        return f"{len(found.guards)} orders or order lists, {shown}, at the exchange"
    said = [_levels("stop", found.stops), _levels("target", found.targets)]
    # several of each read apart with a comma
    shown = (", " if len(found.guards) > 1 else " and ").join(text for text in said if text)
    told = [f"{shown} at the exchange"] if shown else []
    watched = [("stop", found.watched_stop), ("target", found.watched_target)]
    told += [f"{name} {to_wire(price)} watched in each cycle" for name, price in watched if price is not None]
    return ", ".join(told)


def _levels(name: str, prices: tuple[Decimal, ...]) -> str:
    """`stop 95`, or `stops 95 and 96`; empty without prices."""
    shown = " and ".join(map(to_wire, prices))
    return f"{name}{'s' if len(prices) > 1 else ''} {shown}" if prices else ""


def _range(name: str, prices: tuple[Decimal, ...]) -> str:
    """`stops from 95 to 99`."""
    return (
        f"{name}s from {to_wire(prices[0])} to {to_wire(prices[-1])}"
        if len(prices) > 1
        else _levels(name, prices)
    )
