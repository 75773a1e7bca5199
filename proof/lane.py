"""One trader and its exchange as processes in a folder of their own, to be killed and compared."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from binance_trade_agent.bootstrap.desk import Desk, open_desk
from binance_trade_agent.domain.exit_codes import ExitCode
from binance_trade_agent.telemetry.crash_points import VARIABLE, CrashPoint
from proof.comparison import Differences, compare, read_books
from proof.exchange import ControlledExchange
from tests.processes import ROOT, Installation, installation, running, simulator

PLUGIN = Path(__file__).with_name("plugin")
TRADER = "binance_trade_agent.autonomous_trading_loop"
#: Until a started trader must have completed a cycle, on a machine that is busy.
START_S = 120.0
_POLL_S = 0.02
#: Alembic keeps the migration in hand in a module: one at a time in a process.
_MIGRATING = threading.Lock()
_SETTLE_S = 0.05

#: Nothing in the way of orders that a proof asks for, or of a strategy that never stops.
UNRESTRAINED: Mapping[str, str] = {
    "RISK_COOLDOWN_CANDLES": "0",
    "RISK_LOSS_COOLDOWN_CANDLES": "0",
    "RISK_MAX_LOSING_STREAK": "0",
    "RISK_MAX_ORDERS_PER_MINUTE": "10000",
    "RISK_MAX_ORDERS_PER_DAY": "200000",
    "RISK_MAX_PRICE_JUMP_SHARE": "1",
    "RISK_MAX_CORRELATED_SHARE": "1",
}
#: Orders all the time: one a symbol and candle, small ones, with nothing in their way.
RESTLESS: Mapping[str, str] = {
    **UNRESTRAINED,
    "STRATEGY_NAME": "restless",
    "TRADING_INTERVAL_SECONDS": "0.8",
    "CANDLE_INTERVAL": "1s",
    "CANDLE_HISTORY": "50",
    "RISK_ORDER_SHARE": "0.02",
    "RISK_MAX_OPEN_POSITIONS": "100",
    "BINANCE_REQUEST_TIMEOUT_SECONDS": "3",
    "BINANCE_RECV_WINDOW_MS": "2000",
}
#: What sets lanes apart: exits that replace an OCO and close legs that trade; limit entries that are cancelled.
VARIANTS: Sequence[Mapping[str, str]] = (
    {"STOP_LOSS_SHARE": "0.003", "TAKE_PROFIT_SHARE": "0.003"},
    {
        "ENTRY_ORDER_TYPE": "limit",
        "ENTRY_LIMIT_OFFSET_BPS": "1",
        "ENTRY_TIME_LIMIT_SECONDS": "1",
        "TRAILING_STOP_SHARE": "0.004",
    },
)


def symbols(count: int) -> str:
    """So many symbols, as a setting."""
    return ",".join(["BTCUSDT", *(f"C{number}USDT" for number in range(1, count))])


def peopled(count: int) -> Mapping[str, str]:
    """Settings for so many symbols, with coins of each on the account that are not the trader's.

    A third of them only people trade: what they hold stays until somebody sells it.
    """
    names = symbols(count).split(",")
    coins = ",".join(f"{name.removesuffix('USDT')}=50" for name in names)
    return {
        "TRADING_SYMBOLS": symbols(count),
        "STRATEGY_BY_SYMBOL": ",".join(f"{name}=idle" for name in names[-(count // 3) :]),
        "SIMULATOR_BALANCES": f"USDT=10000,{coins}",
    }


class Lane:
    """A running exchange, a trader that lives again and again, and the desk that reads its database."""

    def __init__(self, place: Installation, program: str) -> None:
        self.place = place
        self._desks: list[Desk] = []
        self.reopen()
        self.exchange = ControlledExchange(int(place.environment["SIMULATOR_PORT"]))
        self._program = program
        self._trader: subprocess.Popen[bytes] | None = None

    @property
    def trader(self) -> subprocess.Popen[bytes]:
        """The trader's process."""
        if self._trader is None:
            raise AssertionError("no trader was started")
        return self._trader

    @property
    def desk(self) -> Desk:
        """The desk on the book that the trader keeps."""
        return self._desks[-1]

    def reopen(self) -> None:
        """Look at the book that is kept now; the desk on the one before stays open."""
        with _MIGRATING:
            self._desks.append(open_desk(self.place.settings))

    def close(self) -> None:
        """End the trader and let go of the database."""
        if self.is_alive:
            with running(self.trader, stop_s=15):
                pass
        for desk in self._desks:
            desk.close()

    @property
    def is_alive(self) -> bool:
        """Whether the trader runs."""
        return self._trader is not None and self._trader.poll() is None

    def check_alive(self) -> None:
        """Raise if the trader has ended by itself, which only rows that stop it expect."""
        code = None if self._trader is None else self._trader.poll()
        if code is not None and code > 0 and code != ExitCode.SIGTERM:
            raise AssertionError(f"the trader ended with {code}: {self.place.output[-1500:]}")

    def start(self, point: CrashPoint | None = None, visit: int = 1) -> None:
        """Start the trader, to die at a point."""
        extra = {VARIABLE: f"{point}:{visit}"} if point else {}
        self._trader = self.place.start(sys.executable, "-m", self._program, **extra)

    def await_cycle(self, other_than: str | None, within_s: float = START_S) -> bool:
        """Wait for the next completed cycle after the one given; False if the trader died before."""
        end = time.monotonic() + within_s
        while self.completed() == other_than:
            if not self.is_alive:
                return self.completed() != other_than
            if time.monotonic() > end:
                raise AssertionError(f"no cycle within {within_s} s")
            time.sleep(_POLL_S)
        return True

    def completed(self) -> str | None:
        """The id of the latest cycle that ended by itself."""
        rows = self.desk.watch.cycles(limit=20)
        return next((row.id for row in rows if row.outcome not in {"open", "interrupted"}), None)

    def await_death(self, within_s: float) -> bool:
        """Whether the trader dies by itself in time."""
        try:
            self.trader.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> int:
        """`kill -9`, and how the process ended."""
        self.trader.kill()
        return self.trader.wait(10)

    def stop(self, within_s: float = 20) -> int:
        """SIGTERM, and the exit code."""
        self.trader.send_signal(signal.SIGTERM)
        return self.trader.wait(within_s)

    def compare(self) -> Differences:
        """Exchange against database; a trader that lives is stopped in its tracks meanwhile."""
        with self.still():
            return compare(self.exchange.truth(), read_books(self.desk.watch))

    @contextmanager
    def still(self) -> Iterator[None]:
        """The trader stands still, if it lives, so that exchange and database are of one moment."""
        frozen = self.is_alive
        if frozen:
            os.kill(self.trader.pid, signal.SIGSTOP)
            # what it had sent is carried out
            time.sleep(_SETTLE_S)
        try:
            yield
        finally:
            if frozen:
                os.kill(self.trader.pid, signal.SIGCONT)

    def settle(self, within_s: float) -> Differences:
        """Run the trader until nothing is unresolved, stop it, and compare; started again while trades go on."""
        end = time.monotonic() + within_s
        while True:
            before = self.completed()
            self.start()
            self.await_cycle(before)
            while self._unresolved() and time.monotonic() < end:
                time.sleep(0.2)
            self.stop()
            found = self.compare()
            if not found.pending or time.monotonic() > end:
                return found

    def _unresolved(self) -> bool:
        return bool(self.desk.watch.status().unresolved)


@contextmanager
def lane(
    folder: Path,
    settings: Mapping[str, str],
    *,
    program: str = TRADER,
    rng: random.Random | None = None,
) -> Iterator[Lane]:
    """A lane with its exchange running and its trader not; all ended on the way out."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = (rng or random.Random(7)).randrange(2**31)  # noqa: S311 nothing secret
    place = installation(
        folder,
        {"PYTHONPATH": f"{PLUGIN}{os.pathsep}{ROOT}", "SIMULATOR_SEED": str(seed), **settings},
    )
    with ExitStack() as parts:
        parts.enter_context(simulator(place))
        opened = Lane(place, program)
        parts.callback(opened.close)
        yield opened
