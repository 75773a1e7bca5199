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

import structlog

from binance_trade_agent.bootstrap.notifications import notification_worker
from binance_trade_agent.bootstrap.start import (
    note_refused_start,
    pause_before_start,
    serve_metrics,
    take_lease,
)
from binance_trade_agent.bootstrap.stoppable_work import work_allowance
from binance_trade_agent.bootstrap.trader import Trader, build_trader
from binance_trade_agent.bootstrap.trading_session import run_session
from binance_trade_agent.control.sessions import (
    MOST_FAILED_STARTS,
    SessionKeeper,
    wait_before_start,
)
from binance_trade_agent.domain.errors import (
    ConfigurationError,
    DatabaseTooNew,
    DatabaseUnwritable,
    ExchangeReset,
    LeaseHeld,
    StorageError,
)
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.settings import Settings, load_settings
from binance_trade_agent.telemetry.health import REFUSED_START, TRADER_PROCESS
from binance_trade_agent.telemetry.heartbeat import HeartbeatFile
from binance_trade_agent.telemetry.logs import configure_logs
from binance_trade_agent.telemetry.metrics import TraderMetrics

_log = structlog.get_logger("autonomous_trader")

#: A database that fails may fail the counter of failed starts too: then this alone slows the restarts.
STORAGE_PAUSE_S = 2.0


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
                return await run_session(trader, keeper, metrics, kind, None, stop)
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
            task = asyncio.create_task(worker.run())
            held.callback(task.cancel)
            return await run_session(trader, keeper, metrics, kind, heartbeat, stop)


def _build(settings: Settings) -> Trader:
    """The trader; a database that can never be used is the configuration's fault, any other trouble may pass."""
    try:
        return build_trader(settings)
    except (DatabaseTooNew, DatabaseUnwritable) as error:
        raise ConfigurationError(str(error)) from error


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
