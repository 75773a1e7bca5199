"""Sessions of the trader: which run this start belongs to, and when it is over.

A session is recorded before it begins, with its deadline, so that a killed trader goes on
with what is left of it instead of starting afresh.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import Session
from binance_trade_agent.domain.symbol_selection import is_rule
from binance_trade_agent.ports import Clock, Sessions
from binance_trade_agent.telemetry.health import ENDED_AS_PLANNED, GAVE_UP, STOPPED

#: supervisord starts a trader that a stray SIGTERM ended at once; a person takes longer.
_STRAY_SIGNAL = timedelta(seconds=10)
#: A process killed between its session's end and its exit is started again within this time.
_WAY_OUT = timedelta(seconds=60)

#: Why a session ended whose process did not live to say it.
INTERRUPTED = "interrupted"
#: Why a session ended that its own process followed with another: settings changed, or symbols could be chosen.
RENEWED = "renewed"

#: After so many starts in a row without one completed cycle the trader gives up.
MOST_FAILED_STARTS = 8


#: What decides, where it is a rule, whether two sessions have chosen their symbols in the same way.
_CHOICE = ("TRADING_SYMBOLS", "TRADING_SYMBOLS_EXCLUDE")


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What the settings ask for. `kind` is `trading`, `test` or `commands`.

    Where TRADING_SYMBOLS is a rule, `settings` hold it, and `symbols` are what it selected, or none if it
    was not asked yet.
    """

    kind: str
    mode: str
    strategy: str
    symbols: tuple[str, ...]
    settings: Mapping[str, str]
    duration: timedelta
    #: What decisions are made by, complete (see bootstrap/plan.py).
    plan: Mapping[str, Any] = field(default_factory=dict)


class SessionKeeper:
    """Begins, resumes and ends sessions, and counts starts that come to nothing."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def selected_before(self, request: SessionRequest) -> Session | None:
        """The session whose symbols this start takes over instead of asking the rule again, if there is one.

        An interrupted session goes on with its symbols; waiting commands are carried out with those of the latest.
        """
        latest = self._sessions.latest()
        if latest is None or not latest.symbols or not _has_same_choice(latest, request):
            return None
        return latest if request.kind == "commands" or self._continues(latest, request) else None

    def enter(self, request: SessionRequest, *, ending: str = INTERRUPTED) -> Session:
        """The session that this start belongs to: an interrupted one of the same kind, or a new one.

        Under other settings, or with a strategy's file changed, an interrupted one is followed by a new
        one with the old deadline, so that each session's record says by what it decided. `ending` is why
        the one before it is over.
        """
        latest, now = self._sessions.latest(), self._clock.now()
        deadline = now + request.duration if request.duration else None
        if latest is not None and self._continues(latest, request):
            # a test run is one session whatever else is set: its order tells that it has bought
            is_same = (latest.settings, latest.plan) == (request.settings, request.plan)
            # one that could not ask its rule for symbols is followed by one that could
            has_them = bool(latest.symbols) or not request.symbols
            if (is_same or latest.kind == "test") and has_them:
                if latest.ended_at is not None:
                    self._sessions.resume(latest.id)
                return replace(latest, ended_at=None, end_reason=None, exit_code=None)
            deadline = latest.deadline
            request = replace(request, symbols=latest.symbols or request.symbols)
        # one that only carries out commands comes between a kill and the next start: it ends nothing
        if latest is not None and latest.ended_at is None and request.kind != "commands":
            code = ExitCode.OK if ending == RENEWED else ExitCode.FAILURE
            self._sessions.end(latest.id, reason=ending, exit_code=code, at=now)
        session = Session(
            id=uuid.uuid4().hex,
            kind=request.kind,
            mode=request.mode,
            strategy=request.strategy,
            symbols=request.symbols,
            settings=request.settings,
            duration_minutes=int(request.duration.total_seconds() // 60),
            started_at=now,
            deadline=deadline,
            plan=request.plan,
        )
        self._sessions.begin(session)
        return session

    def end(self, session: Session, reason: str, code: ExitCode) -> None:
        """Record why the session ended and with which exit code; an orderly end is no failed start."""
        self._sessions.end(session.id, reason=reason, exit_code=code, at=self._clock.now())
        self._sessions.reset_starts()

    def give_up(self, session: Session) -> None:
        """End as failed; the next start by a person counts from zero again."""
        self.end(session, GAVE_UP, ExitCode.FAILED_TOO_OFTEN)

    def has_just_ended(self, session_id: str | None) -> bool:
        """Whether `session_id`, whose process did not get to its exit, is the last one and ended as planned."""
        latest = self._sessions.latest()
        return (
            latest is not None
            and latest.id == session_id
            and latest.ended_at is not None
            and latest.end_reason in ENDED_AS_PLANNED
            and self._clock.now() - latest.ended_at < _WAY_OUT
        )

    def count_start(self) -> int:
        """How many starts in a row, this one included, have not completed a cycle."""
        return self._sessions.count_start()

    def cycle_completed(self) -> None:
        """The trader works: forget failed starts."""
        self._sessions.reset_starts()

    def next_cycle_number(self, session: Session) -> int:
        """The number of the session's next cycle, counting from 1."""
        return self._sessions.next_cycle_number(session.id)

    def _continues(self, latest: Session, request: SessionRequest) -> bool:
        same = (
            latest.kind == request.kind
            and latest.mode == request.mode
            and _has_same_choice(latest, request)
            and latest.strategy == request.strategy
            and timedelta(minutes=latest.duration_minutes) == request.duration
        )
        if not same:
            return False
        # a renewed one that nothing follows: the process was killed in between
        if latest.ended_at is None or latest.end_reason == RENEWED:
            return True
        has_an_end = latest.deadline is not None or latest.kind == "test"
        recent = self._clock.now() - latest.ended_at < _STRAY_SIGNAL
        return latest.end_reason == STOPPED and has_an_end and recent


def _has_same_choice(latest: Session, request: SessionRequest) -> bool:
    """Whether both name the same symbols, or the same rule: what it selects now makes no other session."""
    if not is_rule(request.settings.get("TRADING_SYMBOLS", "")):
        return latest.symbols == request.symbols
    return all(latest.settings.get(name) == request.settings.get(name) for name in _CHOICE)


def wait_before_start(failed_starts: int) -> timedelta:
    """How long to wait after `failed_starts` starts without a completed cycle.

    1 to 3: nothing (a kill is healed at once), then 2, 4, 8, 16, 32 s.
    """
    return timedelta(seconds=0 if failed_starts <= 3 else min(2 ** (failed_starts - 3), 60))


def is_over(session: Session, now: datetime) -> bool:
    """Whether the session's deadline has passed."""
    return session.deadline is not None and now >= session.deadline
