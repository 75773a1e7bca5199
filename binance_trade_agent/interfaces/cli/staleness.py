"""How old what a command shows is, where the trader does not keep it fresh."""

from datetime import datetime

from binance_trade_agent.control.watching import AgentStatus
from binance_trade_agent.domain.decisions import CycleOutcome
from binance_trade_agent.interfaces.cli.output import age
from binance_trade_agent.telemetry.health import TRADER_PROCESS, TraderCondition

_FRESH = frozenset({TraderCondition.CYCLING, TraderCondition.STARTING})


def staleness(status: AgentStatus) -> str | None:
    """A sentence with the time of the newest data and why there is none newer; None while the trader cycles."""
    health = status.health
    if health.condition in _FRESH:
        return None
    newest = _newest(status)
    if newest is None:
        return health.text
    return f"as of {newest:%Y-%m-%d %H:%M:%S} UTC, {age(newest, status.as_of)} ago: {health.text}"


def _newest(status: AgentStatus) -> datetime | None:
    """When the exchange was last heard, as far as is known; else when the last cycle ended or the session began.

    A heartbeat tells of a cycle some seconds late: one that had all its data is newer than the heartbeat says.
    """
    heard = [beat.useful_at for beat in status.heartbeats if beat.process == TRADER_PROCESS]
    cycle = status.last_cycle
    if cycle is not None and cycle.outcome == CycleOutcome.COMPLETED:
        heard.append(cycle.finished_at)
    if known := [at for at in heard if at is not None]:
        return max(known)
    if cycle is not None:
        return cycle.finished_at or cycle.started_at
    return status.session.started_at if status.session is not None else None
