"""What moves on every page: the pulse of the bar, and the versions that tell a page whether to read again.

The browser asks `GET /live?seen=<mark>` every two seconds (assets/live.js). The answer is 204 while nothing
moved. Else it holds the pulse and a version for each topic; only a topic whose version differs is put into
its store, and so only the callbacks that listen to that topic run. All viewers share one read.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from time import monotonic as running_s
from typing import Any

from flask import Flask, Response, request

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.decisions import TradingState
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.domain.money import ZERO
from binance_trade_agent.domain.performance import profit_of
from binance_trade_agent.interfaces.dashboard.worth import today_answer, worth_of
from binance_trade_agent.interfaces.desks import Desk, DeskDoor
from binance_trade_agent.telemetry.health import TRADER_PROCESS, TraderCondition

#: A read is shared by everybody who asks within this time.
_SHARED_S = 0.5
_ACTS_SEEN = 5

STATES: Mapping[TradingState, tuple[str, str]] = {
    TradingState.RUNNING: ("Trading", "good"),
    TradingState.PAUSED: ("Paused", "warn"),
    TradingState.ENTRIES_HALTED: ("Entries halted", "warn"),
    TradingState.HALTED: ("Halted", "bad"),
}


class Topic(StrEnum):
    """What a page may depend on. A topic moves when its rows do, and only then."""

    #: A cycle began or ended: decisions, equity, prices.
    CYCLES = "cycles"
    #: Orders, fills, cancels and what they did to positions.
    ORDERS = "orders"
    #: The control state, and acts of people, agents and limits.
    CONTROL = "control"
    #: Incidents, the trader's condition, its session.
    HEALTH = "health"

    @property
    def store(self) -> str:
        """The id of the `dcc.Store` whose `data` is its version."""
        return f"live-{self.value}"


@dataclass(frozen=True, slots=True)
class Beat:
    """One reading: `mark` stands for all of it; `topics` is empty while the database cannot be read."""

    mark: str
    pulse: dict[str, Any]
    topics: dict[str, str]


class Live:
    """Reads beats, one at a time, each after `forget`: what pages share must not be older than the beat."""

    def __init__(
        self,
        door: DeskDoor,
        monotonic: Callable[[], float] = running_s,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._door = door
        self._forget = forget
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._beat = Beat("", {}, {})
        self._days = DayBegins()

    def beat(self) -> Beat:
        """The newest; it never raises: what cannot be read is part of it."""
        with self._lock:
            if self._monotonic() - self._read_at >= _SHARED_S:
                self._beat = self._read()
                self._read_at = self._monotonic()
            return self._beat

    def install(self, server: Flask) -> None:
        """Add the route."""

        def answer() -> Response:
            beat = self.beat()
            if request.args.get("seen") == beat.mark:
                return Response(status=204)
            body = {"mark": beat.mark, "pulse": beat.pulse, "topics": beat.topics}
            return Response(json.dumps(body), mimetype="application/json")

        server.add_url_rule("/live", "live", answer, methods=["GET"])

    def _read(self) -> Beat:
        self._forget()
        try:
            desk = self._door.desk()
            status = desk.watch.status()
            seen_at = next((each.decided_at for each in desk.watch.decisions(limit=1) if each.price), None)
            pulse = pulse_of(status, self._days.profit_today(desk, status), seen_at)
            topics = versions_of(desk, status)
        except (StorageError, ConfigurationError) as error:
            pulse, topics = unreadable_pulse(str(error)), {}
        return Beat(_version((pulse, topics)), pulse, topics)


class DayBegins:
    """What had been earned before the running UTC day: read once a day, so that today's profit costs nothing."""

    def __init__(self) -> None:
        self._book: object = None
        self._day: date | None = None
        self._before: Decimal | None = None

    def profit_today(self, desk: Desk, status: AgentStatus) -> Decimal | None:
        """In quote currency; None before the first equity of the day."""
        equity, day = status.equity, status.as_of.date()
        if status.profit is None or equity is None or equity.at.date() != day:
            return None
        if (self._book, self._day) != (desk, day) or self._before is None:
            last = desk.history.equity_before(datetime.combine(day, time.min, tzinfo=UTC))
            self._book, self._day = desk, day
            self._before = ZERO if last is None else profit_of(last)
        return status.profit - self._before


def versions_of(desk: Desk, status: AgentStatus) -> dict[str, str]:
    """The version of each topic, by its name."""
    watch = desk.watch
    cycle, session = status.last_cycle, status.session
    fills = tuple((f.symbol, f.trade_id) for f in watch.fills(limit=1))
    newest = tuple((o.client_order_id, o.updated_at) for o in watch.orders(limit=1))
    acts = tuple((a.id, a.outcome) for a in watch.audit(limit=_ACTS_SEEN))
    parts: dict[Topic, object] = {
        Topic.CYCLES: (cycle and (cycle.id, cycle.finished_at), status.decisions, status.equity),
        Topic.ORDERS: (
            sorted(status.orders_by_status.items()),
            newest,
            fills,
            status.unresolved,
            status.unresolved_cancels,
        ),
        Topic.CONTROL: (status.control, acts),
        Topic.HEALTH: (status.health.condition, status.incidents, session and (session.id, session.ended_at)),
    }
    return {topic.value: _version(part) for topic, part in parts.items()}


def pulse_of(status: AgentStatus, today: Decimal | None, seen_at: datetime | None) -> dict[str, Any]:
    """The bar, as text to be shown and moments (ms since 1970) from which the browser counts.

    `seen_at` is when the newest decision saw a price: heartbeats, which tell of older cycles, too, are seldom.
    """
    cycle, health = status.last_cycle, status.health
    cycling = health.condition is TraderCondition.CYCLING
    word, tone = STATES[status.control.state]
    allowed = status.control.state.entries_allowed
    return {
        "word": health.condition.value.capitalize(),
        "tone": "good" if cycling else ("plain" if health.healthy else "bad"),
        # a healthy verdict's sentence is an age, which the browser counts itself
        "text": "" if health.healthy else health.text,
        "cycle": cycle.number if cycle else None,
        "cycle_at": _ms(cycle.started_at) if cycle else None,
        "due_at": _ms(status.next_cycle_due) if status.next_cycle_due and cycling else None,
        "interval_ms": status.interval_s * 1000,
        "data_at": _ms(_data_at(status, seen_at)),
        "control": {
            "word": word,
            "tone": tone,
            "why": "" if allowed else f"by {status.control.actor}: {status.control.reason}",
        },
        "figures": {
            **{name: worth.answer() for name, worth in worth_of(status).items()},
            "today": today_answer(status, today),
            "unresolved": {"text": str(len(status.unresolved) + len(status.unresolved_cancels))},
            "incidents": {"text": str(len(status.incidents))},
        },
    }


def unreadable_pulse(text: str) -> dict[str, Any]:
    """The pulse when the database cannot be read; the figures of before stay, marked as old."""
    return {
        "word": "Unreadable",
        "tone": "bad",
        "text": f"the database cannot be read: {text}",
        "stale": True,
        "interval_ms": 0,
    }


def _data_at(status: AgentStatus, seen_at: datetime | None) -> datetime | None:
    useful = [beat.useful_at for beat in status.heartbeats if beat.process == TRADER_PROCESS]
    return max((at for at in (seen_at, *useful) if at is not None), default=None)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _version(of: object) -> str:
    return hashlib.blake2b(repr(of).encode(), digest_size=8).hexdigest()
