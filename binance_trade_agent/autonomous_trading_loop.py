"""The trader's process: schedule, signals, heartbeat, exit codes.

`python -m binance_trade_agent.autonomous_trading_loop` trades until its session ends;
with `--commands-only` it carries out the commands that wait and ends.
"""

import argparse
import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta

import structlog

from binance_trade_agent.bootstrap.notifications import notification_worker
from binance_trade_agent.bootstrap.reporting import CycleReporter
from binance_trade_agent.bootstrap.start import (
    FollowedStream,
    check_for_reset,
    check_named_symbols,
    connect,
    note_refused_start,
    pause_before_start,
    serve_metrics,
    take_lease,
    with_symbols,
)
from binance_trade_agent.bootstrap.stoppable_work import StoppableWork, work_allowance
from binance_trade_agent.bootstrap.trader import Trader, build_trader
from binance_trade_agent.control.commands import CommandRunner
from binance_trade_agent.control.sessions import (
    MOST_FAILED_STARTS,
    RENEWED,
    SessionKeeper,
    is_over,
    wait_before_start,
)
from binance_trade_agent.control.ticking import Ticker
from binance_trade_agent.domain.decisions import CycleKind, Outcome
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseTooNew,
    DatabaseUnwritable,
    ExchangeReset,
    LeaseHeld,
    StorageError,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.modes import SessionEnd, TradingAlign
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Session
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.telemetry.health import REFUSED_START, STOPPED, TRADER_PROCESS
from binance_trade_agent.telemetry.heartbeat import HeartbeatFile
from binance_trade_agent.telemetry.logs import configure_logs
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")

#: A database that fails may fail the counter of failed starts too: then this alone slows the restarts.
STORAGE_PAUSE_S = 2.0
#: Outcomes after which a sale at the end of a session is tried again.
_UNDECIDED = frozenset({Outcome.NO_DATA, Outcome.UNKNOWN, Outcome.UNRESOLVED, Outcome.INTERRUPTED})
#: How often a sale that the exchange does not take is tried at the end of a session.
_MOST_SALES = 3
_BEAT_S = 0.5


