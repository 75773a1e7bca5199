"""The dashboard as its own process beside the real trader and the simulator, in the states that pages must show."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx

from binance_trade_agent.telemetry.health import TraderCondition
from tests.processes import CLI, Installation, eventually, installation, running, simulator

PASSWORD = "correct horse battery staple"
DEMO = {
    "TRADING_SYMBOLS": "BTCUSDT,ETHUSDT",
    "STRATEGY_NAME": "buy_and_hold",
    "STOP_LOSS_SHARE": "0.2",
    "TAKE_PROFIT_SHARE": "0.2",
    "DASHBOARD_PASSWORD": PASSWORD,
}


#: Long enough for a page to show one cycle before the next one comes; two of them are when a trader is overdue.
DEMO_INTERVAL_S = 5


class State(StrEnum):
    """What every page must cope with."""

    DEAD = "dead trader"
    RUNNING = "running demo"
    HALTED = "halted"
    EMPTY = "empty database"


@dataclass
class Stage:
    """A dashboard that serves, and what runs behind it."""

    place: Installation

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place.environment['DASHBOARD_PORT']}"

    @property
    def database(self) -> Path:
        return self.place.settings.data_dir / "portfolio.db"


class Demo(Stage):
    """An installation whose trader is brought from any state into any other but the empty one."""

    def __init__(self, place: Installation, traders: ExitStack) -> None:
        super().__init__(place)
        self._traders = traders
        self._trader = self._start()

    def become(self, state: State) -> None:
        """Nothing where it is so already."""
        if state is State.DEAD:
            self._trader.send_signal(signal.SIGKILL)
            self._trader.wait(60)
            return
        if self._trader.poll() is not None:
            self._trader = self._start()
        is_halted = self.control == "HALTED"
        if is_halted != (state is State.HALTED):
            command(self.place, *(("resume", "drill over") if is_halted else ("halt", "drill", "--yes")))
        eventually(self._cycles, within_s=120, what="the trader cycles")

    @property
    def control(self) -> str:
        with self.place.desk() as desk:
            return desk.watch.status().control.state.value

    def _start(self) -> "subprocess.Popen[bytes]":
        return self._traders.enter_context(running(self.place.trader()))

    def _cycles(self) -> bool:
        assert self._trader.poll() is None, self.place.output
        with self.place.desk() as desk:
            return desk.watch.status().health.condition is TraderCondition.CYCLING


@contextmanager
def dashboard(place: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The dashboard of `place`, answering."""
    with running(place.start(sys.executable, "-m", "binance_trade_agent.interfaces.dashboard")) as process:
        eventually(lambda: _answers(place, process), within_s=120, what="the dashboard answers")
        yield process


@contextmanager
def empty_stage(folder: Path) -> Iterator[Stage]:
    """Nothing has ever run on its data."""
    place = installation(folder, DEMO)
    with dashboard(place):
        yield Stage(place)


@contextmanager
def supervised_stage(folder: Path, settings: Mapping[str, str]) -> Iterator[Stage]:
    """Everything under supervisord; its dashboard answers."""
    place = installation(folder, settings)
    with running(place.start(CLI, "supervise"), stop_s=90) as supervisor:
        eventually(lambda: _answers(place, supervisor), within_s=120, what="the dashboard answers")
        yield Stage(place)


@contextmanager
def demo_stage(folder: Path) -> Iterator[Demo]:
    """A trader that holds two protected positions, one of them for the second time."""
    at_once = {"RISK_COOLDOWN_CANDLES": "0", "RISK_LOSS_COOLDOWN_CANDLES": "0"}
    place = installation(folder, {**DEMO, **at_once, "TRADING_INTERVAL_SECONDS": str(DEMO_INTERVAL_S)})
    with simulator(place), ExitStack() as traders, dashboard(place):
        demo = Demo(place, traders)
        until_it_holds(place)
        command(place, "trade", "ETHUSDT", "--side", "SELL", "--reason", "to see it bought again", "--yes")
        until_it_holds(place)
        yield demo


def until_it_holds(place: Installation) -> None:
    """Wait for both positions behind stops and targets, and a cycle that has seen them."""
    eventually(lambda: _has_positions(place), within_s=150, what="two positions with their OCOs")
    eventually(lambda: _is_seen(place), within_s=120, what="a cycle after the orders")


def command(place: Installation, *words: str) -> None:
    """Act by the command line, as a person would."""
    done = place.run(CLI, *words)
    assert done.returncode == 0, done.stdout + done.stderr


def open_orders(place: Installation) -> list[dict[str, str]]:
    """What rests at the simulator."""
    return [order for order in place.truth("orders") if order["status"] in ("NEW", "PARTIALLY_FILLED")]


def _has_positions(place: Installation) -> bool:
    try:
        return len(open_orders(place)) == 4
    except OSError:  # the simulator is not there yet
        return False


def _is_seen(place: Installation) -> bool:
    with place.desk() as desk:
        status = desk.watch.status()
        newest = desk.watch.orders(limit=1)
    return status.equity is not None and bool(newest) and status.equity.at > newest[0].updated_at


def _answers(place: Installation, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, place.output
    try:
        return (
            httpx.get(f"http://127.0.0.1:{place.environment['DASHBOARD_PORT']}/login", timeout=60).status_code
            == 200
        )
    except httpx.TransportError:
        return False
