"""Begins a session: what a killed process left is closed, the exchange is asked, and the loop runs."""

import asyncio

import structlog

from binance_trade_agent.bootstrap.start import (
    FollowedStream,
    check_for_reset,
    check_named_symbols,
    connect,
    with_symbols,
)
from binance_trade_agent.bootstrap.trader import Trader
from binance_trade_agent.bootstrap.trading_loop import TradingLoop
from binance_trade_agent.control.sessions import RENEWED, SessionKeeper
from binance_trade_agent.domain.errors import ConfigurationError, ExchangeReset
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.telemetry.heartbeat import HeartbeatFile
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")


async def run_session(
    trader: Trader,
    keeper: SessionKeeper,
    metrics: TraderMetrics,
    kind: str,
    heartbeat: HeartbeatFile | None,
    stop: asyncio.Event,
) -> ExitCode:
    """Run one session; an exchange that was reset ends it with a new book begun, whatever its kind."""
    try:
        return await _run_session(trader, keeper, metrics, kind, heartbeat, stop)
    except ExchangeReset:
        trader.begin_new_book()
        raise


async def _run_session(
    trader: Trader,
    keeper: SessionKeeper,
    metrics: TraderMetrics,
    kind: str,
    heartbeat: HeartbeatFile | None,
    stop: asyncio.Event,
) -> ExitCode:
    trader, now = trader.up_to_date(), trader.clock.now()
    interrupted = trader.store.decisions.close_interrupted(now)
    trader.store.control.close_interrupted(now)
    if interrupted:
        _log.warning("closed cycles that a killed process left open", cycles=interrupted)
    try:
        if kind != "commands":
            check_named_symbols(trader)
        await connect(trader, stop)
        request = await with_symbols(trader, keeper, trader.session_request(kind))
    except ConfigurationError:
        keeper.cycle_completed()
        raise
    await check_for_reset(trader)
    trader.projector.adopt(trader.store.reads.incidents())
    for problem in trader.strategies.problems:
        _log.error("a strategy cannot be loaded", problem=str(problem))
    # a process that only carries out commands is gone before an event could matter
    followed = None if kind == "commands" else trader.stream
    async with FollowedStream(followed, trader.user_data.deliver) as stream:
        session = keeper.enter(request)
        while True:
            _log.info(
                "session",
                id=session.id[:8],
                kind=kind,
                mode=session.mode,
                strategy=session.strategy,
                symbols=",".join(session.symbols) or "none yet",
            )
            loop = TradingLoop(trader, session, keeper, metrics, heartbeat, stop, stream)
            sessions = {"trading": loop.trade, "test": loop.test, "commands": loop.commands_only}
            code = await sessions[kind]()
            if code is not None:
                return code
            trader = trader.up_to_date()
            request = await with_symbols(trader, keeper, trader.session_request(kind))
            session = keeper.enter(request, ending=RENEWED)