class TradingLoop:
    """One session of the trader, from its first tick to its exit code."""

    def __init__(
        self,
        trader: Trader,
        session: Session,
        keeper: SessionKeeper,
        metrics: TraderMetrics,
        heartbeat: HeartbeatFile | None,
        stop: asyncio.Event,
        stream: FollowedStream,
    ) -> None:
        self._stream = stream
        self._trader = trader
        self._session = session
        self._keeper = keeper
        self._stop = stop
        self._clock = trader.clock
        self._orchestrator = trader.orchestrator(session)
        self._commands = CommandRunner(
            trader.store.control,
            self._orchestrator,
            self._clock,
            self._next_cycle_number,
            trader.store.ledger,
            trader.store.journal,
            stays=session.kind != "commands",
        )
        self._period_s = trader.settings.period.total_seconds()
        self._reporter = CycleReporter(trader.projector, metrics, trader.exchange)
        self._work = StoppableWork(trader, self._orchestrator, keeper, self._reporter, heartbeat, stop)

    # the three kinds of session ------------------------------------------------

    async def trade(self) -> ExitCode | None:
        """Cycle until the session is over or the process is told to stop; None to begin anew.

        That is once it can be known what to trade, and when a setting was changed at run time.
        """
        ticker = self._ticker()
        tick = ticker.first()
        while True:
            await self._idle_until(tick.due_at)
            if self._stop.is_set():
                await self._withdraw_entries()
                return self._end(STOPPED, ExitCode.SIGTERM)
            if is_over(self._session, self._clock.now()):
                await self._finish_flatten()
                await self._withdraw_entries()
                await self._flatten_if_asked()
                stopped = self._stop.is_set()
                return self._end(*((STOPPED, ExitCode.SIGTERM) if stopped else ("duration", ExitCode.OK)))
            if self._is_outdated() or (not self._session.symbols and await self._can_select()):
                return None
            lateness_s = self._clock.monotonic() - tick.due_at
            await self._work.finish(
                self._orchestrator.run_cycle(
                    self._next_cycle_number(),
                    self._clock.now() - timedelta(seconds=max(0.0, lateness_s)),
                    skipped_ticks=tick.skipped,
                )
            )
            tick = ticker.after(tick)

    def _is_outdated(self) -> bool:
        """Whether a setting was changed at run time: its session then follows this one, by the same deadline."""
        return self._session.kind == "trading" and self._trader.is_outdated

    async def _can_select(self) -> bool:
        """Whether the rule for symbols can be asked by now; the exchange could not be reached before."""
        request = await with_symbols(self._trader, self._keeper, self._trader.session_request("trading"))
        return bool(request.symbols)

    async def test(self) -> ExitCode | None:
        """One workflow that buys the first symbol through risk and execution; repeated only for want of data."""
        ticker = Ticker(self._clock, self._trader.exchange.now, self._period_s)
        tick = ticker.first()
        while not self._stop.is_set():
            if not self._session.symbols:
                if await self._can_select():
                    return None
            elif await self._test_is_over():
                return self._end("test_mode", ExitCode.OK)
            tick = ticker.after(tick)
            await self._idle_until(tick.due_at)
        return self._end(STOPPED, ExitCode.SIGTERM)

    async def _test_is_over(self) -> bool:
        """Buy unless this session already has an order; whether that order, or a refusal, is final."""
        journal = self._trader.store.journal
        if journal.of_session(self._session.id):
            self._work.beat_busy()
            await self._orchestrator.resolve_orders()
        else:
            report = await self._work.finish(
                self._orchestrator.execute_trading_workflow(
                    self._next_cycle_number(),
                    self._session.symbols[0],
                    request=OrderRequest(side=Side.BUY, reason="test_mode"),
                    kind=CycleKind.TEST,
                )
            )
            final = (Outcome.REFUSED, Outcome.HALTED, Outcome.FAILED)
            if report is not None and report.decisions[0].outcome in final:
                return True
        orders = journal.of_session(self._session.id)
        return bool(orders) and all(order.status.is_terminal for order in orders)

    async def commands_only(self) -> ExitCode:
        """Carry out what waits and end."""
        while not self._stop.is_set() and self._commands.has_work:
            if await self._work.finish(self._commands.run_next()) is None:
                await self._work.wait_for_stop(_BEAT_S)
        await self._withdraw_entries()
        return self._end("commands", ExitCode.OK)

    # parts of them ---------------------------------------------------------------

    async def _idle_until(self, due_at: float) -> None:
        """Beat and carry out commands until the tick, a stop, a changed setting, or the end of the session.

        One command is taken even when the tick is late: cycles that last longer than the interval hold none up.
        """
        self._check_lease()
        while not self._stop.is_set() and not is_over(self._session, self._clock.now()):
            self._work.beat_idle()
            if self._is_outdated():
                return
            self._stream.check()
            has_acted = await self._work.finish(self._commands.run_next()) is not None or await self._tend()
            left_s = due_at - self._clock.monotonic()
            if left_s <= 0:
                return
            if not has_acted:
                self._work.beat_idle()
                await self._work.wait_for_stop(min(left_s, _BEAT_S))

    def _check_lease(self) -> None:
        """Raise `LeaseHeld` once the lease is lost: from then on another process may trade on this book."""
        if not self._trader.store.lease.is_still_held():
            raise LeaseHeld("the trading lease of this book was lost")

    async def _tend(self) -> bool:
        """Look after a symbol whose order traded since the last tick; whether there was one."""
        # a test-mode run is one order
        symbol = self._orchestrator.wants_turn() if self._session.kind != "test" else None
        if symbol is not None:
            await self._work.finish(self._orchestrator.run_turn(self._next_cycle_number(), symbol))
        return symbol is not None

    async def _withdraw_entries(self) -> None:
        """Take back entries that still rest and protect what they bought, as far as the time of a stop allows."""
        await self._work.finish_withdrawal(self._withdraw())

    async def _withdraw(self) -> None:
        for symbol in await self._orchestrator.withdraw_entries():
            self._reporter.tell(await self._orchestrator.run_turn(self._next_cycle_number(), symbol))

    async def _finish_flatten(self) -> None:
        """Carry a person's flatten to its end: nobody else would go on with it."""
        while not self._stop.is_set() and self._commands.is_flattening:
            self._work.beat_idle()
            if await self._work.finish(self._commands.run_next()) is None:
                await self._work.wait_for_stop(_BEAT_S)

    async def _flatten_if_asked(self) -> None:
        """Sell what is held; a sale without data or without an answer is tried again after an interval.

        So is one that the exchange did not take, but not for ever: what rests then keeps its protection.
        """
        if self._trader.settings.on_session_end is not SessionEnd.FLATTEN:
            return
        positions = self._trader.store.ledger.positions()
        left = [symbol for symbol, position in positions.items() if position.quantity > 0]
        rounds = 0
        while left:
            rounds += 1
            again = _UNDECIDED | {Outcome.REJECTED} if rounds < _MOST_SALES else _UNDECIDED
            left = [symbol for symbol in left if await self._sell_all(symbol) in again]
            again_at = self._clock.monotonic() + self._trader.settings.interval.total_seconds()
            while left and self._clock.monotonic() < again_at:
                if self._stop.is_set():
                    return
                self._work.beat_idle()
                await self._work.wait_for_stop(_BEAT_S)

    async def _sell_all(self, symbol: str) -> Outcome:
        request = OrderRequest(side=Side.SELL, reason="session_end")
        report = await self._work.finish(
            self._orchestrator.execute_trading_workflow(self._next_cycle_number(), symbol, request=request)
        )
        if report is None:
            return Outcome.INTERRUPTED
        # of a symbol that the exchange does not know any more there will never be data
        gone = report.decisions[0].reason.code == "unknown_symbol"
        return Outcome.REFUSED if gone else report.decisions[0].outcome

    def _next_cycle_number(self) -> int:
        return self._keeper.next_cycle_number(self._session)

    def _ticker(self) -> Ticker:
        follow = self._trader.settings.trading_align is TradingAlign.CANDLE_CLOSE
        return Ticker(self._clock, self._trader.exchange.now, self._period_s, follow_candles=follow)

    def _end(self, reason: str, code: ExitCode) -> ExitCode:
        self._work.beat_last(self._session.id)
        self._keeper.end(self._session, reason, code)
        _log.info("session ended", reason=reason, exit_code=int(code))
        return code


