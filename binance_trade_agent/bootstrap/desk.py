"""The desk of a person or an agent: a view and the acts. Loads no trading code."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from binance_trade_agent.bootstrap.books import open_book_to_read, open_settings_book
from binance_trade_agent.bootstrap.clock import SystemClock
from binance_trade_agent.bootstrap.desk_settings import DeskSettings
from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.launched_notification import LaunchedNotification
from binance_trade_agent.bootstrap.launched_quotes import QuoteProcess
from binance_trade_agent.bootstrap.log_tail import LogTail, secrets_of
from binance_trade_agent.bootstrap.secrets import kept_secrets
from binance_trade_agent.bootstrap.supervisor_rpc import SupervisorClient
from binance_trade_agent.control.call_log import CallKeeper
from binance_trade_agent.control.explaining import Explainer
from binance_trade_agent.control.history import History
from binance_trade_agent.control.market import MarketReader
from binance_trade_agent.control.notifying import NotificationTest
from binance_trade_agent.control.performance import PerformanceView
from binance_trade_agent.control.programs import Programs
from binance_trade_agent.control.risk_state import RiskReader
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.control.token_acts import TokenActs
from binance_trade_agent.control.watching import Watch, WatchPlan
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.domain.records import Book
from binance_trade_agent.settings import Settings
from binance_trade_agent.storage.books import is_newest
from binance_trade_agent.storage.control_state import SqlControlState
from binance_trade_agent.storage.database import Database
from binance_trade_agent.storage.history import SqlHistory
from binance_trade_agent.storage.kept_equity import KeptEquity
from binance_trade_agent.storage.lease import lease_for
from binance_trade_agent.storage.market_reads import SqlMarketReads
from binance_trade_agent.storage.overrides import SqlOverrides
from binance_trade_agent.storage.performance import SqlPerformance
from binance_trade_agent.storage.read_models import SqlReadModels
from binance_trade_agent.storage.tool_calls import SqlToolCalls

#: A person or an agent who acts waits no longer for a database that another process writes to.
_BUSY_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Use it, then `close` it."""

    watch: Watch
    explainer: Explainer
    performance: PerformanceView
    history: History
    market: MarketReader
    risk: RiskReader
    steering: Steering
    programs: Programs
    tokens: TokenActs
    notifications: NotificationTest
    calls: CallKeeper
    settings: DeskSettings
    changes: LaunchedChanges
    open_logs: Callable[[], LogTail]
    database: Database
    book: Book

    @property
    def logs(self) -> LogTail:
        """The programs' logs, without the secrets that are known by now."""
        return self.open_logs()

    def is_current(self) -> bool:
        """Whether this is still the account's newest book: an exchange that was reset begins another."""
        return is_newest(self.database, self.book)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


class OneShotLauncher:
    """Starts the process that carries out waiting commands and ends."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def was_refused(self) -> bool:
        """Whether the last one has ended because its configuration cannot work."""
        return self._process is not None and self._process.poll() == ExitCode.CONFIGURATION

    def launch(self) -> None:
        """Start it, detached: the caller's death does not end it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "binance_trade_agent.autonomous_trading_loop", "--commands-only"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ.copy(),
        )


def open_desk(settings: Settings) -> Desk:
    """The desk on the book that `settings` name, its database brought up to date.

    Raises:
        StorageError: the database cannot be used.
        ConfigurationError: the settings do not fit the book.
    """
    return _desk(settings, *open_settings_book(settings, _BUSY_TIMEOUT_S))


def open_desk_to_read(settings: Settings) -> Desk:
    """The desk on a database that cannot be written: acts at it raise `DatabaseUnwritable`. For short processes.

    Raises:
        StorageError: the database cannot be read either.
    """
    return _desk(settings, *open_book_to_read(settings))


def _desk(settings: Settings, database: Database, book: Book) -> Desk:
    clock, kept = SystemClock(), KeptEquity(book.id)
    plan = WatchPlan(
        mode=settings.mode.value,
        mode_note=settings.mode_note,
        symbols=settings.symbols,
        symbol_rule=str(settings.symbol_rule or ""),
        strategy=settings.strategy_name,
        interval=settings.period,
    )
    reads, state = SqlReadModels(database, book), SqlControlState(database, book)
    watch = Watch(reads, clock, plan)
    return Desk(
        watch=watch,
        explainer=Explainer(reads, watch, clock),
        performance=PerformanceView(SqlPerformance(database, book, kept), clock),
        history=History(SqlHistory(database, book, kept), clock),
        market=MarketReader(SqlMarketReads(database, book), QuoteProcess()),
        risk=RiskReader(reads, watch, clock),
        steering=Steering(
            state,
            lease_for(settings.database_url, book),
            OneShotLauncher(),
            clock,
        ),
        programs=Programs(SupervisorClient(settings.run_dir), state, clock),
        tokens=TokenActs(state, clock),
        notifications=NotificationTest(LaunchedNotification(), state, clock),
        calls=CallKeeper(SqlToolCalls(database, book), clock),
        settings=DeskSettings(settings, SqlOverrides(database, book)),
        changes=LaunchedChanges(),
        open_logs=lambda: LogTail(settings.log_dir, secrets_of(settings, *kept_secrets(settings))),
        database=database,
        book=book,
    )
