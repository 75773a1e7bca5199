"""The real programs as processes: started in a folder of their own, on ports of their own, always ended."""

import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.settings import Settings, load_settings

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
CLI = Path(sys.executable).with_name("binance-trade-agent")
SUPERVISORCTL = Path(sys.executable).with_name("supervisorctl")


def eventually(probe: Callable[[], T], *, within_s: float, what: str) -> T:
    """The first truthy answer of `probe`; fails after `within_s`."""
    end = time.monotonic() + within_s
    while True:
        if answer := probe():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.05)


#: Below the ports that a system gives to connections: what is free here stays so until it is listened to.
_PORTS = range(12_000, 32_000)
_WORKER_PORTS = 2_000


def _ports() -> Iterator[int]:
    """Each port of this worker's share in turn; parallel workers have other ones."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = _PORTS[worker * _WORKER_PORTS % len(_PORTS) :][:_WORKER_PORTS]
    first = random.randrange(len(share))  # another run on this machine begins elsewhere
    return itertools.cycle((*share[first:], *share[:first]))


_PORTS_IN_TURN = _ports()


def free_port() -> int:
    """A port where nobody listens, given to nobody else."""
    for port in _PORTS_IN_TURN:
        with socket.socket() as probe:
            # as servers do: connections that have ended are no hindrance
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


@dataclass(frozen=True)
class Installation:
    """One data folder with its settings, as processes see them."""

    folder: Path
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment, self.folder)

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[bytes]:
        log = (self.folder / "output.log").open("ab")
        with log:
            return subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def trader(self, **environment: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, "-m", "binance_trade_agent.autonomous_trading_loop", **environment)

    def run(
        self, *command: str | Path, within_s: float = 60, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    @property
    def output(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace")

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        desk = open_desk(self.settings)
        try:
            yield desk
        finally:
            desk.close()

    def truth(self, what: str) -> Any:
        """What the simulated exchange itself holds: `orders`, `fills` or `state`."""
        url = f"http://127.0.0.1:{self.environment['SIMULATOR_PORT']}/control/{what}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)


def installation(folder: Path, extra: Mapping[str, str] | None = None) -> Installation:
    """Settings for `folder`: simulated mode, free ports, nothing of the surrounding environment but the path."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TRADING_MODE": "simulated",
        "TRADING_INTERVAL_SECONDS": "1",
        "DATA_DIR": str(folder / "d"),
        "SIMULATOR_SEED": "7",
        "METRICS_PORT": "0",
        **{name: str(free_port()) for name in ("SIMULATOR_PORT", "MCP_PORT", "DASHBOARD_PORT")},
        **(extra or {}),
    }
    return Installation(folder, environment)


@contextmanager
def running(process: subprocess.Popen[bytes], *, stop_s: float = 40) -> Iterator[subprocess.Popen[bytes]]:
    """Ends `process` with SIGTERM, then SIGKILL, whatever the test did."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(stop_s)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(60)


@contextmanager
def simulator(place: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The simulated exchange of `place`, answering."""
    with running(
        place.start(sys.executable, "-m", "binance_trade_agent.interfaces.exchange_simulator")
    ) as process:
        eventually(lambda: _answers(place, process), within_s=120, what="the simulator answers")
        yield process


def _answers(place: Installation, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, place.output
    try:
        return bool(place.truth("state"))
    except OSError:
        return False


@contextmanager
def mcp_server(place: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The MCP server of `place`, answering."""
    with running(place.start(sys.executable, "-m", "binance_trade_agent.interfaces.mcp_server")) as process:
        eventually(lambda: _serves(place, process), within_s=120, what="the MCP server answers")
        yield process


def _serves(place: Installation, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, place.output
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(place.environment["MCP_PORT"]))) == 0
