"""One session of the trader as it runs: ticks, waiting, what a session's end still has to do."""

import asyncio
from datetime import timedelta

import structlog

from binance_trade_agent.bootstrap.reporting import CycleReporter
from binance_trade_agent.bootstrap.start import FollowedStream, with_symbols
from binance_trade_agent.bootstrap.stoppable_work import StoppableWork
from binance_trade_agent.bootstrap.trader import Trader
from binance_trade_agent.control.commands import CommandRunner
from binance_trade_agent.control.protections import protection_seen
from binance_trade_agent.control.sessions import SessionKeeper, is_over
from binance_trade_agent.control.ticking import Ticker
from binance_trade_agent.domain.decisions import CycleKind, Outcome
from binance_trade_agent.domain.errors import LeaseHeld
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.modes import SessionEnd, TradingAlign
from binance_trade_agent.domain.orders import Side
from binance_trade_agent.domain.records import Session
from binance_trade_agent.orchestrator import OrderRequest
from binance_trade_agent.telemetry.health import STOPPED
from binance_trade_agent.telemetry.heartbeat import HeartbeatFile
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")

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
            dust=lambda: {each.symbol for each in protection_seen(trader.store.reads) if each.is_dust},
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
