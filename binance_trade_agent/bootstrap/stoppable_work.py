"""A session's work, one unit at a time: it beats, and a stop leaves it no more than a grace."""

import asyncio
import math
import os
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from binance_trade_agent.bootstrap.reporting import CycleReporter
from binance_trade_agent.bootstrap.trader import Trader
from binance_trade_agent.control.sessions import SessionKeeper
from binance_trade_agent.domain.decisions import CycleReport
from binance_trade_agent.domain.records import Heartbeat
from binance_trade_agent.orchestrator import TradingOrchestrator
from binance_trade_agent.settings import Settings
from binance_trade_agent.telemetry.health import TRADER_PROCESS
from binance_trade_agent.telemetry.heartbeat import IDLE_ALLOWANCE, HeartbeatFile, cycle_allowance

#: What is in hand when SIGTERM comes has this long; then its order is left UNKNOWN.
STOP_GRACE_S = 8.0
#: What cancelling entries that still rest may take after it; supervisord waits a little longer than both.
WITHDRAWAL_S = 3.0
_STORED_BEAT_S = 5.0


def work_allowance(settings: Settings) -> timedelta:
    """How long one unit of work may take before it counts as a hang."""
    return cycle_allowance(settings.binance_request_timeout_seconds, settings.most_symbols)


class StoppableWork:
    """Carries out what a session does; without a heartbeat file it does so without a sign of life."""

    def __init__(
        self,
        trader: Trader,
        orchestrator: TradingOrchestrator,
        keeper: SessionKeeper,
        reporter: CycleReporter,
        heartbeat: HeartbeatFile | None,
        stop: asyncio.Event,
    ) -> None:
        self._orchestrator = orchestrator
        self._keeper = keeper
        self._reporter = reporter
        self._heartbeat = heartbeat
        self._stop = stop
        self._clock = trader.clock
        self._decisions = trader.store.decisions
        self._sessions = trader.store.sessions
        self._allowance = work_allowance(trader.settings)
        self._stored_beat_at = -math.inf

    async def finish(self, work: Coroutine[Any, Any, CycleReport | None]) -> CycleReport | None:
        """Let `work` end and tell of it; once told to stop it has `STOP_GRACE_S` left, then it is cancelled.

        None if there was nothing to do, and for work that was cancelled: its cycle is closed as interrupted.
        """
        self.beat_busy()
        task = asyncio.create_task(work)
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            self._orchestrator.stop()
            await asyncio.wait({task}, timeout=STOP_GRACE_S)
            task.cancel()
        stopped.cancel()
        await asyncio.wait({task})
        if task.cancelled():
            self._decisions.close_interrupted(self._clock.now())
            return None
        report = task.result()
        if report is not None:
            self._keeper.cycle_completed()
            self._reporter.tell(report)
        return report

    async def finish_withdrawal(self, withdrawal: Coroutine[Any, Any, None]) -> None:
        """Let the session's last work end, stop or not; after `WITHDRAWAL_S` it is cancelled."""
        task = asyncio.create_task(withdrawal)
        await asyncio.wait({task}, timeout=WITHDRAWAL_S)
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def wait_for_stop(self, seconds: float) -> None:
        """Wait, but no longer than until told to stop."""
        waiter = asyncio.create_task(self._stop.wait())
        await asyncio.wait({waiter}, timeout=seconds)
        waiter.cancel()

    def beat_idle(self) -> None:
        """Beat between two units of work."""
        self._beat(IDLE_ALLOWANCE)

    def beat_busy(self) -> None:
        """Beat before a unit of work."""
        self._beat(self._allowance)

    def beat_last(self, session_id: str) -> None:
        """Say that the session is ending, so that a kill before the exit does not begin it anew."""
        if self._heartbeat is not None:
            self._heartbeat.beat(self._clock.now(), IDLE_ALLOWANCE, ended=session_id)

    def _beat(self, allowance: timedelta) -> None:
        if self._heartbeat is None:
            return
        now = self._clock.now()
        self._heartbeat.beat(now, allowance)
        if self._clock.monotonic() - self._stored_beat_at >= _STORED_BEAT_S:
            self._stored_beat_at = self._clock.monotonic()
            self._sessions.beat(Heartbeat(TRADER_PROCESS, os.getpid(), now, self._reporter.useful_at))
