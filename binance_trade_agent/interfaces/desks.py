"""The desk as the long-running interfaces use it: opened when it is needed, never a reason not to start."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from binance_trade_agent.bootstrap.desk_settings import DeskSettings
from binance_trade_agent.bootstrap.launched_changes import LaunchedChanges
from binance_trade_agent.bootstrap.log_tail import LogTail
from binance_trade_agent.control.call_log import CallKeeper
from binance_trade_agent.control.explaining import Explainer
from binance_trade_agent.control.history import History
from binance_trade_agent.control.market import MarketReader
from binance_trade_agent.control.notifying import NotificationTest
from binance_trade_agent.control.performance import PerformanceView
from binance_trade_agent.control.programs import Programs
from binance_trade_agent.control.risk_state import RiskReader
from binance_trade_agent.control.steering import Steering
from binance_trade_agent.control.watching import Watch
from binance_trade_agent.domain.errors import ConfigurationError, StorageError
from binance_trade_agent.telemetry.health import TraderCondition

#: What everybody may know of a trader in each condition: nothing that a person or the account has said.
HEALTH_TEXTS: Mapping[TraderCondition, str] = {
    TraderCondition.NEVER_STARTED: "the trader has not run on this data yet",
    TraderCondition.STARTING: "started, its first cycle is to come",
    TraderCondition.CYCLING: "it cycles as it should",
    TraderCondition.NOT_CYCLING: "alive, but no cycle began when one was due",
    TraderCondition.BLIND: "cycling, but without market data and account to decide on",
    TraderCondition.DEAD: "no sign of life",
    TraderCondition.STOPPED: "stopped; nothing trades until it is started",
    TraderCondition.SESSION_ENDED: "the session ended as planned",
    TraderCondition.FAILED: "the session failed: see its log",
    TraderCondition.MISCONFIGURED: "it cannot start with this configuration: see its log",
}


class Desk(Protocol):
    """A view and the acts; safe to use from several threads."""

    @property
    def watch(self) -> Watch:
        """What can be seen."""
        ...

    @property
    def explainer(self) -> Explainer:
        """Why it did or did not trade."""
        ...

    @property
    def risk(self) -> RiskReader:
        """The risk limits and their use."""
        ...

    @property
    def market(self) -> MarketReader:
        """Prices and candles."""
        ...

    @property
    def performance(self) -> PerformanceView:
        """What trading has earned."""
        ...

    @property
    def history(self) -> History:
        """What can be looked up in a long history."""
        ...

    @property
    def notifications(self) -> NotificationTest:
        """A test of what tells people."""
        ...

    @property
    def steering(self) -> Steering:
        """What can be done."""
        ...

    @property
    def programs(self) -> Programs:
        """The programs that supervisord runs."""
        ...

    @property
    def calls(self) -> CallKeeper:
        """What keeps the calls over MCP."""
        ...

    @property
    def settings(self) -> DeskSettings:
        """The settings, masked, with what is set at run time."""
        ...

    @property
    def changes(self) -> LaunchedChanges:
        """What changes settings at run time."""
        ...

    @property
    def logs(self) -> LogTail:
        """The programs' logs, without secrets."""
        ...

    def is_current(self) -> bool:
        """Whether it is still on the account's newest book; raises `StorageError`."""
        ...


class DeskDoor:
    """Opens the desk at the first asking, at each later one until it opens, and anew when a new book began."""

    def __init__(self, open_desk: Callable[[], Desk]) -> None:
        self._open = open_desk
        self._lock = threading.Lock()
        self._desk: Desk | None = None

    def desk(self) -> Desk:
        """The one desk of this process.

        Raises:
            StorageError: the database cannot be used now.
            ConfigurationError: the settings do not fit the book.
        """
        with self._lock:
            # one that is replaced is not closed: another thread may still be using it
            if self._desk is None or not self._desk.is_current():
                self._desk = self._open()
            return self._desk


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """What `/health` says: the HTTP status and a JSON object."""

    status_code: int
    body: dict[str, str | bool]


def health_answer(door: DeskDoor) -> HealthAnswer:
    """200 where the trader is healthy, else 503, also where the database cannot be read.

    Everybody may ask: it tells neither names nor reasons nor paths. `status` tells those to who may know.
    """
    try:
        verdict = door.desk().watch.health()
    except (StorageError, ConfigurationError):
        text = "the database cannot be read: `binance-trade-agent status` says why"
        return HealthAnswer(503, {"healthy": False, "condition": "unreadable", "text": text})
    return HealthAnswer(
        200 if verdict.healthy else 503,
        {
            "healthy": verdict.healthy,
            "condition": verdict.condition.value,
            "text": HEALTH_TEXTS[verdict.condition],
        },
    )
