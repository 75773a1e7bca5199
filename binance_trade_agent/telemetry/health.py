"""The verdict on the trader's health, from what the database says alone.

Every surface (command line, MCP server, dashboard, container health check) asks here,
so that they never disagree.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from binance_trade_agent.domain.phrases import moment
from binance_trade_agent.domain.records import CycleRow, Session, StoreStatus
from binance_trade_agent.telemetry.heartbeat import WORK_ALLOWANCE

TRADER_PROCESS = "autonomous_trader"

#: The trader beats every 5 s between cycles and after each cycle.
HEARTBEAT_LIMIT = timedelta(seconds=30)
#: How late a cycle may be, over its interval, before "up but not cycling" is said.
CYCLE_GRACE = timedelta(seconds=60)
#: How long, over its interval, a trader may cycle without an exchange that answers.
DATA_GRACE = timedelta(seconds=120)

ENDED_AS_PLANNED = frozenset({"duration", "test_mode"})
STOPPED = "stopped"
GAVE_UP = "failed_too_often"
#: The incident of a start that no session followed, because its configuration cannot work.
REFUSED_START = "start_refused"


class TraderCondition(StrEnum):
    """What the trader is doing, in one word."""

    NEVER_STARTED = "never started"
    STARTING = "starting"
    CYCLING = "cycling"
    NOT_CYCLING = "not cycling"
    BLIND = "without data"
    DEAD = "dead"
    STOPPED = "stopped"
    SESSION_ENDED = "session ended"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class HealthVerdict:
    """Whether all is as it should be, and a sentence that says why."""

    condition: TraderCondition
    healthy: bool
    text: str


def judge(status: StoreStatus, *, now: datetime, interval: timedelta) -> HealthVerdict:
    """The verdict at `now`; `interval` is the time between two cycles."""
    session = status.session
    # written by a start that held the lease, and cleared by the next: no trader runs
    refused = next((incident for incident in status.incidents if incident.key == REFUSED_START), None)
    if refused is not None:
        return HealthVerdict(TraderCondition.MISCONFIGURED, False, refused.text)
    if session is None:
        return HealthVerdict(TraderCondition.NEVER_STARTED, False, "the trader has not run on this data yet")
    if session.ended_at is not None:
        return _judge_ended(session, now)
    cycle = status.last_cycle
    silence = now - _last_sign(status, session)
    if silence > (WORK_ALLOWANCE if _is_in_hand(cycle, session) else HEARTBEAT_LIMIT):
        return HealthVerdict(TraderCondition.DEAD, False, f"no sign of life for {_seconds(silence)}")
    if cycle is None or cycle.session_id != session.id:
        return _judge_start(session, now, interval)
    late = now - cycle.started_at
    if late > interval + CYCLE_GRACE:
        return HealthVerdict(
            TraderCondition.NOT_CYCLING, False, f"alive, but its last cycle began {_seconds(late)} ago"
        )
    blind = now - _last_useful(status, session)
    if blind > interval + DATA_GRACE:
        text = f"cycling, but for {_seconds(blind)} without market data and account to decide on"
        return HealthVerdict(TraderCondition.BLIND, False, text)
    return HealthVerdict(TraderCondition.CYCLING, True, f"cycle {cycle.number} began {_seconds(late)} ago")


def _last_useful(status: StoreStatus, session: Session) -> datetime:
    """When the trader last had data it could decide on; its start counts, it had to ask first."""
    useful = [beat.useful_at for beat in status.heartbeats if beat.process == TRADER_PROCESS]
    return max([session.started_at, *(at for at in useful if at is not None)])


def _last_sign(status: StoreStatus, session: Session) -> datetime:
    beats = [beat.at for beat in status.heartbeats if beat.process == TRADER_PROCESS]
    return max([session.started_at, *beats])


def _is_in_hand(cycle: CycleRow | None, session: Session) -> bool:
    # in a cycle the loop waits for the exchange and writes no heartbeat: that is slow, not dead
    return cycle is not None and cycle.session_id == session.id and cycle.finished_at is None


def stopped_by(what: str, session: Session, now: datetime) -> HealthVerdict:
    """The verdict on a trader that `what` has stopped."""
    at = f" at {moment(session.ended_at, now)}" if session.ended_at else ""
    text = f"stopped by {what}{at}; nothing trades until it is started"
    return HealthVerdict(TraderCondition.STOPPED, False, text)


def starting_by(who: str) -> HealthVerdict:
    """The verdict on a trader that `who` has just started, before its session begins."""
    return HealthVerdict(
        TraderCondition.STARTING, False, f"started, as {who} asked; its session is about to begin"
    )


def _judge_ended(session: Session, now: datetime) -> HealthVerdict:
    reason = session.end_reason or "unknown"
    if reason in ENDED_AS_PLANNED:
        return HealthVerdict(TraderCondition.SESSION_ENDED, True, f"the session ended as planned ({reason})")
    if reason == STOPPED:
        return stopped_by("a shutdown (such as `make down`)", session, now)
    if reason == GAVE_UP:
        return HealthVerdict(TraderCondition.FAILED, False, "gave up after failing too often: see its log")
    return HealthVerdict(TraderCondition.FAILED, False, f"the session ended: {reason}")


def _judge_start(session: Session, now: datetime, interval: timedelta) -> HealthVerdict:
    waited = now - session.started_at
    if waited > interval + CYCLE_GRACE:
        return HealthVerdict(
            TraderCondition.NOT_CYCLING, False, f"alive for {_seconds(waited)} without a cycle"
        )
    return HealthVerdict(TraderCondition.STARTING, False, "started, its first cycle is to come")


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