async def run_trader(settings: Settings, kind: str, heartbeat: HeartbeatFile) -> ExitCode:
    """One life of the trader process; raises what `main` turns into exit codes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as parts:
        trader = _build(settings)
        parts.push_async_callback(trader.close)
        with ExitStack() as held:
            await take_lease(trader, held, stop)
            if kind != "commands":
                trader.store.outbox.clear_incident(REFUSED_START, trader.clock.now())
            keeper = SessionKeeper(trader.store.sessions, trader.clock)
            metrics = TraderMetrics()
            if kind == "commands":
                return await _begin(trader, keeper, metrics, kind, None, stop)
            if keeper.has_just_ended(heartbeat.ended_session()):
                _log.info("killed on its way out: its session had ended as planned")
                return ExitCode.OK
            heartbeat.beat(trader.clock.now(), work_allowance(settings))
            serve_metrics(trader, metrics, held)
            failed_starts = keeper.count_start()
            if failed_starts > MOST_FAILED_STARTS:
                keeper.give_up(keeper.enter(trader.session_request(kind)))
                _log.error("gave up", failed_starts=failed_starts - 1)
                return ExitCode.FAILED_TOO_OFTEN
            await pause_before_start(wait_before_start(failed_starts), stop)
            worker = notification_worker(settings, trader.store.outbox, trader.clock)
            if worker is not None:
                task = asyncio.create_task(worker.run())
                held.callback(task.cancel)
            return await _begin(trader, keeper, metrics, kind, heartbeat, stop)


def _build(settings: Settings) -> Trader:
    """The trader; a database that can never be used is the configuration's fault, any other trouble may pass."""
    try:
        return build_trader(settings)
    except (DatabaseTooNew, DatabaseUnwritable) as error:
        raise ConfigurationError(str(error)) from error


async def _begin(
    trader: Trader,
    keeper: SessionKeeper,
    metrics: TraderMetrics,
    kind: str,
    heartbeat: HeartbeatFile | None,
    stop: asyncio.Event,
) -> ExitCode:
    """Run one session; an exchange that was reset ends it with a new book begun, whatever its kind."""
    try:
        return await _session(trader, keeper, metrics, kind, heartbeat, stop)
    except ExchangeReset:
        trader.begin_new_book()
        raise


async def _session(
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


def main(arguments: list[str] | None = None) -> int:
    """Run the trader and return its exit code."""
    parser = argparse.ArgumentParser(prog="autonomous_trading_loop", description="The autonomous trader.")
    parser.add_argument(
        "--commands-only", action="store_true", help="carry out the commands that wait, then end"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        configure_logs(
            TRADER_PROCESS,
            level=settings.log_level.value,
            line_format=settings.log_format.value,
            log_dir=settings.log_dir,
        )
        settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except ConfigurationError as error:
        return _fail(ExitCode.CONFIGURATION, *error.problems)
    except OSError as error:
        return _fail(ExitCode.CONFIGURATION, f"{error}: check DATA_DIR")
    kind = "test" if settings.signal_agent_test_mode else "trading"
    return _live(settings, "commands" if options.commands_only else kind)


def _live(settings: Settings, kind: str) -> int:
    """Run the trader; what is not the configuration's fault may pass, so supervisord starts it again."""
    heartbeat = HeartbeatFile(settings.run_dir / "heartbeat.json")
    try:
        code = _run(settings, kind, heartbeat)
    except ConfigurationError as error:
        if kind != "commands":
            note_refused_start(settings, error.problems)
        return _fail(ExitCode.CONFIGURATION, *error.problems)
    except LeaseHeld as error:
        return _fail(ExitCode.LEASE_HELD, str(error))
    except StorageError as error:
        _log.error("the database failed", reason=str(error))
        time.sleep(STORAGE_PAUSE_S)
        return ExitCode.FAILURE
    except Exception:  # noqa: BLE001 the outermost boundary: the trace goes to the log, supervisord restarts
        _log.exception("the trader failed")
        return ExitCode.FAILURE
    if kind != "commands":
        heartbeat.remove()
    return code


def _run(settings: Settings, kind: str, heartbeat: HeartbeatFile) -> ExitCode:
    """Run the trader, and again on the account's next book whenever the exchange was reset."""
    while True:
        try:
            return asyncio.run(run_trader(settings, kind, heartbeat))
        except ExchangeReset as error:
            _log.warning("a new book begins", reason=str(error))


def _fail(code: ExitCode, *lines: str) -> int:
    for line in lines:
        sys.stderr.write(f"autonomous_trader: {line}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
