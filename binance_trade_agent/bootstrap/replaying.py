"""Replays: opens what a past session recorded, and decides it again by its own plan."""

import time
from dataclasses import dataclass, replace

from binance_trade_agent import __version__
from binance_trade_agent.agents.risk import RiskLimits, limits_of_plan
from binance_trade_agent.backtest.replay import Replayer, unreplayable
from binance_trade_agent.backtest.replay_report import ReplayReport
from binance_trade_agent.bootstrap.desk import Desk
from binance_trade_agent.bootstrap.strategies import strategies_of_plan
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.domain.records import Session
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.replay_source import SqlReplaySource
from binance_trade_agent.storage.sessions import SqlSessions


@dataclass(frozen=True, slots=True)
class Replay:
    """A session and what came of deciding it again. `notes` say what is not as it was then."""

    session: Session
    report: ReplayReport
    notes: tuple[str, ...] = ()


def recorded_sessions(desk: Desk, limit: int) -> tuple[tuple[Session, int], ...]:
    """The latest sessions, newest first, each with how many cycles it has run."""
    source, sessions = SqlReplaySource(desk.database, desk.book), SqlSessions(desk.database, desk.book)
    return tuple((session, sessions.next_cycle_number(session.id) - 1) for session in source.sessions(limit))


def replay_session(settings: Settings, desk: Desk, reference: str) -> Replay:
    """Decide the session that `reference` names again. Reads only.

    Raises:
        ConfigurationError: there is no such session, several are meant, or its strategies are gone or changed.
        StorageError: the database cannot be read.
    """
    began = time.perf_counter()
    source = SqlReplaySource(desk.database, desk.book)
    session = source.session(reference)
    if session is None:
        known = "there is none yet" if reference == "last" else f"no id begins with {reference!r}"
        raise ConfigurationError(f"no such session: {known} (`binance-trade-agent sessions` lists them)")
    if not session.plan:
        report = unreplayable(source, session)
        notes: tuple[str, ...] = ("it was recorded by an earlier version, without its plan",)
    else:
        strategies = strategies_of_plan(session.plan["strategies"], settings.strategy_files)
        report = Replayer(source, session, strategies.of, _limits(session)).replay()
        notes = (*_version_note(session), *strategies.notes)
    return Replay(session, replace(report, seconds=time.perf_counter() - began), notes)


def _version_note(session: Session) -> tuple[str, ...]:
    program = str(session.plan.get("program", "an unknown version"))
    if program == __version__:
        return ()
    return (f"it was decided by {program}, this is {__version__}: differences may be the program's",)


def _limits(session: Session) -> RiskLimits:
    try:
        return limits_of_plan(session.plan["risk"])
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"session {session.id} cannot be decided again: {error}") from error
