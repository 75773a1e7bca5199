"""The dashboard as its own process beside the real trader and the simulator, in the states that pages must show."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.processes import Installation, eventually, installation, running, simulator

PASSWORD = "correct horse battery staple"
DEMO = {
    "TRADING_SYMBOLS": "BTCUSDT,ETHUSDT",
    "STRATEGY_NAME": "buy_and_hold",
    "STOP_LOSS_SHARE": "0.2",
    "TAKE_PROFIT_SHARE": "0.2",
    "DASHBOARD_PASSWORD": PASSWORD,
}


@dataclass(frozen=True)
class Stage:
    """A dashboard that serves, what runs behind it, and its trader, if one does."""

    place: Installation
    trader: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place.environment['DASHBOARD_PORT']}"

    def kill_trader(self) -> None:
        assert self.trader is not None
        self.trader.send_signal(signal.SIGKILL)
        self.trader.wait(10)


@contextmanager
def dashboard(place: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The dashboard of `place`, answering."""
    with running(place.start(sys.executable, "-m", "binance_trade_agent.interfaces.dashboard")) as process:
        eventually(lambda: _answers(place, process), within_s=60, what="the dashboard answers")
        yield process


@contextmanager
def empty_stage(folder: Path) -> Iterator[Stage]:
    """Nothing has ever run on its data."""
    place = installation(folder, DEMO)
    with dashboard(place):
        yield Stage(place)


@contextmanager
def running_stage(folder: Path, **settings: str) -> Iterator[Stage]:
    """A trader that holds two protected positions and goes on."""
    place = installation(folder, {**DEMO, **settings})
    with simulator(place), running(place.trader()) as trader, dashboard(place):
        eventually(lambda: len(open_orders(place)) == 4, within_s=90, what="two positions with their OCOs")
        eventually(lambda: _cycled(place), within_s=60, what="a cycle after the orders")
        yield Stage(place, trader)


def open_orders(place: Installation) -> list[dict[str, str]]:
    """What rests at the simulator."""
    return [order for order in place.truth("orders") if order["status"] in ("NEW", "PARTIALLY_FILLED")]


def _cycled(place: Installation) -> bool:
    with place.desk() as desk:
        status = desk.watch.status()
    return status.cycles > 3 and status.equity is not None


def _answers(place: Installation, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, place.output
    try:
        return httpx.get(f"http://127.0.0.1:{place.environment['DASHBOARD_PORT']}/login").status_code == 200
    except httpx.TransportError:
        return False
