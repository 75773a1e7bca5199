"""The shipped supervisord.conf under a real supervisord, with stand-ins for the programs."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from binance_trade_agent.bootstrap.launched_book import check_launched_book, note_launched_book
from binance_trade_agent.bootstrap.supervision import CONFIGURATION, stop_supervisor
from binance_trade_agent.bootstrap.supervisor_rpc import TRADER, SupervisorClient
from binance_trade_agent.domain.errors import ConfigurationError
from binance_trade_agent.settings import Settings, load_settings
from tests.processes import eventually

#: Beats with its heartbeat due in `due_s`, once, and then sleeps; or ends with a status at once.
_TRADER = """
    import datetime, json, os, pathlib, sys, time
    run = pathlib.Path(os.environ["BTA_RUN_DIR"])
    starts = run / "starts"
    with starts.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    status = os.environ.get("TRADER_ENDS_WITH")
    if status:
        sys.exit(int(status))
    first = len(starts.read_text().splitlines()) == 1
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    due = now + datetime.timedelta(seconds=0.1 if first else 600)
    (run / "heartbeat.json").write_text(
        json.dumps({"pid": os.getpid(), "at": now.isoformat(), "due_by": due.isoformat()})
    )
    time.sleep(600)
"""

_SHIM = """
    #!/bin/sh
    case "$2" in
      *autonomous_trading_loop) exec {python} {trader} ;;
      *watchdog) exec {python} -m "$2" ;;
      *) exec sleep 600 ;;
    esac
"""


class Supervised:
    """supervisord on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = load_settings({"DATA_DIR": "d"}, folder)
        self.settings.run_dir.mkdir(parents=True)
        self.settings.log_dir.mkdir(parents=True)
        self.client = SupervisorClient(self.settings.run_dir)
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, **environ: str) -> subprocess.Popen[bytes]:
        trader = self._folder / "trader.py"
        trader.write_text(textwrap.dedent(_TRADER))
        shim = self._folder / "python"
        shim.write_text(textwrap.dedent(_SHIM).strip().format(python=sys.executable, trader=trader))
        shim.chmod(0o755)
        variables = {
            "BTA_PYTHON": str(shim),
            "BTA_RUN_DIR": str(self.settings.run_dir),
            "BTA_LOG_DIR": str(self.settings.log_dir),
            "BTA_SIMULATOR": "false",
        }
        with (self._folder / "out.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.supervisord", "-n", "-s", "-c", str(CONFIGURATION)],
                env=os.environ | variables | environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._processes.append(process)
        eventually(self.client.pid, within_s=120, what="supervisord answers")
        return process

    def end(self) -> None:
        stop_supervisor(self.settings)
        for process in self._processes:
            process.wait(60)

    @property
    def starts(self) -> list[int]:
        path = self.settings.run_dir / "starts"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    @property
    def output(self) -> str:
        return (self._folder / "out.log").read_text()

    def trader_is(self, state: str) -> bool:
        return self.client.process(TRADER).state == state


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    place = Supervised(tmp_path)
    yield place
    place.end()


def test_a_hanging_trader_is_killed_and_started_again(supervised: Supervised) -> None:
    process = supervised.start()
    eventually(lambda: len(supervised.starts) == 2, within_s=120, what="a second start")
    first, second = supervised.starts
    info = supervised.client.process(TRADER)
    assert (info.state, info.pid) == ("RUNNING", second)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert f"{TRADER} (pid {first}) hangs" in supervised.output
    assert oct(supervised.client.socket.stat().st_mode & 0o777) == "0o700"
    assert supervised.client.states()["exchange_simulator"] == "STOPPED"
    supervised.client.stop(TRADER)
    assert supervised.trader_is("STOPPED")
    assert stop_supervisor(supervised.settings)
    assert process.wait(60) == 0
    assert not stop_supervisor(supervised.settings)


@pytest.mark.parametrize("status", [0, 78, 79])
def test_a_trader_that_ended_is_left_alone(supervised: Supervised, status: int) -> None:
    supervised.start(TRADER_ENDS_WITH=str(status))
    eventually(lambda: supervised.trader_is("EXITED"), within_s=120, what="the trader has ended")
    said = f"ended with exit status {status}" if status else "ended as planned"
    eventually(lambda: said in supervised.output, within_s=120, what="it is said")
    assert supervised.client.process(TRADER).exit_status == status
    supervised.end()
    assert len(supervised.starts) == 1


def test_a_command_that_means_another_book_than_what_runs_is_refused(
    supervised: Supervised, tmp_path: Path
) -> None:
    note_launched_book(supervised.settings)
    keys = {"DATA_DIR": "d", "BINANCE_API_KEY": "k", "BINANCE_API_SECRET": "s"}
    other = load_settings(keys, tmp_path)
    check_launched_book(other)  # nothing runs
    supervised.start()
    check_launched_book(supervised.settings)
    with pytest.raises(ConfigurationError) as raised:
        check_launched_book(other)
    assert raised.value.problems[1:] == ("it trades in the mode simulated, this command means testnet",)
    elsewhere = load_settings({"DATA_DIR": "d", "DATABASE_URL": "sqlite:///other.db"}, tmp_path)
    with pytest.raises(ConfigurationError, match="its DATABASE_URL is another"):
        check_launched_book(elsewhere)


def test_any_other_end_is_healed(supervised: Supervised) -> None:
    supervised.start(TRADER_ENDS_WITH="143")
    eventually(lambda: len(supervised.starts) >= 2, within_s=120, what="a second start")
